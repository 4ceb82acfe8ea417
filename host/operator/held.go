package operator

import (
	"github.com/apache/arrow-go/v18/arrow"

	"github.com/weir-stream/weir/host/abi"
	"github.com/weir-stream/weir/host/batch"
	"github.com/weir-stream/weir/internal/fault"
)

// mostHeld is how many bytes may come out of one batch. A stage answers every batch of the one before it, so that the limits
// of a call, multiplied along a chain, bound nothing.
const mostHeld = 256 << 20

// About what a batch, a column of it or a field inside of one, and a rejected row take beside their values, in bytes.
const (
	batchCost    = 512
	columnCost   = 256
	rejectedCost = 256
)

// hold counts what the stage adds to a result.
func (s *stage) hold(res *Result, bytes int) error {
	if res.held += bytes; res.held > mostHeld {
		return fault.Inputf("function %s: more than %d MiB came out of one batch; let it answer with fewer or smaller rows", s.Function, mostHeld>>20)
	}
	return nil
}

// held is about what a batch takes that is not its input's as well.
func held(out Output, made *batch.Batch, e abi.Emit) int {
	n := batchCost + 4*len(made.Origin)
	for i, from := range out.Columns {
		if !from.Emitted && e.Selection == nil {
			n += columnCost
			continue
		}
		n += occupied(made.Record.Column(i).Data())
	}
	return n
}

// occupied is about what a column takes, and what is inside of it. A dictionary is its input's.
func occupied(data arrow.ArrayData) int {
	n := columnCost
	for _, b := range data.Buffers() {
		if b != nil {
			n += b.Len()
		}
	}
	for _, child := range data.Children() {
		n += occupied(child)
	}
	return n
}
