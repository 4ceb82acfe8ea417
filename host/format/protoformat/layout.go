package protoformat

import (
	"cmp"
	"slices"

	"google.golang.org/protobuf/reflect/protoreflect"
)

// layout knows the tags of the fields of a message that a decoder looks at, each with its index.
type layout struct {
	fields []laid
	small  [256]*slot // of field numbers below 32
	others map[uint32]*slot
	oneofs int // of the message type
}

// laid is one field of a layout.
type laid struct {
	fd     protoreflect.FieldDescriptor
	tag    uint32 // not packed
	oneof  int    // index, -1: in none
	closed *enum  // a closed enum, whose unknown numbers are unknown fields; nil: another type
	last   bool   // of several values the last counts, and the others are nothing
}

// slot is one tag: a field's, or that of the field packed.
type slot struct {
	tag    uint32
	index  int
	packed bool
	next   *slot // what followed it last

	// Of a plan's layout:
	field *column // nil: a field that the plan does not store
	oneof *uint64 // the serial of the message that last had a member of its oneof; nil: in none
	plain bool    // the one value of a column, and no member of a oneof
}

func newLayout(m protoreflect.MessageDescriptor, fds []protoreflect.FieldDescriptor) *layout {
	l := &layout{others: map[uint32]*slot{}, oneofs: m.Oneofs().Len()}
	for i, fd := range fds {
		f := laid{fd: fd, tag: uint32(fd.Number())<<3 | wireOf(fd), oneof: -1, last: !fd.IsList() && fd.Message() == nil}
		if o := fd.ContainingOneof(); o != nil && !o.IsSynthetic() {
			f.oneof = o.Index()
		}
		if e := fd.Enum(); e != nil && e.IsClosed() {
			f.closed = newEnum(e)
		}
		l.fields = append(l.fields, f)
		l.put(&slot{tag: f.tag, index: i})
		if fd.IsList() && f.tag&7 != wireBytes && f.tag&7 != wireGroup {
			l.put(&slot{tag: f.tag&^7 | wireBytes, index: i, packed: true})
		}
	}
	return l
}

func (l *layout) put(s *slot) {
	if s.tag < uint32(len(l.small)) {
		l.small[s.tag] = s
	} else {
		l.others[s.tag] = s
	}
}

// find is the slot of a tag, nil if there is none.
func (l *layout) find(tag uint32) *slot {
	if tag < uint32(len(l.small)) {
		return l.small[tag]
	}
	return l.others[tag]
}

// each visits all slots.
func (l *layout) each(visit func(*slot)) {
	for _, s := range l.small {
		if s != nil {
			visit(s)
		}
	}
	for _, s := range l.others {
		visit(s)
	}
}

// wireOf is the wire type of one value of the field.
func wireOf(fd protoreflect.FieldDescriptor) uint32 {
	switch fd.Kind() {
	case protoreflect.StringKind, protoreflect.BytesKind, protoreflect.MessageKind:
		return wireBytes
	case protoreflect.GroupKind:
		return wireGroup
	}
	return wireOfKind(fd.Kind())
}

// enum is the names and numbers of an enum type.
type enum struct {
	closed  bool
	names   map[int32]string
	numbers map[string]int32
}

func newEnum(d protoreflect.EnumDescriptor) *enum {
	e := &enum{closed: d.IsClosed(), names: map[int32]string{}, numbers: map[string]int32{}}
	for i := range d.Values().Len() {
		v := d.Values().Get(i)
		if _, alias := e.names[int32(v.Number())]; !alias {
			e.names[int32(v.Number())] = string(v.Name())
		}
		e.numbers[string(v.Name())] = int32(v.Number())
	}
	return e
}

// unknown reports whether the wire's word is a number that a closed enum does not have.
func (e *enum) unknown(word uint64) bool {
	if e == nil || !e.closed {
		return false
	}
	_, ok := e.names[int32(word)]
	return !ok
}

// piece is one occurrence of a field in a message.
type piece struct {
	bytes  []byte // what is delimited
	word   uint64 // what is not
	field  int
	packed bool
}

// gather pushes the pieces of a message, which are d.pieces from the returned index on, in the order of the layout's fields
// and within a field as they came. Members of a oneof that a later member took the place of are not among them. It is
// negative after it has set d.err. However often fields come again, what is held is bounded by limit.fields.
func (d *decoder) gather(l *layout, b []byte) int {
	base := len(d.pieces)
	members := false
	full := base + keepScratch
	for p := 0; p < len(b); {
		tag, q := readTag(b, p)
		if q < 0 {
			return d.malformed(b, p, q)
		}
		word, payload, q := readValue(b, q, tag, d.levels)
		if q < 0 {
			return d.malformed(b, p, q)
		}
		p = q
		s := l.find(tag)
		if s == nil {
			continue
		}
		f := &l.fields[s.index]
		if f.closed != nil && !s.packed && f.closed.unknown(word) {
			continue
		}
		members = members || f.oneof >= 0
		if len(d.pieces) >= full {
			d.settle(l, base)
			if d.crowded() {
				d.fail("protobuf.fields", d.limits.TooMany())
				return -1
			}
			held := len(d.pieces) - base
			full = len(d.pieces) + max(keepScratch, held/2)
		}
		d.pieces = append(d.pieces, piece{payload, word, s.index, s.packed})
	}
	if members {
		d.settle(l, base)
	}
	d.order(base)
	return base
}

// crowded reports whether more pieces are held than a record may have values. A message may have a few whatever the limit: its
// fields are not counted.
func (d *decoder) crowded() bool { return len(d.pieces) > max(d.limits.Fields, keepScratch) }

// order sorts the pieces from base on by their fields.
func (d *decoder) order(base int) {
	byField := func(a, b piece) int { return cmp.Compare(a.field, b.field) }
	if pieces := d.pieces[base:]; !slices.IsSortedFunc(pieces, byField) {
		slices.SortStableFunc(pieces, byField)
	}
}

// settle takes out the pieces of a oneof's members that were followed by another member of their oneof, and values of which
// only the last counts.
func (d *decoder) settle(l *layout, base int) {
	const none, closed = -1, -2
	start := len(d.winners)
	for range l.oneofs + len(l.fields) {
		d.winners = append(d.winners, none)
	}
	winners, lasts := d.winners[start:start+l.oneofs], d.winners[start+l.oneofs:]
	kept := len(d.pieces)
	for i := len(d.pieces) - 1; i >= base; i-- {
		p := d.pieces[i]
		f := &l.fields[p.field]
		if o := f.oneof; o >= 0 {
			if winners[o] == none {
				winners[o] = p.field
			} else if winners[o] != p.field {
				winners[o] = closed
				continue
			}
		}
		if f.last {
			if lasts[p.field] != none {
				continue
			}
			lasts[p.field] = i
		}
		kept--
		d.pieces[kept] = p
	}
	d.pieces = append(d.pieces[:base], d.pieces[kept:]...)
	d.winners = d.winners[:start]
}

// join is the payload of a singular message that came in several pieces: a parser merges them, which is the same as parsing
// them one behind the other.
func (d *decoder) join(pieces []piece) []byte {
	if len(pieces) == 1 {
		return pieces[0].bytes
	}
	start := len(d.joined)
	for _, p := range pieces {
		d.joined = append(d.joined, p.bytes...)
	}
	return d.joined[start:]
}

// wireOfKind is the wire type of items that can be packed.
func wireOfKind(k protoreflect.Kind) uint32 {
	switch k {
	case protoreflect.Fixed32Kind, protoreflect.Sfixed32Kind, protoreflect.FloatKind:
		return wire32
	case protoreflect.Fixed64Kind, protoreflect.Sfixed64Kind, protoreflect.DoubleKind:
		return wire64
	}
	return wireVarint
}
