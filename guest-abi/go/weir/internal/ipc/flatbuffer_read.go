package ipc

// reader reads a flatbuffer. A read outside of the buffer gives 0 and sets bad, which the caller looks at once at the end.
type reader struct {
	b   []byte
	bad bool
}

func (r *reader) uint(at, size int) (v uint64) {
	if at < 0 || size > len(r.b) || at > len(r.b)-size {
		r.bad = true
		return 0
	}
	for i := size - 1; i >= 0; i-- {
		v = v<<8 | uint64(r.b[at+i])
	}
	return v
}

func (r *reader) u8(at int) int    { return int(r.uint(at, 1)) }
func (r *reader) u16(at int) int   { return int(r.uint(at, 2)) }
func (r *reader) i32(at int) int   { return int(int32(r.uint(at, 4))) }
func (r *reader) u32(at int) int   { return int(r.uint(at, 4)) }
func (r *reader) i64(at int) int64 { return int64(r.uint(at, 8)) }

// ref follows the offset at a position.
func (r *reader) ref(at int) int { return at + r.u32(at) }

// field is the position of a table's field, 0 where the table, or the field in it, is left out. (At 0 is the root offset.)
func (r *reader) field(table, id int) int {
	if table == 0 {
		return 0
	}
	vtable := table - r.i32(table)
	slot := 4 + 2*id
	if slot+2 > r.u16(vtable) {
		return 0
	}
	offset := r.u16(vtable + slot)
	if offset == 0 {
		return 0
	}
	return table + offset
}

// int is an integer field of a table, or its default 0.
func (r *reader) int(table, id, size int) uint64 { return r.intOr(table, id, size, 0) }

// intOr is int for a field of another default.
func (r *reader) intOr(table, id, size int, otherwise uint64) uint64 {
	at := r.field(table, id)
	if at == 0 {
		return otherwise
	}
	return r.uint(at, size)
}

// table is the position of a table that a field refers to, 0 where it is left out.
func (r *reader) table(table, id int) int {
	at := r.field(table, id)
	if at == 0 {
		return 0
	}
	return r.ref(at)
}

// vector is the position of a vector's first element and their number, which fit into the buffer; 0, 0 where it is left out.
func (r *reader) vector(table, id, size int) (at, count int) {
	start := r.table(table, id)
	if start == 0 {
		return 0, 0
	}
	count = r.u32(start)
	if r.bad || count > (len(r.b)-start-4)/size {
		r.bad = true
		return 0, 0
	}
	return start + 4, count
}

// bytes are those of a string field, in place.
func (r *reader) bytes(table, id int) []byte {
	at, count := r.vector(table, id, 1)
	return r.b[at : at+count]
}

// text is a copy of a string field.
func (r *reader) text(table, id int) string { return string(r.bytes(table, id)) }
