package weir

import (
	"errors"
	"slices"
	"strings"

	"github.com/weir-stream/weir/guest-abi/go/weir/internal/ipc"
)

// Type is the type of a column. Its String is the name in SQL.
type Type = ipc.Type

// The types of columns. A column of any other type is OtherType: it can be seen in [Open.Columns] but not read.
const (
	OtherType       = ipc.Other
	BoolType        = ipc.Bool
	Int32Type       = ipc.Int32
	Int64Type       = ipc.Int64
	Float64Type     = ipc.Float64
	TextType        = ipc.Text
	TimestampSecond = ipc.TimestampSecond
	TimestampMilli  = ipc.TimestampMilli
	TimestampMicro  = ipc.TimestampMicro
	TimestampNano   = ipc.TimestampNano
)

// Field is a column's name and type.
type Field = ipc.Field

// Open is what an operator is opened with. All of it but Log is for use until the operator returns.
type Open struct {
	Log Logger // may be kept

	guest    *Guest
	params   []param
	asked    []string // names of the parameters that the operator knows
	status   uint32
	problems []string
}

// Columns lists the input's columns. They are the same for every batch.
func (o *Open) Columns() []Field { return o.guest.schema.Fields }

// Int32 looks up a column of type INT. If there is none of that name and type, the module is refused when the operator
// returns, with a message that says so; the same holds for the look-ups below.
func (o *Open) Int32(name string) *Column[int32] { return lookUp[int32](o, name, ipc.Int32) }

// Int64 looks up a column of type BIGINT.
func (o *Open) Int64(name string) *Column[int64] { return lookUp[int64](o, name, ipc.Int64) }

// Float64 looks up a column of type DOUBLE.
func (o *Open) Float64(name string) *Column[float64] { return lookUp[float64](o, name, ipc.Float64) }

// Timestamp looks up a column of type TIMESTAMP of any unit, which [Column.Type] tells. Values count from 1970 in UTC.
func (o *Open) Timestamp(name string) *Column[int64] {
	return lookUp[int64](o, name, ipc.TimestampSecond, ipc.TimestampMilli, ipc.TimestampMicro, ipc.TimestampNano)
}

// Bool looks up a column of type BOOLEAN.
func (o *Open) Bool(name string) *BoolColumn {
	c := &BoolColumn{}
	o.add(c, &c.column, name, ipc.Bool)
	return c
}

// Text looks up a column of type TEXT.
func (o *Open) Text(name string) *TextColumn {
	c := &TextColumn{}
	o.add(c, &c.column, name, ipc.Text)
	return c
}

func lookUp[T fixed](o *Open, name string, types ...Type) *Column[T] {
	c := &Column[T]{}
	o.add(c, &c.column, name, types...)
	return c
}

func (o *Open) add(in inColumn, c *column, name string, types ...Type) {
	c.kind = types[0] // also of a column that is missing, so that the operator can go on and further problems are found
	for i, f := range o.Columns() {
		if f.Name != name {
			continue
		}
		if !slices.Contains(types, f.Type) {
			o.problem(abiStatusBadSchema, `column "`+name+`" is `+f.Type.String()+", this module needs "+wanted(types))
			return
		}
		c.index, c.kind = i, f.Type
		o.guest.columns = append(o.guest.columns, in)
		return
	}
	o.problem(abiStatusBadSchema, `there is no column "`+name+`" of type `+wanted(types))
}

func wanted(types []Type) string {
	if types[0].IsTimestamp() {
		return "TIMESTAMP"
	}
	return types[0].String()
}

// Patch declares an output that selects rows of the input and adds the columns that are declared on it. The default output's
// name is empty.
func (o *Open) Patch(name string) *Patch {
	p := &Patch{output: output{guest: o.guest, name: name, kind: abiKindPatch}}
	o.guest.outputs = append(o.guest.outputs, p)
	return p
}

// Rows declares an output of rows that have the columns declared on it and no others. The default output's name is empty.
func (o *Open) Rows(name string) *Rows {
	r := &Rows{output: output{guest: o.guest, name: name, kind: abiKindBatch}}
	o.guest.outputs = append(o.guest.outputs, r)
	return r
}

func (o *Open) problem(status uint32, message string) {
	if o.status == abiStatusOK {
		o.status = status
	}
	o.problems = append(o.problems, message)
}

// verdict is what opening came to: the problems collected on the way, and the error that the operator returned.
func (o *Open) verdict(process Process, err error) (status uint32, verdict error) {
	if refusal, ok := find[*Refusal](err); ok {
		o.problem(refusal.status, err.Error())
	} else if err != nil {
		o.problem(abiStatusError, err.Error())
	} else {
		o.checkUnknownParams()
	}
	switch {
	case len(o.problems) > 0:
		return o.status, errors.New(strings.Join(o.problems, "; "))
	case process == nil:
		return abiStatusError, errors.New("the operator returned no function to handle batches")
	case len(o.guest.outputs) == 0:
		return abiStatusError, errors.New("the operator declared no output; call Patch or Rows while it opens")
	}
	return abiStatusOK, nil
}
