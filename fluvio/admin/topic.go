package admin

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"slices"
	"time"

	"github.com/weir-stream/weir/fluvio"
	"github.com/weir-stream/weir/fluvio/protocol"
)

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
	Deduplication    *Deduplication // nil: records are not compared
	System           bool           // hidden from ordinary lists and protected from deletion

	DryRun bool // check only; create nothing
}

// Deduplication drops records that a SmartModule of the cluster takes for duplicates.
type Deduplication struct {
	Filter string            // the SmartModule: NAME, GROUP/NAME or GROUP/NAME@VERSION
	Params map[string]string // its parameters
	Count  uint64            // how many records to look back
	Age    time.Duration     // how old they may be; 0: of any age
}

// DefaultDeduplicationFilter is the SmartModule that Fluvio's own command line asks for.
const DefaultDeduplicationFilter = "fluvio/dedup-bloom-filter@0.1.0"

// Topic is a topic as the SC knows it.
type Topic struct {
	Name        string
	Type        string // computed, assigned, or mirror
	Partitions  int
	Replication int         // replicas of a partition; of a topic with Assigned ones, of its first
	Config      TopicConfig // as created, without DryRun
	Status      string      // for example Provisioned
	Reason      string      // why it is not provisioned
	// Replicas are the ids of the SPUs of every partition, the leader's first, as far as they have been chosen.
	Replicas map[uint32][]int32
}

// CreateTopic creates a topic and waits until all its partitions are up and this client knows them. It wraps ErrTopicExists,
// ErrInvalidName, ErrInvalidConfig, ErrNotProvisioned or ErrPermission; ErrSmartModuleNotFound where the filter of Deduplication is
// not in the cluster.
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
	return a.settleTopic(ctx, name, true)
}

// AddPartitions adds n partitions behind those that a topic has, and waits until this client knows them. Records with a key go to
// other partitions from then on. The topic's partitions must have been placed by the SC. It wraps ErrTopicNotFound, ErrTopicType,
// ErrSystemTopic, ErrInvalidConfig or ErrPermission.
func (a *Admin) AddPartitions(ctx context.Context, topic string, n uint32) error {
	if n == 0 {
		return fmt.Errorf("add partitions to topic '%s': %w: want at least 1", topic, ErrInvalidConfig)
	}
	before, err := a.Topic(ctx, topic)
	if err != nil {
		return fmt.Errorf("add partitions: %w", err)
	}
	err = a.change(ctx, "add partitions to topic", topic, &protocol.UpdateRequest{
		Kind: protocol.KindTopic, Object: protocol.ObjectKey{Name: topic},
		Action: &protocol.UpdateTopicAction{Tag: protocol.UpdateTopicActionAddPartition, Value: &protocol.AddPartition{Count: n}},
	})
	if err != nil {
		return err
	}
	return a.settle(ctx, func(ctx context.Context) error {
		return a.client.AwaitPartitions(ctx, topic, before.Partitions+int(n))
	})
}

// DeleteTopic deletes a topic and its records, and waits until this client knows. It wraps ErrTopicNotFound, ErrSystemTopic,
// ErrMirrorType or ErrPermission.
func (a *Admin) DeleteTopic(ctx context.Context, name string) error {
	return a.deleteTopic(ctx, name, false)
}

// ForceDeleteTopic deletes even a system topic, which the cluster may not do without.
func (a *Admin) ForceDeleteTopic(ctx context.Context, name string) error {
	return a.deleteTopic(ctx, name, true)
}

func (a *Admin) deleteTopic(ctx context.Context, name string, force bool) error {
	err := a.change(ctx, "delete topic", name, &protocol.DeleteRequest{
		Kind: protocol.KindTopic, Object: protocol.ObjectKey{Name: name}, Force: force,
	})
	if err != nil {
		return err
	}
	return a.settleTopic(ctx, name, false)
}

func (a *Admin) settleTopic(ctx context.Context, name string, present bool) error {
	return a.settle(ctx, func(ctx context.Context) error { return a.client.AwaitTopic(ctx, name, present) })
}

// settle waits a little for the client's own metadata, which comes another way. That it is late is no error: it is done.
func (a *Admin) settle(ctx context.Context, await func(context.Context) error) error {
	late := errors.New("metadata is late")
	limited, cancel := context.WithTimeoutCause(ctx, settleTime, late)
	defer cancel()
	err := await(limited)
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

// SystemTopics lists the topics that the cluster keeps for itself, by name.
func (a *Admin) SystemTopics(ctx context.Context) ([]Topic, error) { return a.topics(ctx, nil, true) }

// WatchTopics watches all topics, system topics too; see Change.
func (a *Admin) WatchTopics(ctx context.Context) iter.Seq2[Change[Topic], error] {
	return watch(ctx, a, protocol.KindTopic, func(object *protocol.Metadata) (Topic, bool) { return newTopic(object), true })
}

// Topic describes one topic, system topics included. It wraps ErrTopicNotFound.
func (a *Admin) Topic(ctx context.Context, name string) (Topic, error) {
	topics, err := a.Topics(ctx, name)
	if err != nil {
		return Topic{}, err
	}
	return topics[0], nil
}
