package ipc

import "encoding/binary"

// flatWriter writes a flatbuffer from front to back. References in a flatbuffer point forward and a table's vtable may
// stand before it, so children are appended after their parents and the parents' references filled in.
type flatWriter struct{ b []byte }

// slot is one field of a table to write, size 1, 2, 4 or 8 bytes. A reference is a slot of size 4, filled in by refer.
type slot struct {
	id, size int
	value    uint64
}

// pad appends zeros until the length leaves the remainder modulo 8.
func (w *flatWriter) pad(remainder int) {
	for len(w.b)%8 != remainder {
		w.b = append(w.b, 0)
	}
}

// table appends a table and returns where it is and where each of its slots is. Slots come largest first, so that all
// are aligned.
func (w *flatWriter) table(slots ...slot) (pos int, at []int) {
	fields := 0
	for _, s := range slots {
		fields = max(fields, s.id+1)
	}
	vtable := 4 + 2*fields
	for (len(w.b)+vtable)%8 != 4 { // fields of 8 bytes stand 4 after the table's beginning
		w.b = append(w.b, 0)
	}
	entries := make([]byte, vtable)
	pos = len(w.b) + vtable
	offset := 4
	inline := []byte{}
	for _, s := range slots {
		binary.LittleEndian.PutUint16(entries[4+2*s.id:], uint16(offset))
		inline = append(inline, binary.LittleEndian.AppendUint64(nil, s.value)[:s.size]...)
		at = append(at, pos+offset)
		offset += s.size
	}
	binary.LittleEndian.PutUint16(entries, uint16(vtable))
	binary.LittleEndian.PutUint16(entries[2:], uint16(offset))
	w.b = append(w.b, entries...)
	w.b = binary.LittleEndian.AppendUint32(w.b, uint32(vtable)) // back to the vtable
	w.b = append(w.b, inline...)
	return pos, at
}

// refer makes the reference at a slot point to target.
func (w *flatWriter) refer(at, target int) {
	binary.LittleEndian.PutUint32(w.b[at:], uint32(target-at))
}

// text appends a string.
func (w *flatWriter) text(s string) int {
	w.pad(4)
	pos := len(w.b)
	w.b = binary.LittleEndian.AppendUint32(w.b, uint32(len(s)))
	w.b = append(append(w.b, s...), 0)
	return pos
}

// vector appends a vector of n zero elements of the given size, aligned to 8, and returns its place.
func (w *flatWriter) vector(n, size int) int {
	w.pad(4)
	pos := len(w.b)
	w.b = binary.LittleEndian.AppendUint32(w.b, uint32(n))
	w.b = append(w.b, make([]byte, n*size)...)
	return pos
}

// message begins a Message of the kind and returns the slots of its header and of its body's length.
func (w *flatWriter) message(kind byte) (headerAt, bodyAt int) {
	w.b = make([]byte, 4)
	root, at := w.table(slot{3, 8, 0}, slot{2, 4, 0}, slot{0, 2, versionV5}, slot{1, 1, uint64(kind)})
	w.refer(0, root)
	return at[1], at[0]
}

// encapsulate puts the frame before the metadata and pads so that a body begins at a multiple of to.
func (w *flatWriter) encapsulate(to int) []byte {
	size := align(prefix+len(w.b), to)
	out := make([]byte, size)
	binary.LittleEndian.PutUint32(out, 0xffffffff)
	binary.LittleEndian.PutUint32(out[4:], uint32(size-prefix))
	copy(out[prefix:], w.b)
	return out
}
