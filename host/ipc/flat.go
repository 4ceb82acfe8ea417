package ipc

import "encoding/binary"

var errBroken = errorf(CodeMetadata, "the metadata is not a well-formed flatbuffer")

// flat reads a flatbuffer that nobody vouches for. Every access is checked; the first one that leaves the buffer makes it
// broken for good, and everything read afterwards is zero. The caller asks once, at the end.
type flat struct {
	b      []byte
	broken bool
}

// within is the n bytes at pos, nil where they are not all there.
func (f *flat) within(pos, n int) []byte {
	if f.broken || pos < 0 || n < 0 || pos > len(f.b)-n {
		f.broken = true
		return nil
	}
	return f.b[pos : pos+n]
}

func (f *flat) u16(pos int) uint16 {
	if b := f.within(pos, 2); b != nil {
		return binary.LittleEndian.Uint16(b)
	}
	return 0
}

func (f *flat) u32(pos int) uint32 {
	if b := f.within(pos, 4); b != nil {
		return binary.LittleEndian.Uint32(b)
	}
	return 0
}

func (f *flat) u64(pos int) uint64 {
	if b := f.within(pos, 8); b != nil {
		return binary.LittleEndian.Uint64(b)
	}
	return 0
}

// follow is the place that the reference at pos points to: always forward, never to itself.
func (f *flat) follow(pos int) int {
	distance := f.u32(pos)
	if distance == 0 || int64(distance) > int64(len(f.b)-pos) {
		f.broken = true
		return 0
	}
	return pos + int(distance)
}

func (f *flat) root() table { return f.tableAt(f.follow(0)) }

// table is a flatbuffer table. The zero value is one that isn't there: all its fields are absent.
type table struct {
	f      *flat
	pos    int
	fields []byte // the vtable's entries, 2 bytes each
}

func (f *flat) tableAt(pos int) table {
	vtable := int64(pos) - int64(int32(f.u32(pos)))
	if f.broken || vtable < 0 || vtable > int64(len(f.b)) {
		f.broken = true
		return table{}
	}
	size := int(f.u16(int(vtable)))
	if size < 4 || size%2 != 0 {
		f.broken = true
		return table{}
	}
	entries := f.within(int(vtable)+4, size-4)
	if f.broken {
		return table{}
	}
	return table{f, pos, entries}
}

func (t table) there() bool { return t.f != nil }

// slot is the place of a field, 0 where it is absent and thus has its default.
func (t table) slot(id int) int {
	if 2*id+2 > len(t.fields) {
		return 0
	}
	if offset := int(binary.LittleEndian.Uint16(t.fields[2*id:])); offset != 0 {
		return t.pos + offset
	}
	return 0
}

func (t table) u8(id int) byte {
	if at := t.slot(id); at != 0 {
		if b := t.f.within(at, 1); b != nil {
			return b[0]
		}
	}
	return 0
}

func (t table) i16(id int) int16 {
	if at := t.slot(id); at != 0 {
		return int16(t.f.u16(at))
	}
	return 0
}

func (t table) i16or(id int, absent int16) int16 {
	if t.slot(id) == 0 {
		return absent
	}
	return t.i16(id)
}

func (t table) i32(id int) int32 {
	if at := t.slot(id); at != 0 {
		return int32(t.f.u32(at))
	}
	return 0
}

func (t table) i32or(id int, absent int32) int32 {
	if t.slot(id) == 0 {
		return absent
	}
	return t.i32(id)
}

func (t table) i64(id int) int64 {
	if at := t.slot(id); at != 0 {
		return int64(t.f.u64(at))
	}
	return 0
}

// table is a field that refers to another table.
func (t table) table(id int) table {
	if at := t.slot(id); at != 0 {
		return t.f.tableAt(t.f.follow(at))
	}
	return table{}
}

// vector is a vector's place and its number of elements of the given size; they are all inside the buffer.
func (t table) vector(id, size int) (pos, n int) {
	at := t.slot(id)
	if at == 0 {
		return 0, 0
	}
	pos = t.f.follow(at)
	count := t.f.u32(pos)
	if t.f.broken || int64(count)*int64(size) > int64(len(t.f.b)-pos-4) {
		t.f.broken = true
		return 0, 0
	}
	return pos + 4, int(count)
}

// text is a field that is a string; its bytes may not be UTF-8.
func (t table) text(id int) []byte {
	pos, n := t.vector(id, 1)
	if n == 0 {
		return nil
	}
	return t.f.within(pos, n)
}
