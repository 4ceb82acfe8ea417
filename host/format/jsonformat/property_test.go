package jsonformat

import (
	"bytes"
	"encoding/json"
	"fmt"
	"math"
	"math/big"
	"strconv"
	"testing"
	"time"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/array"
	"github.com/apache/arrow-go/v18/arrow/memory"
	"pgregory.net/rapid"

	"github.com/weir-stream/weir/host/batch"
	"github.com/weir-stream/weir/host/format"
)

// anyJSON draws a JSON value of at most so many levels, as encoding/json writes it.
func anyJSON(depth int) *rapid.Generator[any] {
	scalars := []*rapid.Generator[any]{
		rapid.Just[any](nil), rapid.Bool().AsAny(), rapid.String().AsAny(), rapid.Int64().AsAny(), rapid.Int32().AsAny(),
		rapid.Float64().AsAny(), rapid.Float64Range(-1000, 1000).AsAny(),
		rapid.Custom(func(t *rapid.T) any { return strconv.FormatInt(rapid.Int64().Draw(t, "digits"), 10) }),
		rapid.Custom(func(t *rapid.T) any {
			return time.Unix(rapid.Int64Range(-1e10, 1e10).Draw(t, "sec"), rapid.Int64Range(0, 1e9-1).Draw(t, "nano")).UTC().Format(time.RFC3339Nano)
		}),
	}
	if depth == 0 {
		return rapid.OneOf(scalars...)
	}
	return rapid.OneOf(append(scalars, rapid.SliceOfN(anyJSON(depth-1), 0, 3).AsAny(),
		rapid.MapOfN(rapid.String(), anyJSON(depth-1), 0, 3).AsAny())...)
}

// TestValuesAreThoseOfEncodingJSON decodes objects of any values and compares each column with what encoding/json reads.
func TestValuesAreThoseOfEncodingJSON(t *testing.T) {
	fields, schema := table("a BIGINT, b INT, c DOUBLE, d TEXT, e BOOLEAN, f TIMESTAMP(9)")
	mem := memory.NewCheckedAllocator(memory.DefaultAllocator)
	defer mem.AssertSize(t, 0)
	d, err := New(Config{}).NewDecoder(fields)
	if err != nil {
		t.Fatal(err)
	}
	b := batch.NewBuilder(schema, mem)
	rapid.Check(t, func(t *rapid.T) {
		object := map[string]any{}
		for _, key := range append(rapid.SliceOfN(rapid.String(), 0, 2).Draw(t, "more keys"), "a", "b", "c", "d", "e", "f") {
			if rapid.IntRange(0, 9).Draw(t, "present") > 0 {
				object[key] = anyJSON(2).Draw(t, key)
			}
		}
		var frame []byte
		var err error
		if rapid.Bool().Draw(t, "indented") {
			frame, err = json.MarshalIndent(object, "", " ")
		} else {
			frame, err = json.Marshal(object)
		}
		if err != nil {
			t.Fatal(err)
		}
		var read map[string]any
		reader := json.NewDecoder(bytes.NewReader(frame))
		reader.UseNumber()
		if err := reader.Decode(&read); err != nil {
			t.Fatal(err)
		}
		fits := true
		for i, f := range fields {
			want, ok := model(read[f.Name], i)
			fits = fits && ok
			read[f.Name] = want
		}
		err = d.Decode(frame, b)
		if (err == nil) != fits {
			t.Fatalf("%s: fits is %v, got %v", frame, fits, err)
		}
		if err != nil {
			return
		}
		b.EndRow()
		record := b.NewRecord()
		defer record.Release()
		for i, f := range fields {
			if got := cell(record.Column(i), 0); got != read[f.Name] {
				t.Fatalf("%s: %s is %v, want %v", frame, f.Name, got, read[f.Name])
			}
		}
	})
	b.Release()
}

// model is what a value becomes in column i of TestValuesAreThoseOfEncodingJSON; false if it is bad.
func model(v any, i int) (any, bool) {
	number, isNumber := v.(json.Number)
	text, isText := v.(string)
	switch {
	case v == nil:
		return nil, true
	case i == 3:
		return v, isText
	case i == 4:
		_, ok := v.(bool)
		return v, ok
	case i == 2:
		if isText {
			number = json.Number(text)
		}
		f, err := strconv.ParseFloat(string(number), 64)
		return modelFloat(f), (isNumber || isText) && err == nil && (isText || !math.IsInf(f, 0) && !math.IsNaN(f))
	case i == 5 && isText:
		at, err := time.Parse("2006-01-02T15:04:05.999999999Z", text)
		lowest, highest := time.Unix(0, math.MinInt64), time.Unix(0, math.MaxInt64)
		return at.UnixNano(), err == nil && !at.Before(lowest) && !at.After(highest)
	case isText:
		n, err := strconv.ParseInt(text, 10, 64)
		return n, err == nil && (i != 1 || n == int64(int32(n)))
	case isNumber:
		exact, ok := new(big.Rat).SetString(string(number))
		if !ok {
			return nil, false
		}
		n := new(big.Int).Quo(exact.Num(), exact.Denom())
		return n.Int64(), n.IsInt64() && (i != 1 || n.Int64() == int64(int32(n.Int64())))
	}
	return nil, false
}

// TestIntegersAreExact compares with arithmetic of unbounded precision, for tokens of any form.
func TestIntegersAreExact(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		token := rapid.StringMatching(`-?[0-9]{0,21}(\.[0-9]{0,21})?([eE][+-]?[0-9]{1,2})?`).Draw(t, "token")
		negative, magnitude, result := parseInt([]byte(token), 0)
		got := int64(0)
		if result == good {
			got, result = toInt64(negative, magnitude)
		}
		exact, ok := new(big.Rat).SetString(token)
		if !ok || token == "" {
			if result != badSyntax {
				t.Fatalf("%q: %d, %v", token, got, result)
			}
			return
		}
		n := new(big.Int).Quo(exact.Num(), exact.Denom())
		if n.IsInt64() != (result == good) || result == good && n.Int64() != got {
			t.Fatalf("%q: %d (%v), want %v", token, got, result, n)
		}
		for _, behind := range []string{",", "}", " ", "\n"} {
			padded := []byte(":" + token + behind + "         ")
			v, end := plainInt(padded, 1)
			if end != 0 && (end != 1+len(token) || v != got || result != good) {
				t.Fatalf("%q: plainInt says %d up to %d, want %d", padded, v, end, got)
			}
			if whole := result == good && exact.IsInt() && len(token) <= 19 && token == n.String(); whole && end == 0 {
				t.Fatalf("%q: plainInt gives up", padded)
			}
		}
	})
}

func TestDoublesAreThoseOfStrconv(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		token := rapid.OneOf(
			rapid.StringMatching(`-?(0|[1-9][0-9]{0,20})(\.[0-9]{1,20})?([eE][+-]?[0-9]{1,3})?`),
			rapid.Custom(func(t *rapid.T) string { return strconv.FormatFloat(rapid.Float64().Draw(t, "f"), 'g', -1, 64) }),
		).Draw(t, "token")
		want, err := strconv.ParseFloat(token, 64)
		got, result := parseDouble([]byte(token), Strict)
		if (err == nil) != (result == good) || err == nil && math.Float64bits(got) != math.Float64bits(want) {
			t.Fatalf("%s: %v (%v), want %v", token, got, result, want)
		}
		v, end := plainDouble([]byte(":"+token+","), 1)
		if end != 0 && (end != 1+len(token) || math.Float64bits(v) != math.Float64bits(want)) {
			t.Fatalf("%s: plainDouble says %v up to %d, want %v", token, v, end, want)
		}
	})
}

// TestTimesAreThoseOfPackageTime compares dates and times of the years 0 to 9999, in every unit, both ways.
func TestTimesAreThoseOfPackageTime(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		sec := rapid.Int64Range(firstDay*86400, lastDay*86400+86399).Draw(t, "sec")
		nano := rapid.Int64Range(0, 1e9-1).Draw(t, "nano")
		at := time.Unix(sec, nano).UTC()
		for _, zone := range []int{0, 5*3600 + 1800, -11 * 3600} {
			local := at.In(time.FixedZone("", zone))
			if local.Year() < 0 || local.Year() > 9999 {
				continue
			}
			gotSec, gotNano, ok := parseTime([]byte(local.Format("2006-01-02T15:04:05.999999999Z07:00")), true)
			if !ok || gotSec != sec || int64(gotNano) != nano {
				t.Fatalf("%v is %d.%09d (%v), want %d.%09d", local, gotSec, gotNano, ok, sec, nano)
			}
		}
		quoted := []byte(at.Format(`"2006-01-02T15:04:05.999999999Z"`) + ",")
		gotSec, gotNano, end := new(lastDate).plainTime(quoted, 0)
		if end != len(quoted)-1 || gotSec != sec || int64(gotNano) != nano {
			t.Fatalf("%s is %d.%09d up to %d", quoted, gotSec, gotNano, end)
		}
		for _, layout := range []struct {
			second int64
			text   string
		}{{1, "2006-01-02T15:04:05"}, {1e3, "2006-01-02T15:04:05.000"}, {1e6, "2006-01-02T15:04:05.000000"}, {1e9, "2006-01-02T15:04:05.000000000"}} {
			part := at.Truncate(time.Duration(1e9 / layout.second))
			if layout.second == 1e9 && (sec < -9223372036 || sec > 9223372035) {
				continue
			}
			v := part.Unix()*layout.second + int64(part.Nanosecond())/(1e9/layout.second)
			column, room := column{second: layout.second, day: noDay}, make([]byte, valueRoom)
			end, ok := column.putTime(room, 0, v)
			got := room[:end]
			want := part.Format(layout.text)
			for _, zeros := range []string{".000000000", ".000000", ".000"} {
				want = string(bytes.TrimSuffix([]byte(want), []byte(zeros)))
			}
			want = trimGroups(want)
			if !ok || string(got) != `"`+want+`"` {
				t.Fatalf("%d of %d a second is %s, want %s", v, layout.second, got, want)
			}
		}
	})
}

// trimGroups drops groups of three zeros from the end of a fraction.
func trimGroups(s string) string {
	for len(s) > len("2006-01-02T15:04:05.000") && s[len(s)-3:] == "000" {
		s = s[:len(s)-3]
	}
	return s
}

// drawRecord draws a batch of all types, with values from all over their ranges.
func drawRecord(t *rapid.T, schema *arrow.Schema, mem memory.Allocator) arrow.RecordBatch {
	b := batch.NewBuilder(schema, mem)
	defer b.Release()
	for range rapid.IntRange(1, 5).Draw(t, "rows") {
		for i, f := range schema.Fields() {
			c := b.Column(i)
			if f.Nullable && rapid.Bool().Draw(t, "null") {
				c.AppendNull()
				continue
			}
			switch c.Kind() {
			case batch.KindInt64:
				low, high := int64(math.MinInt64), int64(math.MaxInt64)
				if ts, ok := f.Type.(*arrow.TimestampType); ok && ts.Unit != arrow.Nanosecond {
					second := unitsPerSecond[ts.Unit]
					low, high = firstDay*86400*second, (lastDay+1)*86400*second-1
				}
				c.AppendInt64(rapid.Int64Range(low, high).Draw(t, f.Name))
			case batch.KindInt32:
				c.AppendInt32(rapid.Int32().Draw(t, f.Name))
			case batch.KindFloat64:
				c.AppendFloat64(rapid.Float64().Draw(t, f.Name))
			case batch.KindBool:
				c.AppendBool(rapid.Bool().Draw(t, f.Name))
			case batch.KindText:
				if err := c.AppendString(rapid.String().Draw(t, f.Name)); err != nil {
					t.Fatal(err)
				}
			}
		}
		b.EndRow()
	}
	return b.NewRecord()
}

// TestRowsComeBack encodes any rows and decodes them again, leniently and strictly; encoding/json must accept them too.
func TestRowsComeBack(t *testing.T) {
	fields := allTypes()
	schema := suiteSchema(fields)
	mem := memory.NewCheckedAllocator(memory.DefaultAllocator)
	defer mem.AssertSize(t, 0)
	rapid.Check(t, func(t *rapid.T) {
		want := drawRecord(t, schema, mem)
		defer want.Release()
		for _, strict := range []bool{false, true} {
			f := New(Config{Strictness: strictIf(strict)})
			e, err := f.NewEncoder(fields)
			if err != nil {
				t.Fatal(err)
			}
			if err := e.Bind(want.Columns()); err != nil {
				t.Fatal(err)
			}
			d, err := f.NewDecoder(fields)
			if err != nil {
				t.Fatal(err)
			}
			b := batch.NewBuilder(schema, mem)
			for row := range int(want.NumRows()) {
				message, err := e.Append(nil, row)
				if err != nil {
					t.Fatal(err)
				}
				if !json.Valid(message) {
					t.Fatalf("not JSON: %s", message)
				}
				if err := d.Decode(message, b); err != nil {
					t.Fatalf("%s: %v", message, err)
				}
				b.EndRow()
			}
			got := b.NewRecord()
			if !array.RecordEqual(got, want) {
				t.Fatalf("got\n%v\nwant\n%v", got, want)
			}
			got.Release()
			b.Release()
		}
	})
}

func suiteSchema(fields []format.Field) *arrow.Schema {
	var columns []arrow.Field
	for _, f := range fields {
		columns = append(columns, arrow.Field{Name: f.Name, Type: f.Type, Nullable: f.Nullable})
	}
	return arrow.NewSchema(columns, nil)
}

// FuzzDecode: any bytes are a row or a DataError; a good record decodes as ever afterwards; strict mode accepts no more
// than lenient mode and encoding/json do; what encoding/json accepts as an object lenient mode takes for syntactically
// right.
func FuzzDecode(f *testing.F) {
	for _, s := range []string{``, `{}`, `{` + required + `}`, `{"x":{"a":[1,2,{"b":null}]},"text":"\ud83d\ude00",,}`,
		`{"bigint":-12345678901234567890e-3,"double":1.e5,"t9":"2013-01-01 10:00:00 +05"}`, "{\"text\":\"\xff\"}", `{"a":[}`} {
		f.Add([]byte(s))
	}
	fields := allTypes()
	for i := range fields {
		fields[i].Nullable = true
	}
	schema := suiteSchema(fields)
	good := []byte(`{` + required + `}`)
	f.Fuzz(func(t *testing.T, frame []byte) {
		mem := memory.NewCheckedAllocator(memory.DefaultAllocator)
		defer mem.AssertSize(t, 0)
		accepted := map[bool]bool{}
		for _, strict := range []bool{false, true} {
			d := newDecoder(Config{Strictness: strictIf(strict)}, fields)
			b := batch.NewBuilder(schema, mem)
			for i, bytes := range [][]byte{good, frame, good} {
				err := d.Decode(bytes, b)
				if err == nil {
					b.EndRow()
				} else if _, bad := err.(*format.DataError); !bad || i != 1 {
					t.Errorf("frame %d of the good one, %q and the good one: %v", i, frame, err)
				}
			}
			accepted[strict] = b.Rows() == 3
			record := b.NewRecord()
			first, last := record.NewSlice(0, 1), record.NewSlice(record.NumRows()-1, record.NumRows())
			if !array.RecordEqual(first, last) {
				t.Fatalf("%q changes the record after it", frame)
			}
			first.Release()
			last.Release()
			record.Release()
			b.Release()
		}
		if accepted[true] && (!accepted[false] || !json.Valid(frame)) {
			t.Fatalf("strict mode accepts %q, lenient mode: %v, encoding/json: %v", frame, accepted[false], json.Valid(frame))
		}
		var object map[string]any
		if json.Unmarshal(frame, &object) == nil && object != nil {
			d := newDecoder(Config{}, nil)
			b := batch.NewBuilder(arrow.NewSchema(nil, nil), mem)
			// encoding/json replaces what is not UTF-8, and unpaired surrogates, and allows more levels.
			if err, ok := d.Decode(frame, b).(*format.DataError); ok && err.Code != "json.utf8" && err.Code != "json.depth" &&
				!bytes.Contains([]byte(err.Message), []byte("surrogate")) {
				t.Fatalf("%q: %v", frame, err)
			}
		}
	})
}

func ExampleConfig_strict() {
	fields := []format.Field{{Name: "n", Type: arrow.PrimitiveTypes.Int64, Nullable: true}}
	for _, strict := range []bool{false, true} {
		b := batch.NewBuilder(arrow.NewSchema([]arrow.Field{{Name: "n", Type: arrow.PrimitiveTypes.Int64, Nullable: true}}, nil), memory.DefaultAllocator)
		d, err := New(Config{Strictness: strictIf(strict)}).NewDecoder(fields)
		if err != nil {
			fmt.Println(err)
			return
		}
		fmt.Println(d.Decode([]byte(`{"n":"42",}`), b))
		b.Release()
	}
	// Output:
	// <nil>
	// json.syntax: a comma is missing or one too many before here at byte 10
}
