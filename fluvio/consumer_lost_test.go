package fluvio_test

import (
	"errors"
	"io"
	"testing"
	"testing/synctest"

	"github.com/weir-stream/weir/fluvio"
	"github.com/weir-stream/weir/fluvio/protocol"
)

// TestALostConnectionIsNotTheEnd has an SPU that closes every stream: whoever reads up to somewhere must not take that for having got there.
func TestALostConnectionIsNotTheEnd(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newFake(t, 1)
		log := newFakeLog(t)
		log.append(batchOf(t, 0, "a", "b"), 2)
		f.spu = func(c *fakeConn, h protocol.RequestHeader, req protocol.Request) bool {
			if _, ok := req.(*protocol.StreamFetchRequest); ok {
				return false
			}
			return log.serve(c, h, req)
		}
		c, stop := f.connect(fluvio.WithRetryBudget(0))
		defer stop()
		one, err := c.Consumer(t.Context(), "t", 0, fluvio.At(0), fluvio.WithUntil(2))
		if err != nil {
			t.Fatal(err)
		}
		defer one.Close()
		if records, err := one.Poll(t.Context()); len(records) > 0 || errors.Is(err, io.EOF) || !errors.Is(err, fluvio.ErrUnavailable) {
			t.Errorf("a partition: %d records and %v", len(records), err)
		}
		all, err := c.TopicConsumer(t.Context(), "t", fluvio.Beginning(), fluvio.WithUntilEnd())
		if err != nil {
			t.Fatal(err)
		}
		defer all.Close()
		if _, records, err := all.Poll(t.Context()); len(records) > 0 || errors.Is(err, io.EOF) || !errors.Is(err, fluvio.ErrUnavailable) {
			t.Errorf("a topic: %d records and %v", len(records), err)
		}
	})
}
