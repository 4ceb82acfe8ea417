package behaviour

import (
	"errors"
	"testing"
	"time"

	"github.com/weir-stream/weir/fluvio"
)

// storedOffset is what a consumer has stored for a partition, -1 if nothing.
func storedOffset(t *testing.T, c *fluvio.Client, id, topic string, partition uint32) int64 {
	t.Helper()
	all, err := c.ConsumerOffsets(limited(t), fluvio.ConsumerOffsetFilter{ID: id, Topic: topic, Partition: &partition})
	if err != nil {
		t.Fatal(err)
	}
	switch {
	case len(all) == 0:
		return -1
	case len(all) > 1 || all[0].ID != id || all[0].Topic != topic || all[0].Partition != partition || time.Since(all[0].Modified).Abs() > time.Hour:
		t.Errorf("stored: %+v", all)
	}
	return all[0].Offset
}

// manualCommit stores, resumes, and starts anew after a deletion.
func manualCommit(t *testing.T, s *server) {
	ctx, c := limited(t), s.connect(t)
	topic, id := s.topic(t, c, partitions(2)), s.name()
	produce(t, c, topic, 1, numbered(0, 100, 0), fluvio.WithBatchSize(500))
	t.Cleanup(func() { s.forget(t, id, topic, 1) })

	r := consumer(t, c, topic, 1, fluvio.Beginning(), fluvio.WithConsumerID(id))
	if err := r.Commit(ctx); err != nil || storedOffset(t, c, id, topic, 1) != -1 {
		t.Errorf("a commit of nothing: %v, stored %d", err, storedOffset(t, c, id, topic, 1))
	}
	first, err := r.Poll(ctx)
	if err != nil {
		t.Fatal(err)
	}
	n := len(first)
	if err := r.Commit(ctx); err != nil {
		t.Fatal(err)
	}
	if at := storedOffset(t, c, id, topic, 1); at != int64(n-1) {
		t.Errorf("stored %d, want %d, the last one processed", at, n-1)
	}
	if err := r.Close(); err != nil {
		t.Fatal(err)
	}
	for _, start := range []fluvio.Offset{fluvio.Beginning(), fluvio.End()} { // both are where it was
		again := s.connect(t)
		wantNumbered(t, poll(t, consumer(t, again, topic, 1, start, fluvio.WithConsumerID(id)), 100-n), int64(n), n, 100, 0)
	}
	wantNumbered(t, poll(t, consumer(t, c, topic, 1, fluvio.At(3), fluvio.WithConsumerID(id)), 97), 3, 3, 100, 0)

	if err := errors.Join(c.DeleteConsumerOffset(ctx, id, topic, 1), c.DeleteConsumerOffset(ctx, id, topic, 1)); err != nil {
		t.Errorf("delete it, twice: %v", err)
	}
	if at := storedOffset(t, c, id, topic, 1); at != -1 {
		t.Errorf("stored %d after the deletion", at)
	}
	wantNumbered(t, poll(t, consumer(t, c, topic, 1, fluvio.Beginning(), fluvio.WithConsumerID(id)), 100), 0, 0, 100, 0)
}

// forget deletes a stored offset after a test.
func (s *server) forget(t *testing.T, id, topic string, partition uint32) {
	c := s.connectLate(t)
	if err := c.DeleteConsumerOffset(late(t), id, topic, partition); err != nil {
		t.Error(err)
	}
}

func autoCommit(t *testing.T, s *server) {
	ctx, c := limited(t), s.connect(t)
	topic, id := s.topic(t, c, partitions(1)), s.name()
	t.Cleanup(func() { s.forget(t, id, topic, 0) })
	produce(t, c, topic, 0, numbered(0, 50, 0))
	r := consumer(t, c, topic, 0, fluvio.Beginning(), fluvio.WithConsumerID(id), fluvio.WithAutoCommit(10*time.Millisecond))
	poll(t, r, 50)
	produce(t, c, topic, 0, numbered(50, 60, 0))
	wantNumbered(t, poll(t, r, 10), 50, 50, 60, 0) // asking for these says that the others are processed
	eventually(t, func() error {
		if at := storedOffset(t, c, id, topic, 0); at < 49 {
			return errors.New("what was returned before is not stored by itself")
		}
		return nil
	})
	if err := r.Close(); err != nil {
		t.Fatal(err)
	}
	if at := storedOffset(t, c, id, topic, 0); at != 59 {
		t.Errorf("stored %d after Close, want 59", at)
	}
	produce(t, c, topic, 0, numbered(60, 61, 0))
	wantNumbered(t, poll(t, consumer(t, s.connect(t), topic, 0, fluvio.Beginning(), fluvio.WithConsumerID(id)), 1), 60, 60, 61, 0)
	if _, err := c.Consumer(ctx, topic, 0, fluvio.Beginning(), fluvio.WithAutoCommit(time.Second)); !errors.Is(err, fluvio.ErrNoConsumerID) {
		t.Errorf("automatic commits without an id: %v", err)
	}
}

// storedOfTopic stores the offsets of several partitions and lists them.
func storedOfTopic(t *testing.T, s *server) {
	ctx, c := limited(t), s.connect(t)
	topic, id := s.topic(t, c, partitions(3)), s.name()
	for p := range uint32(3) {
		t.Cleanup(func() { s.forget(t, id, topic, p) })
		produce(t, c, topic, p, numbered(0, 10*int(p+1), 0))
	}
	r := topicConsumer(t, c, topic, fluvio.Beginning(), fluvio.WithConsumerID(id))
	take(t, r, 60, 0)
	if err := r.Commit(ctx); err != nil {
		t.Fatal(err)
	}
	all, err := c.ConsumerOffsets(ctx, fluvio.ConsumerOffsetFilter{ID: id})
	if err != nil || len(all) != 3 {
		t.Fatalf("%+v, %v", all, err)
	}
	for p, o := range all {
		if o.Partition != uint32(p) || o.Offset != int64(10*(p+1)-1) {
			t.Errorf("stored: %+v", o)
		}
	}
	produce(t, c, topic, 2, numbered(30, 35, 0))
	again := topicConsumer(t, s.connect(t), topic, fluvio.Beginning(), fluvio.WithConsumerID(id))
	if got := take(t, again, 5, 0); got[2] != 35 {
		t.Errorf("the next one resumes at %v", got)
	}
	if other, err := c.ConsumerOffsets(ctx, fluvio.ConsumerOffsetFilter{ID: s.name()}); err != nil || len(other) != 0 {
		t.Errorf("of a consumer that is not there: %+v, %v", other, err)
	}
}

func noConsumerID(t *testing.T, s *server) {
	c := s.connect(t)
	topic := s.topic(t, c, partitions(1))
	if err := consumer(t, c, topic, 0, fluvio.Beginning()).Commit(limited(t)); !errors.Is(err, fluvio.ErrNoConsumerID) {
		t.Errorf("%v, want ErrNoConsumerID", err)
	}
}
