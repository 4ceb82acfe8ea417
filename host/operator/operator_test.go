package operator

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/array"
	"github.com/apache/arrow-go/v18/arrow/memory"

	"github.com/weir-stream/weir/host/abi"
	"github.com/weir-stream/weir/host/batch"
	"github.com/weir-stream/weir/internal/fault"
)

// bench makes batches of BIGINT columns and stages of functions, and watches what is left.
type bench struct {
	t      *testing.T
	mem    *memory.CheckedAllocator
	opened int // instances, ever
	open   int // and now
}

func newBench(t *testing.T) *bench {
	b := &bench{t: t, mem: memory.NewCheckedAllocator(memory.NewGoAllocator())}
	t.Cleanup(func() {
		b.mem.AssertSize(t, 0)
		if b.open != 0 {
			t.Errorf("%d instances were left open", b.open)
		}
	})
	return b
}

func schema(names ...string) *arrow.Schema {
	var fields []arrow.Field
	for _, name := range names {
		fields = append(fields, arrow.Field{Name: name, Type: arrow.PrimitiveTypes.Int64})
	}
	return arrow.NewSchema(fields, nil)
}

func (b *bench) record(s *arrow.Schema, columns ...[]int64) arrow.RecordBatch {
	builder := array.NewRecordBuilder(b.mem, s)
	defer builder.Release()
	for i, values := range columns {
		builder.Field(i).(*array.Int64Builder).AppendValues(values, nil)
	}
	return builder.NewRecordBatch()
}

// source is a batch as a lane has it: row i is from the record at offset 10+i.
func (b *bench) source(s *arrow.Schema, columns ...[]int64) *batch.Batch {
	from := &batch.Provenance{Topic: "in", Partition: 3}
	for i := range columns[0] {
		from.Append(10+int64(i), int32(i), 100+int64(i), fmt.Appendf(nil, "raw %d", i))
	}
	return &batch.Batch{Record: b.record(s, columns...), From: from}
}

type process func(rec arrow.RecordBatch, from abi.Rows) (*abi.Result, error)

type guest struct {
	*bench
	process
	calls uint64
}

func (g *guest) Process(_ context.Context, rec arrow.RecordBatch, from abi.Rows) (*abi.Result, error) {
	g.calls++
	return g.process(rec, from)
}

// Restore fails: another instance is opened then.
func (g *guest) Restore(context.Context) error { return errors.New("not restorable") }

func (g *guest) Used() (uint64, int64) { return g.calls, 0 }

func (g *guest) Close(context.Context) error {
	g.open--
	return nil
}

// stage plans a stage whose answer f gives, one function an instance; the last one stays.
func (b *bench) stage(name string, outputs []Output, f ...process) Stage {
	return Stage{
		Function: name, Hash: "sha256:" + name, Send: []int{0}, Input: schema("a"), Outputs: outputs,
		Open: func(context.Context) (Guest, error) {
			b.opened++
			b.open++
			g := &guest{bench: b, process: f[0]}
			f = f[min(1, len(f)-1):]
			return g, nil
		},
		Row: func(rec arrow.RecordBatch, row int) ([]byte, error) {
			return fmt.Appendf(nil, "row %d", rec.Column(0).(*array.Int64).Value(row)), nil
		},
	}
}

func emit(e ...abi.Emit) process {
	return func(arrow.RecordBatch, abi.Rows) (*abi.Result, error) {
		return &abi.Result{Emits: slices.Clone(e)}, nil
	}
}

func (b *bench) chain(stages ...Stage) *Chain {
	b.t.Helper()
	c, err := Open(b.t.Context(), stages, b.mem)
	if err != nil {
		b.t.Fatal(err)
	}
	b.t.Cleanup(func() {
		if err := c.Close(context.Background()); err != nil {
			b.t.Error(err)
		}
	})
	return c
}

// show is a batch as text: its columns, then the offsets that its rows came from.
func show(b *batch.Batch) string {
	var out []string
	for i, col := range b.Record.Columns() {
		out = append(out, fmt.Sprintf("%s=%v", b.Record.ColumnName(i), col.(*array.Int64).Int64Values()))
	}
	if b.Derived {
		return strings.Join(append(out, "derived"), " ")
	}
	offsets := []int64{}
	for i := range int(b.Record.NumRows()) {
		offsets = append(offsets, b.From.Offset[b.Source(i)])
	}
	return strings.Join(append(out, fmt.Sprint("from ", offsets)), " ")
}

func (b *bench) run(c *Chain, in *batch.Batch) (*Result, error) {
	defer in.Record.Release()
	return c.Process(b.t.Context(), in)
}

func toSinks(o Output, names ...string) []Output {
	o.To, o.Schema = Sinks, schema(names...)
	return []Output{o}
}

func TestNoStagesGiveTheBatchItself(t *testing.T) {
	b := newBench(t)
	in := b.source(schema("a"), []int64{1, 2})
	res, err := b.run(b.chain(), in)
	if err != nil || len(res.Batches) != 1 || res.Batches[0].Batch != in || res.Batches[0].Index != 0 {
		t.Fatalf("%+v, %v", res, err)
	}
	Release(res.Batches)
}

// TestEmitsBecomeBatches has one stage over the columns a, b and c, which is sent c and a.
func TestEmitsBecomeBatches(t *testing.T) {
	in, emitted := func(i int) Column { return Column{Index: i} }, func(i int) Column { return Column{Emitted: true, Index: i} }
	for _, c := range []struct {
		name    string
		output  Output
		names   []string
		emit    abi.Emit
		columns [][]int64 // of the emit
		want    string    // empty: no batch
	}{
		{"a patch that changes nothing", Output{Patch: true, Columns: []Column{in(0), in(2)}}, []string{"a", "c"},
			abi.Emit{}, nil, "a=[1 2 3] c=[7 8 9] from [10 11 12]"},
		{"a patch of a column", Output{Patch: true, Columns: []Column{in(1), emitted(1)}}, []string{"b", "new"},
			abi.Emit{}, [][]int64{{0, 0, 0}, {40, 50, 60}}, "b=[4 5 6] new=[40 50 60] from [10 11 12]"},
		{"a patch that selects", Output{Patch: true, Columns: []Column{in(2), in(0)}}, []string{"c", "a"},
			abi.Emit{Selection: []uint32{0, 2}}, nil, "c=[7 9] a=[1 3] from [10 12]"},
		{"a patch that selects and patches", Output{Patch: true, Columns: []Column{emitted(0), in(0)}}, []string{"new", "a"},
			abi.Emit{Selection: []uint32{1}}, [][]int64{{99}}, "new=[99] a=[2] from [11]"},
		{"a patch that selects nothing", Output{Patch: true, Columns: []Column{in(0)}}, []string{"a"},
			abi.Emit{Selection: []uint32{}}, nil, ""},
		{"a patch whose columns nobody reads", Output{Patch: true}, nil,
			abi.Emit{Selection: []uint32{2}}, [][]int64{{5}}, "from [12]"},
		{"a batch with origins", Output{Columns: []Column{emitted(1), emitted(0)}}, []string{"y", "x"},
			abi.Emit{Origin: []uint32{2, 2, 0, 1}}, [][]int64{{1, 2, 3, 4}, {5, 6, 7, 8}}, "y=[5 6 7 8] x=[1 2 3 4] from [12 12 10 11]"},
		{"a batch without", Output{Columns: []Column{emitted(0)}}, []string{"x"}, abi.Emit{}, [][]int64{{6}}, "x=[6] derived"},
		{"an empty batch", Output{Columns: []Column{emitted(0)}}, []string{"x"}, abi.Emit{Origin: []uint32{}}, [][]int64{{}}, ""},
		{"a batch whose columns nobody reads", Output{}, nil, abi.Emit{Origin: []uint32{1, 1}}, [][]int64{{6, 7}}, "from [11 11]"},
	} {
		t.Run(c.name, func(t *testing.T) {
			b := newBench(t)
			s := b.stage("f", toSinks(c.output, c.names...), func(rec arrow.RecordBatch, _ abi.Rows) (*abi.Result, error) {
				if got := fmt.Sprint(rec.Column(0), rec.Column(1)); got != "[7 8 9] [1 2 3]" {
					t.Errorf("sent %s", got)
				}
				if c.columns != nil {
					c.emit.Record = b.record(schema([]string{"x", "y"}[:len(c.columns)]...), c.columns...)
				}
				return &abi.Result{Emits: []abi.Emit{c.emit}}, nil
			})
			s.Send, s.Input = []int{2, 0}, schema("c", "a")
			res, err := b.run(b.chain(s), b.source(schema("a", "b", "c"), []int64{1, 2, 3}, []int64{4, 5, 6}, []int64{7, 8, 9}))
			if err != nil {
				t.Fatal(err)
			}
			defer Release(res.Batches)
			if got := strings.Join(shown(res), "; "); got != c.want {
				t.Errorf("%s, want %s", got, c.want)
			}
		})
	}
}

func shown(res *Result) (out []string) {
	for _, b := range res.Batches {
		out = append(out, show(b.Batch))
	}
	return out
}

func TestWhatIsLeftAloneIsNotCopied(t *testing.T) {
	b := newBench(t)
	in := b.source(schema("a"), []int64{1, 2})
	before := b.mem.CurrentAlloc()
	res, err := b.run(b.chain(b.stage("f", toSinks(Output{Patch: true, Columns: []Column{{}}}, "a"), emit(abi.Emit{}))), in)
	if err != nil {
		t.Fatal(err)
	}
	defer Release(res.Batches)
	if got := b.mem.CurrentAlloc(); got != before {
		t.Errorf("%d bytes are held, the input has %d", got, before)
	}
}

// through are the outputs of a stage in the middle: a patch on a.
func through() []Output {
	return []Output{{To: Next, Patch: true, Schema: schema("a"), Columns: []Column{{}}}}
}

// TestOriginsAreFollowedToTheSource chains a selection, a batch that turns rows round, and one more selection.
func TestOriginsAreFollowedToTheSource(t *testing.T) {
	b := newBench(t)
	turn := through()
	turn[0].Patch, turn[0].Columns = false, []Column{{Emitted: true}}
	var seen []int64
	c := b.chain(
		b.stage("select", through(), emit(abi.Emit{Selection: []uint32{1, 2, 4}})),
		b.stage("turn", turn, func(rec arrow.RecordBatch, _ abi.Rows) (*abi.Result, error) {
			values := slices.Clone(rec.Column(0).(*array.Int64).Int64Values())
			slices.Reverse(values)
			return &abi.Result{Emits: []abi.Emit{{Origin: []uint32{2, 1, 0}, Record: b.record(schema("a"), values)}}}, nil
		}),
		b.stage("last", toSinks(Output{Patch: true, Columns: []Column{{}}}, "a"), func(rec arrow.RecordBatch, from abi.Rows) (*abi.Result, error) {
			for i := range uint32(rec.NumRows()) {
				seen = append(seen, from.Row(i).Offset)
			}
			return &abi.Result{Emits: []abi.Emit{{Selection: []uint32{0, 2}}}, Rejected: []abi.Rejection{{Row: 1, Code: "x.y", Message: "no"}}}, nil
		}),
	)
	res, err := b.run(c, b.source(schema("a"), []int64{0, 1, 2, 3, 4}))
	if err != nil {
		t.Fatal(err)
	}
	defer Release(res.Batches)
	if got := strings.Join(shown(res), "; "); got != "a=[4 1] from [14 11]" || !slices.Equal(seen, []int64{14, 12, 11}) {
		t.Errorf("%s; the last stage saw offsets %v", got, seen)
	}
	l := res.Rejected[0].Letter
	want := "{12 2 102 false raw 2 last sha256:last x.y no 3 in}"
	got := fmt.Sprint(struct {
		Offset                                 int64
		Frame                                  int32
		Time                                   int64
		Derived                                bool
		Value, Function, Module, Code, Message string
		Partition                              uint32
		Topic                                  string
	}{l.Offset, l.Frame, l.Time, l.Derived, string(l.Value), l.Function, l.Module, l.Code, l.Message, l.Partition, l.Topic})
	if len(res.Rejected) != 1 || res.Rejected[0].Stage != 2 || got != want {
		t.Errorf("rejected %+v, want %s", res.Rejected, want)
	}
}

func TestDerivedRowsStandForTheirBatch(t *testing.T) {
	b := newBench(t)
	sum := through()
	sum[0].Patch, sum[0].Columns = false, []Column{{Emitted: true}}
	c := b.chain(
		b.stage("sum", sum, func(arrow.RecordBatch, abi.Rows) (*abi.Result, error) {
			return &abi.Result{Emits: []abi.Emit{{Record: b.record(schema("a"), []int64{6, 7})}}}, nil
		}),
		b.stage("twice", toSinks(Output{Columns: []Column{{Emitted: true}}}, "a"), func(_ arrow.RecordBatch, from abi.Rows) (*abi.Result, error) {
			if r := from.Row(1); r.Offset != 12 || r.Time != 102 || r.Topic != "in" || r.Partition != 3 {
				t.Errorf("a derived row says it came from %+v", r)
			}
			return &abi.Result{Emits: []abi.Emit{{Origin: []uint32{0}, Record: b.record(schema("a"), []int64{12})}}, Rejected: []abi.Rejection{{Row: 1, Code: "c"}}}, nil
		}),
	)
	res, err := b.run(c, b.source(schema("a"), []int64{1, 2, 3}))
	if err != nil {
		t.Fatal(err)
	}
	defer Release(res.Batches)
	if got := strings.Join(shown(res), "; "); got != "a=[12] derived" {
		t.Error(got)
	}
	if l := res.Rejected[0].Letter; !l.Derived || l.Offset != 10 || l.LastOffset != 12 || l.Time != 102 || string(l.Value) != "row 7" {
		t.Errorf("the letter is %+v", l)
	}
	if err := res.Rejected[0].Stop(); !strings.Contains(err.Error(), "offsets 10 to 12") || fault.Of(err) != fault.Input {
		t.Error(err)
	}
}

func failure(kind abi.FailureKind) process {
	return func(arrow.RecordBatch, abi.Rows) (*abi.Result, error) {
		return nil, fmt.Errorf("wrapped: %w", &abi.Failure{Kind: kind, Code: string(kind) + ".code", Module: "m", Call: "weir_process", Function: "parse", Row: 1, Message: "it broke"})
	}
}

// TestFailureEndsTheChain fails in the second stage, behind a batch that the first one gave the sinks already.
func TestFailureEndsTheChain(t *testing.T) {
	for _, c := range []struct {
		kind    abi.FailureKind
		onError OnError
		class   fault.Class
		want    []string
	}{
		{abi.FailedTrap, Fail, fault.Input, []string{"function bad", "trap.code", "topic in partition 3 offsets 10 to 12 (last row begun: offset 12)", "isolate"}},
		{abi.FailedStatus, Fail, fault.Input, []string{"status.code", "isolate"}},
		{abi.FailedDeadline, Fail, fault.Input, []string{"deadline.code"}},
		{abi.FailedDeadline, DropBatch, fault.Input, []string{"deadline.code"}},
		{abi.FailedDeadline, Isolate, fault.Input, []string{"deadline.code"}},
		{abi.FailedBug, DropBatch, fault.Bug, []string{"function bad"}},
		{abi.FailedBug, Isolate, fault.Bug, []string{"function bad"}},
		{abi.FailedCancelled, DropBatch, fault.Bug, []string{"function bad"}},
		{abi.FailedCancelled, Isolate, fault.Bug, []string{"function bad"}},
	} {
		b := newBench(t)
		first := append(toSinks(Output{Patch: true, Columns: []Column{{}}}, "a"), through()...)
		bad := b.stage("bad", through(), failure(c.kind))
		bad.OnError, bad.Letters = c.onError, c.kind == abi.FailedStatus
		chain := b.chain(b.stage("first", first, emit(abi.Emit{Output: 0}, abi.Emit{Output: 1, Selection: []uint32{0, 2}})), bad)
		res, err := b.run(chain, b.source(schema("a"), []int64{1, 2, 3}))
		if res != nil || fault.Of(err) != c.class {
			t.Errorf("%s: %+v, %v of class %d", c.kind, res, err, fault.Of(err))
		}
		for _, want := range c.want {
			if err != nil && !strings.Contains(err.Error(), want) {
				t.Errorf("%s: %q does not say %q", c.kind, err, want)
			}
		}
		if err != nil && strings.Contains(err.Error(), "set weir.error_topic") != (c.kind == abi.FailedTrap) {
			t.Errorf("a topic is advised where there is one, or is not: %v", err)
		}
		if chain.GuestTime() <= 0 || chain.GuestTime() != 0 {
			t.Errorf("%s: the time in the modules does not count, or counts twice", c.kind)
		}
	}
}

func TestDroppedBatchGetsAFreshInstance(t *testing.T) {
	b := newBench(t)
	first := append(toSinks(Output{Patch: true, Columns: []Column{{}}}, "a"), through()...)
	bad := b.stage("bad", toSinks(Output{Patch: true, Index: 7, Columns: []Column{{}}}, "a"), failure(abi.FailedTrap), failure(abi.FailedMemory), emit(abi.Emit{}))
	bad.OnError = DropBatch
	chain := b.chain(b.stage("first", first, emit(abi.Emit{Output: 0}, abi.Emit{Output: 1, Selection: []uint32{0, 2}})), bad)
	for round, code := range []string{"trap.code", "memory.code", ""} {
		res, err := b.run(chain, b.source(schema("a"), []int64{1, 2, 3}))
		if err != nil {
			t.Fatal(err)
		}
		if code == "" {
			if got := shown(res); len(got) != 2 || got[1] != "a=[1 3] from [10 12]" || res.Batches[1].Index != 7 || len(res.Rejected) > 0 {
				t.Errorf("round %d: %v, %+v", round, got, res.Rejected)
			}
		} else if got := shown(res); len(got) != 1 || len(res.Rejected) != 2 || res.Rejected[1].Stage != 1 ||
			res.Rejected[0].Letter.Code != code || res.Rejected[0].Letter.Offset != 10 || res.Rejected[1].Letter.Offset != 12 ||
			strings.Contains(res.Rejected[0].Letter.Message, "row 1") || !strings.HasSuffix(res.Rejected[0].Letter.Message, ": it broke, in parse") {
			t.Errorf("round %d: %v, %+v", round, got, res.Rejected)
		}
		Release(res.Batches)
	}
	if b.opened != 4 || b.open != 2 {
		t.Errorf("%d instances were opened, %d are open", b.opened, b.open)
	}
}

func TestOpenClosesWhatItOpened(t *testing.T) {
	b := newBench(t)
	why := errors.New("no more memory")
	bad := b.stage("bad", nil, emit())
	bad.Open = func(context.Context) (Guest, error) { return nil, why }
	if _, err := Open(t.Context(), []Stage{b.stage("good", nil, emit()), bad}, b.mem); !errors.Is(err, why) || !strings.Contains(err.Error(), "function bad") {
		t.Errorf("opening: %v", err)
	}
	if b.opened != 1 || b.open != 0 {
		t.Errorf("%d instances were opened, %d are open", b.opened, b.open)
	}
}

// TestWhatComesOutOfABatchIsBounded has a stage that makes many batches of one, and one behind it that answers each.
func TestWhatComesOutOfABatchIsBounded(t *testing.T) {
	values, message := make([]int64, 16<<10), strings.Repeat("m", 128<<10)
	for name, answer := range map[string]func(*bench) *abi.Result{
		"rows": func(b *bench) *abi.Result {
			return &abi.Result{Emits: []abi.Emit{{Record: b.record(schema("a"), values)}}}
		},
		"rejected rows": func(*bench) *abi.Result {
			return &abi.Result{Rejected: []abi.Rejection{{Code: "c", Message: message}}}
		},
	} {
		b := newBench(t)
		calls := 0
		c := b.chain(
			b.stage("many", through(), emit(make([]abi.Emit, 4096)...)),
			b.stage("large", toSinks(Output{Columns: []Column{{Emitted: true}}}, "a"), func(arrow.RecordBatch, abi.Rows) (*abi.Result, error) {
				calls++
				return answer(b), nil
			}),
		)
		_, err := b.run(c, b.source(schema("a"), []int64{1}))
		if err == nil || !strings.Contains(err.Error(), "function large: more than 256 MiB") || fault.Of(err) != fault.Input {
			t.Errorf("%s: %v", name, err)
		}
		if calls < 1024 || calls > 2048 {
			t.Errorf("%s: stopped after %d calls", name, calls)
		}
	}
}
