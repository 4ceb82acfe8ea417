package fluvio

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"time"

	"github.com/weir-stream/weir/fluvio/internal/mux"
	"github.com/weir-stream/weir/fluvio/protocol"
)

// firstStream is the id of the only stream of a connection: SPUs count them from 1. They tell it with the first chunk, but an offset may
// have to be stored before there is one, on a new connection at the end of the partition.
const firstStream = 1

// link is the stream that a consumer's commits ride on: that of the moment. A nil link is of a consumer without an id.
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

// commits stores how far a consumer has come.
type commits struct {
	client  *Client
	replica replica
	link    *link

	processed atomic.Int64  // offset of the last record that counts as processed, -1 if there is none
	busy      chan struct{} // holds a token while someone commits; stored belongs to them
	stored    int64         // what the cluster has confirmed, -1 if nothing
}

func newCommits(c *Client, r replica) *commits {
	k := &commits{client: c, replica: r, link: new(link), busy: make(chan struct{}, 1), stored: -1}
	k.processed.Store(-1)
	return k
}

// commit stores what counts as processed, unless that is stored already. It waits for a stream if there is none; when a stream ends it
// takes the next one.
func (k *commits) commit(ctx context.Context) error {
	select {
	case k.busy <- struct{}{}:
	case <-ctx.Done():
		return context.Cause(ctx)
	}
	defer func() { <-k.busy }()
	offset := k.processed.Load()
	if offset == k.stored {
		return nil
	}
	ctx, release := k.client.bind(ctx)
	defer release()
	attempts := k.client.attempts("store the offset of " + k.replica.String())
	for {
		err := k.try(ctx, offset)
		if err == nil {
			k.stored = offset
			return nil
		}
		if err = attempts.again(ctx, err); err != nil {
			return fmt.Errorf("store offset %d of %v: %w", offset, k.replica, err)
		}
	}
}

// due tells whether there is something to store, as far as can be seen.
func (k *commits) due() bool {
	select {
	case k.busy <- struct{}{}:
	default:
		return true
	}
	defer func() { <-k.busy }()
	return k.processed.Load() != k.stored
}

// try stores an offset on the stream of the moment.
func (k *commits) try(ctx context.Context, offset int64) error {
	conn, id, known, err := k.stream(ctx, false)
	if err != nil {
		return err
	}
	err = k.send(ctx, conn, id, offset)
	if !known && errors.Is(err, protocol.ErrorCodeFetchSessionNotFoud) {
		// It was a guess. The first chunk tells.
		if conn, id, _, err = k.stream(ctx, true); err != nil {
			return err
		}
		err = k.send(ctx, conn, id, offset)
	}
	if errors.Is(err, protocol.ErrorCodeFetchSessionNotFoud) {
		conn.Fail(err) // the stream has ended there: another one is the answer
		return fmt.Errorf("%w: %v", errNoAnswer, err)
	}
	return err
}

// stream waits for a stream, and for its id if it has to be known.
func (k *commits) stream(ctx context.Context, certain bool) (conn *mux.Conn, id uint32, known bool, err error) {
	l := k.link
	for {
		changed := l.changed.wait()
		l.mu.Lock()
		conn, id, known, err = l.conn, l.id, l.known, l.err
		l.mu.Unlock()
		if err != nil || conn != nil && conn.Err() == nil && (known || !certain) {
			return conn, id, known, err
		}
		select {
		case <-changed:
		case <-ctx.Done():
			return nil, 0, false, context.Cause(ctx)
		}
	}
}

func (k *commits) send(ctx context.Context, conn *mux.Conn, stream uint32, offset int64) error {
	var resp protocol.UpdateConsumerOffsetResponse
	if err := k.client.call(ctx, conn, &protocol.UpdateConsumerOffsetRequest{Offset: offset, SessionID: stream}, &resp, 0); err != nil {
		return err
	}
	return resp.ErrorCode.Err()
}

// lastCommitTime is how long Close tries to store an offset.
const lastCommitTime = 5 * time.Second

// lastCommit is for the end of a consumer that commits by itself. It does not wait for long for a cluster that is away, and not at all
// for a client that is closed.
func (c *Client) lastCommit(life context.Context, commit func(context.Context) error) error {
	ctx, cancel := context.WithTimeoutCause(life, min(c.requestTimeout, lastCommitTime), errNoAnswer)
	defer cancel()
	if err := commit(ctx); err != nil && !errors.Is(err, ErrClosed) {
		return err
	}
	return nil
}

// commitEvery commits again and again until ctx ends. What fails is tried again the next time.
func commitEvery(ctx context.Context, c *Client, every time.Duration, commit func(context.Context) error) {
	for sleep(ctx, every) == nil {
		if err := commit(ctx); err != nil && ctx.Err() == nil {
			c.logger.Warn("consumer offset not stored", "error", err)
		}
	}
}
