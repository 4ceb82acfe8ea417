package broker

import (
	"bytes"
	"context"
	"encoding/binary"
	"io"
	"log/slog"
	"net"
	"os"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/weir-stream/weir/fluvio/internal/wire"
	"github.com/weir-stream/weir/fluvio/protocol"
	"github.com/weir-stream/weir/fluvio/record"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// patience ends a test that waits for what never comes; nothing is measured by it.
const patience = 20 * time.Second

func quiet() *slog.Logger {
	if os.Getenv("BROKER_LOG") != "" {
		return slog.New(slog.NewTextHandler(os.Stderr, &slog.HandlerOptions{Level: slog.LevelDebug}))
	}
	return slog.New(slog.NewTextHandler(io.Discard, nil))
}

// start opens a broker that is closed at the end of the test.
func start(t testing.TB, cfg Config) *Broker {
	t.Helper()
	if cfg.Dir == "" {
		cfg.Dir = t.TempDir()
	}
	if cfg.Logger == nil {
		cfg.Logger = quiet()
	}
	b, err := Open(cfg)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { stop(t, b) })
	return b
}

func stop(t testing.TB, b *Broker) {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	if err := b.Close(ctx); err != nil {
		t.Errorf("close: %v", err)
	}
}

// abort closes a broker in the middle of what it does. TestKilledProcess is about processes that die.
func abort(t testing.TB, b *Broker) {
	t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	if err := b.Close(ctx); err != nil {
		t.Errorf("abort: %v", err)
	}
}

// eventually waits for what happens after an answer was sent.
func eventually(t testing.TB, what string, is func() bool) {
	t.Helper()
	look := time.NewTicker(time.Millisecond)
	defer look.Stop()
	for deadline := time.Now().Add(patience); !is(); <-look.C {
		if time.Now().After(deadline) {
			t.Fatalf("never: %s", what)
		}
	}
}

// client is a connection that speaks frames and nothing more.
type client struct {
	t    testing.TB
	nc   net.Conn
	next int32
	got  map[int32][][]byte // bodies that came for somebody else
}

func dial(t testing.TB, addr string) *client {
	t.Helper()
	nc, err := net.DialTimeout("tcp", addr, patience)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = nc.Close() })
	return &client{t: t, nc: nc, next: 1, got: map[int32][][]byte{}}
}

func (c *client) write(b []byte) {
	c.t.Helper()
	if _, err := c.nc.Write(b); err != nil {
		c.t.Fatalf("write: %v", err)
	}
}

// send sends a request at its newest version and returns its correlation id.
func (c *client) send(req protocol.Request) int32 {
	c.t.Helper()
	id := c.next
	c.next++
	c.write(protocol.AppendRequest(nil, protocol.RequestHeader{APIVersion: req.MaxVersion(), CorrelationID: id, ClientID: "test"}, req))
	return id
}

// receive returns the next body for a correlation id.
func (c *client) receive(id int32) []byte {
	c.t.Helper()
	for {
		if bodies := c.got[id]; len(bodies) > 0 {
			c.got[id] = bodies[1:]
			return bodies[0]
		}
		if err := c.nc.SetReadDeadline(time.Now().Add(patience)); err != nil {
			c.t.Fatal(err)
		}
		frame, err := wire.ReadFrame(c.nc, nil, 1<<30)
		if err != nil {
			c.t.Fatalf("waiting for an answer to request %d: %v", id, err)
		}
		got, body, err := protocol.SplitResponse(frame)
		if err != nil {
			c.t.Fatal(err)
		}
		c.got[got] = append(c.got[got], body)
	}
}

func (c *client) decode(req protocol.Request, version int16, body []byte) protocol.Message {
	c.t.Helper()
	resp := req.NewResponse()
	if err := protocol.DecodeResponse(body, version, resp); err != nil {
		c.t.Fatal(err)
	}
	return resp
}

// call sends a request and returns its answer.
func call[R protocol.Message](c *client, req protocol.Request) R {
	c.t.Helper()
	return c.decode(req, req.MaxVersion(), c.receive(c.send(req))).(R)
}

// closed reports that the server has closed the connection without a further word.
func (c *client) closed() {
	c.t.Helper()
	if err := c.nc.SetReadDeadline(time.Now().Add(patience)); err != nil {
		c.t.Fatal(err)
	}
	b := make([]byte, 64)
	if n, err := c.nc.Read(b); n > 0 || err == nil {
		c.t.Fatalf("got %x instead of the end of the connection", b[:n])
	} else if t, ok := err.(net.Error); ok && t.Timeout() {
		c.t.Fatal("the connection is still open")
	}
}

func topicSpec(partitions uint32) *protocol.TopicSpec {
	return &protocol.TopicSpec{
		Replicas: protocol.ReplicaSpec{Tag: protocol.ReplicaSpecComputed,
			Value: &protocol.ComputedReplicas{Partitions: partitions, ReplicationFactor: 1}},
		CompressionType: protocol.CompressionAlgorithmAny,
	}
}

func create(t testing.TB, b *Broker, name string, spec *protocol.TopicSpec) {
	t.Helper()
	s := call[*protocol.Status](dial(t, b.SC()), &protocol.CreateRequest{Kind: protocol.KindTopic, Name: name, Spec: spec})
	if err := s.ErrorCode.Err(); err != nil {
		t.Fatalf("create %s: %v", name, err)
	}
}

func remove(t testing.TB, b *Broker, name string) {
	t.Helper()
	s := call[*protocol.Status](dial(t, b.SC()), &protocol.DeleteRequest{Kind: protocol.KindTopic, Object: protocol.ObjectKey{Name: name}})
	if err := s.ErrorCode.Err(); err != nil {
		t.Fatalf("delete %s: %v", name, err)
	}
}

// batchOf makes a record batch of values.
func batchOf(t testing.TB, codec record.Codec, values ...string) []byte {
	t.Helper()
	bl, err := record.NewBuilder(codec, 1<<10)
	if err != nil {
		t.Fatal(err)
	}
	for _, v := range values {
		if err := bl.Append(1_700_000_000_000, nil, []byte(v)); err != nil {
			t.Fatal(err)
		}
	}
	b, err := bl.Finish()
	if err != nil {
		t.Fatal(err)
	}
	return bytes.Clone(b)
}

func produceRequest(topic string, partition uint32, sets ...[]byte) *protocol.ProduceRequest {
	req := &protocol.ProduceRequest{TimeoutMs: 1500, Topics: []protocol.ProduceTopic{{Name: topic}}}
	for _, s := range sets {
		req.Topics[0].Partitions = append(req.Topics[0].Partitions, protocol.ProducePartition{PartitionIndex: partition, Records: s})
	}
	return req
}

// produce appends sets and returns the outcomes.
func (c *client) produce(topic string, partition uint32, sets ...[]byte) []protocol.ProducePartitionResponse {
	c.t.Helper()
	resp := call[*protocol.ProduceResponse](c, produceRequest(topic, partition, sets...))
	if len(resp.Responses) != 1 || len(resp.Responses[0].Partitions) != len(sets) {
		c.t.Fatalf("%d entries answered by %+v", len(sets), resp)
	}
	return resp.Responses[0].Partitions
}

func (c *client) mustProduce(topic string, partition uint32, sets ...[]byte) (base int64) {
	c.t.Helper()
	out := c.produce(topic, partition, sets...)
	for _, o := range out {
		if err := o.ErrorCode.Err(); err != nil {
			c.t.Fatalf("produce: %v", err)
		}
	}
	return out[0].BaseOffset
}

// consumer reads a stream.
type consumer struct {
	*client
	id      int32
	session uint32
}

func (c *client) stream(req *protocol.StreamFetchRequest) *consumer {
	c.t.Helper()
	return &consumer{client: c, id: c.send(req)}
}

func (c *client) from(topic string, partition uint32, offset int64) *consumer {
	c.t.Helper()
	return c.stream(&protocol.StreamFetchRequest{Topic: topic, Partition: partition, FetchOffset: offset, MaxBytes: 1 << 20,
		Isolation: protocol.IsolationReadCommitted})
}

// chunk returns the next message of the stream.
func (c *consumer) chunk() *protocol.StreamFetchResponse {
	c.t.Helper()
	resp := c.decode(&protocol.StreamFetchRequest{}, 25, c.receive(c.id)).(*protocol.StreamFetchResponse)
	c.session = resp.StreamID
	return resp
}

// ack asks for what comes from offset on.
func (c *consumer) ack(offset int64) protocol.ErrorCode {
	c.t.Helper()
	resp := call[*protocol.UpdateOffsetsResponse](c.client, &protocol.UpdateOffsetsRequest{
		Offsets: []protocol.OffsetUpdate{{Offset: offset, SessionID: c.session}}})
	return resp.Status[0].ErrorCode
}

// values reads until it has n values, and returns them.
func (c *consumer) values(n int) []string {
	c.t.Helper()
	var (
		out []string
		d   record.Decompressor
	)
	for len(out) < n {
		resp := c.chunk()
		if err := resp.Partition.ErrorCode.Err(); err != nil {
			c.t.Fatalf("after %d values: %v", len(out), err)
		}
		set, next := []byte(resp.Partition.Records), int64(0)
		for len(set) > 0 {
			b, rest, err := record.Next(set)
			if err != nil {
				c.t.Fatalf("chunk with a part of a batch: %v", err)
			}
			payload, err := d.Payload(b)
			if err != nil {
				c.t.Fatal(err)
			}
			recs := record.Walk(b, payload)
			for recs.Next() {
				out = append(out, string(recs.Value))
			}
			set, next = rest, b.NextOffset()
		}
		if err := c.ack(next).Err(); err != nil {
			c.t.Fatal(err)
		}
	}
	return out
}

// frame puts the length before bytes.
func frame(body ...byte) []byte {
	return append(binary.BigEndian.AppendUint32(nil, uint32(len(body))), body...)
}
