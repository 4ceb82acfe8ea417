package connectortest

import (
	"context"
	"fmt"
	"slices"
	"sync"

	"github.com/weir-stream/weir/host/connector"
	"github.com/weir-stream/weir/host/option"
	"github.com/weir-stream/weir/internal/fault"
)

// Memory is a connector over topics in memory, for tests of what stands above connectors. Its name is memory, its options
// are topic; for a source source.offset, source.isolation, source.lost and source.drop_stale; for a sink delivery. It starts
// no goroutine.
//
// A topic appends what has a producer sequence once: an ordinal that is there is left out, one that leaves a gap is refused.
type Memory struct {
	// MostWriters is how many writers of producer sequences each partition remembers, the last that wrote; 0: all. A writer
	// that is forgotten may start anywhere, so that ordinals come twice, or leave a gap.
	MostWriters int

	mu     sync.Mutex
	topics map[string]*memoryTopic
}

// memoryLimit is how many bytes a writer of Memory may hold unconfirmed.
const memoryLimit = 1 << 20

type memoryTopic struct {
	name        string
	mostWriters int

	mu           sync.Mutex
	changed      chan struct{} // closed and replaced when anything below changes
	partitions   []*memoryPartition
	stalls       int
	withheld     int
	deduplicates bool
}

// memoryPartition is a log.
type memoryPartition struct {
	records   []stored
	first     int64 // offset of the first one
	stable    int64 // end of what is committed while something is withheld
	writers   []memorySequence
	committed int64 // by a reader
}

// stored is a record with what its writer said of it.
type stored struct {
	connector.Message
	sequenced       bool
	writer, ordinal int64
}

// memorySequence is what a partition expects of a writer.
type memorySequence struct{ writer, next int64 }

// end is the offset of the next record.
func (p *memoryPartition) end() int64 { return p.first + int64(len(p.records)) }

// Create makes a topic. One that is there already stays as it is.
func (m *Memory) Create(topic string, partitions int) {
	m.mu.Lock()
	if m.topics == nil {
		m.topics = map[string]*memoryTopic{}
	}
	if m.topics[topic] == nil {
		m.topics[topic] = &memoryTopic{name: topic, mostWriters: m.MostWriters, changed: make(chan struct{})}
	}
	t := m.topics[topic]
	m.mu.Unlock()
	t.change(func() {
		if len(t.partitions) == 0 {
			t.grow(partitions)
		}
	})
}

// Grow gives a topic more partitions, up to so many.
func (m *Memory) Grow(topic string, partitions int) {
	t := m.topic(topic)
	t.change(func() { t.grow(partitions) })
}

func (t *memoryTopic) grow(partitions int) {
	for len(t.partitions) < partitions {
		t.partitions = append(t.partitions, new(memoryPartition))
	}
}

// Delete makes a topic unknown. Who has it open keeps it; one of that name made later is another one.
func (m *Memory) Delete(topic string) {
	m.mu.Lock()
	defer m.mu.Unlock()
	delete(m.topics, topic)
}

// same tells a topic from one that was made of its name later.
func (m *Memory) same(t *memoryTopic) error {
	if now := m.topic(t.name); now != nil && now != t {
		return fault.Inputf("topic %s was deleted and made again", t.name)
	}
	return nil
}

// Trim removes the records of a partition before an offset, as retention does.
func (m *Memory) Trim(topic string, partition uint32, before int64) {
	t := m.topic(topic)
	t.change(func() {
		p := t.partitions[partition]
		n := min(max(before-p.first, 0), int64(len(p.records)))
		p.records, p.first = slices.Clone(p.records[n:]), p.first+n
	})
}

// Deduplicate makes a topic one that can't carry producer sequences.
func (m *Memory) Deduplicate(topic string) {
	t := m.topic(topic)
	t.change(func() { t.deduplicates = true })
}

// Records is what a partition holds now.
func (m *Memory) Records(topic string, partition uint32) (all []connector.Message) {
	t := m.topic(topic)
	t.mu.Lock()
	defer t.mu.Unlock()
	for _, r := range t.partitions[partition].records {
		all = append(all, r.Message)
	}
	return all
}

// Committed is the offset that a reader of the partition committed last, 0 for none.
func (m *Memory) Committed(topic string, partition uint32) int64 {
	t := m.topic(topic)
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.partitions[partition].committed
}

// Stall makes a topic confirm nothing until resume is called.
func (m *Memory) Stall(topic string) (resume func()) {
	t := m.topic(topic)
	t.change(func() { t.stalls++ })
	return sync.OnceFunc(func() { t.change(func() { t.stalls-- }) })
}

// Withhold makes a topic take records, but not commit them until commit is called: they are there for those who read what
// is not committed, and are not confirmed.
func (m *Memory) Withhold(topic string) (commit func()) {
	t := m.topic(topic)
	t.change(func() {
		if t.withheld++; t.withheld == 1 {
			for _, p := range t.partitions {
				p.stable = p.end()
			}
		}
	})
	return sync.OnceFunc(func() { t.change(func() { t.withheld-- }) })
}

// visible is the end of what may be read of a partition.
func (t *memoryTopic) visible(p *memoryPartition, uncommitted bool) int64 {
	if t.withheld > 0 && !uncommitted {
		return p.stable
	}
	return p.end()
}

func (m *Memory) topic(name string) *memoryTopic {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.topics[name]
}

// change does something under the topic's lock and wakes whoever waits.
func (t *memoryTopic) change(do func()) {
	t.mu.Lock()
	defer t.mu.Unlock()
	do()
	close(t.changed)
	t.changed = make(chan struct{})
}

// wait returns when done says so, asked under the topic's lock, or when ctx ends.
func (t *memoryTopic) wait(ctx context.Context, done func() bool) error {
	for {
		t.mu.Lock()
		finished, changed := done(), t.changed
		t.mu.Unlock()
		if finished {
			return nil
		}
		select {
		case <-changed:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

// count is how many partitions there are.
func (t *memoryTopic) count() int {
	t.mu.Lock()
	defer t.mu.Unlock()
	return len(t.partitions)
}

// bounds are the offsets of a partition's first committed record and of the one after its last.
func (t *memoryTopic) bounds(partition uint32) (earliest, end int64, err error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if int(partition) >= len(t.partitions) {
		return 0, 0, t.noPartition(partition)
	}
	p := t.partitions[partition]
	return p.first, t.visible(p, false), nil
}

func (t *memoryTopic) noPartition(partition uint32) error {
	return fault.Environmentf("topic %s has no partition %d", t.name, partition)
}

// Name is memory.
func (m *Memory) Name() string { return "memory" }

// Roles are both.
func (m *Memory) Roles() []connector.Role {
	return []connector.Role{connector.RoleSource, connector.RoleSink}
}

// Metadata is what every record has.
func (m *Memory) Metadata() []connector.Column {
	return []connector.Column{
		{Name: "offset", Types: []string{"BIGINT"}}, {Name: "partition", Types: []string{"INT"}},
		{Name: "topic", Types: []string{"TEXT"}}, {Name: "timestamp", Types: []string{"TIMESTAMP(3)", "TIMESTAMP"}},
		{Name: "key", Types: []string{"TEXT"}}, {Name: "frame", Types: []string{"INT"}},
	}
}

// Describe says what it is; its options are those of the type's doc.
func (m *Memory) Describe() connector.Description {
	return connector.Description{Summary: "topics in memory, for tests", Deliveries: []connector.Delivery{connector.AtLeastOnce, connector.AtMostOnce, connector.ExactlyOnce}}
}

// Configure takes the options of the type's doc.
func (m *Memory) Configure(role connector.Role, options *option.Bag) (connector.Config, error) {
	c := &memoryConfig{memory: m, role: role, topic: options.Required("topic")}
	if role == connector.RoleSink {
		c.delivery = connector.DeliveryOption(options)
		return c, options.Err()
	}
	c.latest = options.Enum("source.offset", "latest", "earliest", "latest") == "latest"
	c.uncommitted = options.Enum("source.isolation", "read_committed", "read_committed", "read_uncommitted") == "read_uncommitted"
	c.skipLost = options.Enum("source.lost", "fail", "fail", "skip") == "skip"
	c.keepStale = !options.Bool("source.drop_stale", true)
	return c, options.Err()
}

type memoryConfig struct {
	memory *Memory
	role   connector.Role
	topic  string

	latest, uncommitted, skipLost, keepStale bool

	delivery connector.Delivery
	create   bool
}

func (c *memoryConfig) Role() connector.Role         { return c.role }
func (c *memoryConfig) Delivery() connector.Delivery { return c.delivery }
func (c *memoryConfig) SkipLost() bool               { return c.skipLost }

func (c *memoryConfig) Describe() string { return fmt.Sprintf("memory %s %s", c.role, c.topic) }

func (c *memoryConfig) DeadLetters(topic string, d connector.Delivery) (connector.Config, error) {
	return &memoryConfig{memory: c.memory, role: connector.RoleSink, topic: topic, delivery: d, create: true}, nil
}

func (c *memoryConfig) Place(connector.Env) string { return c.topic }

func (c *memoryConfig) OpenSource(context.Context, connector.Env) (connector.Source, error) {
	t, err := c.open(connector.RoleSource)
	if err != nil {
		return nil, err
	}
	return &memorySource{t, c}, nil
}

func (c *memoryConfig) OpenSink(context.Context, connector.Env) (connector.Sink, error) {
	t, err := c.open(connector.RoleSink)
	if err != nil {
		return nil, err
	}
	return &memorySink{t, c}, nil
}

func (c *memoryConfig) open(as connector.Role) (*memoryTopic, error) {
	if c.role != as {
		return nil, fault.Inputf("topic %s is configured as a %s and cannot be opened as a %s", c.topic, c.role, as)
	}
	if c.create {
		c.memory.Create(c.topic, 1)
	}
	t := c.memory.topic(c.topic)
	if t == nil {
		return nil, fault.Environmentf("there is no topic %s", c.topic)
	}
	return t, nil
}
