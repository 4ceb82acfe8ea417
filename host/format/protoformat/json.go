package protoformat

import (
	"encoding/base64"
	"math"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"google.golang.org/protobuf/reflect/protoreflect"
)

// jsonType is how messages of a type become JSON. Types that contain themselves have a jsonType that does.
type jsonType struct {
	layout *layout
	fields []jsonField
	write  func(d *decoder, t *jsonType, b []byte) bool // the type's own form; nil: an object of its fields
	types  *planner                                     // of google.protobuf.Any: where to look for types
}

// jsonField is one field of an object.
type jsonField struct {
	prefix   string // the name in quotes, and the colon
	value    jsonValue
	key      protoreflect.Kind // of a map
	entry    *entry            // of a map
	list     bool
	presence bool // a zero on the wire is a value
}

// jsonValue is one value of a field, repeated or not.
type jsonValue struct {
	kind protoreflect.Kind
	enum *enum
	null bool      // the enum is google.protobuf.NullValue
	sub  *jsonType // of a message
}

// ownForm is what writes a well-known type that has a JSON form of its own, nil for any other type; see
// https://protobuf.dev/programming-guides/json.
func ownForm(m protoreflect.MessageDescriptor) func(*decoder, *jsonType, []byte) bool {
	switch m.FullName() {
	case "google.protobuf.Timestamp":
		return (*decoder).jsonTimestamp
	case "google.protobuf.Duration":
		return (*decoder).jsonDuration
	case "google.protobuf.FieldMask":
		return (*decoder).jsonMask
	case "google.protobuf.Any":
		return (*decoder).jsonAny
	case "google.protobuf.Struct", "google.protobuf.ListValue", "google.protobuf.Value":
		if m.Fields().Len() > 0 {
			return (*decoder).jsonOnly
		}
	}
	if isWrapper(m) {
		return (*decoder).jsonOnly
	}
	return nil
}

// jsonType makes the jsonType of a message type, once.
func (p *planner) jsonType(m protoreflect.MessageDescriptor) *jsonType {
	if t := p.json[m.FullName()]; t != nil {
		return t
	}
	t := &jsonType{types: p, write: ownForm(m)}
	p.json[m.FullName()] = t
	fds := make([]protoreflect.FieldDescriptor, m.Fields().Len())
	for i := range fds {
		fds[i] = m.Fields().Get(i)
	}
	slices.SortFunc(fds, func(a, b protoreflect.FieldDescriptor) int { return int(a.Number()) - int(b.Number()) })
	t.layout = newLayout(m, fds)
	t.fields = make([]jsonField, len(fds))
	for i, fd := range fds {
		t.fields[i] = *p.jsonField(fd)
	}
	return t
}

func (p *planner) jsonField(fd protoreflect.FieldDescriptor) *jsonField {
	f := &jsonField{prefix: `"` + string(fd.Name()) + `":`, list: fd.IsList(), presence: fd.HasPresence()}
	if fd.IsMap() {
		f.key, f.entry = fd.MapKey().Kind(), newEntry(fd)
		fd = fd.MapValue()
	}
	f.value = *p.jsonValue(fd)
	return f
}

func (p *planner) jsonValue(fd protoreflect.FieldDescriptor) *jsonValue {
	v := &jsonValue{kind: fd.Kind()}
	if e := fd.Enum(); e != nil {
		v.enum, v.null = newEnum(e), e.FullName() == "google.protobuf.NullValue"
	}
	if m := fd.Message(); m != nil {
		v.sub = p.jsonType(m)
	}
	return v
}

// empty is the field without items.
func (f *jsonField) empty() string {
	if f.list {
		return "[]"
	}
	return "{}"
}

// jsonMessage appends a message to d.text. It reports false after it has set d.err, as all that follow do.
func (d *decoder) jsonMessage(t *jsonType, b []byte) bool {
	if d.levels--; d.levels < 0 {
		return d.fail("protobuf.depth", d.limits.TooDeep())
	}
	ok := false
	if t.write != nil {
		ok = t.write(d, t, b)
	} else {
		d.text = append(d.text, '{')
		ok = d.jsonMembers(t, b)
		d.text = append(d.text, '}')
	}
	d.levels++
	return ok
}

// jsonMembers appends the fields that are set, in the order of their numbers, with commas between them and behind what the
// object has already.
func (d *decoder) jsonMembers(t *jsonType, b []byte) bool {
	base := d.gather(t.layout, b)
	if base < 0 {
		return false
	}
	end := len(d.pieces)
	for from := base; from < end; {
		to, field := from+1, d.pieces[from].field
		for to < end && d.pieces[to].field == field {
			to++
		}
		f := &t.fields[field]
		if f.set(&d.pieces[to-1]) {
			mark := len(d.text)
			if d.text[mark-1] != '{' {
				d.text = append(d.text, ',')
			}
			d.text = append(d.text, f.prefix...)
			start := len(d.text)
			if !d.jsonField(f, from, to) {
				return d.in(strings.Trim(f.prefix, `":`))
			}
			if (f.list || f.entry != nil) && string(d.text[start:]) == f.empty() {
				d.text = d.text[:mark] // its items were none: an empty packed field, unknown numbers of a closed enum
			}
		}
		from = to
	}
	d.pieces = d.pieces[:base]
	return true
}

// set reports whether the last piece sets the field: a zero sets none without presence.
func (f *jsonField) set(last *piece) bool {
	if f.presence || f.list || f.entry != nil || len(last.bytes) > 0 {
		return true
	}
	switch f.value.kind {
	case protoreflect.StringKind, protoreflect.BytesKind:
		return false
	case protoreflect.FloatKind, protoreflect.DoubleKind, protoreflect.BoolKind:
		return last.word != 0
	}
	v, _ := integer(f.value.kind, last.word)
	return v != 0
}

// jsonField appends the value of a field that came in pieces.
func (d *decoder) jsonField(f *jsonField, from, to int) bool {
	mark := len(d.joined)
	ok := false
	switch {
	case f.entry != nil:
		ok = d.jsonMap(f, from, to)
	case f.list:
		ok = d.jsonList(f, from, to)
	case f.value.sub != nil:
		ok = d.jsonValue(&f.value, 0, d.join(d.pieces[from:to]))
	default:
		ok = d.jsonValue(&f.value, d.pieces[to-1].word, d.pieces[to-1].bytes)
	}
	d.joined = d.joined[:mark]
	return ok
}

func (d *decoder) jsonList(f *jsonField, from, to int) bool {
	d.text = append(d.text, '[')
	count := 0
	item := func(word uint64, b []byte) bool {
		if count > 0 {
			d.text = append(d.text, ',')
		}
		if !d.count(1) || !d.jsonValue(&f.value, word, b) {
			return d.at(count)
		}
		count++
		return true
	}
	for i := from; i < to; i++ {
		piece := d.pieces[i]
		if !piece.packed {
			if !item(piece.word, piece.bytes) {
				return false
			}
			continue
		}
		for b, p := piece.bytes, 0; p < len(b); {
			word, _, q := readValue(b, p, wireOfKind(f.value.kind), d.levels)
			if q < 0 {
				return d.malformed(b, p, q) >= 0
			}
			p = q
			if !f.value.enum.unknown(word) && !item(word, nil) {
				return false
			}
		}
	}
	d.text = append(d.text, ']')
	return true
}

func (d *decoder) jsonMap(f *jsonField, from, to int) bool {
	base := d.entries(f.entry, from, to)
	if base < 0 {
		return false
	}
	d.text = append(d.text, '{')
	end := len(d.pieces)
	for i := base; i < end; i += 2 {
		if i > base {
			d.text = append(d.text, ',')
		}
		key, val := d.pieces[i], d.pieces[i+1]
		quote := f.key != protoreflect.StringKind
		if quote {
			d.text = append(d.text, '"')
		}
		if !d.jsonValue(&jsonValue{kind: f.key}, key.word, key.bytes) {
			return d.in("key")
		}
		if quote {
			d.text = append(d.text, '"')
		}
		d.text = append(d.text, ':')
		if !d.jsonValue(&f.value, val.word, val.bytes) {
			return d.in("value")
		}
	}
	d.text = append(d.text, '}')
	d.pieces = d.pieces[:base]
	return true
}

// jsonValue appends one value.
func (d *decoder) jsonValue(v *jsonValue, word uint64, b []byte) bool {
	switch v.kind {
	case protoreflect.MessageKind, protoreflect.GroupKind:
		return d.jsonMessage(v.sub, b)
	case protoreflect.BoolKind:
		d.text = strconv.AppendBool(d.text, word != 0)
	case protoreflect.StringKind:
		if d.long(b) {
			return false
		}
		if !utf8.Valid(b) {
			return d.refuse("protobuf.utf8", "string", "a string that is not UTF-8")
		}
		d.text = appendQuoted(d.text, b)
	case protoreflect.BytesKind:
		if d.long(b) {
			return false
		}
		d.text = append(d.text, '"')
		d.text = append(base64.StdEncoding.AppendEncode(d.text, b), '"')
	case protoreflect.FloatKind:
		d.text = appendFloat(d.text, float64(math.Float32frombits(uint32(word))), 32)
	case protoreflect.DoubleKind:
		d.text = appendFloat(d.text, math.Float64frombits(word), 64)
	case protoreflect.EnumKind:
		name, known := v.enum.names[int32(word)]
		switch {
		case v.null:
			d.text = append(d.text, "null"...)
		case known:
			d.text = append(append(append(d.text, '"'), name...), '"')
		default:
			d.text = strconv.AppendInt(d.text, int64(int32(word)), 10)
		}
	default:
		if i, huge := integer(v.kind, word); huge {
			d.text = strconv.AppendUint(d.text, word, 10)
		} else {
			d.text = strconv.AppendInt(d.text, i, 10)
		}
	}
	return true
}

// appendFloat appends a number with the fewest digits, or "NaN", "Infinity" or "-Infinity" in quotes.
func appendFloat(dst []byte, v float64, size int) []byte {
	switch {
	case v != v:
		return append(dst, `"NaN"`...)
	case math.IsInf(v, 0):
		if v < 0 {
			return append(dst, `"-Infinity"`...)
		}
		return append(dst, `"Infinity"`...)
	}
	if a := math.Abs(v); a != 0 && (a < 1e-6 || a >= 1e21) {
		return strconv.AppendFloat(dst, v, 'e', -1, size)
	}
	return strconv.AppendFloat(dst, v, 'f', -1, size)
}

// appendQuoted appends a string, escaping quotes, backslashes and control characters.
func appendQuoted(dst, s []byte) []byte {
	dst = append(dst, '"')
	for _, c := range s {
		switch {
		case c == '"' || c == '\\':
			dst = append(dst, '\\', c)
		case c == '\n':
			dst = append(dst, `\n`...)
		case c == '\r':
			dst = append(dst, `\r`...)
		case c == '\t':
			dst = append(dst, `\t`...)
		case c < ' ':
			dst = append(dst, `\u00`...)
			dst = append(dst, "0123456789abcdef"[c>>4], "0123456789abcdef"[c&15])
		default:
			dst = append(dst, c)
		}
	}
	return append(dst, '"')
}

// jsonOnly appends the one field that is set of a message whose JSON form is that field's: a wrapper, a Struct, a ListValue or
// a Value. Without one it is the field's default, and null for a Value.
func (d *decoder) jsonOnly(t *jsonType, b []byte) bool {
	base := d.gather(t.layout, b)
	if base < 0 {
		return false
	}
	end := len(d.pieces)
	first := &t.fields[0]
	switch {
	case end > base:
		f, from := &t.fields[d.pieces[end-1].field], base
		for d.pieces[from].field != d.pieces[end-1].field {
			from++
		}
		if !d.jsonField(f, from, end) {
			return false
		}
	case len(t.fields) > 1:
		d.text = append(d.text, "null"...)
	case first.list || first.entry != nil:
		d.text = append(d.text, first.empty()...)
	case !d.jsonValue(&first.value, 0, nil):
		return false
	}
	d.pieces = d.pieces[:base]
	return true
}

func (d *decoder) jsonTimestamp(_ *jsonType, b []byte) bool {
	seconds, nanos, ok := d.seconds(b)
	if !ok {
		return false
	}
	if nanos < 0 || nanos > 999_999_999 || seconds < minTimestamp || seconds > maxTimestamp {
		return d.refuse("protobuf.range", "google.protobuf.Timestamp", "one outside the years 1 to 9999, or with nanoseconds outside 0 to 999999999")
	}
	d.text = time.Unix(seconds, 0).UTC().AppendFormat(d.text, `"2006-01-02T15:04:05`)
	d.text = append(appendNanos(d.text, nanos), `Z"`...)
	return true
}

func (d *decoder) jsonDuration(_ *jsonType, b []byte) bool {
	seconds, nanos, ok := d.seconds(b)
	if !ok {
		return false
	}
	if !validDuration(seconds, nanos) {
		return d.refuse("protobuf.range", "google.protobuf.Duration", "one past 10000 years, or with seconds and nanoseconds of different signs")
	}
	d.text = append(d.text, '"')
	if seconds < 0 || nanos < 0 {
		d.text = append(d.text, '-')
		seconds, nanos = -seconds, -nanos
	}
	d.text = append(appendNanos(strconv.AppendInt(d.text, seconds, 10), nanos), `s"`...)
	return true
}

// appendNanos appends a fraction of a second in 0, 3, 6 or 9 digits.
func appendNanos(dst []byte, nanos int64) []byte {
	if nanos == 0 {
		return dst
	}
	start := len(dst)
	dst = strconv.AppendInt(dst, nanos+1e9, 10)
	dst[start] = '.'
	for len(dst) > start+4 && string(dst[len(dst)-3:]) == "000" {
		dst = dst[:len(dst)-3]
	}
	return dst
}

// jsonMask appends a FieldMask: its paths, each part in lowerCamelCase, with commas between.
func (d *decoder) jsonMask(t *jsonType, b []byte) bool {
	base := d.gather(t.layout, b)
	if base < 0 {
		return false
	}
	d.text = append(d.text, '"')
	for i, p := range d.pieces[base:] {
		if i > 0 {
			d.text = append(d.text, ',')
		}
		upper := false
		for _, c := range p.bytes {
			switch {
			case c == '_' && !upper:
				upper = true
				continue
			case upper && c >= 'a' && c <= 'z':
				c -= 'a' - 'A'
			case upper || c != '.' && !(c >= 'a' && c <= 'z') && !(c >= '0' && c <= '9'):
				return d.refuse("protobuf.parse", "google.protobuf.FieldMask", "a path that has no JSON form")
			}
			upper = false
			d.text = append(d.text, c)
		}
		if upper {
			return d.refuse("protobuf.parse", "google.protobuf.FieldMask", "a path that has no JSON form")
		}
	}
	d.text = append(d.text, '"')
	d.pieces = d.pieces[:base]
	return true
}

// jsonAny appends an Any: the message with its type's URL under "@type" where the schema has the type; under "value" where that
// type has a form of its own; and where it does not have the type, {"type_url": …, "value": base64}.
func (d *decoder) jsonAny(t *jsonType, b []byte) bool {
	base := d.gather(t.layout, b)
	if base < 0 {
		return false
	}
	var url, payload []byte
	for _, p := range d.pieces[base:] {
		if p.field == 0 {
			url = p.bytes
		} else {
			payload = p.bytes
		}
	}
	d.pieces = d.pieces[:base]
	if !utf8.Valid(url) {
		return d.refuse("protobuf.utf8", "google.protobuf.Any", "a type that is not UTF-8")
	}
	inner := t.types.typeOf(url)
	switch {
	case len(url) == 0 && len(payload) == 0:
		d.text = append(d.text, '{')
	case inner == nil:
		d.text = appendQuoted(append(d.text, `{"type_url":`...), url)
		d.text = append(d.text, `,"value":"`...)
		d.text = append(base64.StdEncoding.AppendEncode(d.text, payload), '"')
	case inner.write != nil:
		d.text = appendQuoted(append(d.text, `{"@type":`...), url)
		d.text = append(d.text, `,"value":`...)
		if !d.jsonMessage(inner, payload) {
			return d.in("value")
		}
	default:
		d.text = appendQuoted(append(d.text, `{"@type":`...), url)
		if d.levels--; d.levels < 0 {
			return d.fail("protobuf.depth", d.limits.TooDeep())
		}
		if !d.jsonMembers(inner, payload) {
			return false
		}
		d.levels++
	}
	d.text = append(d.text, '}')
	return true
}

// typeOf is the jsonType of the message type that an Any's URL names, nil if the schema does not have it.
func (p *planner) typeOf(url []byte) *jsonType {
	name := string(url)
	name = name[strings.LastIndexByte(name, '/')+1:]
	found, err := p.document.files.FindDescriptorByName(protoreflect.FullName(name))
	if err != nil {
		return nil
	}
	m, ok := found.(protoreflect.MessageDescriptor)
	if !ok {
		return nil
	}
	return p.jsonType(m)
}
