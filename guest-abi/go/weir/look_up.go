package weir

import (
	"slices"

	"github.com/weir-stream/weir/guest-abi/go/weir/internal/ipc"
)

// inputs are columns to look up by their names: those of the input, or those inside of a column.
type inputs struct {
	open   *Open
	fields []Field
	count  *int   // of the values that each has in the batch at hand
	path   string // what their names begin with where a problem is told
	absent bool   // the column around them is not there, which has been told
}

// within are the columns inside of one, which has been looked up.
func (in *inputs) within(c *column, count *int) inputs {
	return inputs{in.open, c.field.Fields(), count, in.path + c.field.Name + ".", c.values == nil}
}

// Columns lists the columns that there are. They are the same for every batch.
func (in *inputs) Columns() []Field { return in.fields }

// Int8 looks up a column of type TINYINT. If there is none of that name and type, the module is refused when the operator
// returns, with a message that says so; the same holds for the look-ups below.
func (in *inputs) Int8(name string) *Column[int8] { return lookUp[int8](in, name, ipc.Int8) }

// Int16 looks up a column of type SMALLINT.
func (in *inputs) Int16(name string) *Column[int16] { return lookUp[int16](in, name, ipc.Int16) }

// Int32 looks up a column of type INT.
func (in *inputs) Int32(name string) *Column[int32] { return lookUp[int32](in, name, ipc.Int32) }

// Int64 looks up a column of type BIGINT.
func (in *inputs) Int64(name string) *Column[int64] { return lookUp[int64](in, name, ipc.Int64) }

// Uint8 looks up a column of type TINYINT UNSIGNED.
func (in *inputs) Uint8(name string) *Column[uint8] { return lookUp[uint8](in, name, ipc.Uint8) }

// Uint16 looks up a column of type SMALLINT UNSIGNED.
func (in *inputs) Uint16(name string) *Column[uint16] { return lookUp[uint16](in, name, ipc.Uint16) }

// Uint32 looks up a column of type INT UNSIGNED.
func (in *inputs) Uint32(name string) *Column[uint32] { return lookUp[uint32](in, name, ipc.Uint32) }

// Uint64 looks up a column of type BIGINT UNSIGNED.
func (in *inputs) Uint64(name string) *Column[uint64] { return lookUp[uint64](in, name, ipc.Uint64) }

// Float32 looks up a column of type FLOAT.
func (in *inputs) Float32(name string) *Column[float32] {
	return lookUp[float32](in, name, ipc.Float32)
}

// Float64 looks up a column of type DOUBLE.
func (in *inputs) Float64(name string) *Column[float64] {
	return lookUp[float64](in, name, ipc.Float64)
}

// Decimal looks up a column of type DECIMAL of any precision and scale, which [Column.Field] tells.
func (in *inputs) Decimal(name string) *Column[Decimal] {
	return lookUp[Decimal](in, name, ipc.Decimal)
}

// UUID looks up a column of type UUID.
func (in *inputs) UUID(name string) *Column[UUID] { return lookUp[UUID](in, name, ipc.UUID) }

// Interval looks up a column of type INTERVAL.
func (in *inputs) Interval(name string) *Column[Interval] {
	return lookUp[Interval](in, name, ipc.Interval)
}

// Date looks up a column of type DATE. Values are days since 1970.
func (in *inputs) Date(name string) *Column[int32] { return lookUp[int32](in, name, ipc.Date) }

// Time32 looks up a column of type TIME(0) or TIME(3), which [Column.Type] tells: seconds or milliseconds since midnight.
func (in *inputs) Time32(name string) *Column[int32] {
	return lookUp[int32](in, name, ipc.TimeSecond, ipc.TimeMilli)
}

// Time64 looks up a column of type TIME(6) or TIME(9), which [Column.Type] tells: micro- or nanoseconds since midnight.
func (in *inputs) Time64(name string) *Column[int64] {
	return lookUp[int64](in, name, ipc.TimeMicro, ipc.TimeNano)
}

// Timestamp looks up a column of type TIMESTAMP of any unit, without a time zone or with one, which [Column.Type] tells. Values
// count from 1970; those with a zone are in UTC.
func (in *inputs) Timestamp(name string) *Column[int64] {
	return lookUp[int64](in, name, ipc.TimestampSecond, ipc.TimestampMilli, ipc.TimestampMicro, ipc.TimestampNano,
		ipc.TimestampSecondUTC, ipc.TimestampMilliUTC, ipc.TimestampMicroUTC, ipc.TimestampNanoUTC)
}

// Bool looks up a column of type BOOLEAN.
func (in *inputs) Bool(name string) *BoolColumn {
	c := &BoolColumn{}
	in.add(c, &c.column, name, ipc.Bool)
	return c
}

// Text looks up a column of type TEXT.
func (in *inputs) Text(name string) *TextColumn {
	c := &TextColumn{}
	in.add(c, &c.column, name, ipc.Text)
	return c
}

// JSON looks up a column of type JSON. Each value is the text of one JSON value.
func (in *inputs) JSON(name string) *TextColumn {
	c := &TextColumn{}
	in.add(c, &c.column, name, ipc.JSON)
	return c
}

// Binary looks up a column of type BYTEA.
func (in *inputs) Binary(name string) *BinaryColumn {
	c := &BinaryColumn{}
	in.add(c, &c.column, name, ipc.Binary)
	return c
}

// List looks up a column of type ARRAY.
func (in *inputs) List(name string) *ListColumn { return in.list(name, ipc.List) }

// Map looks up a column of type MAP. It may have a key twice.
func (in *inputs) Map(name string) *ListColumn { return in.list(name, ipc.Map) }

func (in *inputs) list(name string, t Type) *ListColumn {
	c := &ListColumn{}
	in.add(c, &c.column, name, t)
	c.inputs = in.within(&c.column, &c.inside)
	return c
}

// Struct looks up a column of type STRUCT.
func (in *inputs) Struct(name string) *StructColumn {
	c := &StructColumn{}
	in.add(c, &c.column, name, ipc.Struct)
	c.inputs = in.within(&c.column, &c.inside)
	return c
}

func lookUp[T fixed](in *inputs, name string, types ...Type) *Column[T] {
	c := &Column[T]{}
	in.add(c, &c.column, name, types...)
	return c
}

func (in *inputs) add(found inColumn, c *column, name string, types ...Type) {
	c.field = &Field{Name: name, Type: types[0]} // so that the operator can go on and further problems are found
	if in.absent {
		return
	}
	for i := range in.fields {
		f := &in.fields[i]
		if f.Name != name {
			continue
		}
		if !slices.Contains(types, f.Type) {
			in.open.problem(abiStatusBadSchema, `column "`+in.path+name+`" is `+f.Type.String()+", this module needs "+wanted(types))
			return
		}
		c.field, c.values = f, in.count
		in.open.guest.columns = append(in.open.guest.columns, found)
		return
	}
	in.open.problem(abiStatusBadSchema, `there is no column "`+in.path+name+`" of type `+wanted(types))
}

func wanted(types []Type) string {
	if types[0].IsTimestamp() {
		return "TIMESTAMP"
	}
	words := types[0].String()
	for _, t := range types[1:] {
		words += " or " + t.String()
	}
	return words
}
