package app

import (
	"errors"
	"slices"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/array"

	"github.com/weir-stream/weir/host/config"
	"github.com/weir-stream/weir/host/deadletter"
	"github.com/weir-stream/weir/host/format"
	"github.com/weir-stream/weir/host/option"
)

// unprinted are the rows that the JSON of rows can't express, such as one of the year 10000, in their order. In place of each goes an empty
// record, which no row is: so what comes before and behind it in its batch is printed.
type unprinted []deadletter.Letter

func (u *unprinted) take() (l deadletter.Letter) {
	l, *u = (*u)[0], (*u)[1:]
	return l
}

// placed is a table with two more columns at its end, for placedEncoder: offset and frame of the record that a row is of.
func placed(def *config.Table) *config.Table {
	t := *def
	t.Columns = slices.Clone(def.Columns)
	for _, c := range []config.Column{
		{Name: "record", Metadata: "offset", Type: arrow.PrimitiveTypes.Int64}, {Name: "frame", Metadata: "frame", Type: arrow.PrimitiveTypes.Int32},
	} {
		for c.Pos, c.NotNull = def.Pos, true; columnIndex(&t, c.Name) >= 0; {
			c.Name += "_"
		}
		t.Columns = append(t.Columns, c)
	}
	return &t
}

// placedEncoder is an encoder of all columns of a placed table but the two.
type placedEncoder struct {
	format.Encoder
	*unprinted
	record *array.Int64
	frame  *array.Int32
}

// Bind implements format.Encoder.
func (e *placedEncoder) Bind(columns []arrow.Array) error {
	n := len(columns) - 2
	e.record, e.frame = columns[n].(*array.Int64), columns[n+1].(*array.Int32)
	return e.Encoder.Bind(columns[:n])
}

// Append implements format.Encoder. A row that is not to be expressed is nothing, and unprinted has it.
func (e *placedEncoder) Append(dst []byte, row int) ([]byte, error) {
	out, err := e.Encoder.Append(dst, row)
	var bad *format.DataError
	if !errors.As(err, &bad) {
		return out, err
	}
	*e.unprinted = append(*e.unprinted, deadletter.Letter{
		Offset: e.record.Value(row), Frame: e.frame.Value(row), Code: bad.Code, Path: bad.Path, Message: bad.Message, Expected: bad.Expected, Found: bad.Found,
	})
	return dst, nil
}

// own is a table of a conversion of which the user has said nothing.
func own(name string, columns []config.Column, options map[string]string) (*config.Table, error) {
	at := option.Pos{File: "--schema"}
	options["connector"] = localName
	t := &config.Table{Name: name, Pos: at, Columns: columns, Options: option.New(at)}
	return t, setAll(t.Options, at, options)
}
