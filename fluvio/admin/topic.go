package admin

import (
	"context"
	"errors"
	"fmt"
	"math"
	"slices"
	"time"

	"github.com/weir-stream/weir/fluvio"
	"github.com/weir-stream/weir/fluvio/protocol"
)

// Compression says which batches a topic takes.
type Compression uint8

// The compressions of topics.
const (
	AnyCompression Compression = iota // every producer chooses
	NoCompression
	Gzip
	Snappy
	LZ4
	Zstd
)

// onWire are the numbers of the protocol, by Compression.
var onWire = []protocol.CompressionAlgorithm{
	AnyCompression: protocol.CompressionAlgorithmAny,
	NoCompression:  protocol.CompressionAlgorithmNone,
	Gzip:           protocol.CompressionAlgorithmGzip,
	Snappy:         protocol.CompressionAlgorithmSnappy,
	LZ4:            protocol.CompressionAlgorithmLz4,
	Zstd:           protocol.CompressionAlgorithmZstd,
}

var compressionNames = []string{"any", "none", "gzip", "snappy", "lz4", "zstd"}

// String is any, none, gzip, snappy, lz4 or zstd.
func (c Compression) String() string {
	if int(c) >= len(compressionNames) {
		return fmt.Sprintf("compression(%d)", uint8(c))
	}
	return compressionNames[c]
}

// ParseCompression reads what String writes.
func ParseCompression(name string) (Compression, error) {
	if i := slices.Index(compressionNames, name); i >= 0 {
		return Compression(i), nil
	}
	return 0, fmt.Errorf("%w: compression '%s': want any, none, gzip, snappy, lz4 or zstd", ErrInvalidConfig, name)
}

// maxNameLength is the longest name of a topic, in bytes.
const maxNameLength = 63

// settleTime bounds the wait for this client's own metadata to follow a change.
const settleTime = 10 * time.Second

// TopicConfig is how a topic is to be. The zero value is one partition without further replicas and the cluster's defaults.
type TopicConfig struct {
	Partitions  uint32    // 1 by default
	Replication uint32    // replicas of each partition, 1 by default
	IgnoreRack  bool      // place replicas without regard to racks
	Assigned    [][]int32 // instead of the three above: for each partition the ids of its SPUs, the leader's first

	Retention        time.Duration // age at which records may be removed; whole seconds, at least 10; 0: the cluster's default, 7 days
	SegmentSize      uint32        // bytes of a file of the log, at least 1024; 0: the cluster's default, 1 GiB
	MaxPartitionSize uint64        // bytes of a partition over which the oldest records are removed; 0: the cluster's default, 100 GiB
	Compression      Compression
	System           bool // hidden from ordinary lists and protected from deletion

	DryRun bool // check only; create nothing
}

// Topic is a topic as the SC knows it.
type Topic struct {
	Name        string
	Partitions  int
	Replication int         // replicas of a partition; of a topic with Assigned ones, of its first
	Config      TopicConfig // as created, without DryRun
	Status      string      // for example Provisioned
	Reason      string      // why it is not provisioned
	// Replicas are the ids of the SPUs of every partition, the leader's first, as far as they have been chosen.
	Replicas map[uint32][]int32
}

// CreateTopic creates a topic and waits until all its partitions are up and this client knows them. It wraps ErrTopicExists,
// ErrInvalidName, ErrInvalidConfig, ErrNotProvisioned or ErrPermission.
func (a *Admin) CreateTopic(ctx context.Context, name string, t TopicConfig) error {
	if name == "" || len(name) > maxNameLength {
		return fmt.Errorf("create topic '%s': %w: want 1 to %d bytes", name, ErrInvalidName, maxNameLength)
	}
	spec, err := t.spec()
	if err != nil {
		return fmt.Errorf("create topic '%s': %w", name, err)
	}
	err = a.change(ctx, "create topic", name, &protocol.CreateRequest{
		Kind: protocol.KindTopic, Name: name, DryRun: t.DryRun, Spec: spec,
	})
	if err != nil || t.DryRun {
		return err
	}
	return a.settle(ctx, name, true)
}

// DeleteTopic deletes a topic and its records, and waits until this client knows. It wraps ErrTopicNotFound, ErrSystemTopic or
// ErrPermission.
func (a *Admin) DeleteTopic(ctx context.Context, name string) error {
	err := a.change(ctx, "delete topic", name, &protocol.DeleteRequest{
		Kind: protocol.KindTopic, Object: protocol.ObjectKey{Name: name},
	})
	if err != nil {
		return err
	}
	return a.settle(ctx, name, false)
}

// settle waits a little for the client's own metadata, which comes another way. That it is late is no error: it is done.
func (a *Admin) settle(ctx context.Context, name string, present bool) error {
	late := errors.New("metadata is late")
	limited, cancel := context.WithTimeoutCause(ctx, settleTime, late)
	defer cancel()
	err := a.client.AwaitTopic(limited, name, present)
	if errors.Is(err, late) || errors.Is(err, fluvio.ErrUnavailable) {
		return nil
	}
	return err
}

// Topics lists topics by name: those named, or all but system topics. One that is not there is ErrTopicNotFound.
func (a *Admin) Topics(ctx context.Context, names ...string) ([]Topic, error) {
	if len(names) == 0 {
		return a.topics(ctx, nil, false)
	}
	topics, err := a.topics(ctx, names, false)
	if err == nil && len(topics) < len(names) {
		var system []Topic
		system, err = a.topics(ctx, names, true)
		topics = append(topics, system...)
	}
	if err != nil {
		return nil, err
	}
	for _, name := range names {
		if !slices.ContainsFunc(topics, func(t Topic) bool { return t.Name == name }) {
			return nil, fmt.Errorf("%w: '%s'", ErrTopicNotFound, name)
		}
	}
	return topics, nil
}

func (a *Admin) topics(ctx context.Context, names []string, system bool) ([]Topic, error) {
	req := &protocol.ListRequest{Kind: protocol.KindTopic, System: system}
	for _, name := range names {
		req.NameFilters = append(req.NameFilters, protocol.ListFilter{Name: name})
	}
	objects, err := a.list(ctx, req)
	if err != nil {
		return nil, err
	}
	var topics []Topic
	for i := range objects {
		if len(names) == 0 || slices.Contains(names, objects[i].Name) {
			topics = append(topics, newTopic(&objects[i]))
		}
	}
	return topics, nil
}

// Topic describes one topic, system topics included. It wraps ErrTopicNotFound.
func (a *Admin) Topic(ctx context.Context, name string) (Topic, error) {
	topics, err := a.Topics(ctx, name)
	if err != nil {
		return Topic{}, err
	}
	return topics[0], nil
}

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
	}
	return t
}

func (t *Topic) fill(spec *protocol.TopicSpec) {
	c := &t.Config
	switch replicas := spec.Replicas.Value.(type) {
	case *protocol.ComputedReplicas:
		c.Partitions, c.Replication, c.IgnoreRack = replicas.Partitions, replicas.ReplicationFactor, replicas.IgnoreRackAssignment
		t.Partitions, t.Replication = int(replicas.Partitions), int(replicas.ReplicationFactor)
	case *protocol.AssignedReplicas:
		for _, p := range replicas.Partitions {
			c.Assigned = append(c.Assigned, p.Replicas)
		}
		if t.Partitions = len(c.Assigned); t.Partitions > 0 {
			t.Replication = len(c.Assigned[0])
		}
	}
	if i := slices.Index(onWire, spec.CompressionType); i >= 0 {
		c.Compression = Compression(i)
	}
	c.System = spec.System
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
