// Package rawformat reads and writes frames as they are: raw_string as the text of the table's one column, raw_bytes as its
// bytes.
//
// What is no UTF-8 becomes U+FFFD in a text, so nothing that a frame holds is bad data. An empty frame among others is an
// empty text. A null is written as an empty message.
package rawformat

import (
	"context"
	"fmt"
	"unicode/utf8"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/array"

	"github.com/weir-stream/weir/host/batch"
	"github.com/weir-stream/weir/host/format"
	"github.com/weir-stream/weir/host/types"
	"github.com/weir-stream/weir/internal/fault"
)

// Column is the name of the column that a table has that declares none.
const Column = "value"

type rawFormat struct {
	name  string
	dtype arrow.DataType
}

var (
	_ format.Format = rawFormat{}
	_ format.Shaper = rawFormat{}
	_ format.Blanks = rawFormat{}
)

// String is the format raw_string, for one TEXT column of any name.
func String() format.Format { return rawFormat{"raw_string", arrow.BinaryTypes.String} }

// Bytes is the format raw_bytes, for one BYTEA column of any name.
func Bytes() format.Format { return rawFormat{"raw_bytes", arrow.BinaryTypes.Binary} }

// Shape implements format.Shaper.
func (f rawFormat) Shape(_ context.Context, declared []arrow.Field) ([]arrow.Field, error) {
	if len(declared) == 0 {
		return []arrow.Field{{Name: Column, Type: f.dtype, Nullable: true}}, nil
	}
	return declared, f.check(len(declared), declared[0].Name, declared[0].Type)
}

// BlanksAreRows implements format.Blanks.
func (f rawFormat) BlanksAreRows() bool { return true }

// check refuses all but one column of the format's type.
func (f rawFormat) check(columns int, name string, t arrow.DataType) error {
	if columns != 1 {
		return fault.Inputf("%s: the table has %d columns beside its metadata, want one of type %s", f.name, columns, types.Name(f.dtype))
	}
	if !arrow.TypeEqual(t, f.dtype) {
		return fault.Inputf("%s: column %q is %s, want %s", f.name, name, types.Name(t), types.Name(f.dtype))
	}
	return nil
}

func (f rawFormat) checkFields(fields []format.Field) error {
	if len(fields) == 0 {
		return f.check(0, "", nil)
	}
	return f.check(len(fields), fields[0].Name, fields[0].Type)
}

func (f rawFormat) NewDecoder(fields []format.Field) (format.Decoder, error) {
	if err := f.checkFields(fields); err != nil {
		return nil, err
	}
	return &decoder{rawFormat: f, target: fields[0].Column}, nil
}

func (f rawFormat) NewEncoder(fields []format.Field) (format.Encoder, error) {
	if err := f.checkFields(fields); err != nil {
		return nil, err
	}
	return &encoder{rawFormat: f}, nil
}

// decoder stores frames.
type decoder struct {
	rawFormat
	target  int // the builder's column, -1: none
	scratch []byte
}

// keepScratch is the largest scratch kept from frame to frame, in bytes.
const keepScratch = 64 << 10

// Decode implements format.Decoder.
func (d *decoder) Decode(frame []byte, b *batch.Builder) error {
	if d.target < 0 {
		return nil
	}
	if n := b.Schema().NumFields(); d.target >= n {
		return fmt.Errorf("%s: the column goes to column %d of a batch with %d columns", d.name, d.target, n)
	}
	c := b.Column(d.target)
	if !arrow.TypeEqual(c.Type(), d.dtype) {
		return fmt.Errorf("%s: column %d of the batch is a %s, want %s", d.name, d.target, c.Type(), d.dtype)
	}
	if d.dtype.ID() == arrow.BINARY || utf8.Valid(frame) {
		return c.AppendBytes(frame)
	}
	if cap(d.scratch) > keepScratch {
		d.scratch = nil
	}
	d.scratch = format.AppendText(d.scratch[:0], frame)
	return c.AppendBytes(d.scratch)
}

// encoder writes the values of the bound column.
type encoder struct {
	rawFormat
	values arrow.Array
}

// Bind implements format.Encoder.
func (e *encoder) Bind(columns []arrow.Array) error {
	if len(columns) != 1 {
		return fmt.Errorf("%s: %d columns for a table with one", e.name, len(columns))
	}
	if t := columns[0].DataType(); !arrow.TypeEqual(t, e.dtype) {
		return fmt.Errorf("%s: the column is a %s, want %s", e.name, t, e.dtype)
	}
	e.values = columns[0]
	return nil
}

// Append implements format.Encoder.
func (e *encoder) Append(dst []byte, row int) ([]byte, error) {
	if e.values.IsNull(row) {
		return dst, nil
	}
	if text, ok := e.values.(*array.String); ok {
		return append(dst, text.Value(row)...), nil
	}
	return append(dst, e.values.(*array.Binary).Value(row)...), nil
}
