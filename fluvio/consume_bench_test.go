package fluvio_test

import (
	"encoding/binary"
	"fmt"
	"io"
	"net"
	"testing"

	"github.com/weir-stream/weir/fluvio"
	"github.com/weir-stream/weir/fluvio/broker"
	"github.com/weir-stream/weir/fluvio/protocol"
	"github.com/weir-stream/weir/fluvio/record"
)

// BenchmarkConsume counts records whose key, value and timestamp were looked at, from the embedded broker in the same process, and beside
// it what it takes to pull the same bytes: the same stream and credits, read into one buffer and dropped.
func BenchmarkConsume(b *testing.B) {
	const stored = 336_776 // flights
	for _, size := range []int{16 << 10, 64 << 10, 1 << 20} {
		server := startBroker(b, broker.Config{})
		c := connect(b, server.SC())
		createTopic(b, c, "t", 1)
		p := newProducer(b, c, fluvio.WithBatchSize(size))
		for range stored {
			if err := p.ProduceTo(b.Context(), 0, fluvio.Record{Value: benchValue}); err != nil {
				b.Fatal(err)
			}
		}
		if err := p.Close(b.Context()); err != nil {
			b.Fatal(err)
		}
		run := func(name string, read func(b *testing.B)) {
			b.Run(fmt.Sprintf("batch=%dKiB/%s", size>>10, name), func(b *testing.B) {
				b.SetBytes(stored * int64(len(benchValue)))
				b.ReportAllocs()
				for b.Loop() {
					read(b)
				}
				b.ReportMetric(stored*float64(b.N)/b.Elapsed().Seconds(), "records/s")
			})
		}
		run("consumer", func(b *testing.B) {
			consumer := newConsumer(b, c, 0, fluvio.Beginning(), fluvio.WithUntil(stored))
			if n := drain(b, consumer); n != stored {
				b.Fatalf("%d records", n)
			}
			consumer.Close()
		})
		run("reusing", func(b *testing.B) {
			consumer := newConsumer(b, c, 0, fluvio.Beginning(), fluvio.WithUntil(stored), fluvio.WithReusedMemory())
			if n := drain(b, consumer); n != stored {
				b.Fatalf("%d records", n)
			}
			consumer.Close()
		})
		run("topic", func(b *testing.B) {
			consumer := newTopicConsumer(b, c, fluvio.Beginning(), fluvio.WithUntilEnd())
			n := 0
			for _, records, err := consumer.Poll(b.Context()); err == nil; _, records, err = consumer.Poll(b.Context()) {
				n += len(records)
				touch(b, records)
			}
			if n != stored {
				b.Fatalf("%d records", n)
			}
			consumer.Close()
		})
		run("pull", func(b *testing.B) { pull(b, server.SPU(), stored) })
	}
}

// pull reads a partition without a client: frames into one buffer, headers of batches looked at for the offset to ask for next.
func pull(b *testing.B, address string, until int64) {
	nc, err := net.Dial("tcp", address)
	if err != nil {
		b.Fatal(err)
	}
	defer nc.Close()
	id := int32(0)
	send := func(version int16, req protocol.Request) {
		id++
		if _, err := nc.Write(protocol.AppendRequest(nil, protocol.RequestHeader{APIVersion: version, CorrelationID: id}, req)); err != nil {
			b.Fatal(err)
		}
	}
	send(25, &protocol.StreamFetchRequest{Topic: "t", MaxBytes: 1 << 20, Isolation: protocol.IsolationReadCommitted})
	buf := make([]byte, 2<<20)
	for next := int64(0); next < until; {
		if _, err := io.ReadFull(nc, buf[:4]); err != nil {
			b.Fatal(err)
		}
		frame := buf[:binary.BigEndian.Uint32(buf)]
		if _, err := io.ReadFull(nc, frame); err != nil {
			b.Fatal(err)
		}
		if binary.BigEndian.Uint32(frame) != 1 {
			continue // a credit is confirmed
		}
		var resp protocol.StreamFetchResponse
		if err := protocol.DecodeResponse(frame[4:], 25, &resp); err != nil {
			b.Fatal(err)
		}
		for set := resp.Partition.Records; len(set) > 0; {
			batch, rest, err := record.Next(set)
			if err != nil {
				b.Fatal(err)
			}
			next, set = batch.NextOffset(), rest
		}
		send(0, &protocol.UpdateOffsetsRequest{Offsets: []protocol.OffsetUpdate{{Offset: next, SessionID: resp.StreamID}}})
	}
}

// drain reads to the end and returns how many records there were.
func drain(b *testing.B, c *fluvio.Consumer) (n int) {
	for records, err := c.Poll(b.Context()); err == nil; records, err = c.Poll(b.Context()) {
		touch(b, records)
		n += len(records)
	}
	return n
}

func touch(b *testing.B, records []fluvio.Record) {
	for i := range records {
		r := &records[i]
		if len(r.Value) != len(benchValue) || r.Value[9] != '9' || r.Key != nil || r.Timestamp <= 0 {
			b.Fatal("wrong record")
		}
	}
}
