package weir

import (
	"errors"
	"unsafe"

	"github.com/weir-stream/weir/guest-abi/go/weir/internal/ipc"
)

// inColumn is a looked-up column, bound to each batch in turn.
type inColumn interface {
	bind(b *ipc.Batch) error
}

// column is what columns of all types share.
type column struct {
	field  *Field
	values *int // how many values there have to be in the batch at hand; nil: the column is not there
	rows   int
	nulls  int
	valid  []byte // a bit a row, set where there is a value; nil where no row is null
}

func (c *column) take(b *ipc.Batch) (ipc.Column, error) {
	in, err := b.Column(c.field, *c.values)
	c.rows, c.nulls, c.valid = in.Rows, in.Nulls, in.Validity
	return in, err
}

// Len is the number of rows of the batch. Of what is inside of a column it is the number of values.
func (c *column) Len() int { return c.rows }

// Type is the column's type.
func (c *column) Type() Type { return c.field.Type }

// Field is the column's name, its type, and what belongs to that.
func (c *column) Field() Field { return *c.field }

// Nulls is how many rows of the batch are null.
func (c *column) Nulls() int { return c.nulls }

// Null tells whether a row is null.
func (c *column) Null(r Row) bool { return c.valid != nil && c.valid[r>>3]>>(r&7)&1 == 0 }

// Validity is a bitmap with a bit a row, lowest first, set where there is a value; nil where no row of the batch is null.
func (c *column) Validity() []byte { return c.valid }

// fixed are the types of values that lie side by side in memory.
type fixed interface {
	int8 | int16 | int32 | int64 | uint8 | uint16 | uint32 | uint64 | float32 | float64 | Decimal | UUID | Interval
}

// Column is an input column of numbers, of what is counted (DATE, TIME, TIMESTAMP), or of DECIMAL, UUID or INTERVAL.
type Column[T fixed] struct {
	column
	values []T
}

// Values are the batch's values, in place. What stands at a null row means nothing.
func (c *Column[T]) Values() []T { return c.values }

// Get is a row's value; ok is false where it is null.
func (c *Column[T]) Get(r Row) (value T, ok bool) {
	if c.Null(r) {
		return value, false
	}
	return c.values[r], true
}

func (c *Column[T]) bind(b *ipc.Batch) error {
	in, err := c.take(b)
	if err == nil {
		c.values, err = view[T](in.Data)
	}
	return err
}

// BoolColumn is an input column of BOOLEAN.
type BoolColumn struct {
	column
	bits []byte
}

// Bits are the batch's values, a bit a row, lowest first. What stands at a null row means nothing.
func (c *BoolColumn) Bits() []byte { return c.bits }

// At is a row's value; at a null row it means nothing.
func (c *BoolColumn) At(r Row) bool { return c.bits[r>>3]>>(r&7)&1 != 0 }

// Get is a row's value; ok is false where it is null.
func (c *BoolColumn) Get(r Row) (value, ok bool) {
	if c.Null(r) {
		return false, false
	}
	return c.At(r), true
}

func (c *BoolColumn) bind(b *ipc.Batch) error {
	in, err := c.take(b)
	c.bits = in.Data
	return err
}

// variable is a column of values of any length.
type variable struct {
	column
	offsets []int32
	data    []byte
}

func (c *variable) at(r Row) []byte { return c.data[c.offsets[r]:c.offsets[r+1]] }

// Offsets are where each row's value starts in Bytes, and where the last one ends.
func (c *variable) Offsets() []int32 { return c.offsets }

// Bytes are the values of all rows.
func (c *variable) Bytes() []byte { return c.data }

func (c *variable) bind(b *ipc.Batch) error {
	in, err := c.take(b)
	if err == nil {
		c.data = in.Data
		c.offsets, err = view[int32](in.Offsets)
	}
	return err
}

// TextColumn is an input column of TEXT or JSON.
type TextColumn struct{ variable }

// At is a row's text, in place: it is valid until the batch is handled. At a null row it means nothing.
func (c *TextColumn) At(r Row) string {
	text := c.at(r)
	return unsafe.String(unsafe.SliceData(text), len(text))
}

// Get is a row's text, in place; ok is false where it is null.
func (c *TextColumn) Get(r Row) (value string, ok bool) {
	if c.Null(r) {
		return "", false
	}
	return c.At(r), true
}

// BinaryColumn is an input column of BYTEA.
type BinaryColumn struct{ variable }

// At is a row's bytes, in place: they are valid until the batch is handled. At a null row they mean nothing.
func (c *BinaryColumn) At(r Row) []byte { return c.at(r) }

// Get is a row's bytes, in place; ok is false where it is null.
func (c *BinaryColumn) Get(r Row) (value []byte, ok bool) {
	if c.Null(r) {
		return nil, false
	}
	return c.at(r), true
}

var errAlignment = errors.New("a column of the batch is not aligned")

// view looks at little-endian bytes as values, as they are in memory on WebAssembly and on the machines that tests run on.
func view[T fixed](b []byte) ([]T, error) {
	var t T
	at := unsafe.Pointer(unsafe.SliceData(b))
	if uintptr(at)%unsafe.Alignof(t) != 0 {
		return nil, errAlignment
	}
	return unsafe.Slice((*T)(at), len(b)/int(unsafe.Sizeof(t))), nil
}

func bytesOf[T fixed](values []T) []byte {
	var t T
	return unsafe.Slice((*byte)(unsafe.Pointer(unsafe.SliceData(values))), len(values)*int(unsafe.Sizeof(t)))
}
