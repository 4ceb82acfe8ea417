package fluvio

import (
	"context"
	"fmt"
	"math"
	"net"
	"strconv"
	"sync"
	"time"

	"github.com/weir-stream/weir/fluvio/internal/objects"
	"github.com/weir-stream/weir/fluvio/protocol"
)

// emptyGrace is how long a first answer without any object is doubted: an SC that has just started may not have read its own
// store. Official clients never believe one.
const emptyGrace = 3 * time.Second

// mostPartitions of a topic are believed. Clusters allow far fewer; each takes memory here.
const mostPartitions = 1 << 16

// believable is the error of a topic that claims to have more.
func believable(name string, partitions uint32) error {
	if partitions > mostPartitions {
		return fmt.Errorf("topic '%s' has %d partitions by the SC's words: this client takes up to %d", name, partitions, mostPartitions)
	}
	return nil
}

// spu is a server of records.
type spu struct {
	id      int32
	name    string // its certificate's name begins with it
	address string // HOST:PORT, empty if it published none
}

type topic struct {
	partitions   uint32
	compression  protocol.CompressionAlgorithm
	segment      int  // most bytes that a batch may have, 0 if the SPUs decide
	replicated   bool // partitions have followers, so that what is written may not be committed yet
	deduplicates bool // SPUs rewrite batches
}

type replica struct {
	topic     string
	partition uint32
}

func (r replica) String() string { return r.topic + "-" + strconv.FormatUint(uint64(r.partition), 10) }

// metadata is what the watches told: which SPU leads which partition of which topic, and where it is. After a lost connection it
// stays as it was until the next one has told everything again.
type metadata struct {
	local bool // prefer addresses for clients in the SPUs' network

	mu      sync.Mutex
	spus    map[string]spu
	topics  map[string]topic
	leaders map[replica]int32
	settled map[protocol.ObjectKind]time.Time // since when what is not known does not exist; absent while the watch has not told
	changed chan struct{}                     // closed at the next change
	follows map[*follow]struct{}

	incarnations map[string]uint64 // of topics, drawn from made: another one if a topic is deleted and made again
	made         uint64
}

func newMetadata(local bool) *metadata {
	return &metadata{
		local:   local,
		spus:    make(map[string]spu),
		topics:  make(map[string]topic),
		leaders: make(map[replica]int32),
		settled: make(map[protocol.ObjectKind]time.Time),
		changed: make(chan struct{}),
		follows: make(map[*follow]struct{}),

		incarnations: make(map[string]uint64),
	}
}

// unsettle says that the watches have been lost.
func (m *metadata) unsettle() {
	m.mu.Lock()
	defer m.mu.Unlock()
	clear(m.settled)
}

// update takes over what a watch told. If All is empty and so is Changes it tells nothing (fluvio/src/sync/controller.rs).
func (m *metadata) update(resp *protocol.WatchResponse) {
	m.mu.Lock()
	defer m.mu.Unlock()
	switch _, settled := m.settled[resp.Kind]; {
	case len(resp.All) > 0:
		m.drop(resp.Kind)
		for i := range resp.All {
			m.put(&resp.All[i])
		}
		m.forget(resp.Kind)
		m.settled[resp.Kind] = time.Now()
	case len(resp.Changes) > 0:
		for i := range resp.Changes {
			m.change(resp.Kind, &resp.Changes[i])
		}
		m.settled[resp.Kind] = time.Now()
	case settled:
		return
	default:
		m.drop(resp.Kind)
		m.settled[resp.Kind] = time.Now().Add(emptyGrace)
	}
	close(m.changed)
	m.changed = make(chan struct{})
	for f := range m.follows {
		f.check(m)
	}
}

// forget forgets the incarnations of topics that are gone, when all that are there have been told. A connection that begins with an
// empty answer does not say that: an SC that has just started knows of nothing.
func (m *metadata) forget(kind protocol.ObjectKind) {
	if kind != protocol.KindTopic {
		return
	}
	for name := range m.incarnations {
		if _, there := m.topics[name]; !there {
			delete(m.incarnations, name)
		}
	}
}

func (m *metadata) change(kind protocol.ObjectKind, c *protocol.MetadataChange) {
	if c.Type == protocol.ChangeTypeDelete {
		m.remove(kind, c.Object.Name)
		return
	}
	m.put(&c.Object)
}

func (m *metadata) drop(kind protocol.ObjectKind) {
	switch kind {
	case protocol.KindSpu:
		clear(m.spus)
	case protocol.KindTopic:
		clear(m.topics)
	case protocol.KindPartition:
		clear(m.leaders)
	}
}

func (m *metadata) put(object *protocol.Metadata) {
	switch spec := object.Spec.(type) {
	case *protocol.SpuSpec:
		m.spus[object.Name] = spu{id: spec.ID, name: object.Name, address: m.address(spec)}
	case *protocol.TopicSpec:
		m.topics[object.Name] = newTopic(spec)
		if _, known := m.incarnations[object.Name]; !known {
			m.made++
			m.incarnations[object.Name] = m.made
		}
	case *protocol.PartitionSpec:
		if r, ok := parseReplica(object.Name); ok {
			m.leaders[r] = spec.Leader
		}
	}
}

func (m *metadata) remove(kind protocol.ObjectKind, name string) {
	switch kind {
	case protocol.KindSpu:
		delete(m.spus, name)
	case protocol.KindTopic:
		delete(m.topics, name)
		delete(m.incarnations, name)
	case protocol.KindPartition:
		if r, ok := parseReplica(name); ok {
			delete(m.leaders, r)
		}
	}
}

// address is where this client reaches an SPU.
func (m *metadata) address(spec *protocol.SpuSpec) string {
	if local := spec.PublicEndpointLocal; m.local && local != nil {
		return net.JoinHostPort(local.Host, strconv.Itoa(int(local.Port)))
	}
	return objects.Address(&spec.PublicEndpoint)
}

func newTopic(spec *protocol.TopicSpec) topic {
	t := topic{
		partitions:   partitionCount(spec),
		compression:  spec.CompressionType,
		replicated:   replicated(spec),
		deduplicates: spec.Deduplication != nil,
	}
	if spec.Storage != nil && spec.Storage.SegmentSize != nil {
		t.segment = int(min(*spec.Storage.SegmentSize, math.MaxInt32))
	}
	return t
}

// replicated tells whether a topic's partitions are to have followers.
func replicated(spec *protocol.TopicSpec) bool {
	switch replicas := spec.Replicas.Value.(type) {
	case *protocol.ComputedReplicas:
		return replicas.ReplicationFactor > 1
	case *protocol.AssignedReplicas:
		for _, p := range replicas.Partitions {
			if len(p.Replicas) > 1 {
				return true
			}
		}
	}
	return false
}

// partitionCount is how many partitions a topic is to have.
func partitionCount(spec *protocol.TopicSpec) uint32 {
	switch replicas := spec.Replicas.Value.(type) {
	case *protocol.ComputedReplicas:
		return replicas.Partitions
	case *protocol.AssignedReplicas:
		return uint32(len(replicas.Partitions))
	case *protocol.MirrorReplicas:
		if home, ok := replicas.Value.(*protocol.HomeMirrorReplicas); ok {
			return uint32(len(home.Partitions))
		}
		if remote, ok := replicas.Value.(*protocol.RemoteMirrorReplicas); ok {
			return uint32(len(remote.HomeSpus))
		}
	}
	return 0
}

func parseReplica(name string) (replica, bool) {
	topic, partition, ok := objects.SplitPartition(name)
	return replica{topic, partition}, ok
}

// topic waits until it is known what there is of a topic.
func (m *metadata) topic(ctx context.Context, name string) (t topic, err error) {
	err = m.await(ctx, func() (pending, err error) {
		var ok bool
		if t, ok = m.topics[name]; ok {
			return nil, nil
		}
		return m.absent(protocol.KindTopic, fmt.Errorf("%w: '%s'", ErrTopicNotFound, name))
	})
	return t, err
}

// leader waits until it is known which SPU leads a partition, and where it is.
func (m *metadata) leader(ctx context.Context, r replica) (s spu, err error) {
	err = m.await(ctx, func() (pending, err error) {
		s, pending, err = m.find(r)
		return pending, err
	})
	return s, err
}

// find returns the leader, or why it is not known yet, or the error if it will not be.
func (m *metadata) find(r replica) (s spu, pending, err error) {
	t, ok := m.topics[r.topic]
	if !ok {
		pending, err = m.absent(protocol.KindTopic, fmt.Errorf("%w: '%s'", ErrTopicNotFound, r.topic))
		return spu{}, pending, err
	}
	if r.partition >= t.partitions {
		return spu{}, nil, fmt.Errorf("%w: %d of topic '%s', which has %d", ErrPartitionNotFound, r.partition, r.topic, t.partitions)
	}
	id, ok := m.leaders[r]
	if !ok {
		return spu{}, fmt.Errorf("partition %v is not there yet", r), nil
	}
	for _, s := range m.spus {
		if s.id == id && s.address != "" {
			return s, nil, nil
		}
	}
	return spu{}, fmt.Errorf("leader of partition %v, SPU %d, has no known address", r, id), nil
}

// absent decides if an object that is not known does not exist.
func (m *metadata) absent(kind protocol.ObjectKind, notFound error) (pending, err error) {
	since, ok := m.settled[kind]
	switch {
	case !ok:
		return fmt.Errorf("the SC has not told its %ss yet", kind), nil
	case time.Now().Before(since):
		return fmt.Errorf("the SC has told no %ss yet", kind), nil
	}
	return nil, notFound
}

// await calls look, with the mutex held, at every change until it has an answer. When ctx ends the error says what was missing.
func (m *metadata) await(ctx context.Context, look func() (pending, err error)) error {
	for {
		m.mu.Lock()
		pending, err := look()
		changed := m.changed
		m.mu.Unlock()
		if pending == nil || err != nil {
			return err
		}
		select {
		case <-changed:
		case <-time.After(emptyGrace):
		case <-ctx.Done():
			return fmt.Errorf("%w: %w", pending, context.Cause(ctx))
		}
	}
}

// missing says what a topic lacks to be there, with a leader for every partition, or to be gone. The mutex is held.
func (m *metadata) missing(name string, present bool) error {
	t, known := m.topics[name]
	switch {
	case known && !present:
		return fmt.Errorf("topic '%s' is still there", name)
	case !known && present:
		return fmt.Errorf("topic '%s' is not there yet", name)
	}
	for p := range t.partitions {
		if _, pending, err := m.find(replica{name, p}); pending != nil || err != nil {
			return pending
		}
	}
	return nil
}

// count is the number of partitions of a topic as far as known, without waiting.
func (m *metadata) count(name string) uint32 {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.topics[name].partitions
}

// incarnation is a topic's; 0 while it is not known to be there.
func (m *metadata) incarnation(name string) uint64 {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.incarnations[name]
}

// watchCount is count, and a channel that is closed when anything changes.
func (m *metadata) watchCount(name string) (uint32, <-chan struct{}) {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.topics[name].partitions, m.changed
}

// follow is someone connected to the leader of a partition.
type follow struct {
	replica replica
	leader  spu
	moved   func(error)
}

// follow calls moved, once, when the partition has another leader or is gone. Call stop when it does not matter any more.
func (m *metadata) follow(r replica, leader spu, moved func(error)) (stop func()) {
	f := &follow{replica: r, leader: leader, moved: moved}
	m.mu.Lock()
	defer m.mu.Unlock()
	m.follows[f] = struct{}{}
	f.check(m)
	return func() {
		m.mu.Lock()
		defer m.mu.Unlock()
		delete(m.follows, f)
	}
}

// check is called with the mutex held. What is merely not known yet is no reason to leave a connection that works.
func (f *follow) check(m *metadata) {
	s, pending, err := m.find(f.replica)
	switch {
	case pending != nil, err == nil && s == f.leader:
		return
	case err == nil:
		err = fmt.Errorf("%w: %s, at %s", errLeaderMoved, s.name, s.address)
	}
	delete(m.follows, f)
	f.moved(err)
}
