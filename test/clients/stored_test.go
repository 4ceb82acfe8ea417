//go:build clients

package clients

import (
	"fmt"
	"slices"
	"testing"

	"github.com/weir-stream/weir/fluvio"
	"github.com/weir-stream/weir/fluvio/admin"
)

func TestStoredOffsetsResumeAConsumer(t *testing.T) {
	each(t, func(c *client) bool { return c.storesOffsets }, func(t *testing.T, s *session) {
		s.topic(t, "read", admin.TopicConfig{Partitions: 2})
		s.send(t, "read", 1, numbered(0, 20))
		all := s.lines(s.read(t, "read", 1))
		at := 0
		// A client that stores on its own does so at its first record, without waiting for the answer, and when it is told to
		// where that is a later one; so it reads two or more.
		commit := func(strategy string, count int) {
			t.Helper()
			got := s.do(t, "commit", "read", "1", "reader", strategy, fmt.Sprint(count))
			if want := all[at : at+count]; !slices.Equal(got, want) {
				t.Fatalf("from record %d it read %q, want %q", at, got, want)
			}
			at += count
			stored := fmt.Sprintf("reader\tread\t1\t%d", at-1)
			if got := s.do(t, "offsets"); !slices.Equal(got, []string{stored}) {
				t.Fatalf("stored are %q, want %q", got, stored)
			}
		}
		if got := s.do(t, "offsets"); len(got) != 0 {
			t.Fatalf("stored at first: %q", got)
		}
		commit("manual", 3)
		commit("auto", 4)
		s.broker.kill()
		s.broker.start(t)
		commit("manual", 1)

		s.do(t, "forget", "reader", "read", "0") // of another partition: nothing happens
		commit("auto", 2)
		s.do(t, "forget", "reader", "read", "1")
		if got := s.do(t, "offsets"); len(got) != 0 {
			t.Errorf("stored after it was deleted: %q", got)
		}
		at = 0
		commit("manual", 2)
	})
}

// The clients share what they store.
func TestStoredOffsetsOfAnotherClient(t *testing.T) {
	b := startBroker(t)
	s, other := newSession(t, rust, b), newSession(t, python, b)
	s.topic(t, "read", admin.TopicConfig{})
	s.send(t, "read", 0, numbered(0, 20))
	all := s.lines(s.read(t, "read", 0))
	for at := 0; at < 20; at += 10 {
		for i, one := range []*session{s, other} {
			want := all[at+5*i : at+5*i+5]
			if got := one.do(t, "commit", "read", "0", "both", "manual", "5"); !slices.Equal(got, want) {
				t.Errorf("%s read %q, want %q", one.name, got, want)
			}
		}
	}
}

// And with ours: each goes on where the other one stopped.
func TestStoredOffsetsWithOurs(t *testing.T) {
	each(t, func(c *client) bool { return c.storesOffsets }, func(t *testing.T, s *session) {
		s.topic(t, "read", admin.TopicConfig{})
		s.send(t, "read", 0, numbered(0, 20))
		all := s.lines(s.read(t, "read", 0))
		for at := 0; at < 20; at += 10 {
			if got, want := s.commitOurs(t, "read", "both"), all[at:at+5]; !slices.Equal(got, want) {
				t.Errorf("we read %q, want %q", got, want)
			}
			if got, want := s.do(t, "commit", "read", "0", "both", "manual", "5"), all[at+5:at+10]; !slices.Equal(got, want) {
				t.Errorf("they read %q, want %q", got, want)
			}
			stored, err := s.ours.ConsumerOffsets(t.Context(), fluvio.ConsumerOffsetFilter{ID: "both"})
			if err != nil || len(stored) != 1 || stored[0].Topic != "read" || stored[0].Partition != 0 || stored[0].Offset != int64(at+9) {
				t.Errorf("stored is %+v, %v", stored, err)
			}
		}
		if err := s.ours.DeleteConsumerOffset(t.Context(), "both", "read", 0); err != nil {
			t.Error(err)
		}
		if got := s.do(t, "offsets"); len(got) != 0 {
			t.Errorf("stored after we deleted it: %q", got)
		}
	})
}

// commitOurs reads and stores five records with our client.
func (s *session) commitOurs(t *testing.T, topic, id string) (lines []string) {
	t.Helper()
	consumer, err := s.ours.Consumer(t.Context(), topic, 0, fluvio.Beginning(), fluvio.WithConsumerID(id))
	if err != nil {
		t.Fatal(err)
	}
	defer consumer.Close()
	for r, err := range consumer.Records(t.Context()) {
		if err != nil {
			t.Fatal(err)
		}
		if lines = append(lines, s.line(r)); len(lines) == 5 {
			break
		}
	}
	if err := consumer.Commit(t.Context()); err != nil {
		t.Fatal(err)
	}
	return lines
}
