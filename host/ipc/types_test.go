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
	deep := arrow.DataType(i64)
	for range 500 {
		deep = arrow.ListOf(deep)
	}
	field := arrow.Field{Name: "x", Type: i64, Nullable: true}
	for name, dt := range map[string]arrow.DataType{
		"Null is":                          arrow.Null,
		"Int of 8 bits, signed":            arrow.PrimitiveTypes.Int8,
		"Int of 16 bits, signed":           arrow.PrimitiveTypes.Int16,
		"Int of 8 bits, unsigned":          arrow.PrimitiveTypes.Uint8,
		"Int of 16 bits, unsigned":         arrow.PrimitiveTypes.Uint16,
		"Int of 32 bits, unsigned":         arrow.PrimitiveTypes.Uint32,
		"Int of 64 bits, unsigned":         arrow.PrimitiveTypes.Uint64,
		"FloatingPoint of precision 0":     arrow.FixedWidthTypes.Float16,
		"FloatingPoint of precision 1":     arrow.PrimitiveTypes.Float32,
		"Binary is":                        arrow.BinaryTypes.Binary,
		"LargeBinary is":                   arrow.BinaryTypes.LargeBinary,
		"LargeUtf8 is":                     arrow.BinaryTypes.LargeString,
		"BinaryView is":                    arrow.BinaryTypes.BinaryView,
		"Utf8View is":                      arrow.BinaryTypes.StringView,
		"FixedSizeBinary is":               &arrow.FixedSizeBinaryType{ByteWidth: 4},
		"Decimal is":                       &arrow.Decimal128Type{Precision: 10, Scale: 2},
		"Date is":                          arrow.FixedWidthTypes.Date32,
		"Time is":                          arrow.FixedWidthTypes.Time64us,
		"Duration is":                      arrow.FixedWidthTypes.Duration_ms,
		"Interval is":                      arrow.FixedWidthTypes.MonthInterval,
		"Timestamp with a zone is":         arrow.FixedWidthTypes.Timestamp_us,
		"List is":                          arrow.ListOf(i64),
		"LargeList is":                     arrow.LargeListOf(text),
		"ListView is":                      arrow.ListViewOf(text),
		"LargeListView is":                 arrow.LargeListViewOf(text),
		"FixedSizeList is":                 arrow.FixedSizeListOf(3, i64),
		"Struct is":                        arrow.StructOf(field),
		"Map is":                           arrow.MapOf(text, i64),
		"Union is":                         arrow.SparseUnionOf([]arrow.Field{field}, []arrow.UnionTypeCode{0}),
		"RunEndEncoded is":                 arrow.RunEndEncodedOf(arrow.PrimitiveTypes.Int32, text),
		"a dictionary of Utf8":             &arrow.DictionaryType{IndexType: arrow.PrimitiveTypes.Int32, ValueType: text},
		"a dictionary of Int of 64 bits":   &arrow.DictionaryType{IndexType: arrow.PrimitiveTypes.Int8, ValueType: i64},
		`column "c": List is not supporte`: deep,
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
