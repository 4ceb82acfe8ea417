// Package format is the contract between the bytes of a record and the rows of a batch, and what becomes of bad data.
//
// A format turns frames into rows (Decoder) and rows into messages (Encoder). Each implementation lives in a folder
// below, knows nothing of the others, and passes the tests in formattest.
package format

import (
	"context"

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

// Unpacker is implemented by decoders whose frames hold any number of rows, none included: an Avro object container file, a
// stream of messages with their lengths. In this order, for each frame:
//
//  1. Next(frame), then Next of what remained, until ok is false
//  2. Decode for each row that Next found, and Whole where somebody may want the row as a frame, before Next goes on
//
// Decoding one row leaves those behind it alone.
type Unpacker interface {
	// Next finds the first row of rest, which is the frame or what remained behind the row before; both results are parts
	// of it, or of memory that nobody writes to again. ok is false behind the last row. A *DataError stands
	// for one row that is bad, which row then holds as far as it can be told; the walk goes on with remaining, and where
	// nothing behind the damage can be made out that is empty. Other errors end the frame: something beside it failed.
	Next(rest []byte) (row, remaining []byte, ok bool, err error)
	// Whole is for the row that Next returned last: what makes of it a frame of its own, which decodes to that row alone, as a
	// dead letter carries it. The frame is the row itself or new memory. It may be made at any time, in any goroutine, so that
	// only rows that are refused cost one; asking for Whole costs next to nothing.
	Whole() Whole
}

// Whole makes a frame of its own of a row of a frame. It keeps what the rows of the frame have in common.
type Whole func(row []byte) []byte

// Alone is the Whole of rows that are frames already.
func Alone(row []byte) []byte { return row }

// Shaper is implemented by formats that give a table other columns than it declares, or columns where it declares none. The
// fields of their decoders and encoders are those columns.
type Shaper interface {
	// Shape returns the columns of the rows, in their order, for those that the table declares; none are declared where the
	// table leaves them to the format. Where the format asks a registry it does so under ctx, and says that it cannot be
	// reached with an error of class fault.Environment. Any other error says that the declared columns do not fit.
	Shape(ctx context.Context, declared []arrow.Field) ([]arrow.Field, error)
}

// Blanks is implemented by formats of text, to which white space alone says nothing. To others any bytes are a frame.
type Blanks interface {
	// BlanksAreRows says what an empty frame among others (a blank line, say) is, and one of white space: a row, or none. A
	// record is neither bad data nor a row where it is empty, and where blanks are no rows also if it holds only white space.
	BlanksAreRows() bool
}

// Carrier is implemented by formats whose rows can be written with bytes of the frames that they were read from. Who reads what is
// written, with the sink's columns and options, finds the values that an Encoder would have written, and nothing that the
// sink does not declare unless that is asked for.
type Carrier interface {
	// Carries says why a value of the type t cannot stand in a message of the format to as it stands in a frame of this one;
	// nil: it can, in frames whose traces say so. Without a type it says why none can.
	Carries(t arrow.DataType, to Format) error
	// NewTracer is NewDecoder for a decoder that notes where the fields with these numbers are in their frames. The
	// undeclared names among reserved are those that a sink with Carry.Passthrough gives to columns of its own.
	NewTracer(fields []Field, traced []int, reserved []string) (Tracer, error)
	// NewPatcher makes the encoder that goes with it. Field.Column is not used.
	NewPatcher(fields []Field, c Carry) (Patcher, error)
}

// Carry is how the messages of a sink are made of frames.
type Carry struct {
	// From has for each field of the sink the place in the tracer's traced of the field whose value it takes as it stands; -1:
	// the value is encoded. At has for encoded fields the place of the field in whose stead they come, with Passthrough; else -1.
	From, At []int
	// Whole lets frames that are the message already go out as they are, Patch the values of others. All says that every
	// field that the source declares is carried, once, under its own name: a frame without others has nothing to leave out.
	Whole, Patch, All bool
	// Passthrough keeps what frames hold and the sink does not declare.
	Passthrough bool
}

// Tracer is a Decoder that notes where values are.
type Tracer interface {
	Decoder
	// Trace appends what a Patcher has to know of the frame that was decoded last: as many numbers for every frame, one more than
	// fields are traced.
	Trace(dst []uint32) []uint32
}

// Patcher writes rows with bytes of the frames that they were read from. What it writes follows from the frame and the row alone. It is
// for one goroutine.
type Patcher interface {
	// Bind is Encoder's, with nil for the columns that are carried.
	Bind(columns []arrow.Array) error
	// Patch appends the message for a row of the bound columns, whose frame left the trace. Unless the way is Patched dst
	// is as it was: where it is Verbatim the frame is the message, else the row is for an Encoder of all its columns.
	Patch(dst []byte, row int, frame []byte, trace []uint32) (_ []byte, way Way, err error)
}

// Way is how a message was made.
type Way uint8

// The ways.
const (
	Ordinary Way = iota // it was not
	Verbatim            // it is the frame
	Patched             // of values of the frame and others
)
