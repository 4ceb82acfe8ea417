package protoformat

import (
	"fmt"
	"strconv"

	"github.com/apache/arrow-go/v18/arrow"

	"github.com/weir-stream/weir/host/batch"
	"github.com/weir-stream/weir/host/format"
)

const (
	// keepScratch is the most that is kept of each scratch from record to record, in entries; one huge record shall not stay
	// for ever.
	keepScratch = 64 << 10
)

// decoder reads records by a plan. First it reads a message field by field as they come (fast), which does for messages as
// writers write them: each field at most once, every value good. Anything else ends that attempt, the row is taken back, and
// the record is read again with the fields of each message gathered and put in order first (careful), which finds what the
// last of several values is, what several occurrences of a message merge to, and what to report. So the fast half never says
// what is wrong, and whatever the bytes a record costs two passes.
type decoder struct {
	fields []format.Field
	source *plans

	builder *batch.Builder // whose columns the plan has
	plan    *plan          // the last record's

	limits  format.Limits
	careful bool
	levels  int // how many more messages may be open in those that are
	cells   int // values that the record has become, nulls and defaults included: an empty message is a value of every column below it
	frame   []byte
	pieces  []piece
	winners []int  // of oneofs, see settle
	joined  []byte // see join
	text    []byte // JSON and base64 on their way to a column
	keys    map[string]int
	trail
}

var _ format.Decoder = (*decoder)(nil)

// Decode implements format.Decoder.
func (d *decoder) Decode(frame []byte, b *batch.Builder) error {
	plan, message, err := d.source.planFor(frame)
	if err != nil {
		return err
	}
	if plan != d.plan || d.builder != b {
		if err := d.bind(plan, b); err != nil {
			return err
		}
	}
	err = d.record(plan, message, frame)
	d.release()
	return err
}

// record reads a record's message.
func (d *decoder) record(plan *plan, message, frame []byte) error {
	d.reset()
	d.careful = false
	if plan.whole == nil && d.fast(plan, message) {
		return nil
	}
	d.builder.Rollback()
	d.reset()
	d.careful, d.frame = true, frame
	if plan.whole == nil && d.slow(plan, message) || plan.whole != nil && d.unstructured(plan, message) {
		d.frame = nil
		return nil
	}
	d.builder.Rollback()
	err := d.err
	d.err, d.frame = nil, nil
	return err
}

// reset forgets the record before.
func (d *decoder) reset() {
	d.levels, d.cells, d.err = d.limits.Depth-1, 0, nil
	d.pieces, d.winners, d.joined, d.text = d.pieces[:0], d.winners[:0], d.joined[:0], d.text[:0]
}

// release gives back scratch that grew too large with a record.
func (d *decoder) release() {
	if cap(d.pieces) > keepScratch {
		d.pieces = nil
	}
	if cap(d.winners) > keepScratch {
		d.winners = nil
	}
	if cap(d.joined) > keepScratch {
		d.joined = nil
	}
	if cap(d.text) > keepScratch {
		d.text = nil
	}
}

// bind gives the plan's columns those of the builder.
func (d *decoder) bind(p *plan, b *batch.Builder) error {
	d.builder, d.plan = nil, nil
	for _, f := range d.fields {
		if n := b.Schema().NumFields(); f.Column >= n {
			return fmt.Errorf("protobuf: field %q goes to column %d of a batch with %d columns", f.Name, f.Column, n)
		}
		if f.Column >= 0 && !arrow.TypeEqual(b.Column(f.Column).Type(), f.Type) {
			return fmt.Errorf("protobuf: field %q is a %s, its column %d a %s", f.Name, f.Type, f.Column, b.Column(f.Column).Type())
		}
	}
	for i := range p.columns {
		if c := &p.columns[i]; c.target < 0 {
			c.bind(nil)
		} else {
			c.bind(b.Column(c.target))
		}
	}
	d.builder, d.plan = b, p
	return nil
}

// row reads a message within the record into the columns below a struct's.
func (d *decoder) row(p *plan, b []byte) bool {
	if d.levels--; d.levels < 0 {
		return d.fail("protobuf.depth", d.limits.TooDeep())
	}
	if !d.count(p.cells) {
		return false
	}
	ok := false
	if d.careful {
		ok = d.slow(p, b)
	} else {
		ok = d.fast(p, b)
	}
	d.levels++
	return ok
}

// count adds to what the record has become.
func (d *decoder) count(values int) bool {
	if d.cells += values; d.cells > d.limits.Fields {
		return d.fail("protobuf.fields", d.limits.TooMany()+", defaults and nulls counted")
	}
	return true
}

// long reports whether a string is too long, which it says.
func (d *decoder) long(b []byte) bool {
	return len(b) > d.limits.String && !d.fail("protobuf.size", d.limits.TooLong(len(b)))
}

// unstructured reads a record as one JSON text.
func (d *decoder) unstructured(p *plan, b []byte) bool {
	d.levels = d.limits.Depth
	return d.jsonMessage(p.whole, b) && d.endText(p.columns[0].column, 0)
}

// slow reads a message whatever order and number its fields have. It reports false after it has set err.
func (d *decoder) slow(p *plan, b []byte) bool {
	p.serial++
	base := d.gather(p.layout, b)
	if base < 0 {
		return false
	}
	if !d.groups(p, base) {
		return false
	}
	d.pieces = d.pieces[:base]
	return d.finish(p)
}

// groups gives the columns the pieces from base on.
func (d *decoder) groups(p *plan, base int) bool {
	end := len(d.pieces)
	for from := base; from < end; {
		to, field := from+1, d.pieces[from].field
		for to < end && d.pieces[to].field == field {
			to++
		}
		if field < len(p.columns)-len(p.absent) {
			c := &p.columns[field]
			c.seen, c.count = p.serial, 0
			if !d.group(c, from, to) {
				return d.in(c.name)
			}
		}
		from = to
	}
	return true
}

// group gives a column the pieces of its field.
func (d *decoder) group(c *column, from, to int) bool {
	switch c.shape {
	case shapeList:
		for i := from; i < to; i++ {
			p := d.pieces[i]
			if p.packed {
				if !d.packed(c, p.bytes) {
					return false
				}
			} else if !d.item(c, p.word, p.bytes) {
				return false
			}
		}
		return true
	case shapeMap:
		return d.mapped(c, from, to)
	case shapeWhole:
		start := len(d.text)
		if !d.jsonField(c.whole, from, to) {
			return false
		}
		return d.endText(c.column, start)
	}
	last := d.pieces[to-1]
	if c.value.merges() {
		mark := len(d.joined)
		ok := d.store(&c.value, last.word, d.join(d.pieces[from:to]))
		d.joined = d.joined[:mark]
		return ok
	}
	return d.store(&c.value, last.word, last.bytes)
}

// merges reports whether several occurrences are merged, and not the last one taken.
func (v *value) merges() bool {
	switch v.op {
	case opStruct, opTimestamp, opInterval, opNanos, opWrapper:
		return true
	case opJSON:
		return v.json.sub != nil
	}
	return false
}

// item appends one item to a list.
func (d *decoder) item(c *column, word uint64, b []byte) bool {
	if !d.count(1) {
		return false
	}
	if !d.store(&c.value, word, b) {
		return d.at(c.count)
	}
	c.count++
	return true
}

// packed appends the items of a packed field.
func (d *decoder) packed(c *column, b []byte) bool {
	wire := wireOfKind(c.value.kind)
	for p := 0; p < len(b); {
		word, _, q := readValue(b, p, wire, d.levels)
		if q < 0 {
			d.malformed(b, p, q)
			return d.at(c.count)
		}
		p = q
		if c.value.closed().unknown(word) {
			continue
		}
		if !d.item(c, word, nil) {
			return false
		}
	}
	return true
}

// closed is the enum of the value if it is a closed one.
func (v *value) closed() *enum {
	if v.json != nil {
		return v.json.enum
	}
	return v.enum
}

// finish gives the columns without a field in the message their nulls and defaults, and ends lists.
func (d *decoder) finish(p *plan) bool {
	for i := range p.columns {
		c := &p.columns[i]
		if c.seen == p.serial {
			continue
		}
		switch c.absent {
		case absentMissing:
			d.fail("protobuf.missing", "required field is missing (expected "+c.sql+")")
			return d.in(c.name)
		case absentNull:
			if c.column != nil {
				c.column.AppendNull()
			}
		default:
			if !d.fill(c) {
				return d.in(c.name)
			}
		}
	}
	return d.endLists(p)
}

// fill gives a column its default.
func (d *decoder) fill(c *column) bool {
	switch c.shape {
	case shapeList, shapeMap:
		return c.column == nil || d.stored(c.column.EndList())
	case shapeWhole:
		start := len(d.text)
		d.text = append(d.text, c.whole.empty()...)
		return d.endText(c.column, start)
	}
	return d.store(&c.value, c.initial.word, c.initial.bytes)
}

// endLists ends the lists and maps that the message had items for.
func (d *decoder) endLists(p *plan) bool {
	for _, i := range p.lists {
		c := &p.columns[i]
		if c.seen == p.serial && c.column != nil && c.shape != shapeWhole && !d.stored(c.column.EndList()) {
			return false
		}
	}
	return true
}

// endText appends what was written to d.text since start to a text column.
func (d *decoder) endText(to *batch.Column, start int) bool {
	ok := to == nil || d.stored(to.AppendBytes(d.text[start:]))
	d.text = d.text[:start]
	return ok
}

// stored passes on whether an append succeeded; batch.ErrFull is the only way it fails.
func (d *decoder) stored(err error) bool {
	if err != nil {
		d.err = err
	}
	return err == nil
}

// malformed sets err for bytes that are no message, at p, and returns -1.
func (d *decoder) malformed(b []byte, p, what int) int {
	code := wireCodes[-what]
	message := code[1]
	// Messages are slices of the frame with its capacity, unless they were joined.
	if at := cap(d.frame) - cap(b) + p; len(d.joined) == 0 && at >= 0 && d.careful {
		message += " at byte " + strconv.Itoa(at)
	}
	d.fail(code[0], message)
	return -1
}
