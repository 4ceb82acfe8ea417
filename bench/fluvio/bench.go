package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"time"

	"github.com/weir-stream/weir/fluvio"
	"github.com/weir-stream/weir/fluvio/admin"
	"github.com/weir-stream/weir/internal/benchkit"
)

// bench is one run of the benchmarks: its processes, files and topics.
type bench struct {
	ctx         context.Context
	rounds      int
	weir        string
	official    string
	endpoint    string
	compression string
	profiles    string

	dir      string // everything is below it
	file     string // the records, one a line
	records  int
	broker   *benchkit.Broker // nil at a cluster of somebody else's
	client   *fluvio.Client
	admin    *admin.Admin
	topics   int      // made so far
	produced checksum // of keys and values, once a topic was produced
}

func (b *bench) prepare() (err error) {
	if _, err := os.Stat(b.official); err != nil {
		return fmt.Errorf("%w; build it: CARGO_TARGET_DIR=build/peers cargo build --release --locked --manifest-path bench/peers/Cargo.toml", err)
	}
	if b.dir, err = os.MkdirTemp("", "weir-bench-"); err != nil {
		return err
	}
	b.file, b.records, err = benchkit.Unpack(benchkit.Flights, b.dir)
	if err == nil && b.endpoint == "" {
		if b.broker, err = benchkit.StartBroker(b.ctx, b.weir, b.dir); err == nil {
			b.endpoint = b.broker.SC
		}
	}
	if err == nil {
		b.client, err = fluvio.Connect(b.ctx, fluvio.WithEndpoint(b.endpoint))
	}
	if err != nil {
		b.cleanUp()
		return err
	}
	b.admin = admin.New(b.client)
	return nil
}

func (b *bench) cleanUp() {
	if b.client != nil {
		_ = b.client.Close()
	}
	if b.broker != nil {
		b.broker.Stop()
	}
	_ = os.RemoveAll(b.dir)
}

// inTopic runs something with a topic that is there for it alone.
func (b *bench) inTopic(partitions uint32, use func(topic string) error) error {
	topic, err := b.create(partitions)
	if err != nil {
		return err
	}
	err = use(topic)
	return errors.Join(err, b.admin.DeleteTopic(b.ctx, topic))
}

// create creates a topic. A cluster's controller now and then misses that a partition is up, and gives up on the topic.
func (b *bench) create(partitions uint32) (topic string, err error) {
	for range 3 {
		b.topics++
		topic = fmt.Sprintf("weir-bench-%d-%d", time.Now().UnixNano(), b.topics)
		if err = b.admin.CreateTopic(b.ctx, topic, admin.TopicConfig{Partitions: partitions}); err == nil {
			return topic, nil
		}
		_ = b.admin.DeleteTopic(b.ctx, topic) // it may be there in part
	}
	return "", err
}
