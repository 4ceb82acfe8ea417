package jsonformat

import (
	"encoding/binary"
	"errors"
	"fmt"
	"hash/maphash"
	"slices"
	"unicode/utf8"

	"github.com/apache/arrow-go/v18/arrow"

	"github.com/weir-stream/weir/host/batch"
	"github.com/weir-stream/weir/host/format"
)

// decoder reads frames. Positions are byte offsets in the frame; a reader that takes one returns the one behind what it
// read, or -1 after it has set err.
type decoder struct {
	Config
	strict  Strictness // the leniencies that are off: all of them while a JSON column is read
	control uint64     // what plainRun needs: highs if control characters end a string
	small   int        // bytes of the longest record that is not measured first
	record  object
	builder *batch.Builder // whose columns the fields have

	base     int64 // where this frame begins, counted over all frames
	top      int64 // and where it ends, and the next one begins
	frame    []byte
	start    int                             // where in the frame the record is
	scratch  []byte                          // the text of the last string that had escapes
	bytes    []byte                          // the last base64 decoded
	mistakes []mistake                       // values of this frame that are wrong, in its order
	muted    bool                            // another mistake would change nothing: one before it has the same fate
	keys     []uint64                        // the hashes of the keys of the maps that are open
	weight   int                             // of the structs in arrays and maps, see weigh
	objects  [format.MostDepth/64 + 1]uint64 // the levels that are objects, a bit each, while values are skipped
	seed     maphash.Seed
	careful  bool     // a map of this frame has a key twice
	probing  bool     // a mistake or failure need not be told, only that there is one
	packed   *decoder // of the documents in the strings of an envelope; nil until there is one
	seen     trait
	err      error
}

// keepScratch is the largest scratch kept from frame to frame, in bytes; one huge string shall not stay for ever.
const keepScratch = 64 << 10

// mistake is a wrong value. It counts only if no later one takes its place.
type mistake struct {
	p   int // where it is
	err *format.DataError
}

// object is what is known of the objects of one place: of the records, or of the values of a STRUCT.
type object struct {
	fields []field
	shape  *shape
}

func newDecoder(c Config, fields []format.Field) *decoder {
	c.Limits = c.Limits.OrDefault(format.DefaultDepth)
	d := &decoder{Config: c, strict: c.Strictness, seed: maphash.MakeSeed(), small: unmeasured(c.Limits)}
	d.control = d.controlMask()
	d.record.fields = make([]field, len(fields))
	for i, f := range fields {
		d.record.fields[i].init(arrow.Field{Name: f.Name, Type: f.Type, Nullable: f.Nullable}, nil)
		d.record.fields[i].target = f.Column
	}
	d.record.shape = newShape(d.record.fields, traitExtra)
	return d
}

func (d *decoder) controlMask() uint64 {
	if d.strict.Has(ControlCharacters) {
		return highs
	}
	return 0
}

// bind looks up the columns of a builder that is new to the decoder.
func (d *decoder) bind(b *batch.Builder) error {
	d.builder = nil
	for i := range d.record.fields {
		f := &d.record.fields[i]
		if f.target < 0 {
			f.bind(nil)
			continue
		}
		if n := b.Schema().NumFields(); f.target >= n {
			return fmt.Errorf("json: field %q goes to column %d of a batch with %d columns", f.name, f.target, n)
		}
		column := b.Column(f.target)
		if !arrow.TypeEqual(column.Type(), f.dtype) {
			return fmt.Errorf("json: field %q is a %s, its column %d a %s", f.name, f.dtype, f.target, column.Type())
		}
		f.bind(column)
	}
	d.builder = b
	return nil
}

// errRepeatedKey gives a frame up in which a map has a key twice, for it to be read carefully.
var errRepeatedKey = errors.New("a key of a map comes again")

// Decode implements format.Decoder.
func (d *decoder) Decode(frame []byte, b *batch.Builder) error { return d.decodeFrom(frame, 0, b) }

// decodeFrom is Decode for a record that begins at start. What is before it is not looked at.
func (d *decoder) decodeFrom(frame []byte, start int, b *batch.Builder) error {
	if d.builder != b {
		if err := d.bind(b); err != nil {
			return err
		}
	}
	if d.row(frame, start) {
		d.frame = nil
		return nil
	}
	b.Rollback()
	return d.report()
}

// row reads a record that begins at start into the bound builder, and reports whether it is good.
func (d *decoder) row(frame []byte, start int) bool {
	d.begin(frame, start)
	if len(frame)-start > d.small && !d.measure(start) {
		return false
	}
	good := d.object() && len(d.mistakes) == 0
	if d.err == errRepeatedKey {
		d.builder.Rollback()
		d.begin(frame, start)
		d.careful = true
		good = d.object() && len(d.mistakes) == 0
		d.careful = false
	}
	return good
}

// begin makes the decoder ready for a record, with nothing left of the one before.
func (d *decoder) begin(frame []byte, start int) {
	if max(cap(d.scratch), cap(d.bytes), 8*cap(d.keys)) > keepScratch {
		d.scratch, d.bytes, d.keys = nil, nil, nil
	}
	d.base, d.top = d.top, d.top+int64(len(frame))+1
	d.frame, d.start, d.seen, d.weight = frame, start, 0, 0
	if d.err != nil || d.mistakes != nil || d.keys != nil {
		d.err, d.muted = nil, false
		clear(d.mistakes)
		d.mistakes, d.keys = d.mistakes[:0], d.keys[:0]
	}
}

// report is the error for the frame, of which there is one.
func (d *decoder) report() error {
	err, start := d.err, d.start
	if err == nil {
		err = d.mistakes[0].err
	}
	if p := invalidUTF8(d.frame[start:]); p >= 0 && err != batch.ErrFull {
		err = &format.DataError{Code: "json.utf8", Message: fmt.Sprintf("not UTF-8 at byte %d", start+p)}
	}
	d.begin(nil, 0)
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
	p := skipSpace(b, d.start)
	if p == len(b) || b[p] != '{' {
		return d.noObject(p)
	}
	if p = d.members(&d.record, nil, p+1); p < 0 {
		return false
	}
	if p = skipSpace(b, p); p != len(b) {
		return d.fail("json.syntax", p, "unexpected data behind the object") >= 0
	}
	return true
}

// members reads an object of the kind o, the value of the field of, nil for the record, from behind its brace on.
func (d *decoder) members(o *object, of *field, p int) int {
	b, opened := d.frame, d.base+int64(p)
	left, depth := len(o.fields), 1
	if of != nil {
		depth = of.depth + 1
	}
	at, more := o.shape.start, true
	p-- // to what stands before the first key
	for before := uint16(firstKey); ; before = nextKey {
		start, keyed := 0, false
		if p+keyRoom <= len(b) {
			switch binary.LittleEndian.Uint16(b[p : p+2]) {
			case before:
				start = p + 2
			case ',' | ' '<<8:
				if before == nextKey && b[p+2] == '"' {
					start = p + 3
				}
			}
		}
		if start > 0 {
			if n := at.next; n.run {
				seen := 0
				if at, p, seen, keyed = d.plain(o.shape, at, start, opened); p >= start {
					left, before = left-seen, nextKey
				}
			} else if (load(b, start)&n.mask0^n.word0)|(load(b, start+8)&n.mask1^n.word1) == 0 && (n.size <= 16 || n.matchesRest(b, start)) {
				at, p, keyed = n, start+n.size, true
			} else if n = o.shape.lookUp(b, start); n != nil {
				at.next = n
				at, p, keyed = n, start+n.size, true
			}
		}
		if !keyed {
			if before == firstKey {
				p++
			} else if p < len(b) && b[p] == '}' {
				p++
				break
			}
			if at, p, more = d.key(o, at, p, before == firstKey); !more {
				break
			}
		}
		if p < len(b) && b[p] <= ' ' {
			p = skipSpace(b, p)
		}
		if p == len(b) {
			return d.short()
		}
		f := at.field
		if f == nil {
			d.seen |= at.place.shows
			at.expect(b[p])
			if p = d.skip(p, depth); p < 0 {
				return p
			}
			continue
		}
		if f.at < opened {
			left--
		} else if p = d.again(f, p); p < 0 {
			return p
		}
		f.at = d.base + int64(p)
		if f.kind == kindDouble { // worth a look before the call of value
			if v, end := plainDouble(b, p); end != 0 {
				if f.column != nil {
					f.column.AppendFloat64(v)
				}
				p = end
				continue
			}
		}
		if p = d.value(f, p); p < 0 {
			return p
		}
	}
	if left > 0 && p >= 0 && !d.fillMissing(o, opened, p) {
		return -1
	}
	return p
}

// key reads the key that comes next, from behind the value before it on, and its colon, where the one that was expected is
// not, or not surely. The shape expects it there next time. Behind the last key more is false.
func (d *decoder) key(o *object, before *node, p int, first bool) (_ *node, _ int, more bool) {
	b := d.frame
	if p < len(b) && b[p] == '}' {
		return nil, p + 1, false
	}
	if p+1 < len(b) && b[p] == ',' && b[p+1] == '"' && !first {
		p++
	} else if p, more = d.next(p, first, '}'); !more {
		return nil, p, false
	}
	if n := before.next; n.size > 0 && p+1+n.size <= len(b) && string(b[p+1:p+1+n.size]) == n.pattern {
		return n, p + 1 + n.size, true
	}
	key, plain, p := d.text(p)
	if p < 0 {
		return nil, p, false
	}
	before.next = o.shape.find(key, plain)
	if !plain && before.next.field != nil {
		d.seen |= traitOdd
	}
	p = d.colon(p)
	return before.next, p, p >= 0
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
	strict := d.strict.Has(Commas)
	switch {
	case p == len(b):
		return d.short(), false
	case b[p] == end && (commas == 0 || !strict):
		return p + 1, false
	case strict && (first && commas > 0 || !first && commas != 1 || b[p] == end):
		return d.fail("json.syntax", p, "a comma is missing or one too many before here"), false
	case b[p] != '"' && end == '}':
		return d.fail("json.syntax", p, "no key in quotes, nor the end of the object"), false
	}
	return p, true
}

// again makes room for the value at p, of a field that had one. It returns p.
func (d *decoder) again(f *field, p int) int {
	if f.column != nil {
		f.column.Drop()
	}
	if d.strict.Has(DuplicateKeys) {
		d.mistake(f, p, "json.duplicate", fmt.Sprintf("the field comes again at byte %d", p), "")
		return p
	}
	if len(d.mistakes) == 0 {
		return p
	}
	from := int(f.at - d.base)
	end := d.skip(from, f.depth)
	if end < 0 {
		return end
	}
	d.mistakes = slices.DeleteFunc(d.mistakes, func(m mistake) bool { return from <= m.p && m.p < end })
	return p
}

// fillMissing gives the fields that an object did not have their nulls, and JSON columns the document null, as where that is
// there. The object was opened there and ends before p.
func (d *decoder) fillMissing(o *object, opened int64, p int) bool {
	if o == &d.record {
		d.seen |= traitMissing
	} else {
		d.seen |= traitOdd
	}
	for i := range o.fields {
		f := &o.fields[i]
		switch {
		case f.at >= opened:
			continue
		case f.kind == kindJSON:
			if err := f.appendText(jsonNull); err != nil {
				d.err = err
				return false
			}
			continue
		case !f.nullable:
			d.mistake(f, p-1, "json.missing", "required field is missing (expected "+f.sql+")", "")
		}
		f.appendNull()
	}
	return true
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
	d.err = &format.DataError{
		Code: "json.type", Expected: "object", Found: found,
		Message: fmt.Sprintf("expected an object, got %s at byte %d", found, start),
	}
	return false
}

// fail sets err for a frame that is not well-formed and returns -1.
func (d *decoder) fail(code string, p int, message string) int {
	if d.probing {
		d.err = errProbed
		return -1
	}
	d.err = &format.DataError{Code: code, Message: fmt.Sprintf("%s at byte %d", message, p)}
	return -1
}

// short is fail for a frame that ends too early.
func (d *decoder) short() int { return d.fail("json.syntax", len(d.frame), "cut short") }

// mistake notes what is wrong at p about a value of f, which was found there. The caller appends something to f's column, so
// that a later value can take its place. Where duplicate keys are wrong no later value can: only the first mistake is kept.
func (d *decoder) mistake(f *field, p int, code, message, found string) {
	d.seen |= traitWrong
	if d.muted || d.probing || len(d.mistakes) > 0 && d.strict.Has(DuplicateKeys) {
		return
	}
	d.mistakes = append(d.mistakes, mistake{p, &format.DataError{
		Code: code, Path: f.path(), Message: message, Expected: f.sql, Found: found,
	}})
}

// wrong notes what was found at p in place of f's value, and why that is wrong if more is to be said, and appends a null.
func (d *decoder) wrong(f *field, code string, p int, found, why string) {
	d.seen |= traitWrong
	if !d.muted && !d.probing {
		d.mistake(f, p, code, fmt.Sprintf("expected %s, got %s%s at byte %d", f.sql, found, why, p), found)
	}
	f.appendNull()
}
