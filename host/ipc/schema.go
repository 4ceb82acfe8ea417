package ipc

import "github.com/apache/arrow-go/v18/arrow"

// AppendSchema appends a schema as an encapsulated message, a multiple of 8 bytes long. A dictionary of text is written as
// text. The error names a column whose type does not cross the boundary.
func AppendSchema(dst []byte, schema *arrow.Schema) ([]byte, error) {
	if _, err := newTree(schema); err != nil {
		return nil, err
	}
	var w flatWriter
	headerAt, _ := w.message(headerSchema)
	header, at := w.table(slot{1, 4, 0}, slot{0, 2, 0}) // fields, endianness little
	w.refer(headerAt, header)
	w.fields(at[0], schema.Fields())
	return append(dst, w.encapsulate(8)...), nil
}

// fields appends a vector of fields and refers to it.
func (w *flatWriter) fields(at int, fields []arrow.Field) {
	vector := w.vector(len(fields), 4) // other readers want the vector, even of nothing
	w.refer(at, vector)
	for i, f := range fields {
		w.refer(vector+4+4*i, w.field(f))
	}
}

// field appends a Field: name 0, nullable 1, type_type 2, type 3, children 5, custom_metadata 6.
func (w *flatWriter) field(f arrow.Field) int {
	l, _ := layoutOf(f.Type) // which newTree has seen
	storage, extension := f.Type, ""
	if e, ok := f.Type.(arrow.ExtensionType); ok {
		storage, extension = e.StorageType(), e.ExtensionName()
	}
	nullable := uint64(0)
	if f.Nullable {
		nullable = 1
	}
	tag, details := typeSlots(storage)
	slots := []slot{{0, 4, 0}, {3, 4, 0}, {5, 4, 0}, {6, 4, 0}, {1, 1, nullable}, {2, 1, uint64(tag)}}
	if extension == "" {
		slots = append(slots[:3], slots[4:]...)
	}
	pos, at := w.table(slots...)
	w.refer(at[0], w.text(f.Name))
	typ, inType := w.table(details...)
	w.refer(at[1], typ)
	if ts, ok := storage.(*arrow.TimestampType); ok && ts.TimeZone != "" {
		w.refer(inType[0], w.text(ts.TimeZone))
	}
	w.fields(at[2], l.childrenOf(storage))
	if extension != "" {
		w.extension(at[3], extension)
	}
	return pos
}

// The keys of a field's metadata that say that it is of an extension type.
const (
	extensionName     = "ARROW:extension:name"
	extensionMetadata = "ARROW:extension:metadata"
)

// extension appends a field's metadata, a vector of KeyValue, and refers to it.
func (w *flatWriter) extension(at int, name string) {
	pairs := [][2]string{{extensionName, name}, {extensionMetadata, ""}}
	vector := w.vector(len(pairs), 4)
	w.refer(at, vector)
	for i, pair := range pairs {
		pos, at := w.table(slot{0, 4, 0}, slot{1, 4, 0})
		w.refer(vector+4+4*i, pos)
		w.refer(at[0], w.text(pair[0]))
		w.refer(at[1], w.text(pair[1]))
	}
}
