package protoformat

import (
	"fmt"
	"math"
	"slices"

	"github.com/apache/arrow-go/v18/arrow"
	"google.golang.org/protobuf/reflect/protoreflect"

	"github.com/weir-stream/weir/host/batch"
	"github.com/weir-stream/weir/host/format"
	"github.com/weir-stream/weir/host/types"
)

// plan is how a message becomes columns: its tags, and for each the column it goes to. Plans of one table form a tree, as
// its columns do, so none is entered twice at a time.
type plan struct {
	layout  *layout
	columns []column          // those of the layout's fields that the table has; the fields behind them only count for their oneofs
	absent  []int             // columns without a field in this message type
	start   slot              // stands before the first tag
	serial  uint64            // counts messages, so that a column's seen tells whether it has a value
	single  int               // columns of one value
	lists   []int             // the others
	cells   int               // columns below, at any depth
	problem *format.DataError // in place of all that
	whole   *jsonType         // of protobuf.into_unstructured_json: the message goes to the only column as JSON; nil: it does not
}

// how is the way a field is read without detours.
type how uint8

const (
	asValue  how = iota // by store
	asWord              // a varint into 64 bits
	asHalf              // a varint of 32 bits into 64
	asDouble            // eight bytes
	asText              // a string
	asPiece             // put aside until the message ends
)

// shape is how many values a field has, and where they go.
type shape uint8

const (
	shapeSingle shape = iota
	shapeList
	shapeMap
	shapeWhole // a repeated field or a map as one JSON text
)

// absence is what a column gets from a message without its field.
type absence uint8

const (
	absentNull absence = iota
	absentMissing
	absentDefault // the word or bytes in initial; lists and maps are empty
)

// column is a declared column, or a field of one, and the field of a message that fills it.
type column struct {
	seen   uint64
	oneof  *uint64 // see slot
	column *batch.Column
	how    how
	shape  shape
	absent absence

	value    value // the single one, or each item, or the values of a map
	key      value // of a map
	whole    *jsonField
	entry    *entry // of a map
	initial  piece
	count    int                          // items so far, for error paths
	fd       protoreflect.FieldDescriptor // nil: the message has no such field
	from     arrow.Array                  // of an encoder: the lists or maps, and the nulls
	name     string
	nullable bool
	target   int
	sql      string
}

// planner makes plans for one format's settings.
type planner struct {
	config   Config
	document *document
	json     map[protoreflect.FullName]*jsonType
}

// plan matches columns with the fields of a message by their names. Unless loose a column without a field is an error, as it
// is only then that the schema comes with the table and not with the record.
func (p *planner) plan(m protoreflect.MessageDescriptor, fields []format.Field, loose bool) (*plan, error) {
	if len(fields) == 0 {
		return nil, fmt.Errorf("no columns for message %s", m.FullName())
	}
	out := &plan{}
	var fds []protoreflect.FieldDescriptor
	taken := map[protoreflect.FullName]bool{}
	for _, f := range fields {
		fd := fieldNamed(m, f.Name)
		switch {
		case fd == nil && !loose:
			return nil, fmt.Errorf("message %s has no field for column %q", m.FullName(), f.Name)
		case fd != nil && taken[fd.FullName()]:
			return nil, fmt.Errorf("two columns for field %s", fd.FullName())
		}
		c := column{name: f.Name, nullable: f.Nullable, target: f.Column, sql: types.Name(f.Type)}
		if fd == nil {
			if c.absent = absentNull; !f.Nullable {
				c.absent = absentMissing
			}
			out.cells++
			out.absent = append(out.absent, len(out.columns))
			out.columns = append(out.columns, c)
			fds = append(fds, nil)
			continue
		}
		taken[fd.FullName()] = true
		c.fd = fd
		if err := p.column(&c, fd, f.Type, loose); err != nil {
			return nil, err
		}
		out.cells += c.cells()
		out.columns = append(out.columns, c)
		fds = append(fds, fd)
	}
	p.link(out, m, fds)
	return out, nil
}

// fieldNamed is the field of a column: of its name, or of its JSON name.
func fieldNamed(m protoreflect.MessageDescriptor, name string) protoreflect.FieldDescriptor {
	if fd := m.Fields().ByName(protoreflect.Name(name)); fd != nil {
		return fd
	}
	return m.Fields().ByJSONName(name)
}

// link builds the plan's layout. Columns go into the order of their field numbers, those without a field behind them; behind
// all come members of the columns' oneofs that the table does not have.
func (p *planner) link(out *plan, m protoreflect.MessageDescriptor, fds []protoreflect.FieldDescriptor) {
	order := make([]int, len(fds))
	for i := range order {
		order[i] = i
	}
	number := func(i int) protoreflect.FieldNumber {
		if fds[i] == nil {
			return math.MaxInt32
		}
		return fds[i].Number()
	}
	slices.SortStableFunc(order, func(a, b int) int { return int(number(a)) - int(number(b)) })
	columns, laidOut := make([]column, 0, len(fds)), make([]protoreflect.FieldDescriptor, 0, len(fds))
	out.absent = out.absent[:0]
	for at, i := range order {
		columns = append(columns, out.columns[i])
		if fds[i] == nil {
			out.absent = append(out.absent, at)
		} else {
			laidOut = append(laidOut, fds[i])
		}
	}
	out.columns = columns
	declared := len(laidOut)
	oneofs := map[int]*uint64{}
	for _, fd := range laidOut[:declared] {
		if o := fd.ContainingOneof(); o != nil && !o.IsSynthetic() && oneofs[o.Index()] == nil {
			oneofs[o.Index()] = new(uint64)
			for i := range o.Fields().Len() {
				if member := o.Fields().Get(i); !slices.Contains(laidOut[:declared], member) {
					laidOut = append(laidOut, member)
				}
			}
		}
	}
	out.layout = newLayout(m, laidOut)
	out.layout.each(func(s *slot) {
		s.next, s.oneof = &out.start, oneofs[out.layout.fields[s.index].oneof]
		if s.index < declared {
			s.field = &out.columns[s.index]
			s.field.oneof = s.oneof
			s.plain = s.oneof == nil && s.field.shape == shapeSingle
		}
	})
	before := &out.start
	for _, f := range out.layout.fields[:declared] {
		s := out.layout.find(f.tag)
		if f.fd.IsPacked() {
			s = out.layout.find(f.tag&^7 | wireBytes)
		}
		before.next, before = s, s
	}
	before.next = &out.start
	for i := range out.columns {
		if c := &out.columns[i]; c.shape == shapeSingle {
			out.single++
		} else {
			out.lists = append(out.lists, i)
		}
	}
}

// cells is how many columns are below c.
func (c *column) cells() int {
	n := 1
	if c.shape == shapeMap {
		n++
	}
	if c.value.sub != nil {
		n += c.value.sub.cells
	}
	return n
}

// column makes the plan of one field and the column of type t it goes to.
func (p *planner) column(c *column, fd protoreflect.FieldDescriptor, t arrow.DataType, loose bool) (err error) {
	list, isList := t.(*arrow.ListType)
	asMap, isMap := t.(*arrow.MapType)
	switch {
	case (fd.IsList() || fd.IsMap()) && types.IsJSON(t):
		c.shape, c.how, c.whole = shapeWhole, asPiece, p.jsonField(fd)
	case fd.IsMap() && isMap:
		c.shape, c.how = shapeMap, asPiece
		c.entry = newEntry(fd)
		if c.key, err = p.value(fd.MapKey(), asMap.KeyType(), loose); err == nil {
			c.value, err = p.value(fd.MapValue(), asMap.ItemType(), loose)
		}
	case fd.IsList() && isList:
		c.shape = shapeList
		c.value, err = p.value(fd, list.Elem(), loose)
	case fd.IsList() || fd.IsMap():
		return mismatch(fd, t)
	default:
		if c.value, err = p.value(fd, t, loose); err == nil {
			c.how = c.value.how()
		}
	}
	if err != nil {
		return err
	}
	p.absence(c, fd)
	return nil
}

// absence settles what the column gets from a message without the field.
func (p *planner) absence(c *column, fd protoreflect.FieldDescriptor) {
	explicit := fd.HasPresence() && !fd.HasDefault()
	switch {
	case !p.config.Arroyo && !explicit:
		c.absent, c.initial = absentDefault, initial(fd)
	case c.nullable:
		c.absent = absentNull
	default:
		c.absent = absentMissing
	}
}

// initial is a field's default as the wire would have it; a list's or map's is nothing.
func initial(fd protoreflect.FieldDescriptor) piece {
	if fd.IsList() || fd.IsMap() || fd.Message() != nil {
		return piece{}
	}
	v := fd.Default()
	switch fd.Kind() {
	case protoreflect.BoolKind:
		if v.Bool() {
			return piece{word: 1}
		}
		return piece{}
	case protoreflect.EnumKind:
		return piece{word: uint64(v.Enum())}
	case protoreflect.StringKind:
		return piece{bytes: []byte(v.String())}
	case protoreflect.BytesKind:
		return piece{bytes: v.Bytes()}
	case protoreflect.FloatKind:
		return piece{word: uint64(math.Float32bits(float32(v.Float())))}
	case protoreflect.DoubleKind:
		return piece{word: math.Float64bits(v.Float())}
	case protoreflect.Sint32Kind, protoreflect.Sint64Kind:
		return piece{word: uint64(v.Int()<<1) ^ uint64(v.Int()>>63)}
	case protoreflect.Uint32Kind, protoreflect.Uint64Kind, protoreflect.Fixed32Kind, protoreflect.Fixed64Kind:
		return piece{word: v.Uint()}
	}
	return piece{word: uint64(v.Int())}
}

func mismatch(fd protoreflect.FieldDescriptor, t arrow.DataType) error {
	return fmt.Errorf("field %s is %s, which does not fit %s: %s", fd.FullName(), protoType(fd), types.Name(t), fits(fd))
}

// protoType is a field's type as a .proto file spells it.
func protoType(fd protoreflect.FieldDescriptor) string {
	switch {
	case fd.IsMap():
		return "map<" + protoType(fd.MapKey()) + ", " + protoType(fd.MapValue()) + ">"
	case fd.IsList():
		return "repeated " + elementType(fd)
	}
	return elementType(fd)
}

func elementType(fd protoreflect.FieldDescriptor) string {
	switch {
	case fd.Message() != nil:
		return string(fd.Message().FullName())
	case fd.Enum() != nil:
		return string(fd.Enum().FullName())
	}
	return fd.Kind().String()
}

// bind gives the columns below their places in a builder's column; nil: nowhere.
func (c *column) bind(to *batch.Column) {
	c.column = to
	switch c.shape {
	case shapeSingle:
		c.value.bind(to)
	case shapeList:
		c.value.bind(child(to, 0))
	case shapeMap:
		c.key.bind(child(to, 0))
		c.value.bind(child(to, 1))
	}
}

func child(c *batch.Column, i int) *batch.Column {
	if c == nil {
		return nil
	}
	return c.Child(i)
}
