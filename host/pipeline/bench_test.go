package pipeline

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/array"
	"github.com/apache/arrow-go/v18/arrow/memory"
	"go.uber.org/goleak"

	"github.com/weir-stream/weir/host/batch"
	"github.com/weir-stream/weir/host/checkpoint"
	"github.com/weir-stream/weir/host/connector"
	"github.com/weir-stream/weir/host/connector/connectortest"
	"github.com/weir-stream/weir/host/format"
	"github.com/weir-stream/weir/host/format/jsonformat"
	"github.com/weir-stream/weir/host/framing"
	"github.com/weir-stream/weir/host/operator"
	"github.com/weir-stream/weir/host/option"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// job is a pipeline over the topic in, as a test describes it.
type job struct {
	input    [][]connector.Message // by partition
	newline  bool
	maxLine  int
	badData  format.Policy
	chain    []string
	onReject OnReject         // of every stage; letters go to the topic bad, whose index is 0
	onError  operator.OnError // of every stage
	sinks    []target
	letters  int                // partitions of the topic bad
	delivery connector.Delivery // of sinks and letters
	latest   bool               // where a lane without a checkpoint begins
	carry    bool               // sinks take s from the records
	skipLost bool

	limits   batch.Limits
	most     int // records that a Read returns; 0: as the connector likes
	interval time.Duration
}

// target is a sink: a topic, its partitions, the output it reads.
type target struct {
	topic      string
	partitions int
	output     int
	keyed      bool  // s is the key
	refuses    int64 // rows whose n is a multiple of it; 0: none
}

// bench has what outlives a run: topics, checkpoints, the account of memory. It watches that the order of things is kept.
type bench struct {
	t      testing.TB
	job    job
	mem    *connectortest.Memory
	alloc  *memory.CheckedAllocator
	log    bytes.Buffer
	logger *slog.Logger // into log

	mu       sync.Mutex
	saved    map[string]checkpoint.Checkpoint // by lane
	saves    []checkpoint.Checkpoint          // all of them, in order
	locked   map[string]bool
	unsure   map[string]int // written and not confirmed, by lane
	broken   []string       // rules that were broken
	faults   faults
	opened   atomic.Int64 // guests
	handles  atomic.Int64 // readers, writers, sources, sinks
	confirms int          // flushes that confirmed something
}

// faults makes the operation of a number fail, or does something else there.
type faults struct {
	count int
	at    int // 0: none
	do    func(what string) error
}

var errInjected = errors.New("injected")

func newBench(t testing.TB, j job) *bench {
	b := &bench{
		t: t, job: j, mem: new(connectortest.Memory), alloc: memory.NewCheckedAllocator(memory.NewGoAllocator()),
		saved: map[string]checkpoint.Checkpoint{}, locked: map[string]bool{}, unsure: map[string]int{},
	}
	b.logger = slog.New(slog.NewTextHandler(&b.log, &slog.HandlerOptions{Level: slog.LevelDebug}))
	b.mem.Create("in", max(len(j.input), 1))
	b.mem.Create("bad", max(j.letters, 1))
	for _, s := range j.sinks {
		b.mem.Create(s.topic, s.partitions)
	}
	for p, records := range j.input {
		b.produce("in", uint32(p), records...)
	}
	return b
}

func (b *bench) produce(topic string, partition uint32, records ...connector.Message) {
	b.t.Helper()
	sink, err := b.table(topic, connector.RoleSink).OpenSink(context.Background(), connector.Env{})
	if err != nil {
		b.t.Fatal(err)
	}
	w, err := sink.Open(context.Background(), "test", nil)
	if err != nil {
		b.t.Fatal(err)
	}
	for _, m := range records {
		if err := w.Write(context.Background(), partition, m); err != nil {
			b.t.Fatal(err)
		}
	}
}

func (b *bench) table(topic string, role connector.Role) connector.Config {
	bag := option.New(option.Pos{})
	set := map[string]string{"topic": topic}
	if role == connector.RoleSource {
		set["source.offset"], set["source.lost"] = "earliest", "fail"
		if b.job.latest {
			set["source.offset"] = "latest"
		}
		if b.job.skipLost {
			set["source.lost"] = "skip"
		}
	} else if topic != "in" {
		set["delivery"] = b.job.delivery.String()
	}
	for key, value := range set {
		if err := bag.Set(key, option.Pos{}, option.Value{Text: value, Quoted: true}); err != nil {
			b.t.Fatal(err)
		}
	}
	c, err := b.mem.Configure(role, bag)
	if err != nil {
		b.t.Fatal(err)
	}
	return c
}

// config is the job's plan.
func (b *bench) config() Config {
	j := &b.job
	c := Config{
		Name: "p", Store: (*store)(b), Memory: b.alloc, Stats: new(Stats), UntilEnd: true, Log: b.logger,
		Limits: j.limits, CheckpointInterval: j.interval,
	}
	c.Source = Source{
		Table: "in", Connector: &watched{b.table("in", connector.RoleSource), b}, BadData: j.badData, Letters: -1, Schema: both,
		Decoder: func() (format.Decoder, error) { return jsonformat.New(jsonformat.Config{}).NewDecoder(fields) },
		Splitter: func() framing.Splitter {
			if j.newline {
				return framing.New(framing.Config{Method: framing.Newline, MaxLength: j.maxLine})
			}
			return framing.New(framing.Config{})
		},
	}
	if j.carry {
		carryText(&c.Source)
	}
	if j.badData == format.DeadLetter {
		c.Source.Letters = 0
	}
	if j.badData == format.DeadLetter || j.onReject.Letters >= 0 {
		c.Letters = []Letters{{"bad", &watched{b.table("bad", connector.RoleSink), b}}}
	}
	for _, s := range j.sinks {
		key := -1
		if s.keyed {
			key = 1
		}
		c.Sinks = append(c.Sinks, Sink{
			Table: s.topic, Connector: &watched{b.table(s.topic, connector.RoleSink), b}, Output: s.output, Columns: []int{0, 1}, Key: key,
			Encoder: func() (format.Encoder, error) {
				e, err := jsonformat.New(jsonformat.Config{}).NewEncoder(fields)
				return &choosy{Encoder: e, refuses: s.refuses}, err
			},
		})
	}
	for i := range c.Sinks {
		if t := &c.Sinks[i]; j.carry {
			t.Columns, t.Again = []int{0, -1}, []int{-1, 0}
			t.Patcher = func() (format.Patcher, error) {
				p, err := jsonformat.New(jsonformat.Config{}).(format.Carrier).NewPatcher(fields, format.Carry{From: []int{-1, 0}, At: []int{-1, -1}, Patch: true})
				return &choosyPatcher{Patcher: p, refuses: j.sinks[i].refuses}, err
			}
		}
	}
	var stages []operator.Stage
	for i, name := range j.chain {
		stages = append(stages, modules[name].stage(name, i < len(j.chain)-1, j.onError, b.alloc, &b.opened))
		c.OnReject = append(c.OnReject, j.onReject)
	}
	c.Chain = func(ctx context.Context) (*operator.Chain, error) { return operator.Open(ctx, stages, b.alloc) }
	return c
}

// choosy is an encoder that can't express the rows whose first column is a multiple of a number.
type choosy struct {
	format.Encoder
	refuses int64
	n       *array.Int64
}

func (c *choosy) Bind(columns []arrow.Array) error {
	c.n = columns[0].(*array.Int64)
	return c.Encoder.Bind(columns)
}

func (c *choosy) Append(dst []byte, row int) ([]byte, error) {
	if c.refuses > 0 && c.n.Value(row)%c.refuses == 0 {
		return dst, &format.DataError{Code: "test.refused", Message: "not this one"}
	}
	return c.Encoder.Append(dst, row)
}

// choosyPatcher is the same for a patcher, which leaves every other of these rows to the encoder.
type choosyPatcher struct {
	format.Patcher
	refuses int64
	n       *array.Int64
}

func (c *choosyPatcher) Bind(columns []arrow.Array) error {
	c.n = columns[0].(*array.Int64)
	return c.Patcher.Bind(columns)
}

func (c *choosyPatcher) Patch(dst []byte, row int, frame []byte, trace []uint32) ([]byte, format.Way, error) {
	switch {
	case c.refuses == 0 || c.n.Value(row)%c.refuses != 0:
		return c.Patcher.Patch(dst, row, frame, trace)
	case c.n.Value(row)%2 == 0:
		return dst, format.Ordinary, nil
	}
	return dst, format.Ordinary, &format.DataError{Code: "test.refused", Message: "not this one"}
}

// carryText has the source note where s is.
func carryText(s *Source) {
	s.Decoder = func() (format.Decoder, error) {
		return jsonformat.New(jsonformat.Config{}).(format.Carrier).NewTracer(fields, []int{1}, nil)
	}
	again := []format.Field{fields[0], fields[1]}
	again[0].Column, again[1].Column = -1, 0
	s.Again = Again{
		Decoder: func() (format.Decoder, error) { return jsonformat.New(jsonformat.Config{}).NewDecoder(again) },
		Schema:  arrow.NewSchema([]arrow.Field{text}, nil),
	}
}

var fields = []format.Field{{Name: "n", Type: bigint.Type, Column: 0}, {Name: "s", Type: text.Type, Nullable: true, Column: 1}}

// run runs the job to its end and checks that nothing is left open.
func (b *bench) run(ctx context.Context, c Config, drain <-chan struct{}) error {
	b.t.Helper()
	err := Run(ctx, c, drain)
	b.alloc.AssertSize(b.t, 0)
	if guests, handles := b.opened.Load(), b.handles.Load(); guests != 0 || handles != 0 {
		b.t.Errorf("%d guests and %d readers, writers, sources or sinks were left open", guests, handles)
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	for _, rule := range b.broken {
		b.t.Errorf("a rule was broken: %s", rule)
	}
	for lane := range b.locked {
		b.t.Errorf("lane %s was left locked", lane)
	}
	clear(b.unsure)
	b.broken, b.faults = nil, faults{}
	return err
}

// values are what a partition of a topic holds.
func (b *bench) values(topic string, partition int) []string {
	var all []string
	for _, m := range b.mem.Records(topic, uint32(partition)) {
		all = append(all, string(m.Value))
	}
	return all
}

// step counts an operation, and fails where a test wants it to.
func (b *bench) step(what string) error {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.faults.count++
	if b.faults.do != nil && b.faults.count == b.faults.at {
		return b.faults.do(what)
	}
	return nil
}

func (b *bench) breaks(rule string, args ...any) {
	b.broken = append(b.broken, fmt.Sprintf(rule, args...))
}

// store is the bench as a checkpoint.Store.
type store bench

func (s *store) Open(pipeline, topic string, partition uint32) (checkpoint.Lane, error) {
	b := (*bench)(s)
	l := &storedLane{b, fmt.Sprintf("%s/%d", pipeline, partition)}
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.locked[l.name] {
		return nil, checkpoint.ErrLocked
	}
	b.locked[l.name] = true
	return l, nil
}

func (s *store) PutBlob(data []byte) (string, error) { return checkpoint.Memory{}.PutBlob(data) }

func (s *store) Blob(hash string) ([]byte, error) { return checkpoint.Memory{}.Blob(hash) }

// List has a state folder's checkpoints, as a checkpoint.Dir does.
func (s *store) List() (states []checkpoint.State, err error) {
	b := (*bench)(s)
	b.mu.Lock()
	defer b.mu.Unlock()
	for _, c := range b.saved {
		states = append(states, checkpoint.State{Pipeline: c.Pipeline, Partition: c.Partition, Last: c, OK: true})
	}
	return states, nil
}

type storedLane struct {
	*bench
	name string
}

func (l *storedLane) Last() (checkpoint.Checkpoint, bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	c, ok := l.saved[l.name]
	return c, ok
}

func (l *storedLane) Save(c checkpoint.Checkpoint) error {
	if err := l.step("save"); err != nil {
		return err
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	last, ok := l.saved[l.name]
	switch {
	case l.unsure[l.name] != 0:
		l.breaks("invariant 1: %s: a checkpoint at %d while %d records are not confirmed", l.name, c.Next, l.unsure[l.name])
	case !ok && c.Epoch != 0, ok && c.Epoch != last.Epoch+1, c.Next < last.Next, c.Version != checkpoint.Version:
		l.breaks("%s: checkpoint %+v follows %+v", l.name, c, last)
	}
	l.saved[l.name] = c
	l.saves = append(l.saves, c)
	return nil
}

func (l *storedLane) SaveTwice(c checkpoint.Checkpoint) error {
	if err := l.Save(c); err != nil {
		return err
	}
	c.Epoch++
	return l.Save(c)
}

func (l *storedLane) Close() error {
	l.mu.Lock()
	defer l.mu.Unlock()
	delete(l.locked, l.name)
	return nil
}

// watched is a table whose operations are counted, may fail, and lose what was not flushed when they do.
type watched struct {
	connector.Config
	b *bench
}

func (w *watched) OpenSource(ctx context.Context, env connector.Env) (connector.Source, error) {
	if err := w.b.step("open source"); err != nil {
		return nil, err
	}
	s, err := w.Config.OpenSource(ctx, env)
	w.b.handles.Add(1)
	return &watchedSource{s, w.b}, err
}

func (w *watched) OpenSink(ctx context.Context, env connector.Env) (connector.Sink, error) {
	if err := w.b.step("open sink"); err != nil {
		return nil, err
	}
	s, err := w.Config.OpenSink(ctx, env)
	w.b.handles.Add(1)
	return &watchedSink{s, w.b}, err
}

type watchedSource struct {
	connector.Source
	b *bench
}

func (s *watchedSource) Close() error {
	s.b.handles.Add(-1)
	return s.Source.Close()
}

func (s *watchedSource) Open(ctx context.Context, p uint32, offset, until int64, seen []connector.SeenWriter) (connector.Reader, error) {
	if err := s.b.step("open reader"); err != nil {
		return nil, err
	}
	s.b.mu.Lock()
	last, ok := s.b.saved[fmt.Sprintf("p/%d", p)]
	looks := last.Read != nil && last.Read.Offset == offset && until == offset+1
	from := last.Next
	if last.SeenAt != nil {
		from = *last.SeenAt
	}
	if !ok || from != offset && !looks {
		s.b.breaks("invariant 3: partition %d is opened at %d, its checkpoint is %+v, %v", p, offset, last, ok)
	}
	s.b.mu.Unlock()
	r, err := s.Source.Open(ctx, p, offset, until, seen)
	if err != nil {
		return nil, err
	}
	s.b.handles.Add(1)
	return &watchedReader{Reader: r, b: s.b, partition: p}, nil
}

// watchedReader returns at most job.most records a time.
type watchedReader struct {
	connector.Reader
	b         *bench
	partition uint32
	rest      []connector.Message
	committed int64
}

func (r *watchedReader) Read(ctx context.Context) ([]connector.Message, error) {
	if err := r.b.step("read"); err != nil {
		return nil, err
	}
	if len(r.rest) == 0 {
		var err error
		if r.rest, err = r.Reader.Read(ctx); err != nil {
			return nil, err
		}
	}
	n := len(r.rest)
	if most := r.b.job.most; most > 0 {
		n = min(n, most)
	}
	got := r.rest[:n]
	r.rest = r.rest[n:]
	return got, nil
}

func (r *watchedReader) Buffered() bool { return len(r.rest) > 0 || r.Reader.Buffered() }

func (r *watchedReader) Commit(ctx context.Context, next int64) error {
	if err := r.b.step("commit"); err != nil {
		return err
	}
	r.b.mu.Lock()
	if last := r.b.saved[fmt.Sprintf("p/%d", r.partition)]; last.Next < next {
		r.b.breaks("invariant 2: partition %d commits %d, its checkpoint is at %d", r.partition, next, last.Next)
	}
	if next < r.committed {
		r.b.breaks("partition %d commits %d after %d", r.partition, next, r.committed)
	}
	r.committed = next
	r.b.mu.Unlock()
	return r.Reader.Commit(ctx, next)
}

func (r *watchedReader) Close() error {
	r.b.handles.Add(-1)
	return r.Reader.Close()
}

type watchedSink struct {
	connector.Sink
	b *bench
}

func (s *watchedSink) Close() error {
	s.b.handles.Add(-1)
	return s.Sink.Close()
}

func (s *watchedSink) Open(ctx context.Context, lane string, q *connector.Sequence) (connector.Writer, error) {
	if err := s.b.step("open writer"); err != nil {
		return nil, err
	}
	w, err := s.Sink.Open(ctx, lane, q)
	if err != nil {
		return nil, err
	}
	s.b.handles.Add(1)
	return &watchedWriter{Writer: w, b: s.b, lane: lane}, nil
}

// watchedWriter holds everything back until a flush; a flush that fails lets half of it through.
type watchedWriter struct {
	connector.Writer
	b    *bench
	lane string
	held []held
}

type held struct {
	partition uint32
	message   connector.Message
}

func (w *watchedWriter) Write(_ context.Context, partition uint32, m connector.Message) error {
	if err := w.b.step("write"); err != nil {
		return err
	}
	m.Key, m.Value = bytes.Clone(m.Key), bytes.Clone(m.Value)
	w.held = append(w.held, held{partition, m})
	w.b.mu.Lock()
	w.b.unsure[w.lane]++
	w.b.mu.Unlock()
	return nil
}

func (w *watchedWriter) Flush(ctx context.Context) error {
	failed := w.b.step("flush")
	let := len(w.held)
	if failed != nil {
		let /= 2
	}
	for _, h := range w.held[:let] {
		if err := w.Writer.Write(ctx, h.partition, h.message); err != nil {
			return err
		}
	}
	w.held = w.held[let:]
	if failed != nil {
		return failed
	}
	w.b.mu.Lock()
	w.b.unsure[w.lane] -= let
	w.b.confirms++
	w.b.mu.Unlock()
	return w.Writer.Flush(ctx)
}

func (w *watchedWriter) Close() error {
	w.b.handles.Add(-1)
	return w.Writer.Close()
}
