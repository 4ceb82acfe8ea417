package ipc

// writer writes a flatbuffer front to back: a table before what it refers to, so that every offset points forward.
type writer struct {
	b []byte
}

// slot is a field of a table: its size in bytes, 0 for one that is left out, and its value. A reference has size 4 and is
// filled by link.
type slot struct {
	size  int
	value uint64
}

var (
	absent    = slot{}
	reference = slot{size: 4}
)

func boolean(v bool) slot {
	if v {
		return slot{1, 1}
	}
	return slot{1, 0}
}

func putUint(b []byte, at, size int, v uint64) {
	for i := range size {
		b[at+i] = byte(v >> (8 * i))
	}
}

func (w *writer) put(size int, v uint64) {
	for i := range size {
		w.b = append(w.b, byte(v>>(8*i)))
	}
}

// align pads until the length is ahead bytes short of a multiple of size.
func (w *writer) align(size, ahead int) {
	for (len(w.b)+ahead)%size != 0 {
		w.b = append(w.b, 0)
	}
}

// table writes a vtable and its table. It returns the table's position and those of its fields.
func (w *writer) table(slots ...slot) (start int, at []int) {
	w.align(4, 0)
	vtable := len(w.b)
	start = vtable + 4 + 2*len(slots)
	start += -start & 3
	end := start + 4
	at = make([]int, len(slots))
	for i, s := range slots {
		if s.size > 0 {
			end += -end & (s.size - 1)
			at[i] = end
			end += s.size
		}
	}
	w.b = append(w.b, make([]byte, end-vtable)...)
	putUint(w.b, vtable, 2, uint64(4+2*len(slots)))
	putUint(w.b, vtable+2, 2, uint64(end-start))
	putUint(w.b, start, 4, uint64(start-vtable))
	for i, s := range slots {
		if s.size > 0 {
			putUint(w.b, vtable+4+2*i, 2, uint64(at[i]-start))
			putUint(w.b, at[i], s.size, s.value)
		}
	}
	return start, at
}

// link makes the reference at a position point to a table or vector behind it.
func (w *writer) link(at, target int) { putUint(w.b, at, 4, uint64(target-at)) }

// vector writes the head of a vector whose elements, aligned as asked, the caller appends. It returns the vector's position.
func (w *writer) vector(count, alignment int) int {
	w.align(4, 0)
	w.align(alignment, 4)
	w.put(4, uint64(count))
	return len(w.b) - 4
}

func (w *writer) text(s string) int {
	at := w.vector(len(s), 1)
	w.b = append(w.b, s...)
	w.b = append(w.b, 0)
	return at
}
