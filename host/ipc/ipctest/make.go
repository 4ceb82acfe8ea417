package ipctest

import (
	"fmt"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/array"
	"github.com/apache/arrow-go/v18/arrow/memory"
)

// Types are the column types that cross the boundary.
func Types() []arrow.DataType {
	return []arrow.DataType{
		arrow.BinaryTypes.String, arrow.PrimitiveTypes.Int64, arrow.PrimitiveTypes.Int32, arrow.PrimitiveTypes.Float64,
		arrow.FixedWidthTypes.Boolean, &arrow.TimestampType{Unit: arrow.Second}, &arrow.TimestampType{Unit: arrow.Millisecond},
		&arrow.TimestampType{Unit: arrow.Microsecond}, &arrow.TimestampType{Unit: arrow.Nanosecond},
	}
}

// EveryType is a schema with each of Types once nullable, once not.
func EveryType() *arrow.Schema {
	var fields []arrow.Field
	for i, t := range Types() {
		fields = append(fields, arrow.Field{Name: fmt.Sprintf("c%d", i), Type: t}, arrow.Field{Name: fmt.Sprintf("ü%d", i), Type: t, Nullable: true})
	}
	return arrow.NewSchema(fields, nil)
}

var words = []string{"", "a", "später", "日本", "JFK", "\x00", "a rather long value that is longer than the others"}

// Fill makes a batch of n rows whose values follow from next; every third number is a null where the column allows it.
func Fill(schema *arrow.Schema, n int, mem memory.Allocator, next func() int) arrow.RecordBatch {
	b := array.NewRecordBuilder(mem, schema)
	defer b.Release()
	for range n {
		for i, f := range b.Fields() {
			v := next()
			if schema.Field(i).Nullable && v%3 == 0 {
				f.AppendNull()
				continue
			}
			switch f := f.(type) {
			case *array.StringBuilder:
				f.Append(words[v%len(words)])
			case *array.Int64Builder:
				f.Append(int64(v) * 1e10)
			case *array.Int32Builder:
				f.Append(int32(v))
			case *array.Float64Builder:
				f.Append(float64(v) / 7)
			case *array.BooleanBuilder:
				f.Append(v%2 == 0)
			case *array.TimestampBuilder:
				f.Append(arrow.Timestamp(v))
			}
		}
	}
	return b.NewRecordBatch()
}

// Counter counts from 1, for Fill.
func Counter() func() int {
	n := 0
	return func() int { n++; return n }
}
