package avroformat

import (
	"encoding/binary"
	"fmt"
	"math"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/array"
	"github.com/apache/arrow-go/v18/arrow/decimal128"

	"github.com/weir-stream/weir/host/batch"
	"github.com/weir-stream/weir/host/format"
	"github.com/weir-stream/weir/host/types"
)

// column is the array that a writer is bound to, taken apart as far as its code wants it.
type column struct {
	array    arrow.Array
	nulls    bool
	unsigned bool

	i64 []int64
	i32 []int32
	i16 []int16
	i8  []int8
	f64 []float64
	f32 []float32

	offsets   []int32 // of texts, lists and maps
	text      []byte
	words     *array.Dictionary
	decimals  []decimal128.Num
	intervals []arrow.MonthDayNanoInterval
}

// bind takes an array of the writer's type.
func (w *writer) bind(a arrow.Array) {
	if e, ok := a.(array.ExtensionArray); ok {
		a = e.Storage()
	}
	w.column = column{array: a, nulls: a.NullN() > 0}
	switch a := a.(type) {
	case *array.Int64:
		w.i64 = a.Int64Values()
	case *array.Int32:
		w.i32 = a.Int32Values()
	case *array.Int16:
		w.i16 = a.Int16Values()
	case *array.Int8:
		w.i8 = a.Int8Values()
	case *array.Uint64, *array.Uint32, *array.Uint16, *array.Uint8, *array.Date32, *array.Time32, *array.Time64, *array.Timestamp:
		w.bindBits(a)
	case *array.Float64:
		w.f64 = a.Float64Values()
	case *array.Float32:
		w.f32 = a.Float32Values()
	case *array.String:
		w.offsets, w.text = a.ValueOffsets(), a.ValueBytes()
	case *array.Binary:
		w.offsets, w.text = a.ValueOffsets(), a.ValueBytes()
	case *array.Dictionary:
		words := a.Dictionary().(*array.String)
		w.words, w.offsets, w.text = a, words.ValueOffsets(), words.ValueBytes()
	case *array.Decimal128:
		w.decimals = a.Values()
	case *array.MonthDayNanoInterval:
		w.intervals = a.MonthDayNanoIntervalValues()
	case *array.Struct:
		for _, kid := range w.kids {
			if kid.from >= 0 {
				kid.bind(a.Field(kid.from))
			}
		}
	case *array.List:
		w.kids[0].bind(a.ListValues())
	case *array.Map:
		w.kids[0].bind(a.Keys())
		w.kids[1].bind(a.Items())
	}
}

// bindBits takes arrays whose values are whole numbers under another name.
func (w *writer) bindBits(a arrow.Array) {
	data := a.Data()
	from, n := data.Offset(), data.Len()
	if n == 0 {
		return
	}
	raw := data.Buffers()[1].Bytes()
	w.unsigned = true
	switch a.DataType().ID() {
	case arrow.UINT64:
		w.i64 = arrow.Int64Traits.CastFromBytes(raw)[from : from+n]
	case arrow.UINT32:
		w.i32 = arrow.Int32Traits.CastFromBytes(raw)[from : from+n]
	case arrow.UINT16:
		w.i16 = arrow.Int16Traits.CastFromBytes(raw)[from : from+n]
	case arrow.UINT8:
		w.i8 = arrow.Int8Traits.CastFromBytes(raw)[from : from+n]
	case arrow.DATE32, arrow.TIME32:
		w.unsigned = false
		w.i32 = arrow.Int32Traits.CastFromBytes(raw)[from : from+n]
	default:
		w.unsigned = false
		w.i64 = arrow.Int64Traits.CastFromBytes(raw)[from : from+n]
	}
}

// integer is value i as a long; false if it is beyond that.
func (w *writer) integer(i int) (int64, bool) {
	switch w.scaled.width {
	case batch.KindInt8:
		if w.unsigned {
			return int64(uint8(w.i8[i])), true
		}
		return int64(w.i8[i]), true
	case batch.KindInt16:
		if w.unsigned {
			return int64(uint16(w.i16[i])), true
		}
		return int64(w.i16[i]), true
	case batch.KindInt32:
		if w.unsigned {
			return int64(uint32(w.i32[i])), true
		}
		return int64(w.i32[i]), true
	}
	return w.i64[i], !w.unsigned || w.i64[i] >= 0
}

// bytes is value i of texts.
func (w *writer) bytes(i int) []byte {
	if w.words != nil {
		i = w.words.GetValueIndex(i)
	}
	from := w.offsets[0]
	return w.text[w.offsets[i]-from : w.offsets[i+1]-from]
}

// run writes one row. After a value that cannot be written it has a problem.
type run struct{ problem *format.DataError }

func (r *run) fail(w *writer, code, message string) {
	r.problem = &format.DataError{Code: code, Expected: w.schema.String(), Found: types.Name(w.dtype), Message: message}
}

func (r *run) in(name string) {
	switch e := r.problem; {
	case name == "":
	case e.Path == "":
		e.Path = name
	case e.Path[0] == '[':
		e.Path = name + e.Path
	default:
		e.Path = name + "." + e.Path
	}
}

// fields writes a record's fields for row i.
func (r *run) fields(dst []byte, w *writer, i int) []byte {
	for _, kid := range w.kids {
		if dst = r.value(dst, kid, i); r.problem != nil {
			r.in(kid.name)
			return dst
		}
	}
	return dst
}

func (r *run) value(dst []byte, w *writer, i int) []byte {
	if w.code == writeJSON {
		return r.json(dst, w, i)
	}
	if w.nulls && w.array.IsNull(i) {
		if !w.union {
			r.fail(w, "avro.null", "expected "+w.schema.String()+", got null")
		}
		return append(dst, w.null)
	}
	if w.union {
		dst = append(dst, w.value)
	}
	switch w.code {
	case writeInteger:
		v, ok := w.integer(i)
		if ok {
			v, ok = w.scaled.of(v)
		}
		if !ok {
			r.fail(w, "avro.range", "expected "+w.schema.String()+", got a "+types.Name(w.dtype)+" out of its range")
		}
		return appendLong(dst, v)
	case writeText:
		text := w.bytes(i)
		return append(appendLong(dst, int64(len(text))), text...)
	case writeDatum:
		return append(dst, w.datum...)
	case writeBoolean:
		if w.array.(*array.Boolean).Value(i) {
			return append(dst, 1)
		}
		return append(dst, 0)
	case writeFloat:
		return binary.LittleEndian.AppendUint32(dst, math.Float32bits(w.f32[i]))
	case writeDouble:
		v := 0.0
		if w.f32 != nil {
			v = float64(w.f32[i])
		} else {
			v = w.f64[i]
		}
		return binary.LittleEndian.AppendUint64(dst, math.Float64bits(v))
	case writeRecord:
		return r.fields(dst, w, i)
	case writeArray, writeMap, writeEntries:
		return r.items(dst, w, i)
	}
	return r.rare(dst, w, i)
}

// items writes a list or map as one block, if it is not empty, and the end.
func (r *run) items(dst []byte, w *writer, i int) []byte {
	from, to := w.array.(array.ListLike).ValueOffsets(i)
	if to > from {
		dst = appendLong(dst, to-from)
	}
	for at := from; at < to; at++ {
		for _, kid := range w.kids {
			if dst = r.value(dst, kid, int(at)); r.problem != nil {
				r.in(fmt.Sprintf("[%d]", at-from))
				return dst
			}
		}
	}
	return append(dst, 0)
}

func (r *run) rare(dst []byte, w *writer, i int) []byte {
	switch w.code {
	case writeFixed:
		v := w.bytes(i)
		if len(v) != w.schema.size {
			r.fail(w, "avro.range", fmt.Sprintf("expected %s, got %d bytes", w.schema, len(v)))
		}
		return append(dst, v...)
	case writeSymbol:
		at, known := w.symbols[string(w.bytes(i))]
		if !known {
			r.fail(w, "avro.enum", "expected a symbol of "+w.schema.String()+", got another text")
		}
		return appendLong(dst, int64(at))
	case writeDecimal:
		return r.decimal(dst, w, w.decimals[i])
	case writeUUIDText:
		dst = appendLong(dst, 36)
		return types.AppendUUID(dst, w.array.(*array.FixedSizeBinary).Value(i))
	case writeUUIDBytes:
		return append(dst, w.array.(*array.FixedSizeBinary).Value(i)...)
	}
	return r.interval(dst, w, w.intervals[i])
}

// decimal writes an unscaled number in two's complement, the highest byte first: as few bytes as it takes, or as many as a
// fixed has.
func (r *run) decimal(dst []byte, w *writer, n decimal128.Num) []byte {
	var raw [16]byte
	binary.BigEndian.PutUint64(raw[:], uint64(n.HighBits()))
	binary.BigEndian.PutUint64(raw[8:], n.LowBits())
	sign := byte(n.HighBits() >> 63)
	short := raw[:]
	for len(short) > 1 && short[0] == sign && (short[1]^sign) < 0x80 {
		short = short[1:]
	}
	if w.schema.kind == kindBytes {
		return append(appendLong(dst, int64(len(short))), short...)
	}
	if len(short) > w.schema.size {
		r.fail(w, "avro.range", "expected "+w.schema.String()+", got a number of more bytes")
		return dst
	}
	for range w.schema.size - len(short) {
		dst = append(dst, sign)
	}
	return append(dst, short...)
}

// interval writes a duration, whose parts are not negative and whose smallest unit is a millisecond.
func (r *run) interval(dst []byte, w *writer, v arrow.MonthDayNanoInterval) []byte {
	millis := v.Nanoseconds / 1e6
	if v.Months < 0 || v.Days < 0 || v.Nanoseconds < 0 || millis*1e6 != v.Nanoseconds || millis > math.MaxUint32 {
		r.fail(w, "avro.range", "expected "+w.schema.String()+", got an INTERVAL that is negative, or not of whole milliseconds, or too long")
	}
	dst = binary.LittleEndian.AppendUint32(dst, uint32(v.Months))
	dst = binary.LittleEndian.AppendUint32(dst, uint32(v.Days))
	return binary.LittleEndian.AppendUint32(dst, uint32(millis))
}
