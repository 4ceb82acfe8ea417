package abi

import (
	"context"
	"errors"
	"log/slog"
	"reflect"
	"strings"
	"testing"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/array"
	"github.com/apache/arrow-go/v18/arrow/memory"

	"github.com/weir-stream/weir/host/engine"
	"github.com/weir-stream/weir/host/engine/enginetest/asm"
	"github.com/weir-stream/weir/host/ipc/ipctest"
	"github.com/weir-stream/weir/internal/fault"
)

var memoryDefault = memory.DefaultAllocator

func TestEmitsAndRejectionsComeBackInOrder(t *testing.T) {
	g := newGuest()
	trip := trip{rows: 10}
	err := trip.run(t, g.build(bodies{open: g.two(), process: asm.Block(
		g.emits(0, []uint32{0, 9}, nil), g.rejects(4, "bad.value", "später"), g.emits(1, []uint32{2, 2, 0}, rowsOf(3)),
		g.emits(0, []uint32{}, nil), g.emits(1, nil, rowsOf(2)), ok())}))
	if err != nil {
		t.Fatal(err)
	}
	want := []Emit{{Output: 0, Selection: []uint32{0, 9}}, {Output: 1, Origin: []uint32{2, 2, 0}}, {Output: 0, Selection: []uint32{}}, {Output: 1}}
	rows := []int64{-1, 3, -1, 2}
	for k, e := range trip.result.Emits {
		n := int64(-1)
		if e.Record != nil {
			n = e.Record.NumRows()
		}
		e.Record = nil
		if n != rows[k] || !reflect.DeepEqual(e, want[k]) {
			t.Errorf("emit %d: %+v with %d rows, want %+v with %d", k, e, n, want[k], rows[k])
		}
	}
	if want := []Rejection{{4, "bad.value", "später"}}; !reflect.DeepEqual(trip.result.Rejected, want) {
		t.Errorf("rejected %+v", trip.result.Rejected)
	}
	if trip.result.Emits[2].Selection == nil {
		t.Error("an empty selection came back as nil")
	}
	outputs := trip.instance.Outputs()
	if len(outputs) != 2 || outputs[1].Name != "rows" || outputs[1].Kind != OutputBatch || !outputs[1].Schema.Equal(oneColumn) {
		t.Errorf("outputs %+v", outputs)
	}
}

func TestIdentityReturnsTheBatch(t *testing.T) {
	trip := trip{rows: 1000, from: somewhere{}}
	if err := trip.run(t, identity(inputSchema)); err != nil {
		t.Fatal(err)
	}
	want := batchOf(inputSchema, 1000, memoryDefault)
	defer want.Release()
	for _, n := range []int{1000, 1, 0, 5} {
		if n != 1000 {
			trip.rows = n
			if err := trip.process(t); err != nil {
				t.Fatal(err)
			}
		}
		slice := want.NewSlice(0, int64(n))
		if got := trip.result.Emits[0].Record; !array.RecordEqual(got, slice) {
			t.Errorf("%d rows came back as %v", n, got)
		}
		slice.Release()
	}
	s := trip.instance.Stats()
	if s.Calls != 4 || s.BytesIn <= s.BytesOut || s.BytesOut < 1000*8 || s.MemoryBytes != 4*65536 || s.GuestTime <= 0 {
		t.Errorf("stats %+v", s)
	}
}

// identity answers a batch with its own message.
func identity(schema *arrow.Schema) []byte {
	g := newGuest()
	return g.build(bodies{
		open:    asm.Block(g.declares("", OutputBatch, schema), ok()),
		process: asm.Block(asm.I32(0), asm.I32(0), asm.I32(-1), asm.I32(arenaAt), asm.Get(0), asm.Call(g.emit)),
	})
}

// Columns of every type, whole and in part, come back from a guest as they were sent.
func TestEveryTypeCrossesTwice(t *testing.T) {
	schema := ipctest.EveryType()
	module, err := Compile(t.Context(), wazero(), nil, identity(schema), trip{}.limits)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = module.Close(context.Background()) }()
	mem := memory.NewCheckedAllocator(memory.DefaultAllocator)
	defer mem.AssertSize(t, 0)
	i, err := Open(t.Context(), module, Config{Name: "test", Input: schema, Allocator: mem})
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = i.Close(context.Background()) }()
	whole := ipctest.Fill(schema, 100, mem, ipctest.Counter())
	defer whole.Release()
	for _, span := range [][2]int64{{0, 100}, {0, 0}, {7, 8}, {13, 77}, {100, 100}} {
		part := whole.NewSlice(span[0], span[1])
		r, err := i.Process(t.Context(), part, nil)
		if err != nil {
			t.Fatal(err)
		}
		if err := ipctest.Check(r.Emits[0].Record); err != nil || !array.RecordEqual(part, r.Emits[0].Record) {
			t.Errorf("rows %v came back as others: %v", span, err)
		}
		r.Release()
		part.Release()
	}
}

func TestRecordOutlivesResultAndInstance(t *testing.T) {
	module, err := Compile(t.Context(), wazero(), nil, identity(inputSchema), trip{}.limits)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = module.Close(context.Background()) }()
	i, err := Open(t.Context(), module, Config{Name: "test", Input: inputSchema})
	if err != nil {
		t.Fatal(err)
	}
	batch := batchOf(inputSchema, 100, memoryDefault)
	defer batch.Release()
	first, err := i.Process(t.Context(), batch, nil)
	if err != nil {
		t.Fatal(err)
	}
	kept := first.Emits[0].Record
	kept.Retain()
	first.Release()
	for range 5 { // the pool must not hand the kept record's memory out
		small := batch.NewSlice(50, 60)
		r, err := i.Process(t.Context(), small, nil)
		if err != nil {
			t.Fatal(err)
		}
		r.Release()
		small.Release()
	}
	if err := i.Close(t.Context()); err != nil {
		t.Fatal(err)
	}
	if !array.RecordEqual(kept, batch) {
		t.Error("a retained record changed")
	}
	kept.Release()
	if _, err := i.Process(t.Context(), batch, nil); !errors.Is(err, ErrDead) {
		t.Errorf("a call after Close: %v", err)
	}
}

func TestArenaGrowsAndMoves(t *testing.T) {
	g := newGuest()
	top := g.Global(4)
	i32 := asm.I32
	// Each arena is new memory at the end: grow by the length in pages and return the old end.
	wasm := g.build(bodies{
		arena:   asm.Block(i32(0), asm.SetGlobal(top), asm.Get(0), i32(16384), asm.DivS, i32(4), asm.DivS, asm.MemoryGrow, i32(65536), asm.Mul, asm.SetGlobal(top), asm.GetGlobal(top)),
		open:    asm.Block(g.declares("", OutputBatch, inputSchema), ok()),
		process: asm.Block(i32(0), i32(0), i32(-1), asm.GetGlobal(top), asm.Get(0), asm.Call(g.emit)),
	})
	trip := trip{rows: 10}
	if err := trip.run(t, wasm); err != nil {
		t.Fatal(err)
	}
	for _, n := range []int{20000, 10, 40000} {
		trip.rows = n
		if err := trip.process(t); err != nil {
			t.Fatal(err)
		}
		if got := trip.result.Emits[0].Record.NumRows(); got != int64(n) {
			t.Errorf("%d rows came back as %d", n, got)
		}
	}
}

func TestOpenRequest(t *testing.T) {
	// The guest answers status 0 only if the request starts as SPEC says; the rest is compared here.
	request, err := openRequest(inputSchema, map[string]string{"min": "60", "a": "später", "": ""})
	if err != nil {
		t.Fatal(err)
	}
	if len(request)%8 != 0 || request[0] != 1 || request[4] != 0 || request[12] != 3 {
		t.Errorf("head % x", request[:16])
	}
	length := int(request[8]) | int(request[9])<<8
	tail := request[16+length:]
	want := "\x00\x00\x00\x00\x00\x00\x00\x00" + "\x01\x00\x00\x00\x07\x00\x00\x00aspäter" + "\x03\x00\x00\x00\x02\x00\x00\x00min60\x00\x00\x00"
	if string(tail) != want {
		t.Errorf("parameters %q, want %q", tail, want)
	}
	g := newGuest()
	versionAndFlags := asm.Block(asm.I32(arenaAt), asm.Load(0), asm.I32(1), asm.Sub, asm.I32(arenaAt), asm.Load(4), asm.Add)
	trip := trip{rows: 1}
	if err := trip.run(t, g.build(bodies{open: asm.Block(g.two(), versionAndFlags, asm.Add)})); err != nil {
		t.Error(err)
	}
}

func TestConfigurationThatTheModuleDoesNotTake(t *testing.T) {
	manifest, reasons := ParseManifest([]byte(`{"abi":1,"input":{"columns":[{"name":"name","type":"TEXT"}]},
		"parameters":{"properties":{"min":{"type":"integer","default":60}}}}`))
	if reasons != nil {
		t.Fatal(reasons)
	}
	only := arrow.NewSchema(inputSchema.Fields()[1:], nil)
	large := arrow.NewSchema([]arrow.Field{{Name: "t", Type: arrow.BinaryTypes.LargeString}}, nil)
	for name, tc := range map[string]struct {
		config Config
		class  fault.Class
	}{
		"fits":              {Config{Manifest: manifest, Input: only}, fault.None},
		"unknown parameter": {Config{Manifest: manifest, Input: only, Parameters: map[string]string{"max": "1"}}, fault.Input},
		"absent column":     {Config{Manifest: manifest, Input: oneColumn}, fault.Input},
		"not projected":     {Config{Manifest: manifest, Input: inputSchema}, fault.Bug},
		"unsupported type":  {Config{Input: large}, fault.Input},
	} {
		i, err := newInstance(tc.config)
		if fault.Of(err) != tc.class {
			t.Errorf("%s: %v", name, err)
		}
		if err == nil && i.config.Parameters["min"] != "60" {
			t.Errorf("%s: the default is not filled in", name)
		}
	}
}

func TestBatchOfAnotherSchemaIsTheHostsMistake(t *testing.T) {
	g := newGuest()
	trip := trip{rows: 1}
	if err := trip.run(t, g.build(bodies{})); err != nil {
		t.Fatal(err)
	}
	other := batchOf(oneColumn, 1, memoryDefault)
	defer other.Release()
	if _, err := trip.instance.Process(t.Context(), other, nil); fault.Of(err) != fault.Bug {
		t.Errorf("got %v", err)
	}
	if err := trip.process(t); err != nil {
		t.Errorf("the instance is of no more use: %v", err)
	}
}

func TestCancelledCall(t *testing.T) {
	g := newGuest()
	trip := trip{rows: 1}
	if err := trip.run(t, g.build(bodies{})); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	batch := batchOf(inputSchema, 1, memoryDefault)
	defer batch.Release()
	_, err := trip.instance.Process(ctx, batch, nil)
	if f := failureOf(t, err); f.Kind != FailedCancelled || !errors.Is(err, context.Canceled) || fault.Of(err) != fault.Environment {
		t.Errorf("got %v", err)
	}
}

type panicking struct{}

func (panicking) Row(uint32) Row { panic("no such row") }

func TestPanicOfTheHostIsAFailure(t *testing.T) {
	g := newGuest()
	trip := trip{rows: 1, from: panicking{}}
	err := trip.run(t, g.build(bodies{process: asm.Block(g.logs(1, "x"), ok())}))
	if f := failureOf(t, err); f.Kind != FailedBug || fault.Of(err) != fault.Bug {
		t.Errorf("got %v", err)
	}
	i := &Instance{}
	err = func() (err error) {
		defer i.contain(&err)
		panic("elsewhere")
	}()
	if f := failureOf(t, err); f.Kind != FailedBug || !i.dead {
		t.Errorf("got %v", err)
	}
}

func TestLogLines(t *testing.T) {
	g := newGuest("fd_write")
	write := func(fd int32, parts ...string) asm.Code {
		vectors := []byte{}
		for _, p := range parts {
			at := g.free
			g.put([]byte(p))
			vectors = append(vectors, byte(at), byte(at>>8), byte(at>>16), 0, byte(len(p)), byte(len(p)>>8), 0, 0)
		}
		at := int32(g.free)
		g.put(vectors)
		return asm.Block(asm.I32(fd), asm.I32(at), asm.I32(int32(len(parts))), asm.I32(scratchAt), asm.Call(g.wasi["fd_write"]), asm.Drop)
	}
	lines := &recorder{}
	trip := trip{rows: 10, from: somewhere{base: 100}, config: Config{Name: "late", Logger: slog.New(lines), Limits: Limits{LogLines: 6}}}
	err := trip.run(t, g.build(bodies{
		initialize: write(1, "hello\n"),
		process: asm.Block(at(3), g.logs(2, "warned \xff"), write(1, "one\ntw", "o\n\n  \nrest"), write(2, "panic: boom\n"),
			at(99), g.logs(0, strings.Repeat("ü", 3000)), g.logs(3, "six"), g.logs(3, "seven"), ok())}))
	if err != nil {
		t.Fatal(err)
	}
	type line struct{ level, text, row, offset string }
	want := []line{
		{"INFO", "hello", "", ""}, {"WARN", "warned \ufffd", "3", "103"}, {"INFO", "one", "3", "103"}, {"INFO", "two", "3", "103"},
		{"DEBUG", strings.Repeat("ü", 2048), "", ""}, {"ERROR", "six", "", ""},
		{"ERROR", "panic: boom", "3", "103"}, // standard error waits for the call's end
		{"WARN", "log lines left out", "", ""},
	}
	if len(lines.lines) != len(want) {
		t.Fatalf("%d lines", len(lines.lines))
	}
	for k, l := range lines.lines {
		got := line{l.Level.String(), l.Message, attribute(l, "row"), attribute(l, "offset")}
		if got != want[k] || attribute(l, "module") != "late" {
			t.Errorf("line %d: %.100v, want %.100v", k, got, want[k])
		}
	}
	if n := attribute(lines.lines[7], "lines"); n != "2" {
		t.Errorf("%s lines left out, want 2", n)
	}
}

// TestStacksOfADyingGuestAreForDebugging lets a guest write to its standard error and then trap.
func TestStacksOfADyingGuestAreForDebugging(t *testing.T) {
	g := newGuest("fd_write")
	at := int32(g.free)
	g.put([]byte("panic: boom\n"))
	vector := int32(g.free)
	g.put([]byte{byte(at), byte(at >> 8), byte(at >> 16), 0, 12, 0, 0, 0})
	lines := &recorder{}
	trip := trip{rows: 10, config: Config{Name: "late", Logger: slog.New(lines)}}
	err := trip.run(t, g.build(bodies{process: asm.Block(
		asm.I32(2), asm.I32(vector), asm.I32(1), asm.I32(scratchAt), asm.Call(g.wasi["fd_write"]), asm.Drop, asm.Unreachable)}))
	if f := failureOf(t, err); f.Stderr != "panic: boom\n" {
		t.Errorf("%+v", f)
	}
	if len(lines.lines) != 1 || lines.lines[0].Level != slog.LevelDebug {
		t.Errorf("logged %v", lines.lines)
	}
}

func TestLastWordsAreInTheFailure(t *testing.T) {
	g := newGuest("fd_write")
	text := "panic: boom\n\ngoroutine 1 [running]:\n"
	at := g.free
	g.put([]byte(text))
	vector := int32(g.free)
	g.put([]byte{byte(at), byte(at >> 8), 0, 0, byte(len(text)), 0, 0, 0})
	trip := trip{rows: 1}
	err := trip.run(t, g.build(bodies{process: asm.Block(asm.I32(2), asm.I32(vector), asm.I32(1), asm.I32(scratchAt), asm.Call(g.wasi["fd_write"]), asm.Drop, asm.Unreachable)}))
	if f := failureOf(t, err); f.Stderr != text {
		t.Errorf("stderr %q", f.Stderr)
	}
	const want = "module test: weir_process: unreachable, in weir_process, about row 0 of the batch (panic: boom)"
	if err.Error() != want {
		t.Errorf("got  %s\nwant %s", err, want)
	}
}

// BenchmarkProcess calls guests that do nothing with their rows, with every limit on.
func BenchmarkProcess(b *testing.B) {
	wide, text := arrow.PrimitiveTypes.Int64, arrow.BinaryTypes.String
	integers := arrow.NewSchema([]arrow.Field{{Name: "a", Type: wide}, {Name: "b", Type: wide}, {Name: "c", Type: wide}, {Name: "d", Type: wide}}, nil)
	texts := arrow.NewSchema([]arrow.Field{
		{Name: "carrier", Type: text, Nullable: true}, {Name: "delay", Type: wide},
		{Name: "origin", Type: text, Nullable: true}, {Name: "distance", Type: wide},
	}, nil)
	g := newGuest()
	patch := g.build(bodies{process: asm.Block(asm.I32(0), asm.I32(0), asm.I32(-1), asm.I32(0), asm.I32(0), asm.Call(g.emit))})
	for _, run := range []struct {
		name   string
		wasm   []byte
		schema *arrow.Schema
		rows   int
	}{
		{"identity", identity(integers), integers, 1024},
		{"identity without rows", identity(integers), integers, 0},
		{"identity with texts", identity(texts), texts, 1024},
		{"patch", patch, texts, 1024},
	} {
		b.Run(run.name, func(b *testing.B) {
			module, err := Compile(b.Context(), wazero(), nil, run.wasm, engine.Limits{FuelPerSecond: engine.MaxFuelPerSecond})
			if err != nil {
				b.Fatal(err)
			}
			defer func() { _ = module.Close(context.Background()) }()
			i, err := Open(b.Context(), module, Config{Name: "bench", Input: run.schema})
			if err != nil {
				b.Fatal(err)
			}
			defer func() { _ = i.Close(context.Background()) }()
			batch := batchOf(run.schema, run.rows, memoryDefault)
			b.SetBytes(int64(len(messageOf(batch))))
			b.ReportAllocs()
			for b.Loop() {
				r, err := i.Process(b.Context(), batch, nil)
				if err != nil || len(r.Emits) != 1 {
					b.Fatal(err)
				}
				r.Release()
			}
		})
	}
}
