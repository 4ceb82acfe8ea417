package wasm

import (
	"bytes"
	"encoding/binary"
	"testing"
)

// frames are functions of (i32) → () with a hundred more locals of type i64, each with what its frame took on amd64 when wazero 1.12 had
// compiled its rewritten form, in slots of 8 bytes. An estimate below that would let recursion take more of the stack than the depth
// allows.
var frames = []struct {
	name  string
	code  []byte
	takes int
}{
	{"operands across a call", cat(times(100, computed), again, sum, store), 112},
	{"operands that wait", cat(times(100, computed), sum, store), 102},
	{"floats across a call", cat(times(100, func(i int) []byte { return cat(computed(i), []byte{0xb9}) }), again,
		times(99, always(0xa0)), []byte{0xbd}, store), 118},
	{"vectors across a call", cat(times(100, func(i int) []byte { return cat(computed(i), []byte{0xfd, 0x12}) }), again,
		times(99, always(0xfd, 0xce, 0x01)), []byte{0xfd, 0x1d, 0}, store), 210},
	{"locals across a call", cat(setAll, again, readAll), 112},
	{"locals without a call", cat(setAll, readAll), 102},
	{"one arm", times(20, func(int) []byte { return cat(when, setAll, end, readAll) }), 3534},
	{"both arms", times(20, func(int) []byte { return cat(when, setAll, again, otherwise, setAll, end, readAll) }), 5438},
	{"blocks that are left", times(20, func(int) []byte {
		return cat([]byte{opBlock, 0x40}, setAll, get0, []byte{opBrIf, 0}, setAll, end, readAll)
	}), 5334},
	{"loops in a row", cat(times(20, func(int) []byte { return cat(round, addAll, get0, []byte{opBrIf, 0}, end) }), readAll), 5462},
	{"loops within each other", cat(times(20, always(round...)), addAll, times(20, always(cat(again, get0, []byte{opBrIf, 0}, end)...)), readAll), 3756},
	{"globals in loops in a row", times(100, func(int) []byte {
		return cat(round, times(3, func(int) []byte { return cat(globals, get0, []byte{opBrIf, 0}) }), end)
	}), 1016},
	{"sets in loops that may be skipped", cat(times(20, always(cat(round, when, setAll, end, get0, []byte{opBrIf, 0}, end)...)), readAll), 7210},
	{"divisions", cat(setAll, times(400, next(0x80)), readAll), 506},
	{"shifts", cat(setAll, times(400, next(0x86)), readAll), 804},
	{"few values at a time", cat(times(400, func(i int) []byte { return cat(get(1+i%3), get(1+(i+1)%3), []byte{0x7c}, set(1+(i+2)%3)) }), readAll), 10},
	{"memory moved", cat(get0, get0, get0, []byte{0xfc, 11, 0}), 28},
}

var (
	get0      = get(0)
	again     = cat(get0, []byte{opCall, 0})
	end       = []byte{opEnd}
	when      = cat(get0, []byte{opIf, 0x40})
	otherwise = []byte{opElse}
	round     = []byte{opLoop, 0x40}
	setAll    = times(100, func(i int) []byte { return cat(computed(i), set(1+i)) })
	addAll    = times(100, func(i int) []byte { return cat(get(1+i), constant(1), []byte{0x7c}, set(1+i)) })
	readAll   = cat(times(100, func(i int) []byte { return get(1 + i) }), sum, store)
	globals   = cat(constant(0), times(15, func(i int) []byte { return []byte{opGlobalGet, byte(i), 0x7c} }), store)
	sum       = times(99, always(0x7c))
	store     = cat(set(1), get0, get(1), []byte{0x37, 3, 0})
)

func cat(parts ...[]byte) []byte { return bytes.Join(parts, nil) }

func times(n int, f func(i int) []byte) (code []byte) {
	for i := range n {
		code = append(code, f(i)...)
	}
	return code
}

func always(b ...byte) func(int) []byte { return func(int) []byte { return b } }
func get(local int) []byte              { return binary.AppendUvarint([]byte{opLocalGet}, uint64(local)) }
func set(local int) []byte              { return binary.AppendUvarint([]byte{opLocalSet}, uint64(local)) }
func constant(n int) []byte             { return binary.AppendUvarint([]byte{opI64Const}, uint64(n)&0x3f) }

// computed is a value that is no constant and no local.
func computed(i int) []byte { return cat(get0, []byte{0xac}, constant(i), []byte{0x7e}) }

// next gives a local what an operation makes of two others.
func next(op byte) func(i int) []byte {
	return func(i int) []byte { return cat(get(1+i%100), get(1+(i+1)%100), []byte{op}, set(1+(i+2)%100)) }
}

func TestFramesAreNotUnderestimated(t *testing.T) {
	for _, f := range frames {
		body, err := bodyOf(t, oneBodyOf(I64, 100, f.code))
		if err != nil {
			t.Fatalf("%s: %v", f.name, err)
		}
		if body.Frame < f.takes || body.Frame > 3*f.takes+300 {
			t.Errorf("%s: %d slots, it takes %d", f.name, body.Frame, f.takes)
		}
	}
}
