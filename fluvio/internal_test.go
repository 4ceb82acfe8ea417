package fluvio

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/weir-stream/weir/fluvio/protocol"
	"github.com/weir-stream/weir/fluvio/record"
)

// TestKeysGoWhereOfficialClientsSendThem uses sums of a SipHash-2-4 that reproduces the vector of its paper.
func TestKeysGoWhereOfficialClientsSendThem(t *testing.T) {
	for key, want := range map[string]struct {
		sum                 uint64
		of2, of3, of4, of10 uint32
	}{
		"":                 {0xe849e8bb6ffe2567, 1, 2, 3, 9},
		"a":                {0xfeb15081b68ca86b, 1, 1, 3, 7},
		"key":              {0x1bf94d5174027fca, 0, 2, 2, 6},
		"alpha":            {0x860cb1bbe2a6cd1e, 0, 0, 2, 2},
		"user-42":          {0xf6e2dfff2b9c3615, 1, 0, 1, 9},
		"0123456789abcdef": {0xc4d0363f590e0c1b, 1, 0, 3, 3},
	} {
		k := []byte(key)
		if got := keySum(k); got != want.sum {
			t.Errorf("%q: sum %x, want %x", key, got, want.sum)
		}
		for n, p := range map[int]uint32{1: 0, 2: want.of2, 3: want.of3, 4: want.of4, 10: want.of10} {
			if got := KeyHash().Partition(Record{Key: k}, n); got != p {
				t.Errorf("%q: partition %d of %d, want %d", key, got, n, p)
			}
		}
	}
	p := KeyHash()
	for n := range uint32(7) {
		if got := p.Partition(Record{Value: []byte("v")}, 3); got != n%3 {
			t.Errorf("record %d without a key: partition %d", n, got)
		}
	}
}

func TestMetadataIsReadAsOfficialClientsDo(t *testing.T) {
	for name, tc := range map[string]struct {
		replicas protocol.ReplicaSpecValue
		want     uint32
	}{
		"computed": {&protocol.ComputedReplicas{Partitions: 7}, 7},
		"assigned": {&protocol.AssignedReplicas{Partitions: make([]protocol.PartitionMap, 3)}, 3},
		"home":     {&protocol.MirrorReplicas{Value: &protocol.HomeMirrorReplicas{Partitions: make([]protocol.HomePartitionConfig, 2)}}, 2},
		"remote":   {&protocol.MirrorReplicas{Value: &protocol.RemoteMirrorReplicas{HomeSpus: make([]protocol.HomeSpu, 4)}}, 4},
		"nothing":  {nil, 0},
	} {
		if got := partitionCount(&protocol.TopicSpec{Replicas: protocol.ReplicaSpec{Value: tc.replicas}}); got != tc.want {
			t.Errorf("%s: %d partitions", name, got)
		}
	}
	for name, tc := range map[string]struct {
		spec protocol.TopicSpec
		want topic
	}{
		"one replica":  {protocol.TopicSpec{Replicas: protocol.ReplicaSpec{Value: &protocol.ComputedReplicas{Partitions: 2, ReplicationFactor: 1}}}, topic{partitions: 2}},
		"two replicas": {protocol.TopicSpec{Replicas: protocol.ReplicaSpec{Value: &protocol.ComputedReplicas{ReplicationFactor: 2}}}, topic{replicated: true}},
		"assigned": {protocol.TopicSpec{Replicas: protocol.ReplicaSpec{Value: &protocol.AssignedReplicas{
			Partitions: []protocol.PartitionMap{{Replicas: []int32{1}}, {Replicas: []int32{1, 2}}},
		}}}, topic{partitions: 2, replicated: true}},
		"small segments": {protocol.TopicSpec{Storage: &protocol.TopicStorageConfig{SegmentSize: new(uint32(2048))}}, topic{segment: 2048}},
		"deduplicating":  {protocol.TopicSpec{Deduplication: &protocol.Deduplication{}}, topic{deduplicates: true}},
	} {
		if got := newTopic(&tc.spec); got != tc.want {
			t.Errorf("%s: %+v", name, got)
		}
	}
	spec := &protocol.SpuSpec{
		PublicEndpoint:      protocol.IngressPort{Port: 1, Ingress: []protocol.IngressAddr{{Hostname: new("out")}}},
		PublicEndpointLocal: &protocol.Endpoint{Port: 2, Host: "in"},
	}
	if far, near := newMetadata(false).address(spec), newMetadata(true).address(spec); far != "out:1" || near != "in:2" {
		t.Errorf("%s, %s", far, near)
	}
}

func TestNamesOfOptionsAndErrors(t *testing.T) {
	for _, c := range []Compression{NoCompression, Gzip, Snappy, LZ4, Zstd} {
		if got, err := ParseCompression(c.String()); err != nil || got != c {
			t.Errorf("%v: %v, %v", c, got, err)
		}
	}
	if _, err := ParseCompression("rar"); err == nil {
		t.Error("rar")
	}
	for want, v := range map[string]any{
		"5": At(5), "beginning+0": Beginning(), "end-3": FromEnd(3),
		"record too large: 7 bytes with its batch, limit 5": &RecordTooLargeError{7, 5},
		"produce to t-1: records 2 to 4, from number 9 of this producer on, not written: closed": &ProduceError{
			Topic: "t", Partition: 1, First: 2, Record: 9, Records: 3, Err: ErrClosed,
		},
		"produce to t-1: records 2 to 4, from number 9 of this producer on, not acknowledged (the first 1 may have been written): no answer in time": &ProduceError{
			Topic: "t", Partition: 1, First: 2, Record: 9, Records: 3, Ambiguous: true, Unknown: 1, Err: errNoAnswer,
		},
	} {
		if got := fmt.Sprint(v); got != want {
			t.Errorf("%s", got)
		}
	}
}

// TestBudgetHammer has many take more than there is; what is out never exceeds the bound and nobody is forgotten.
func TestBudgetHammer(t *testing.T) {
	b := budget{most: 100}
	var out atomic.Int64
	var running sync.WaitGroup
	for range 8 {
		running.Go(func() {
			for range 500 {
				n := rand.Int64N(100) + 1
				if err := b.take(context.Background(), n, nil, func() {}); err != nil {
					t.Error(err)
					return
				}
				if now := out.Add(n); now > 100 {
					t.Errorf("%d of 100 taken", now)
				}
				out.Add(-n)
				b.release(n)
			}
		})
	}
	running.Wait()
	if used := b.used.Load(); used != 0 {
		t.Errorf("%d left", used)
	}
}

func TestABudgetStopsWaitingWithItsOwner(t *testing.T) {
	b := budget{most: 1}
	b.used.Store(1)
	done := make(chan struct{})
	time.AfterFunc(time.Millisecond, func() { close(done) })
	if err := b.take(context.Background(), 1, done, func() {}); !errors.Is(err, ErrClosed) {
		t.Error(err)
	}
}

// set builds batches of records, back to back, from an offset on.
func set(offset int64, sizes []int) []byte {
	var all []byte
	for _, n := range sizes {
		builder, err := record.NewBuilder(record.None, 0)
		if err != nil {
			panic(err)
		}
		for range n {
			if err := builder.Append(1, nil, []byte("value")); err != nil {
				panic(err)
			}
		}
		b, err := builder.Finish()
		if err != nil {
			panic(err)
		}
		b.SetBaseOffset(offset)
		all = append(all, b...)
		offset = b.NextOffset()
	}
	return all
}

func TestACutSetIsKeptUpToItsLastWholeBatch(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		base := rapid.Int64Range(0, 1<<40).Draw(t, "base")
		sizes := rapid.SliceOfN(rapid.IntRange(1, 5), 1, 6).Draw(t, "sizes")
		all := set(base, sizes)
		cut := rapid.IntRange(0, len(all)).Draw(t, "cut")
		next := base + rapid.Int64Range(0, int64(sizes[0]-1)).Draw(t, "within the first")
		whole, after, need, err := wholeBatches(all[:cut], next)
		if err != nil {
			t.Fatal(err)
		}
		want, wantAfter := 0, next
		for i := range sizes {
			end := len(set(base, sizes[:i+1]))
			if end > cut {
				break
			}
			want, wantAfter = end, record.Batch(set(base, sizes[:i+1])[want:]).NextOffset()
		}
		if len(whole) != want || after != wantAfter {
			t.Fatalf("cut at %d of %d: kept %d up to offset %d, want %d up to %d", cut, len(all), len(whole), after, want, wantAfter)
		}
		if first := len(set(base, sizes[:1])); want == 0 && cut >= 12 && need != first || want > 0 && need != 0 {
			t.Fatalf("need %d, first batch has %d", need, first)
		}
	})
}

func FuzzWholeBatches(f *testing.F) {
	f.Add(set(0, []int{1, 2}), int64(0))
	f.Add(set(7, []int{3})[:40], int64(8))
	f.Fuzz(func(t *testing.T, data []byte, next int64) {
		whole, after, need, err := wholeBatches(data, next)
		if err != nil {
			if !errors.Is(err, ErrCorrupt) || after != next || whole != nil {
				t.Fatalf("%v, %d, %d bytes", err, after, len(whole))
			}
			return
		}
		if !bytes.HasPrefix(data, whole) || after < next || need < 0 || (len(whole) == 0) != (after == next) {
			t.Fatalf("%d bytes of %d, from %d to %d, need %d", len(whole), len(data), next, after, need)
		}
		again, same, _, err := wholeBatches(whole, next)
		if err != nil || len(again) != len(whole) || same != after {
			t.Fatalf("again: %d bytes to %d, %v", len(again), same, err)
		}
	})
}
