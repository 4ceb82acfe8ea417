package fluvio

import (
	"context"
	"sync"

	"github.com/weir-stream/weir/fluvio/internal/mux"
)

// firstStream is the id of the only stream of a connection: SPUs count them from 1. They tell it with the first chunk, but an offset may
// have to be stored before there is one, on a new connection at the end of the partition.
const firstStream = 1

// link is the stream of the moment that a consumer's commits ride on. A nil link is of a consumer without an id.
type link struct {
	changed signal

	mu    sync.Mutex
	conn  *mux.Conn // nil while there is none
	id    uint32
	known bool  // id was told, not guessed
	err   error // there will be none any more
}

// open says that there is a stream now.
func (l *link) open(conn *mux.Conn) { l.set(conn, firstStream, false) }

// identify says what the SPU calls the stream.
func (l *link) identify(conn *mux.Conn, id uint32) { l.set(conn, id, true) }

func (l *link) set(conn *mux.Conn, id uint32, known bool) {
	if l == nil {
		return
	}
	l.mu.Lock()
	same := l.conn == conn && l.known == known
	l.conn, l.id, l.known = conn, id, known
	l.mu.Unlock()
	if !same {
		l.changed.broadcast()
	}
}

// close says that the stream has ended.
func (l *link) close() { l.set(nil, 0, false) }

// now is the stream of the moment; conn is nil if there is none.
func (l *link) now() (conn *mux.Conn, id uint32, known bool, err error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.err != nil || l.conn == nil || l.conn.Err() != nil {
		return nil, 0, false, l.err
	}
	return l.conn, l.id, l.known, nil
}

// told waits for what the SPU calls the stream of a connection.
func (l *link) told(ctx context.Context, conn *mux.Conn) (uint32, error) {
	for {
		changed := l.changed.wait()
		l.mu.Lock()
		id, known, same := l.id, l.known, l.conn == conn
		l.mu.Unlock()
		switch {
		case !same:
			return 0, errNoAnswer
		case known:
			return id, nil
		}
		select {
		case <-changed:
		case <-conn.Done():
			return 0, conn.Err()
		case <-ctx.Done():
			return 0, context.Cause(ctx)
		}
	}
}

// fail says that no stream follows.
func (l *link) fail(err error) {
	if l == nil {
		return
	}
	l.mu.Lock()
	l.err = err
	l.mu.Unlock()
	l.changed.broadcast()
}
