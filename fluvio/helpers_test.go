package fluvio_test

import (
	"context"
	"fmt"
	"log/slog"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/weir-stream/weir/fluvio"
	"github.com/weir-stream/weir/fluvio/admin"
	"github.com/weir-stream/weir/fluvio/broker"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// patience bounds what should happen soon; no test waits for it to pass.
const patience = 30 * time.Second

func soon(t testing.TB) context.Context {
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	t.Cleanup(cancel)
	return ctx
}

func quiet() *slog.Logger { return slog.New(slog.DiscardHandler) }

// startBroker runs a broker on a folder of the test. Addresses may be given to start one again where one was.
func startBroker(t testing.TB, cfg broker.Config) *broker.Broker {
	t.Helper()
	if cfg.Dir == "" {
		cfg.Dir = t.TempDir()
	}
	cfg.Logger = quiet()
	b, err := broker.Open(cfg)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { b.Close(context.Background()) })
	return b
}

func connect(t testing.TB, endpoint string, opts ...fluvio.Option) *fluvio.Client {
	t.Helper()
	c, err := fluvio.Connect(soon(t), append([]fluvio.Option{fluvio.WithEndpoint(endpoint)}, opts...)...)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Close() })
	return c
}

func createTopic(t testing.TB, c *fluvio.Client, name string, partitions uint32) {
	t.Helper()
	if err := admin.New(c).CreateTopic(soon(t), name, admin.TopicConfig{Partitions: partitions}); err != nil {
		t.Fatal(err)
	}
}

// cluster is a broker with a topic t, and a client.
func cluster(t testing.TB, partitions uint32, opts ...fluvio.Option) *fluvio.Client {
	t.Helper()
	b := startBroker(t, broker.Config{})
	c := connect(t, b.SC(), opts...)
	createTopic(t, c, "t", partitions)
	return c
}

func newProducer(t testing.TB, c *fluvio.Client, opts ...fluvio.ProducerOption) *fluvio.Producer {
	t.Helper()
	p, err := c.Producer(soon(t), "t", opts...)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func newConsumer(t testing.TB, c *fluvio.Client, partition uint32, start fluvio.Offset, opts ...fluvio.ConsumerOption) *fluvio.Consumer {
	t.Helper()
	consumer, err := c.Consumer(soon(t), "t", partition, start, opts...)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { consumer.Close() })
	return consumer
}

func value(n int) []byte { return fmt.Appendf(nil, "value %d", n) }

// produce writes values from up to, but without, to.
func produce(t testing.TB, p *fluvio.Producer, from, to int) {
	t.Helper()
	ctx := soon(t)
	for n := from; n < to; n++ {
		if err := p.ProduceTo(ctx, 0, fluvio.Record{Value: value(n)}); err != nil {
			t.Fatal(err)
		}
	}
}

// wantValues reads records and expects values from up to, but without, to, at offsets of the same numbers.
func wantValues(t testing.TB, c *fluvio.Consumer, from, to int) {
	t.Helper()
	ctx := soon(t)
	for n := from; n < to; {
		records, err := c.Poll(ctx)
		if err != nil {
			t.Fatalf("after %d records: %v", n-from, err)
		}
		for _, r := range records {
			if r.Offset != int64(n) || string(r.Value) != string(value(n)) {
				t.Fatalf("record %d: offset %d, %q", n, r.Offset, r.Value)
			}
			n++
		}
	}
}
