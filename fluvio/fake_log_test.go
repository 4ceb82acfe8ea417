package fluvio_test

import (
	"io"
	"sync"
	"testing"

	"github.com/weir-stream/weir/fluvio/protocol"
	"github.com/weir-stream/weir/fluvio/record"
)

// fakeLog is partition 0 of an SPU played by the test, as a real one would be: it stores what comes, verbatim and as often as it comes,
// and serves streams in chunks that are cut anywhere.
type fakeLog struct {
	t testing.TB

	mu      sync.Mutex
	batches []record.Batch
	start   int64 // lower ones were lost to retention
	next    int64
	streams map[*fakeConn]protocol.StreamFetchRequest
	headers map[*fakeConn]protocol.RequestHeader
}

func newFakeLog(t testing.TB) *fakeLog {
	return &fakeLog{t: t, streams: map[*fakeConn]protocol.StreamFetchRequest{}, headers: map[*fakeConn]protocol.RequestHeader{}}
}

// append stores the first so many batches of a set and returns the offset of the first one.
func (l *fakeLog) append(set []byte, most int) int64 {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.store(set, most)
}

func (l *fakeLog) store(set []byte, most int) int64 {
	base := l.next
	for range most {
		b, rest, err := record.Next(set)
		if err == io.EOF {
			break
		}
		if err != nil {
			l.t.Error(err)
			break
		}
		b = append(record.Batch(nil), b...)
		b.SetBaseOffset(l.next)
		l.next = b.NextOffset()
		l.batches = append(l.batches, b)
		set = rest
	}
	return base
}

// serve answers everything but produce requests.
func (l *fakeLog) serve(c *fakeConn, h protocol.RequestHeader, req protocol.Request) bool {
	switch req := req.(type) {
	case *protocol.FetchOffsetsRequest:
		l.mu.Lock()
		start, next := l.start, l.next
		l.mu.Unlock()
		c.offsets(h, req, start, next)
	case *protocol.StreamFetchRequest:
		l.mu.Lock()
		l.streams[c], l.headers[c] = *req, h
		l.mu.Unlock()
		l.chunk(c, req.FetchOffset)
	case *protocol.UpdateOffsetsRequest:
		c.answer(h, &protocol.UpdateOffsetsResponse{Status: []protocol.OffsetUpdateStatus{{SessionID: 1}}})
		l.chunk(c, req.Offsets[0].Offset)
	default:
		l.t.Errorf("%T", req)
		return false
	}
	return true
}

// chunk sends what there is from an offset on, cut in mid-batch where it is too much; nothing if there is nothing.
func (l *fakeLog) chunk(c *fakeConn, from int64) {
	l.mu.Lock()
	stream, h := l.streams[c], l.headers[c]
	var set []byte
	for _, b := range l.batches {
		if b.NextOffset() > from && len(set) < int(stream.MaxBytes) {
			set = append(set, b...)
		}
	}
	l.mu.Unlock()
	if len(set) > 0 {
		c.chunk(h, 1, set[:min(len(set), int(stream.MaxBytes))])
	}
}

// values are those of all records, and the offsets that they are at.
func (l *fakeLog) values() (values []string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, b := range l.batches {
		vs, _ := valuesOf(l.t, b)
		values = append(values, vs...)
	}
	return values
}
