package operator_test

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"sync"
	"testing"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/array"
	"github.com/apache/arrow-go/v18/arrow/memory"

	"github.com/weir-stream/weir/host/abi"
	"github.com/weir-stream/weir/host/batch"
	"github.com/weir-stream/weir/host/builtin"
	"github.com/weir-stream/weir/host/engine"
	"github.com/weir-stream/weir/host/engine/enginetest/asm"
	"github.com/weir-stream/weir/host/ipc"
	"github.com/weir-stream/weir/host/operator"
)

var numbersOnly = arrow.NewSchema([]arrow.Field{{Name: "n", Type: arrow.PrimitiveTypes.Int32}}, nil)

func numbers(values ...int32) arrow.RecordBatch {
	b := array.NewRecordBuilder(memory.DefaultAllocator, numbersOnly)
	defer b.Release()
	b.Field(0).(*array.Int32Builder).AppendValues(values, nil)
	return b.NewRecordBatch()
}

// body is where the values lie in a message of numbers.
func body(t *testing.T) int32 {
	values := slices.Repeat([]int32{0x01020304}, 16)
	rec := numbers(values...)
	defer rec.Release()
	w, err := ipc.NewWriter(numbersOnly)
	if err != nil {
		t.Fatal(err)
	}
	size, err := w.Prepare(rec)
	if err != nil {
		t.Fatal(err)
	}
	message := make([]byte, size)
	w.Write(message)
	at := bytes.Index(message, bytes.Repeat(binary.LittleEndian.AppendUint32(nil, 0x01020304), 16))
	if at < 0 {
		t.Fatal("the message has not the values in a row")
	}
	return int32(at)
}

// canary assembles a guest that lets all rows through, and traps on multiples of 13. Each row's value goes to a place of its
// memory, and back to nothing at the end of the call, as the arena does, unless the guest is messy; a call that finds anything
// there, or in the arena behind its own message, rejects its first row and lets none through.
func canary(t *testing.T, messy bool) []byte {
	const (
		places, cell, arena, behind = 256, 512, 131072, 131072 + 8192

		length, at, found, row, value = 0, 1, 2, 3, 4 // local variables
	)
	or, less, remainder := asm.Code{0x72}, asm.Code{0x49}, asm.Code{0x70}
	m := asm.New()
	output := m.Import("weir", "output", asm.Sig("iiiii", "i"))
	emit := m.Import("weir", "emit", asm.Sig("iiiii", "i"))
	reject := m.Import("weir", "reject", asm.Sig("iiiii", "i"))
	m.Memory(4, 0)
	schema, err := ipc.AppendSchema(nil, arrow.NewSchema(nil, nil))
	if err != nil {
		t.Fatal(err)
	}
	m.Data(1024, schema)
	m.Data(4096, []byte("seen"))
	m.Func(abi.Marker, asm.Sig("", ""), "")
	m.Func("weir_arena", asm.Sig("i", "i"), "", asm.I32(arena))
	m.Func("weir_progress", asm.Sig("", "i"), "", asm.I32(cell))
	m.Func("weir_open", asm.Sig("i", "i"), "", asm.I32(arena), asm.I32(0), asm.Get(length), asm.MemoryFill,
		asm.I32(0), asm.I32(0), asm.I32(abi.OutputPatch), asm.I32(1024), asm.I32(int32(len(schema))), asm.Call(output), asm.Drop, asm.I32(0))
	look := asm.Block(
		asm.I32(places), asm.Load(0), asm.Set(found),
		asm.I32(arena), asm.Get(length), asm.Add, asm.Set(at),
		asm.Loop(asm.Get(found), asm.Get(at), asm.Load(0), or, asm.Set(found),
			asm.Get(at), asm.I32(4), asm.Add, asm.Set(at), asm.Get(at), asm.I32(behind), less),
	)
	work := asm.Block(
		asm.I32(arena+body(t)), asm.Set(at),
		asm.Loop(
			asm.Get(at), asm.Load(0), asm.Set(value),
			asm.I32(cell), asm.Get(row), asm.Store(0),
			asm.I32(places), asm.Get(value), asm.Store(0),
			asm.Get(value), asm.If(asm.Get(value), asm.I32(13), remainder, asm.Eqz, asm.If(asm.Unreachable)),
			asm.Get(row), asm.I32(1), asm.Add, asm.Set(row),
			asm.Get(at), asm.I32(4), asm.Add, asm.Set(at), asm.Get(at), asm.I32(arena), asm.Get(length), asm.Add, less),
	)
	clean := asm.Block(asm.I32(places), asm.I32(0), asm.Store(0), asm.I32(arena), asm.I32(0), asm.Get(length), asm.MemoryFill)
	if messy {
		clean = nil
	}
	m.Func("weir_process", asm.Sig("i", "i"), "iiii", look, work, clean,
		asm.Get(found), asm.If(asm.I32(0), asm.I32(4096), asm.I32(4), asm.I32(4096), asm.I32(0), asm.Call(reject), asm.Drop),
		asm.Get(found), asm.Eqz, asm.If(asm.I32(0), asm.I32(0), asm.I32(-1), asm.I32(0), asm.I32(0), asm.Call(emit), asm.Drop),
		asm.I32(0))
	return m.Bytes()
}

// trip is what came of a lane.
type trip struct {
	rows    []int32
	letters []string
	counts  operator.Counts
}

// runLane sends batches of a lane's own numbers, some of them poison, through a chain.
func runLane(t *testing.T, lanes *operator.Lanes, lane int32) (out trip, err error) {
	c, err := lanes.Open(t.Context())
	if err != nil {
		return out, err
	}
	defer func() { err = errors.Join(err, c.Close(context.Background())) }()
	from := &batch.Provenance{Topic: "numbers", Partition: uint32(lane)}
	for n := range int32(60) {
		values := []int32{}
		for range 1 + (n*n+lane)%200 {
			v := 13*(1000*lane+int32(len(values))) + 1 // fine
			if len(values)%50 == 20 {
				v-- // poison
			}
			values = append(values, v)
			from.Append(int64(n)<<32+int64(len(values)), 0, -1, nil)
		}
		in := &batch.Batch{Record: numbers(values...), From: from}
		res, err := c.Process(t.Context(), in)
		in.Record.Release()
		if err != nil {
			return out, err
		}
		for _, b := range res.Batches {
			out.rows = append(out.rows, b.Record.Column(0).(*array.Int32).Int32Values()...)
		}
		for _, r := range res.Rejected {
			out.letters = append(out.letters, fmt.Sprint(r.Letter.Code, " ", r.Letter.Offset))
		}
		operator.Release(res.Batches)
		from = from.Next()
	}
	out.counts = c.Counts()
	return out, nil
}

// TestLanesShareInstancesAndNothingElse runs four lanes through two stages of a real guest, on few instances and on many.
// What comes of a lane and the fuel that it costs are the same as alone, and no call sees a trace of another one, of the same
// lane or another, which failed.
func TestLanesShareInstancesAndNothingElse(t *testing.T) {
	eng, err := builtin.Engine("", slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	defer eng.Close(context.Background())
	for _, messy := range []bool{false, true} {
		module, err := abi.Compile(t.Context(), eng, nil, canary(t, messy), engine.Limits{})
		if err != nil {
			t.Fatal(err)
		}
		var alone []trip
		for _, instances := range []int{1, 2, 8} {
			stages := []operator.Stage{canaryStage("first", module, operator.Next, instances), canaryStage("second", module, operator.Sinks, instances)}
			trips := make([]trip, 4)
			errs := make([]error, 4)
			var running sync.WaitGroup
			lanes := operator.NewLanes(stages, memory.DefaultAllocator)
			for i := range trips {
				if alone == nil {
					trips[i], errs[i] = runLane(t, lanes, int32(i)) // one after another
					continue
				}
				running.Go(func() { trips[i], errs[i] = runLane(t, lanes, int32(i)) })
			}
			running.Wait()
			if err := errors.Join(errs...); err != nil {
				t.Fatal(err)
			}
			if messy { // what the guest looks for can be found
				if !slices.ContainsFunc(trips[0].letters, func(l string) bool { return l[:4] == "seen" }) {
					t.Error("a guest that leaves traces finds none")
				}
				break
			}
			if alone == nil {
				alone = trips
			}
			for i, got := range trips {
				check(t, got)
				if want := alone[i]; !slices.Equal(got.rows, want.rows) || !slices.Equal(got.letters, want.letters) || got.counts != want.counts {
					t.Errorf("lane %d on %d instances: %d rows, %d letters, %+v; alone: %d, %d, %+v", i, instances,
						len(got.rows), len(got.letters), got.counts, len(want.rows), len(want.letters), want.counts)
				}
			}
		}
		if err := module.Close(t.Context()); err != nil { // no instance is left
			t.Error(err)
		}
	}
}

func check(t *testing.T, got trip) {
	t.Helper()
	for _, v := range got.rows {
		if v%13 == 0 {
			t.Fatalf("poison row %d came through", v)
		}
	}
	for _, l := range got.letters {
		if l[:4] != "trap" {
			t.Fatalf("a letter says %s", l)
		}
	}
	if len(got.rows) == 0 || len(got.letters) == 0 || got.counts.Fuel == 0 || got.counts.Failures == 0 {
		t.Fatalf("%d rows, %d letters, %+v", len(got.rows), len(got.letters), got.counts)
	}
}

func canaryStage(name string, module engine.Module, to operator.Destination, instances int) operator.Stage {
	return operator.Stage{
		Function: name, Send: []int{0}, Input: numbersOnly, OnError: operator.Isolate, Instances: instances,
		Open: func(ctx context.Context) (operator.Guest, error) {
			return abi.Open(ctx, module, abi.Config{Name: name, Input: numbersOnly})
		},
		Outputs: []operator.Output{{To: to, Patch: true, Schema: numbersOnly, Columns: []operator.Column{{}}}},
	}
}
