package format_test

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"math/big"
	"reflect"
	"strings"
	"time"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/array"

	"github.com/weir-stream/weir/host/format/formattest"
	"github.com/weir-stream/weir/host/types"
)

// compareRows compares the rows of a record.
func compareRows(record arrow.RecordBatch, want expectation) error {
	if want.Frames != nil && len(want.Rows) != len(want.Frames) {
		return fmt.Errorf("the vector has %d frames in %d rows", len(want.Frames), len(want.Rows))
	}
	if int(record.NumRows()) != len(want.Rows) {
		return fmt.Errorf("%d rows, want %d: %v", record.NumRows(), len(want.Rows), record)
	}
	for i, row := range want.Rows {
		for j, f := range record.Schema().Fields() {
			value, given := row[f.Name]
			if b64, ok := row[f.Name+"_b64"]; ok {
				value, given = b64, true
			}
			if !given {
				return fmt.Errorf("row %d: the vector has no %s", i, f.Name)
			}
			got := cell(record.Column(j), i)
			if same(got, value, f.Type) {
				continue
			}
			return fmt.Errorf("row %d, %s: %v, want %v", i, f.Name, got, value)
		}
	}
	return nil
}

// cell is a value: null, bool, text, integers and floats as *big.Rat, lists and objects; bytes in base64.
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
	case *array.Decimal128:
		return formattest.Decimal(a, row)
	case *array.Binary:
		return base64.StdEncoding.EncodeToString(a.Value(row))
	case *array.Dictionary:
		return cell(a.Dictionary(), a.GetValueIndex(row))
	case *array.Timestamp:
		return number(int64(a.Value(row)))
	case *array.Date32:
		return number(int64(a.Value(row)))
	case *array.Time32:
		return number(int64(a.Value(row)))
	case *array.Time64:
		return number(int64(a.Value(row)))
	case *array.MonthDayNanoInterval:
		v := a.Value(row)
		return fmt.Sprintf("%d %d %d", v.Months, v.Days, v.Nanoseconds)
	case *array.String, *types.JSONArray, *types.UUIDArray:
		return a.ValueStr(row)
	}
	return json.Number(a.ValueStr(row))
}

func number(n int64) json.Number { return json.Number(fmt.Sprint(n)) }

// same compares a value with a vector's.
func same(got, want any, t arrow.DataType) bool {
	switch t := t.(type) {
	case *arrow.ListType:
		g, ok := got.([]any)
		w, wanted := want.([]any)
		if !ok || !wanted || len(g) != len(w) {
			return got == nil && want == nil
		}
		for i := range g {
			if !same(g[i], w[i], t.Elem()) {
				return false
			}
		}
		return true
	case *arrow.StructType:
		g, ok := got.(map[string]any)
		w, wanted := want.(map[string]any)
		if !ok || !wanted {
			return got == nil && want == nil
		}
		for _, f := range t.Fields() {
			if !same(g[f.Name], w[f.Name], f.Type) {
				return false
			}
		}
		return len(g) == len(w)
	case *arrow.MapType:
		return reflect.DeepEqual(got, want)
	case *arrow.TimestampType:
		if text, ok := want.(string); ok && text != "" {
			at, err := time.Parse("2006-01-02T15:04:05.999999999", strings.TrimSuffix(text, "Z"))
			if err != nil {
				return false
			}
			want = number(at.Unix()*int64(time.Second/t.Unit.Multiplier()) + int64(at.Nanosecond())/int64(t.Unit.Multiplier()))
		}
	}
	if text, ok := got.(string); ok {
		switch want.(type) {
		case map[string]any, []any: // of a JSON column, whose text is not compared
			return equalJSON(text, want)
		}
	}
	g, isNumber := got.(json.Number)
	if !isNumber {
		return reflect.DeepEqual(got, want)
	}
	a, ok := new(big.Rat).SetString(g.String())
	b, wanted := new(big.Rat).SetString(fmt.Sprint(want)) // integers past 2^53 may be texts
	if t.ID() == arrow.FLOAT32 && wanted {
		f, _ := b.Float32()
		b.SetFloat64(float64(f))
		f, _ = a.Float32()
		a.SetFloat64(float64(f))
	}
	return ok && wanted && a.Cmp(b) == 0
}

// equalJSON compares a text with a value, whose numbers are json.Numbers.
func equalJSON(text string, want any) bool {
	var got, wanted any
	again, err := json.Marshal(want)
	return err == nil && json.Unmarshal([]byte(text), &got) == nil && json.Unmarshal(again, &wanted) == nil && reflect.DeepEqual(got, wanted)
}
