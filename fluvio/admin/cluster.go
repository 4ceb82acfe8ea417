package admin

import (
	"cmp"
	"context"
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
	Status        string  // for example Online
	HighWatermark int64   // first offset that is not committed; -1 if not known
	LogEnd        int64   // the next offset to be written; -1 if not known
	LogStart      int64   // first offset there is
	Size          int64   // bytes on disk; negative if not known
}

// SPU is a server that holds partitions.
type SPU struct {
	ID             int32
	Name           string
	Type           string // Managed or Custom
	PublicEndpoint string // HOST:PORT for clients
	Rack           string
	Status         string // Online, Offline or Init
}

// Partitions lists the partitions of topics, in order: of those named, or of all but system topics. A topic without partitions, or
// that is not there, has none.
func (a *Admin) Partitions(ctx context.Context, topics ...string) ([]Partition, error) {
	objects, err := a.list(ctx, &protocol.ListRequest{Kind: protocol.KindPartition})
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

// SPUs lists the SPUs by name.
func (a *Admin) SPUs(ctx context.Context) ([]SPU, error) {
	objects, err := a.list(ctx, &protocol.ListRequest{Kind: protocol.KindSpu})
	if err != nil {
		return nil, err
	}
	var spus []SPU
	for i := range objects {
		spus = append(spus, newSPU(&objects[i]))
	}
	return spus, nil
}

func newPartition(object *protocol.Metadata) (Partition, bool) {
	topic, n, ok := objects.SplitPartition(object.Name)
	p := Partition{Topic: topic, Partition: n}
	if spec, ok := object.Spec.(*protocol.PartitionSpec); ok {
		p.Leader, p.Replicas = spec.Leader, spec.Replicas
	}
	if status, ok := object.Status.(*protocol.PartitionStatus); ok {
		p.Status = status.Resolution.String()
		p.HighWatermark, p.LogEnd = status.Leader.HW, status.Leader.LEO
		p.LogStart, p.Size = status.BaseOffset, status.Size
	}
	return p, ok
}

func newSPU(object *protocol.Metadata) SPU {
	s := SPU{Name: object.Name}
	if spec, ok := object.Spec.(*protocol.SpuSpec); ok {
		s.ID, s.Type, s.PublicEndpoint = spec.ID, spec.SpuType.String(), objects.Address(&spec.PublicEndpoint)
		if spec.Rack != nil {
			s.Rack = *spec.Rack
		}
	}
	if status, ok := object.Status.(*protocol.SpuStatus); ok {
		s.Status = status.Resolution.String()
	}
	return s
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
