package protoformat

import (
	"encoding/base64"
	"encoding/binary"
	"encoding/json"
	"math"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/array"
	"google.golang.org/protobuf/encoding/protojson"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"
	"google.golang.org/protobuf/types/dynamicpb"

	"github.com/weir-stream/weir/host/types"
)

// fieldsOf appends the fields of a row in the order of their numbers, as Google's writers do.
func (e *encoder) fieldsOf(dst []byte, p *plan, row int) ([]byte, bool) {
	p.serial++
	for i := range p.columns {
		c := &p.columns[i]
		if c.from.IsNull(row) || c.shape == shapeSingle && c.value.jsonNull(row) {
			if c.fd.Cardinality() == protoreflect.Required {
				e.fail("protobuf.missing", "NULL for a required field")
				return dst, e.in(c.name)
			}
			continue
		}
		if c.oneof != nil {
			if *c.oneof == p.serial {
				e.fail("protobuf.oneof", "another field of its oneof has a value too")
				return dst, e.in(c.name)
			}
			*c.oneof = p.serial
		}
		ok := false
		if dst, ok = e.field(dst, c, row); !ok {
			return dst, e.in(c.name)
		}
	}
	return dst, true
}

func (e *encoder) field(dst []byte, c *column, row int) ([]byte, bool) {
	switch c.shape {
	case shapeList:
		return e.list(dst, c, row)
	case shapeMap:
		return e.entries(dst, c, row)
	case shapeWhole:
		return e.jsonField(dst, c.fd, "", textAt(c.from, row), "")
	}
	start := len(dst)
	dst, ok := e.tagged(dst, &c.value, row)
	if ok && !c.fd.HasPresence() && zeroSince(dst, start) {
		dst = dst[:start]
	}
	return dst, ok
}

// zeroSince reports whether the field appended since start has the value zero: nothing behind its tag but zeros. (Of what has a
// length that is the length.) Of a zero that is JSON nothing was appended.
func zeroSince(dst []byte, start int) bool {
	if start == len(dst) {
		return true
	}
	_, p := varint(dst, start)
	for ; p < len(dst); p++ {
		if dst[p] != 0 {
			return false
		}
	}
	return true
}

// tagged appends one value with its tag.
func (e *encoder) tagged(dst []byte, v *value, row int) ([]byte, bool) {
	number := int32(v.fd.Number())
	switch {
	case v.op == opJSON && v.fd.IsList():
		return e.jsonField(dst, v.fd, "[", textAt(v.from, row), "]")
	case v.op == opJSON:
		return e.jsonField(dst, v.fd, "", textAt(v.from, row), "")
	case v.kind == protoreflect.GroupKind:
		dst, ok := e.fieldsOf(appendTag(dst, number, wireGroup), v.sub, row)
		return appendTag(dst, number, wireEnd), ok
	}
	return e.value(appendTag(dst, number, wireOf(v.fd)), v, row)
}

func (e *encoder) list(dst []byte, c *column, row int) ([]byte, bool) {
	from, to := c.from.(*array.List).ValueOffsets(row)
	if from == to {
		return dst, true
	}
	packed, start, ok := c.fd.IsPacked() && c.value.op != opJSON, 0, true
	if packed {
		dst, start = beginLength(appendTag(dst, int32(c.fd.Number()), wireBytes))
	}
	for i := int(from); i < int(to); i++ {
		switch {
		case c.value.from.IsNull(i):
			ok = e.fail("protobuf.null", "NULL in an array: a repeated field has none")
		case packed:
			dst, ok = e.value(dst, &c.value, i)
		default:
			dst, ok = e.tagged(dst, &c.value, i)
		}
		if !ok {
			return dst, e.at(i - int(from))
		}
	}
	if packed {
		dst = endLength(dst, start)
	}
	return dst, true
}

func (e *encoder) entries(dst []byte, c *column, row int) ([]byte, bool) {
	from, to := c.from.(*array.Map).ValueOffsets(row)
	for i := int(from); i < int(to); i++ {
		if c.value.from.IsNull(i) || c.value.jsonNull(i) {
			e.fail("protobuf.null", "NULL in a map: a map field has none")
			return dst, e.in("value")
		}
		dst = appendTag(dst, int32(c.fd.Number()), wireBytes)
		start, ok := 0, false
		dst, start = beginLength(dst)
		if dst, ok = e.tagged(dst, &c.key, i); !ok {
			return dst, e.in("key")
		}
		if dst, ok = e.tagged(dst, &c.value, i); !ok {
			return dst, e.in("value")
		}
		dst = endLength(dst, start)
	}
	return dst, true
}

// value appends one value, with its length where it has one.
func (e *encoder) value(dst []byte, v *value, row int) ([]byte, bool) {
	switch v.op {
	case opInt:
		i, huge := intAt(v.from, row)
		return e.integer(dst, v, i, huge)
	case opDecimal:
		i, huge, ok := wholeAt(v.from, row, int(v.scale))
		if !ok {
			return dst, e.outOfRange(v)
		}
		return e.integer(dst, v, i, huge)
	case opFloat:
		return binary.LittleEndian.AppendUint32(dst, math.Float32bits(v.from.(*array.Float32).Value(row))), true
	case opFloatDouble:
		f := v.from.(*array.Float64).Value(row)
		if math.IsInf(float64(float32(f)), 0) && !math.IsInf(f, 0) {
			return dst, e.outOfRange(v)
		}
		return binary.LittleEndian.AppendUint32(dst, math.Float32bits(float32(f))), true
	case opDouble:
		return binary.LittleEndian.AppendUint64(dst, math.Float64bits(v.from.(*array.Float64).Value(row))), true
	case opBool:
		if v.from.(*array.Boolean).Value(row) {
			return append(dst, 1), true
		}
		return append(dst, 0), true
	case opName, opDigits:
		return e.enum(dst, v, textAt(v.from, row))
	case opStruct, opTimestamp, opInterval, opNanos, opWrapper:
		dst, start := beginLength(dst)
		dst, ok := e.body(dst, v, row)
		return endLength(dst, start), ok
	}
	dst, start := beginLength(dst)
	dst, ok := e.textOf(dst, v, row)
	return endLength(dst, start), ok
}

// body appends what is in a message.
func (e *encoder) body(dst []byte, v *value, row int) ([]byte, bool) {
	switch v.op {
	case opStruct:
		return e.fieldsOf(dst, v.sub, row)
	case opWrapper:
		start := len(dst)
		dst, ok := e.tagged(dst, v.inner, row)
		if ok && zeroSince(dst, start) {
			dst = dst[:start]
		}
		return dst, ok
	case opTimestamp:
		t := int64(v.from.(*array.Timestamp).Value(row))
		seconds, rest := t/v.second, t%v.second
		if rest < 0 {
			seconds, rest = seconds-1, rest+v.second
		}
		if seconds < minTimestamp || seconds > maxTimestamp {
			return dst, e.outOfRange(v)
		}
		return appendSeconds(dst, seconds, rest*v.nanos), true
	case opNanos:
		n := v.from.(*array.Int64).Value(row)
		return appendSeconds(dst, n/1e9, n%1e9), true
	}
	i := v.from.(*array.MonthDayNanoInterval).Value(row)
	if i.Months != 0 {
		return dst, e.refuse("protobuf.range", elementType(v.fd), "an interval with months, whose length differs")
	}
	seconds, nanos := int64(i.Days)*86400+i.Nanoseconds/1e9, i.Nanoseconds%1e9
	if seconds > 0 && nanos < 0 {
		seconds, nanos = seconds-1, nanos+1e9
	} else if seconds < 0 && nanos > 0 {
		seconds, nanos = seconds+1, nanos-1e9
	}
	if !validDuration(seconds, nanos) {
		return dst, e.outOfRange(v)
	}
	return appendSeconds(dst, seconds, nanos), true
}

// appendSeconds appends the fields of a Timestamp or a Duration.
func appendSeconds(dst []byte, seconds, nanos int64) []byte {
	if seconds != 0 {
		dst = binary.AppendUvarint(appendTag(dst, 1, wireVarint), uint64(seconds))
	}
	if nanos != 0 {
		dst = binary.AppendUvarint(appendTag(dst, 2, wireVarint), uint64(nanos))
	}
	return dst
}

// textOf appends a string or bytes.
func (e *encoder) textOf(dst []byte, v *value, row int) ([]byte, bool) {
	switch v.op {
	case opDecimalText:
		n := v.from.(*array.Decimal128).Value(row)
		return appendDecimal(dst, n.LowBits(), n.HighBits(), int(v.scale)), true
	case opUUIDText:
		return types.AppendUUID(dst, uuidAt(v.from, row)), true
	case opUUIDBytes:
		return append(dst, uuidAt(v.from, row)...), true
	}
	text := textAt(v.from, row)
	switch v.op {
	case opBase64:
		out, err := base64.StdEncoding.AppendDecode(dst, []byte(text))
		if err != nil {
			return dst, e.refuse("protobuf.parse", elementType(v.fd), "a text that is not base64")
		}
		return out, true
	case opText:
		if !utf8.ValidString(text) {
			return dst, e.refuse("protobuf.utf8", elementType(v.fd), "bytes that are not UTF-8")
		}
	}
	return append(dst, text...), true
}

// integer appends a number that the field's kind can hold.
func (e *encoder) integer(dst []byte, v *value, i int64, huge bool) ([]byte, bool) {
	fits := !huge
	switch v.kind {
	case protoreflect.Int32Kind, protoreflect.Sint32Kind, protoreflect.Sfixed32Kind, protoreflect.EnumKind:
		fits = !huge && i == int64(int32(i))
	case protoreflect.Uint32Kind, protoreflect.Fixed32Kind:
		fits = !huge && i == int64(uint32(i))
	case protoreflect.Uint64Kind, protoreflect.Fixed64Kind:
		fits = huge || i >= 0
	}
	if !fits || v.enum.unknown(uint64(i)) {
		return dst, e.outOfRange(v)
	}
	switch v.kind {
	case protoreflect.Sint32Kind, protoreflect.Sint64Kind:
		return binary.AppendVarint(dst, i), true
	case protoreflect.Fixed32Kind, protoreflect.Sfixed32Kind:
		return binary.LittleEndian.AppendUint32(dst, uint32(i)), true
	case protoreflect.Fixed64Kind, protoreflect.Sfixed64Kind:
		return binary.LittleEndian.AppendUint64(dst, uint64(i)), true
	}
	return binary.AppendUvarint(dst, uint64(i)), true
}

// enum appends the number of an enum's value that is a text.
func (e *encoder) enum(dst []byte, v *value, text string) ([]byte, bool) {
	number, known := v.enum.numbers[text]
	if v.op == opDigits {
		n, err := strconv.ParseInt(text, 10, 32)
		number, known = int32(n), err == nil && !v.enum.unknown(uint64(n))
	}
	if !known {
		return dst, e.refuse("protobuf.enum", elementType(v.fd), "a text that is none of its values")
	}
	return binary.AppendUvarint(dst, uint64(int64(number))), true
}

func (e *encoder) outOfRange(v *value) bool {
	return e.refuse("protobuf.range", elementType(v.fd), v.sql+" out of its range")
}

// jsonNull reports whether a row has the JSON null, which for all types but google.protobuf.Value and NullValue is no value.
func (v *value) jsonNull(row int) bool {
	if v.op != opJSON || v.json.null || v.json.sub != nil && v.fd.Message().FullName() == "google.protobuf.Value" {
		return false
	}
	return strings.Trim(textAt(v.from, row), " \t\r\n") == "null"
}

// jsonField appends a field whose value is JSON text, between what makes it the whole field's.
func (e *encoder) jsonField(dst []byte, fd protoreflect.FieldDescriptor, before, text, behind string) ([]byte, bool) {
	if !json.Valid([]byte(text)) {
		return dst, e.refuse("protobuf.json", protoType(fd), "a text that is not JSON")
	}
	e.document = append(e.document[:0], `{"`...)
	e.document = append(append(append(e.document, fd.Name()...), `":`...), before...)
	e.document = append(append(append(e.document, text...), behind...), '}')
	return e.fromJSON(dst, fd.ContainingMessage(), protoType(fd), true) // required fields beside it are other columns'
}

// unstructured appends a message that is a row's JSON.
func (e *encoder) unstructured(dst []byte, row int) ([]byte, bool) {
	if e.whole.IsNull(row) {
		e.fail("protobuf.missing", "NULL in place of a message")
		return dst, e.in(e.fields[0].Name)
	}
	e.document = append(e.document[:0], textAt(e.whole, row)...)
	dst, ok := e.fromJSON(dst, e.message, string(e.message.FullName()), false)
	if !ok {
		e.in(e.fields[0].Name)
	}
	return dst, ok
}

// fromJSON appends the message whose JSON e.document is; a partial one may lack required fields.
func (e *encoder) fromJSON(dst []byte, m protoreflect.MessageDescriptor, expected string, partial bool) ([]byte, bool) {
	message := dynamicpb.NewMessage(m)
	read := protojson.UnmarshalOptions{RecursionLimit: e.format.config.Limits.Depth, Resolver: e.types, AllowPartial: partial}
	if read.Unmarshal(e.document, message) != nil { // its text would show values
		return dst, e.refuse("protobuf.json", expected, "JSON that does not fit it")
	}
	out, err := proto.MarshalOptions{Deterministic: true, AllowPartial: partial}.MarshalAppend(dst, message)
	if err != nil {
		return dst, e.refuse("protobuf.json", expected, "JSON that cannot be written as it")
	}
	return out, true
}

// textAt is the text, or the bytes, in a row.
func textAt(a arrow.Array, row int) string {
	switch a := a.(type) {
	case *array.String:
		return a.Value(row)
	case *array.Binary:
		return a.ValueString(row)
	case *array.Dictionary:
		return textAt(a.Dictionary(), a.GetValueIndex(row))
	case array.ExtensionArray:
		return textAt(a.Storage(), row)
	}
	return ""
}

func uuidAt(a arrow.Array, row int) []byte {
	return a.(array.ExtensionArray).Storage().(*array.FixedSizeBinary).Value(row)
}

// intAt is the number in a row; huge: it is one of 2^63 and more, wrapped.
func intAt(a arrow.Array, row int) (i int64, huge bool) {
	switch a := a.(type) {
	case *array.Int64:
		return a.Value(row), false
	case *array.Int32:
		return int64(a.Value(row)), false
	case *array.Int16:
		return int64(a.Value(row)), false
	case *array.Int8:
		return int64(a.Value(row)), false
	case *array.Uint64:
		return int64(a.Value(row)), a.Value(row)>>63 != 0
	case *array.Uint32:
		return int64(a.Value(row)), false
	case *array.Uint16:
		return int64(a.Value(row)), false
	case *array.Uint8:
		return int64(a.Value(row)), false
	case *array.Timestamp:
		return int64(a.Value(row)), false
	case *array.Date32:
		return int64(a.Value(row)), false
	case *array.Time32:
		return int64(a.Value(row)), false
	case *array.Time64:
		return int64(a.Value(row)), false
	}
	return 0, false
}

// wholeAt is the DECIMAL in a row if it is a whole number of 64 bits.
func wholeAt(a arrow.Array, row, scale int) (i int64, huge, ok bool) {
	n := a.(*array.Decimal128).Value(row)
	whole, ok := types.Rescale(n, int32(scale), 0, types.MaxPrecision)
	switch {
	case !ok:
		return 0, false, false
	case whole.HighBits() == 0:
		return int64(whole.LowBits()), whole.LowBits()>>63 != 0, true
	case whole.HighBits() == -1 && whole.LowBits()>>63 != 0:
		return int64(whole.LowBits()), false, true
	}
	return 0, false, false
}
