package jsonformat

import (
	"fmt"
	"math"
	"slices"
	"unicode/utf8"

	"github.com/apache/arrow-go/v18/arrow"

	"github.com/weir-stream/weir/host/batch"
	"github.com/weir-stream/weir/host/format"
)

// field is a declared column. What every value needs comes first.
type field struct {
	row      uint64        // the row that had it last
	column   *batch.Column // nil: none
	kind     kind
	nullable bool

	// kindTime
	second int64 // units in a second
	nanos  int64 // nanoseconds in a unit
	safe   int64 // seconds from 1970 that surely fit

	name   string
	sql    string // its type, for messages
	dtype  arrow.DataType
	target int // the builder's column, -1: none
}

// decoder reads frames. Positions are byte offsets in the frame; a reader that takes one returns the one behind what it
// read, or -1 after it has set err.
type decoder struct {
	Config
	control uint64 // what plainRun needs: highs if control characters end a string
	fields  []field
	shape   *shape
	builder *batch.Builder // whose columns the fields have

	row      uint64 // counts frames, so that a field's row tells whether it has a value
	frame    []byte
	scratch  []byte    // the text of the last string that had escapes
	mistakes []mistake // fields of this frame whose value is wrong
	err      error
}

// keepScratch is the largest scratch kept from frame to frame, in bytes; one huge string shall not stay for ever.
const keepScratch = 64 << 10

// mistake is a wrong value. It counts only if no later one for the same field takes its place.
type mistake struct {
	field *field
	err   *format.DataError
}

func newDecoder(c Config, fields []format.Field) *decoder {
	d := &decoder{Config: c, fields: make([]field, len(fields))}
	if c.Strict {
		d.control = highs
	}
	for i, f := range fields {
		d.fields[i] = field{
			name: f.Name, sql: sqlName(f.Type), dtype: f.Type, kind: kindOf(f.Type), nullable: f.Nullable, target: f.Column,
		}
		if t, ok := f.Type.(*arrow.TimestampType); ok {
			second := unitsPerSecond[t.Unit]
			d.fields[i].second, d.fields[i].nanos, d.fields[i].safe = second, 1e9/second, math.MaxInt64/second-1
		}
	}
	d.shape = newShape(d.fields)
	return d
}

// bind looks up the columns of a builder that is new to the decoder.
func (d *decoder) bind(b *batch.Builder) error {
	d.builder = nil
	for i := range d.fields {
		f := &d.fields[i]
		f.column = nil
		if f.target < 0 {
			continue
		}
		if n := b.Schema().NumFields(); f.target >= n {
			return fmt.Errorf("json: field %q goes to column %d of a batch with %d columns", f.name, f.target, n)
		}
		f.column = b.Column(f.target)
		if !arrow.TypeEqual(f.column.Type(), f.dtype) {
			return fmt.Errorf("json: field %q is a %s, its column %d a %s", f.name, f.dtype, f.target, f.column.Type())
		}
	}
	d.builder = b
	return nil
}

// Decode implements format.Decoder.
func (d *decoder) Decode(frame []byte, b *batch.Builder) error {
	if d.builder != b {
		if err := d.bind(b); err != nil {
			return err
		}
	}
	if cap(d.scratch) > keepScratch {
		d.scratch = nil
	}
	d.frame = frame
	if d.object() && len(d.mistakes) == 0 {
		d.frame = nil
		return nil
	}
	b.Rollback()
	return d.report()
}

// report is the error for the frame, of which there is one. Everything that was kept for the frame is given up.
func (d *decoder) report() error {
	err, frame := d.err, d.frame
	if err == nil {
		err = d.mistakes[0].err
	}
	if p := invalidUTF8(frame); p >= 0 && err != batch.ErrFull {
		err = &format.DataError{Code: "json.utf8", Message: fmt.Sprintf("not UTF-8 at byte %d", p)}
	}
	d.err, d.frame = nil, nil
	clear(d.mistakes)
	d.mistakes = d.mistakes[:0]
	return err
}

// invalidUTF8 is the index of the first byte that is not UTF-8, -1 if there is none.
func invalidUTF8(b []byte) int {
	for p := 0; p < len(b); {
		r, size := utf8.DecodeRune(b[p:])
		if r == utf8.RuneError && size == 1 {
			return p
		}
		p += size
	}
	return -1
}

// object reads the frame. It reports false after it has set err.
func (d *decoder) object() bool {
	b := d.frame
	p := skipSpace(b, 0)
	if p == len(b) || b[p] != '{' {
		return d.noObject(p)
	}
	d.row++
	row, left := d.row, len(d.fields)
	at, first, more := d.shape.start, true, true
	for p++; ; first = false {
		if p+1 < len(b) && b[p] == ',' && b[p+1] == '"' && !first {
			p++
		} else if p, more = d.next(p, first, '}'); !more {
			break
		}
		if n := at.next; n.matches(b, p) {
			at = n
			p += n.size
		} else if at, p = d.key(at, p); p < 0 {
			return false
		}
		if p < len(b) && b[p] <= ' ' {
			p = skipSpace(b, p)
		}
		if p == len(b) {
			return d.short() >= 0
		}
		f := at.field
		if f == nil {
			if p = d.skip(p, 1); p < 0 {
				return false
			}
			continue
		}
		if f.row != row {
			f.row = row
			left--
		} else {
			d.again(f, p)
		}
		if f.kind == kindBigint { // the one kind worth a look before the call
			if v, end := plainInt(b, p); end != 0 {
				if f.column != nil {
					f.column.AppendInt64(v)
				}
				p = end
				continue
			}
		}
		if p = d.value(f, p); p < 0 {
			return false
		}
	}
	if p < 0 {
		return false
	}
	if p = skipSpace(b, p); p != len(b) {
		return d.fail("json.syntax", p, "unexpected data behind the object") >= 0
	}
	if left > 0 {
		d.fillMissing()
	}
	return true
}

// key reads the key at p, which did not come as expected, and its colon. The shape expects it there next time.
func (d *decoder) key(before *node, p int) (*node, int) {
	key, plain, p := d.text(p)
	if p < 0 {
		return nil, p
	}
	before.next = d.shape.find(key, plain)
	return before.next, d.colon(p)
}

// colon reads the colon behind a key.
func (d *decoder) colon(p int) int {
	p = skipSpace(d.frame, p)
	if p == len(d.frame) {
		return d.short()
	}
	if d.frame[p] != ':' {
		return d.fail("json.syntax", p, "no colon behind the key")
	}
	return p + 1
}

// next goes on to the next member of an object, or item of an array, that ends with the byte end. Behind the end more is
// false; it is false as well, with a position of -1, where there is neither.
func (d *decoder) next(p int, first bool, end byte) (_ int, more bool) {
	b := d.frame
	commas := 0
	for p < len(b) && (isSpace(b[p]) || b[p] == ',') {
		if b[p] == ',' {
			commas++
		}
		p++
	}
	switch {
	case p == len(b):
		return d.short(), false
	case b[p] == end && (commas == 0 || !d.Strict):
		return p + 1, false
	case d.Strict && (first && commas > 0 || !first && commas != 1 || b[p] == end):
		return d.fail("json.syntax", p, "a comma is missing or one too many before here"), false
	case b[p] != '"' && end == '}':
		return d.fail("json.syntax", p, "no key in quotes, nor the end of the object"), false
	}
	return p, true
}

// again makes room for another value of a field that had one.
func (d *decoder) again(f *field, p int) {
	if f.column != nil {
		f.column.Drop()
	}
	if d.Strict {
		d.mistake(f, "json.duplicate", fmt.Sprintf("the field comes again at byte %d", p))
		return
	}
	d.mistakes = slices.DeleteFunc(d.mistakes, func(m mistake) bool { return m.field == f })
}

// fillMissing gives the fields that the frame did not have their nulls.
func (d *decoder) fillMissing() {
	for i := range d.fields {
		f := &d.fields[i]
		if f.row == d.row {
			continue
		}
		if !f.nullable {
			d.mistake(f, "json.missing", "required field is missing (expected "+f.sql+")")
		}
		f.appendNull()
	}
}

func (f *field) appendNull() {
	if f.column != nil {
		f.column.AppendNull()
	}
}

// noObject deals with a frame that does not begin with an object at p.
func (d *decoder) noObject(p int) bool {
	if p == len(d.frame) {
		d.err = &format.DataError{Code: "json.empty", Message: "no JSON object, nothing but white space"}
		return false
	}
	found, start := describe(d.frame[p]), p
	if p = d.skip(p, 0); p < 0 {
		return false
	}
	if p = skipSpace(d.frame, p); p != len(d.frame) {
		return d.fail("json.syntax", p, "unexpected data behind the value") >= 0
	}
	return d.fail("json.type", start, "expected an object, got "+found) >= 0
}

// fail sets err for a frame that is not well-formed and returns -1.
func (d *decoder) fail(code string, p int, message string) int {
	d.err = &format.DataError{Code: code, Message: fmt.Sprintf("%s at byte %d", message, p)}
	return -1
}

// short is fail for a frame that ends too early.
func (d *decoder) short() int { return d.fail("json.syntax", len(d.frame), "cut short") }
