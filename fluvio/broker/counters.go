package broker

import (
	"errors"
	"os"
	"sync"
	"sync/atomic"

	"github.com/weir-stream/weir/fluvio/broker/internal/commitlog"
	"github.com/weir-stream/weir/fluvio/protocol"
	"github.com/weir-stream/weir/fluvio/record"
)

// counters is what a broker counts since it was opened; see [Stats].
type counters struct {
	servers           map[protocol.Server]*serverCounters
	in, repeated, out recordCounters
	fsyncs            atomic.Uint64
}

// recordCounters counts batches in one direction.
type recordCounters struct{ records, batches, bytes atomic.Uint64 }

// add counts the batches of a set, all of them whole.
func (c *recordCounters) add(set []byte) {
	var records, batches uint64
	for rest := set; len(rest) > 0; {
		b, next, err := record.Next(rest)
		if err != nil {
			break
		}
		records += uint64(b.RecordCount())
		batches++
		rest = next
	}
	c.records.Add(records)
	c.batches.Add(batches)
	c.bytes.Add(uint64(len(set)))
}

func (c *recordCounters) stats() RecordStats {
	return RecordStats{Records: c.records.Load(), Batches: c.batches.Load(), Bytes: c.bytes.Load()}
}

// serverCounters counts what one server does.
type serverCounters struct {
	open, streams     atomic.Int64
	accepted          atomic.Uint64
	bytesIn, bytesOut atomic.Uint64
	requests          map[uint16]*[outcomes]atomic.Uint64 // by key

	mu     sync.Mutex
	codes  map[protocol.ErrorCodeTag]uint64 // sent in answers
	closed map[string]uint64                // connections, by why they were closed
}

// outcome is what became of a request.
type outcome int

const (
	answered outcome = iota // without an error code
	refused                 // with an error code, in at least one part of the answer
	dropped                 // with the connection
	outcomes
)

func (o outcome) String() string { return [...]string{"ok", "error", "closed"}[o] }

func newCounters() *counters {
	c := &counters{servers: map[protocol.Server]*serverCounters{}}
	for _, server := range []protocol.Server{protocol.SC, protocol.SPU} {
		s := &serverCounters{requests: map[uint16]*[outcomes]atomic.Uint64{}, codes: map[protocol.ErrorCodeTag]uint64{}, closed: map[string]uint64{}}
		for _, api := range protocol.APIs(server) {
			s.requests[api.Key] = new([outcomes]atomic.Uint64)
		}
		c.servers[server] = s
	}
	return c
}

// request counts a request by its outcome. One of an unknown key is counted as the end of its connection only.
func (s *serverCounters) request(key uint16, o outcome) {
	if n := s.requests[key]; n != nil {
		n[o].Add(1)
	}
}

// answer counts the error codes in an answer and tells whether there are any.
func (s *serverCounters) answer(resp protocol.Message) (failed bool) {
	eachCode(resp, func(code protocol.ErrorCode) {
		if code.Tag == protocol.ErrorCodeNone {
			return
		}
		failed = true
		s.mu.Lock()
		defer s.mu.Unlock()
		s.codes[code.Tag]++
	})
	return failed
}

// ended counts a connection that was closed for a reason.
func (s *serverCounters) ended(reason string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.closed[reason]++
}

// eachCode calls f with every error code in an answer.
func eachCode(resp protocol.Message, f func(protocol.ErrorCode)) {
	switch m := resp.(type) {
	case *protocol.Status:
		f(m.ErrorCode)
	case *protocol.ProduceResponse:
		for _, t := range m.Responses {
			for _, p := range t.Partitions {
				f(p.ErrorCode)
			}
		}
	case *protocol.FetchResponse:
		for _, t := range m.Topics {
			for _, p := range t.Partitions {
				f(p.ErrorCode)
			}
		}
	case *protocol.StreamFetchResponse:
		f(m.Partition.ErrorCode)
	case *protocol.FetchOffsetsResponse:
		for _, t := range m.Topics {
			for _, p := range t.Partitions {
				f(p.ErrorCode)
			}
		}
	case *protocol.UpdateOffsetsResponse:
		for _, o := range m.Status {
			f(o.ErrorCode)
		}
	case *protocol.ClaimWriterResponse:
		f(m.ErrorCode)
	case *protocol.UpdateConsumerOffsetResponse:
		f(m.ErrorCode)
	case *protocol.DeleteConsumerOffsetResponse:
		f(m.ErrorCode)
	case *protocol.FetchConsumerOffsetsResponse:
		f(m.ErrorCode)
	}
}

// closeError is an error with the reason under which the end of its connection is counted.
type closeError struct {
	reason string
	error
}

func (e *closeError) Unwrap() error { return e.error }

// because gives an error its reason.
func because(reason string, err error) error {
	if err == nil {
		return nil
	}
	return &closeError{reason, err}
}

// reasonOf names why a connection was closed; the names are few.
func reasonOf(err error) string {
	var closing *closeError
	switch {
	case errors.As(err, &closing):
		return closing.reason
	case errors.Is(err, os.ErrDeadlineExceeded):
		return "stalled"
	case errors.Is(err, protocol.ErrUnknownRequest):
		return "unknown_request"
	case errors.Is(err, protocol.ErrUnsupportedVersion):
		return "unsupported_version"
	case errors.Is(err, protocol.ErrMalformed):
		return "malformed"
	}
	return "disconnected"
}

// countedFile counts what is forced to the disk.
type countedFile struct {
	*os.File
	fsyncs *atomic.Uint64
}

func (f countedFile) Sync() error {
	f.fsyncs.Add(1)
	return f.File.Sync()
}

// openFile opens a segment whose fsyncs are counted.
func (c *counters) openFile(path string, flag int, perm os.FileMode) (commitlog.File, error) {
	f, err := os.OpenFile(path, flag, perm)
	if err != nil {
		return nil, err
	}
	return countedFile{f, &c.fsyncs}, nil
}
