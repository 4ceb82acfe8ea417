package admin

import (
	"cmp"
	"context"
	"iter"
	"slices"

	"github.com/weir-stream/weir/fluvio/internal/objects"
	"github.com/weir-stream/weir/fluvio/protocol"
)

// Partition is a partition as the SC knows it. What changes with every record, it knows late.
type Partition struct {
	Topic         string
	Partition     uint32
	Leader        int32   // id of the SPU to produce to and consume from
	Replicas      []int32 // ids of SPUs, the leader's first
	System        bool    // of a system topic
	Status        string  // for example Online
	HighWatermark int64   // first offset that is not committed; -1 if not known
	LogEnd        int64   // the next offset to be written; -1 if not known
	LogStart      int64   // first offset there is
	Size          int64   // bytes on disk; negative if not known
}

// Partitions lists the partitions of topics, in order: of those named, or of all but system topics. A topic without partitions, or
// that is not there, has none.
func (a *Admin) Partitions(ctx context.Context, topics ...string) ([]Partition, error) {
	partitions, err := a.partitions(ctx, topics, false)
	if err != nil || len(topics) == 0 {
		return partitions, err
	}
	system, err := a.partitions(ctx, topics, true)
	return append(partitions, system...), err
}

// SystemPartitions lists the partitions of system topics, in order.
func (a *Admin) SystemPartitions(ctx context.Context) ([]Partition, error) {
	return a.partitions(ctx, nil, true)
}

func (a *Admin) partitions(ctx context.Context, topics []string, system bool) ([]Partition, error) {
	objects, err := a.list(ctx, &protocol.ListRequest{Kind: protocol.KindPartition, System: system})
	if err != nil {
		return nil, err
	}
	var partitions []Partition
	for i := range objects {
		p, ok := newPartition(&objects[i])
		if ok && (len(topics) == 0 || slices.Contains(topics, p.Topic)) {
			partitions = append(partitions, p)
		}
	}
	return partitions, nil
}

// WatchPartitions watches all partitions, those of system topics too; see Change. Many clusters tell their offsets with every record.
func (a *Admin) WatchPartitions(ctx context.Context) iter.Seq2[Change[Partition], error] {
	return watch(ctx, a, protocol.KindPartition, newPartition)
}

func newPartition(object *protocol.Metadata) (Partition, bool) {
	topic, n, ok := objects.SplitPartition(object.Name)
	p := Partition{Topic: topic, Partition: n}
	if spec, ok := object.Spec.(*protocol.PartitionSpec); ok {
		p.Leader, p.Replicas, p.System = spec.Leader, spec.Replicas, spec.System
	}
	if status, ok := object.Status.(*protocol.PartitionStatus); ok {
		p.Status = status.Resolution.String()
		p.HighWatermark, p.LogEnd = status.Leader.HW, status.Leader.LEO
		p.LogStart, p.Size = status.BaseOffset, status.Size
	}
	return p, ok
}

// compareNames orders partitions by topic and number, and everything else by name.
func compareNames(a, b string) int {
	topicA, na, okA := objects.SplitPartition(a)
	topicB, nb, okB := objects.SplitPartition(b)
	if okA && okB && topicA == topicB {
		return cmp.Compare(na, nb)
	}
	return cmp.Compare(a, b)
}
