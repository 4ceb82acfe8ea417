package protoformat

import (
	"bytes"
	"encoding/binary"

	"google.golang.org/protobuf/reflect/protoreflect"
)

// entry is how the entries of a map are read. An entry is a message with a key, field 1, and a value, field 2; either may be
// absent and is its default then.
type entry struct {
	layout     *layout
	key, value piece // the defaults
	mask       uint64
	truth      bool  // keys are booleans
	closed     *enum // values are of a closed enum
	merges     bool  // values are messages
}

func newEntry(fd protoreflect.FieldDescriptor) *entry {
	key, val := fd.MapKey(), fd.MapValue()
	e := &entry{
		layout: newLayout(fd.Message(), []protoreflect.FieldDescriptor{key, val}),
		key:    initial(key), value: initial(val), mask: ^uint64(0), truth: key.Kind() == protoreflect.BoolKind, merges: val.Message() != nil,
	}
	e.value.field = 1
	switch key.Kind() {
	case protoreflect.Int32Kind, protoreflect.Uint32Kind, protoreflect.Sint32Kind:
		e.mask = 1<<32 - 1 // writers spell a negative number with 32 or 64 bits
	}
	e.closed, e.layout.fields[1].closed = e.layout.fields[1].closed, nil
	return e
}

// entries pushes a map's entries: pieces from the returned index on, keys and values in turn. Of several with one key there is
// only the last. It is negative after it has set d.err. What it joined stays in d.joined.
func (d *decoder) entries(e *entry, from, to int) int {
	base := len(d.pieces)
	if !d.count(2 * (to - from)) {
		return -1
	}
	for i := from; i < to; i++ {
		if !d.entry(e, d.pieces[i].bytes) {
			return -1
		}
	}
	d.lastOfKey(base)
	kept := base
	for i := base; i < len(d.pieces); i += 2 {
		if d.pieces[i].field >= 0 {
			kept += copy(d.pieces[kept:], d.pieces[i:i+2])
		}
	}
	d.pieces = d.pieces[:kept]
	return base
}

// entry pushes the key and the value of an entry. One whose value is a number that its closed enum does not have is an unknown
// field as a whole.
func (d *decoder) entry(e *entry, b []byte) bool {
	base := d.gather(e.layout, b)
	if base < 0 {
		return false
	}
	key, val := e.key, e.value
	end := len(d.pieces)
	first := end
	for i := base; i < end; i++ {
		if p := d.pieces[i]; p.field == 0 {
			key = p
		} else {
			first, val = min(first, i), p
		}
	}
	if e.merges && first < end {
		val.bytes = d.join(d.pieces[first:end])
	}
	d.pieces = d.pieces[:base]
	if e.closed.unknown(val.word) {
		return true
	}
	if key.word &= e.mask; e.truth && key.word != 0 {
		key.word = 1
	}
	d.pieces = append(d.pieces, key, val)
	return true
}

// mapped stores a map's entries.
func (d *decoder) mapped(c *column, from, to int) bool {
	mark := len(d.joined)
	base := d.entries(c.entry, from, to)
	if base < 0 {
		return false
	}
	for i := base; i < len(d.pieces); i += 2 {
		key, val := d.pieces[i], d.pieces[i+1]
		if !d.store(&c.key, key.word, key.bytes) {
			return d.in("key")
		}
		if !d.store(&c.value, val.word, val.bytes) {
			return d.in("value")
		}
	}
	d.pieces, d.joined = d.pieces[:base], d.joined[:mark]
	return true
}

// fewKeys is how many entries are compared with each other to find keys that come twice; more are looked up.
const fewKeys = 8

// lastOfKey marks the entries, keys and values in turn from base on, whose key comes again behind them.
func (d *decoder) lastOfKey(base int) {
	entries := d.pieces[base:]
	if len(entries) <= 2*fewKeys {
		for i := 0; i < len(entries); i += 2 {
			for j := i + 2; j < len(entries); j += 2 {
				if entries[i].word == entries[j].word && bytes.Equal(entries[i].bytes, entries[j].bytes) {
					entries[i].field = -1
					break
				}
			}
		}
		return
	}
	if d.keys == nil {
		d.keys = map[string]int{}
	}
	var word [8]byte
	for i := 0; i < len(entries); i += 2 {
		key := entries[i].bytes
		if key == nil {
			binary.LittleEndian.PutUint64(word[:], entries[i].word)
			key = word[:]
		}
		if before, again := d.keys[string(key)]; again {
			entries[before].field = -1
		}
		d.keys[string(key)] = i
	}
	if len(d.keys) > keepScratch {
		d.keys = nil
	} else {
		clear(d.keys)
	}
}
