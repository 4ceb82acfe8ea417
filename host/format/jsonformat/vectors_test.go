package jsonformat

import (
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/array"
	"github.com/apache/arrow-go/v18/arrow/memory"

	"github.com/weir-stream/weir/host/batch"
	"github.com/weir-stream/weir/host/format"
	"github.com/weir-stream/weir/host/option"
)

// vector is a case of ../testdata/vectors.json: what Arroyo does, and where that is a defect what is recommended.
type vector struct {
	ID, Area, Direction string
	Options             map[string]any
	Schema              []struct {
		Name, Type string
		Nullable   bool
	}
	Input     *string
	InputB64  *string `json:"input_b64"`
	Inputs    []string
	InputsB64 []string `json:"inputs_b64"`
	Bug       bool
	Expect    struct {
		expectation
		Recommended *expectation
	}
}

type expectation struct {
	Rows     []map[string]any
	Error    string
	GoodMask []bool `json:"good_mask"`
	Messages []string
}

// deviations are the vectors that are answered otherwise, each with its reason in ../DEVIATIONS.md.
var deviations = map[string]bool{"syn-046": true, "ser-013": true, "ser-014": true, "avro-009": true}

var vectorTypes = map[string]arrow.DataType{
	"Utf8": arrow.BinaryTypes.String, "Int64": arrow.PrimitiveTypes.Int64, "Int32": arrow.PrimitiveTypes.Int32,
	"Float64": arrow.PrimitiveTypes.Float64, "Boolean": arrow.FixedWidthTypes.Boolean,
	"Timestamp(s)": timestamp(arrow.Second), "Timestamp(ms)": timestamp(arrow.Millisecond),
	"Timestamp(us)": timestamp(arrow.Microsecond), "Timestamp(ns)": timestamp(arrow.Nanosecond),
}

func (v *vector) table() ([]format.Field, *arrow.Schema) {
	var fields []format.Field
	var columns []arrow.Field
	for i, f := range v.Schema {
		fields = append(fields, format.Field{Name: f.Name, Type: vectorTypes[f.Type], Nullable: f.Nullable, Column: i})
		columns = append(columns, arrow.Field{Name: f.Name, Type: vectorTypes[f.Type], Nullable: f.Nullable})
	}
	return fields, arrow.NewSchema(columns, nil)
}

func (v *vector) frames(t *testing.T) [][]byte {
	encoded := v.InputsB64
	if v.InputB64 != nil {
		encoded = append(encoded, *v.InputB64)
	}
	plain := v.Inputs
	if v.Input != nil {
		plain = append(plain, *v.Input)
	}
	out := frames(plain...)
	for _, s := range encoded {
		b, err := base64.StdEncoding.DecodeString(s)
		if err != nil {
			t.Fatal(err)
		}
		out = append(out, b)
	}
	return out
}

func TestVectors(t *testing.T) {
	raw, err := os.ReadFile("../testdata/vectors.json")
	if err != nil {
		t.Fatal(err)
	}
	var vectors []*vector
	d := json.NewDecoder(strings.NewReader(string(raw)))
	d.UseNumber()
	if err := d.Decode(&vectors); err != nil {
		t.Fatal(err)
	}
	why, err := os.ReadFile("../DEVIATIONS.md")
	if err != nil {
		t.Fatal(err)
	}
	passed, deviating := 0, 0
	for _, v := range vectors {
		if v.Area == "framing" {
			continue // those are host/framing's
		}
		bag := option.New(option.Pos{})
		for key, value := range v.Options {
			if err := bag.Set(key, option.Pos{}, option.Value{Text: fmt.Sprint(value), Quoted: true}); err != nil {
				t.Fatal(err)
			}
		}
		format.PolicyOption(bag)
		config := FromOptions(bag)
		if deviations[v.ID] {
			deviating++
			if !strings.Contains(string(why), v.ID) {
				t.Errorf("%s deviates without a reason", v.ID)
			}
			continue
		}
		passed++
		if err := bag.Done(); err != nil {
			t.Errorf("%s: %v", v.ID, err)
		} else if v.Direction == "encode" {
			v.encode(t, config)
		} else {
			v.decode(t, config)
		}
	}
	if passed != 36 || deviating != len(deviations) {
		t.Errorf("%d vectors passed through, %d deviate; 36 and %d are known", passed, deviating, len(deviations))
	}
}

func (v *vector) decode(t *testing.T, c Config) {
	mem := memory.NewCheckedAllocator(memory.DefaultAllocator)
	defer mem.AssertSize(t, 0)
	fields, schema := v.table()
	d, err := New(c).NewDecoder(fields)
	if err != nil {
		t.Fatal(err)
	}
	b := batch.NewBuilder(schema, mem)
	defer b.Release()
	var mask []bool
	for _, frame := range v.frames(t) {
		err := d.Decode(frame, b)
		var bad *format.DataError
		if err != nil && !errors.As(err, &bad) {
			t.Fatal(err)
		}
		if err == nil {
			b.EndRow()
		}
		mask = append(mask, err == nil)
	}
	record := b.NewRecord()
	defer record.Release()
	want := v.Expect.expectation
	if v.Bug {
		want = *v.Expect.Recommended
	}
	if want.Error != "" { // of the frames at least one is bad; in Arroyo's fail mode the others go with it
		if !strings.Contains(fmt.Sprint(mask), "false") {
			t.Errorf("%s: decoded, want an error", v.ID)
		}
		return
	}
	if want.GoodMask != nil && fmt.Sprint(mask) != fmt.Sprint(want.GoodMask) {
		t.Errorf("%s: frames good %v, want %v", v.ID, mask, want.GoodMask)
	}
	if int(record.NumRows()) != len(want.Rows) {
		t.Errorf("%s: %d rows, want %d", v.ID, record.NumRows(), len(want.Rows))
		return
	}
	for i, row := range want.Rows {
		for j, f := range fields {
			if got, want := cell(record.Column(j), i), expected(row[f.Name], f.Type); got != want {
				t.Errorf("%s: row %d, %s: %v, want %v", v.ID, i, f.Name, got, want)
			}
		}
	}
}

// cell is a value as encoding/json would give it.
func cell(a arrow.Array, row int) any {
	if a.IsNull(row) {
		return nil
	}
	switch a := a.(type) {
	case *array.String:
		return a.Value(row)
	case *array.Boolean:
		return a.Value(row)
	case *array.Float64:
		return a.Value(row)
	case *array.Int32:
		return int64(a.Value(row))
	case *array.Timestamp:
		return int64(a.Value(row))
	}
	return a.(*array.Int64).Value(row)
}

// expected is a vector's value as cell gives it.
func expected(v any, t arrow.DataType) any {
	if text, ok := v.(string); ok && t.ID() == arrow.TIMESTAMP {
		at, err := time.Parse("2006-01-02T15:04:05", text)
		if err != nil {
			return err
		}
		return at.UnixNano() / int64(t.(*arrow.TimestampType).Unit.Multiplier())
	}
	number, ok := v.(json.Number)
	if !ok {
		return v
	}
	if t.ID() == arrow.FLOAT64 {
		f, _ := number.Float64()
		return f
	}
	i, _ := number.Int64()
	return i
}

func (v *vector) encode(t *testing.T, c Config) {
	mem := memory.NewCheckedAllocator(memory.DefaultAllocator)
	defer mem.AssertSize(t, 0)
	fields, schema := v.table()
	var rows []map[string]any
	if err := json.Unmarshal([]byte(*v.Input), &rows); err != nil {
		t.Fatal(err)
	}
	b := batch.NewBuilder(schema, mem)
	for _, row := range rows {
		for i, f := range v.Schema {
			appendCell(t, b.Column(i), row[f.Name])
		}
		b.EndRow()
	}
	record := b.NewRecord()
	defer record.Release()
	e, err := New(c).NewEncoder(fields)
	if err != nil {
		t.Fatal(err)
	}
	if err := e.Bind(record.Columns()); err != nil {
		t.Fatal(err)
	}
	for i, want := range v.Expect.Messages {
		if got, err := e.Append(nil, i); err != nil || string(got) != want {
			t.Errorf("%s: row %d is %s (%v), want %s", v.ID, i, got, err, want)
		}
	}
}

// appendCell appends a value of a vector's input.
func appendCell(t *testing.T, c *batch.Column, v any) {
	switch {
	case v == "NaN":
		c.AppendFloat64(math.NaN())
	case v == "Infinity":
		c.AppendFloat64(math.Inf(1))
	case c.Type().ID() == arrow.TIMESTAMP:
		at, err := time.Parse(time.RFC3339Nano, v.(string))
		if err != nil {
			t.Fatal(err)
		}
		c.AppendInt64(at.UnixNano())
	case c.Kind() == batch.KindInt32:
		c.AppendInt32(int32(v.(float64)))
	default:
		if err := c.AppendString(v.(string)); err != nil {
			t.Fatal(err)
		}
	}
}
