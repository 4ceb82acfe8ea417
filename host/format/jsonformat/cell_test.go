package jsonformat

import (
	"encoding/base64"
	"fmt"
	"math"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/array"

	"github.com/weir-stream/weir/host/format/formattest"
)

// cell is a value as encoding/json would give it: integers as int64 or uint64, also those that stand for days and times,
// decimals as text, bytes in base64.
func cell(a arrow.Array, row int) any {
	if a.IsNull(row) {
		return nil
	}
	switch a := a.(type) {
	case *array.List:
		from, to := a.ValueOffsets(row)
		items := []any{}
		for i := from; i < to; i++ {
			items = append(items, cell(a.ListValues(), int(i)))
		}
		return items
	case *array.Map:
		from, to := a.ValueOffsets(row)
		entries := map[string]any{}
		for i := from; i < to; i++ {
			entries[fmt.Sprint(cell(a.Keys(), int(i)))] = cell(a.Items(), int(i))
		}
		return entries
	case *array.Struct:
		members := map[string]any{}
		for i, f := range a.DataType().(*arrow.StructType).Fields() {
			members[f.Name] = cell(a.Field(i), row)
		}
		return members
	case *array.Boolean:
		return a.Value(row)
	case *array.Float64:
		return modelFloat(a.Value(row))
	case *array.Uint64:
		return a.Value(row)
	case *array.Decimal128:
		return formattest.Decimal(a, row)
	case *array.Float32, *array.Int8, *array.Int16, *array.Int32, *array.Int64, *array.Uint8, *array.Uint16, *array.Uint32,
		*array.Timestamp, *array.Date32, *array.Time32, *array.Time64:
		return integral(a, row)
	case *array.Binary:
		return base64.StdEncoding.EncodeToString(a.Value(row))
	}
	return a.ValueStr(row)
}

// integral is a value of a type that is stored in at most 64 bits.
func integral(a arrow.Array, row int) any {
	switch a := a.(type) {
	case *array.Float32:
		return modelFloat(float64(a.Value(row)))
	case *array.Int8:
		return int64(a.Value(row))
	case *array.Int16:
		return int64(a.Value(row))
	case *array.Int32:
		return int64(a.Value(row))
	case *array.Int64:
		return a.Value(row)
	case *array.Uint8:
		return int64(a.Value(row))
	case *array.Uint16:
		return int64(a.Value(row))
	case *array.Uint32:
		return int64(a.Value(row))
	case *array.Timestamp:
		return int64(a.Value(row))
	case *array.Date32:
		return int64(a.Value(row))
	case *array.Time32:
		return int64(a.Value(row))
	}
	return int64(a.(*array.Time64).Value(row))
}

// modelFloat is a float, and a word for one that does not equal itself.
func modelFloat(f float64) any {
	if math.IsNaN(f) {
		return "NaN"
	}
	return f
}
