package jsonformat

import (
	"bytes"
	"fmt"

	"github.com/apache/arrow-go/v18/arrow"

	"github.com/weir-stream/weir/host/batch"
	"github.com/weir-stream/weir/host/format"
	"github.com/weir-stream/weir/host/types"
	"github.com/weir-stream/weir/internal/fault"
)

// The members of a change event that are columns.
const (
	before = iota
	after
	operation
)

var eventNames = []string{before: "before", after: "after", operation: "op"}

// shapeEvents puts the columns that a table declares into before and after. A table that declares before, after and op
// itself is taken as it is.
func shapeEvents(declared []arrow.Field) ([]arrow.Field, error) {
	if len(declared) == 0 {
		return nil, fault.Inputf("debezium_json: the table declares no columns, those of before and after")
	}
	if at := eventColumns(len(declared), func(i int) string { return declared[i].Name }); at != nil {
		for i, name := range eventNames {
			switch t := declared[at[i]].Type; {
			case i == operation && t.ID() != arrow.STRING:
				return nil, fault.Inputf("debezium_json: column %q is a %s, want TEXT", name, types.Name(t))
			case i != operation && t.ID() != arrow.STRUCT:
				return nil, fault.Inputf("debezium_json: column %q is a %s, want a STRUCT of the table's columns", name, types.Name(t))
			}
		}
		return declared, nil
	}
	row := arrow.StructOf(declared...)
	return []arrow.Field{
		{Name: eventNames[before], Type: row, Nullable: true},
		{Name: eventNames[after], Type: row, Nullable: true},
		{Name: eventNames[operation], Type: arrow.BinaryTypes.String},
	}, nil
}

// eventColumns is where before, after and op are among n columns; nil unless they are exactly those.
func eventColumns(n int, name func(int) string) []int {
	if n != len(eventNames) {
		return nil
	}
	at := []int{-1, -1, -1}
	for i := range n {
		for j, known := range eventNames {
			if name(i) == known {
				at[j] = i
			}
		}
	}
	if min(at[before], at[after], at[operation]) < 0 {
		return nil
	}
	return at
}

// checkEvent says what is wrong with a change event of which the named images are there. A create, and a row that was read
// in a snapshot, has its row after; an update too, while the row before is left out by databases that do not log it; a
// delete has the row before; a truncate has neither.
func checkEvent(op []byte, hasBefore, hasAfter bool) *format.DataError {
	missing := func(image, of string) *format.DataError {
		return &format.DataError{Code: "debezium." + image, Path: image, Message: "no row " + image + " in " + of}
	}
	switch string(op) {
	case "c", "r", "u":
		if !hasAfter {
			return missing("after", map[byte]string{'c': "a create", 'r': "a read", 'u': "an update"}[op[0]])
		}
	case "d":
		if !hasBefore {
			return missing("before", "a delete")
		}
	case "t":
	default:
		return noOperation(fmt.Sprintf("string (length: %d)", len(op)))
	}
	return nil
}

func noOperation(found string) *format.DataError {
	const operations = "'c', 'r', 'u', 'd' or 't'"
	return &format.DataError{
		Code: "debezium.op", Path: "op", Expected: operations, Found: found, Message: "expected " + operations + ", got " + found,
	}
}

// eventDecoder reads change events. It unpacks frames for the sake of tombstones, which hold none: Debezium sends one
// behind each delete, for logs that are compacted by key, and it says nothing that the delete did not.
type eventDecoder struct{ *envelopeDecoder }

var _ format.Unpacker = eventDecoder{}

func newEventDecoder(d *envelopeDecoder, fields []format.Field) (format.Decoder, error) {
	if eventColumns(len(fields), func(i int) string { return fields[i].Name }) == nil {
		return nil, fmt.Errorf("json: a table of change events has the columns before, after and op, and no others")
	}
	return eventDecoder{d}, nil
}

// Next implements format.Unpacker.
func (d eventDecoder) Next(rest []byte) (row, remaining []byte, ok bool, err error) {
	if len(rest) == 0 {
		return nil, nil, false, nil
	}
	at, err := d.row(rest)
	if err != nil {
		return rest, nil, true, nil // for Decode to say so
	}
	if event := bytes.Trim(rest[at.start:at.end], " \t\r\n"); len(event) == 0 || string(event) == "null" {
		return nil, nil, false, nil
	}
	return rest, nil, true, nil
}

// Whole implements format.Unpacker.
func (d eventDecoder) Whole() format.Whole { return format.Alone }

// Decode implements format.Decoder.
func (d eventDecoder) Decode(frame []byte, b *batch.Builder) error {
	row, err := d.row(frame)
	if err != nil {
		return err
	}
	if err := d.rows.decodeFrom(frame[:row.end], row.start, b); err != nil {
		return err
	}
	if err := d.checkEvent(frame[:row.end], row.start); err != nil {
		b.Rollback()
		return err
	}
	return nil
}

// checkEvent checks an event whose columns are right, whether they are stored or not.
func (d eventDecoder) checkEvent(frame []byte, start int) error {
	var found [3]span
	if err := d.scan.find(frame, start, 1, eventNames, found[:]); err != nil {
		return err
	}
	has := func(i int) bool { return found[i].end > 0 && frame[found[i].start] != 'n' }
	if !has(operation) {
		return noOperation("null")
	}
	d.scan.begin(frame, start)
	defer d.scan.begin(nil, 0)
	op, _, _ := d.scan.text(found[operation].start)
	if bad := checkEvent(op, has(before), has(after)); bad != nil {
		return bad
	}
	return nil
}

// eventEncoder writes change events from rows that have before, after and op.
type eventEncoder struct {
	*encoder
	at []int
}

// newEventEncoder makes the encoder of a table that has before, after and op. The rows of any other are written as created.
func newEventEncoder(e *encoder, fields []format.Field) (format.Encoder, error) {
	at := eventColumns(len(fields), func(i int) string { return fields[i].Name })
	if at == nil {
		e.before = append(e.before, `{"before":null,"after":`...)
		e.after = append([]byte(`,"op":"c"}`), e.after...)
		return e, nil
	}
	if e.columns[at[operation]].kind != kindText {
		return nil, fmt.Errorf("json: the column op of change events is a %s, want TEXT", types.Name(fields[at[operation]].Type))
	}
	return &eventEncoder{e, at}, nil
}

// Append implements format.Encoder.
func (e *eventEncoder) Append(dst []byte, row int) ([]byte, error) {
	op := &e.columns[e.at[operation]]
	if op.null(row) {
		return dst, noOperation("null")
	}
	text := op.text[op.offsets[row]:op.offsets[row+1]]
	if bad := checkEvent(text, !e.columns[e.at[before]].null(row), !e.columns[e.at[after]].null(row)); bad != nil {
		return dst, bad
	}
	return e.encoder.Append(dst, row)
}
