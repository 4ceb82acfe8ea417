package broker

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"reflect"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/weir-stream/weir/fluvio/protocol"
	"github.com/weir-stream/weir/fluvio/record"
)

func TestSeveralTopicsPartitionsAndEntries(t *testing.T) {
	b := start(t, Config{})
	create(t, b, "one", topicSpec(1))
	create(t, b, "three", topicSpec(3))
	c := dial(t, b.SPU())
	resp := call[*protocol.ProduceResponse](c, &protocol.ProduceRequest{Topics: []protocol.ProduceTopic{
		{Name: "three", Partitions: []protocol.ProducePartition{
			{PartitionIndex: 2, Records: batchOf(t, record.None, "a", "b")},
			{PartitionIndex: 0, Records: batchOf(t, record.Zstd, "c")},
			{PartitionIndex: 2, Records: append(batchOf(t, record.Gzip, "d"), batchOf(t, record.LZ4, "e", "f")...)},
			{PartitionIndex: 3, Records: batchOf(t, record.None, "nowhere")},
			{PartitionIndex: 2},
			{PartitionIndex: 2, Records: batchOf(t, record.Snappy, "g")},
		}},
		{Name: "one"},
		{Name: "nosuch", Partitions: []protocol.ProducePartition{{Records: batchOf(t, record.None, "x")}}},
		{Name: "one", Partitions: []protocol.ProducePartition{{Records: batchOf(t, record.None, "h")}}},
	}})
	type outcome struct {
		partition uint32
		code      protocol.ErrorCodeTag
		base      int64
	}
	var got [][]outcome
	for _, topic := range resp.Responses {
		var out []outcome
		for _, p := range topic.Partitions {
			out = append(out, outcome{p.PartitionIndex, p.ErrorCode.Tag, p.BaseOffset})
		}
		got = append(got, out)
	}
	want := [][]outcome{{{2, 0, 0}, {0, 0, 0}, {2, 0, 2}, {3, 6, 0}, {2, 0, 0}, {2, 0, 5}}, nil, {{0, 6, 0}}, {{0, 0, 0}}}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("got  %v\nwant %v", got, want)
	}
	if got := dial(t, b.SPU()).from("three", 2, 0).values(6); strings.Join(got, "") != "abdefg" {
		t.Errorf("three-2 holds %q", got)
	}
	if got := dial(t, b.SPU()).from("one", 0, 0).values(1); got[0] != "h" {
		t.Errorf("one-0 holds %q", got)
	}
}

func TestRefusedRecords(t *testing.T) {
	b := start(t, Config{MaxBatchBytes: 3000})
	small := uint32(2000)
	spec := topicSpec(1)
	spec.Storage = &protocol.TopicStorageConfig{SegmentSize: &small}
	create(t, b, "small", spec)
	create(t, b, "any", topicSpec(1))
	spec = topicSpec(1)
	spec.CompressionType = protocol.CompressionAlgorithmZstd
	create(t, b, "zstd", spec)

	good := batchOf(t, record.None, "hello")
	change := func(at int, to byte) []byte { c := bytes.Clone(good); c[at] = to; return c }
	sealed := func(f func(b []byte)) []byte {
		c := bytes.Clone(good)
		f(c)
		binary.BigEndian.PutUint32(c[17:], crc32.Checksum(c[21:], crc32.MakeTable(crc32.Castagnoli)))
		return c
	}
	module := &protocol.SmartModuleInvocation{Wasm: protocol.SmartModuleWasm{Tag: protocol.SmartModuleWasmPredefined,
		Value: &protocol.SmartModuleName{Name: "nothere"}}}
	for _, tc := range []struct {
		name, topic string
		set         []byte
		module      *protocol.SmartModuleInvocation
		want        protocol.ErrorCodeTag
		text        string
	}{
		{name: "wrong checksum", topic: "any", set: change(len(good)-2, 'X'), want: protocol.ErrorCodeOther, text: "checksum"},
		{name: "truncated", topic: "any", set: good[:len(good)-1], want: protocol.ErrorCodeOther, text: "truncated"},
		{name: "half a header", topic: "any", set: good[:30], want: protocol.ErrorCodeOther, text: "truncated"},
		{name: "no records", topic: "any", set: sealed(func(b []byte) { binary.BigEndian.PutUint32(b[23:], 0xffffffff) }),
			want: protocol.ErrorCodeOther, text: "last offset delta -1"},
		{name: "more offsets than records", topic: "any", set: sealed(func(b []byte) { b[26] = 7 }), want: protocol.ErrorCodeOther, text: "takes 8 offsets"},
		{name: "rubbish", topic: "any", set: bytes.Repeat([]byte{0xff}, 200), want: protocol.ErrorCodeOther, text: "damaged"},
		{name: "unknown codec", topic: "any", set: sealed(func(b []byte) { b[22] = 7 }), want: protocol.ErrorCodeCompressionError},
		{name: "not compressed", topic: "zstd", set: good, want: protocol.ErrorCodeCompressionError},
		{name: "compressed otherwise", topic: "zstd", set: batchOf(t, record.Gzip, "x"), want: protocol.ErrorCodeCompressionError},
		{name: "one of two compressed otherwise", topic: "zstd", set: append(batchOf(t, record.Zstd, "x"), good...), want: protocol.ErrorCodeCompressionError},
		{name: "larger than a batch may be", topic: "any", set: batchOf(t, record.None, strings.Repeat("x", 3000)), want: protocol.ErrorCodeMessageTooLarge},
		{name: "larger than a segment", topic: "small", set: batchOf(t, record.None, strings.Repeat("x", 2000)), want: protocol.ErrorCodeMessageTooLarge},
		{name: "SmartModule", topic: "any", set: good, module: module, want: protocol.ErrorCodeSmartModuleNotFound, text: "nothere"},
		{name: "unknown topic before anything else", topic: "nosuch", set: good[:3], module: module, want: protocol.ErrorCodeNotLeaderForPartition},
	} {
		t.Run(tc.name, func(t *testing.T) {
			c := dial(t, b.SPU())
			req := produceRequest(tc.topic, 0, bytes.Clone(tc.set))
			if tc.module != nil {
				req.SmartModules = append(req.SmartModules, *tc.module)
			}
			p := call[*protocol.ProduceResponse](c, req).Responses[0].Partitions[0]
			if p.ErrorCode.Tag != tc.want || !strings.Contains(p.ErrorCode.Error(), tc.text) || p.BaseOffset != 0 {
				t.Errorf("got %v at %d, want %v with %q", p.ErrorCode, p.BaseOffset, tc.want, tc.text)
			}
			if tc.topic == "nosuch" {
				return
			}
			// A refused set leaves nothing behind, and the connection goes on.
			offsets := call[*protocol.FetchOffsetsResponse](c, &protocol.FetchOffsetsRequest{Topics: []protocol.FetchOffsetsTopic{
				{Name: tc.topic, Partitions: []protocol.FetchOffsetsPartition{{}}}}})
			if p := offsets.Topics[0].Partitions[0]; p.LastStableOffset != 0 {
				t.Errorf("the log ends at %d", p.LastStableOffset)
			}
		})
	}
	t.Run("a negative timeout closes the connection", func(t *testing.T) {
		c := dial(t, b.SPU())
		req := produceRequest("any", 0, bytes.Clone(good))
		req.TimeoutMs = -1
		c.send(req)
		c.closed()
	})
}

func TestProducerSequencesComeBackUntouched(t *testing.T) {
	b := start(t, Config{})
	create(t, b, "t", topicSpec(1))
	bl, err := record.NewBuilder(record.None, 100)
	if err != nil {
		t.Fatal(err)
	}
	bl.SetProducer(0x7edcba9876543210, 0x1234, -77)
	if err := bl.Append(5, []byte("k"), []byte("v")); err != nil {
		t.Fatal(err)
	}
	sent, err := bl.Finish()
	if err != nil {
		t.Fatal(err)
	}
	c := dial(t, b.SPU())
	c.mustProduce("t", 0, batchOf(t, record.None, "first"))
	c.mustProduce("t", 0, sent)
	got, _, err := record.Next(c.from("t", 0, 1).chunk().Partition.Records)
	if err != nil {
		t.Fatal(err)
	}
	if got.ProducerID() != 0x7edcba9876543210 || got.ProducerEpoch() != 0x1234 || got.FirstSequence() != -77 || got.Verify() != nil {
		t.Errorf("got %d, %d, %d, %v", got.ProducerID(), got.ProducerEpoch(), got.FirstSequence(), got.Verify())
	}
	if !bytes.Equal(got[8:], sent[8:]) || got.BaseOffset() != 1 {
		t.Error("more than the base offset has changed")
	}
}

func TestStreamWaitsForDataAndForAcknowledgements(t *testing.T) {
	b := start(t, Config{})
	create(t, b, "t", topicSpec(1))
	p, c := dial(t, b.SPU()), dial(t, b.SPU())
	s := c.from("t", 0, 0)
	p.mustProduce("t", 0, batchOf(t, record.None, "a", "b"))
	first := s.chunk()
	if first.StreamID != 1 || first.Partition.HighWatermark != 2 {
		t.Fatalf("%+v", first)
	}
	p.mustProduce("t", 0, batchOf(t, record.None, "c"))
	p.mustProduce("t", 0, batchOf(t, record.None, "d"))
	// Without an acknowledgement nothing more comes: the answer to another request is the next frame.
	if code := (&consumer{client: c, session: 99}).ack(0); code.Tag != protocol.ErrorCodeFetchSessionNotFoud {
		t.Errorf("acknowledgement of an unknown stream: %v", code)
	}
	if len(c.got[s.id]) != 0 {
		t.Fatal("a chunk came though the one before it was not acknowledged")
	}
	if code := s.ack(2); code.Tag != 0 {
		t.Fatal(code)
	}
	if next := s.chunk(); next.Partition.HighWatermark != 4 {
		t.Fatalf("%+v", next)
	}
	// Acknowledged again, the same offset does nothing, and neither does a negative one.
	s.ack(2)
	s.ack(-1)
	s.ack(-2)
	p.mustProduce("t", 0, batchOf(t, record.None, "e"))
	call[*protocol.ApiVersionsResponse](c, &protocol.ApiVersionsRequest{ClientVersion: "1.0.0"})
	if len(c.got[s.id]) != 0 {
		t.Fatal("a chunk came for an acknowledgement that was no news")
	}
	// An offset that is still to come is waited for.
	s.ack(7)
	for _, v := range []string{"f", "g", "h"} {
		p.mustProduce("t", 0, batchOf(t, record.None, v))
	}
	if got := s.values(1); got[0] != "h" {
		t.Errorf("got %q", got)
	}
	// And one may go back.
	s.ack(0)
	if got := s.values(8); strings.Join(got, "") != "abcdefgh" {
		t.Errorf("got %q", got)
	}
}

// Official clients acknowledge what is cut off as if they had it, so however little is asked for, whole batches come.
func TestEveryRecordComesWhateverMaxBytesIs(t *testing.T) {
	b := start(t, Config{MaxFetchBytes: 50_000})
	create(t, b, "t", topicSpec(1))
	c := dial(t, b.SPU())
	var want []string
	for i := range 40 {
		v := strings.Repeat(string(rune('a'+i%26)), 1+i*i*3)
		want = append(want, v)
		c.mustProduce("t", 0, batchOf(t, record.None, v))
	}
	want = append(want, strings.Repeat("z", 100_000))
	c.mustProduce("t", 0, batchOf(t, record.None, want[len(want)-1]))
	for _, maxBytes := range []int32{-5, 0, 1, 57, 300, 5000, 1 << 30} {
		s := dial(t, b.SPU()).stream(&protocol.StreamFetchRequest{Topic: "t", MaxBytes: maxBytes})
		if got := s.values(len(want)); !reflect.DeepEqual(got, want) {
			t.Errorf("max_bytes %d: got other records", maxBytes)
		}
	}
}

func TestSeveralStreamsOnOneConnection(t *testing.T) {
	b := start(t, Config{MaxStreams: 3})
	create(t, b, "t", topicSpec(3))
	p, c := dial(t, b.SPU()), dial(t, b.SPU())
	var streams []*consumer
	for i := range uint32(3) {
		p.mustProduce("t", i, batchOf(t, record.None, fmt.Sprint("first of ", i)))
		streams = append(streams, c.from("t", i, 0))
	}
	ids := map[uint32]bool{}
	for i, s := range streams {
		if got := s.values(1); got[0] != fmt.Sprint("first of ", i) {
			t.Errorf("stream %d got %q", i, got)
		}
		ids[s.session] = true
	}
	if !ids[1] || !ids[2] || !ids[3] {
		t.Errorf("stream ids %v", ids)
	}
	for i, s := range streams {
		p.mustProduce("t", uint32(i), batchOf(t, record.None, fmt.Sprint("second of ", i)))
		if got := s.values(1); got[0] != fmt.Sprint("second of ", i) {
			t.Errorf("stream %d got %q", i, got)
		}
	}
	c.from("t", 0, 0) // one too many
	if _, err := c.nc.Read(make([]byte, 1)); err == nil {
		t.Error("more streams than allowed")
	}
}

func TestStreamErrors(t *testing.T) {
	var later atomic.Int64
	b := start(t, Config{Now: func() time.Time { return time.Now().Add(time.Duration(later.Load())) }})
	size := uint32(1024)
	spec := topicSpec(1)
	spec.Storage = &protocol.TopicStorageConfig{SegmentSize: &size}
	create(t, b, "t", spec)
	c := dial(t, b.SPU())
	for range 10 {
		c.mustProduce("t", 0, batchOf(t, record.None, strings.Repeat("x", 600)))
	}
	waiting := dial(t, b.SPU()).from("t", 0, 0)
	waiting.chunk()
	later.Store(int64(8 * 24 * time.Hour))
	b.clean()
	offsets := call[*protocol.FetchOffsetsResponse](c, &protocol.FetchOffsetsRequest{Topics: []protocol.FetchOffsetsTopic{
		{Name: "t", Partitions: []protocol.FetchOffsetsPartition{{}}}}}).Topics[0].Partitions[0]
	if offsets.StartOffset != 9 || offsets.LastStableOffset != 10 {
		t.Fatalf("%+v", offsets)
	}
	gone := func(code protocol.ErrorCode, offset int64) {
		t.Helper()
		var want protocol.ErrorCodeValue = &protocol.ErrorOffsetEvicted{Offset: offset, NextAvailable: 9}
		if code.Tag != protocol.ErrorCodeOffsetEvicted || !reflect.DeepEqual(code.Value, want) {
			t.Errorf("got %v", code)
		}
	}
	gone(c.from("t", 0, 3).chunk().Partition.ErrorCode, 3)
	// A stream that retention overtakes is told when it asks for what is gone; its id is free then.
	waiting.ack(1)
	gone(waiting.chunk().Partition.ErrorCode, 1)
	if code := waiting.ack(9); code.Tag != protocol.ErrorCodeFetchSessionNotFoud {
		t.Errorf("acknowledgement of an ended stream: %v", code)
	}
	s := c.from("t", 0, 10)
	c.mustProduce("t", 0, batchOf(t, record.None, "still served"))
	if v := s.values(1); v[0] != "still served" {
		t.Errorf("got %q", v)
	}
}

func TestDeletedTopicEndsItsStreams(t *testing.T) {
	b := start(t, Config{})
	create(t, b, "t", topicSpec(1))
	create(t, b, "other", topicSpec(1))
	c := dial(t, b.SPU())
	c.mustProduce("t", 0, batchOf(t, record.None, "a"))
	unacknowledged, waiting, other := c.from("t", 0, 0), c.from("t", 0, 1), c.from("other", 0, 0)
	unacknowledged.chunk()
	call[*protocol.FetchOffsetsResponse](c, &protocol.FetchOffsetsRequest{}) // the streams have started
	remove(t, b, "t")
	for _, s := range []*consumer{unacknowledged, waiting} {
		if got := s.chunk(); !errors.Is(got.Partition.ErrorCode, protocol.ErrorCodeTopicDeleted) {
			t.Errorf("got %v", got.Partition.ErrorCode)
		}
	}
	if p := c.produce("t", 0, batchOf(t, record.None, "b"))[0]; p.ErrorCode.Tag != protocol.ErrorCodeNotLeaderForPartition {
		t.Errorf("produce to a deleted topic: %v", p.ErrorCode)
	}
	c.mustProduce("other", 0, batchOf(t, record.None, "c"))
	if got := other.values(1); got[0] != "c" {
		t.Errorf("got %q", got)
	}
}

func TestConsumerOffsets(t *testing.T) {
	dir := t.TempDir()
	now := time.Unix(1_800_000_000, 0)
	cfg := Config{Dir: dir, Now: func() time.Time { return now }}
	b := start(t, cfg)
	create(t, b, "t", topicSpec(2))
	id := "c1"
	open := func(c *client, partition uint32, consumer *string) *committer {
		c.mustProduce("t", partition, batchOf(t, record.None, "x"))
		s := c.stream(&protocol.StreamFetchRequest{Topic: "t", Partition: partition, MaxBytes: 1000, ConsumerID: consumer})
		s.chunk()
		return &committer{s}
	}
	c := dial(t, b.SPU())
	one, two, nobody := open(c, 0, &id), open(c, 1, &id), open(c, 0, nil)
	if r := one.commit(3); r.ErrorCode.Tag != 0 || r.Offset != 3 {
		t.Errorf("%+v", r)
	}
	two.commit(4)
	two.commit(5)
	if r := nobody.commit(3); r.ErrorCode.Error() != protocol.OtherError("stream without consumer id").Error() || r.Offset != 0 {
		t.Errorf("%+v", r)
	}
	if r := (&committer{&consumer{client: c, session: 77}}).commit(3); r.ErrorCode.Tag != protocol.ErrorCodeFetchSessionNotFoud || r.Offset != 0 {
		t.Errorf("%+v", r)
	}
	list := func(c *client, f *protocol.ConsumerOffsetFilter) string {
		var out []string
		for _, e := range call[*protocol.FetchConsumerOffsetsResponse](c, &protocol.FetchConsumerOffsetsRequest{Filter: f}).Consumers {
			out = append(out, fmt.Sprintf("%s %s-%d %d@%d", e.ConsumerID, e.ReplicaID.Topic, e.ReplicaID.Partition, e.Offset, e.ModifiedTime))
		}
		return strings.Join(out, ", ")
	}
	const both = "c1 t-0 3@1800000000, c1 t-1 5@1800000000"
	expect := func(got, want string) {
		t.Helper()
		if got != want {
			t.Errorf("got  %s\nwant %s", got, want)
		}
	}
	expect(list(c, nil), both)
	other := "c2"
	expect(list(c, &protocol.ConsumerOffsetFilter{ConsumerID: &other}), "")
	expect(list(c, &protocol.ConsumerOffsetFilter{ConsumerID: &id, ReplicaID: &protocol.ReplicaKey{Topic: "t", Partition: 1}}), "c1 t-1 5@1800000000")

	abort(t, b)
	b = start(t, cfg)
	c = dial(t, b.SPU())
	expect(list(c, nil), both)
	del := func(topic string, p uint32) {
		t.Helper()
		r := call[*protocol.DeleteConsumerOffsetResponse](c, &protocol.DeleteConsumerOffsetRequest{
			ReplicaID: protocol.ReplicaKey{Topic: topic, Partition: p}, ConsumerID: id})
		if r.ErrorCode.Tag != 0 {
			t.Error(r.ErrorCode)
		}
	}
	del("t", 0)
	del("t", 0)
	del("nosuch", 0)
	expect(list(c, nil), "c1 t-1 5@1800000000")
	// A deleted topic takes them along.
	remove(t, b, "t")
	create(t, b, "t", topicSpec(2))
	expect(list(c, nil), "")
	stop(t, b)
	b = start(t, cfg)
	expect(list(dial(t, b.SPU()), nil), "")
}

// committer is a consumer that commits.
type committer struct{ *consumer }

func (c *committer) commit(offset int64) *protocol.UpdateConsumerOffsetResponse {
	c.t.Helper()
	return call[*protocol.UpdateConsumerOffsetResponse](c.client, &protocol.UpdateConsumerOffsetRequest{Offset: offset, SessionID: c.session})
}
