package ipc

import (
	"math"
	"unicode/utf8"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/bitutil"
	"github.com/apache/arrow-go/v18/arrow/memory"
)

// validity checks a column's node and its first buffer. The buffer is nil where the column has no nulls.
func (b *body) validity(i int) (nulls int, bits *memory.Buffer, err error) {
	at := b.nodes + 16*i
	length, count := int64(b.f.u64(at)), int64(b.f.u64(at+8))
	s, err := b.span()
	need := (b.rows + 7) / 8
	switch {
	case err != nil:
		return 0, nil, err
	case length != int64(b.rows):
		return 0, nil, errorf(CodeLength, "%d values in a batch of %d rows", length, b.rows)
	case count < 0 || count > length:
		return 0, nil, errorf(CodeValidity, "%d nulls among %d values", count, length)
	case s.length == 0 && count == 0:
		return 0, nil, nil
	case s.length < need:
		return 0, nil, errorf(CodeValidity, "%d bytes of validity; %d rows need %d", s.length, b.rows, need)
	}
	if found := b.rows - bitutil.CountSetBits(b.bytes(s), 0, b.rows); int64(found) != count {
		return 0, nil, errorf(CodeValidity, "the null count is %d; the validity bits say %d", count, found)
	}
	if count == 0 {
		return 0, nil, nil
	}
	if !b.schema.Field(i).Nullable {
		return 0, nil, errorf(CodeNull, "%d nulls in a column that was declared without", count)
	}
	return int(count), b.buffer(s, need), nil
}

// fixed checks a buffer of values of one width.
func (b *body) fixed(l layout) (*memory.Buffer, error) {
	s, err := b.span()
	if err != nil {
		return nil, err
	}
	need := l.bytes(b.rows)
	if s.length < need {
		return nil, errorf(CodeBuffer, "%d bytes of values; %d rows need %d", s.length, b.rows, need)
	}
	if l.float {
		canonical(arrow.Float64Traits.CastFromBytes(b.bytes(s)[:need]))
	}
	return b.buffer(s, need), nil
}

// canonical gives all NaNs the same bits: engines differ in those that arithmetic makes.
func canonical(values []float64) {
	nan := math.Float64frombits(0x7ff8000000000000)
	for i, v := range values {
		if v != v {
			values[i] = nan
		}
	}
}

// variable checks a buffer of offsets and the data that they point into.
func (b *body) variable(l layout) (offsets, data *memory.Buffer, err error) {
	o, err := b.span()
	if err != nil {
		return nil, nil, err
	}
	d, err := b.span()
	if err != nil || b.rows == 0 {
		return nil, nil, err
	}
	need := 4 * (b.rows + 1)
	if o.length < need {
		return nil, nil, errorf(CodeOffsets, "%d bytes of offsets; %d rows need %d", o.length, b.rows, need)
	}
	places := arrow.Int32Traits.CastFromBytes(b.bytes(o)[:need])
	if places[0] < 0 {
		return nil, nil, errorf(CodeOffsets, "the first offset is %d", places[0])
	}
	for i := range b.rows {
		if places[i+1] < places[i] {
			return nil, nil, errorf(CodeOffsets, "row %d begins at %d and ends at %d", i, places[i], places[i+1])
		}
	}
	last := int(places[b.rows])
	if last > d.length {
		return nil, nil, errorf(CodeOffsets, "the last value ends at %d in %d bytes of data", last, d.length)
	}
	if l.utf8 {
		if err := checkText(places, b.bytes(d)[:last]); err != nil {
			return nil, nil, err
		}
	}
	return b.buffer(o, need), b.buffer(d, last), nil
}

// checkText checks that every value is UTF-8: all of the data is, and every value begins at a character.
func checkText(places []int32, text []byte) error {
	if !utf8.Valid(text[places[0]:]) {
		return errorf(CodeUTF8, "the text is not UTF-8")
	}
	for i, at := range places {
		if int(at) < len(text) && !utf8.RuneStart(text[at]) {
			return errorf(CodeUTF8, "row %d begins in the middle of a character", i)
		}
	}
	return nil
}
