package ipc

import (
	"bytes"
	"strings"
	"testing"

	"github.com/apache/arrow-go/v18/arrow"
	arrowipc "github.com/apache/arrow-go/v18/arrow/ipc"
)

// What does not cross the boundary is refused by its name, wherever arrow-go can write it.
func TestOtherTypesAreRefusedByName(t *testing.T) {
	i64, text := arrow.PrimitiveTypes.Int64, arrow.BinaryTypes.String
	field := arrow.Field{Name: "x", Type: i64, Nullable: true}
	for name, dt := range map[string]arrow.DataType{
		"Null is":                          arrow.Null,
		"FloatingPoint of precision 0":     arrow.FixedWidthTypes.Float16,
		"LargeBinary is":                   arrow.BinaryTypes.LargeBinary,
		"LargeUtf8 is":                     arrow.BinaryTypes.LargeString,
		"BinaryView is":                    arrow.BinaryTypes.BinaryView,
		"Utf8View is":                      arrow.BinaryTypes.StringView,
		"FixedSizeBinary of 0 bytes":       &arrow.FixedSizeBinaryType{},
		"FixedSizeBinary of 65537 bytes":   &arrow.FixedSizeBinaryType{ByteWidth: 65537},
		"Decimal(39, 2) of 128 bits":       &arrow.Decimal128Type{Precision: 39, Scale: 2},
		"Decimal(9, -1) of 128 bits":       &arrow.Decimal128Type{Precision: 9, Scale: -1},
		"Decimal(9, 10) of 128 bits":       &arrow.Decimal128Type{Precision: 9, Scale: 10},
		"Decimal(9, 2) of 256 bits":        &arrow.Decimal256Type{Precision: 9, Scale: 2},
		"Decimal(9, 2) of 64 bits":         &arrow.Decimal64Type{Precision: 9, Scale: 2},
		"Date of unit 1":                   arrow.FixedWidthTypes.Date64,
		"Duration is":                      arrow.FixedWidthTypes.Duration_ms,
		"Interval of unit 0":               arrow.FixedWidthTypes.MonthInterval,
		"Interval of unit 1":               arrow.FixedWidthTypes.DayTimeInterval,
		"Timestamp with a zone other than": &arrow.TimestampType{Unit: arrow.Microsecond, TimeZone: "+00:00"},
		"LargeList is":                     arrow.LargeListOf(text),
		"ListView is":                      arrow.ListViewOf(text),
		"LargeListView is":                 arrow.LargeListViewOf(text),
		"FixedSizeList is":                 arrow.FixedSizeListOf(3, i64),
		"a Struct without fields":          arrow.StructOf(),
		"Union is":                         arrow.SparseUnionOf([]arrow.Field{field}, []arrow.UnionTypeCode{0}),
		"RunEndEncoded is":                 arrow.RunEndEncodedOf(arrow.PrimitiveTypes.Int32, text),
		"a dictionary of Utf8":             &arrow.DictionaryType{IndexType: arrow.PrimitiveTypes.Int32, ValueType: text},
		"a dictionary of Int of 64 bits":   &arrow.DictionaryType{IndexType: arrow.PrimitiveTypes.Int8, ValueType: i64},
		`"c.f[].value": LargeUtf8 is`:      arrow.StructOf(arrow.Field{Name: "f", Type: arrow.ListOf(arrow.MapOf(text, arrow.BinaryTypes.LargeString))}),
	} {
		var stream bytes.Buffer
		w := arrowipc.NewWriter(&stream, arrowipc.WithSchema(arrow.NewSchema([]arrow.Field{{Name: "c", Type: dt}}, nil)))
		if err := w.Close(); err != nil {
			t.Fatalf("%s: %v", dt, err)
		}
		_, err := ReadSchema(messages(t, stream.Bytes())[0], testLimits)
		if codeOf(err) != CodeUnsupported || !strings.Contains(err.Error(), name) {
			t.Errorf("%.50s: got %v, want %q", dt, err, name)
		}
	}
}

// Types that only a writer of bytes can make.
func TestTypesThatDoNotExistAreRefused(t *testing.T) {
	for name, change := range map[string]func(w *flatWriter, field []int){
		"no type is":               func(w *flatWriter, at []int) { w.b[at[4]] = 0 },
		"type 27, which":           func(w *flatWriter, at []int) { w.b[at[4]] = 27 },
		"type 255, which":          func(w *flatWriter, at []int) { w.b[at[4]] = 255 },
		"Int of 0 bits, unsigned":  func(w *flatWriter, at []int) { w.b[at[4]] = tagInt },
		"Int of 128 bits, signed":  func(w *flatWriter, at []int) { w.b[at[4]] = tagInt; w.details(at, slot{0, 4, 128}, slot{1, 1, 1}) },
		"Time of unit 2 in 32 bit": func(w *flatWriter, at []int) { w.b[at[4]] = tagTime; w.details(at, slot{0, 2, 2}) },
		"Time of unit 1 in 64 bit": func(w *flatWriter, at []int) { w.b[at[4]] = tagTime; w.details(at, slot{1, 4, 64}) },
		"List with 0 children":     func(w *flatWriter, at []int) { w.b[at[4]] = tagList },
		"Map with 0 children":      func(w *flatWriter, at []int) { w.b[at[4]] = tagMap },
		"Timestamp of unit 4":      func(w *flatWriter, at []int) { w.b[at[4]] = tagTimestamp; w.details(at, slot{0, 2, 4}) },
		"Timestamp of unit -1":     func(w *flatWriter, at []int) { w.b[at[4]] = tagTimestamp; w.details(at, slot{0, 2, 0xffff}) },
		"Utf8 with 7 children":     func(w *flatWriter, at []int) { w.refer(at[2], w.vector(7, 4)) },
		"dictionary of Utf8; dict": func(w *flatWriter, at []int) { d, _ := w.table(); w.refer(at[3], d) },
	} {
		var w flatWriter
		headerAt, _ := w.message(headerSchema)
		header, at := w.table(slot{1, 4, 0})
		w.refer(headerAt, header)
		fields := w.vector(1, 4)
		w.refer(at[0], fields)
		slots := []slot{{0, 4, 0}, {3, 4, 0}, {5, 4, 0}, {4, 4, 0}, {2, 1, tagUTF8}}
		if !strings.HasPrefix(name, "dictionary") {
			slots[3].id = 6 // custom_metadata, which nobody reads
		}
		field, at := w.table(slots...)
		w.refer(fields+4, field)
		w.refer(at[0], w.text("c"))
		w.refer(at[2], w.vector(0, 4))
		w.details(at)
		change(&w, at)
		_, err := ReadSchema(w.encapsulate(8), testLimits)
		if codeOf(err) != CodeUnsupported || !strings.Contains(err.Error(), name) {
			t.Errorf("got %v, want %q", err, name)
		}
	}
}

// details gives a field another table of its type's.
func (w *flatWriter) details(field []int, slots ...slot) {
	typ, _ := w.table(slots...)
	w.refer(field[1], typ)
}
