package abi

import (
	"fmt"
	"runtime"
	"strings"
	"testing"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/array"
	"github.com/apache/arrow-go/v18/arrow/memory"

	"github.com/weir-stream/weir/host/ipc"
	"github.com/weir-stream/weir/host/ipc/ipctest"
	"github.com/weir-stream/weir/host/types"
)

// wide is a schema of n columns, by turns numbers and text.
func wide(n int) *arrow.Schema {
	fields := make([]arrow.Field, n)
	for k := range fields {
		fields[k] = arrow.Field{Name: fmt.Sprint(k), Type: arrow.PrimitiveTypes.Int64, Nullable: true}
		if k%2 == 0 {
			fields[k].Type = arrow.BinaryTypes.String
		}
	}
	return arrow.NewSchema(fields, nil)
}

// nested is a schema of n fields in all, lists of structs in each other.
func nested(n int) *arrow.Schema {
	fields := []arrow.Field{}
	for left := n; left > 0; {
		f := arrow.Field{Name: fmt.Sprint(len(fields)), Type: arrow.BinaryTypes.String, Nullable: true}
		left--
		for depth := 0; depth < 10 && left >= 3; depth++ {
			beside := arrow.Field{Name: "beside", Type: types.UUID(), Nullable: true}
			f.Type = types.List(types.Struct(arrow.Field{Name: f.Name, Type: f.Type, Nullable: true}, beside), true)
			left -= 3
		}
		fields = append(fields, f)
	}
	return arrow.NewSchema(fields, nil)
}

func wideMessage(schema *arrow.Schema, rows int) []byte {
	b := array.NewRecordBuilder(memory.DefaultAllocator, schema)
	defer b.Release()
	for row := range rows {
		for _, f := range b.Fields() {
			if row%2 == 1 {
				f.AppendNull()
			} else if err := f.AppendValueFromString("7"); err != nil {
				panic(err)
			}
		}
	}
	batch := b.NewRecordBatch()
	defer batch.Release()
	return messageOf(batch)
}

// allocates is what f allocates in all, in bytes: more than is alive at any time.
func allocates(f func()) int64 {
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	f()
	runtime.ReadMemStats(&after)
	return int64(after.TotalAlloc - before.TotalAlloc)
}

// noise is what the runtime and other goroutines may allocate meanwhile.
const noise = 32 << 10

// What the host allocates for what a guest says, arrays and bookkeeping included, is at most what it accounts for, whatever
// the guest says a lot of. Row lists are at most three times as large as what they hold (Result.list).
func TestAccountsCoverWhatIsAllocated(t *testing.T) {
	narrow, broad := wide(1), wide(LimitColumns)
	few, empty := wideMessage(narrow, 2), wideMessage(broad, 0)
	two := wideMessage(broad, 2)
	deep := nested(LimitColumns)
	filled := messageOf(ipctest.Fill(deep, 2, memory.DefaultAllocator, ipctest.Counter()))
	list := make([]uint32, 1000)
	for k := range list {
		list[k] = uint32(k)
	}
	long := strings.Repeat("x", LimitMessageBytes)
	for name, tc := range map[string]struct {
		schema *arrow.Schema
		times  int64
		answer func(s *scripted, k int) error
		rounds int
	}{
		"columns without rows": {broad, 1, func(s *scripted, _ int) error { return s.emit(0, nil, empty) }, 8},
		"columns of two rows":  {broad, 1, func(s *scripted, _ int) error { return s.emit(0, nil, two) }, 8},
		"columns in columns":   {deep, 1, func(s *scripted, _ int) error { return s.emit(0, nil, filled) }, 8},
		"small emits":          {narrow, 1, func(s *scripted, _ int) error { return s.emit(0, nil, few) }, LimitEmits},
		"row lists":            {noColumns, 3, func(s *scripted, k int) error { return s.emit(0, list[:1+k%len(list)], nil) }, 2000},
		"short row lists":      {noColumns, 1, func(s *scripted, k int) error { return s.emit(0, list[:1], nil) }, LimitEmits},
		"rejections": {noColumns, 1, func(s *scripted, k int) error {
			at, _ := s.put(64, []byte("x"))
			_, err := s.call("weir.reject", uint64(k), at, 1, at, 0)
			return err
		}, 1000},
		"rejections with long messages": {noColumns, 1, func(s *scripted, k int) error {
			at, n := s.put(64, []byte(long))
			_, err := s.call("weir.reject", uint64(k), at, 64, at, n)
			return err
		}, 1000},
	} {
		t.Run(name, func(t *testing.T) {
			s := newScripted(1 << 20)
			declared, err := ipc.AppendSchema(nil, tc.schema)
			if err != nil {
				t.Fatal(err)
			}
			var opened, answered int64
			s.exports["weir_open"] = func(s *scripted, _ uint32) (_ uint32, err error) {
				at, n := s.put(0, declared)
				kind := uint64(OutputBatch)
				if tc.schema.NumFields() == 0 {
					kind = OutputPatch
				}
				opened = allocates(func() { _, err = s.call("weir.output", 0, 0, kind, at, n) })
				return StatusOK, err
			}
			s.exports["weir_process"] = func(s *scripted, _ uint32) (_ uint32, err error) {
				answered = allocates(func() {
					for k := 0; k < tc.rounds && err == nil; k++ {
						err = tc.answer(s, k)
					}
				})
				return StatusOK, err
			}
			i, err := Open(t.Context(), s, Config{Name: "account", Input: inputSchema})
			if err != nil {
				t.Fatal(err)
			}
			if opened > s.held+noise {
				t.Errorf("opening allocated %d bytes, %d accounted for", opened, s.held)
			}
			batch := batchOf(inputSchema, 1000, memory.DefaultAllocator)
			defer batch.Release()
			result, err := i.Process(t.Context(), batch, nil)
			if err != nil {
				t.Fatal(err)
			}
			result.Release()
			if answered > tc.times*s.held+noise {
				t.Errorf("the answer allocated %d bytes, %d accounted for", answered, s.held)
			}
		})
	}
}

// Nothing is copied before it is known to fit.
func TestNothingIsCopiedThatDoesNotFit(t *testing.T) {
	e := newEmitter(t)
	message := messageOf(batchOf(everyOutput()[0].Schema, 0, memory.DefaultAllocator))
	e.room = int64(len(message)) // not enough, with what comes on top
	if f := e.tries(t, 0, nil, message); f == nil || f.Code != CodeLimitMemory || f.Kind != FailedMemory {
		t.Errorf("%v", f)
	}
	if e.mem.allocated != 0 || e.held != 0 {
		t.Errorf("%d bytes copied, %d held", e.mem.allocated, e.held)
	}
}

func TestPoolTakesWhatIsAccountedFor(t *testing.T) {
	p := &pool{}
	for _, n := range []int{0, 1, 4095, 4096, 4097, 1 << 20, mostPooled - 1, mostPooled, mostPooled + 1, 5 << 20} {
		if b := p.Allocate(n); n > 0 && int64(cap(b)) > occupied(int64(n))*9/8 {
			t.Errorf("%d bytes take %d, %d accounted for", n, cap(b), occupied(int64(n)))
		}
	}
}
