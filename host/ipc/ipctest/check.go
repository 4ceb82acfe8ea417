// Package ipctest judges record batches, for the tests of those who read them from a guest, without the help of package ipc.
//
// Check is the promise that a reader makes about what it accepts: Arrow's own validation has nothing against it, every value
// can be read, the buffers are as long as the format asks, and another implementation writes the batch and reads it back.
package ipctest

import (
	"bytes"
	"fmt"
	"math"
	"unicode/utf8"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/array"
	"github.com/apache/arrow-go/v18/arrow/ipc"
)

// Check says what is wrong with a batch that a reader accepted, nil where nothing is.
func Check(batch arrow.RecordBatch) (err error) {
	defer func() {
		if r := recover(); r != nil {
			err = fmt.Errorf("reading the batch panicked: %v", r)
		}
	}()
	for i, c := range batch.Columns() {
		if err := checkColumn(c, batch.Schema().Field(i), int(batch.NumRows())); err != nil {
			return fmt.Errorf("column %d, %s: %w", i, c.DataType(), err)
		}
	}
	return roundTrip(batch)
}

func checkColumn(c arrow.Array, field arrow.Field, rows int) error {
	if !arrow.TypeEqual(c.DataType(), field.Type) {
		return fmt.Errorf("the schema says %s", field.Type)
	}
	if c.Len() != rows {
		return fmt.Errorf("%d values in a batch of %d rows", c.Len(), rows)
	}
	if err := array.ValidateFull(c); err != nil {
		return err
	}
	if err := checkBuffers(c.Data()); err != nil {
		return err
	}
	nulls := 0
	for row := range rows {
		if c.IsNull(row) {
			nulls++
		}
		if err := checkValue(c, row); err != nil {
			return fmt.Errorf("row %d: %w", row, err)
		}
	}
	if nulls != c.NullN() || nulls > 0 && !field.Nullable {
		return fmt.Errorf("%d nulls; the array says %d, the schema that they are allowed: %t", nulls, c.NullN(), field.Nullable)
	}
	return nil
}

// checkBuffers checks that the buffers are as long as type and rows ask, by the layouts of Columnar.html.
func checkBuffers(d arrow.ArrayData) error {
	length := func(i int) int {
		if b := d.Buffers()[i]; b != nil {
			return b.Len()
		}
		return 0
	}
	rows := d.Offset() + d.Len()
	if n := length(0); n > 0 && n < (rows+7)/8 {
		return fmt.Errorf("%d bytes of validity", n)
	}
	need := map[arrow.Type]int{arrow.INT64: 64, arrow.TIMESTAMP: 64, arrow.FLOAT64: 64, arrow.INT32: 32, arrow.BOOL: 1, arrow.STRING: 32}[d.DataType().ID()]
	values := (rows*need + 7) / 8
	if d.DataType().ID() == arrow.STRING && rows > 0 {
		values += 4
	}
	if need == 0 || length(1) < values {
		return fmt.Errorf("%d bytes of values or offsets where %d are needed", length(1), values)
	}
	return nil
}

// canonical are the bits of the one NaN that crosses the boundary (guest-abi/SPEC.md, section 7).
const canonical = 0x7ff8000000000000

func checkValue(c arrow.Array, row int) error {
	_ = c.ValueStr(row) // reads it, and must not panic
	switch c := c.(type) {
	case *array.String:
		if !utf8.ValidString(c.Value(row)) {
			return fmt.Errorf("%q is not UTF-8", c.Value(row))
		}
	case *array.Float64:
		if v := c.Value(row); math.IsNaN(v) && math.Float64bits(v) != canonical {
			return fmt.Errorf("a NaN of bits %x", math.Float64bits(v))
		}
	}
	return nil
}

// roundTrip has Arrow's own implementation write the batch and read it back.
func roundTrip(batch arrow.RecordBatch) error {
	if batch.NumCols() == 0 {
		return nil // arrow-go gives a batch without columns no rows
	}
	var stream bytes.Buffer
	w := ipc.NewWriter(&stream, ipc.WithSchema(batch.Schema()))
	if err := w.Write(batch); err != nil {
		return err
	}
	if err := w.Close(); err != nil {
		return err
	}
	r, err := ipc.NewReader(&stream)
	if err != nil {
		return err
	}
	defer r.Release()
	again, err := r.Read()
	if err != nil {
		return err
	}
	if !array.RecordApproxEqual(batch, again, array.WithNaNsEqual(true), array.WithAbsTolerance(0)) {
		return fmt.Errorf("%v came back as %v", batch, again)
	}
	return nil
}
