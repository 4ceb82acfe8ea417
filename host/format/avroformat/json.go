package avroformat

import (
	"encoding/binary"
	"math"
	"math/big"
	"strconv"
	"strings"

	"github.com/weir-stream/weir/host/types"
)

// maxDigits bounds decimals that become JSON: the bytes of the number, and its digits behind the point.
const maxDigits = 1 << 10

// toJSON runs an op that appends a value to the JSON at hand.
func (m *machine) toJSON(o *op, p int) int {
	switch o.code {
	case jsonNull:
		m.json = append(m.json, "null"...)
		return p
	case jsonBoolean:
		v, end := m.boolean(p)
		m.json = strconv.AppendBool(m.json, v)
		return end
	case jsonInteger:
		v, end := m.number(p, o.short)
		m.json = strconv.AppendInt(m.json, v, 10)
		return end
	case jsonFloat:
		v, end := m.float(o, p)
		m.json = appendFloat(m.json, v, o.single)
		return end
	case jsonString:
		v, end := m.text(p)
		m.json = appendText(m.json, v)
		return end
	case jsonSymbol:
		return m.jsonSymbol(o, p)
	case jsonRecord:
		return m.jsonRecord(o, p)
	case jsonArray, jsonMap:
		return m.jsonItems(o, p)
	case jsonTag:
		m.json = append(m.json, o.key...)
		p = m.value(o.kids[0], p)
		m.json = append(m.json, '}')
		return p
	}
	v, end := m.binary(o, p)
	if end < 0 {
		return -1
	}
	return m.jsonBinary(o, v, end)
}

func (m *machine) jsonBinary(o *op, v []byte, p int) int {
	switch o.code {
	case jsonDecimal:
		if len(v) > maxDigits {
			return m.fail("avro.limit", p, "a decimal of more than "+strconv.Itoa(maxDigits)+" bytes")
		}
		m.json = appendDecimal(m.json, v, int(o.number.from))
	case jsonUUID:
		m.json = append(types.AppendUUID(append(m.json, '"'), v), '"')
	case jsonDuration:
		m.json = append(m.json, `{"months":`...)
		m.json = strconv.AppendUint(m.json, uint64(binary.LittleEndian.Uint32(v)), 10)
		m.json = append(m.json, `,"days":`...)
		m.json = strconv.AppendUint(m.json, uint64(binary.LittleEndian.Uint32(v[4:])), 10)
		m.json = append(m.json, `,"milliseconds":`...)
		m.json = append(strconv.AppendUint(m.json, uint64(binary.LittleEndian.Uint32(v[8:])), 10), '}')
	default:
		m.json = appendLatin(m.json, v)
	}
	return p
}

func (m *machine) jsonSymbol(o *op, p int) int {
	i, end := m.index(p, len(o.texts))
	if end < 0 {
		return -1
	}
	if !o.texts[i].known {
		return m.wrong("avro.enum", "a symbol of the reader's enum", "another, and the enum has no default")
	}
	m.json = append(m.json, o.texts[i].json...)
	return end
}

// enter begins a record, array or map.
func (m *machine) enter(p int) bool {
	if m.depth++; m.depth > m.most.Depth {
		m.tooDeep(p)
		return false
	}
	return m.fits(p)
}

// fits checks that the JSON at hand is not too long.
func (m *machine) fits(p int) bool {
	if len(m.json) > m.free {
		m.fail("avro.limit", p, "more than "+strconv.Itoa(m.free)+" bytes of JSON")
		return false
	}
	return true
}

func (m *machine) jsonRecord(o *op, p int) int {
	if !m.enter(p) {
		return -1
	}
	m.json = append(m.json, '{')
	first := true
	for _, kid := range o.kids {
		if kid.key != "" {
			m.json = append(comma(m.json, index(first)), kid.key...)
			first = false
		}
		if p = m.value(kid, p); p < 0 {
			return m.in(kid.name)
		}
		if !m.fits(p) {
			return -1
		}
	}
	for i := range o.fills {
		f := &o.fills[i]
		m.json = append(comma(m.json, index(first)), f.op.key...)
		first = false
		if !m.fill(f) {
			return m.in(f.op.name)
		}
		if !m.fits(p) {
			return -1
		}
	}
	m.json = append(m.json, '}')
	m.depth--
	return p
}

// index is the index of a first item, or of a later one.
func index(first bool) int {
	if first {
		return 0
	}
	return 1
}

func (m *machine) jsonItems(o *op, p int) int {
	if !m.enter(p) {
		return -1
	}
	isMap := o.code == jsonMap
	m.json = append(m.json, [2]byte{'[', '{'}[index(!isMap)])
	for i := 0; ; {
		n, end, start := m.itemsOf(o, p)
		if p = start; p < 0 {
			return -1
		}
		if n == 0 {
			m.json = append(m.json, [2]byte{']', '}'}[index(!isMap)])
			m.depth--
			return p
		}
		for ; n > 0; n-- {
			m.json = comma(m.json, i)
			if isMap {
				var key []byte
				if key, p = m.text(p); p < 0 {
					return m.item(i)
				}
				m.json = append(appendText(m.json, key), ':')
			}
			if p = m.value(o.kids[0], p); p < 0 {
				return m.item(i)
			}
			if !m.fits(p) {
				return -1
			}
			i++
		}
		if p = m.closeBlock(p, end); p < 0 {
			return -1
		}
	}
}

// appendFloat writes a number with a point or an exponent; what is no number is text.
func appendFloat(dst []byte, v float64, single bool) []byte {
	switch {
	case math.IsNaN(v):
		return append(dst, `"NaN"`...)
	case math.IsInf(v, 1):
		return append(dst, `"Infinity"`...)
	case math.IsInf(v, -1):
		return append(dst, `"-Infinity"`...)
	}
	size := 64
	if single {
		size = 32
	}
	form := byte('f')
	if a := math.Abs(v); a != 0 && (a < 1e-6 || a >= 1e16) {
		form = 'e'
	}
	start := len(dst)
	dst = strconv.AppendFloat(dst, v, form, -1, size)
	for _, c := range dst[start:] {
		if c == '.' || c == 'e' {
			return dst
		}
	}
	return append(dst, ".0"...)
}

// appendDecimal writes a big-endian number in two's complement with so many digits behind the point.
func appendDecimal(dst, raw []byte, scale int) []byte {
	n := new(big.Int).SetBytes(raw)
	if len(raw) > 0 && raw[0] >= 0x80 {
		n.Sub(n, new(big.Int).Lsh(big.NewInt(1), uint(8*len(raw))))
	}
	if n.Sign() < 0 {
		dst = append(dst, '-')
	}
	digits := n.Abs(n).String()
	if scale == 0 {
		return append(dst, digits...)
	}
	if zeros := scale + 1 - len(digits); zeros > 0 { // a digit before the point
		digits = strings.Repeat("0", zeros) + digits
	}
	dst = append(dst, digits[:len(digits)-scale]...)
	return append(append(dst, '.'), digits[len(digits)-scale:]...)
}

const hexDigits = "0123456789abcdef"

// appendText writes UTF-8 in quotes.
func appendText(dst, s []byte) []byte {
	dst = append(dst, '"')
	from := 0
	for i, c := range s {
		if c >= ' ' && c != '"' && c != '\\' {
			continue
		}
		dst = appendEscape(append(dst, s[from:i]...), c)
		from = i + 1
	}
	return append(append(dst, s[from:]...), '"')
}

func appendEscape(dst []byte, c byte) []byte {
	switch c {
	case '"', '\\':
		return append(dst, '\\', c)
	case '\n':
		return append(dst, `\n`...)
	case '\r':
		return append(dst, `\r`...)
	case '\t':
		return append(dst, `\t`...)
	}
	return append(dst, '\\', 'u', '0', '0', hexDigits[c>>4], hexDigits[c&15])
}

// appendLatin writes bytes as text of the characters U+0000 to U+00FF (spec: JSON Encoding).
func appendLatin(dst, s []byte) []byte {
	dst = append(dst, '"')
	for _, c := range s {
		switch {
		case c < ' ' || c == '"' || c == '\\':
			dst = appendEscape(dst, c)
		case c >= 0x80:
			dst = append(dst, 0xc0|c>>6, 0x80|c&0x3f)
		default:
			dst = append(dst, c)
		}
	}
	return append(dst, '"')
}
