package ipc

import (
	"cmp"
	"fmt"
	"strings"
	"unicode/utf8"

	"github.com/apache/arrow-go/v18/arrow"

	"github.com/weir-stream/weir/host/types"
)

// mostMetadata is how many entries a field's metadata may have.
const mostMetadata = 256

// ReadSchema reads a schema message that a guest made. Columns are of supported types, the names of columns and of the fields
// of a struct unique, UTF-8 and not empty, types at most types.MaxDepth deep; metadata of fields and schema is dropped, but
// for the names of the extension types arrow.json and arrow.uuid. The parts of lists and maps get the names that arrow.ListOf
// and arrow.MapOf give them, and a map counts as not sorted. The error is an *Error.
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
	r := fieldReader{limits: l, left: l.Columns}
	fields, err := r.fields(header, 1, nil)
	if err != nil {
		return nil, err
	}
	if f.broken {
		return nil, errBroken
	}
	return arrow.NewSchema(fields, nil), nil
}

// fieldReader reads the fields of a schema. A table can be referred to more than once, so that a few bytes may stand for any
// number of fields: they are counted.
type fieldReader struct {
	limits Limits
	left   int // fields that may still come
}

// place is where a field is, written out only where something is wrong with it.
type place struct {
	above *place
	step  string
	depth int // lists, maps and structs around it
	maps  int // maps around it
}

// inList is the step to the items of a list.
const inList = "[]"

// inside is a place in a list, a map or a struct.
func (p *place) inside(step string) *place { return &place{p, step, p.depth + 1, p.maps} }

func (p *place) String() string {
	switch {
	case p == nil:
		return ""
	case p.above == nil || p.step == inList:
		return p.above.String() + p.step
	}
	return p.above.String() + "." + p.step
}

func (p *place) errorf(code, layout string, args ...any) error {
	return errorf(code, "column %q: %s", shown(p.String()), fmt.Sprintf(layout, args...))
}

// shown cuts a path that a guest chose, so that a message stays readable.
func shown(path string) string {
	const longest = 300
	if len(path) <= longest {
		return path
	}
	return strings.ToValidUTF8(path[:longest], "") + "…"
}

// fields reads the fields that a vector of t refers to: columns, or those of a struct at a place.
func (r *fieldReader) fields(t table, slot int, of *place) ([]arrow.Field, error) {
	pos, n, err := r.count(t, slot)
	if err != nil {
		return nil, err
	}
	fields := make([]arrow.Field, 0, n)
	seen := make(map[string]bool, n)
	for i := range n {
		t := t.f.tableAt(t.f.follow(pos + 4*i))
		if !t.there() {
			return nil, errBroken
		}
		bytes := t.text(0)
		if len(bytes) == 0 || len(bytes) > r.limits.NameBytes || !utf8.Valid(bytes) {
			return nil, errorf(CodeSchema, "%s %d: a name is 1 to %d bytes of UTF-8", cmp.Or(shown(of.String()), "column"), i, r.limits.NameBytes)
		}
		name := string(bytes)
		at := &place{step: name}
		if of != nil {
			at = of.inside(name)
		}
		field, err := r.field(t, name, at)
		if err != nil {
			return nil, err
		}
		if seen[field.Name] {
			return nil, errorf(CodeSchema, "two columns are named %q", shown(at.String()))
		}
		seen[field.Name] = true
		fields = append(fields, field)
	}
	return fields, nil
}

// count is a vector of fields, of which there are no more than may be.
func (r *fieldReader) count(t table, slot int) (pos, n int, err error) {
	pos, n = t.vector(slot, 4)
	if n > r.left {
		return 0, 0, errorf(CodeLimit, "more than %d columns, with all fields inside of them", r.limits.Columns)
	}
	r.left -= n
	return pos, n, nil
}

// field reads the rest of a field, whose name has been read.
func (r *fieldReader) field(t table, name string, at *place) (field arrow.Field, err error) {
	tag, details := t.u8(2), t.table(3)
	told, dictionary := nameOf(tag, details), t.table(4).there()
	_, children := t.vector(5, 4)
	field = arrow.Field{Name: name, Nullable: t.u8(1) != 0}
	switch {
	case t.f.broken:
		return field, errBroken
	case dictionary:
		return field, at.errorf(CodeUnsupported, "a dictionary of %s; dictionaries are not supported", told)
	case at.depth >= types.MaxDepth:
		return field, at.errorf(CodeLimit, "types nest at most %d deep", types.MaxDepth)
	case tag == tagMap && at.maps >= types.MaxMaps:
		return field, at.errorf(CodeLimit, "at most %d maps nest in each other", types.MaxMaps)
	case tag == tagList || tag == tagStruct || tag == tagMap:
		field.Type, err = r.nested(tag, t, at)
	default:
		if field.Type = typeOf(tag, details); field.Type == nil {
			err = at.errorf(CodeUnsupported, "%s is not supported", told)
		} else if children != 0 {
			err = at.errorf(CodeUnsupported, "%s with %d children", told, children)
		}
	}
	if err == nil {
		field.Type, err = r.extension(t, field.Type, at)
	}
	if t.f.broken {
		return field, errBroken
	}
	return field, err
}

// nested reads the type of a list, a struct or a map.
func (r *fieldReader) nested(tag byte, t table, at *place) (arrow.DataType, error) {
	switch tag {
	case tagStruct:
		fields, err := r.fields(t, 5, at)
		if err == nil && len(fields) == 0 {
			err = at.errorf(CodeUnsupported, "a Struct without fields is not supported")
		}
		if err != nil {
			return nil, err
		}
		return arrow.StructOf(fields...), nil
	case tagList:
		inside, err := r.parts(t, 1, "List", at)
		if err != nil {
			return nil, err
		}
		item, err := r.field(inside[0], "item", at.inside(inList))
		if err != nil {
			return nil, err
		}
		return arrow.ListOfField(item), nil
	}
	inside, err := r.parts(t, 1, "Map", at)
	if err != nil {
		return nil, err
	}
	entries := inside[0]
	if entries.u8(2) != tagStruct {
		return nil, at.errorf(CodeUnsupported, "a Map of %s; its entries are a Struct of key and value", nameOf(entries.u8(2), entries.table(3)))
	}
	if inside, err = r.parts(entries, 2, "Map", at); err != nil {
		return nil, err
	}
	return r.mapOf(inside[0], inside[1], at)
}

// parts are the children of a field that must have n of them, whatever they are called.
func (r *fieldReader) parts(t table, n int, told string, at *place) ([]table, error) {
	pos, found, err := r.count(t, 5)
	if err != nil {
		return nil, err
	}
	if found != n {
		return nil, at.errorf(CodeUnsupported, "%s with %d children", told, found)
	}
	parts := make([]table, n)
	for i := range parts {
		if parts[i] = t.f.tableAt(t.f.follow(pos + 4*i)); !parts[i].there() {
			return nil, errBroken
		}
	}
	return parts, nil
}

// mapOf is the type of a map. Neither its entries nor its keys are ever null, whatever the schema says.
func (r *fieldReader) mapOf(key, value table, at *place) (arrow.DataType, error) {
	at.maps++
	k, err := r.field(key, "key", at.inside("key"))
	if err != nil {
		return nil, err
	}
	if id := k.Type.ID(); !arrow.IsInteger(id) && id != arrow.STRING && id != arrow.BOOL {
		return nil, at.errorf(CodeUnsupported, "a Map with keys of type %s; Utf8, Int and Bool are supported", k.Type)
	}
	v, err := r.field(value, "value", at.inside("value"))
	if err != nil {
		return nil, err
	}
	k.Nullable = false
	return arrow.MapOfFields(k, v), nil
}

// extension is the type of a field whose storage is known, by its metadata. An extension type that weir does not know is its
// storage, as Columnar.html has it.
func (r *fieldReader) extension(t table, storage arrow.DataType, at *place) (arrow.DataType, error) {
	pos, n := t.vector(6, 4)
	if n > mostMetadata {
		return nil, at.errorf(CodeLimit, "metadata of %d entries; at most %d are allowed", n, mostMetadata)
	}
	var name []byte
	for i := 0; i < n && name == nil; i++ {
		if pair := t.f.tableAt(t.f.follow(pos + 4*i)); string(pair.text(0)) == extensionName {
			name = pair.text(1)
		}
	}
	for _, known := range []arrow.DataType{types.JSON(), types.UUID()} {
		switch extension := known.(arrow.ExtensionType); {
		case extension.ExtensionName() != string(name):
		case arrow.TypeEqual(storage, extension.StorageType()):
			return extension, nil
		default:
			return nil, at.errorf(CodeUnsupported, "%s stored as %s is not supported", name, storage)
		}
	}
	return storage, nil
}
