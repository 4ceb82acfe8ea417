package weir

import (
	"math/bits"
	"slices"

	"github.com/weir-stream/weir/guest-abi/go/weir/internal/ipc"
)

// outColumn is a column of an output. Its memory is used again for every batch.
type outColumn interface {
	base() *outBase
	AppendNull()
	truncate(rows int)
	encode(w *ipc.Writer)
}

// outBase is what writers of all types share.
type outBase struct {
	field     ipc.Field
	rows      int
	nullCount int
	nulls     []uint64 // a bit a row, set where it is null; may end before the last row
}

func (c *outBase) base() *outBase { return c }

// Len is the number of rows written since the last emit.
func (c *outBase) Len() int { return c.rows }

// SetNull makes a row that is already written null; it is counted from the last emit. It panics on a row
// that is not written.
func (c *outBase) SetNull(r Row) {
	if r < 0 || r >= c.rows {
		panic("weir: SetNull of a row that is not written")
	}
	word, bit := r>>6, uint64(1)<<(r&63)
	for word >= len(c.nulls) {
		c.nulls = append(c.nulls, 0)
	}
	if c.nulls[word]&bit == 0 {
		c.nulls[word] |= bit
		c.nullCount++
	}
}

// SetNullsOf makes every row null where one of the given columns of the batch is null at the same row. It is for an output
// whose rows are the batch's, one for one. What stands at a null row means nothing.
func (c *outBase) SetNullsOf(columns ...interface{ Validity() []byte }) {
	for _, in := range columns {
		for i, valid := range in.Validity() {
			if null := ^valid; null != 0 {
				c.setNulls(8*i, null)
			}
		}
	}
}

// setNulls makes up to eight rows null, from a row that is a multiple of 8. Bits past the last row are ignored.
func (c *outBase) setNulls(r int, null byte) {
	if left := c.rows - r; left < 8 {
		null &= 1<<max(left, 0) - 1
	}
	for ; null != 0; null &= null - 1 {
		c.SetNull(r + bits.TrailingZeros8(null))
	}
}

func (c *outBase) truncate(rows int) {
	if rows == 0 {
		c.nulls, c.nullCount = c.nulls[:0], 0
	}
	for r := rows; r < c.rows && c.nullCount > 0; r++ {
		if word, bit := r>>6, uint64(1)<<(r&63); word < len(c.nulls) && c.nulls[word]&bit != 0 {
			c.nulls[word] &^= bit
			c.nullCount--
		}
	}
	c.rows = rows
}

func (c *outBase) encode(w *ipc.Writer) {
	w.Node(c.nullCount)
	if c.nullCount == 0 {
		w.Buffer(nil)
		return
	}
	w.Validity(c.nulls)
}

// Writer writes an output column of what [Column] reads.
type Writer[T fixed] struct {
	outBase
	values []T
}

// NotNull declares the column NOT NULL. It is for use while opening and returns the writer.
func (w *Writer[T]) NotNull() *Writer[T] {
	w.field.Nullable = false
	return w
}

// Append writes the next row's value.
func (w *Writer[T]) Append(value T) {
	w.values = append(w.values, value)
	w.rows++
}

// AppendNull writes a null.
func (w *Writer[T]) AppendNull() {
	var nothing T
	w.Append(nothing)
	w.SetNull(w.rows - 1)
}

// Grow writes n zeros and returns them to be changed, until the next call of this writer.
func (w *Writer[T]) Grow(n int) []T {
	start := len(w.values)
	w.values = slices.Grow(w.values, n)[:start+n]
	w.rows += n
	added := w.values[start:]
	clear(added)
	return added
}

func (w *Writer[T]) truncate(rows int) {
	w.values = w.values[:rows]
	w.outBase.truncate(rows)
}

func (w *Writer[T]) encode(out *ipc.Writer) {
	w.outBase.encode(out)
	out.Buffer(bytesOf(w.values))
}

// BoolWriter writes an output column of BOOLEAN.
type BoolWriter struct {
	outBase
	bits []byte
}

// NotNull declares the column NOT NULL. It is for use while opening and returns the writer.
func (w *BoolWriter) NotNull() *BoolWriter {
	w.field.Nullable = false
	return w
}

// Append writes the next row's value.
func (w *BoolWriter) Append(value bool) {
	if w.rows&7 == 0 {
		w.bits = append(w.bits, 0)
	}
	if value {
		w.bits[w.rows>>3] |= 1 << (w.rows & 7)
	}
	w.rows++
}

// AppendNull writes a null.
func (w *BoolWriter) AppendNull() {
	w.Append(false)
	w.SetNull(w.rows - 1)
}

func (w *BoolWriter) truncate(rows int) {
	w.bits = w.bits[:(rows+7)/8]
	if rows&7 != 0 {
		w.bits[rows>>3] &= 1<<(rows&7) - 1
	}
	w.outBase.truncate(rows)
}

func (w *BoolWriter) encode(out *ipc.Writer) {
	w.outBase.encode(out)
	out.Buffer(w.bits)
}

// variableWriter writes values of any length.
type variableWriter struct {
	outBase
	offsets []int32 // where each row starts, and where the last one ends
	data    []byte
}

func newVariableWriter() variableWriter { return variableWriter{offsets: []int32{0}} }

// AppendNull writes a null.
func (w *variableWriter) AppendNull() {
	w.end()
	w.SetNull(w.rows - 1)
}

func (w *variableWriter) end() {
	w.offsets = append(w.offsets, int32(len(w.data)))
	w.rows++
}

func (w *variableWriter) truncate(rows int) {
	w.offsets = w.offsets[:rows+1]
	w.data = w.data[:w.offsets[rows]]
	w.outBase.truncate(rows)
}

func (w *variableWriter) encode(out *ipc.Writer) {
	w.outBase.encode(out)
	out.Buffer(bytesOf(w.offsets))
	out.Buffer(w.data)
}

// TextWriter writes an output column of TEXT or JSON. The host refuses what is not UTF-8.
type TextWriter struct{ variableWriter }

// NotNull declares the column NOT NULL. It is for use while opening and returns the writer.
func (w *TextWriter) NotNull() *TextWriter {
	w.field.Nullable = false
	return w
}

// Append writes the next row's text. It is copied.
func (w *TextWriter) Append(text string) {
	w.data = append(w.data, text...)
	w.end()
}

// AppendBytes is Append for bytes.
func (w *TextWriter) AppendBytes(text []byte) {
	w.data = append(w.data, text...)
	w.end()
}

// BinaryWriter writes an output column of BYTEA.
type BinaryWriter struct{ variableWriter }

// NotNull declares the column NOT NULL. It is for use while opening and returns the writer.
func (w *BinaryWriter) NotNull() *BinaryWriter {
	w.field.Nullable = false
	return w
}

// Append writes the next row's bytes. They are copied.
func (w *BinaryWriter) Append(value []byte) {
	w.data = append(w.data, value...)
	w.end()
}
