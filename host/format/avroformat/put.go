package avroformat

import (
	"encoding/binary"
	"math"

	"github.com/weir-stream/weir/host/batch"
	"github.com/weir-stream/weir/host/types"
)

func typeName(t *target) string { return types.Name(t.dtype) }

// put runs an op that puts a value into a column. Where the column is not kept everything else happens all the same.
func (m *machine) put(o *op, p int) int {
	switch o.code {
	case putNull:
		return m.null(o, p)
	case putLong:
		v, p := m.number(p, o.short)
		if p >= 0 && o.column != nil {
			o.column.AppendInt64(v)
		}
		return p
	case putInt:
		v, p := m.number(p, true)
		if p >= 0 && o.column != nil {
			o.column.AppendInt32(int32(v))
		}
		return p
	case putInteger:
		return m.putInteger(o, p)
	case putText:
		return m.putText(o, p)
	case putBoolean:
		v, p := m.boolean(p)
		if p >= 0 && o.column != nil {
			o.column.AppendBool(v)
		}
		return p
	case putFloat32, putFloat64:
		return m.putFloat(o, p)
	case putBytes, putFixed:
		v, p := m.binary(o, p)
		return m.putBytes(o, v, p)
	case putSymbol:
		return m.putSymbol(o, p)
	case putStruct:
		if p = m.fields(o, p); p >= 0 && o.column != nil {
			o.column.EndStruct()
		}
		return p
	case putList:
		return m.putList(o, p)
	case putMap, putEntries:
		return m.putEntries(o, p)
	case putJSON:
		return m.putJSON(o, p)
	}
	return m.putRare(o, p)
}

func (m *machine) putInteger(o *op, p int) int {
	v, end := m.number(p, o.short)
	if end < 0 {
		return -1
	}
	v, ok := o.scaled.of(v)
	if !ok {
		return m.wrong("avro.range", typeName(o.to), "a number out of range")
	}
	if o.column != nil {
		o.scaled.append(o.column, v)
	}
	return end
}

func (m *machine) putFloat(o *op, p int) int {
	if o.code == putFloat32 && o.from == kindFloat { // not by way of a double, which would make signalling NaNs quiet
		if p+4 > len(m.frame) {
			return m.short()
		}
		if o.column != nil {
			o.column.AppendFloat32(math.Float32frombits(binary.LittleEndian.Uint32(m.frame[p:])))
		}
		return p + 4
	}
	v, end := m.float(o, p)
	switch {
	case end < 0:
		return -1
	case o.code == putFloat64:
		if o.column != nil {
			o.column.AppendFloat64(v)
		}
		return end
	case o.from == kindDouble && float64(float32(v)) != v && !math.IsNaN(v):
		return m.wrong("avro.range", typeName(o.to), "a double that a FLOAT cannot hold exactly (declare DOUBLE)")
	case o.column != nil:
		o.column.AppendFloat32(float32(v))
	}
	return end
}

// putText reads texts of up to 63 bytes, whose length is one byte, twice their number, here if they are ASCII: up to eight
// bytes as a word, where the frame has so many.
func (m *machine) putText(o *op, p int) int {
	b := m.frame
	if p+9 > len(b) || b[p]&0x81 != 0 {
		return m.putAnyText(o, p)
	}
	n, start := int(b[p]>>1), p+1
	if n > 8 {
		if n > len(b)-start || !isASCII(b[start:start+n]) {
			return m.putAnyText(o, p)
		}
		if o.column != nil {
			if err := o.column.AppendBytes(b[start : start+n]); err != nil {
				return m.full(err)
			}
		}
		return start + n
	}
	word := binary.LittleEndian.Uint64(b[start:])
	if word&highs&(1<<(8*n)-1) != 0 { // a shift by 64 leaves every bit
		return m.putAnyText(o, p)
	}
	if o.column != nil {
		if err := o.column.AppendShort(word, n); err != nil {
			return m.full(err)
		}
	}
	return start + n
}

func (m *machine) putAnyText(o *op, p int) int {
	v, end := m.text(p)
	return m.putBytes(o, v, end)
}

func (m *machine) putBytes(o *op, v []byte, p int) int {
	if p >= 0 && o.column != nil && m.full(o.column.AppendBytes(v)) < 0 {
		return -1
	}
	return p
}

func (m *machine) putSymbol(o *op, p int) int {
	i, end := m.index(p, len(o.texts))
	if end < 0 {
		return -1
	}
	s := &o.texts[i]
	if !s.known {
		return m.wrong("avro.enum", "a symbol of the reader's enum", "another, and the enum has no default")
	}
	if !m.spend(len(s.text)) {
		return -1
	}
	if o.column != nil && m.full(o.column.AppendString(s.text)) < 0 {
		return -1
	}
	return end
}

// shortHighs are the top bits of the first bytes of a word, by their number.
var shortHighs = [8]uint64{0, 0x80, 0x8080, 0x808080, 0x80808080, 0x8080808080, 0x808080808080, 0x80808080808080}

// fields reads the fields of a record, and adds those that it has not. Numbers and texts, of which most records are made,
// are read here; what else they may be, and what is wrong with them, is left to value.
func (m *machine) fields(o *op, p int) int {
	b := m.frame
	for _, kid := range o.kids {
		at := p
		if kid.null != notOptional {
			if p >= len(b) || b[p] != kid.value {
				if p = m.value(kid, p); p < 0 {
					return m.in(kid.name)
				}
				continue
			}
			at++
		}
		switch kid.code {
		case putLong, putInt:
			if at+1 >= len(b) {
				break
			}
			// One byte or two, with no branch between them: in mixed data it would often be guessed wrong.
			c := uint64(binary.LittleEndian.Uint16(b[at : at+2]))
			more := c >> 7 & 1
			u := c&0x7f | c>>1&0x3f80&-more
			v, end := int64(u>>1)^-int64(u&1), at+1+int(more)
			if c&0x8080 == 0x8080 {
				if v, end = m.longer(at); end < 0 || kid.short && v != int64(int32(v)) {
					break
				}
			}
			if kid.column != nil && !kid.column.PutInt(v) {
				break
			}
			p = end
			continue
		case putText:
			if at+9 <= len(b) {
				word := binary.LittleEndian.Uint64(b[at+1:])
				if n := b[at]; n&^0xe == 0 && word&shortHighs[n>>1&7] == 0 {
					p = at + 1 + int(n>>1)
					switch c := kid.column; {
					case c == nil:
					case c.RoomShort():
						c.PutShort(word, int(n>>1))
					case c.AppendShort(word, int(n>>1)) != nil:
						return m.full(batch.ErrFull)
					}
					continue
				}
			}
			if p = m.putText(kid, at); p < 0 {
				return m.in(kid.name)
			}
			continue
		}
		if p = m.value(kid, p); p < 0 {
			return m.in(kid.name)
		}
	}
	return m.fillIn(o, p)
}

// fillIn adds the fields that a record has not.
func (m *machine) fillIn(o *op, p int) int {
	if o.free > 0 && !m.spend(o.free) {
		return -1
	}
	for i := range o.fills {
		f := &o.fills[i]
		if f.op != nil {
			if !m.fill(f) {
				return m.in(f.to.name)
			}
		} else if f.to.column != nil {
			f.to.column.AppendNull()
		}
	}
	return p
}

// fill reads a default as if it stood in the frame.
func (m *machine) fill(f *fill) bool {
	frame := m.frame
	m.frame = f.datum
	ok := m.value(f.op, 0) >= 0
	m.frame = frame
	return ok
}

func (m *machine) putList(o *op, p int) int {
	kid := o.kids[0]
	for i := 0; ; {
		n, end, start := m.itemsOf(o, p)
		if p = start; n == 0 {
			return m.endList(o, p)
		}
		for ; n > 0; n-- {
			if p = m.value(kid, p); p < 0 {
				return m.item(i)
			}
			i++
		}
		if p = m.closeBlock(p, end); p < 0 {
			return -1
		}
	}
}

func (m *machine) endList(o *op, p int) int {
	if p >= 0 && o.column != nil && m.full(o.column.EndList()) < 0 {
		return -1
	}
	return p
}

// putJSON makes JSON of a value. What would be the text null is no value.
func (m *machine) putJSON(o *op, p int) int {
	m.json = m.json[:0]
	if p = m.value(o.kids[0], p); p < 0 {
		return -1
	}
	if string(m.json) == "null" {
		return m.null(o, p)
	}
	if !m.spend(len(m.json)) {
		return -1
	}
	return m.putBytes(o, m.json, p)
}

func (m *machine) putRare(o *op, p int) int {
	switch o.code {
	case putDecimal:
		n, p := m.decimal(o, p)
		if p >= 0 && o.column != nil {
			o.column.AppendDecimal(n.LowBits(), n.HighBits())
		}
		return p
	case putUUID:
		return m.putUUID(o, p)
	case putUUIDBytes:
		v, p := m.fixed(p, 16)
		if p >= 0 && o.column != nil {
			o.column.AppendFixed(v)
		}
		return p
	case putUUIDText:
		var space [36]byte
		v, p := m.fixed(p, 16)
		if p < 0 {
			return -1
		}
		return m.putBytes(o, types.AppendUUID(space[:0], v), p)
	case putInterval:
		return m.putInterval(o, p)
	}
	return m.fail("avro.schema", p, "no such step")
}

func (m *machine) putUUID(o *op, p int) int {
	text, end := m.binary(o, p)
	if end < 0 {
		return -1
	}
	id, ok := uuidOf(text)
	if !ok {
		return m.wrong("avro.parse", typeName(o.to), "text that is none")
	}
	if o.column != nil {
		o.column.AppendFixed(id[:])
	}
	return end
}

// uuidOf reads a UUID as Avro has it, with dashes.
func uuidOf(text []byte) (id [16]byte, ok bool) {
	if len(text) != 36 {
		return id, false
	}
	return types.ParseUUID(text)
}

// putInterval reads a duration: months, days and milliseconds, unsigned, the lowest byte first (spec: Duration).
func (m *machine) putInterval(o *op, p int) int {
	v, p := m.fixed(p, 12)
	if p < 0 {
		return -1
	}
	months, days, millis := binary.LittleEndian.Uint32(v), binary.LittleEndian.Uint32(v[4:]), binary.LittleEndian.Uint32(v[8:])
	if months > math.MaxInt32 || days > math.MaxInt32 {
		return m.wrong("avro.range", typeName(o.to), "a duration out of range")
	}
	if o.column != nil {
		o.column.AppendInterval(int32(months), int32(days), int64(millis)*1e6)
	}
	return p
}
