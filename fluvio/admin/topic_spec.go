package admin

import (
	"fmt"
	"math"
	"slices"
	"time"

	"github.com/weir-stream/weir/fluvio/protocol"
)

// What Topic.Type says.
const (
	typeComputed = "computed" // the SC placed the partitions
	typeAssigned = "assigned" // who created the topic did
	typeMirror   = "mirror"   // of another cluster's topic, or mirrored by others
)

// spec checks what the SC would not and translates.
func (t *TopicConfig) spec() (*protocol.TopicSpec, error) {
	if int(t.Compression) >= len(onWire) {
		return nil, fmt.Errorf("%w: %v", ErrInvalidConfig, t.Compression)
	}
	spec := &protocol.TopicSpec{CompressionType: onWire[t.Compression], System: t.System}
	if len(t.Assigned) > 0 {
		spec.Replicas = assigned(t.Assigned)
	} else {
		spec.Replicas = protocol.ReplicaSpec{Tag: protocol.ReplicaSpecComputed, Value: &protocol.ComputedReplicas{
			Partitions: max(t.Partitions, 1), ReplicationFactor: max(t.Replication, 1), IgnoreRackAssignment: t.IgnoreRack,
		}}
	}
	if t.Retention != 0 {
		seconds := t.Retention / time.Second
		if seconds < 1 || seconds > math.MaxUint32 || t.Retention%time.Second != 0 {
			return nil, fmt.Errorf("%w: retention %v: want whole seconds", ErrInvalidConfig, t.Retention)
		}
		spec.CleanupPolicy = &protocol.CleanupPolicy{
			Tag: protocol.CleanupPolicySegment, Value: &protocol.SegmentPolicy{TimeInSeconds: uint32(seconds)},
		}
	}
	if t.Deduplication != nil {
		deduplication, err := t.Deduplication.spec()
		if err != nil {
			return nil, err
		}
		spec.Deduplication = deduplication
	}
	if t.SegmentSize != 0 || t.MaxPartitionSize != 0 {
		spec.Storage = new(protocol.TopicStorageConfig)
		if t.SegmentSize != 0 {
			spec.Storage.SegmentSize = &t.SegmentSize
		}
		if t.MaxPartitionSize != 0 {
			spec.Storage.MaxPartitionSize = &t.MaxPartitionSize
		}
	}
	return spec, nil
}

func (d *Deduplication) spec() (*protocol.Deduplication, error) {
	if d.Filter == "" || d.Age < 0 {
		return nil, fmt.Errorf("%w: deduplication by '%s' within %v: want the name of a SmartModule and an age of 0 or more",
			ErrInvalidConfig, d.Filter, d.Age)
	}
	spec := &protocol.Deduplication{Bounds: protocol.DeduplicationBounds{Count: d.Count}}
	if d.Age > 0 {
		spec.Bounds.Age = &d.Age
	}
	spec.Filter.Transform = protocol.DeduplicationTransform{Uses: d.Filter, With: d.Params}
	return spec, nil
}

func newDeduplication(spec *protocol.Deduplication) *Deduplication {
	d := &Deduplication{Filter: spec.Filter.Transform.Uses, Params: spec.Filter.Transform.With, Count: spec.Bounds.Count}
	if spec.Bounds.Age != nil {
		d.Age = *spec.Bounds.Age
	}
	return d
}

func assigned(partitions [][]int32) protocol.ReplicaSpec {
	replicas := new(protocol.AssignedReplicas)
	for id, spus := range partitions {
		replicas.Partitions = append(replicas.Partitions, protocol.PartitionMap{ID: uint32(id), Replicas: spus})
	}
	return protocol.ReplicaSpec{Tag: protocol.ReplicaSpecAssigned, Value: replicas}
}

// newTopic translates back.
func newTopic(object *protocol.Metadata) Topic {
	t := Topic{Name: object.Name}
	if spec, ok := object.Spec.(*protocol.TopicSpec); ok {
		t.fill(spec)
	}
	if status, ok := object.Status.(*protocol.TopicStatus); ok {
		t.Status, t.Reason, t.Replicas = status.Resolution.String(), status.Reason, status.ReplicaMap
		if t.Type == typeMirror {
			t.Partitions = len(status.ReplicaMap)
		}
	}
	return t
}

func (t *Topic) fill(spec *protocol.TopicSpec) {
	c := &t.Config
	switch replicas := spec.Replicas.Value.(type) {
	case *protocol.ComputedReplicas:
		t.Type = typeComputed
		c.Partitions, c.Replication, c.IgnoreRack = replicas.Partitions, replicas.ReplicationFactor, replicas.IgnoreRackAssignment
		t.Partitions, t.Replication = int(replicas.Partitions), int(replicas.ReplicationFactor)
	case *protocol.AssignedReplicas:
		t.Type = typeAssigned
		for _, p := range replicas.Partitions {
			c.Assigned = append(c.Assigned, p.Replicas)
		}
		if t.Partitions = len(c.Assigned); t.Partitions > 0 {
			t.Replication = len(c.Assigned[0])
		}
	case *protocol.MirrorReplicas:
		t.Type, t.Replication = typeMirror, 1
	}
	if i := slices.Index(onWire, spec.CompressionType); i >= 0 {
		c.Compression = Compression(i)
	}
	c.System = spec.System
	if spec.Deduplication != nil {
		c.Deduplication = newDeduplication(spec.Deduplication)
	}
	if spec.CleanupPolicy != nil {
		if policy, ok := spec.CleanupPolicy.Value.(*protocol.SegmentPolicy); ok {
			c.Retention = time.Duration(policy.TimeInSeconds) * time.Second
		}
	}
	if storage := spec.Storage; storage != nil {
		if storage.SegmentSize != nil {
			c.SegmentSize = *storage.SegmentSize
		}
		if storage.MaxPartitionSize != nil {
			c.MaxPartitionSize = *storage.MaxPartitionSize
		}
	}
}
