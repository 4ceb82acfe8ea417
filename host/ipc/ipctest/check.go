// Package ipctest judges record batches, for the tests of those who read them from a guest, without the help of package ipc.
//
// Check is the promise that a reader makes about what it accepts: Arrow's own validation has nothing against it, every value
// can be read and is one of its type, at any depth, the buffers are as long as the format asks, and another implementation
// writes the batch and reads it back.
package ipctest

import (
	"bytes"
	"fmt"
	"sync"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/array"
	"github.com/apache/arrow-go/v18/arrow/ipc"

	"github.com/weir-stream/weir/host/types"
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
	if c.Len() != rows {
		return fmt.Errorf("%d values in a batch of %d rows", c.Len(), rows)
	}
	if err := walk(window{c.Data(), c.Data().Offset(), rows}, field, nil); err != nil {
		return err
	}
	if err := array.ValidateFull(c); err != nil {
		return err
	}
	for row := range rows {
		_ = c.ValueStr(row) // reads it, and must not panic
	}
	return nil
}

// roundTrip has Arrow's own implementation write the batch and read it back.
func roundTrip(batch arrow.RecordBatch) error {
	if batch.NumCols() == 0 {
		return nil // arrow-go gives a batch without columns no rows
	}
	Register()
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

// Register makes the extension types known to arrow-go, whose reader takes them for their storage otherwise. It panics where somebody else has taken the names.
func Register() {
	registering.Do(func() {
		for _, t := range []arrow.DataType{types.JSON(), types.UUID()} {
			if err := arrow.RegisterExtensionType(t.(arrow.ExtensionType)); err != nil {
				panic(err)
			}
		}
	})
}

var registering sync.Once
