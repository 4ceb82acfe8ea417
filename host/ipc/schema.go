package ipc

import (
	"unicode/utf8"

	"github.com/apache/arrow-go/v18/arrow"
)

// AppendSchema appends a schema as an encapsulated message, a multiple of 8 bytes long. The error names a column whose
// type does not cross the boundary.
func AppendSchema(dst []byte, schema *arrow.Schema) ([]byte, error) {
	for _, field := range schema.Fields() {
		if _, err := layoutOf(field.Type); err != nil {
			return nil, errorf(CodeUnsupported, "column %q: %v", field.Name, err)
		}
	}
	var w flatWriter
	headerAt, _ := w.message(headerSchema)
	header, at := w.table(slot{1, 4, 0}, slot{0, 2, 0}) // fields, endianness little
	w.refer(headerAt, header)
	fields := w.vector(schema.NumFields(), 4)
	w.refer(at[0], fields)
	for i, field := range schema.Fields() {
		w.refer(fields+4+4*i, w.field(field))
	}
	return append(dst, w.encapsulate(8)...), nil
}

// field appends a Field: name 0, nullable 1, type_type 2, type 3, children 5.
func (w *flatWriter) field(f arrow.Field) int {
	tag, slots := typeSlots(f.Type)
	nullable := uint64(0)
	if f.Nullable {
		nullable = 1
	}
	pos, at := w.table(slot{0, 4, 0}, slot{3, 4, 0}, slot{5, 4, 0}, slot{1, 1, nullable}, slot{2, 1, uint64(tag)})
	w.refer(at[0], w.text(f.Name))
	typ, _ := w.table(slots...)
	w.refer(at[1], typ)
	w.refer(at[2], w.vector(0, 4)) // other readers want the vector, even of nothing
	return pos
}

// ReadSchema reads a schema message that a guest made. Columns are flat and of supported types, their names unique, UTF-8
// and not empty; metadata of fields and schema is dropped. The error is an *Error.
func ReadSchema(message []byte, l Limits) (*arrow.Schema, error) {
	var f flat
	header, body, err := frame(&f, message, headerSchema, l)
	if err != nil {
		return nil, err
	}
	if len(body) != 0 {
		return nil, errorf(CodeFrame, "a schema message with a body of %d bytes", len(body))
	}
	if header.i16(0) != 0 {
		return nil, errorf(CodeUnsupported, "a big-endian schema")
	}
	pos, n := header.vector(1, 4)
	if n > l.Columns {
		return nil, errorf(CodeLimit, "%d columns; at most %d are allowed", n, l.Columns)
	}
	fields := make([]arrow.Field, 0, n)
	seen := make(map[string]bool, n)
	for i := range n {
		field, err := readField(f.tableAt(f.follow(pos+4*i)), i, l)
		if err != nil {
			return nil, err
		}
		if seen[field.Name] {
			return nil, errorf(CodeSchema, "two columns are named %q", field.Name)
		}
		seen[field.Name] = true
		fields = append(fields, field)
	}
	if f.broken {
		return nil, errBroken
	}
	return arrow.NewSchema(fields, nil), nil
}

func readField(t table, index int, l Limits) (arrow.Field, error) {
	none := arrow.Field{}
	if !t.there() {
		return none, errBroken
	}
	name := t.text(0)
	if len(name) == 0 || len(name) > l.NameBytes || !utf8.Valid(name) {
		return none, errorf(CodeSchema, "column %d: a name is 1 to %d bytes of UTF-8", index, l.NameBytes)
	}
	tag, details, dictionary := t.u8(2), t.table(3), t.table(4).there()
	_, children := t.vector(5, 4)
	dt, told := typeOf(tag, details), nameOf(tag, details)
	switch {
	case t.f.broken:
		return none, errBroken
	case dictionary:
		return none, errorf(CodeUnsupported, "column %q: a dictionary of %s; dictionaries are not supported", name, told)
	case dt == nil:
		return none, errorf(CodeUnsupported, "column %q: %s is not supported", name, told)
	case children != 0:
		return none, errorf(CodeUnsupported, "column %q: %s with %d children", name, told, children)
	}
	return arrow.Field{Name: string(name), Type: dt, Nullable: t.u8(1) != 0}, nil
}
