package sandbox

import (
	"bytes"
	"context"
	"encoding/binary"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

// What bulk instructions work on in tests: several pieces of memory, data and entries. Pieces are of 512 KiB and 16,384 entries.
const (
	bulkPages   = 40
	bulkData    = 1<<20 + 4321
	bulkEntries = 40_000
)

// bulkModule has a function for each bulk instruction, of the type (i32, i32, i32) -> (), one to drop the segments, and one for a
// sum over the table that depends on which entries are null. Table and segments come second.
func bulkModule() []byte {
	data := make([]byte, bulkData)
	scramble(data, 7)
	var entries []byte
	for n := range uint32(bulkEntries) {
		if n*n%7 < 3 {
			entries = append(entries, 0xd0, 0x70, 0x0b) // ref.null func
		} else {
			entries = append(entries, 0xd2, 0, 0x0b) // ref.func 0
		}
	}
	three := func(code ...any) []byte { return body(0x20, 0, 0x20, 1, 0x20, 2, bytesOf(code...)) }
	sum := bodyWith(vec(bytesOf(2, tI32)), // entry, sum
		0x03, 0x40, 0x20, 1, 0x41, 31, 0x6c, 0x20, 0, 0x25, 1, 0xd1, 0x6a, 0x21, 1,
		0x20, 0, 0x41, 1, 0x6a, 0x22, 0, 0xfc, 16, 1, 0x49, 0x0d, 0, 0x0b, 0x20, 1)
	return binaryOf(
		section(1, vec(funcType(tI32+tI32+tI32, ""), funcType("", ""), funcType("", tI32))),
		section(3, vec(leb(0), leb(0), leb(0), leb(0), leb(1), leb(2))),
		section(4, vec(bytesOf(0x70, 0, 1), bytesOf(0x70, 0, leb(bulkEntries)))),
		section(5, vec(bytesOf(0, leb(bulkPages)))),
		section(7, vec(named("fill", 0, 0), named("copy", 0, 1), named("init", 0, 2), named("table", 0, 3), named("drop", 0, 4),
			named("sum", 0, 5), named("memory", 2, 0))),
		section(9, vec(bytesOf(1, 0, 0), bytesOf(5, 0x70, leb(bulkEntries), entries))),
		section(12, 2),
		section(10, vec(three(0xfc, 11, 0), three(0xfc, 10, 0, 0), three(0xfc, 8, 1, 0), three(0xfc, 12, 1, 1),
			body(0xfc, 9, 1, 0xfc, 13, 1), sum)),
		section(11, vec(bytesOf(1, 0), bytesOf(1, leb(bulkData), data))))
}

// scramble fills memory with numbers that do not repeat.
func scramble(memory []byte, seed uint64) {
	for at := 0; at+8 <= len(memory); at += 8 {
		seed = seed*6364136223846793005 + 1442695040888963407
		binary.LittleEndian.PutUint64(memory[at:], seed^seed>>29)
	}
}

// TestPiecesAreTheWholeInstruction runs bulk instructions as they were and in pieces: what they do and where they trap is the
// same, and the fuel is a unit for each of the four instructions and for 16 bytes or an entry, whatever comes of it.
func TestPiecesAreTheWholeInstruction(t *testing.T) {
	wasm := bulkModule()
	before, after := instantiate(t, &Module{Wasm: wasm}), instantiate(t, must(t, wasm))
	memories := make([][]byte, 2)
	for k, g := range []*guest{before, after} {
		memories[k], _ = g.module.Memory().Read(0, bulkPages<<16)
	}
	both := func(t *rapid.T, name string, args ...uint64) (used int64) {
		results, err := before.module.ExportedFunction(name).Call(context.Background(), args...)
		again, used, err2 := after.call(1<<40, 1000, name, args...)
		if message(err) != message(err2) || err == nil && !slices.Equal(results, again) {
			t.Fatalf("%s%v: %v, %v; before %v, %v", name, args, again, err2, results, err)
		}
		return used
	}
	rapid.Check(t, func(t *rapid.T) {
		for k := range memories {
			scramble(memories[k], 1)
		}
		name := rapid.SampledFrom([]string{"fill", "copy", "copy", "init", "table"}).Draw(t, "name")
		unit, piece, to, from := uint64(16), uint64(512<<10), uint64(bulkPages<<16), uint64(bulkPages<<16)
		switch name {
		case "init":
			from = bulkData
		case "table":
			unit, piece, to, from = 1, 16<<10, bulkEntries, bulkEntries
		}
		place := func(label string, size uint64) uint64 {
			at := rapid.SampledFrom([]uint64{0, 100, piece, size / 2, size - piece, size}).Draw(t, label)
			return at + rapid.Uint64Range(0, 40).Draw(t, label+" and")
		}
		a, b := place("to", to), place("from", from)
		n := rapid.SampledFrom([]uint64{to - a, from - b, piece, 2 * piece, 3*piece + piece/2, 1 << 31}).Draw(t, "length")
		n = (n + rapid.Uint64Range(0, 2).Draw(t, "length and") - 1) & (1<<32 - 1)
		if used := both(t, name, a, b, n); used != int64(4+n/unit) {
			t.Fatalf("%s(%d, %d, %d) takes %d units, want %d", name, a, b, n, used, 4+n/unit)
		}
		if !bytes.Equal(memories[0], memories[1]) {
			t.Fatalf("%s(%d, %d, %d) leaves another memory", name, a, b, n)
		}
		if name == "table" {
			both(t, "sum")
		}
	})
	rapid.Check(t, func(t *rapid.T) {
		both(t, "drop")
		n := rapid.Uint64Range(0, 1<<20).Draw(t, "n")
		both(t, rapid.SampledFrom([]string{"init", "table"}).Draw(t, "name"), 0, 0, n)
	})
}

// message is an error without its stack.
func message(err error) string {
	if err == nil {
		return ""
	}
	line, _, _ := strings.Cut(err.Error(), "\n")
	return line
}
