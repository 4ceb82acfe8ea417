package jsonformat

import "unsafe"

// plainKind is one of the commonest kinds of columns, with a head that is not long.
type plainKind uint8

const (
	plainBigint plainKind = iota + 1
	plainInt32
	plainText
)

const null = 'n' | 'u'<<8 | 'l'<<16 | 'l'<<24

// putPlain writes members that are of the commonest kinds and null, a number of few digits or a short text, up to the first
// that is not; rows of nothing else cost no call for a value. It returns how many it wrote.
//
// It writes by pointer, for half of what a member costs otherwise are bounds checks. There is room bytes for each before it
// begins; a head takes headSize of them, of which c.size count, a number a sign and four bytes, a text two quotes and a word.
func putPlain(b []byte, n int, columns []column, row int) (end, plain int) {
	if len(b)-n < room*len(columns) {
		return n, 0
	}
	start := unsafe.Pointer(unsafe.SliceData(b))
	p := unsafe.Add(start, n)
	for i := range columns {
		c := &columns[i]
		if c.plain == 0 {
			return int(uintptr(p) - uintptr(start)), i
		}
		*(*[headSize]byte)(p) = c.head
		value := unsafe.Add(p, int(c.size))
		if c.valid != nil {
			if at := c.offset + row; uint32(c.valid[at>>3])&(1<<(at&7)) == 0 {
				putWord(value, null)
				p = unsafe.Add(value, len("null"))
				continue
			}
		}
		if c.plain != plainText {
			var v int64
			if c.plain == plainInt32 {
				v = int64(c.i32[row])
			} else {
				v = c.i64[row]
			}
			negative := v >> 63 // 0 or -1
			u := uint64((v ^ negative) - negative)
			if u >= uint64(len(small)) {
				return int(uintptr(p) - uintptr(start)), i
			}
			*(*byte)(value) = '-'
			value = unsafe.Add(value, -int(negative))
			digits := small[u]
			putWord(value, digits.text())
			p = unsafe.Add(value, digits.size())
			continue
		}
		from := int(c.offsets[row])
		length := int(c.offsets[row+1]) - from
		if uint(length) > 8 || from+8 > len(c.text) {
			return int(uintptr(p) - uintptr(start)), i
		}
		// The text is copied as one word, with what comes behind it.
		word := load(c.text, from)
		if (stops(word, highs)|word&highs)<<(64-8*uint(length)) != 0 {
			return int(uintptr(p) - uintptr(start)), i
		}
		*(*byte)(value) = '"'
		*(*[8]byte)(unsafe.Add(value, 1)) = [8]byte(c.text[from:])
		*(*byte)(unsafe.Add(value, length+1)) = '"'
		p = unsafe.Add(value, length+2)
	}
	return int(uintptr(p) - uintptr(start)), len(columns)
}

// putWord stores four bytes, the lowest first.
func putWord(p unsafe.Pointer, w uint32) {
	*(*[4]byte)(p) = [4]byte{byte(w), byte(w >> 8), byte(w >> 16), byte(w >> 24)}
}
