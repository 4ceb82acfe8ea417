package protoformat

import (
	"fmt"
	"slices"
	"strings"

	"github.com/apache/arrow-go/v18/arrow"
	"google.golang.org/protobuf/reflect/protoreflect"

	"github.com/weir-stream/weir/host/types"
)

// ToColumns is the columns of a table for a message, one a field, in the order of the fields in the file and with their names:
//
//	bool                     BOOLEAN
//	int32, int64, uint32 …   INT, BIGINT, INT UNSIGNED, BIGINT UNSIGNED
//	float, double            FLOAT, DOUBLE
//	string, enum, bytes      TEXT: the enum's name, base64
//	message, group           STRUCT; JSON for one without fields, one that contains itself, or past 30 levels
//	repeated                 an array
//	map                      JSON
//	Timestamp, Duration      TIMESTAMP, INTERVAL
//	wrappers                 the type they wrap
//	Struct, Value, ListValue, Any, FieldMask   JSON
//
// Columns are nullable but for required fields of proto2. A table may declare other types, see the package documentation.
func ToColumns(m protoreflect.MessageDescriptor) ([]arrow.Field, error) {
	s := shaper{left: types.MaxFields}
	columns := s.columns(m, types.MaxDepth)
	if len(columns) == 0 {
		return nil, fmt.Errorf("protobuf: message %s has no fields, and so a table of it no columns", m.FullName())
	}
	if s.left < 0 {
		return nil, fmt.Errorf("protobuf: message %s has more than %d fields, those of messages in it counted: declare columns",
			m.FullName(), types.MaxFields)
	}
	return columns, types.CheckAll(columns)
}

// shaper counts fields: messages that hold others twice each have exponentially many.
type shaper struct{ left int }

// columns is the columns for a message's fields, whose types may be so deep.
func (s *shaper) columns(m protoreflect.MessageDescriptor, depth int) []arrow.Field {
	columns := make([]arrow.Field, 0, m.Fields().Len())
	for i := range m.Fields().Len() {
		if s.left--; s.left < 0 {
			return columns
		}
		fd := m.Fields().Get(i)
		c := arrow.Field{Name: string(fd.Name()), Nullable: fd.Cardinality() != protoreflect.Required}
		switch {
		case fd.IsMap():
			c.Type = types.JSON()
		case fd.IsList():
			s.left--
			c.Type = types.List(s.column(fd, depth-1), true)
		default:
			c.Type = s.column(fd, depth)
		}
		columns = append(columns, c)
	}
	return columns
}

// column is the type for one value of the field.
func (s *shaper) column(fd protoreflect.FieldDescriptor, depth int) arrow.DataType {
	switch fd.Kind() {
	case protoreflect.BoolKind:
		return arrow.FixedWidthTypes.Boolean
	case protoreflect.Int32Kind, protoreflect.Sint32Kind, protoreflect.Sfixed32Kind:
		return arrow.PrimitiveTypes.Int32
	case protoreflect.Int64Kind, protoreflect.Sint64Kind, protoreflect.Sfixed64Kind:
		return arrow.PrimitiveTypes.Int64
	case protoreflect.Uint32Kind, protoreflect.Fixed32Kind:
		return arrow.PrimitiveTypes.Uint32
	case protoreflect.Uint64Kind, protoreflect.Fixed64Kind:
		return arrow.PrimitiveTypes.Uint64
	case protoreflect.FloatKind:
		return arrow.PrimitiveTypes.Float32
	case protoreflect.DoubleKind:
		return arrow.PrimitiveTypes.Float64
	case protoreflect.MessageKind, protoreflect.GroupKind:
		return s.message(fd.Message(), depth)
	}
	return arrow.BinaryTypes.String
}

func (s *shaper) message(m protoreflect.MessageDescriptor, depth int) arrow.DataType {
	const least = 3 // a struct of an array of values
	switch m.FullName() {
	case "google.protobuf.Timestamp":
		return &arrow.TimestampType{Unit: arrow.Nanosecond}
	case "google.protobuf.Duration":
		return arrow.FixedWidthTypes.MonthDayNanoInterval
	}
	switch {
	case isWrapper(m):
		return s.column(m.Fields().ByNumber(1), depth)
	case ownForm(m) != nil || m.Fields().Len() == 0 || depth < least || containsItself(m):
		return types.JSON()
	}
	return types.Struct(s.columns(m, depth-1)...)
}

// containsItself reports whether a message can hold another of its type, at any depth.
func containsItself(m protoreflect.MessageDescriptor) bool {
	seen := map[protoreflect.FullName]bool{}
	var reaches func(protoreflect.MessageDescriptor) bool
	reaches = func(from protoreflect.MessageDescriptor) bool {
		for i := range from.Fields().Len() {
			next := from.Fields().Get(i).Message()
			if next == nil || seen[next.FullName()] {
				continue
			}
			if next.FullName() == m.FullName() {
				return true
			}
			seen[next.FullName()] = true
			if reaches(next) {
				return true
			}
		}
		return false
	}
	return reaches(m)
}

// DefaultMessage is the name of the message that a table's rows are in a schema made of its columns, where no option says another.
const DefaultMessage = "Row"

// FromColumns is the text of a .proto file with one message for a table's columns, numbered in their order. Columns that may be
// null are optional fields, others are not. DECIMAL and UUID become strings, DATE and TIME whole numbers in their unit, JSON a
// google.protobuf.Value. What Protobuf has no type for is an error: an array of arrays, and a map of arrays or maps.
func FromColumns(message string, columns []arrow.Field) (string, error) {
	if !identifier(message) {
		return "", fmt.Errorf("protobuf: %q cannot name a message: use letters, digits and _", message)
	}
	w := protoWriter{imports: map[string]bool{}}
	if err := w.message(message, columns, 0); err != nil {
		return "", fmt.Errorf("protobuf: %w", err)
	}
	head := "syntax = \"proto3\";\n\n"
	for _, name := range []string{"duration", "struct", "timestamp"} {
		if w.imports[name] {
			head += "import \"google/protobuf/" + name + ".proto\";\n"
		}
	}
	if len(w.imports) > 0 {
		head += "\n"
	}
	return head + w.text.String(), nil
}

// identifier reports whether a .proto file can spell the name.
func identifier(name string) bool {
	for i, c := range []byte(name) {
		letter := c == '_' || c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z'
		if !letter && (i == 0 || c < '0' || c > '9') {
			return false
		}
	}
	return name != ""
}

type protoWriter struct {
	text    strings.Builder
	imports map[string]bool
}

func (w *protoWriter) message(name string, columns []arrow.Field, depth int) error {
	indent := strings.Repeat("  ", depth)
	fmt.Fprintf(&w.text, "%smessage %s {\n", indent, name)
	for i, c := range columns {
		if !identifier(c.Name) {
			return fmt.Errorf("column %q cannot name a field: use letters, digits and _", c.Name)
		}
		// A message within has its field's name with a suffix that no two fields share.
		nested := fmt.Sprintf("%s_%d", camel(c.Name), i+1)
		for slices.ContainsFunc(columns, func(c arrow.Field) bool { return c.Name == nested }) {
			nested += "_"
		}
		spelled, err := w.field(nested, c, depth+1)
		if err != nil {
			return err
		}
		number := i + 1
		if number >= 19000 { // to 19999 are reserved
			number += 1000
		}
		fmt.Fprintf(&w.text, "%s  %s %s = %d;\n", indent, spelled, c.Name, number)
	}
	fmt.Fprintf(&w.text, "%s}\n", indent)
	return nil
}

// field spells the type of a column with its label, having written the message it needs.
func (w *protoWriter) field(nested string, c arrow.Field, depth int) (string, error) {
	switch t := c.Type.(type) {
	case *arrow.ListType:
		item, err := w.single(nested, c.Name, t.Elem(), depth)
		return "repeated " + item, err
	case *arrow.MapType:
		value, err := w.single(nested, c.Name, t.ItemType(), depth)
		if err != nil {
			return "", err
		}
		key, err := w.single(nested, c.Name, t.KeyType(), depth)
		return "map<" + key + ", " + value + ">", err
	}
	spelled, err := w.single(nested, c.Name, c.Type, depth)
	if c.Nullable && err == nil {
		spelled = "optional " + spelled
	}
	return spelled, err
}

func (w *protoWriter) single(nested, column string, t arrow.DataType, depth int) (string, error) {
	known := func(file, name string) (string, error) {
		w.imports[file] = true
		return "google.protobuf." + name, nil
	}
	if types.IsJSON(t) {
		return known("struct", "Value")
	}
	if types.IsUUID(t) || arrow.TypeEqual(t, types.Dictionary()) {
		return "string", nil
	}
	switch t.ID() {
	case arrow.BOOL:
		return "bool", nil
	case arrow.INT8, arrow.INT16, arrow.INT32, arrow.DATE32, arrow.TIME32:
		return "int32", nil
	case arrow.INT64, arrow.TIME64:
		return "int64", nil
	case arrow.UINT8, arrow.UINT16, arrow.UINT32:
		return "uint32", nil
	case arrow.UINT64:
		return "uint64", nil
	case arrow.FLOAT32:
		return "float", nil
	case arrow.FLOAT64:
		return "double", nil
	case arrow.STRING, arrow.DECIMAL128:
		return "string", nil
	case arrow.BINARY:
		return "bytes", nil
	case arrow.TIMESTAMP:
		return known("timestamp", "Timestamp")
	case arrow.INTERVAL_MONTH_DAY_NANO:
		return known("duration", "Duration")
	case arrow.STRUCT:
		return nested, w.message(nested, t.(*arrow.StructType).Fields(), depth)
	}
	return "", fmt.Errorf("column %q: a field cannot be an array or a map of %s: use STRUCT or JSON for it", column, types.Name(t))
}

// camel is a name in UpperCamelCase.
func camel(name string) string {
	out := strings.Builder{}
	for _, part := range strings.Split(name, "_") {
		if part != "" {
			out.WriteString(strings.ToUpper(part[:1]) + part[1:])
		}
	}
	if out.Len() == 0 || out.String()[0] <= '9' {
		return "M" + out.String()
	}
	return out.String()
}
