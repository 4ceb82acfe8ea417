package connectortest

import (
	"context"
	"fmt"
	"hash/fnv"
	"slices"
	"sync"

	"github.com/weir-stream/weir/host/connector"
	"github.com/weir-stream/weir/host/option"
	"github.com/weir-stream/weir/internal/fault"
)

// Memory is a connector over topics in memory, for tests of what stands above connectors. Its name is memory, its options
// are topic and, for a source, source.offset. It starts no goroutine.
type Memory struct {
	mu     sync.Mutex
	topics map[string]*memoryTopic
}

// memoryLimit is how many bytes a writer of Memory may hold unconfirmed.
const memoryLimit = 1 << 20

type memoryTopic struct {
	name       string
	mu         sync.Mutex
	changed    chan struct{} // closed and replaced when anything below changes
	partitions [][]connector.Message
	committed  []int64
	stalls     int
}

// Create makes a topic. One that is there already stays as it is.
func (m *Memory) Create(topic string, partitions int) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.topics == nil {
		m.topics = map[string]*memoryTopic{}
	}
	if m.topics[topic] == nil {
		m.topics[topic] = &memoryTopic{
			name: topic, changed: make(chan struct{}),
			partitions: make([][]connector.Message, partitions), committed: make([]int64, partitions),
		}
	}
}

// Records is what a partition holds now.
func (m *Memory) Records(topic string, partition uint32) []connector.Message {
	t := m.topic(topic)
	t.mu.Lock()
	defer t.mu.Unlock()
	return slices.Clone(t.partitions[partition])
}

// Committed is the offset that a reader of the partition committed last, 0 for none.
func (m *Memory) Committed(topic string, partition uint32) int64 {
	t := m.topic(topic)
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.committed[partition]
}

// Stall makes a topic confirm nothing until resume is called.
func (m *Memory) Stall(topic string) (resume func()) {
	t := m.topic(topic)
	t.change(func() { t.stalls++ })
	return sync.OnceFunc(func() { t.change(func() { t.stalls-- }) })
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

// Configure takes topic and source.offset.
func (m *Memory) Configure(role connector.Role, options *option.Bag) (connector.Config, error) {
	c := &memoryConfig{memory: m, role: role, topic: options.Required("topic")}
	if role == connector.RoleSource {
		c.latest = options.Enum("source.offset", "latest", "earliest", "latest") == "latest"
	}
	return c, options.Err()
}

type memoryConfig struct {
	memory *Memory
	role   connector.Role
	topic  string
	latest bool
	create bool
}

func (c *memoryConfig) Role() connector.Role { return c.role }

func (c *memoryConfig) Describe() string { return fmt.Sprintf("memory %s %s", c.role, c.topic) }

func (c *memoryConfig) DeadLetters(topic string) (connector.Config, error) {
	return &memoryConfig{memory: c.memory, role: connector.RoleSink, topic: topic, create: true}, nil
}

func (c *memoryConfig) Place(connector.Env) string { return c.topic }

func (c *memoryConfig) OpenSource(context.Context, connector.Env) (connector.Source, error) {
	t, err := c.open(connector.RoleSource)
	if err != nil {
		return nil, err
	}
	return &memorySource{t, c.latest}, nil
}

func (c *memoryConfig) OpenSink(context.Context, connector.Env) (connector.Sink, error) {
	t, err := c.open(connector.RoleSink)
	if err != nil {
		return nil, err
	}
	return &memorySink{t}, nil
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

type memorySource struct {
	*memoryTopic
	latest bool
}

func (s *memorySource) Topic() string { return s.name }

func (s *memorySource) Partitions() (list []uint32) {
	for p := range s.partitions {
		list = append(list, uint32(p))
	}
	return list
}

func (s *memorySource) Start(ctx context.Context, partition uint32) (int64, error) {
	if s.latest {
		return s.End(ctx, partition)
	}
	return 0, nil
}

func (s *memorySource) End(_ context.Context, partition uint32) (int64, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return int64(len(s.partitions[partition])), nil
}

func (s *memorySource) Open(ctx context.Context, partition uint32, offset int64) (connector.Reader, error) {
	if end, _ := s.End(ctx, partition); offset < 0 || offset > end {
		return nil, fault.Environmentf("topic %s partition %d has no offset %d, it ends at %d", s.name, partition, offset, end)
	}
	return &memoryReader{s.memoryTopic, partition, offset}, nil
}

func (s *memorySource) Close() error { return nil }

type memoryReader struct {
	*memoryTopic
	partition uint32
	next      int64
}

func (r *memoryReader) Read(ctx context.Context) (messages []connector.Message, err error) {
	const most = 100
	err = r.wait(ctx, func() bool {
		rest := r.partitions[r.partition][r.next:]
		messages = slices.Clone(rest[:min(len(rest), most)])
		return len(messages) > 0
	})
	r.next += int64(len(messages))
	return messages, err
}

func (r *memoryReader) Buffered() bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.next < int64(len(r.partitions[r.partition]))
}

func (r *memoryReader) Commit(_ context.Context, next int64) error {
	r.change(func() { r.committed[r.partition] = next })
	return nil
}

func (r *memoryReader) Close() error { return nil }

type memorySink struct{ *memoryTopic }

func (s *memorySink) Partitions() int { return len(s.partitions) }

func (s *memorySink) Open(context.Context, string) (connector.Writer, error) {
	return &memoryWriter{memoryTopic: s.memoryTopic}, nil
}

func (s *memorySink) Close() error { return nil }

// memoryWriter holds what a stalled topic does not take yet.
type memoryWriter struct {
	*memoryTopic
	held  []held
	bytes int
}

type held struct {
	partition uint32
	message   connector.Message
}

func (w *memoryWriter) Write(ctx context.Context, partition uint32, m connector.Message) error {
	if partition == connector.ByKey {
		sum := fnv.New32a()
		_, _ = sum.Write(m.Key) // a hash takes anything
		partition = sum.Sum32() % uint32(len(w.partitions))
	}
	if int(partition) >= len(w.partitions) {
		return fault.Inputf("topic %s has no partition %d", w.name, partition)
	}
	m.Key, m.Value = slices.Clone(m.Key), slices.Clone(m.Value)
	if err := w.wait(ctx, func() bool { return w.stalls == 0 || w.bytes < memoryLimit }); err != nil {
		return err
	}
	w.held = append(w.held, held{partition, m})
	w.bytes += len(m.Key) + len(m.Value)
	w.change(w.settle)
	return nil
}

// settle puts what is held into the topic unless that is stalled.
func (w *memoryWriter) settle() {
	if w.stalls > 0 {
		return
	}
	for _, h := range w.held {
		log := &w.partitions[h.partition]
		h.message.Offset = int64(len(*log))
		*log = append(*log, h.message)
	}
	w.held, w.bytes = nil, 0
}

func (w *memoryWriter) Flush(ctx context.Context) error {
	if err := w.wait(ctx, func() bool { return w.stalls == 0 }); err != nil {
		return fmt.Errorf("%d records to topic %s are not confirmed: %w", len(w.held), w.name, err)
	}
	w.change(w.settle)
	return nil
}

func (w *memoryWriter) Close() error { return nil }
