package types_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/array"
	"github.com/apache/arrow-go/v18/arrow/memory"

	"github.com/weir-stream/weir/host/types"
)

// must is for types that are right.
func must(t arrow.DataType, err error) arrow.DataType {
	if err != nil {
		panic(err)
	}
	return t
}

var (
	text   = arrow.BinaryTypes.String
	bigint = arrow.PrimitiveTypes.Int64
)

// table is every type with its spelling, and what holds others in all ways.
var table = []struct {
	dt   arrow.DataType
	name string
	read string // other spellings of ByName, with commas
}{
	{arrow.FixedWidthTypes.Boolean, "BOOLEAN", "BOOL"},
	{arrow.PrimitiveTypes.Int8, "TINYINT", ""},
	{arrow.PrimitiveTypes.Int16, "SMALLINT", "INT2"},
	{arrow.PrimitiveTypes.Int32, "INT", "INTEGER,INT4"},
	{bigint, "BIGINT", "INT8"},
	{arrow.PrimitiveTypes.Uint8, "TINYINT UNSIGNED", ""},
	{arrow.PrimitiveTypes.Uint16, "SMALLINT UNSIGNED", "INT2 UNSIGNED"},
	{arrow.PrimitiveTypes.Uint32, "INT UNSIGNED", "INTEGER UNSIGNED,INT4 UNSIGNED"},
	{arrow.PrimitiveTypes.Uint64, "BIGINT UNSIGNED", "INT8 UNSIGNED"},
	{arrow.PrimitiveTypes.Float32, "FLOAT", "REAL,FLOAT4"},
	{arrow.PrimitiveTypes.Float64, "DOUBLE", "DOUBLE PRECISION,FLOAT8"},
	{must(types.Decimal(38, 10)), "DECIMAL(38, 10)", "DECIMAL,NUMERIC"},
	{must(types.Decimal(1, 0)), "DECIMAL(1, 0)", ""},
	{must(types.Decimal(5, 5)), "DECIMAL(5, 5)", ""},
	{text, "TEXT", "VARCHAR,STRING"},
	{arrow.BinaryTypes.Binary, "BYTEA", "BYTES,BINARY,VARBINARY"},
	{arrow.FixedWidthTypes.Date32, "DATE", ""},
	{arrow.FixedWidthTypes.Time32s, "TIME(0)", ""},
	{arrow.FixedWidthTypes.Time32ms, "TIME(3)", ""},
	{arrow.FixedWidthTypes.Time64us, "TIME(6)", ""},
	{arrow.FixedWidthTypes.Time64ns, "TIME", ""},
	{&arrow.TimestampType{Unit: arrow.Second}, "TIMESTAMP(0)", ""},
	{&arrow.TimestampType{Unit: arrow.Millisecond}, "TIMESTAMP(3)", ""},
	{&arrow.TimestampType{Unit: arrow.Microsecond}, "TIMESTAMP(6)", ""},
	{&arrow.TimestampType{Unit: arrow.Nanosecond}, "TIMESTAMP", ""},
	{arrow.FixedWidthTypes.Timestamp_s, "TIMESTAMP(0) WITH TIME ZONE", ""},
	{arrow.FixedWidthTypes.Timestamp_ms, "TIMESTAMP(3) WITH TIME ZONE", ""},
	{arrow.FixedWidthTypes.Timestamp_us, "TIMESTAMP(6) WITH TIME ZONE", ""},
	{arrow.FixedWidthTypes.Timestamp_ns, "TIMESTAMP WITH TIME ZONE", "TIMESTAMPTZ"},
	{arrow.FixedWidthTypes.MonthDayNanoInterval, "INTERVAL", ""},
	{types.JSON(), "JSON", ""},
	{types.UUID(), "UUID", ""},
	{types.Dictionary(), "DICTIONARY<TEXT>", ""},
	{arrow.ListOf(text), "TEXT[]", ""},
	{arrow.ListOfNonNullable(text), "ARRAY<TEXT NOT NULL>", ""},
	{types.List(types.List(types.List(types.UUID(), true), false), true), "ARRAY<UUID[] NOT NULL>[]", ""},
	{types.List(arrow.FixedWidthTypes.Timestamp_ms, true), "TIMESTAMP(3) WITH TIME ZONE[]", ""},
	{types.List(arrow.PrimitiveTypes.Uint8, true), "TINYINT UNSIGNED[]", ""},
	{arrow.MapOf(text, bigint), "MAP<TEXT, BIGINT>", ""},
	{types.Map(bigint, types.JSON(), false), "MAP<BIGINT, JSON NOT NULL>", ""},
	{types.Map(arrow.FixedWidthTypes.Boolean, types.Map(arrow.PrimitiveTypes.Uint8, text, true), true),
		"MAP<BOOLEAN, MAP<TINYINT UNSIGNED, TEXT>>", ""},
	{arrow.StructOf(), "STRUCT<>", ""},
	{arrow.StructOf(field("a", bigint, false), field("b", types.List(text, true), true)), "STRUCT<a BIGINT NOT NULL, b TEXT[]>", ""},
	{arrow.StructOf(field("two words", text, true), field(`a "b"`, text, true), field("_1", text, true), field("1", text, true),
		field("é", text, true), field("", text, true)),
		`STRUCT<"two words" TEXT, "a ""b""" TEXT, _1 TEXT, "1" TEXT, "é" TEXT, "" TEXT>`, ""},
}

func field(name string, t arrow.DataType, nullable bool) arrow.Field {
	return arrow.Field{Name: name, Type: t, Nullable: nullable}
}

func TestTable(t *testing.T) {
	for _, c := range table {
		if got := types.Name(c.dt); got != c.name {
			t.Errorf("%s is spelt %s, want %s", c.dt, got, c.name)
		}
		if err := types.Check(c.dt); err != nil {
			t.Errorf("%s: %v", c.name, err)
		}
		names := strings.Split(c.read, ",")
		if !strings.ContainsAny(c.name, "([,") && !strings.ContainsAny(strings.TrimPrefix(c.name, "DICTIONARY<"), "<") {
			names = append(names, c.name)
		}
		for _, name := range names {
			if got, ok := types.ByName(name); name != "" && (!ok || !arrow.TypeEqual(got, c.dt)) {
				t.Errorf("%s is read as %v, want %v", name, got, c.dt)
			}
		}
	}
	if got, ok := types.ByName("bigint"); ok {
		t.Errorf("bigint is read as %v", got)
	}
}

func TestNoTypesOfTheTable(t *testing.T) {
	deep := arrow.DataType(text)
	for range types.MaxDepth {
		deep = types.List(deep, true)
	}
	wide := arrow.DataType(text)
	for range 20 { // each holds the one before twice
		wide = arrow.StructOf(field("a", wide, true), field("b", wide, true))
	}
	maps := arrow.DataType(text)
	for range types.MaxMaps + 1 {
		maps = types.List(types.Map(text, maps, true), true)
	}
	for _, c := range []struct {
		dt   arrow.DataType
		want string
	}{
		{nil, "no type"},
		{maps, "at most 8 MAPs nest in each other"},
		{arrow.Null, "columns of type null are not supported"},
		{arrow.PrimitiveTypes.Date64, "columns of type date64 are not supported"},
		{arrow.FixedWidthTypes.Duration_s, "columns of type duration[s] are not supported"},
		{arrow.BinaryTypes.LargeString, "columns of type large_utf8 are not supported"},
		{&arrow.FixedSizeBinaryType{ByteWidth: 16}, "columns of type fixed_size_binary[16] are not supported"},
		{arrow.FixedSizeListOf(2, text), "columns of type fixed_size_list<item: utf8, nullable>[2] are not supported"},
		{arrow.LargeListOf(text), "columns of type large_list<item: utf8, nullable> are not supported"},
		{&arrow.Decimal256Type{Precision: 40}, "columns of type decimal256(40, 0) are not supported"},
		{&arrow.Time32Type{Unit: arrow.Nanosecond}, "columns of type time32[ns] are not supported"},
		{&arrow.Time64Type{Unit: arrow.Second}, "columns of type time64[s] are not supported"},
		{&arrow.TimestampType{Unit: arrow.Second, TimeZone: "Europe/Berlin"}, `timestamps with a time zone are in UTC, not in "Europe/Berlin"`},
		{&arrow.Decimal128Type{Precision: 39, Scale: 1}, "DECIMAL has 1 to 38 digits, not 39"},
		{&arrow.Decimal128Type{Precision: 5, Scale: 6}, "DECIMAL(5, s) has 0 to 5 digits behind the point, not 6"},
		{&arrow.Decimal128Type{Precision: 5, Scale: -1}, "DECIMAL(5, s) has 0 to 5 digits behind the point, not -1"},
		{&arrow.DictionaryType{IndexType: arrow.PrimitiveTypes.Int8, ValueType: text},
			"columns of type dictionary<values=utf8, indices=int8, ordered=false> are not supported"},
		{types.List(arrow.Null, true), "columns of type null are not supported"},
		{types.Map(arrow.PrimitiveTypes.Float64, text, true), "keys of a MAP are TEXT, integers or BOOLEAN, not DOUBLE"},
		{types.Map(text, arrow.Null, true), "columns of type null are not supported"},
		{arrow.StructOf(field("a", text, true), field("a", text, true)), `two fields "a" in a STRUCT`},
		{arrow.StructOf(field("a", arrow.StructOf(field("b", arrow.Null, true)), true)), `field "a": field "b": columns of type null are not supported`},
		{deep, "types nest at most 32 deep"},
	} {
		if err := types.Check(c.dt); err == nil || err.Error() != c.want {
			t.Errorf("%v: %v, want %s", c.dt, err, c.want)
		}
		if c.dt != nil && types.Name(c.dt) == "" {
			t.Errorf("%v has no name", c.dt)
		}
	}
	if err := types.Check(wide); err == nil || !strings.HasSuffix(err.Error(), "more than 4096 fields in all") {
		t.Errorf("a type of a million fields: %v", err)
	}
	if err := types.Check(types.List(deep.(*arrow.ListType).Elem().(*arrow.ListType).Elem(), true)); err != nil {
		t.Errorf("%d deep: %v", types.MaxDepth, err)
	}
}

func TestFieldsOfATableCountTogether(t *testing.T) {
	var columns []arrow.Field
	for i := range types.MaxFields / 2 {
		columns = append(columns, field(fmt.Sprint("c", i), types.List(text, true), true))
	}
	if err := types.CheckAll(columns); err != nil {
		t.Error(err)
	}
	columns = append(columns, field("last", text, true))
	if err := types.CheckAll(columns); err == nil || err.Error() != `column "last": more than 4096 fields in all` {
		t.Errorf("%v", err)
	}
}

func TestParameters(t *testing.T) {
	for _, digits := range []int{-1, 1, 10} {
		_, err := types.Time(digits)
		if _, err2 := types.Timestamp(digits, true); err == nil || err2 == nil {
			t.Errorf("TIME(%d): %v, TIMESTAMP(%d): %v", digits, err, digits, err2)
		}
	}
	for _, digits := range []int{0, 3, 6, 9} {
		if unit, err := types.Unit(digits); err != nil || types.Digits(unit) != digits {
			t.Errorf("%d digits: %v, %v", digits, unit, err)
		}
		plain, zoned := must(types.Timestamp(digits, false)), must(types.Timestamp(digits, true))
		if types.Name(zoned) != types.Name(plain)+" WITH TIME ZONE" || types.Check(must(types.Time(digits))) != nil {
			t.Errorf("%d digits: %s, %s", digits, types.Name(plain), types.Name(zoned))
		}
	}
}

func TestExtensions(t *testing.T) {
	for _, c := range []struct {
		dt         arrow.DataType
		name       string
		json, uuid bool
	}{
		{types.JSON(), "arrow.json", true, false},
		{types.UUID(), "arrow.uuid", false, true},
		{text, "", false, false},
	} {
		if types.IsJSON(c.dt) != c.json || types.IsUUID(c.dt) != c.uuid {
			t.Errorf("%s: JSON %t, UUID %t", c.dt, types.IsJSON(c.dt), types.IsUUID(c.dt))
		}
		e, ok := c.dt.(arrow.ExtensionType)
		if !ok {
			if types.Storage(c.dt) != c.dt {
				t.Errorf("%s is stored as %s", c.dt, types.Storage(c.dt))
			}
			continue
		}
		if e.ExtensionName() != c.name || types.Storage(e) != e.StorageType() {
			t.Errorf("%s: %s, stored as %s", e, e.ExtensionName(), types.Storage(e))
		}
		if again, err := e.Deserialize(e.StorageType(), e.Serialize()); err != nil || !arrow.TypeEqual(e, again) {
			t.Errorf("%s: %v, %v", e, again, err)
		}
		if _, err := e.Deserialize(arrow.BinaryTypes.Binary, ""); err == nil {
			t.Errorf("%s stored as binary", e)
		}
		if _, err := e.Deserialize(e.StorageType(), "x"); err == nil {
			t.Errorf("%s with metadata", e)
		}
	}
}

func TestExtensionArrays(t *testing.T) {
	mem := memory.NewCheckedAllocator(memory.DefaultAllocator)
	defer mem.AssertSize(t, 0)
	id := []byte("\x00\x11\x22\x33\x44\x55\x66\x77\x88\x99\xaa\xbb\xcc\xdd\xee\xff")
	uuids := array.NewExtensionBuilder(mem, types.UUID().(arrow.ExtensionType))
	defer uuids.Release()
	uuids.StorageBuilder().(*array.FixedSizeBinaryBuilder).Append(id)
	uuids.AppendNull()
	a := uuids.NewArray().(*types.UUIDArray)
	defer a.Release()
	if string(a.Value(0)) != string(id) || a.ValueStr(0) != "00112233-4455-6677-8899-aabbccddeeff" || a.ValueStr(1) != array.NullValueStr {
		t.Errorf("%x, %s, %s", a.Value(0), a.ValueStr(0), a.ValueStr(1))
	}
	documents := array.NewExtensionBuilder(mem, types.JSON().(arrow.ExtensionType))
	defer documents.Release()
	documents.StorageBuilder().(*array.StringBuilder).Append(`{"a": 1}`)
	documents.AppendNull()
	d := documents.NewArray().(*types.JSONArray)
	defer d.Release()
	if d.Value(0) != `{"a": 1}` || d.ValueStr(0) != d.Value(0) || d.ValueStr(1) != array.NullValueStr {
		t.Errorf("%s, %s, %s", d.Value(0), d.ValueStr(0), d.ValueStr(1))
	}
}

func TestUUIDs(t *testing.T) {
	const text = "00112233-4455-6677-8899-aabbccddeeff"
	for s, good := range map[string]bool{
		text: true, strings.ToUpper(text): true, strings.ReplaceAll(text, "-", ""): true, "": false, text[1:]: false, text + "0": false,
		strings.Replace(text, "-", "0", 1): false, strings.Replace(text, "f", "g", 1): false, "-" + strings.ReplaceAll(text, "-", ""): false,
	} {
		id, ok := types.ParseUUID([]byte(s))
		if ok != good || ok && string(types.AppendUUID(nil, id[:])) != text {
			t.Errorf("%q: %x, %v", s, id, ok)
		}
	}
}
