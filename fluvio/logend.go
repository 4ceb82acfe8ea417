package fluvio

import (
	"context"
	"errors"
	"time"

	"github.com/weir-stream/weir/fluvio/internal/mux"
	"github.com/weir-stream/weir/fluvio/protocol"
)

// quietTime is how long a leader must send nothing for its log to be taken as read to the end.
const quietTime = time.Second

// errLogEnd says that a log has been read to its end.
var errLogEnd = errors.New("end of the log")

// untilQuiet makes a Consumer return io.EOF at the end of the log as its leader has it, which is at an offset or behind it. No SPU tells
// that end: what is not committed is in no offsets that it tells.
func untilQuiet(from int64) ConsumerOption {
	return consumerOption(func(s *consumerSettings) { s.quietFrom = from })
}

// receive takes the next answer of the stream. Where the log may have been read to its end, the error is errLogEnd if the SPU had a second
// to send more and did not.
//
// That second lies between two answers to a question on the same connection. Before the first one it has taken what it was asked before,
// so also for these records; what it sent before the second one has arrived. So time that passes while there is no stream, or while
// either side's bytes are on the way, is none in which the log was quiet.
func (f *fetcher) receive(ctx context.Context, conn *mux.Conn, stream *mux.Stream, resp *protocol.StreamFetchResponse) error {
	if f.next < f.settings.quietFrom {
		return stream.Recv(ctx, resp)
	}
	if err := f.ask(ctx, conn); err != nil {
		return err
	}
	limited, cancel := context.WithTimeoutCause(ctx, quietTime, errQuiet)
	defer cancel()
	if err := stream.Recv(limited, resp); !errors.Is(err, errQuiet) {
		return err
	}
	if err := f.ask(ctx, conn); err != nil {
		return err
	}
	if some, err := stream.TryRecv(resp); some {
		return err
	}
	return errLogEnd
}

// ask waits for an answer of the SPU, which must still be the leader.
func (f *fetcher) ask(ctx context.Context, conn *mux.Conn) error {
	_, err := f.client.fetchOffsetsOn(ctx, conn, f.replica, nil)
	return err
}
