package batch

import (
	"encoding/binary"
	"errors"
	"fmt"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/array"
	"github.com/apache/arrow-go/v18/arrow/decimal128"
	"github.com/apache/arrow-go/v18/arrow/memory"
	"pgregory.net/rapid"

	"github.com/weir-stream/weir/host/types"
)

// flatTypes are all types that hold no others, each once with the parameters that lay it out differently.
func flatTypes() []arrow.DataType {
	var all []arrow.DataType
	for _, name := range []string{"BOOLEAN", "TINYINT", "SMALLINT", "INT", "BIGINT", "TINYINT UNSIGNED", "SMALLINT UNSIGNED", "INT UNSIGNED",
		"BIGINT UNSIGNED", "FLOAT", "DOUBLE", "DECIMAL", "TEXT", "BYTEA", "DATE", "TIME", "TIMESTAMP", "TIMESTAMPTZ", "INTERVAL", "JSON", "UUID",
		"DICTIONARY<TEXT>"} {
		t, ok := types.ByName(name)
		if !ok {
			panic(name)
		}
		all = append(all, t)
	}
	return append(all, arrow.FixedWidthTypes.Time32ms)
}

// anyType draws a type that holds others at most depth deep.
func anyType(depth int) *rapid.Generator[arrow.DataType] {
	flat := rapid.SampledFrom(flatTypes())
	if depth == 0 {
		return flat
	}
	key := rapid.SampledFrom([]arrow.DataType{
		arrow.BinaryTypes.String, arrow.PrimitiveTypes.Int64, arrow.PrimitiveTypes.Uint8, arrow.FixedWidthTypes.Boolean,
	})
	return rapid.Custom(func(t *rapid.T) arrow.DataType {
		inner := anyType(depth - 1)
		switch rapid.IntRange(0, 5).Draw(t, "shape") {
		case 0, 1:
			return types.List(inner.Draw(t, "item"), rapid.Bool().Draw(t, "nullable"))
		case 2:
			return types.Map(key.Draw(t, "key"), inner.Draw(t, "value"), rapid.Bool().Draw(t, "nullable"))
		case 3, 4:
			return arrow.StructOf(anyFields(t, inner, 0)...)
		}
		return flat.Draw(t, "type")
	})
}

func anyFields(t *rapid.T, of *rapid.Generator[arrow.DataType], least int) []arrow.Field {
	fields := make([]arrow.Field, rapid.IntRange(least, 4).Draw(t, "fields"))
	for i := range fields {
		fields[i] = arrow.Field{Name: fmt.Sprint("f", i), Type: of.Draw(t, "type"), Nullable: rapid.Bool().Draw(t, "nullable")}
	}
	return fields
}

func anySchema(t *rapid.T) *arrow.Schema { return arrow.NewSchema(anyFields(t, anyType(3), 1), nil) }

// Values of the kinds that hold others; the others are Go's own, every integer an int64, every text a string.
type (
	list   []any
	record []any
	pair   struct{ key, value any }
	dict   []pair
)

// anyValue draws a value of a field's type.
func anyValue(t *rapid.T, f arrow.Field) any {
	if f.Nullable && rapid.IntRange(0, 5).Draw(t, "null") == 0 {
		return nil
	}
	items := func(draw func()) {
		for range rapid.IntRange(0, 4).Draw(t, "items") {
			draw()
		}
	}
	switch typ := types.Storage(f.Type).(type) {
	case *arrow.ListType:
		v := list{}
		items(func() { v = append(v, anyValue(t, typ.ElemField())) })
		return v
	case *arrow.MapType:
		v := dict{}
		items(func() { v = append(v, pair{anyValue(t, typ.KeyField()), anyValue(t, typ.ItemField())}) })
		return v
	case *arrow.StructType:
		v := record{}
		for _, inner := range typ.Fields() {
			v = append(v, anyValue(t, inner))
		}
		return v
	}
	return anyFlat(t, kindOf(f.Type))
}

func anyFlat(t *rapid.T, kind Kind) any {
	switch kind {
	case KindInt64:
		return rapid.Int64().Draw(t, "v")
	case KindInt32:
		return int64(rapid.Int32().Draw(t, "v"))
	case KindInt16:
		return int64(rapid.Int16().Draw(t, "v"))
	case KindInt8:
		return int64(rapid.Int8().Draw(t, "v"))
	case KindFloat64:
		return rapid.Float64().Draw(t, "v")
	case KindFloat32:
		return rapid.Float32().Draw(t, "v")
	case KindBool:
		return rapid.Bool().Draw(t, "v")
	case KindDecimal:
		return decimal128.New(rapid.Int64().Draw(t, "high"), rapid.Uint64().Draw(t, "low"))
	case KindInterval:
		months, days := rapid.Int32().Draw(t, "months"), rapid.Int32().Draw(t, "days")
		return arrow.MonthDayNanoInterval{Months: months, Days: days, Nanoseconds: rapid.Int64().Draw(t, "nanos")}
	case KindFixed:
		return string(rapid.SliceOfN(rapid.Byte(), 16, 16).Draw(t, "v"))
	case KindDictionary:
		return rapid.StringMatching("[a-c]{0,3}").Draw(t, "v")
	}
	return rapid.OneOf(rapid.StringN(0, 8, 8), rapid.String(), rapid.Just(fmt.Sprintf("%2000d", 1))).Draw(t, "v")
}

// filler appends values to columns, some in several ways, some after others that are dropped, until a row is to fail.
type filler struct {
	t    *rapid.T
	left int // appends until the row fails; negative: it does not
}

var errFails = errors.New("the row fails here")

func (f *filler) append(c *Column, field arrow.Field, v any) error {
	if f.left == 0 {
		return errFails
	}
	f.left--
	if rapid.IntRange(0, 15).Draw(f.t, "again") == 0 {
		other := anyValue(f.t, field)
		if err := f.value(c, field, other); err != nil {
			return err
		}
		c.Drop()
	}
	return f.value(c, field, v)
}

func (f *filler) value(c *Column, field arrow.Field, v any) error {
	switch v := v.(type) {
	case nil:
		if len(c.children) > 0 && rapid.Bool().Draw(f.t, "open") { // what is open is no part of the null
			inner := field.Type.(arrow.NestedType).Fields()[0]
			if m, ok := field.Type.(*arrow.MapType); ok {
				inner = m.KeyField()
			}
			if err := f.append(c.Child(0), inner, anyValue(f.t, inner)); err != nil {
				return err
			}
		}
		c.AppendNull()
	case list:
		for i, item := range v {
			if c.Open() != i {
				f.t.Fatalf("%d items open, want %d", c.Open(), i)
			}
			if err := f.append(c.Child(0), field.Type.(*arrow.ListType).ElemField(), item); err != nil {
				return err
			}
		}
		return c.EndList()
	case dict:
		m := field.Type.(*arrow.MapType)
		for _, p := range v {
			if err := errors.Join(f.append(c.Child(0), m.KeyField(), p.key), f.append(c.Child(1), m.ItemField(), p.value)); err != nil {
				return err
			}
		}
		return c.EndList()
	case record:
		for i, inner := range field.Type.(*arrow.StructType).Fields() {
			if err := f.append(c.Child(i), inner, v[i]); err != nil {
				return err
			}
		}
		c.EndStruct()
	default:
		return f.flat(c, v)
	}
	return nil
}

func (f *filler) flat(c *Column, v any) error {
	switch c.Kind() {
	case KindInt64:
		c.AppendInt64(v.(int64))
	case KindInt32:
		c.AppendInt32(int32(v.(int64)))
	case KindInt16:
		c.AppendInt16(int16(v.(int64)))
	case KindInt8:
		c.AppendInt8(int8(v.(int64)))
	case KindFloat64:
		c.AppendFloat64(v.(float64))
	case KindFloat32:
		c.AppendFloat32(v.(float32))
	case KindBool:
		c.AppendBool(v.(bool))
	case KindDecimal:
		d := v.(decimal128.Num)
		c.AppendDecimal(d.LowBits(), d.HighBits())
	case KindInterval:
		i := v.(arrow.MonthDayNanoInterval)
		c.AppendInterval(i.Months, i.Days, i.Nanoseconds)
	case KindFixed:
		c.AppendFixed([]byte(v.(string)))
	default:
		return f.text(c, v.(string))
	}
	return nil
}

func (f *filler) text(c *Column, v string) error {
	switch way := rapid.IntRange(0, 2).Draw(f.t, "way"); {
	case way == 0:
		return c.AppendBytes([]byte(v))
	case way == 1 && len(v) <= 8:
		word := []byte("########") // what is behind the text does not count
		copy(word, v)
		return c.AppendShort(binary.LittleEndian.Uint64(word), len(v))
	}
	return c.AppendString(v)
}

// expected is what arrow-go's own builders make of rows.
func expected(t rapid.TB, schema *arrow.Schema, rows [][]any) arrow.RecordBatch {
	b := array.NewRecordBuilder(memory.DefaultAllocator, schema)
	for _, row := range rows {
		for i, v := range row {
			expect(t, b.Field(i), v)
		}
	}
	return b.NewRecordBatch()
}

func expect(t rapid.TB, b array.Builder, v any) {
	if e, ok := b.(*array.ExtensionBuilder); ok {
		b = e.StorageBuilder()
	}
	if v == nil {
		b.AppendNull()
		return
	}
	switch b := b.(type) {
	case *array.MapBuilder:
		b.Append(true)
		for _, p := range v.(dict) {
			expect(t, b.KeyBuilder(), p.key)
			expect(t, b.ItemBuilder(), p.value)
		}
	case *array.ListBuilder:
		b.Append(true)
		for _, item := range v.(list) {
			expect(t, b.ValueBuilder(), item)
		}
	case *array.StructBuilder:
		b.Append(true)
		for i, field := range v.(record) {
			expect(t, b.FieldBuilder(i), field)
		}
	default:
		expectFlat(t, b, v)
	}
}

func expectFlat(t rapid.TB, b array.Builder, v any) {
	switch b := b.(type) {
	case *array.BooleanBuilder:
		b.Append(v.(bool))
	case *array.Int8Builder:
		b.Append(int8(v.(int64)))
	case *array.Int16Builder:
		b.Append(int16(v.(int64)))
	case *array.Int32Builder:
		b.Append(int32(v.(int64)))
	case *array.Int64Builder:
		b.Append(v.(int64))
	case *array.Uint8Builder:
		b.Append(uint8(v.(int64)))
	case *array.Uint16Builder:
		b.Append(uint16(v.(int64)))
	case *array.Uint32Builder:
		b.Append(uint32(v.(int64)))
	case *array.Uint64Builder:
		b.Append(uint64(v.(int64)))
	case *array.Float32Builder:
		b.Append(v.(float32))
	case *array.Float64Builder:
		b.Append(v.(float64))
	case *array.Decimal128Builder:
		b.Append(v.(decimal128.Num))
	case *array.MonthDayNanoIntervalBuilder:
		b.Append(v.(arrow.MonthDayNanoInterval))
	case *array.Date32Builder:
		b.Append(arrow.Date32(v.(int64)))
	case *array.Time32Builder:
		b.Append(arrow.Time32(v.(int64)))
	case *array.Time64Builder:
		b.Append(arrow.Time64(v.(int64)))
	case *array.TimestampBuilder:
		b.Append(arrow.Timestamp(v.(int64)))
	case *array.StringBuilder:
		b.Append(v.(string))
	case *array.BinaryBuilder:
		b.AppendString(v.(string))
	case *array.FixedSizeBinaryBuilder:
		b.Append([]byte(v.(string)))
	case *array.BinaryDictionaryBuilder:
		if err := b.AppendString(v.(string)); err != nil {
			t.Fatal(err)
		}
	default:
		t.Fatalf("no value for a %T", b)
	}
}

// valueOf is value i of a, as anyValue draws them.
func valueOf(a arrow.Array, i int) any {
	if a.IsNull(i) {
		return nil
	}
	switch a := a.(type) {
	case array.ExtensionArray:
		return valueOf(a.Storage(), i)
	case *array.Map:
		v := dict{}
		for begin, end := a.ValueOffsets(i); begin < end; begin++ {
			v = append(v, pair{valueOf(a.Keys(), int(begin)), valueOf(a.Items(), int(begin))})
		}
		return v
	case *array.List:
		v := list{}
		for begin, end := a.ValueOffsets(i); begin < end; begin++ {
			v = append(v, valueOf(a.ListValues(), int(begin)))
		}
		return v
	case *array.Struct:
		v := record{}
		for j := range a.NumField() {
			v = append(v, valueOf(a.Field(j), i))
		}
		return v
	case *array.Dictionary:
		return valueOf(a.Dictionary(), a.GetValueIndex(i))
	}
	return flatOf(a, i)
}

func flatOf(a arrow.Array, i int) any {
	switch a := a.(type) {
	case *array.Boolean:
		return a.Value(i)
	case *array.Int8:
		return int64(a.Value(i))
	case *array.Int16:
		return int64(a.Value(i))
	case *array.Int32:
		return int64(a.Value(i))
	case *array.Int64:
		return a.Value(i)
	case *array.Uint8:
		return int64(int8(a.Value(i)))
	case *array.Uint16:
		return int64(int16(a.Value(i)))
	case *array.Uint32:
		return int64(int32(a.Value(i)))
	case *array.Uint64:
		return int64(a.Value(i))
	case *array.Float32:
		return a.Value(i)
	case *array.Float64:
		return a.Value(i)
	case *array.Decimal128:
		return a.Value(i)
	case *array.MonthDayNanoInterval:
		return a.Value(i)
	case *array.Date32:
		return int64(a.Value(i))
	case *array.Time32:
		return int64(a.Value(i))
	case *array.Time64:
		return int64(a.Value(i))
	case *array.Timestamp:
		return int64(a.Value(i))
	case *array.String:
		return a.Value(i)
	case *array.Binary:
		return a.ValueString(i)
	}
	return string(a.(*array.FixedSizeBinary).Value(i))
}
