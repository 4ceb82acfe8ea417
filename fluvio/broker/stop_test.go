package broker

import (
	"context"
	"strings"
	"testing"

	"github.com/weir-stream/weir/fluvio/protocol"
	"github.com/weir-stream/weir/fluvio/record"
)

// closing closes a broker beside the test.
func closing(b *Broker) (done chan error) {
	done = make(chan error, 1)
	go func() {
		ctx, cancel := context.WithTimeout(context.Background(), patience)
		defer cancel()
		done <- b.Close(ctx)
	}()
	return done
}

// A request that is being served when the broker is told to stop is answered, and the next one is not.
func TestStopAnswersWhatIsInProgress(t *testing.T) {
	b := start(t, Config{})
	w := dial(t, b.SC())
	w.told(w.watchOf(protocol.KindTopic)) // so that a creation takes a while
	c := dial(t, b.SC())
	id := c.send(&protocol.CreateRequest{Kind: protocol.KindTopic, Name: "late", Spec: topicSpec(1)})
	eventually(t, "the creation is under way", func() bool { return b.cluster.topic("late") != nil })
	next := c.send(&protocol.ListRequest{Kind: protocol.KindTopic})
	done := closing(b)
	if s := c.decode(&protocol.CreateRequest{}, 19, c.receive(id)).(*protocol.Status); s.ErrorCode.Tag != 0 {
		t.Errorf("answered %v", s.ErrorCode)
	}
	c.closed()
	if len(c.got[next]) != 0 {
		t.Error("the next request was served")
	}
	if err := <-done; err != nil {
		t.Error(err)
	}
}

// A chunk that is being sent when the broker is told to stop goes out whole.
func TestStopFinishesChunks(t *testing.T) {
	b := start(t, Config{})
	create(t, b, "t", topicSpec(1))
	dial(t, b.SPU()).mustProduce("t", 0, batchOf(t, record.None, strings.Repeat("x", 20<<20))) // more than the system buffers
	c := dial(t, b.SPU())
	s := c.from("t", 0, 0)
	eventually(t, "the chunk is being sent", func() bool { return b.Stats().ChunkBytes > 20<<20 })
	done := closing(b)
	eventually(t, "the broker stops", func() bool {
		b.mu.Lock()
		defer b.mu.Unlock()
		return b.closing
	})
	if got := s.chunk(); len(got.Partition.Records) < 20<<20 {
		t.Errorf("got %d bytes", len(got.Partition.Records))
	}
	c.closed()
	if err := <-done; err != nil {
		t.Error(err)
	}
}

// A peer that takes nothing does not keep the broker from stopping longer than the context says.
func TestStopDoesNotWaitForever(t *testing.T) {
	b := start(t, Config{})
	create(t, b, "t", topicSpec(1))
	dial(t, b.SPU()).mustProduce("t", 0, batchOf(t, record.None, strings.Repeat("x", 20<<20)))
	c := dial(t, b.SPU())
	c.from("t", 0, 0)
	eventually(t, "the chunk is being sent", func() bool { return b.Stats().ChunkBytes > 20<<20 })
	abort(t, b)
}
