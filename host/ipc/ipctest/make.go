package ipctest

import (
	"fmt"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/array"
	"github.com/apache/arrow-go/v18/arrow/decimal128"
	"github.com/apache/arrow-go/v18/arrow/memory"

	"github.com/weir-stream/weir/host/types"
)

// Plain are the column types that cross the boundary and hold no others.
func Plain() []arrow.DataType {
	plain := []arrow.DataType{
		arrow.BinaryTypes.String, arrow.PrimitiveTypes.Int64, arrow.PrimitiveTypes.Int32, arrow.PrimitiveTypes.Float64,
		arrow.FixedWidthTypes.Boolean, arrow.PrimitiveTypes.Int8, arrow.PrimitiveTypes.Int16, arrow.PrimitiveTypes.Uint8,
		arrow.PrimitiveTypes.Uint16, arrow.PrimitiveTypes.Uint32, arrow.PrimitiveTypes.Uint64, arrow.PrimitiveTypes.Float32,
		&arrow.Decimal128Type{Precision: 1}, &arrow.Decimal128Type{Precision: 20, Scale: 3}, &arrow.Decimal128Type{Precision: 38, Scale: 38},
		arrow.BinaryTypes.Binary, &arrow.FixedSizeBinaryType{ByteWidth: 3}, arrow.FixedWidthTypes.Date32,
		arrow.FixedWidthTypes.MonthDayNanoInterval, types.JSON(), types.UUID(),
	}
	for unit := arrow.Second; unit <= arrow.Nanosecond; unit++ {
		time, _ := types.Time(types.Digits(unit)) // whose digits there are
		plain = append(plain, time, &arrow.TimestampType{Unit: unit}, &arrow.TimestampType{Unit: unit, TimeZone: "UTC"})
	}
	return plain
}

// Types are Plain and some types that hold them, in each way.
func Types() []arrow.DataType {
	i64, text := arrow.PrimitiveTypes.Int64, arrow.BinaryTypes.String
	point := types.Struct(arrow.Field{Name: "x", Type: i64}, arrow.Field{Name: "ÿ", Type: text, Nullable: true})
	return append(Plain(),
		types.List(i64, false), types.List(types.List(text, true), true), point, types.List(point, true),
		types.Map(text, types.List(arrow.PrimitiveTypes.Float32, true), true), types.Map(arrow.FixedWidthTypes.Boolean, types.JSON(), false),
		types.Struct(arrow.Field{Name: "inner", Type: point}, arrow.Field{Name: "all", Type: types.Map(i64, point, true), Nullable: true}),
	)
}

// EveryType is a schema with each of Types once nullable, once not.
func EveryType() *arrow.Schema {
	var fields []arrow.Field
	for i, t := range Types() {
		fields = append(fields, arrow.Field{Name: fmt.Sprintf("c%d", i), Type: t}, arrow.Field{Name: fmt.Sprintf("ü%d", i), Type: t, Nullable: true})
	}
	return arrow.NewSchema(fields, nil)
}

// EachKind is a schema of few columns: one of each way in which values are laid out or judged.
func EachKind() *arrow.Schema {
	tags := types.List(arrow.BinaryTypes.String, true)
	point := types.Struct(arrow.Field{Name: "x", Type: arrow.PrimitiveTypes.Int8}, arrow.Field{Name: "y", Type: tags, Nullable: true})
	return arrow.NewSchema([]arrow.Field{
		{Name: "text", Type: arrow.BinaryTypes.String, Nullable: true}, {Name: "number", Type: arrow.PrimitiveTypes.Int64},
		{Name: "double", Type: arrow.PrimitiveTypes.Float64, Nullable: true}, {Name: "flag", Type: arrow.FixedWidthTypes.Boolean, Nullable: true},
		{Name: "price", Type: &arrow.Decimal128Type{Precision: 9, Scale: 2}, Nullable: true}, {Name: "doc", Type: types.JSON(), Nullable: true},
		{Name: "at", Type: &arrow.Time32Type{Unit: arrow.Second}, Nullable: true}, {Name: "tags", Type: tags, Nullable: true},
		{Name: "point", Type: point, Nullable: true},
		{Name: "labels", Type: types.Map(arrow.BinaryTypes.String, types.UUID(), true), Nullable: true},
	}, nil)
}

// Any is a type that holds others depth deep at most, as next decides: next(n) is one of 0 to n-1.
func Any(depth int, next func(n int) int) arrow.DataType {
	plain := Plain()
	if depth == 0 {
		return plain[next(len(plain))]
	}
	switch next(6) {
	case 0:
		return types.List(Any(depth-1, next), next(2) == 0)
	case 1:
		fields := make([]arrow.Field, 1+next(3))
		for i := range fields {
			fields[i] = arrow.Field{Name: fmt.Sprint("f", i), Type: Any(depth-1, next), Nullable: next(2) == 0}
		}
		return types.Struct(fields...)
	case 2:
		keys := []arrow.DataType{arrow.BinaryTypes.String, arrow.PrimitiveTypes.Int8, arrow.PrimitiveTypes.Uint64, arrow.FixedWidthTypes.Boolean}
		return types.Map(keys[next(len(keys))], Any(depth-1, next), next(2) == 0)
	}
	return plain[next(len(plain))]
}

var (
	words     = []string{"", "a", "später", "日本", "JFK", "\x00", "a rather long value that is longer than the others"}
	documents = []string{`{"a":[1,null,"ü"]}`, "0", `"\ud800"`, " [ ] ", "-1e-7", "true"}
)

// Fill makes a batch of n rows whose values follow from next; every third number is a null where the column allows it.
func Fill(schema *arrow.Schema, n int, mem memory.Allocator, next func() int) arrow.RecordBatch {
	b := array.NewRecordBuilder(mem, schema)
	defer b.Release()
	for range n {
		for i, f := range b.Fields() {
			fill(f, schema.Field(i).Nullable, next)
		}
	}
	return b.NewRecordBatch()
}

func fill(b array.Builder, nullable bool, next func() int) {
	v := next()
	if nullable && v%3 == 0 {
		b.AppendNull()
		return
	}
	switch b := b.(type) {
	case *array.ExtensionBuilder:
		if types.IsJSON(b.Type()) {
			b.StorageBuilder().(*array.StringBuilder).Append(documents[v%len(documents)])
			return
		}
		fill(b.StorageBuilder(), false, next)
	case *array.ListBuilder:
		b.Append(true)
		for range v % 4 {
			fill(b.ValueBuilder(), b.Type().(*arrow.ListType).ElemField().Nullable, next)
		}
	case *array.MapBuilder:
		b.Append(true)
		for range v % 4 {
			fill(b.KeyBuilder(), false, next)
			fill(b.ItemBuilder(), b.Type().(*arrow.MapType).ItemField().Nullable, next)
		}
	case *array.StructBuilder:
		b.Append(true)
		for i := range b.NumField() {
			fill(b.FieldBuilder(i), b.Type().(*arrow.StructType).Field(i).Nullable, next)
		}
	default:
		fillPlain(b, v)
	}
}

// fillPlain appends a value made of v, and panics for a type that has none here.
func fillPlain(b array.Builder, v int) {
	switch b := b.(type) {
	case *array.StringBuilder:
		b.Append(words[v%len(words)])
	case *array.BinaryBuilder:
		b.Append([]byte{0xff, byte(v)}[:v%3])
	case *array.FixedSizeBinaryBuilder:
		value := make([]byte, b.Type().(*arrow.FixedSizeBinaryType).ByteWidth)
		value[v%len(value)] = byte(v)
		b.Append(value)
	case *array.BooleanBuilder:
		b.Append(v%2 == 0)
	case *array.Int8Builder:
		b.Append(int8(-v))
	case *array.Int16Builder:
		b.Append(int16(-v * 30))
	case *array.Int32Builder:
		b.Append(int32(v))
	case *array.Int64Builder:
		b.Append(int64(v) * 1e10)
	case *array.Uint8Builder:
		b.Append(uint8(v))
	case *array.Uint16Builder:
		b.Append(uint16(v * 60))
	case *array.Uint32Builder:
		b.Append(uint32(v) * 4e6)
	case *array.Uint64Builder:
		b.Append(-uint64(v))
	case *array.Float32Builder:
		b.Append(float32(v) / 7)
	case *array.Float64Builder:
		b.Append(float64(v) / 7)
	case *array.Decimal128Builder:
		most := decimal128.GetMaxValue(b.Type().(*arrow.Decimal128Type).Precision)
		b.Append([]decimal128.Num{decimal128.FromI64(int64(v % 10)), most, most.Negate(), decimal128.FromI64(-int64(v % 10))}[v%4])
	case *array.Date32Builder:
		b.Append(arrow.Date32(-v))
	case *array.Time32Builder:
		b.Append(arrow.Time32(v % 86_400))
	case *array.Time64Builder:
		b.Append(arrow.Time64(int64(v) % 86_400_000_000))
	case *array.TimestampBuilder:
		b.Append(arrow.Timestamp(v))
	case *array.MonthDayNanoIntervalBuilder:
		b.Append(arrow.MonthDayNanoInterval{Months: int32(v), Days: int32(-v), Nanoseconds: int64(v) << 40})
	default:
		panic(fmt.Sprintf("no values for a builder of %s", b.Type()))
	}
}

// Counter counts from 1, for Fill.
func Counter() func() int {
	n := 0
	return func() int { n++; return n }
}
