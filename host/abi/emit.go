package abi

import (
	"context"
	"encoding/binary"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/memory"

	"github.com/weir-stream/weir/host/engine"
)

// emit serves emit(output, rows, row_count, message, message_len) -> 0. Only in weir_process. Counts and sizes are checked
// before anything is allocated; everything else on the copy.
func (i *Instance) emit(_ context.Context, mem engine.Memory, stack []uint64) error {
	c, limits := &i.call, i.limits
	number, count, length := uint32(stack[0]), uint32(stack[2]), uint32(stack[4])
	if c.phase != phaseProcess {
		return violated(CodeCallTime, "emit was called in %s; it belongs in weir_process", c.name)
	}
	if uint64(number) >= uint64(len(i.outputs)) {
		return violated(CodeEmitOutput, "an emit for output %d; %d are declared", number, len(i.outputs))
	}
	if c.emits++; c.emits > limits.Emits {
		return violated(CodeEmitCount, "more than %d emits in a call", limits.Emits)
	}
	o := &i.outputs[number]
	if count != NoRows && !fits(count, o.Kind, c.rows, limits) {
		return violated(CodeEmitRowCount, "a list of %d rows for %s", count, describe(o))
	}
	if (length == 0) != (o.Schema.NumFields() == 0) {
		return violated(CodeEmitMessage, "a message of %d bytes for %s, which has %d columns", length, describe(o), o.Schema.NumFields())
	}
	listed := int64(0)
	if count != NoRows {
		listed = int64(count)
	}
	size := int64(length) + 4*listed
	if err := c.spend(size, limits); err != nil {
		return err
	}
	if err := i.keep(int64(length), listed, emitCost+columnCost*o.fields); err != nil {
		return err
	}
	i.stats.BytesOut += uint64(size)
	record, err := i.record(mem, o, stack[3], stack[4])
	if err != nil {
		return err
	}
	c.result.Emits = append(c.result.Emits, Emit{Output: int(number), Record: record}) // from here Release lets go of it
	e := &c.result.Emits[len(c.result.Emits)-1]
	if err := c.countRows(o, record, count, limits); err != nil {
		return err
	}
	if count != NoRows {
		list, err := c.rowList(mem, stack[1], count, o.Kind)
		if err != nil {
			return err
		}
		if o.Kind == OutputPatch {
			e.Selection = list
		} else {
			e.Origin = list
		}
	}
	stack[0] = StatusOK
	return nil
}

// fits says whether a row list may be so long: a selection no longer than the batch, an origin than the limit of rows.
func fits(count uint32, kind int, rows uint32, l *Limits) bool {
	if kind == OutputPatch {
		return count <= rows
	}
	return uint64(count) <= uint64(l.EmittedRows)
}

func describe(o *Output) string {
	kind := "batch"
	if o.Kind == OutputPatch {
		kind = "patch"
	}
	if o.Name == "" {
		return "the default " + kind
	}
	return kind + " " + o.Name
}

// record copies a message out of the guest, in one copy, and checks it. nil where there is no message.
func (i *Instance) record(mem engine.Memory, o *Output, at, n uint64) (arrow.RecordBatch, error) {
	message, err := argument(mem, "a message", at, n)
	if err != nil || len(message) == 0 {
		return nil, err
	}
	own := i.mem.Allocate(len(message))
	copy(own, message)
	buffer := memory.NewBufferWithAllocator(own, i.mem)
	defer buffer.Release()
	return o.reader.Read(buffer)
}

// countRows checks that message and row list are of one length, and the rows of the call within the limit.
func (c *call) countRows(o *Output, record arrow.RecordBatch, count uint32, l *Limits) error {
	rows := int64(count)
	if count == NoRows {
		rows = int64(c.rows)
		if o.Kind == OutputBatch {
			rows = record.NumRows()
		}
	}
	if record != nil && record.NumRows() != rows {
		return violated(CodeEmitRowCount, "a message of %d rows for %s where %d rows are named", record.NumRows(), describe(o), rows)
	}
	if rows > int64(l.EmittedRows-c.emittedRows) {
		return violated(CodeEmitRows, "more than %d rows emitted in a call", l.EmittedRows)
	}
	c.emittedRows += int(rows)
	return nil
}

// rowList copies and checks a selection or an origin.
func (c *call) rowList(mem engine.Memory, at uint64, count uint32, kind int) ([]uint32, error) {
	b, err := argument(mem, "a row list", at, uint64(count)*4)
	if err != nil {
		return nil, err
	}
	list := c.result.list(int(count))
	for k := range list {
		list[k] = binary.LittleEndian.Uint32(b[4*k:])
	}
	last := int64(-1)
	for k, row := range list {
		switch {
		case kind == OutputPatch && (row >= c.rows || int64(row) <= last):
			return nil, violated(CodeEmitSelection, "entry %d of the selection is row %d after row %d, in a batch of %d rows", k, row, last, c.rows)
		case row >= c.rows:
			return nil, violated(CodeEmitOrigin, "entry %d of the origin is row %d, in a batch of %d rows", k, row, c.rows)
		}
		last = int64(row)
	}
	return list, nil
}
