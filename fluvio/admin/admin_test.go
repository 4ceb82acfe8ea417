package admin_test

import (
	"context"
	"errors"
	"fmt"
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
	if err != nil || topic.Partitions != 2 || !reflect.DeepEqual(topic.Config.Assigned, [][]int32{{id}, {id}}) {
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

func Example() {
	ctx := context.Background()
	client, err := fluvio.Connect(ctx, fluvio.WithEndpoint("127.0.0.1:9003"))
	if err != nil {
		fmt.Println(err)
		return
	}
	defer client.Close()
	a := admin.New(client)
	err = a.CreateTopic(ctx, "flights", admin.TopicConfig{Partitions: 3, Retention: 24 * time.Hour})
	if err != nil && !errors.Is(err, admin.ErrTopicExists) {
		fmt.Println(err)
		return
	}
	topics, err := a.Topics(ctx)
	if err != nil {
		fmt.Println(err)
		return
	}
	for _, topic := range topics {
		fmt.Println(topic.Name, topic.Partitions)
	}
}
