package main

import (
	"bytes"
	"fmt"
	"os"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/array"
	"github.com/apache/arrow-go/v18/arrow/memory"

	"github.com/weir-stream/weir/host/batch"
	"github.com/weir-stream/weir/host/format"
	"github.com/weir-stream/weir/host/format/jsonformat"
)

// readLines reads a file's lines, without their ends.
func readLines(path string) ([][]byte, error) {
	text, err := os.ReadFile(path)
	return bytes.Split(bytes.TrimSuffix(text, []byte("\n")), []byte("\n")), err
}

// lines are the records of the task and the columns of their table.
func (t Task) lines() (columns []arrow.Field, frames [][]byte, err error) {
	if columns, err = columnsOf(t.Table); err == nil {
		frames, err = readLines(t.File)
	}
	return columns, frames, err
}

func jsonDecodeArm(t Task) (Result, error) {
	columns, frames, err := t.lines()
	if err != nil {
		return Result{}, err
	}
	return t.decodeArm(jsonformat.New(jsonformat.Config{}), columns, frames)
}

// jsonEncodeArm writes lines, as arrow-json's line writer does.
func jsonEncodeArm(t Task) (Result, error) {
	columns, frames, err := t.lines()
	if err != nil {
		return Result{}, err
	}
	f := jsonformat.New(jsonformat.Config{})
	all, err := batches(f, columns, frames)
	if err != nil {
		return Result{}, err
	}
	return t.encodeArm(f, columns, all, "\n")
}

// added is the column that an operator adds.
var added = arrow.Field{Name: "delay_class", Type: arrow.BinaryTypes.String, Nullable: true}

// addedTo is that column for rows.
func addedTo(rows int) arrow.Array {
	b := array.NewStringBuilder(memory.DefaultAllocator)
	defer b.Release()
	for i := range rows {
		b.Append([]string{"minor", "major", "severe"}[i%3])
	}
	return b.NewArray()
}

// jsonEncodeAddedArm encodes all columns of the table and the one that was added.
func jsonEncodeAddedArm(t Task) (Result, error) {
	columns, frames, err := t.lines()
	if err != nil {
		return Result{}, err
	}
	f := jsonformat.New(jsonformat.Config{})
	all, err := batches(f, columns, frames)
	if err != nil {
		return Result{}, err
	}
	wide := append(columns[:len(columns):len(columns)], added)
	for i, record := range all {
		with := append(record.Columns()[:len(columns):len(columns)], addedTo(int(record.NumRows())))
		all[i] = array.NewRecordBatch(arrow.NewSchema(wide, nil), with, record.NumRows())
	}
	fields, _ := fieldsOf(wide, nil)
	e, err := f.NewEncoder(fields)
	if err != nil {
		return Result{}, err
	}
	return t.writeAdded(f, wide, len(frames), func(dst []byte, each func([]byte) ([]byte, error)) (err error) {
		for _, record := range all {
			if dst, err = encode(e, record, dst, "\n"); err != nil {
				return err
			}
			if dst, err = each(dst); err != nil {
				return err
			}
		}
		return nil
	})
}

// jsonPatchAddedArm writes the same rows with the values of the records as they stand there. Where those are was noted when the records were decoded.
func jsonPatchAddedArm(t Task) (Result, error) {
	columns, frames, err := t.lines()
	if err != nil {
		return Result{}, err
	}
	f := jsonformat.New(jsonformat.Config{})
	traces, err := traced(f.(format.Carrier), columns, frames)
	if err != nil {
		return Result{}, err
	}
	wide := append(columns[:len(columns):len(columns)], added)
	carry := format.Carry{Patch: true, All: true}
	for i := range columns {
		carry.From, carry.At = append(carry.From, i), append(carry.At, -1)
	}
	carry.From, carry.At = append(carry.From, -1), append(carry.At, -1)
	fields, _ := fieldsOf(wide, nil)
	p, err := f.(format.Carrier).NewPatcher(fields, carry)
	if err != nil {
		return Result{}, err
	}
	bound := make([]arrow.Array, len(wide))
	bound[len(columns)] = addedTo(batch.DefaultLimits.Rows)
	width := len(columns) + 1
	return t.writeAdded(f, wide, len(frames), func(dst []byte, each func([]byte) ([]byte, error)) (err error) {
		for first := 0; first < len(frames); first += batch.DefaultLimits.Rows {
			if err := p.Bind(bound); err != nil {
				return err
			}
			for i := first; i < min(first+batch.DefaultLimits.Rows, len(frames)); i++ {
				var way format.Way
				if dst, way, err = p.Patch(dst, i-first, frames[i], traces[i*width:(i+1)*width]); err != nil {
					return err
				}
				if way != format.Patched {
					return fmt.Errorf("record %d is not patched", i)
				}
				dst = append(dst, '\n')
			}
			if dst, err = each(dst); err != nil {
				return err
			}
		}
		return nil
	})
}

// traced decodes the records, storing nothing, and notes where their values are.
func traced(c format.Carrier, columns []arrow.Field, frames [][]byte) (traces []uint32, err error) {
	fields, _ := fieldsOf(columns, []string{""})
	numbers := make([]int, len(columns))
	for i := range numbers {
		numbers[i] = i
	}
	tracer, err := c.NewTracer(fields, numbers, nil)
	if err != nil {
		return nil, err
	}
	builder := batch.NewBuilder(arrow.NewSchema(nil, nil), memory.DefaultAllocator)
	defer builder.Release()
	for _, frame := range frames {
		if err := tracer.Decode(frame, builder); err != nil {
			return nil, err
		}
		traces = tracer.Trace(traces)
	}
	return traces, nil
}

// A writer appends batches of lines to dst and hands each to a function that says where the next goes.
type writer func(dst []byte, each func([]byte) ([]byte, error)) error

// writeAdded measures a writer. What it writes is read back: its digest is of the values, which one way and the other of writing have in common.
func (t Task) writeAdded(f format.Format, columns []arrow.Field, rows int, write writer) (Result, error) {
	var text []byte
	if err := write(nil, func(lines []byte) ([]byte, error) {
		text = append(text, lines...)
		return lines[:0], nil
	}); err != nil {
		return Result{}, err
	}
	all, err := batches(f, columns, bytes.Split(bytes.TrimSuffix(text, []byte("\n")), []byte("\n")))
	if err != nil {
		return Result{}, err
	}
	var found digest
	for _, record := range all {
		if err := found.add(record); err != nil {
			return Result{}, err
		}
	}
	dst := make([]byte, 0, len(text))
	r, err := t.times(rows, func() error {
		return write(dst, func(lines []byte) ([]byte, error) { return lines[:0], nil })
	})
	r.Rows, r.Digest = found.rows, found.String()
	return r, err
}
