package wat

import (
	"fmt"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/array"
	"github.com/apache/arrow-go/v18/arrow/memory"

	"github.com/weir-stream/weir/host/types"
)

// columnTypes are the column types by the names that stand in comments.
var columnTypes = map[string]arrow.DataType{
	"text":      arrow.BinaryTypes.String,
	"bigint":    arrow.PrimitiveTypes.Int64,
	"int":       arrow.PrimitiveTypes.Int32,
	"double":    arrow.PrimitiveTypes.Float64,
	"bool":      arrow.FixedWidthTypes.Boolean,
	"timestamp": &arrow.TimestampType{Unit: arrow.Nanosecond},
	"decimal":   &arrow.Decimal128Type{Precision: 4, Scale: 2},
	"time":      &arrow.Time32Type{Unit: arrow.Second},
	"json":      types.JSON(),

	"list":   types.List(arrow.BinaryTypes.String, false),
	"struct": pair("x", "y"),
	"map":    types.Map(arrow.BinaryTypes.String, arrow.PrimitiveTypes.Int64, false),

	"dictionary":   types.Dictionary(),
	"dictionaries": types.List(types.Dictionary(), true),
	"half":         arrow.FixedWidthTypes.Float16,
	"zoned":        &arrow.TimestampType{Unit: arrow.Second, TimeZone: "Europe/Berlin"},
	"twice":        pair("x", "x"),
	"nothing":      types.Struct(),
	"keyed":        types.Map(arrow.PrimitiveTypes.Float64, arrow.PrimitiveTypes.Int64, false),
	"deep":         deep(types.MaxDepth),
	"wide":         wide(40),
}

// pair is a struct of two numbers.
func pair(a, b string) arrow.DataType {
	number := arrow.PrimitiveTypes.Int64
	return types.Struct(arrow.Field{Name: a, Type: number}, arrow.Field{Name: b, Type: number})
}

// deep is a number in n lists within each other.
func deep(n int) (dt arrow.DataType) {
	dt = arrow.PrimitiveTypes.Int64
	for range n {
		dt = types.List(dt, false)
	}
	return dt
}

// wide is a struct of n flags.
func wide(n int) arrow.DataType {
	fields := make([]arrow.Field, n)
	for i := range fields {
		fields[i] = arrow.Field{Name: fmt.Sprint("f", i), Type: arrow.FixedWidthTypes.Boolean}
	}
	return types.Struct(fields...)
}

// batchOf makes n rows. Of a column that may be null, every third value is.
func batchOf(schema *arrow.Schema, n int) arrow.RecordBatch {
	b := array.NewRecordBuilder(memory.DefaultAllocator, schema)
	for i, f := range b.Fields() {
		for row := range n {
			if schema.Field(i).Nullable && row%3 == 2 {
				f.AppendNull()
				continue
			}
			appendValue(f, row)
		}
	}
	return b.NewRecordBatch()
}

func appendValue(b array.Builder, row int) {
	switch b := b.(type) {
	case *array.Int64Builder:
		b.Append(int64(row))
	case *array.Int32Builder:
		b.Append(int32(row))
	case *array.Float64Builder:
		b.Append(float64(row))
	case *array.BooleanBuilder:
		b.Append(row%2 == 1)
	case *array.TimestampBuilder:
		b.Append(arrow.Timestamp(row))
	case *array.StringBuilder:
		b.Append("row")
	case *array.BinaryDictionaryBuilder:
		_ = b.AppendString("row") // of one value, never fails
	case *array.ExtensionBuilder: // JSON
		b.StorageBuilder().(*array.StringBuilder).Append("{}")
	case *array.ListBuilder:
		b.Append(true)
		appendValue(b.ValueBuilder(), row)
	case *array.MapBuilder:
		b.Append(true)
		appendValue(b.KeyBuilder(), row)
		appendValue(b.ItemBuilder(), row)
	case *array.StructBuilder:
		b.Append(true)
		for i := range b.NumField() {
			appendValue(b.FieldBuilder(i), row)
		}
	default:
		b.AppendEmptyValue()
	}
}
