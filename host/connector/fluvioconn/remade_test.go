package fluvioconn_test

import (
	"errors"
	"runtime"
	"testing"
	"time"

	"github.com/weir-stream/weir/fluvio"
	"github.com/weir-stream/weir/fluvio/admin"
	"github.com/weir-stream/weir/host/connector"
	"github.com/weir-stream/weir/internal/fault"
)

// TestTopicMadeAgainIsAnother deletes a topic that is open and makes it again, and gives another one more partitions.
func TestTopicMadeAgainIsAnother(t *testing.T) {
	_, sc := startBroker(t)
	client, err := fluvio.Connect(t.Context(), fluvio.WithEndpoint(sc))
	if err != nil {
		t.Fatal(err)
	}
	defer client.Close()
	cluster := admin.New(client)
	open := func(topic string) (connector.Source, connector.Sink) {
		t.Helper()
		if err := cluster.CreateTopic(t.Context(), topic, admin.TopicConfig{Partitions: 1}); err != nil {
			t.Fatal(err)
		}
		source, err := configure(t, connector.RoleSource, "topic", topic, "endpoint", sc).OpenSource(t.Context(), connector.Env{})
		if err != nil {
			t.Fatal(err)
		}
		sink, err := configure(t, connector.RoleSink, "topic", topic, "endpoint", sc).OpenSink(t.Context(), connector.Env{})
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() {
			if err := source.Close(); err != nil {
				t.Error(err)
			}
			if err := sink.Close(); err != nil {
				t.Error(err)
			}
		})
		return source, sink
	}
	grows, growsToo := open("grows")
	source, sink := open("remade")
	if err := cluster.AddPartitions(t.Context(), "grows", 1); err != nil {
		t.Fatal(err)
	}
	if err := cluster.DeleteTopic(t.Context(), "remade"); err != nil {
		t.Fatal(err)
	}
	if err := cluster.CreateTopic(t.Context(), "remade", admin.TopicConfig{Partitions: 1}); err != nil {
		t.Fatal(err)
	}
	for name, one := range map[string]interface{ Same() error }{"source": source, "sink": sink} {
		tick := time.NewTicker(10 * time.Millisecond)
		defer tick.Stop()
		for one.Same() == nil { // until the watch has told; the test's own time ends it
			<-tick.C
		}
		if err := one.Same(); fault.Of(err) != fault.Input {
			t.Errorf("the %s says %v", name, err)
		}
	}
	for len(grows.Partitions()) < 2 || growsToo.Partitions() < 2 {
		runtime.Gosched()
	}
	if err := errors.Join(grows.Same(), growsToo.Same()); err != nil {
		t.Errorf("a topic that grew says %v", err)
	}
}
