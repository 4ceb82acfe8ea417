package abi

import (
	"context"
	"encoding/binary"
	"errors"
	"testing"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/array"
	"github.com/apache/arrow-go/v18/arrow/memory"

	"github.com/weir-stream/weir/host/engine"
	"github.com/weir-stream/weir/host/engine/enginetest/asm"
)

// Places in the memory of the fuzzed guest.
const (
	fuzzArgs    = 8192  // output, row count, message length
	fuzzRows    = 16384 // at most 4,096 of them
	fuzzMessage = 32768 // at most 98,304 bytes
)

// parrot emits what the test puts into its memory.
func parrot() []byte {
	g := newGuest()
	word := func(at int32) asm.Code { return asm.Block(asm.I32(fuzzArgs), asm.Load(uint32(at))) }
	return g.build(bodies{
		open: asm.Block(g.two(), asm.Drop, g.declares("cols", OutputPatch, inputSchema), ok()),
		process: asm.Block(word(0), asm.I32(fuzzRows), word(4), asm.I32(fuzzMessage), word(8), asm.Call(g.emit), asm.Drop,
			g.rejects(1, "x", ""), ok()),
	})
}

// FuzzEmit sends mutated messages and row lists through the whole of Process. Whatever is accepted can be read to the last
// value; whatever is not is a violation; nothing leaks.
func FuzzEmit(f *testing.F) {
	module, err := Compile(f.Context(), wazero(), parrot(), engine.Limits{})
	if err != nil {
		f.Fatal(err)
	}
	f.Cleanup(func() { _ = module.Close(context.Background()) })
	rows := func(list ...byte) (b []byte) {
		for _, r := range list {
			b = append(b, r, 0, 0, 0)
		}
		return b
	}
	f.Add(uint32(0), rows(0, 2, 9), uint32(3), []byte{}, uint16(0), uint64(0))
	f.Add(uint32(1), rows(0, 2, 9), uint32(3), rowsOf(3), uint16(100), uint64(7))
	f.Add(uint32(2), []byte{}, uint32(NoRows), messageOf(batchOf(inputSchema, 10, memoryDefault)), uint16(300), uint64(1<<40))
	f.Fuzz(func(t *testing.T, output uint32, rows []byte, count uint32, message []byte, where uint16, what uint64) {
		mem := memory.NewCheckedAllocator(memory.DefaultAllocator)
		defer mem.AssertSize(t, 0)
		i, err := Open(t.Context(), module, Config{Name: "fuzz", Input: inputSchema, Allocator: mem})
		if err != nil {
			t.Fatal(err)
		}
		defer func() { _ = i.Close(context.Background()) }()
		view := i.memory.Bytes()
		binary.LittleEndian.PutUint32(view[fuzzArgs:], output)
		binary.LittleEndian.PutUint32(view[fuzzArgs+4:], count)
		copy(view[fuzzRows:fuzzMessage], rows)
		n := copy(view[fuzzMessage:arenaAt], message)
		binary.LittleEndian.PutUint32(view[fuzzArgs+8:], uint32(n))
		if n >= 8 && where != 0 {
			binary.LittleEndian.PutUint64(view[fuzzMessage+int(where)%(n-7):], what)
		}
		batch := batchOf(inputSchema, 10, memoryDefault)
		defer batch.Release()
		result, err := i.Process(t.Context(), batch, nil)
		if err != nil {
			var failure *Failure
			if !errors.As(err, &failure) || failure.Kind != FailedViolation {
				t.Fatal(err)
			}
			return
		}
		for _, e := range result.Emits {
			touch(t, i.Outputs()[e.Output], e)
		}
		result.Release()
	})
}

// touch reads all of an emit.
func touch(t *testing.T, o Output, e Emit) {
	for _, row := range append(e.Selection, e.Origin...) {
		if row >= 10 || row == 1 {
			t.Fatalf("row %d", row)
		}
	}
	if e.Record == nil {
		return
	}
	if !arrow.TypeEqual(arrow.StructOf(e.Record.Schema().Fields()...), arrow.StructOf(o.Schema.Fields()...)) {
		t.Fatalf("schema %v", e.Record.Schema())
	}
	for _, c := range e.Record.Columns() {
		if s, ok := c.(*array.String); ok {
			if err := s.ValidateFull(); err != nil {
				t.Fatal(err)
			}
		}
		for k := range c.Len() {
			_ = c.ValueStr(k)
		}
	}
}
