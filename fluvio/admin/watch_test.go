package admin_test

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"slices"
	"strings"
	"testing"

	"github.com/weir-stream/weir/fluvio"
	"github.com/weir-stream/weir/fluvio/admin"
	"github.com/weir-stream/weir/fluvio/protocol"
)

func topicOf(name string, partitions uint32) protocol.Metadata {
	return protocol.Metadata{Name: name, Status: &protocol.TopicStatus{}, Spec: &protocol.TopicSpec{
		Replicas: protocol.ReplicaSpec{Tag: protocol.ReplicaSpecComputed, Value: &protocol.ComputedReplicas{Partitions: partitions, ReplicationFactor: 1}},
	}}
}

// follower reads a watch step by step.
type follower[T any] struct {
	t    *testing.T
	next func() (admin.Change[T], error, bool)
	word func(T) string
}

func follow[T any](t *testing.T, changes iter.Seq2[admin.Change[T], error], word func(T) string) *follower[T] {
	next, stop := iter.Pull2(changes)
	t.Cleanup(stop)
	return &follower[T]{t, next, word}
}

func followTopics(ctx context.Context, t *testing.T, a *admin.Admin) *follower[admin.Topic] {
	return follow(t, a.WatchTopics(ctx), func(topic admin.Topic) string { return fmt.Sprintf("%s/%d", topic.Name, topic.Partitions) })
}

// tells checks what comes next: "put NAME", "deleted NAME" or "current".
func (f *follower[T]) tells(want ...string) {
	f.t.Helper()
	for _, w := range want {
		change, err, ok := f.next()
		if err != nil || !ok {
			f.t.Fatalf("%v, %v, where %q is due", err, ok, w)
		}
		got := change.Type.String()
		if change.Type != admin.Current {
			got += " " + f.word(change.Object)
		}
		if got != w {
			f.t.Fatalf("%q, want %q", got, w)
		}
	}
}

func TestAWatchTellsEverythingAndThenChanges(t *testing.T) {
	ctx, f, a := newFake(t)
	f.set(protocol.KindTopic, topicOf("b", 1), topicOf("a", 1))
	w := followTopics(ctx, t, a)
	w.tells("put a/1", "put b/1", "current")
	f.set(protocol.KindTopic, topicOf("c", 1))
	f.set(protocol.KindTopic, topicOf("a", 3))
	f.set(protocol.KindTopic, topicOf("a", 3)) // nothing new
	f.remove(protocol.KindTopic, "nobody")
	f.remove(protocol.KindTopic, "b")
	w.tells("put c/1", "put a/3", "deleted b/1")
}

func TestAWatchTellsWhatItMissed(t *testing.T) {
	for name, quiet := range map[string]bool{"as a real SC answers": false, "an SC that says nothing of nothing": true} {
		t.Run(name, func(t *testing.T) {
			ctx, f, a := newFake(t)
			if quiet {
				f.quiet()
			}
			w := followTopics(ctx, t, a)
			w.tells("current")
			f.set(protocol.KindTopic, topicOf("a", 1), topicOf("b", 1), topicOf("c", 1))
			w.tells("put a/1", "put b/1", "put c/1")
			f.change(protocol.KindTopic, false, []protocol.Metadata{topicOf("b", 2), topicOf("d", 1)}, []string{"a", "c"})
			f.drop()
			w.tells("deleted a/1", "deleted c/1", "put b/2", "put d/1", "current")
			f.change(protocol.KindTopic, false, nil, []string{"b", "d"})
			f.drop()
			w.tells("deleted b/2", "deleted d/1", "current")
		})
	}
}

// TestASlowLoopLosesNothing leaves a watch alone while more happens than its queue holds.
func TestASlowLoopLosesNothing(t *testing.T) {
	ctx, f, a := newFake(t)
	w := followTopics(ctx, t, a)
	w.tells("current")
	const most = 3000
	for n := range most {
		f.set(protocol.KindTopic, topicOf("a", uint32(n+1)))
	}
	for last := ""; last != fmt.Sprintf("a/%d", most); {
		change, err, ok := w.next()
		if err != nil || !ok {
			t.Fatalf("%v after %s", err, last)
		}
		if change.Type == admin.Put {
			last = w.word(change.Object)
		}
	}
}

func TestAWatchEnds(t *testing.T) {
	ctx, f, a := newFake(t)
	f.set(protocol.KindTopic, topicOf("a", 1))
	t.Run("with the loop", func(t *testing.T) {
		for change, err := range a.WatchTopics(ctx) {
			if err != nil || change.Object.Name != "a" {
				t.Fatalf("%+v, %v", change, err)
			}
			break
		}
	})
	t.Run("with its context", func(t *testing.T) {
		gone := errors.New("no longer wanted")
		ctx, cancel := context.WithCancelCause(ctx)
		w := followTopics(ctx, t, a)
		w.tells("put a/1", "current")
		cancel(gone)
		if _, err, ok := w.next(); !errors.Is(err, gone) || !ok {
			t.Errorf("%v, %v", err, ok)
		}
		if _, err, ok := w.next(); ok {
			t.Errorf("goes on after its end: %v", err)
		}
	})
}

func TestAWatchEndsWithItsClientAndItsBudget(t *testing.T) {
	ctx, f, _ := newFake(t)
	for _, tc := range []struct {
		name string
		end  func(*fluvio.Client)
		want error
	}{
		{"closed", func(c *fluvio.Client) { c.Close() }, fluvio.ErrClosed},
		{"budget", func(*fluvio.Client) { f.listener.Close(); f.drop() }, fluvio.ErrUnavailable},
	} {
		t.Run(tc.name, func(t *testing.T) {
			c, err := fluvio.Connect(ctx, fluvio.WithEndpoint(f.listener.Addr().String()), fluvio.WithRetryBudget(0))
			if err != nil {
				t.Fatal(err)
			}
			defer c.Close()
			w := followTopics(ctx, t, admin.New(c))
			w.tells("current")
			tc.end(c)
			if _, err, _ := w.next(); !errors.Is(err, tc.want) {
				t.Errorf("%v, want %v", err, tc.want)
			}
		})
	}
}

func TestEveryKindIsWatched(t *testing.T) {
	ctx, f, a := newFake(t)
	f.set(protocol.KindPartition,
		protocol.Metadata{Name: "t-10", Spec: &protocol.PartitionSpec{Leader: 5001}, Status: &protocol.PartitionStatus{}},
		protocol.Metadata{Name: "t-9", Spec: &protocol.PartitionSpec{Leader: 5002}, Status: &protocol.PartitionStatus{}},
		protocol.Metadata{Name: "nonsense", Spec: &protocol.PartitionSpec{}, Status: &protocol.PartitionStatus{}})
	f.set(protocol.KindSpu, protocol.Metadata{Name: "s", Spec: &protocol.SpuSpec{ID: 7}, Status: &protocol.SpuStatus{Resolution: protocol.SpuResolutionOffline}})
	f.set(protocol.KindSmartModule, protocol.Metadata{Name: "m", Status: &protocol.SmartModuleStatus{}, Spec: &protocol.SmartModuleSpec{
		Summary: &protocol.SmartModuleSummary{WasmLength: 12},
	}})
	partitions := follow(t, a.WatchPartitions(ctx), func(p admin.Partition) string { return fmt.Sprintf("%s %d at %d", p.Topic, p.Partition, p.Leader) })
	partitions.tells("put t 9 at 5002", "put t 10 at 5001", "current")
	spus := follow(t, a.WatchSPUs(ctx), func(s admin.SPU) string { return fmt.Sprintf("%d %s", s.ID, s.Status) })
	spus.tells("put 7 Offline", "current")
	modules := follow(t, a.WatchSmartModules(ctx), func(m admin.SmartModule) string { return fmt.Sprintf("%s %d", m.Name, m.Size) })
	modules.tells("put m 12", "current")
}

// TestTheBrokerIsWatched is the same against a server that was not written for it.
func TestTheBrokerIsWatched(t *testing.T) {
	ctx, a, _ := cluster(t)
	if err := a.CreateTopic(ctx, "a", admin.TopicConfig{}); err != nil {
		t.Fatal(err)
	}
	w := followTopics(ctx, t, a)
	w.tells("put a/1", "put consumer-offset/1", "current")
	if err := a.AddPartitions(ctx, "a", 2); err != nil {
		t.Fatal(err)
	}
	w.tells("put a/3")
	if err := a.DeleteTopic(ctx, "a"); err != nil {
		t.Fatal(err)
	}
	w.tells("deleted a/3")
	modules := follow(t, a.WatchSmartModules(ctx), func(m admin.SmartModule) string { return m.Name })
	modules.tells("current")
}

func TestChangeTypesHaveNames(t *testing.T) {
	var names []string
	for c := range admin.Current + 2 {
		names = append(names, c.String())
	}
	if !slices.Equal(names, strings.Split("ChangeType(0) put deleted current ChangeType(4)", " ")) {
		t.Error(names)
	}
}
