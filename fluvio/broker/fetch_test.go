package broker

import (
	"strings"
	"testing"

	"github.com/weir-stream/weir/fluvio/protocol"
	"github.com/weir-stream/weir/fluvio/record"
)

func TestFetchAnswersAtOnce(t *testing.T) {
	b := start(t, Config{})
	create(t, b, "t", topicSpec(2))
	create(t, b, "empty", topicSpec(1))
	c := dial(t, b.SPU())
	one, two := batchOf(t, record.None, "a", "b"), batchOf(t, record.Gzip, strings.Repeat("c", 500))
	c.mustProduce("t", 0, one)
	c.mustProduce("t", 0, two)
	c.mustProduce("t", 1, two)
	fetch := func(maxBytes int32, topics ...protocol.FetchTopic) []protocol.FetchTopicResponse {
		t.Helper()
		return call[*protocol.FetchResponse](c, &protocol.FetchRequest{MaxWait: 1 << 20, MinBytes: 1 << 20, MaxBytes: maxBytes, Topics: topics}).Topics
	}
	at := func(topic string, partition uint32, offset int64) protocol.FetchTopic {
		return protocol.FetchTopic{Name: topic, FetchPartitions: []protocol.FetchPartition{{PartitionIndex: partition, FetchOffset: offset, MaxBytes: 1}}}
	}
	got := fetch(1<<20, at("t", 0, 1), at("t", 1, 0), at("empty", 0, 0), at("nosuch", 0, 0), at("t", 0, 4), at("t", 0, -1))
	if len(got) != 6 {
		t.Fatalf("%d topics", len(got))
	}
	for i, want := range []struct {
		records int
		end     int64
		code    protocol.ErrorCodeTag
	}{
		{len(one) + len(two), 3, 0},
		{len(two), 1, 0},
		{0, 0, 0},
		{0, 0, protocol.ErrorCodeNotLeaderForPartition},
		{0, 0, protocol.ErrorCodeOther},
		{0, 0, protocol.ErrorCodeOffsetEvicted},
	} {
		p := got[i].Partitions[0]
		if len(p.Records) != want.records || p.HighWatermark != want.end || p.ErrorCode.Tag != want.code {
			t.Errorf("%d: %d bytes, end %d, %v", i, len(p.Records), p.HighWatermark, p.ErrorCode)
		}
	}
	// The first batch comes whole however little is asked for, and then nothing more.
	got = fetch(1, at("t", 0, 0), at("t", 1, 0))
	if n, m := len(got[0].Partitions[0].Records), len(got[1].Partitions[0].Records); n != len(one) || m != 0 {
		t.Errorf("%d and %d bytes", n, m)
	}
	if out := b.Stats().Out; out.Records != 6 || out.Batches != 4 {
		t.Errorf("counted %+v", out)
	}
	eventually(t, "the memory is given back", func() bool { return b.Stats().ChunkBytes == 0 })
}
