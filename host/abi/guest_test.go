package abi

import (
	"context"
	"errors"
	"log/slog"
	"sync"
	"testing"
	"time"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/array"
	"github.com/apache/arrow-go/v18/arrow/memory"
	"go.uber.org/goleak"

	"github.com/weir-stream/weir/host/engine"
	"github.com/weir-stream/weir/host/engine/enginetest/asm"
	"github.com/weir-stream/weir/host/engine/wazeroengine"
	"github.com/weir-stream/weir/host/ipc"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

var wazero = sync.OnceValue(func() engine.Engine {
	e, err := wazeroengine.New(wazeroengine.Config{})
	if err != nil {
		panic(err)
	}
	return e
})

// guest assembles a guest of the ABI. Its memory: constants from 1,024 on, the progress cell at 512, a place to write to
// at 256, the arena of two pages at 131,072.
type guest struct {
	*asm.Module
	output, emit, reject, fail, log uint32

	wasi map[string]uint32
	free uint32
}

const (
	scratchAt = 256
	cellAt    = 512
	arenaAt   = 131072
)

func newGuest(wasi ...string) *guest {
	m := asm.New()
	g := &guest{Module: m, free: 1024, wasi: map[string]uint32{}}
	g.output = m.Import("weir", "output", asm.Sig("iiiii", "i"))
	g.emit = m.Import("weir", "emit", asm.Sig("iiiii", "i"))
	g.reject = m.Import("weir", "reject", asm.Sig("iiiii", "i"))
	g.fail = m.Import("weir", "fail", asm.Sig("ii", ""))
	g.log = m.Import("weir", "log", asm.Sig("iii", ""))
	for _, name := range wasi {
		g.wasi[name] = m.Import(WASIModule, name, asm.Sig(letters(name)))
	}
	m.Memory(4, 0)
	return g
}

// letters is a WASI function's signature as asm writes it.
func letters(name string) (params, results string) {
	signature, ok := servedTable[name]
	if !ok {
		signature = inertTable[name]
	}
	t := parseSignature(signature)
	of := func(types []engine.ValueType) (s string) {
		for _, v := range types {
			s += map[engine.ValueType]string{engine.I32: "i", engine.I64: "I"}[v]
		}
		return s
	}
	return of(t.Params), of(t.Results)
}

// put places bytes in the guest's memory and pushes their address and length.
func (g *guest) put(b []byte) asm.Code {
	at := g.free
	g.Data(at, b)
	g.free = (at + uint32(len(b)) + 7) / 8 * 8
	return asm.Block(asm.I32(int32(at)), asm.I32(int32(len(b))))
}

// declares calls output.
func (g *guest) declares(name string, kind int32, schema *arrow.Schema) asm.Code {
	message, err := ipc.AppendSchema(nil, schema)
	if err != nil {
		panic(err)
	}
	return asm.Block(g.put([]byte(name)), asm.I32(kind), g.put(message), asm.Call(g.output), asm.Drop)
}

// emits calls emit. No rows: all.
func (g *guest) emits(output int32, rows []uint32, message []byte) asm.Code {
	list := asm.Block(asm.I32(0), asm.I32(-1))
	if rows != nil {
		b := []byte{}
		for _, r := range rows {
			b = append(b, byte(r), byte(r>>8), byte(r>>16), byte(r>>24))
		}
		list = asm.Block(asm.I32(int32(g.free)), asm.I32(int32(len(rows))))
		g.put(b)
	}
	return asm.Block(asm.I32(output), list, g.put(message), asm.Call(g.emit), asm.Drop)
}

func (g *guest) rejects(row int32, code, message string) asm.Code {
	return asm.Block(asm.I32(row), g.put([]byte(code)), g.put([]byte(message)), asm.Call(g.reject), asm.Drop)
}

func (g *guest) logs(level int32, text string) asm.Code {
	return asm.Block(asm.I32(level), g.put([]byte(text)), asm.Call(g.log))
}

// at writes the progress cell.
func at(row int32) asm.Code { return asm.Block(asm.I32(cellAt), asm.I32(row), asm.Store(0)) }

// bodies are the exports' bodies; what is nil gets the obvious one. open declares a patch that adds nothing.
type bodies struct {
	start, initialize, arena, open, process, progress asm.Code
}

func ok() asm.Code { return asm.I32(0) }

func (g *guest) build(b bodies) []byte {
	or := func(body, preset asm.Code) asm.Code {
		if body == nil {
			return preset
		}
		return body
	}
	g.Func(Marker, asm.Sig("", ""), "")
	g.Func("weir_arena", asm.Sig("i", "i"), "", or(b.arena, asm.I32(arenaAt)))
	g.Func("weir_open", asm.Sig("i", "i"), "i", or(b.open, asm.Block(g.declares("", OutputPatch, arrow.NewSchema(nil, nil)), ok())))
	g.Func("weir_process", asm.Sig("i", "i"), "i", or(b.process, ok()))
	g.Func("weir_progress", asm.Sig("", "i"), "", or(b.progress, asm.I32(cellAt)))
	if b.initialize != nil {
		g.Func("_initialize", asm.Sig("", ""), "", b.initialize)
	}
	if b.start != nil {
		g.Start(g.Local("begin", asm.Sig("", ""), "", b.start))
	}
	return g.Bytes()
}

var inputSchema = arrow.NewSchema([]arrow.Field{
	{Name: "id", Type: arrow.PrimitiveTypes.Int64}, {Name: "name", Type: arrow.BinaryTypes.String, Nullable: true},
}, nil)

// batchOf makes n rows of a schema of BIGINT and TEXT columns.
func batchOf(schema *arrow.Schema, n int, mem memory.Allocator) arrow.RecordBatch {
	b := array.NewRecordBuilder(mem, schema)
	defer b.Release()
	for row := range n {
		for _, f := range b.Fields() {
			switch f := f.(type) {
			case *array.Int64Builder:
				f.Append(int64(row))
			case *array.StringBuilder:
				if row%3 == 2 {
					f.AppendNull()
				} else {
					f.Append("row")
				}
			}
		}
	}
	return b.NewRecordBatch()
}

// messageOf is a batch as a message.
func messageOf(batch arrow.RecordBatch) []byte {
	w, err := ipc.NewWriter(batch.Schema())
	if err != nil {
		panic(err)
	}
	size, err := w.Prepare(batch)
	if err != nil {
		panic(err)
	}
	out := make([]byte, size)
	w.Write(out)
	return out
}

// trip is one guest's way through Open and one Process.
type trip struct {
	config   Config
	limits   engine.Limits
	rows     int
	from     Rows
	instance *Instance
	result   *Result
}

// run compiles wasm, opens it and processes one batch of t.rows rows. It closes and releases at the test's end.
func (t *trip) run(tb testing.TB, wasm []byte) error {
	tb.Helper()
	if _, reasons := Check(wasm, t.limits.WithDefaults().Pages(0)); reasons != nil {
		tb.Fatalf("the check refuses the test's guest: %v", reasons)
	}
	module, err := Compile(tb.Context(), wazero(), nil, wasm, t.limits)
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() { _ = module.Close(context.Background()) })
	if t.config.Input == nil {
		t.config.Input = inputSchema
	}
	if t.config.Name == "" {
		t.config.Name = "test"
	}
	if t.config.Allocator == nil {
		mem := memory.NewCheckedAllocator(memory.DefaultAllocator)
		tb.Cleanup(func() { mem.AssertSize(tb.(*testing.T), 0) })
		t.config.Allocator = mem
	}
	if t.instance, err = Open(tb.Context(), module, t.config); err != nil {
		return err
	}
	tb.Cleanup(func() { _ = t.instance.Close(context.Background()) })
	return t.process(tb)
}

func (t *trip) process(tb testing.TB) (err error) {
	tb.Helper()
	batch := batchOf(t.config.Input, t.rows, memory.DefaultAllocator)
	defer batch.Release()
	t.result, err = t.instance.Process(tb.Context(), batch, t.from)
	if err == nil {
		tb.Cleanup(t.result.Release)
	}
	return err
}

func failureOf(tb testing.TB, err error) *Failure {
	tb.Helper()
	var f *Failure
	if !errors.As(err, &f) {
		tb.Fatalf("got %v, want a *Failure", err)
	}
	return f
}

// somewhere is a Rows with times that follow from the row.
type somewhere struct{ base int64 }

func (s somewhere) Row(i uint32) Row {
	return Row{Topic: "t", Partition: 3, Offset: s.base + int64(i), Time: 1000 * (s.base + int64(i))}
}

// recorder keeps log lines.
type recorder struct {
	mu    sync.Mutex
	lines []slog.Record
}

func (r *recorder) Enabled(context.Context, slog.Level) bool { return true }
func (r *recorder) WithAttrs([]slog.Attr) slog.Handler       { return r }
func (r *recorder) WithGroup(string) slog.Handler            { return r }
func (r *recorder) Handle(_ context.Context, l slog.Record) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.lines = append(r.lines, l)
	return nil
}

func attribute(l slog.Record, key string) (value string) {
	l.Attrs(func(a slog.Attr) bool {
		if a.Key == key {
			value = a.Value.String()
		}
		return true
	})
	return value
}

// short is a deadline for guests that never end; long enough for a busy machine to get to them.
const short = 300 * time.Millisecond
