package jsonformat

import (
	"errors"
	"fmt"
	"math"
	"math/big"
	"slices"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/santhosh-tekuri/jsonschema/v6"

	"github.com/weir-stream/weir/host/types"
	"github.com/weir-stream/weir/internal/fault"
)

// Columns are what a JSON Schema says of a table.
type Columns struct {
	Fields []arrow.Field // in the document's order
	// Notes say where a column, or what is inside of one, is JSON because no other type holds what the schema allows: "a.b: oneOf".
	Notes []string

	closed bool // there are no others
}

// ToColumns is the columns that a JSON Schema document (draft 4 to 2020-12) describes, one a property of its root, as the package
// documentation lists them. The document has at most [MaxSchemaBytes] bytes and refers to itself only.
func ToColumns(text string) ([]arrow.Field, error) {
	c, err := ParseColumns(text)
	return c.Fields, err
}

// ParseColumns is ToColumns, with notes.
func ParseColumns(text string) (Columns, error) {
	c, err := parseColumns(text, nil, true)
	if err != nil {
		err = fault.Inputf("json: the schema: %w", err)
	}
	return c, err
}

// parseColumns is ParseColumns for a document that may refer to others, by their names. Without named types the columns are those that any
// reader of JSON Schema sees, which is what records hold.
func parseColumns(text string, others map[string]string, named bool) (Columns, error) {
	d, err := parseSchema(text, others)
	if err != nil {
		return Columns{}, err
	}
	r := reader{
		document: d, takesNames: named, left: types.MaxFields, work: maxMerged, open: map[*jsonschema.Schema]bool{}, words: map[*jsonschema.Schema]words{},
	}
	return r.columns()
}

// maxMerged is far more than a table of types.MaxFields columns needs, and about a second of work.
const maxMerged = 1 << 16

// reader makes types of schemas.
type reader struct {
	document *schemaDocument

	takesNames bool // of types, under typeKeyword

	left  int // fields that the table may have yet: schemas that mention others twice each describe exponentially many
	work  int // schemas and their properties that may be merged yet: every field may have as many as the document
	open  map[*jsonschema.Schema]bool
	words map[*jsonschema.Schema]words
	notes []string
	err   error
}

func (r *reader) columns() (Columns, error) {
	root := r.merge(r.document.root)
	for _, s := range root.parts {
		r.open[s] = true
	}
	switch {
	case root.odd != "":
		return Columns{}, fmt.Errorf("its root is an object with properties, not one of several things (%s)", root.odd)
	case root.only() != "object":
		return Columns{}, errors.New("its root is not an object, which a record is: it needs \"type\": \"object\" and properties")
	case len(root.properties) == 0:
		return Columns{}, errors.New("its root has no properties, which are the columns")
	}
	c := Columns{Fields: r.fields(root, "", 1), Notes: r.notes, closed: root.closed}
	if r.work < 0 {
		return Columns{}, fmt.Errorf("its columns are made of more than %d schemas and properties, those of what it refers to counted each time: declare columns", maxMerged)
	}
	if r.left < 0 {
		return Columns{}, fmt.Errorf("more than %d fields in all, those of what it refers to counted each time: declare columns", types.MaxFields)
	}
	if r.err != nil {
		return Columns{}, r.err
	}
	return c, types.CheckAll(c.Fields)
}

// fields are the properties of an object that is so deep.
func (r *reader) fields(n *described, path string, depth int) []arrow.Field {
	fields := make([]arrow.Field, 0, len(n.properties))
	for _, p := range n.properties {
		if r.left--; r.left < 0 || r.work < 0 {
			return fields
		}
		at := p.name
		if path != "" {
			at = path + "." + p.name
		}
		t, nullable := r.column(p.schemas, at, depth)
		fields = append(fields, arrow.Field{Name: p.name, Type: t, Nullable: nullable || !n.required[p.name]})
	}
	return fields
}

// column is the type that holds what all the schemas allow.
func (r *reader) column(all []*jsonschema.Schema, path string, depth int) (t arrow.DataType, nullable bool) {
	n := r.merge(all...)
	if depth > types.MaxDepth || slices.ContainsFunc(n.parts, func(s *jsonschema.Schema) bool { return r.open[s] }) {
		r.note(path, tooDeep)
		return types.JSON(), n.nullable()
	}
	for _, s := range n.parts {
		r.open[s] = true
	}
	t, odd := r.typeOf(n, path, depth)
	for _, s := range n.parts {
		delete(r.open, s)
	}
	if n.named != "" {
		return r.named(n, t, odd, path)
	}
	if odd != "" {
		r.note(path, odd)
		t = types.JSON()
	}
	return t, n.nullable()
}

func (r *reader) note(path, why string) {
	const most = 100
	if len(r.notes) < most {
		r.notes = append(r.notes, path+": "+why)
	}
}

const tooDeep = "it contains itself, or is nested deep"

// typeOf is the type for a value that is so deep; odd says why there is none but JSON.
func (r *reader) typeOf(n *described, path string, depth int) (t arrow.DataType, odd string) {
	if n.odd != "" {
		return nil, n.odd
	}
	switch kind := n.only(); kind {
	case "boolean":
		return arrow.FixedWidthTypes.Boolean, ""
	case "integer":
		return n.integer()
	case "number":
		if n.format == "float" {
			return arrow.PrimitiveTypes.Float32, ""
		}
		return arrow.PrimitiveTypes.Float64, ""
	case "string":
		return n.text(), ""
	case "array":
		switch {
		case n.tuple:
			return nil, "a tuple"
		case len(n.items) == 0:
			return nil, "an array whose items may be anything"
		case depth == types.MaxDepth:
			return nil, tooDeep
		}
		r.left--
		item, nullable := r.column(n.items, path+"[]", depth+1)
		return types.List(item, nullable), ""
	case "object":
		return r.object(n, path, depth)
	case "null":
		return nil, "only null"
	}
	if n.types == 0 {
		return nil, "any type"
	}
	return nil, "several types"
}

// object is the type for an object: STRUCT where it has properties, MAP where it has others only, which are alike.
func (r *reader) object(n *described, path string, depth int) (arrow.DataType, string) {
	switch {
	case depth == types.MaxDepth && len(n.properties)+len(n.values) > 0:
		return nil, tooDeep
	case len(n.properties) > 0:
		return types.Struct(r.fields(n, path, depth+1)...), ""
	case len(n.values) > 0 && r.saysMore(n.values):
		r.left--
		value, nullable := r.column(n.values, path+"{}", depth+1)
		m := types.Map(r.keyType(n.keys, path), value, nullable)
		if err := types.Check(m); err != nil && r.left >= 0 {
			return nil, err.Error()
		}
		return m, ""
	}
	return nil, "an object whose members may be anything"
}

// saysMore reports whether schemas say what a value is.
func (r *reader) saysMore(all []*jsonschema.Schema) bool {
	n := r.merge(all...)
	return n.types != 0 || n.named != ""
}

// integerFormats are the formats that say how wide an integer is.
var integerFormats = map[string]arrow.DataType{
	"int8": arrow.PrimitiveTypes.Int8, "int16": arrow.PrimitiveTypes.Int16, "int32": arrow.PrimitiveTypes.Int32, "int64": arrow.PrimitiveTypes.Int64,
	"uint8": arrow.PrimitiveTypes.Uint8, "uint16": arrow.PrimitiveTypes.Uint16, "uint32": arrow.PrimitiveTypes.Uint32, "uint64": arrow.PrimitiveTypes.Uint64,
}

// integer is INT, INT UNSIGNED, BIGINT or BIGINT UNSIGNED, the first that has room between the bounds, unless the format says.
func (n *described) integer() (t arrow.DataType, odd string) {
	if t := integerFormats[n.format]; t != nil {
		return t, ""
	}
	low, high := n.low, n.high
	if low == nil && high == nil {
		return arrow.PrimitiveTypes.Int64, ""
	}
	if low == nil {
		low = new(big.Rat).SetInt64(math.MinInt64)
	}
	if high == nil {
		if high = new(big.Rat).SetInt64(math.MaxInt64); low.Sign() >= 0 {
			high.SetUint64(math.MaxUint64)
		}
	}
	for _, c := range []struct {
		t    arrow.DataType
		low  int64
		high uint64
	}{
		{arrow.PrimitiveTypes.Int32, math.MinInt32, math.MaxInt32}, {arrow.PrimitiveTypes.Uint32, 0, math.MaxUint32},
		{arrow.PrimitiveTypes.Int64, math.MinInt64, math.MaxInt64}, {arrow.PrimitiveTypes.Uint64, 0, math.MaxUint64},
	} {
		if low.Cmp(new(big.Rat).SetInt64(c.low)) >= 0 && high.Cmp(new(big.Rat).SetUint64(c.high)) <= 0 {
			return c.t, ""
		}
	}
	return nil, "integers of more than 64 bits"
}

// text is the type for a string, by what the schema says of how it is written.
func (n *described) text() arrow.DataType {
	switch n.format {
	case "date-time":
		return &arrow.TimestampType{Unit: arrow.Nanosecond}
	case "date":
		return arrow.FixedWidthTypes.Date32
	case "time":
		return arrow.FixedWidthTypes.Time64ns
	case "duration":
		return arrow.FixedWidthTypes.MonthDayNanoInterval
	case "uuid":
		return types.UUID()
	case "byte": // OpenAPI's name of base64
		return arrow.BinaryTypes.Binary
	}
	if n.encoding == "base64" {
		return arrow.BinaryTypes.Binary
	}
	return arrow.BinaryTypes.String
}

// only is the one type that it allows beside null; "" where there are several. An integer is a number as well.
func (n *described) only() string {
	kinds := slices.DeleteFunc(n.types.ToStrings(), func(kind string) bool { return kind == "null" })
	switch {
	case n.types == 0 || len(kinds) > 2:
		return ""
	case len(kinds) == 0:
		return "null"
	case len(kinds) == 2:
		if slices.Contains(kinds, "integer") && slices.Contains(kinds, "number") {
			return "number"
		}
		return ""
	}
	return kinds[0]
}

// nullable reports whether it allows null, as what says nothing of types does.
func (n *described) nullable() bool {
	return n.types == 0 || slices.Contains(n.types.ToStrings(), "null")
}
