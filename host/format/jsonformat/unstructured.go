package jsonformat

import (
	"fmt"
	"unicode/utf8"

	"github.com/apache/arrow-go/v18/arrow"

	"github.com/weir-stream/weir/host/batch"
	"github.com/weir-stream/weir/host/format"
	"github.com/weir-stream/weir/host/schemaregistry"
	"github.com/weir-stream/weir/host/types"
)

// checkText says whether the fields are those of an unstructured table: one column, JSON or TEXT.
func checkText(fields []format.Field) error {
	if len(fields) != 1 {
		return fmt.Errorf("json: with json.unstructured a table has one column beside its metadata, of type JSON or TEXT, not %d", len(fields))
	}
	if f := fields[0]; kindOf(f.Type) != kindJSON && kindOf(f.Type) != kindText {
		return fmt.Errorf("json: with json.unstructured the column %q is JSON or TEXT, not %s", f.Name, types.Name(f.Type))
	}
	return nil
}

// textDecoder stores frames as they are. Whether one is JSON shows where it is read as such: Arroyo does not look either.
// What is not UTF-8 becomes U+FFFD.
type textDecoder struct {
	Config
	field   format.Field
	check   *decoder
	scratch []byte
}

func newTextDecoder(c Config, field format.Field) *textDecoder {
	return &textDecoder{Config: c, field: field, check: newDecoder(Config{Strictness: Strict, Limits: c.Limits}, nil)}
}

// Decode implements format.Decoder.
func (d *textDecoder) Decode(frame []byte, b *batch.Builder) error {
	text := frame
	if d.Header {
		var err error
		if _, text, err = schemaregistry.CutHeader(frame); err != nil {
			return headerError(err)
		}
	}
	if bad := d.wrong(text); bad != nil {
		bad.Path = d.field.Name
		return bad
	}
	if d.field.Column < 0 {
		return nil
	}
	c, err := d.column(b)
	if err != nil {
		return err
	}
	if utf8.Valid(text) {
		return c.AppendBytes(text)
	}
	if cap(d.scratch) > keepScratch {
		d.scratch = nil
	}
	d.scratch = format.AppendText(d.scratch[:0], text)
	return c.AppendBytes(d.scratch)
}

// wrong says what is wrong with the text of a record, nil if nothing is.
func (d *textDecoder) wrong(text []byte) *format.DataError {
	most := d.check.Limits
	switch {
	case len(text) > most.String:
		return &format.DataError{Code: "json.size", Message: most.TooLong(len(text))}
	case !d.off(UncheckedText):
		return nil
	case len(text) == 0:
		return &format.DataError{Code: "json.empty", Message: "no JSON value, nothing at all"}
	}
	return d.check.admit(text, 0)
}

func (d *textDecoder) column(b *batch.Builder) (*batch.Column, error) {
	if n := b.Schema().NumFields(); d.field.Column >= n {
		return nil, fmt.Errorf("json: field %q goes to column %d of a batch with %d columns", d.field.Name, d.field.Column, n)
	}
	c := b.Column(d.field.Column)
	if c.Kind() != batch.KindText {
		return nil, fmt.Errorf("json: field %q is a %s, its column %d a %s", d.field.Name, d.field.Type, d.field.Column, c.Type())
	}
	return c, nil
}

// textEncoder writes the value of the one column as the message. That of a JSON column must be JSON, whatever made it. That of a TEXT column is
// written as it stands, unless the leniency by which it would be read is off.
type textEncoder struct {
	values encoder
	plain  bool
}

func newTextEncoder(c Config, field format.Field) *textEncoder {
	e := newEncoder(c, []format.Field{field})
	e.columns[0].kind, e.columns[0].depth = kindJSON, 0 // TEXT is laid out as JSON is
	return &textEncoder{*e, kindOf(field.Type) == kindText && !c.off(UncheckedText)}
}

// Bind implements format.Encoder.
func (e *textEncoder) Bind(columns []arrow.Array) error { return e.values.Bind(columns) }

// Append implements format.Encoder. A null is the JSON null.
func (e *textEncoder) Append(dst []byte, row int) ([]byte, error) {
	c := &e.values.columns[0]
	start := len(dst)
	if text := c.text[c.offsets[row]:c.offsets[row+1]]; e.plain && !c.null(row) {
		if !utf8.Valid(text) {
			return dst, &format.DataError{Code: "json.utf8", Path: c.name, Message: notUTF8}
		}
		return append(dst, text...), nil
	}
	dst, ok := e.values.element(dst, c, row)
	if !ok {
		bad := e.values.bad
		e.values.bad, bad.Path = nil, c.name
		return dst[:start], bad
	}
	return dst, nil
}
