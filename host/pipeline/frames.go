package pipeline

import (
	"github.com/weir-stream/weir/host/format"
	"github.com/weir-stream/weir/host/framing"
)

// frames walks over the parts of a record of which each becomes a row: its frames, and where the format packs several rows into a frame, what
// is in those.
type frames struct {
	splitter framing.Splitter
	unpacker format.Unpacker // nil: a frame is a row
	rest     []byte          // of the record
	packed   []byte          // rest of the frame that is being unpacked
	inside   bool            // there is one
}

// begin begins with another record. The walk through the one before is at its end.
func (f *frames) begin(value []byte) { f.rest = value }

// next returns the bytes of the next row; ok is false behind the last. With ok and an error they are what is wrong, and the walk goes on.
func (f *frames) next() (row []byte, ok bool, err error) {
	for {
		if f.inside {
			var rest []byte
			row, rest, f.inside, err = f.unpacker.Next(f.packed)
			if f.packed = rest; f.inside || err != nil {
				return row, f.inside, err
			}
		}
		frame, rest, ok, err := f.splitter.Next(f.rest)
		if f.rest = rest; !ok || err != nil || f.unpacker == nil {
			return frame, ok, err
		}
		f.packed, f.inside = frame, true
	}
}

// whole is what makes a record of its own of the row at hand, as a dead letter carries it: read again, it is that row alone. It is nil where
// the row is one.
func (f *frames) whole() format.Whole {
	if f.inside {
		return f.unpacker.Whole()
	}
	return nil
}
