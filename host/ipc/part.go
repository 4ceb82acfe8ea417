package ipc

import (
	"encoding/binary"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/bitutil"
)

// part is the values of a node in a batch: n of an array's, from one on that is counted from the beginning of its buffers.
type part struct {
	data    arrow.ArrayData
	from, n int
}

// valid says that value k is no null.
func (p *part) valid(k int) bool {
	validity := p.data.Buffers()[0]
	return validity == nil || validity.Len() == 0 || bitutil.BitIsSet(validity.Bytes(), p.from+k)
}

// nulls is how many of the values are null.
func (p *part) nulls() int {
	validity := p.data.Buffers()[0]
	switch {
	case validity == nil || validity.Len() == 0 || p.n == 0:
		return 0
	case p.n == p.data.Len() && p.data.NullN() >= 0:
		return p.data.NullN()
	}
	return p.n - bitutil.CountSetBits(validity.Bytes(), p.from, p.n)
}

// offsets are those of the values: one more than there are values, or none.
func (p *part) offsets() []int32 {
	if p.n == 0 {
		return nil
	}
	return arrow.Int32Traits.CastFromBytes(p.data.Buffers()[1].Bytes())[p.from : p.from+p.n+1]
}

// ends is where the values begin and end in what their offsets count.
func (p *part) ends() (first, last int) {
	offsets := p.offsets()
	if offsets == nil {
		return 0, 0
	}
	return int(offsets[0]), int(offsets[len(offsets)-1])
}

// copyValues copies values of a fixed width.
func (p *part) copyValues(dst []byte, node *node) {
	switch {
	case p.n == 0:
	case node.bits == 1:
		copyBits(dst, p.data.Buffers()[1].Bytes(), p.from, p.n)
	default:
		copy(dst, p.data.Buffers()[1].Bytes()[node.bytes(p.from):])
	}
}

// copyBits copies n bits; what is left of the last byte is zero.
func copyBits(dst, src []byte, from, n int) {
	if len(dst) == 0 {
		return
	}
	if from%8 == 0 {
		copy(dst, src[from/8:])
		if n%8 != 0 {
			dst[len(dst)-1] &= 1<<(n%8) - 1
		}
		return
	}
	dst[len(dst)-1] = 0
	bitutil.CopyBitmap(src, from, n, dst, 0)
}

// copyOffsets copies offsets, so that they begin at 0.
func (p *part) copyOffsets(dst []byte) {
	offsets := p.offsets()
	if offsets == nil {
		clear(dst)
		return
	}
	first := offsets[0]
	if first == 0 {
		copy(dst, arrow.Int32Traits.CastToBytes(offsets))
		return
	}
	for i, o := range offsets {
		binary.LittleEndian.PutUint32(dst[4*i:], uint32(o-first))
	}
}

// copyData copies what the offsets point into.
func (p *part) copyData(dst []byte) {
	if len(dst) > 0 {
		copy(dst, p.data.Buffers()[2].Bytes()[p.offsets()[0]:])
	}
}
