package admin_test

import (
	"context"
	"errors"
	"log/slog"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/weir-stream/weir/fluvio"
	"github.com/weir-stream/weir/fluvio/admin"
	"github.com/weir-stream/weir/fluvio/broker"
	"github.com/weir-stream/weir/fluvio/protocol"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func cluster(t *testing.T) (context.Context, *admin.Admin, *fluvio.Client) {
	t.Helper()
	b, err := broker.Open(broker.Config{Dir: t.TempDir(), Logger: slog.New(slog.DiscardHandler)})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { b.Close(context.Background()) })
	ctx, cancel := context.WithTimeout(context.Background(), 30*time.Second)
	t.Cleanup(cancel)
	c, err := fluvio.Connect(ctx, fluvio.WithEndpoint(b.SC()))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Close() })
	return ctx, admin.New(c), c
}

func TestTopicsComeBackAsTheyWereCreated(t *testing.T) {
	ctx, a, _ := cluster(t)
	for name, config := range map[string]admin.TopicConfig{
		"plain":    {Partitions: 1, Replication: 1},
		"computed": {Partitions: 3, Replication: 1, IgnoreRack: true, Compression: admin.Gzip},
		"kept":     {Partitions: 1, Replication: 1, Retention: time.Hour, SegmentSize: 1 << 20, MaxPartitionSize: 1 << 30, Compression: admin.NoCompression},
	} {
		if err := a.CreateTopic(ctx, name, config); err != nil {
			t.Fatal(err)
		}
		topic, err := a.Topic(ctx, name)
		if err != nil {
			t.Fatal(err)
		}
		if !reflect.DeepEqual(topic.Config, config) || topic.Name != name || topic.Partitions != int(config.Partitions) || topic.Replication != 1 {
			t.Errorf("%+v, want %+v", topic, config)
		}
		if topic.Status != "Provisioned" || len(topic.Replicas) != topic.Partitions {
			t.Errorf("%+v", topic)
		}
	}
	spus, err := a.SPUs(ctx)
	if err != nil || len(spus) != 1 || spus[0].Status != "Online" || !strings.Contains(spus[0].PublicEndpoint, ":") {
		t.Fatalf("%+v, %v", spus, err)
	}
	id := spus[0].ID
	if err := a.CreateTopic(ctx, "assigned", admin.TopicConfig{Assigned: [][]int32{{id}, {id}}}); err != nil {
		t.Fatal(err)
	}
	topic, err := a.Topic(ctx, "assigned")
	if err != nil || topic.Type != "assigned" || topic.Partitions != 2 || !reflect.DeepEqual(topic.Config.Assigned, [][]int32{{id}, {id}}) {
		t.Errorf("%+v, %v", topic, err)
	}
}

func TestPartitionsAreAdded(t *testing.T) {
	ctx, a, c := cluster(t)
	if err := a.CreateTopic(ctx, "x", admin.TopicConfig{Partitions: 2}); err != nil {
		t.Fatal(err)
	}
	if err := a.AddPartitions(ctx, "x", 3); err != nil {
		t.Fatal(err)
	}
	if n, err := c.Partitions(ctx, "x"); err != nil || n != 5 {
		t.Errorf("the client knows %d, %v", n, err)
	}
	if topic, err := a.Topic(ctx, "x"); err != nil || topic.Partitions != 5 || topic.Type != "computed" {
		t.Errorf("%+v, %v", topic, err)
	}
	if err := a.CreateTopic(ctx, "assigned", admin.TopicConfig{Assigned: [][]int32{{5001}}}); err != nil {
		t.Fatal(err)
	}
	for topic, tc := range map[string]struct {
		n    uint32
		want error
	}{"x": {0, admin.ErrInvalidConfig}, "absent": {1, admin.ErrTopicNotFound}, "assigned": {1, admin.ErrTopicType}} {
		if err := a.AddPartitions(ctx, topic, tc.n); !errors.Is(err, tc.want) || !strings.Contains(err.Error(), topic) {
			t.Errorf("%s: %v", topic, err)
		}
	}
}

func TestSystemObjectsAreListedOnTheirOwn(t *testing.T) {
	ctx, a, _ := cluster(t)
	if topics, err := a.SystemTopics(ctx); err != nil || len(topics) != 1 || topics[0].Name != "consumer-offset" {
		t.Errorf("%+v, %v", topics, err)
	}
	if partitions, err := a.SystemPartitions(ctx); err != nil || len(partitions) != 1 || !partitions[0].System {
		t.Errorf("%+v, %v", partitions, err)
	}
	if partitions, err := a.Partitions(ctx, "consumer-offset"); err != nil || len(partitions) != 1 {
		t.Errorf("%+v, %v", partitions, err)
	}
	if err := a.ForceDeleteTopic(ctx, "consumer-offset"); err != nil {
		t.Error(err)
	}
}

func TestADeduplicatedTopicComesBackAsItWasCreated(t *testing.T) {
	ctx, f, a := newFake(t)
	f.serve(func(req protocol.Request) protocol.Message {
		create := req.(*protocol.CreateRequest)
		f.set(create.Kind, protocol.Metadata{Name: create.Name, Spec: create.Spec})
		f.set(protocol.KindPartition, protocol.Metadata{Name: create.Name + "-0", Spec: &protocol.PartitionSpec{Leader: 1}})
		return &protocol.Status{}
	})
	f.set(protocol.KindSpu, protocol.Metadata{Name: "s", Spec: &protocol.SpuSpec{ID: 1, PublicEndpoint: protocol.IngressPort{
		Ingress: []protocol.IngressAddr{{Hostname: new("h")}}}}})
	for _, d := range []*admin.Deduplication{
		{Filter: admin.DefaultDeduplicationFilter, Count: 5, Age: 5 * time.Second},
		{Filter: "mine", Params: map[string]string{"a": "b"}},
	} {
		if err := a.CreateTopic(ctx, "x", admin.TopicConfig{Deduplication: d}); err != nil {
			t.Fatal(err)
		}
		topic, err := a.Topic(ctx, "x")
		if err != nil {
			t.Fatal(err)
		}
		got := topic.Config.Deduplication
		if len(got.Params) == 0 {
			got.Params = nil
		}
		if !reflect.DeepEqual(got, d) {
			t.Errorf("%+v, want %+v", got, d)
		}
	}
	for _, d := range []*admin.Deduplication{{}, {Filter: "x", Age: -1}} {
		if err := a.CreateTopic(ctx, "y", admin.TopicConfig{Deduplication: d}); !errors.Is(err, admin.ErrInvalidConfig) {
			t.Errorf("%+v: %v", d, err)
		}
	}
}

func TestMirrorTopicsAreListed(t *testing.T) {
	ctx, f, a := newFake(t)
	mirror := &protocol.MirrorReplicas{Tag: protocol.MirrorReplicasRemote, Value: &protocol.RemoteMirrorReplicas{HomeCluster: "home"}}
	f.set(protocol.KindTopic, protocol.Metadata{
		Name: "m", Spec: &protocol.TopicSpec{Replicas: protocol.ReplicaSpec{Tag: protocol.ReplicaSpecMirror, Value: mirror}},
		Status: &protocol.TopicStatus{Resolution: protocol.TopicResolutionProvisioned, ReplicaMap: map[uint32][]int32{0: {1}, 1: {2}}},
	})
	topic, err := a.Topic(ctx, "m")
	if err != nil || topic.Type != "mirror" || topic.Partitions != 2 || topic.Replication != 1 || topic.Status != "Provisioned" {
		t.Errorf("%+v, %v", topic, err)
	}
}

func TestNamesAreExact(t *testing.T) {
	ctx, a, _ := cluster(t)
	for _, name := range []string{"foo", "foobar", "bar"} {
		if err := a.CreateTopic(ctx, name, admin.TopicConfig{Partitions: 12}); err != nil {
			t.Fatal(err)
		}
	}
	names := func(topics []admin.Topic) (all []string) {
		for _, topic := range topics {
			all = append(all, topic.Name)
		}
		return all
	}
	if topics, err := a.Topics(ctx, "foo"); err != nil || !slices.Equal(names(topics), []string{"foo"}) {
		t.Errorf("%v, %v", names(topics), err)
	}
	if topics, err := a.Topics(ctx); err != nil || !slices.Equal(names(topics), []string{"bar", "foo", "foobar"}) {
		t.Errorf("%v, %v", names(topics), err)
	}
	if topic, err := a.Topic(ctx, "consumer-offset"); err != nil || !topic.Config.System {
		t.Errorf("the system topic: %+v, %v", topic, err)
	}
	if _, err := a.Topics(ctx, "foo", "fo"); !errors.Is(err, admin.ErrTopicNotFound) || !strings.Contains(err.Error(), "'fo'") {
		t.Errorf("%v", err)
	}
	partitions, err := a.Partitions(ctx, "foo")
	if err != nil || len(partitions) != 12 {
		t.Fatalf("%+v, %v", partitions, err)
	}
	for n, p := range partitions {
		if p.Topic != "foo" || p.Partition != uint32(n) || p.Status != "Online" || len(p.Replicas) != 1 || p.Leader != p.Replicas[0] {
			t.Errorf("%d: %+v", n, p)
		}
	}
	if all, err := a.Partitions(ctx); err != nil || len(all) != 36 {
		t.Errorf("%d, %v", len(all), err)
	}
}

func TestRefusalsAreTyped(t *testing.T) {
	ctx, a, _ := cluster(t)
	if err := a.CreateTopic(ctx, "taken", admin.TopicConfig{}); err != nil {
		t.Fatal(err)
	}
	for name, tc := range map[string]struct {
		err  error
		is   error
		code protocol.ErrorCodeTag // None: found here
	}{
		"exists":              {a.CreateTopic(ctx, "taken", admin.TopicConfig{}), admin.ErrTopicExists, protocol.ErrorCodeTopicAlreadyExists},
		"bad name":            {a.CreateTopic(ctx, "Not Good", admin.TopicConfig{}), admin.ErrInvalidName, protocol.ErrorCodeTopicInvalidName},
		"no name":             {a.CreateTopic(ctx, "", admin.TopicConfig{}), admin.ErrInvalidName, 0},
		"long name":           {a.CreateTopic(ctx, strings.Repeat("x", 64), admin.TopicConfig{}), admin.ErrInvalidName, 0},
		"short retention":     {a.CreateTopic(ctx, "x", admin.TopicConfig{Retention: time.Second}), admin.ErrInvalidConfig, protocol.ErrorCodeTopicInvalidConfiguration},
		"odd retention":       {a.CreateTopic(ctx, "x", admin.TopicConfig{Retention: time.Millisecond}), admin.ErrInvalidConfig, 0},
		"unknown compression": {a.CreateTopic(ctx, "x", admin.TopicConfig{Compression: 99}), admin.ErrInvalidConfig, 0},
		"absent":              {a.DeleteTopic(ctx, "absent"), admin.ErrTopicNotFound, protocol.ErrorCodeTopicNotFound},
		"system":              {a.DeleteTopic(ctx, "consumer-offset"), admin.ErrSystemTopic, protocol.ErrorCodeSystemSpecDeletionAttempt},
	} {
		if !errors.Is(tc.err, tc.is) {
			t.Errorf("%s: %v", name, tc.err)
		}
		var refusal *admin.Error
		if tc.code == 0 {
			continue
		}
		if !errors.As(tc.err, &refusal) || !errors.Is(tc.err, tc.code) || refusal.Op == "" || !strings.Contains(refusal.Error(), "'"+refusal.Name+"'") {
			t.Errorf("%s: %v", name, tc.err)
		}
	}
}

func TestADryRunCreatesNothing(t *testing.T) {
	ctx, a, _ := cluster(t)
	if err := a.CreateTopic(ctx, "x", admin.TopicConfig{DryRun: true}); err != nil {
		t.Fatal(err)
	}
	if topics, err := a.Topics(ctx); err != nil || len(topics) != 0 {
		t.Errorf("%+v, %v", topics, err)
	}
}

// TestACreatedTopicCanBeUsedAtOnce has no waiting between creating, using and deleting.
func TestACreatedTopicCanBeUsedAtOnce(t *testing.T) {
	ctx, a, c := cluster(t)
	for range 5 {
		if err := a.CreateTopic(ctx, "x", admin.TopicConfig{Partitions: 3}); err != nil {
			t.Fatal(err)
		}
		if n, err := c.Partitions(ctx, "x"); err != nil || n != 3 {
			t.Errorf("%d, %v", n, err)
		}
		if _, err := c.Offsets(ctx, "x", 2); err != nil {
			t.Error(err)
		}
		if err := a.DeleteTopic(ctx, "x"); err != nil {
			t.Fatal(err)
		}
		if _, err := c.Partitions(ctx, "x"); !errors.Is(err, fluvio.ErrTopicNotFound) {
			t.Error(err)
		}
	}
}

func TestCompressionsHaveNames(t *testing.T) {
	for c := admin.AnyCompression; c <= admin.Zstd; c++ {
		if got, err := admin.ParseCompression(c.String()); err != nil || got != c {
			t.Errorf("%v: %v, %v", c, got, err)
		}
	}
	if _, err := admin.ParseCompression("rar"); !errors.Is(err, admin.ErrInvalidConfig) {
		t.Error(err)
	}
}
