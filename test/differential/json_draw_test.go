//go:build differential

package differential

import (
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"math"
	"strconv"
	"strings"
	"time"

	"github.com/apache/arrow-go/v18/arrow"

	"github.com/weir-stream/weir/host/types"
)

// plainTypes are those that pyarrow reads from JSON as weir does. otherTypes are the rest, which only the peer's own conversion knows.
var (
	plainTypes = []arrow.DataType{
		arrow.BinaryTypes.String, arrow.FixedWidthTypes.Boolean,
		arrow.PrimitiveTypes.Int8, arrow.PrimitiveTypes.Int16, arrow.PrimitiveTypes.Int32, arrow.PrimitiveTypes.Int64,
		arrow.PrimitiveTypes.Uint8, arrow.PrimitiveTypes.Uint16, arrow.PrimitiveTypes.Uint32, arrow.PrimitiveTypes.Uint64,
		arrow.PrimitiveTypes.Float32, arrow.PrimitiveTypes.Float64,
		&arrow.Decimal128Type{Precision: 38, Scale: 10}, &arrow.Decimal128Type{Precision: 9, Scale: 2}, &arrow.Decimal128Type{Precision: 20},
		&arrow.TimestampType{Unit: arrow.Second}, &arrow.TimestampType{Unit: arrow.Millisecond},
		&arrow.TimestampType{Unit: arrow.Microsecond}, &arrow.TimestampType{Unit: arrow.Nanosecond},
		&arrow.TimestampType{Unit: arrow.Millisecond, TimeZone: "UTC"}, &arrow.TimestampType{Unit: arrow.Nanosecond, TimeZone: "UTC"},
	}
	otherTypes = []arrow.DataType{
		arrow.BinaryTypes.Binary, types.UUID(), types.JSON(), types.Dictionary(), arrow.FixedWidthTypes.MonthDayNanoInterval,
		arrow.FixedWidthTypes.Date32, arrow.FixedWidthTypes.Time32s, arrow.FixedWidthTypes.Time32ms,
		arrow.FixedWidthTypes.Time64us, arrow.FixedWidthTypes.Time64ns,
	}
	keyTypes = []arrow.DataType{
		arrow.BinaryTypes.String, arrow.PrimitiveTypes.Int32, arrow.PrimitiveTypes.Uint64, arrow.FixedWidthTypes.Boolean,
	}
)

// documents draws tables and JSON documents for them.
type documents struct {
	random
	plain bool // only what pyarrow reads, in spellings that it knows
}

// columns draws those of a table.
func (d documents) columns() []arrow.Field { return d.fields(1+d.IntN(8), 3) }

func (d documents) fields(n, depth int) []arrow.Field {
	fields := make([]arrow.Field, n)
	for i := range fields {
		name := pick(d.random, "a", "id", "longer than eight", "é語", `q"\`, "\U0001f600", "a.b") + strconv.Itoa(i)
		fields[i] = arrow.Field{Name: name, Type: d.dataType(depth), Nullable: d.plain || !d.oneIn(4)}
	}
	return fields
}

func (d documents) dataType(depth int) arrow.DataType {
	if depth > 0 && d.oneIn(3) {
		switch d.IntN(3) {
		case 0:
			return types.List(d.dataType(depth-1), d.plain || !d.oneIn(4))
		case 1:
			return types.Struct(d.fields(1+d.IntN(3), depth-1)...)
		}
		if !d.plain {
			return types.Map(pick(d.random, keyTypes...), d.dataType(depth-1), !d.oneIn(4))
		}
	}
	if !d.plain && d.oneIn(2) {
		return pick(d.random, otherTypes...)
	}
	return pick(d.random, plainTypes...)
}

// object draws a document, or an object in one. It has most of the fields, in any order, and others.
func (d documents) object(fields []arrow.Field) string {
	var members []string
	for _, f := range fields {
		if f.Nullable && d.oneIn(9) {
			continue // absent
		}
		members = append(members, d.member(f.Name, d.nullable(f)))
		if !d.plain && d.oneIn(30) {
			members = append(members, d.member(f.Name, d.nullable(f)))
		}
	}
	if d.oneIn(5) {
		members = append(members, d.member("undeclared", d.anything(2)))
	}
	d.Shuffle(len(members), func(i, j int) { members[i], members[j] = members[j], members[i] })
	return "{" + d.space() + strings.Join(members, d.space()+","+d.space()) + d.space() + "}"
}

func (d documents) member(name, value string) string {
	return d.spell(name) + d.space() + ":" + d.space() + value
}

// nullable draws a value of a field, or null.
func (d documents) nullable(f arrow.Field) string {
	if f.Nullable && d.oneIn(8) {
		return "null"
	}
	if !d.plain && d.oneIn(150) {
		return d.anything(2) // bad, unless it happens to suit
	}
	return d.value(f.Type)
}

func (d documents) space() string { return pick(d.random, "", "", "", "", " ", "\t", "  ") }

// spell is a string in one of its spellings.
func (d documents) spell(text string) string {
	var out strings.Builder
	out.WriteByte('"')
	for _, c := range text {
		short := strings.IndexRune("\"\\/\b\f\n\r\t", c)
		switch {
		case short >= 0 && !d.oneIn(5):
			out.WriteString(`\` + string(`"\/bfnrt`[short]))
		case c < 0x20 || short == 0 || short == 1 || d.oneIn(10):
			d.escape(&out, c)
		default:
			out.WriteRune(c)
		}
	}
	out.WriteByte('"')
	return out.String()
}

// escape writes a character by its number, as a pair of surrogates where it needs one (RFC 8259 section 7).
func (d documents) escape(out *strings.Builder, c rune) {
	form := pick(d.random, `\u%04x`, `\u%04X`)
	if c >= 0x10000 {
		fmt.Fprintf(out, form, 0xd800+(c-0x10000)>>10)
		c = 0xdc00 + (c-0x10000)&0x3ff
	}
	fmt.Fprintf(out, form, c)
}

// anything is a JSON value of at most so many levels.
func (d documents) anything(depth int) string {
	switch d.IntN(7 + min(depth, 1)*2) {
	case 0:
		return "null"
	case 1:
		return pick(d.random, "true", "false")
	case 2:
		return d.decimal(20, 6)
	case 3:
		return d.double()
	case 4, 5, 6:
		return d.spell(d.text())
	case 7:
		return "[" + d.several(func(int) string { return d.anything(depth - 1) }) + "]"
	}
	return "{" + d.several(func(i int) string { return d.member(strconv.Itoa(i)+d.text(), d.anything(depth-1)) }) + "}"
}

func (d documents) several(one func(i int) string) string {
	some := make([]string, pick(d.random, 0, 1, 2, 5))
	for i := range some {
		some[i] = one(i)
	}
	return strings.Join(some, d.space()+","+d.space())
}

// value draws one of a type.
func (d documents) value(of arrow.DataType) string {
	switch of := of.(type) {
	case *arrow.ListType:
		return "[" + d.space() + d.several(func(int) string { return d.nullable(of.ElemField()) }) + "]"
	case *arrow.StructType:
		return d.object(of.Fields())
	case *arrow.MapType:
		return "{" + d.several(func(i int) string { return d.member(d.key(of.KeyType(), i), d.nullable(of.ItemField())) }) + "}"
	}
	text, quoted := d.flat(of)
	if quoted {
		return d.spell(text)
	}
	return text
}

func (d documents) key(of arrow.DataType, i int) string {
	switch of.ID() {
	case arrow.STRING:
		return strconv.Itoa(i) + d.text()
	case arrow.BOOL:
		return pick(d.random, "true", "false")
	}
	return strconv.Itoa(i + d.IntN(2)*1000)
}

// flat draws a value of a type that is not nested. quoted: it is a string.
func (d documents) flat(of arrow.DataType) (text string, quoted bool) {
	switch of.ID() {
	case arrow.STRING, arrow.DICTIONARY:
		return d.text(), true
	case arrow.BOOL:
		return pick(d.random, "true", "false"), false
	case arrow.FLOAT32:
		text := d.double()
		if _, err := strconv.ParseFloat(text, 32); d.plain && err != nil {
			text = "3.4028235e38" // pyarrow makes what is larger infinite
		}
		return d.oddly(text)
	case arrow.FLOAT64:
		return d.oddly(d.double())
	case arrow.DECIMAL128:
		t := of.(*arrow.Decimal128Type)
		scale := d.IntN(int(t.Scale) + 1)
		if !d.plain && d.oneIn(5) {
			scale += 3
		}
		return d.oddly(d.decimal(int(t.Precision-t.Scale), scale))
	case arrow.BINARY:
		return base64.StdEncoding.EncodeToString(d.bytes(d.IntN(20))), true
	case arrow.EXTENSION:
		if types.IsJSON(of) {
			return d.anything(3), false
		}
		return d.uuid(), true
	case arrow.INTERVAL_MONTH_DAY_NANO:
		return d.interval(), true
	}
	if arrow.IsInteger(of.ID()) {
		return d.oddly(d.integer(of))
	}
	return d.timeOf(of), true
}

// oddly is a number, or in other than plain documents now and then a string with one.
func (d documents) oddly(number string) (text string, quoted bool) {
	return number, !d.plain && d.oneIn(6)
}

// decimal is a number with up to so many digits before and behind the point.
func (d documents) decimal(whole, fraction int) string {
	text := pick(d.random, "", "-") + "0"
	if n := d.IntN(whole + 1); n > 0 {
		text = text[:len(text)-1] + d.digits(n)
	}
	if fraction > 0 {
		text += "." + d.digits(fraction)
	}
	return text
}

func (d documents) double() string {
	switch d.IntN(6) {
	case 0:
		return pick(d.random, "0.0", "-0.0", "5e-324", "1.7976931348623157e308", "3.4028235e38", "1e-45", "0.1", "1E5", "1e+2", "2.2250738585072014e-308")
	case 1:
		return d.decimal(25, 1+d.IntN(25))
	case 2:
		return d.decimal(10, 0) + pick(d.random, "e", "E", "e-", "e+") + strconv.Itoa(d.IntN(28))
	case 3:
		return strconv.FormatFloat(float64(math.Float32frombits(d.Uint32()&0x7f7fffff)), 'g', -1, 32)
	}
	f := math.Float64frombits(d.Uint64())
	if math.IsNaN(f) || math.Abs(f) > 3e38 {
		f = d.NormFloat64()
	}
	return strconv.FormatFloat(f, 'g', -1, 64)
}

// integer is one of a type, mostly in its range, and in other than plain documents with a fraction or an exponent now and then.
func (d documents) integer(of arrow.DataType) string {
	bits := of.(arrow.FixedWidthDataType).BitWidth()
	var text string
	switch shift := d.IntN(bits); {
	case arrow.IsUnsignedInteger(of.ID()):
		text = strconv.FormatUint(d.Uint64()>>(64-bits)>>shift, 10)
	default:
		text = strconv.FormatInt(int64(d.Uint64())>>(64-bits)>>shift, 10)
	}
	if !d.plain && d.oneIn(8) {
		text += pick(d.random, ".0", ".999", "e0", "e1", ".25e1", "E+1", "e-1", "e-30")
	}
	return text
}

func (d documents) uuid() string {
	b := d.bytes(16)
	switch d.IntN(4) {
	case 0:
		return strings.ToUpper(hex.EncodeToString(b))
	case 1:
		return "urn:uuid:" + string(types.AppendUUID(nil, b))
	}
	return string(types.AppendUUID(nil, b))
}

func (d documents) interval() string {
	text := pick(d.random, "", "-") + "P"
	for _, unit := range "YMWD" {
		if d.oneIn(2) {
			text += pick(d.random, "", "-") + strconv.Itoa(d.IntN(1000)) + string(unit)
		}
	}
	text += "T" + strconv.Itoa(d.IntN(100)) + "H"
	if d.oneIn(2) {
		text += pick(d.random, "", "-") + strconv.Itoa(d.IntN(100)) + pick(d.random, "", "."+d.digits(1+d.IntN(9))) + "S"
	}
	return text
}

// timeOf is a date, time or timestamp. Plain ones have no more digits than the type.
func (d documents) timeOf(of arrow.DataType) string {
	at := time.Unix(d.Int64N(18e9)-9e9, d.Int64N(1e9)).UTC()
	var unit arrow.TimeUnit
	switch of := of.(type) {
	case *arrow.Time32Type:
		unit = of.Unit
	case *arrow.Time64Type:
		unit = of.Unit
	case *arrow.TimestampType:
		unit = of.Unit
	default:
		return at.Format("2006-01-02")
	}
	digits := types.Digits(unit)
	if !d.plain {
		digits = pick(d.random, 0, 1, 3, 6, 7, 9)
	}
	fraction := ""
	if digits > 0 && !d.oneIn(5) {
		fraction = at.Format("." + strings.Repeat("0", digits))
	}
	if of.ID() != arrow.TIMESTAMP {
		return at.Format("15:04:05") + fraction
	}
	zone := pick(d.random, "", "Z", "+05:30", "-0800", "+02")
	if d.plain && of.(*arrow.TimestampType).TimeZone == "" {
		zone = "" // pyarrow shifts by an offset only in columns with a zone
	}
	return at.Format("2006-01-02"+pick(d.random, "T", " ")+"15:04:05") + fraction + zone
}
