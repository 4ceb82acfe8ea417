package behaviour

import (
	"errors"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/weir-stream/weir/fluvio"
	"github.com/weir-stream/weir/fluvio/admin"
)

func topicLife(t *testing.T, s *server) {
	ctx, c := limited(t), s.connect(t)
	a := admin.New(c)
	name := s.topic(t, c, partitions(3))
	longer := name + "-longer" // filters of the protocol match parts of names, lists of ours do not
	if err := a.CreateTopic(ctx, longer, partitions(1)); err != nil {
		t.Fatal(err)
	}
	s.deleteLater(t, longer)

	got, err := a.Topics(ctx, name)
	if err != nil || len(got) != 1 || got[0].Name != name || got[0].Partitions != 3 || got[0].Replication != 1 || got[0].Status != "Provisioned" {
		t.Errorf("by name: %+v, %v", got, err)
	}
	all, err := a.Topics(ctx)
	if err != nil || !slices.ContainsFunc(all, func(x admin.Topic) bool { return x.Name == name }) {
		t.Errorf("the list of %d has no %s: %v", len(all), name, err)
	}
	wantPartitions(t, a, name, 3)

	if err := a.DeleteTopic(ctx, name); err != nil {
		t.Fatal(err)
	}
	if _, err := a.Topic(ctx, name); !errors.Is(err, admin.ErrTopicNotFound) {
		t.Errorf("after its deletion: %v", err)
	}
	if _, err := c.Partitions(ctx, name); !errors.Is(err, fluvio.ErrTopicNotFound) {
		t.Errorf("partitions after its deletion: %v", err)
	}
	if _, err := a.Topic(ctx, longer); err != nil {
		t.Errorf("the other topic: %v", err)
	}
}

// wantPartitions checks that a topic has n partitions online, each with a leader that is an SPU.
func wantPartitions(t *testing.T, a *admin.Admin, topic string, n int) {
	t.Helper()
	eventually(t, func() error {
		list, err := a.Partitions(limited(t), topic)
		if err != nil {
			return err
		}
		for i, p := range list {
			if p.Topic != topic || p.Partition != uint32(i) || p.Status != "Online" || !slices.Contains(p.Replicas, p.Leader) {
				return errors.New("a partition is not as it should be")
			}
		}
		if len(list) != n {
			return errors.New("not as many partitions as wanted")
		}
		return nil
	})
}

func topicOptions(t *testing.T, s *server) {
	ctx, c := limited(t), s.connect(t)
	for _, config := range []admin.TopicConfig{
		{Partitions: 2, Replication: 1},
		{Partitions: 1, Replication: 1, IgnoreRack: true},
		{Partitions: 1, Replication: 1, Retention: 36 * time.Hour},
		{Partitions: 1, Replication: 1, Retention: 10 * time.Second, SegmentSize: 1024, MaxPartitionSize: 2048},
		{Partitions: 1, Replication: 1, SegmentSize: 1 << 20},
		{Partitions: 1, Replication: 1, MaxPartitionSize: 5 << 30},
		{Partitions: 1, Replication: 1, Compression: admin.NoCompression},
		{Partitions: 1, Replication: 1, Compression: admin.Gzip},
		{Partitions: 1, Replication: 1, Compression: admin.Snappy},
		{Partitions: 1, Replication: 1, Compression: admin.LZ4},
		{Partitions: 1, Replication: 1, Compression: admin.Zstd},
	} {
		got, err := admin.New(c).Topic(ctx, s.topic(t, c, config))
		if err != nil {
			t.Fatal(err)
		}
		if !reflect.DeepEqual(got.Config, config) {
			t.Errorf("created %+v\n    got %+v", config, got.Config)
		}
	}
	got, err := admin.New(c).Topic(ctx, s.topic(t, c, admin.TopicConfig{}))
	if err != nil || got.Partitions != 1 || got.Replication != 1 || got.Config.Compression != admin.AnyCompression {
		t.Errorf("by default: %+v, %v", got, err)
	}
}

func topicErrors(t *testing.T, s *server) {
	ctx, c := limited(t), s.connect(t)
	a := admin.New(c)
	there := s.topic(t, c, partitions(1))
	create := func(name string, config admin.TopicConfig) error { return a.CreateTopic(ctx, name, config) }
	for _, tc := range []struct {
		what string
		err  error
		want error
	}{
		{"create one that exists", create(there, partitions(1)), admin.ErrTopicExists},
		{"try one that exists", create(there, admin.TopicConfig{DryRun: true}), admin.ErrTopicExists},
		{"no name", create("", partitions(1)), admin.ErrInvalidName},
		{"an upper case letter", create("Weir-"+s.run, partitions(1)), admin.ErrInvalidName},
		{"an underscore", create("weir_"+s.run, partitions(1)), admin.ErrInvalidName},
		{"a dot", create("weir."+s.run, partitions(1)), admin.ErrInvalidName},
		{"a hyphen in front", create("-weir"+s.run, partitions(1)), admin.ErrInvalidName},
		{"a hyphen at the end", create("weir"+s.run+"-", partitions(1)), admin.ErrInvalidName},
		{"64 bytes", create(strings.Repeat("w", 64), partitions(1)), admin.ErrInvalidName},
		{"retention under 10 s", create(s.name(), admin.TopicConfig{Retention: 9 * time.Second}), admin.ErrInvalidConfig},
		{"retention of half seconds", create(s.name(), admin.TopicConfig{Retention: 10500 * time.Millisecond}), admin.ErrInvalidConfig},
		{"segments under 1 KiB", create(s.name(), admin.TopicConfig{SegmentSize: 1023}), admin.ErrInvalidConfig},
		{"partitions under 2 KiB", create(s.name(), admin.TopicConfig{SegmentSize: 1024, MaxPartitionSize: 2047}), admin.ErrInvalidConfig},
		{"partitions smaller than segments", create(s.name(), admin.TopicConfig{SegmentSize: 8192, MaxPartitionSize: 4096}), admin.ErrInvalidConfig},
		{"a replica on an SPU that is not there", create(s.name(), admin.TopicConfig{Assigned: [][]int32{{123456}}}), admin.ErrInvalidConfig},
		{"replicas of different number", create(s.name(), admin.TopicConfig{Assigned: [][]int32{{spuID(t, c)}, {}}}), admin.ErrInvalidConfig},
		{"delete one that is not there", a.DeleteTopic(ctx, s.name()), admin.ErrTopicNotFound},
		{"describe one that is not there", second(a.Topic(ctx, s.name())), admin.ErrTopicNotFound},
		{"list one that is not there", second(a.Topics(ctx, there, s.name())), admin.ErrTopicNotFound},
	} {
		if !errors.Is(tc.err, tc.want) {
			t.Errorf("%s: %v, want %v", tc.what, tc.err, tc.want)
		}
	}
	var refusal *admin.Error
	if err := create(there, partitions(1)); !errors.As(err, &refusal) || refusal.Name != there {
		t.Errorf("a refusal says what was refused: %v", err)
	}
}

// longestName is the longest name that a topic may have, made of all that may be in it.
func longestName(t *testing.T, s *server) {
	ctx, c := limited(t), s.connect(t)
	name := "9-" + s.run + "-" + strings.Repeat("z", 63-3-len(s.run))
	if err := admin.New(c).CreateTopic(ctx, name, partitions(1)); err != nil {
		t.Fatal(err)
	}
	s.deleteLater(t, name)
	produce(t, c, name, 0, numbered(0, 1, 0))
	wantNumbered(t, read(t, c, name, 0, fluvio.Beginning()), 0, 0, 1, 0)
}

func dryRun(t *testing.T, s *server) {
	ctx, a := limited(t), admin.New(s.connect(t))
	name := s.name()
	if err := a.CreateTopic(ctx, name, admin.TopicConfig{Partitions: 2, DryRun: true}); err != nil {
		t.Fatal(err)
	}
	if _, err := a.Topic(ctx, name); !errors.Is(err, admin.ErrTopicNotFound) {
		t.Errorf("after a dry run: %v", err)
	}
}

// spuID is an SPU that is online.
func spuID(t *testing.T, c *fluvio.Client) int32 {
	t.Helper()
	list, err := admin.New(c).SPUs(limited(t))
	if err != nil {
		t.Fatal(err)
	}
	for _, spu := range list {
		if spu.Status == "Online" {
			return spu.ID
		}
	}
	t.Fatal("no SPU is online")
	return 0
}

func assignedReplicas(t *testing.T, s *server) {
	c := s.connect(t)
	id := spuID(t, c)
	name := s.topic(t, c, admin.TopicConfig{Assigned: [][]int32{{id}, {id}}})
	got, err := admin.New(c).Topic(limited(t), name)
	want := [][]int32{{id}, {id}}
	if err != nil || got.Partitions != 2 || !reflect.DeepEqual(got.Config.Assigned, want) {
		t.Errorf("%+v, %v", got, err)
	}
	if !reflect.DeepEqual(got.Replicas, map[uint32][]int32{0: {id}, 1: {id}}) {
		t.Errorf("replicas %v", got.Replicas)
	}
	produce(t, c, name, 1, numbered(0, 5, 0))
	wantNumbered(t, read(t, c, name, 1, fluvio.Beginning()), 0, 0, 5, 0)
}

// systemTopic is where stored consumer offsets are kept (fluvio-types/src/defaults.rs).
const systemTopic = "consumer-offset"

func systemTopics(t *testing.T, s *server) {
	ctx, a := limited(t), admin.New(s.connect(t))
	got, err := a.Topic(ctx, systemTopic)
	if err != nil || !got.Config.System {
		t.Errorf("%+v, %v", got, err)
	}
	all, err := a.Topics(ctx)
	if err != nil || slices.ContainsFunc(all, func(x admin.Topic) bool { return x.Config.System }) {
		t.Errorf("the list of all shows system topics: %v, %v", all, err)
	}
	if err := a.DeleteTopic(ctx, systemTopic); !errors.Is(err, admin.ErrSystemTopic) {
		t.Errorf("delete it: %v", err)
	}
}

// systemTopicForced makes a system topic of its own, which only force deletes.
func systemTopicForced(t *testing.T, s *server) {
	ctx, c := limited(t), s.connect(t)
	a := admin.New(c)
	name := s.create(t, func(name string) error {
		err := a.CreateTopic(ctx, name, admin.TopicConfig{System: true})
		t.Cleanup(func() {
			if err := admin.New(s.connectLate(t)).ForceDeleteTopic(late(t), name); err != nil && !errors.Is(err, admin.ErrTopicNotFound) {
				t.Error(err)
			}
		})
		return err
	})
	all, err := a.Topics(ctx)
	if err != nil || slices.ContainsFunc(all, func(x admin.Topic) bool { return x.Name == name }) {
		t.Errorf("the list of all shows it: %v", err)
	}
	if got, err := a.Topic(ctx, name); err != nil || !got.Config.System {
		t.Errorf("%+v, %v", got, err)
	}
	if err := a.DeleteTopic(ctx, name); !errors.Is(err, admin.ErrSystemTopic) {
		t.Errorf("delete it: %v", err)
	}
	if err := a.ForceDeleteTopic(ctx, name); err != nil {
		t.Fatal(err)
	}
	if _, err := a.Topic(ctx, name); !errors.Is(err, admin.ErrTopicNotFound) {
		t.Errorf("after its deletion: %v", err)
	}
}

// deduplication wants a SmartModule that is not there.
func deduplication(t *testing.T, s *server) {
	name := s.name()
	err := admin.New(s.connect(t)).CreateTopic(limited(t), name, admin.TopicConfig{Deduplication: &admin.Deduplication{Filter: s.name(), Count: 10}})
	var refusal *admin.Error
	if !errors.As(err, &refusal) || !errors.Is(err, admin.ErrSmartModuleNotFound) {
		t.Errorf("%v, want ErrSmartModuleNotFound", err)
	}
}

func createdAgain(t *testing.T, s *server) {
	ctx, c := limited(t), s.connect(t)
	name := s.topic(t, c, partitions(1))
	produce(t, c, name, 0, numbered(0, 100, 0))
	if err := admin.New(c).DeleteTopic(ctx, name); err != nil {
		t.Fatal(err)
	}
	// An SPU that still has the old one may keep a cluster from providing the new one.
	eventually(t, func() error {
		err := admin.New(c).CreateTopic(ctx, name, partitions(1))
		if s.kind == cluster && errors.Is(err, admin.ErrNotProvisioned) {
			t.Logf("again: %v", err)
			return errors.Join(err, admin.New(c).DeleteTopic(ctx, name))
		}
		return err
	})
	produce(t, c, name, 0, numbered(7, 9, 0))
	wantNumbered(t, read(t, c, name, 0, fluvio.Beginning()), 0, 7, 9, 0)
}

// watchedMetadata has a client see what another one does.
func watchedMetadata(t *testing.T, s *server) {
	ctx, watching, changing := limited(t), s.connect(t), s.connect(t)
	name := s.create(t, func(name string) error {
		if _, err := watching.Partitions(ctx, name); !errors.Is(err, fluvio.ErrTopicNotFound) {
			t.Errorf("before: %v", err)
		}
		return admin.New(changing).CreateTopic(ctx, name, partitions(2))
	})
	if err := watching.AwaitTopic(ctx, name, true); err != nil {
		t.Fatal(err)
	}
	if n, err := watching.Partitions(ctx, name); n != 2 || err != nil {
		t.Errorf("%d partitions, %v", n, err)
	}
	if err := admin.New(changing).DeleteTopic(ctx, name); err != nil {
		t.Fatal(err)
	}
	if err := watching.AwaitTopic(ctx, name, false); err != nil {
		t.Fatal(err)
	}
	if _, err := watching.Partitions(ctx, name); !errors.Is(err, fluvio.ErrTopicNotFound) {
		t.Errorf("after: %v", err)
	}
}
