package fluvio_test

import (
	"context"
	"fmt"
	"io"
	"maps"
	"net"
	"slices"
	"sync"
	"testing"

	"github.com/weir-stream/weir/fluvio"
	"github.com/weir-stream/weir/fluvio/internal/wire"
	"github.com/weir-stream/weir/fluvio/protocol"
	"github.com/weir-stream/weir/fluvio/record"
)

// fake is a cluster played by the test, for what the real broker does not do: an SC at sc:1 that publishes what it is told to, and SPUs
// that do what spu says. It works over net.Pipe, so also in a synctest bubble.
type fake struct {
	t testing.TB
	// spu serves one request on a connection to an SPU; returning false closes the connection. Nil answers nothing.
	spu func(c *fakeConn, h protocol.RequestHeader, req protocol.Request) bool
	// dialled is called for every connection; an error refuses it. May be nil.
	dialled func(address string) error
	// spuVersion is the highest that SPUs offer for their common requests; 0: as high as there is.
	spuVersion int16
	// claims: SPUs offer what only the embedded broker has.
	claims bool

	mu      sync.Mutex
	deaf    bool // SPUs close connections instead of shaking hands
	objects map[protocol.ObjectKind]map[string]protocol.Metadata
	watches map[*fakeConn]map[protocol.ObjectKind]protocol.RequestHeader
	conns   map[*fakeConn]bool
	running sync.WaitGroup
}

// fakeConn is the server's end of a connection.
type fakeConn struct {
	net.Conn
	*fake
	address string
	writing sync.Mutex
}

// newFake has one SPU, 1, at spu:1, and a topic t of so many partitions on it.
func newFake(t testing.TB, partitions uint32) *fake {
	f := &fake{
		t:       t,
		objects: map[protocol.ObjectKind]map[string]protocol.Metadata{protocol.KindSpu: {}, protocol.KindTopic: {}, protocol.KindPartition: {}},
		watches: map[*fakeConn]map[protocol.ObjectKind]protocol.RequestHeader{},
		conns:   map[*fakeConn]bool{},
	}
	f.setSPU(1, "spu", 1)
	f.setTopic("t", partitions)
	for p := range partitions {
		f.setLeader(p, 1)
	}
	return f
}

func (f *fake) setSPU(id int32, host string, port uint16) {
	f.set(protocol.KindSpu, protocol.Metadata{Name: fmt.Sprintf("spu-%d", id), Spec: &protocol.SpuSpec{
		ID: id, PublicEndpoint: protocol.IngressPort{Port: port, Ingress: []protocol.IngressAddr{{Hostname: &host}}},
	}})
}

func (f *fake) setTopic(name string, partitions uint32) {
	f.set(protocol.KindTopic, protocol.Metadata{Name: name, Spec: &protocol.TopicSpec{
		Replicas: protocol.ReplicaSpec{Tag: protocol.ReplicaSpecComputed, Value: &protocol.ComputedReplicas{
			Partitions: partitions, ReplicationFactor: 1,
		}},
		CompressionType: protocol.CompressionAlgorithmAny,
	}})
}

// replicate has t be a topic with two replicas.
func (f *fake) replicate() {
	f.set(protocol.KindTopic, protocol.Metadata{Name: "t", Spec: &protocol.TopicSpec{
		Replicas: protocol.ReplicaSpec{Tag: protocol.ReplicaSpecComputed, Value: &protocol.ComputedReplicas{
			Partitions: 1, ReplicationFactor: 2,
		}},
		CompressionType: protocol.CompressionAlgorithmAny,
	}})
}

// setLeader sets the leader of a partition of t.
func (f *fake) setLeader(partition uint32, spu int32) {
	f.set(protocol.KindPartition, protocol.Metadata{Name: fmt.Sprintf("t-%d", partition), Spec: &protocol.PartitionSpec{Leader: spu}})
}

// set publishes an object to all that watch.
func (f *fake) set(kind protocol.ObjectKind, object protocol.Metadata) {
	f.mu.Lock()
	f.objects[kind][object.Name] = object
	f.mu.Unlock()
	f.publish(kind, protocol.MetadataChange{Type: protocol.ChangeTypeUpdate, Object: object})
}

// remove deletes an object and tells all that watch.
func (f *fake) remove(kind protocol.ObjectKind, name string) {
	f.mu.Lock()
	object := f.objects[kind][name]
	delete(f.objects[kind], name)
	f.mu.Unlock()
	f.publish(kind, protocol.MetadataChange{Type: protocol.ChangeTypeDelete, Object: object})
}

func (f *fake) publish(kind protocol.ObjectKind, change protocol.MetadataChange) {
	f.mu.Lock()
	defer f.mu.Unlock()
	for c, watched := range f.watches {
		if h, ok := watched[kind]; ok {
			c.answer(h, &protocol.WatchResponse{Kind: kind, Changes: []protocol.MetadataChange{change}})
		}
	}
}

// connect returns a client of the cluster. It is closed, and then the fake is, when the test ends, or before by stop.
func (f *fake) connect(opts ...fluvio.Option) (c *fluvio.Client, stop func()) {
	f.t.Helper()
	c, err := fluvio.Connect(context.Background(), append([]fluvio.Option{fluvio.WithEndpoint("sc:1"), fluvio.WithDialer(f.dial)}, opts...)...)
	if err != nil {
		f.t.Fatal(err)
	}
	stop = sync.OnceFunc(func() {
		c.Close()
		f.closeAll(func(*fakeConn) bool { return true })
		f.running.Wait()
	})
	f.t.Cleanup(stop)
	return c, stop
}

func (f *fake) dial(ctx context.Context, _, address string) (net.Conn, error) {
	if f.dialled != nil {
		if err := f.dialled(address); err != nil {
			return nil, err
		}
	}
	here, there := net.Pipe()
	f.accept(there, address)
	return here, nil
}

// accept serves the server's end of a connection.
func (f *fake) accept(nc net.Conn, address string) {
	c := &fakeConn{Conn: nc, fake: f, address: address}
	f.mu.Lock()
	f.conns[c] = true
	f.mu.Unlock()
	f.running.Go(c.serve)
}

// closeAll closes the connections that match.
func (f *fake) closeAll(match func(*fakeConn) bool) {
	f.mu.Lock()
	defer f.mu.Unlock()
	for c := range f.conns {
		if match(c) {
			c.Close()
		}
	}
}

func (c *fakeConn) serve() {
	defer func() {
		c.Close()
		c.mu.Lock()
		defer c.mu.Unlock()
		delete(c.conns, c)
		delete(c.watches, c)
	}()
	server := protocol.SPU
	if c.address == "sc:1" {
		server = protocol.SC
	}
	for {
		frame, err := wire.ReadFrame(c, nil, 64<<20)
		if err != nil {
			return
		}
		h, req, err := protocol.DecodeRequest(server, frame)
		if err != nil {
			c.t.Errorf("request to %s: %v", c.address, err)
			return
		}
		switch req := req.(type) {
		case *protocol.ApiVersionsRequest:
			c.mu.Lock()
			deaf := c.deaf && server == protocol.SPU
			c.mu.Unlock()
			if deaf {
				return
			}
			offer := versionsOf(server, c.claims)
			for i := range offer.APIKeys {
				if k := &offer.APIKeys[i]; server == protocol.SPU && c.spuVersion > 0 {
					k.MaxVersion = min(k.MaxVersion, c.spuVersion)
				}
			}
			c.answer(h, offer)
		case *protocol.WatchRequest:
			c.watch(h, req.Kind)
		default:
			if c.spu == nil || !c.spu(c, h, req) {
				return
			}
		}
	}
}

func versionsOf(server protocol.Server, claims bool) *protocol.ApiVersionsResponse {
	resp := &protocol.ApiVersionsResponse{PlatformVersion: "0.18.1"}
	for _, api := range protocol.APIs(server) {
		if api.Key == protocol.KeyClaimWriter && !claims {
			continue
		}
		resp.APIKeys = append(resp.APIKeys, protocol.ApiVersionKey{APIKey: int16(api.Key), MinVersion: api.MinVersion, MaxVersion: api.MaxVersion})
	}
	return resp
}

// watch answers with everything there is.
func (c *fakeConn) watch(h protocol.RequestHeader, kind protocol.ObjectKind) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.watches[c] == nil {
		c.watches[c] = map[protocol.ObjectKind]protocol.RequestHeader{}
	}
	c.watches[c][kind] = h
	c.answer(h, &protocol.WatchResponse{Kind: kind, All: slices.Collect(maps.Values(c.objects[kind]))})
}

// answer writes a response in a goroutine's own time: a pipe has no buffer, and the test must not wait for the client.
func (c *fakeConn) answer(h protocol.RequestHeader, resp protocol.Message) {
	c.writing.Lock()
	defer c.writing.Unlock()
	c.Write(protocol.AppendResponse(nil, h.CorrelationID, h.APIVersion, resp))
}

// acknowledge answers a produce request as if its records were written at offset.
func (c *fakeConn) acknowledge(h protocol.RequestHeader, req *protocol.ProduceRequest, offset int64) {
	c.produced(h, req, protocol.ProducePartitionResponse{BaseOffset: offset})
}

// refuse answers a produce request with an error.
func (c *fakeConn) refuse(h protocol.RequestHeader, req *protocol.ProduceRequest, code protocol.ErrorCode) {
	c.produced(h, req, protocol.ProducePartitionResponse{ErrorCode: code})
}

func (c *fakeConn) produced(h protocol.RequestHeader, req *protocol.ProduceRequest, answer protocol.ProducePartitionResponse) {
	answer.PartitionIndex = req.Topics[0].Partitions[0].PartitionIndex
	c.answer(h, &protocol.ProduceResponse{Responses: []protocol.ProduceTopicResponse{{
		Name: req.Topics[0].Name, Partitions: []protocol.ProducePartitionResponse{answer},
	}}})
}

// chunk answers a stream with records.
func (c *fakeConn) chunk(h protocol.RequestHeader, stream uint32, records []byte) {
	c.answer(h, &protocol.StreamFetchResponse{Topic: "t", StreamID: stream, Partition: protocol.FetchPartitionResponse{Records: records}})
}

// streamError answers a stream with an error.
func (c *fakeConn) streamError(h protocol.RequestHeader, code protocol.ErrorCode) {
	c.answer(h, &protocol.StreamFetchResponse{Topic: "t", StreamID: 1, Partition: protocol.FetchPartitionResponse{ErrorCode: code}})
}

// offsets answers a FetchOffsets.
func (c *fakeConn) offsets(h protocol.RequestHeader, req *protocol.FetchOffsetsRequest, first, next int64) {
	c.answer(h, &protocol.FetchOffsetsResponse{Topics: []protocol.FetchOffsetsTopicResponse{{
		Name: req.Topics[0].Name, Partitions: []protocol.FetchOffsetsPartitionResponse{{
			PartitionIndex: req.Topics[0].Partitions[0].PartitionIndex, StartOffset: first, LastStableOffset: next,
		}},
	}}})
}

// recordsOf decodes what a produce request holds.
func recordsOf(t testing.TB, req *protocol.ProduceRequest) (values []string, batches int) {
	t.Helper()
	if len(req.Topics) != 1 || len(req.Topics[0].Partitions) != 1 {
		t.Errorf("request for %+v", req.Topics)
	}
	return valuesOf(t, req.Topics[0].Partitions[0].Records)
}

func valuesOf(t testing.TB, set []byte) (values []string, batches int) {
	t.Helper()
	var d record.Decompressor
	for {
		b, rest, err := record.Next(set)
		if err == io.EOF {
			return values, batches
		}
		if err == nil {
			err = b.Verify()
		}
		if err != nil {
			t.Fatal(err)
		}
		batches++
		payload, err := d.Payload(b)
		if err != nil {
			t.Fatal(err)
		}
		records := record.Walk(b, payload)
		for records.Next() {
			values = append(values, string(records.Value))
		}
		if records.Err() != nil {
			t.Fatal(records.Err())
		}
		set = rest
	}
}

// batchOf builds a batch of values at an offset.
func batchOf(t testing.TB, offset int64, values ...string) []byte {
	t.Helper()
	builder, err := record.NewBuilder(record.None, 0)
	if err != nil {
		t.Fatal(err)
	}
	for _, v := range values {
		if err := builder.Append(1_700_000_000_000, nil, []byte(v)); err != nil {
			t.Fatal(err)
		}
	}
	b, err := builder.Finish()
	if err != nil {
		t.Fatal(err)
	}
	b.SetBaseOffset(offset)
	return b
}
