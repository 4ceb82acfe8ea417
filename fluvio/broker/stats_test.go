package broker

import (
	"slices"
	"testing"

	"github.com/weir-stream/weir/fluvio/protocol"
	"github.com/weir-stream/weir/fluvio/record"
)

func requestsOf(s ServerStats, name, outcome string) uint64 {
	i := slices.IndexFunc(s.Requests, func(r RequestStats) bool { return r.Name == name && r.Outcome == outcome })
	if i < 0 {
		return 1 << 63
	}
	return s.Requests[i].Count
}

func reasonsOf(reasons []ReasonStats) map[string]uint64 {
	m := map[string]uint64{}
	for _, r := range reasons {
		m[r.Reason] = r.Count
	}
	return m
}

func TestStatsCountWhatHappened(t *testing.T) {
	b := start(t, Config{Flush: FlushEach})
	create(t, b, "t", topicSpec(2))
	c := dial(t, b.SPU())
	batch := batchOf(t, record.None, "a", "b", "c")
	before := b.Stats()
	c.mustProduce("t", 1, batch, batchOf(t, record.Zstd, "d"))
	c.produce("t", 7, batch)
	c.produce("t", 1, []byte("rubbish that is long enough to be looked at as if it were a batch of records"))
	id := "reader"
	s := c.stream(&protocol.StreamFetchRequest{Topic: "t", Partition: 1, MaxBytes: 1 << 20, ConsumerID: &id})
	s.chunk()
	if r := call[*protocol.UpdateConsumerOffsetResponse](c, &protocol.UpdateConsumerOffsetRequest{Offset: 2, SessionID: s.session}); r.ErrorCode.Tag != 0 {
		t.Fatal(r.ErrorCode)
	}
	bad := dial(t, b.SPU())
	bad.write(frame(0x27, 0x10, 0, 25, 0, 0, 0, 1, 0, 0))
	bad.closed()
	short := dial(t, b.SPU())
	short.write(frame(0))
	short.closed()
	half := dial(t, b.SPU())
	half.write(frame(0, 0, 0, 25, 0, 0, 0, 1, 0, 0, 0))
	half.closed()
	mustCreateModule(t, b, "m", moduleSpec("code"))

	eventually(t, "the last request is counted", func() bool { return requestsOf(b.Stats().SC, "Create", "ok") == 2 })
	got := b.Stats()
	if got.In.Records != 4 || got.In.Batches != 2 || got.In.Bytes == 0 || got.Out != got.In {
		t.Errorf("in %+v, out %+v", got.In, got.Out)
	}
	if n := requestsOf(got.SPU, "Produce", "ok"); n != 1 {
		t.Errorf("%d good produces", n)
	}
	if n := requestsOf(got.SPU, "Produce", "error"); n != 2 {
		t.Errorf("%d bad produces", n)
	}
	if n := requestsOf(got.SPU, "Produce", "closed"); n != 1 {
		t.Errorf("%d produces without an answer", n)
	}
	if n := requestsOf(got.SPU, "StreamFetch", "ok"); n != 1 || got.SPU.Streams != 1 {
		t.Errorf("%d streams were started, %d run", n, got.SPU.Streams)
	}
	errors := reasonsOf(got.SPU.Errors)
	if len(errors) != 2 || errors["NotLeaderForPartition"] != 1 || errors["Other"] != 1 {
		t.Errorf("errors %v", errors)
	}
	closed := reasonsOf(got.SPU.Closed)
	if closed["unknown_request"] != 1 || closed["frame_length"] != 1 || closed["malformed"] != 1 {
		t.Errorf("closed %v", closed)
	}
	if got.SPU.Accepted != 4 || got.SPU.Connections < 1 || got.SPU.BytesIn == 0 || got.SPU.BytesOut < got.Out.Bytes {
		t.Errorf("%+v", got.SPU)
	}
	if got.Fsyncs <= before.Fsyncs || got.SmartModules != 1 || got.SmartModuleBytes != 4 || got.MaxInFlightBytes != 128<<20 {
		t.Errorf("%d fsyncs, %+v", got.Fsyncs, got)
	}
	i := slices.IndexFunc(got.Partitions, func(p PartitionStats) bool { return p.Topic == "t" && p.Partition == 1 })
	if p := got.Partitions[i]; len(got.Partitions) != 3 || p.Start != 0 || p.End != 4 || p.Bytes != int64(got.In.Bytes) ||
		!slices.Equal(p.Consumers, []ConsumerStats{{ID: "reader", Offset: 2}}) {
		t.Errorf("%+v", got.Partitions)
	}
	stop(t, b)
	if after := b.Stats(); after.SPU.Connections != 0 || after.SPU.Streams != 0 || after.RequestBytes != 0 || after.In != got.In {
		t.Errorf("after the end: %+v", after)
	}
}
