package abi

import (
	"encoding/binary"

	"github.com/weir-stream/weir/host/engine"
)

// phase is which part of an instance's life is running; it decides which host functions may be called.
type phase int

const (
	phaseIdle phase = iota
	phaseStart
	phaseOpen
	phaseProcess
)

// call is what belongs to one call into the guest and is gone with the next.
type call struct {
	phase    phase
	name     string // of the guest's export
	rows     uint32 // of the batch
	from     Rows
	result   *Result
	rejected bitset
	refused  bool   // some row is in rejected
	failText string // from fail
	began    uint64 // what the instance's fuel was

	emits, emittedRows, emittedBytes int

	logged, left share // log lines
	partial      [2][]byte
	stderr       []byte
	held         []heldLine
}

// share is a number of log lines and their bytes.
type share struct{ lines, bytes int }

// begin forgets the last call and starts another.
func (i *Instance) begin(p phase, name string) {
	c := &i.call
	*c = call{phase: p, name: name, rejected: c.rejected[:0],
		partial: [2][]byte{c.partial[0][:0], c.partial[1][:0]}, stderr: c.stderr[:0], held: c.held[:0]}
	i.world.reseed = true
	i.follow()
	if i.engine != nil {
		c.began = i.engine.Fuel()
	}
}

// spent is the fuel that the call has consumed.
func (i *Instance) spent() uint64 {
	if i.engine == nil {
		return 0
	}
	return i.engine.Fuel() - i.call.began
}

// hint is the row in the progress cell, -1 where there is none or it can't be.
func (i *Instance) hint() int {
	if i.call.phase != phaseProcess || !i.hasProgress {
		return -1
	}
	view := i.memory.Bytes()
	if uint64(i.progress)+4 > uint64(len(view)) {
		return -1
	}
	if row := binary.LittleEndian.Uint32(view[i.progress:]); row < i.call.rows {
		return int(row)
	}
	return -1
}

// read is a view of a guest's bytes, valid until guest code runs.
func read(mem engine.Memory, at, n uint64) ([]byte, bool) {
	if mem == nil {
		return nil, false
	}
	view := mem.Bytes()
	if at > uint64(len(view)) || n > uint64(len(view))-at {
		return nil, false
	}
	return view[at : at+n : at+n], true
}

// argument is a view of what a guest passes to a host function; the name goes into the violation.
func argument(mem engine.Memory, what string, at, n uint64) ([]byte, error) {
	b, ok := read(mem, at, n)
	if !ok {
		return nil, violated(CodeMemoryRange, "%s of %d bytes at %d is not inside the guest's memory", what, n, at)
	}
	return b, nil
}

// bitset is a set of rows.
type bitset []uint64

// sized is the empty set with room for n rows.
func (s bitset) sized(n uint32) bitset {
	words := (int(n) + 63) / 64
	if cap(s) < words {
		return make(bitset, words)
	}
	s = s[:words]
	clear(s)
	return s
}

func (s bitset) has(row uint32) bool { return s[row/64]&(1<<(row%64)) != 0 }
func (s bitset) add(row uint32)      { s[row/64] |= 1 << (row % 64) }
