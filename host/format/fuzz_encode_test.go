package format_test

import (
	"bytes"
	"encoding/binary"
	"errors"
	"os"
	"testing"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/memory"

	"github.com/weir-stream/weir/host/batch"
	"github.com/weir-stream/weir/host/format"
	"github.com/weir-stream/weir/host/format/avroformat"
	"github.com/weir-stream/weir/host/format/jsonformat"
	"github.com/weir-stream/weir/host/format/protoformat"
	"github.com/weir-stream/weir/host/types"
)

// everyType are columns of every type; what Protobuf has nothing for is not among them.
func everyType() []arrow.Field {
	field := func(name string, t arrow.DataType) arrow.Field {
		return arrow.Field{Name: name, Type: t, Nullable: true}
	}
	p, text := arrow.PrimitiveTypes, arrow.BinaryTypes.String
	point := types.Struct(field("x", p.Int8), field("y", types.List(types.JSON(), true)), field("z", &arrow.Decimal128Type{Precision: 38, Scale: 38}))
	columns := []arrow.Field{
		field("a", arrow.FixedWidthTypes.Boolean), field("b", p.Int8), field("c", p.Uint64), field("d", p.Float32), field("e", p.Float64),
		field("f", &arrow.Decimal128Type{Precision: 5, Scale: 2}), field("g", text), field("h", arrow.BinaryTypes.Binary), field("i", types.JSON()),
		field("j", types.UUID()), field("k", arrow.FixedWidthTypes.Date32), field("l", &arrow.Time64Type{Unit: arrow.Nanosecond}),
		field("m", &arrow.TimestampType{Unit: arrow.Second}), field("n", &arrow.TimestampType{Unit: arrow.Nanosecond, TimeZone: "UTC"}),
		field("o", arrow.FixedWidthTypes.MonthDayNanoInterval), field("p", types.Dictionary()), field("q", types.List(point, true)),
		field("r", types.Map(text, types.JSON(), true)), field("s", types.Map(p.Int32, point, true)), field("t", &arrow.Time32Type{Unit: arrow.Second}),
	}
	columns[1].Nullable = false
	return columns
}

// written are tables with their encoders: of every type in each format, and of JSON columns for types of a schema.
func written(f *testing.F) (out []format.Format, tables [][]arrow.Field) {
	all := everyType()
	source, err := protoformat.FromColumns("M", all)
	if err != nil {
		f.Fatal(err)
	}
	avro := func(c avroformat.Config) format.Format {
		a, err := avroformat.New(c)
		if err != nil {
			f.Fatal(err)
		}
		return a
	}
	documents := func(names ...string) (columns []arrow.Field) {
		for _, name := range names {
			columns = append(columns, arrow.Field{Name: name, Type: types.JSON(), Nullable: true})
		}
		return columns
	}
	messages, err := os.ReadFile("protoformat/testdata/all.proto")
	if err != nil {
		f.Fatal(err)
	}
	proto := protoformat.Config{Source: string(messages), Message: "All"}
	fields, err := protoformat.New(proto).(format.Shaper).Shape(f.Context(), nil)
	if err != nil {
		f.Fatal(err)
	}
	for i := range fields {
		fields[i].Type = types.JSON()
	}
	unstructured := proto
	unstructured.Unstructured = true
	const schema = `{"type":"record","name":"R","fields":[{"name":"a","type":["null","long",{"type":"fixed","name":"F","size":3},"string"]},
		{"name":"b","type":["null",{"type":"bytes","logicalType":"decimal","precision":40,"scale":7}]},{"name":"c","type":["null",{"type":"map","values":"R"}]},
		{"name":"d","type":["null",{"type":"array","items":["double","boolean",{"type":"enum","name":"E","symbols":["A","B"]}]}],"default":null},
		{"name":"e","type":["null",{"type":"fixed","name":"U","size":16,"logicalType":"uuid"}]},
		{"name":"f","type":["null",{"type":"fixed","name":"D","size":12,"logicalType":"duration"}]},{"name":"g","type":["null","float","int","bytes"]}]}`
	add := func(made format.Format, columns []arrow.Field) {
		out, tables = append(out, made), append(tables, columns)
	}
	add(jsonformat.New(jsonformat.Config{}), all)
	add(avro(avroformat.Config{Nanos: true}), all)
	add(protoformat.New(protoformat.Config{Source: source, Delimited: true}), all)
	add(avro(avroformat.Config{Mode: avroformat.Raw, Schema: schema}), documents("a", "b", "c", "d", "e", "f", "g"))
	add(protoformat.New(proto), fields)
	add(protoformat.New(unstructured), documents("value"))
	return out, tables
}

// drawer makes values of bytes.
type drawer struct{ rest []byte }

func (d *drawer) take(n int) []byte {
	out := make([]byte, n)
	d.rest = d.rest[copy(out, d.rest):]
	return out
}

func (d *drawer) word() uint64 { return binary.LittleEndian.Uint64(d.take(8)) }

// text is short, as what stands up to the next 0xff.
func (d *drawer) text() []byte {
	text, rest, _ := bytes.Cut(d.rest, []byte{0xff})
	d.rest = rest
	return bytes.Clone(text)
}

// append puts a value of the type t into a column.
func (d *drawer) append(t *testing.T, c *batch.Column, of arrow.DataType, nullable bool) {
	if nullable && (len(d.rest) == 0 || d.take(1)[0] == 0) {
		c.AppendNull()
		return
	}
	must := func(err error) {
		if err != nil {
			t.Fatal(err)
		}
	}
	switch of := types.Storage(of).(type) {
	case *arrow.StructType:
		for i, f := range of.Fields() {
			d.append(t, c.Child(i), f.Type, f.Nullable)
		}
		c.EndStruct()
	case *arrow.ListType:
		for range d.take(1)[0] % 4 {
			d.append(t, c.Child(0), of.Elem(), true)
		}
		must(c.EndList())
	case *arrow.MapType:
		for range d.take(1)[0] % 4 {
			d.append(t, c.Child(0), of.KeyType(), false)
			d.append(t, c.Child(1), of.ItemType(), true)
		}
		must(c.EndList())
	case *arrow.StringType, *arrow.DictionaryType:
		must(c.AppendBytes(bytes.ToValidUTF8(d.text(), []byte("?"))))
	case *arrow.BinaryType:
		must(c.AppendBytes(d.text()))
	case *arrow.FixedSizeBinaryType:
		c.AppendFixed(d.take(16))
	case *arrow.BooleanType:
		c.AppendBool(d.take(1)[0]&1 == 1)
	case *arrow.Decimal128Type:
		c.AppendDecimal(d.word(), int64(d.word()))
	case *arrow.MonthDayNanoIntervalType:
		c.AppendInterval(int32(d.word()), int32(d.word()), int64(d.word()))
	case *arrow.Float32Type:
		c.AppendFloat32(float32(d.word()))
	case *arrow.Float64Type:
		c.AppendFloat64(float64(d.word()))
	case *arrow.Int8Type:
		c.AppendInt8(int8(d.take(1)[0]))
	case *arrow.Int32Type, *arrow.Date32Type, *arrow.Time32Type:
		c.AppendInt32(int32(d.word()))
	default:
		c.AppendInt64(int64(d.word()))
	}
}

// FuzzEncode: whatever is in a row, which may come from a module, is a message or bad data, and what was written before stays.
func FuzzEncode(f *testing.F) {
	formats, tables := written(f)
	for _, text := range []string{`0`, `""`, `null`, `{"a":{"long":5}}`, `[1,2.5e3,"A",true]`, `{"f_int32":0,"f_string":"x"}`, `1e99999999`, `"\ud800"`, `-`, `{"months":1}`} {
		for i := range formats {
			f.Add(uint8(i), append(append([]byte{1}, text...), 0xff, 1, 0xff, 1, '{', '}', 0xff))
			f.Add(uint8(i), bytes.Repeat(append([]byte{1}, text...), 40))
		}
	}
	f.Fuzz(func(t *testing.T, which uint8, values []byte) {
		made, columns := formats[int(which)%len(formats)], tables[int(which)%len(formats)]
		b := batch.NewBuilder(arrow.NewSchema(columns, nil), memory.DefaultAllocator)
		defer b.Release()
		fields := make([]format.Field, len(columns))
		d := drawer{values}
		for range 2 {
			for i, c := range columns {
				fields[i] = format.Field{Name: c.Name, Type: c.Type, Nullable: c.Nullable, Column: i}
				d.append(t, b.Column(i), c.Type, c.Nullable)
			}
			b.EndRow()
		}
		record := b.NewRecord()
		defer record.Release()
		e, err := made.NewEncoder(fields)
		if err != nil {
			t.Fatal(err)
		}
		if err := e.Bind(record.Columns()); err != nil {
			t.Fatal(err)
		}
		for row := range 2 {
			out, err := e.Append([]byte("before"), row)
			var bad *format.DataError
			if err != nil && (!errors.As(err, &bad) || string(out) != "before") {
				t.Fatalf("%q, %v", out, err)
			}
			if !bytes.HasPrefix(out, []byte("before")) {
				t.Fatalf("%q", out)
			}
		}
	})
}
