package fluvio_test

import (
	"bytes"
	"errors"
	"slices"
	"strings"
	"testing"
	"testing/synctest"

	"github.com/weir-stream/weir/fluvio"
	"github.com/weir-stream/weir/fluvio/admin"
	"github.com/weir-stream/weir/fluvio/protocol"
	"github.com/weir-stream/weir/fluvio/record"
)

func firstOf(t testing.TB, set []byte) (b record.Batch, rest []byte) {
	t.Helper()
	b, rest, err := record.Next(set)
	if err != nil {
		t.Fatal(err)
	}
	return b, rest
}

// TestBatchesAreForwardedAsTheyAre copies a topic of every compression to another one, batch by batch.
func TestBatchesAreForwardedAsTheyAre(t *testing.T) {
	c := cluster(t, 1)
	if err := admin.New(c).CreateTopic(soon(t), "copy", admin.TopicConfig{}); err != nil {
		t.Fatal(err)
	}
	n := 0
	for i, compression := range []fluvio.Compression{fluvio.NoCompression, fluvio.Gzip, fluvio.Snappy, fluvio.LZ4, fluvio.Zstd} {
		p := newProducer(t, c, fluvio.WithCompression(compression), fluvio.WithBatchSize(1<<10), fluvio.WithSequence(int64(i)))
		produce(t, p, n, n+200)
		n += 200
		if err := p.Close(soon(t)); err != nil {
			t.Fatal(err)
		}
	}
	sequences := map[string]fluvio.ProducerOption{"without a sequence": nil, "with one": fluvio.WithSequence(99)}
	for name, option := range sequences {
		options := []fluvio.ProducerOption{fluvio.WithMaxBuffered(2 << 20)}
		if option != nil {
			options = append(options, option)
		}
		to, err := c.Producer(soon(t), "copy", options...)
		if err != nil {
			t.Fatal(err)
		}
		start, err := c.Offsets(soon(t), "copy", 0)
		if err != nil {
			t.Fatal(err)
		}
		var sent []fluvio.Batch
		from := newConsumer(t, c, 0, fluvio.Beginning(), fluvio.WithUntil(int64(n)))
		for from.Position() < int64(n) {
			b, err := from.PollBatch(soon(t))
			if err != nil {
				t.Fatal(err)
			}
			before := bytes.Clone(b)
			if err := to.ProduceBatch(soon(t), 0, b); err != nil {
				t.Fatal(err)
			}
			if !bytes.Equal(b, before) {
				t.Fatal("the caller's batch was changed")
			}
			sent = append(sent, b)
		}
		if err := to.Close(soon(t)); err != nil {
			t.Fatal(err)
		}
		back, err := c.Consumer(soon(t), "copy", 0, fluvio.At(start.Next))
		if err != nil {
			t.Fatal(err)
		}
		ordinal := int64(0)
		for _, want := range sent {
			got, err := back.PollBatch(soon(t))
			if err != nil {
				t.Fatal(err)
			}
			s, ok := got.Sequence()
			if ok != (option != nil) || ok && s != (record.Sequence{Writer: 99, Ordinal: ordinal}) {
				t.Fatalf("%s: sequence %+v %v", name, s, ok)
			}
			if !bytes.Equal(got.Payload(), want.Payload()) || got.Attributes() != want.Attributes() || got.FirstTimestamp() != want.FirstTimestamp() {
				t.Fatalf("%s: batch at offset %d is another one", name, got.BaseOffset())
			}
			ordinal += got.RecordCount()
		}
		back.Close()
	}
}

func TestForwardedBatchesKeepTheirPlaceAmongRecords(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newFake(t, 1)
		var log produced
		f.spu = log.accept
		c, stop := f.connect()
		var deliveries []fluvio.Delivery
		p := newProducer(t, c, fluvio.WithOnDelivery(func(d fluvio.Delivery) { deliveries = append(deliveries, d) }))
		mustProduce(t, p, 0, "a")
		if err := p.ProduceBatch(t.Context(), 0, batchOf(t, 7, "b", "c")); err != nil {
			t.Fatal(err)
		}
		mustProduce(t, p, 0, "d")
		if err := p.ProduceBatch(t.Context(), 0, batchOf(t, 7, "e")); err != nil {
			t.Fatal(err)
		}
		if err := p.Close(t.Context()); err != nil {
			t.Fatal(err)
		}
		if got := log.all(); !slices.Equal(got, []string{"a", "b", "c", "d", "e"}) {
			t.Errorf("%q", got)
		}
		first := int64(0)
		for _, d := range deliveries {
			if d.First != first || d.Offset != first {
				t.Errorf("%+v", d)
			}
			first += int64(d.Records)
		}
		if acked, _ := p.Acknowledged(0); acked != 5 || first != 5 {
			t.Errorf("%d acknowledged", acked)
		}
		stop()
	})
}

func TestABatchThatMustNotBeForwardedIsRefused(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newFake(t, 1)
		var log produced
		f.spu = log.accept
		f.set(protocol.KindTopic, protocol.Metadata{Name: "t", Spec: &protocol.TopicSpec{
			Replicas:        protocol.ReplicaSpec{Tag: protocol.ReplicaSpecComputed, Value: &protocol.ComputedReplicas{Partitions: 1, ReplicationFactor: 1}},
			CompressionType: protocol.CompressionAlgorithmNone,
		}})
		c, stop := f.connect()
		p := newProducer(t, c, fluvio.WithMaxRequestSize(1024))
		good := batchOf(t, 0, "a")
		change := func(f func(b []byte)) []byte {
			b := bytes.Clone(good)
			f(b)
			record.Batch(b).ClearSequence() // makes the checksum right again
			return b
		}
		for name, tc := range map[string]struct {
			batch []byte
			is    error
			says  string
		}{
			"nothing":           {nil, fluvio.ErrCorrupt, ""},
			"a piece":           {good[:60], fluvio.ErrCorrupt, ""},
			"two":               {append(bytes.Clone(good), good...), fluvio.ErrCorrupt, "bytes behind it"},
			"wrong checksum":    {append(bytes.Clone(good[:len(good)-1]), 'x'), fluvio.ErrCorrupt, "checksum"},
			"no records":        {change(func(b []byte) { copy(b[23:27], "\xff\xff\xff\xff") }), fluvio.ErrCorrupt, "no records"},
			"other compression": {change(func(b []byte) { b[22] = 1 }), fluvio.ErrCompression, "takes none, not gzip"},
			"unknown":           {change(func(b []byte) { b[22] = 7 }), fluvio.ErrCorrupt, "unknown compression"},
			"schema id":         {change(func(b []byte) { b[22] = 0x10 }), fluvio.ErrCorrupt, "schema id"},
			"too large":         {batchOf(t, 0, strings.Repeat("x", 1024)), fluvio.ErrBatchTooLarge, "limit 1024"},
		} {
			if err := p.ProduceBatch(t.Context(), 0, tc.batch); !errors.Is(err, tc.is) || !strings.Contains(err.Error(), tc.says) {
				t.Errorf("%s: %v", name, err)
			}
		}
		if err := p.ProduceBatch(t.Context(), 1, good); !errors.Is(err, fluvio.ErrPartitionNotFound) {
			t.Errorf("%v", err)
		}
		if err := p.ProduceBatch(t.Context(), 0, good); err != nil {
			t.Error(err)
		}
		if err := p.Close(t.Context()); err != nil || !slices.Equal(log.all(), []string{"a"}) {
			t.Errorf("%v: %q", err, log.all())
		}
		if err := p.ProduceBatch(t.Context(), 0, good); !errors.Is(err, fluvio.ErrClosed) {
			t.Errorf("%v", err)
		}
		stop()
	})
}
