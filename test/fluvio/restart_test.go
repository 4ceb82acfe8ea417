package behaviour

import (
	"errors"
	"testing"

	"github.com/weir-stream/weir/fluvio"
	"github.com/weir-stream/weir/fluvio/admin"
	"github.com/weir-stream/weir/fluvio/broker"
)

// restarted is a broker of a test's own that it can stop and start.
type restarted struct {
	*server
	dir, sc, spu string
	broker       *broker.Broker
}

func restartable(t *testing.T) *restarted {
	t.Helper()
	r := &restarted{dir: t.TempDir()}
	r.broker = embed(t, r.dir, "", "")
	t.Cleanup(func() { stop(t, r.broker) })
	r.sc, r.spu = r.broker.SC(), r.broker.SPU()
	r.server = newServer(t, embedded, r.sc)
	return r
}

// restart stops the broker, lets do happen while it is away, and starts it on the same ports.
func (r *restarted) restart(t *testing.T, do func()) {
	t.Helper()
	stop(t, r.broker)
	do()
	r.broker = embed(t, r.dir, r.sc, r.spu)
}

// restartUnderLoad restarts the broker under a producer and a consumer, who notice nothing.
func restartUnderLoad(t *testing.T, _ *server) {
	const rounds, each = 5, 400
	r := restartable(t)
	ctx, c := limited(t), r.connect(t)
	topic := r.topic(t, c, partitions(1))
	p := producer(t, c, topic, fluvio.WithSequence(fluvio.NewWriterID()), fluvio.WithBatchSize(1000))
	reader := consumer(t, c, topic, 0, fluvio.Beginning())
	write := func(from, to int) {
		for _, record := range numbered(from, to, 50) {
			if err := p.ProduceTo(ctx, 0, record); err != nil {
				t.Fatal(err)
			}
		}
	}
	for i := range rounds {
		write(i*each, i*each+each/2)
		r.restart(t, func() { write(i*each+each/2, (i+1)*each) })
		wantNumbered(t, poll(t, reader, each), int64(i*each), i*each, (i+1)*each, 50)
	}
	if err := p.Close(ctx); err != nil {
		t.Error(err)
	}
}

// restartKeeps looks at everything that is kept.
func restartKeeps(t *testing.T, _ *server) {
	r := restartable(t)
	ctx, c := limited(t), r.connect(t)
	config := admin.TopicConfig{Partitions: 3, Replication: 1, Compression: admin.Zstd}
	topic := r.topic(t, c, config)
	writer := fluvio.NewWriterID()
	produce(t, c, topic, 2, numbered(0, 100, 50), fluvio.WithSequence(writer))
	if err := admin.New(c).CreateSmartModule(ctx, "even", evenFilter(), admin.SmartModuleConfig{}); err != nil {
		t.Fatal(err)
	}
	r.restart(t, func() {})
	wantNumbered(t, read(t, c, topic, 2, fluvio.Beginning()), 0, 0, 100, 50)
	if got, err := admin.New(c).Topic(ctx, topic); err != nil || got.Config.Compression != admin.Zstd || got.Partitions != 3 {
		t.Errorf("topic: %+v, %v", got, err)
	}
	if _, err := admin.New(c).SmartModules(ctx, "even"); err != nil {
		t.Errorf("SmartModule: %v", err)
	}
	produce(t, c, topic, 2, numbered(0, 100, 50), fluvio.WithSequence(writer)) // the same again: known
	if n := end(t, c, topic, 2); n != 100 {
		t.Errorf("%d records, want 100: the broker forgot the sequence", n)
	}
	if err := admin.New(c).DeleteTopic(ctx, topic); err != nil {
		t.Fatal(err)
	}
	r.restart(t, func() {})
	if _, err := admin.New(c).Topic(ctx, topic); !errors.Is(err, admin.ErrTopicNotFound) {
		t.Errorf("a deleted topic after a restart: %v", err)
	}
}
