package weir

import (
	"errors"
	"strconv"

	"github.com/weir-stream/weir/guest-abi/go/weir/internal/ipc"
)

// emitter is a declared output.
type emitter interface {
	declare()
	reset()
	Emit() error
}

// output is what [Patch] and [Rows] share: columns, and a list of input rows.
type output struct {
	guest   *Guest
	name    string
	kind    uint32
	number  uint32
	columns []outColumn
	bases   []*outBase  // of the columns, so that a loop over rows makes no interface calls
	writer  *ipc.Writer // nil where there are no columns, or until declared
	rows    []uint32    // the selection, or the origins
}

// Int8 declares a column of type TINYINT. Columns are declared while opening, and their values are written while a batch is
// handled, one for each row of the output. They are nullable unless NotNull is called on the writer.
func (o *output) Int8(name string) *Writer[int8] { return declare[int8](o, name, ipc.Int8) }

// Int16 declares a column of type SMALLINT.
func (o *output) Int16(name string) *Writer[int16] { return declare[int16](o, name, ipc.Int16) }

// Int32 declares a column of type INT.
func (o *output) Int32(name string) *Writer[int32] { return declare[int32](o, name, ipc.Int32) }

// Int64 declares a column of type BIGINT.
func (o *output) Int64(name string) *Writer[int64] { return declare[int64](o, name, ipc.Int64) }

// Uint8 declares a column of type TINYINT UNSIGNED.
func (o *output) Uint8(name string) *Writer[uint8] { return declare[uint8](o, name, ipc.Uint8) }

// Uint16 declares a column of type SMALLINT UNSIGNED.
func (o *output) Uint16(name string) *Writer[uint16] { return declare[uint16](o, name, ipc.Uint16) }

// Uint32 declares a column of type INT UNSIGNED.
func (o *output) Uint32(name string) *Writer[uint32] { return declare[uint32](o, name, ipc.Uint32) }

// Uint64 declares a column of type BIGINT UNSIGNED.
func (o *output) Uint64(name string) *Writer[uint64] { return declare[uint64](o, name, ipc.Uint64) }

// Float32 declares a column of type FLOAT.
func (o *output) Float32(name string) *Writer[float32] { return declare[float32](o, name, ipc.Float32) }

// Float64 declares a column of type DOUBLE.
func (o *output) Float64(name string) *Writer[float64] { return declare[float64](o, name, ipc.Float64) }

// UUID declares a column of type UUID.
func (o *output) UUID(name string) *Writer[UUID] { return declare[UUID](o, name, ipc.UUID) }

// Interval declares a column of type INTERVAL.
func (o *output) Interval(name string) *Writer[Interval] {
	return declare[Interval](o, name, ipc.Interval)
}

// Decimal declares a column of type DECIMAL of 1 to 38 digits, some of them behind the point. It panics on other numbers. The host
// refuses a value that has more digits.
func (o *output) Decimal(name string, precision, scale int) *Writer[Decimal] {
	if precision < 1 || precision > 38 || scale < 0 || scale > precision {
		panic("weir: the precision of a decimal is 1 to 38, its scale 0 to the precision")
	}
	w := declare[Decimal](o, name, ipc.Decimal)
	w.field.Precision, w.field.Scale = precision, scale
	return w
}

// Date declares a column of type DATE. Values are days since 1970.
func (o *output) Date(name string) *Writer[int32] { return declare[int32](o, name, ipc.Date) }

// Time32 declares a column of type TIME(0) or TIME(3): TimeSecond or TimeMilli. It panics on another type. The host refuses a
// value that is no time of a day.
func (o *output) Time32(name string, unit Type) *Writer[int32] {
	if unit != TimeSecond && unit != TimeMilli {
		panic("weir: the unit of a time in 32 bits is TimeSecond or TimeMilli")
	}
	return declare[int32](o, name, unit)
}

// Time64 declares a column of type TIME(6) or TIME(9): TimeMicro or TimeNano. It panics on another type. The host refuses a value
// that is no time of a day.
func (o *output) Time64(name string, unit Type) *Writer[int64] {
	if unit != TimeMicro && unit != TimeNano {
		panic("weir: the unit of a time in 64 bits is TimeMicro or TimeNano")
	}
	return declare[int64](o, name, unit)
}

// Timestamp declares a column of one of the eight timestamp types, four of which have a time zone. It panics on another type.
func (o *output) Timestamp(name string, unit Type) *Writer[int64] {
	if !unit.IsTimestamp() {
		panic("weir: the unit of a timestamp is TimestampSecond, TimestampMilli, TimestampMicro or TimestampNano, or one of these with UTC")
	}
	return declare[int64](o, name, unit)
}

// Bool declares a column of type BOOLEAN.
func (o *output) Bool(name string) *BoolWriter {
	w := &BoolWriter{}
	o.add(w, name, ipc.Bool)
	return w
}

// Text declares a column of type TEXT.
func (o *output) Text(name string) *TextWriter { return o.text(name, ipc.Text) }

// JSON declares a column of type JSON. The host refuses a text that is not one JSON value.
func (o *output) JSON(name string) *TextWriter { return o.text(name, ipc.JSON) }

func (o *output) text(name string, t Type) *TextWriter {
	w := &TextWriter{newVariableWriter()}
	o.add(w, name, t)
	return w
}

// Binary declares a column of type BYTEA.
func (o *output) Binary(name string) *BinaryWriter {
	w := &BinaryWriter{newVariableWriter()}
	o.add(w, name, ipc.Binary)
	return w
}

func declare[T fixed](o *output, name string, t Type) *Writer[T] {
	w := &Writer[T]{}
	o.add(w, name, t)
	return w
}

// add declares a column. It panics once the operator is open, since the host has been told the outputs by then.
func (o *output) add(w outColumn, name string, t Type) {
	if o.guest.process != nil {
		panic("weir: a column is declared after the operator was opened")
	}
	base := w.base()
	base.field = ipc.Field{Name: name, Type: t, Nullable: true}
	o.columns = append(o.columns, w)
	o.bases = append(o.bases, base)
}

func (o *output) declare() {
	fields := make([]ipc.Field, len(o.columns))
	for i, b := range o.bases {
		fields[i] = b.field
	}
	if len(fields) > 0 {
		o.writer = ipc.NewWriter(fields)
	}
	o.number = o.guest.host.Output(o.name, o.kind, ipc.SchemaMessage(fields))
}

func (o *output) reset() { o.truncate(0) }

// truncate takes back all rows from the given one on.
func (o *output) truncate(rows int) {
	if len(o.rows) > rows {
		o.rows = o.rows[:rows]
	}
	for i, b := range o.bases {
		if b.rows > rows {
			o.columns[i].truncate(rows)
		}
	}
}

// settle makes the columns as long as the list of rows: the row at hand, which was kept or not, is completed or taken back.
func (o *output) settle(kept bool) {
	if kept {
		o.complete(len(o.rows))
		return
	}
	o.truncate(len(o.rows))
}

// complete gives the columns that the last of the rows left out a null.
func (o *output) complete(rows int) {
	for i, b := range o.bases {
		if b.rows == rows-1 {
			o.columns[i].AppendNull()
		}
	}
}

// emit sends the rows written so far with the list of input rows, nil for none, and starts anew.
func (o *output) emit(rows int, list []uint32) error {
	for _, b := range o.bases {
		switch {
		case b.rows != rows:
			return o.columnError(b, "has "+strconv.Itoa(b.rows)+" values for "+strconv.Itoa(rows)+" rows")
		case b.nullCount > 0 && !b.field.Nullable:
			return o.columnError(b, "is NOT NULL, but a row has no value")
		}
	}
	if rows > 0 {
		count := uint32(abiNoRows)
		if list != nil {
			count = uint32(len(list))
		}
		o.guest.host.Emit(o.number, list, count, o.message(rows))
	}
	o.reset()
	return nil
}

// message is the columns as a record batch, nil where there are none.
func (o *output) message(rows int) []byte {
	if o.writer == nil {
		return nil
	}
	o.writer.Begin(rows)
	for _, c := range o.columns {
		c.encode(o.writer)
	}
	return o.writer.Finish()
}

func (o *output) columnError(c *outBase, problem string) error {
	return errors.New(`column "` + c.field.Name + `" of output "` + o.name + `" ` + problem)
}
