// Package format is the contract between the bytes of a record and the rows of a batch, and what becomes of bad data.
//
// A format turns frames into rows (Decoder) and rows into messages (Encoder). Each implementation lives in a folder
// below, knows nothing of the others, and passes the tests in formattest.
package format

import (
	"github.com/apache/arrow-go/v18/arrow"

	"github.com/weir-stream/weir/host/batch"
)

// Field is one declared column of a table.
type Field struct {
	Name     string
	Type     arrow.DataType
	Nullable bool
	Column   int // the builder's column it goes to; -1: checked for presence, type and range, but not stored
}

// Decoder turns frames into rows. It is for one goroutine and one table.
type Decoder interface {
	// Decode appends one row to the fields' columns of b and leaves EndRow to the caller, who may append columns of
	// its own first. It keeps nothing of frame.
	//
	// A *DataError says that the frame is bad: b is as it was before the call, and the next frame decodes as if this one
	// had never been. batch.ErrFull says that b must be emptied first; the frame may then be decoded again.
	Decode(frame []byte, b *batch.Builder) error
}

// Encoder turns rows into messages, one a row. It is for one goroutine.
type Encoder interface {
	// Bind sets the columns that Append reads, one a field, in the fields' order, with the fields' types. They must
	// live until the next Bind.
	Bind(columns []arrow.Array) error
	// Append appends the message for a row of the bound columns to dst. A *DataError says that the format cannot
	// express the row: dst is returned as it was.
	Append(dst []byte, row int) ([]byte, error)
}

// Format makes decoders and encoders from options that were checked when it was made. It is safe for concurrent use.
type Format interface {
	// NewDecoder fails if the format cannot decode one of the fields.
	NewDecoder(fields []Field) (Decoder, error)
	// NewEncoder fails if the format cannot encode one of the fields. Field.Column is not used.
	NewEncoder(fields []Field) (Encoder, error)
}
