package ipc

import (
	"bytes"
	"fmt"
	"strings"
	"testing"

	"github.com/apache/arrow-go/v18/arrow"
	arrowipc "github.com/apache/arrow-go/v18/arrow/ipc"

	"github.com/weir-stream/weir/host/ipc/ipctest"
	"github.com/weir-stream/weir/host/types"
)

// told is a field whose metadata says that it is of an extension type.
func told(name string, storage arrow.DataType) arrow.Field {
	pairs := map[string]string{"other": "x", extensionName: name, extensionMetadata: "{}"}
	return arrow.Field{Name: "c", Type: storage, Nullable: true, Metadata: arrow.MetadataFrom(pairs)}
}

func TestExtensionTypesAreReadByTheirMetadata(t *testing.T) {
	text, sixteen := arrow.BinaryTypes.String, &arrow.FixedSizeBinaryType{ByteWidth: 16}
	key := arrow.Field{Name: "key", Type: text}
	for name, tc := range map[string]struct {
		field arrow.Field
		want  string // the type, or what is wrong with it
	}{
		"json":            {told("arrow.json", text), "JSON"},
		"uuid":            {told("arrow.uuid", sixteen), "UUID"},
		"unknown":         {told("arrow.json2", text), "TEXT"},
		"no name":         {told("", text), "TEXT"},
		"json in a list":  {arrow.Field{Name: "c", Type: arrow.ListOfField(told("arrow.json", text))}, "JSON[]"},
		"uuid in a map":   {arrow.Field{Name: "c", Type: arrow.MapOfFields(key, told("arrow.uuid", sixteen))}, "MAP<TEXT, UUID>"},
		"json as bytes":   {told("arrow.json", arrow.BinaryTypes.Binary), "arrow.json stored as binary is not supported"},
		"short uuid":      {told("arrow.uuid", &arrow.FixedSizeBinaryType{ByteWidth: 15}), "arrow.uuid stored as fixed_size_binary[15] is not supported"},
		"json as a list":  {told("arrow.json", arrow.ListOf(text)), "is not supported"},
		"much metadata":   {told("arrow.json", text), "metadata of 300 entries"},
		"a key by a uuid": {arrow.Field{Name: "c", Type: types.Map(types.UUID(), text, true)}, "a Map with keys of type extension<arrow.uuid>"},
	} {
		if name == "much metadata" {
			keys := make([]string, 300)
			for i := range keys {
				keys[i] = fmt.Sprint(i)
			}
			tc.field.Metadata = arrow.NewMetadata(keys, keys)
		}
		got, err := ReadSchema(outsideSchema(t, arrow.NewSchema([]arrow.Field{tc.field}, nil)), testLimits)
		switch {
		case err != nil && strings.Contains(err.Error(), tc.want) && strings.HasPrefix(err.Error(), `column "c`):
		case err != nil || types.Name(got.Field(0).Type) != tc.want:
			t.Errorf("%s: %v, %v", name, got, err)
		}
	}
}

// What does not matter about lists and maps is made the same, so that types can be compared.
func TestPartsOfListsAndMapsGetOneName(t *testing.T) {
	element := arrow.Field{Name: "element", Type: arrow.PrimitiveTypes.Int64, Nullable: true}
	sorted := types.Map(arrow.BinaryTypes.String, arrow.ListOfField(element), false)
	sorted.KeysSorted = true
	got, err := ReadSchema(outsideSchema(t, arrow.NewSchema([]arrow.Field{{Name: "m", Type: sorted}}, nil)), testLimits)
	want := types.Map(arrow.BinaryTypes.String, types.List(element.Type, true), false)
	if err != nil || !arrow.TypeEqual(got.Field(0).Type, want, arrow.CheckMetadata()) || got.Field(0).Type.String() != want.String() {
		t.Fatalf("%v, %v", got, err)
	}
}

// A few bytes can stand for any number of fields: the same tables, referred to again and again.
func TestFieldsThatAreReferredToOftenAreCounted(t *testing.T) {
	var w flatWriter
	headerAt, _ := w.message(headerSchema)
	header, at := w.table(slot{1, 4, 0})
	w.refer(headerAt, header)
	children := []int{at[0]}     // that wait for their vector
	for depth := range byte(5) { // structs of ten fields each, all of which have the same ten fields
		vector := w.vector(10, 4)
		for _, at := range children {
			w.refer(at, vector)
		}
		children = nil
		for i := range 10 {
			tag := uint64(tagStruct)
			if depth == 4 {
				tag = tagUTF8
			}
			field, inside := w.table(slot{0, 4, 0}, slot{3, 4, 0}, slot{5, 4, 0}, slot{2, 1, tag})
			w.refer(vector+4+4*i, field)
			w.refer(inside[0], w.text(string(rune('a'+i))))
			details, _ := w.table()
			w.refer(inside[1], details)
			children = append(children, inside[2])
		}
	}
	for _, at := range children {
		w.refer(at, w.vector(0, 4))
	}
	message := w.encapsulate(8)
	_, err := ReadSchema(message, testLimits)
	if codeOf(err) != CodeLimit || len(message) > 6000 {
		t.Errorf("%d bytes: %v", len(message), err)
	}
}

// Messages stay short whatever a guest calls its fields.
func TestLongPathsAreCut(t *testing.T) {
	dt := arrow.DataType(arrow.FixedWidthTypes.Float16)
	for range 20 {
		dt = types.Struct(arrow.Field{Name: strings.Repeat("ü", 100), Type: dt})
	}
	_, err := ReadSchema(outsideSchema(t, arrow.NewSchema([]arrow.Field{{Name: "c", Type: dt}}, nil)), testLimits)
	if codeOf(err) != CodeUnsupported || len(err.Error()) > 500 {
		t.Error(err)
	}
}

func TestArrowReadsOurSchemas(t *testing.T) {
	ipctest.Register()
	schema := ipctest.EveryType()
	r, err := arrowipc.NewReader(bytes.NewReader(schemaMessage(t, schema)))
	if err != nil {
		t.Fatal(err)
	}
	defer r.Release()
	for i, f := range r.Schema().Fields() {
		if want := schema.Field(i); f.Name != want.Name || f.Nullable != want.Nullable || !arrow.TypeEqual(f.Type, want.Type) {
			t.Errorf("%v came as %v", want, f)
		}
	}
}
