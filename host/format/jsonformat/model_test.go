package jsonformat

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"math"
	"math/big"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/memory"
	"pgregory.net/rapid"

	"github.com/weir-stream/weir/host/batch"
	"github.com/weir-stream/weir/host/format"
	"github.com/weir-stream/weir/host/types"
)

// flatTypes are the types that a model knows by what encoding/json reads.
var flatTypes = []string{"TEXT", "BIGINT", "INT", "SMALLINT UNSIGNED", "BIGINT UNSIGNED", "TINYINT", "DOUBLE", "FLOAT", "BOOLEAN", "JSON",
	"DECIMAL(20, 4)", "DECIMAL(38, 0)", "BYTEA", "DATE", "TIME(3)", "TIMESTAMP(9)", "TIMESTAMPTZ(3)", "DICTIONARY<TEXT>"}

// drawType draws a type of at most so many levels.
func drawType(t *rapid.T, depth int) string {
	null := rapid.SampledFrom([]string{"", " NOT NULL"})
	switch rapid.IntRange(0, 8).Draw(t, "shape") * min(depth, 1) {
	case 1, 2:
		return "LIST<" + drawType(t, depth-1) + null.Draw(t, "null") + ">"
	case 3, 4, 5:
		var fields []string
		for i := range rapid.IntRange(1, 3).Draw(t, "fields") {
			fields = append(fields, string(rune('a'+i))+" "+drawType(t, depth-1)+null.Draw(t, "null"))
		}
		return "STRUCT<" + strings.Join(fields, ", ") + ">"
	case 6:
		key := rapid.SampledFrom([]string{"TEXT", "INT", "BOOLEAN"}).Draw(t, "key")
		return "MAP<" + key + ", " + drawType(t, depth-1) + null.Draw(t, "null") + ">"
	}
	return rapid.SampledFrom(flatTypes).Draw(t, "type")
}

func marshal(t *rapid.T, v any) string {
	text, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// drawText draws JSON that most often suits a type.
func drawText(t *rapid.T, of arrow.DataType) string {
	switch rapid.IntRange(0, 60).Draw(t, "suits") {
	case 0:
		return marshal(t, anyJSON(2).Draw(t, "any"))
	case 1:
		return "null"
	}
	space := rapid.SampledFrom([]string{"", "", "", " ", "\n"})
	switch of := of.(type) {
	case *arrow.ListType:
		var items []string
		for range rapid.IntRange(0, 4).Draw(t, "items") {
			items = append(items, space.Draw(t, "space")+drawText(t, of.Elem())+space.Draw(t, "space"))
		}
		return "[" + strings.Join(items, ",") + "]"
	case *arrow.StructType:
		return drawObject(t, of.Fields())
	case *arrow.MapType:
		var fields []arrow.Field
		for range rapid.IntRange(0, 4).Draw(t, "entries") {
			fields = append(fields, arrow.Field{Name: drawKey(t, of.KeyType()), Type: of.ItemType()})
		}
		return drawMembers(t, fields)
	}
	return drawFlat(t, of)
}

func drawKey(t *rapid.T, of arrow.DataType) string {
	switch of.ID() {
	case arrow.INT32:
		return rapid.SampledFrom([]string{"1", "2", "-3", "2147483647", "2147483648", ""}).Draw(t, "key")
	case arrow.BOOL:
		return rapid.SampledFrom([]string{"true", "false", "true", "false", "null"}).Draw(t, "key")
	}
	return rapid.SampledFrom([]string{"a", "b", "c", "longer than eight", "é", `q"\`}).Draw(t, "key")
}

// drawObject draws an object with most of the fields, in any order, some of them twice, and others.
func drawObject(t *rapid.T, fields []arrow.Field) string {
	var members []arrow.Field
	for _, f := range fields {
		for range rapid.SampledFrom([]int{0, 1, 1, 1, 1, 1, 1, 1, 1, 2}).Draw(t, "times") {
			members = append(members, f)
		}
	}
	if rapid.IntRange(0, 5).Draw(t, "more") == 0 {
		members = append(members, arrow.Field{Name: "undeclared", Type: types.JSON()})
	}
	return drawMembers(t, rapid.Permutation(members).Draw(t, "order"))
}

func drawMembers(t *rapid.T, fields []arrow.Field) string {
	var members []string
	space := rapid.SampledFrom([]string{"", "", "", " ", "\t\r\n"})
	for _, f := range fields {
		members = append(members, space.Draw(t, "space")+marshal(t, f.Name)+space.Draw(t, "space")+":"+space.Draw(t, "space")+drawText(t, f.Type))
	}
	return "{" + strings.Join(members, ",") + "}"
}

// drawFlat draws JSON for a type that is not nested.
func drawFlat(t *rapid.T, of arrow.DataType) string {
	at := time.Unix(rapid.Int64Range(-1e10, 1e10).Draw(t, "sec"), rapid.Int64Range(0, 1e9-1).Draw(t, "nano")).UTC()
	switch of.ID() {
	case arrow.STRING, arrow.DICTIONARY:
		return marshal(t, rapid.String().Draw(t, "text"))
	case arrow.BOOL:
		return marshal(t, rapid.Bool().Draw(t, "bool"))
	case arrow.BINARY:
		return marshal(t, rapid.SliceOf(rapid.Byte()).Draw(t, "bytes"))
	case arrow.DATE32:
		return at.Format(`"2006-01-02"`)
	case arrow.TIME32:
		return at.Format(`"15:04:05.999999999"`)
	case arrow.TIMESTAMP:
		return at.Format(`"2006-01-02T15:04:05.999999999Z"`)
	case arrow.EXTENSION:
		return marshal(t, anyJSON(2).Draw(t, "json"))
	case arrow.FLOAT32, arrow.FLOAT64:
		return rapid.StringMatching(`-?(0|[1-9][0-9]{0,9})(\.[0-9]{1,12})?([eE]-?[0-9])?`).Draw(t, "number")
	case arrow.DECIMAL128:
		return rapid.StringMatching(`-?(0|[1-9][0-9]{0,15})(\.[0-9]{1,6})?`).Draw(t, "number")
	}
	return strconv.FormatInt(rapid.OneOf(rapid.Int64Range(0, 127), rapid.Int64Range(-200, 70000), rapid.Int64()).Draw(t, "integer"), 10)
}

// modelJSON stands for any JSON text that means v.
type modelJSON struct{ v any }

// modelOf is what a value, as encoding/json reads it, becomes in a type, as cell has it; false if it is bad.
func modelOf(v any, of arrow.DataType, nullable bool) (any, bool) {
	if of.ID() == arrow.EXTENSION {
		return modelJSON{v}, true
	}
	if v == nil {
		return nil, nullable
	}
	switch of := of.(type) {
	case *arrow.ListType:
		items, ok := v.([]any)
		out := []any{}
		for _, item := range items {
			one, fits := modelOf(item, of.Elem(), of.ElemField().Nullable)
			out, ok = append(out, one), ok && fits
		}
		return out, ok
	case *arrow.StructType:
		members, ok := v.(map[string]any)
		return modelObject(members, of.Fields(), ok)
	case *arrow.MapType:
		return modelMap(v, of)
	}
	return modelFlat(v, of)
}

func modelObject(members map[string]any, fields []arrow.Field, ok bool) (any, bool) {
	out := map[string]any{}
	for _, f := range fields {
		one, fits := modelOf(members[f.Name], f.Type, f.Nullable) // what is absent is as what is null
		out[f.Name], ok = one, ok && fits
	}
	return out, ok
}

func modelMap(v any, of *arrow.MapType) (any, bool) {
	entries, ok := v.(map[string]any)
	out := map[string]any{}
	for key, item := range entries {
		if of.KeyType().ID() == arrow.INT32 {
			n, err := strconv.ParseInt(key, 10, 32)
			ok = ok && err == nil
			key = strconv.FormatInt(n, 10)
		} else if of.KeyType().ID() == arrow.BOOL {
			ok = ok && (key == "true" || key == "false")
		}
		one, fits := modelOf(item, of.ItemType(), of.ItemField().Nullable)
		out[key], ok = one, ok && fits
	}
	return out, ok
}

func modelFlat(v any, of arrow.DataType) (any, bool) {
	number, isNumber := v.(json.Number)
	text, isText := v.(string)
	switch of := of.(type) {
	case *arrow.StringType, *arrow.DictionaryType:
		return text, isText
	case *arrow.BooleanType:
		_, ok := v.(bool)
		return v, ok
	case *arrow.BinaryType:
		raw, err := base64.StdEncoding.Strict().DecodeString(text)
		return base64.StdEncoding.EncodeToString(raw), isText && err == nil && !strings.ContainsAny(text, "\r\n")
	case *arrow.Float64Type, *arrow.Float32Type:
		size := of.(arrow.FixedWidthDataType).BitWidth()
		if isText {
			number = json.Number(text)
		}
		f, err := strconv.ParseFloat(string(number), size)
		return modelFloat(f), (isNumber || isText) && err == nil && (isText || !math.IsInf(f, 0) && !math.IsNaN(f))
	case *arrow.Decimal128Type:
		return modelDecimal(v, of)
	case *arrow.Date32Type:
		if at, err := time.Parse("2006-01-02", text); isText && err == nil {
			return floorDiv(at.Unix(), daySeconds), true
		}
		at, err := time.Parse("2006-01-02T15:04:05.999999999Z", text)
		if isText {
			return floorDiv(at.Unix(), daySeconds), err == nil
		}
	case *arrow.Time32Type:
		if isText {
			at, err := time.Parse("15:04:05.999999999", text)
			return int64(at.Hour()*3600+at.Minute()*60+at.Second())*1000 + int64(at.Nanosecond())/1e6, err == nil
		}
	case *arrow.TimestampType:
		if isText {
			at, err := time.Parse("2006-01-02T15:04:05.999999999Z", text)
			if of.Unit == arrow.Millisecond {
				return at.UnixMilli(), err == nil
			}
			lowest, highest := time.Unix(0, math.MinInt64), time.Unix(0, math.MaxInt64)
			return at.UnixNano(), err == nil && !at.Before(lowest) && !at.After(highest)
		}
	}
	return modelInteger(number, text, isNumber, isText, of)
}

func modelDecimal(v any, of *arrow.Decimal128Type) (any, bool) {
	number, ok := v.(json.Number)
	if text, isText := v.(string); isText {
		number, ok = json.Number(text), true
	}
	exact, isNumber := new(big.Rat).SetString(string(number))
	if !ok || !isNumber || strings.ContainsAny(string(number), "/_xXpPoObB") {
		return nil, false
	}
	power := new(big.Int).Exp(big.NewInt(10), big.NewInt(int64(of.Scale)), nil)
	exact.Mul(exact, new(big.Rat).SetInt(power))
	n := new(big.Int).Quo(exact.Num(), exact.Denom())
	digits := fmt.Sprintf("%0*d", of.Scale+1, new(big.Int).Abs(n))
	if of.Scale > 0 {
		digits = digits[:len(digits)-int(of.Scale)] + "." + digits[len(digits)-int(of.Scale):]
	}
	if n.Sign() < 0 {
		digits = "-" + digits
	}
	return digits, new(big.Int).Abs(n).Cmp(new(big.Int).Exp(big.NewInt(10), big.NewInt(int64(of.Precision)), nil)) < 0
}

func modelInteger(number json.Number, text string, isNumber, isText bool, of arrow.DataType) (any, bool) {
	exact, ok := new(big.Rat).SetString(string(number))
	if isText {
		_, err := strconv.ParseUint(strings.TrimPrefix(text, "-"), 10, 64)
		exact, ok = new(big.Rat).SetString(text)
		ok = ok && err == nil
	}
	if !ok || !isNumber && !isText {
		return nil, false
	}
	n := new(big.Int).Quo(exact.Num(), exact.Denom())
	f := new(field)
	f.init(arrow.Field{Type: of}, nil)
	if f.kind == kindUbigint {
		return n.Uint64(), n.IsUint64()
	}
	return n.Int64(), n.IsInt64() && n.Int64() >= f.low && n.Int64() <= f.high
}

// sameValue compares what cell has with a model.
func sameValue(got, want any) bool {
	switch want := want.(type) {
	case modelJSON:
		text, ok := got.(string)
		return ok && reflect.DeepEqual(readJSON([]byte(text)), want.v)
	case []any:
		items, ok := got.([]any)
		ok = ok && len(items) == len(want)
		for i := range want {
			ok = ok && sameValue(items[i], want[i])
		}
		return ok
	case map[string]any:
		members, ok := got.(map[string]any)
		ok = ok && len(members) == len(want)
		for key := range want {
			ok = ok && sameValue(members[key], want[key])
		}
		return ok
	}
	return reflect.DeepEqual(got, want)
}

// readJSON is a document as encoding/json reads it.
func readJSON(text []byte) (v any) {
	r := json.NewDecoder(bytes.NewReader(text))
	r.UseNumber()
	if err := r.Decode(&v); err != nil {
		return err
	}
	return v
}

// TestAnySchemaAgreesWithEncodingJSON draws tables and documents for them: what decodes has the values that encoding/json
// reads, and what does not is what the table cannot hold. Columns that are pruned change nothing about it.
func TestAnySchemaAgreesWithEncodingJSON(t *testing.T) {
	mem := memory.NewCheckedAllocator(memory.DefaultAllocator)
	defer mem.AssertSize(t, 0)
	rapid.Check(t, func(t *rapid.T) {
		var columns []string
		for i := range rapid.IntRange(1, 4).Draw(t, "columns") {
			null := rapid.SampledFrom([]string{"", " NOT NULL"}).Draw(t, "null")
			columns = append(columns, fmt.Sprintf("column%d ", i)+drawType(t, 3)+null)
		}
		fields, schema := table(strings.Join(columns, ", "))
		d, pruned := newDecoder(Config{}, fields), newDecoder(Config{}, prune(fields))
		b, nothing := batch.NewBuilder(schema, mem), batch.NewBuilder(arrow.NewSchema(nil, nil), mem)
		defer b.Release()
		var want []any
		for range 4 {
			frame := []byte(drawObject(t, schema.Fields()))
			members, ok := readJSON(frame).(map[string]any)
			model, fits := modelObject(members, schema.Fields(), ok)
			err := d.Decode(frame, b)
			if (err == nil) != fits {
				t.Fatalf("%s\n%s: fits is %v, got %v", columns, frame, fits, err)
			}
			if again := pruned.Decode(frame, nothing); fmt.Sprint(again) != fmt.Sprint(err) {
				t.Fatalf("%s\n%s: %v, pruned %v", columns, frame, err, again)
			}
			if err == nil {
				b.EndRow()
				want = append(want, model)
			}
		}
		record := b.NewRecord()
		defer record.Release()
		for row, want := range want {
			for i, f := range fields {
				if got, want := cell(record.Column(i), row), want.(map[string]any)[f.Name]; !sameValue(got, want) {
					t.Fatalf("%s: row %d, %s is %v, want %v", columns, row, f.Name, got, want)
				}
			}
		}
	})
}

// prune makes fields that are checked and not stored.
func prune(fields []format.Field) []format.Field {
	out := slices.Clone(fields)
	for i := range out {
		out[i].Column = -1
	}
	return out
}
