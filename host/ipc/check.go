package ipc

import (
	"encoding/binary"
	"unicode/utf8"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/bitutil"
	"github.com/apache/arrow-go/v18/arrow/memory"
)

// validity checks a column's node and its first buffer, which is parts[0] unless the column has no nulls.
func (b *body) validity(i int, parts []*memory.Buffer) (nulls int, err error) {
	length, count := pair(b.nodes[16*i:])
	s, err := b.span()
	need := (b.rows + 7) / 8
	switch {
	case err != nil:
		return 0, err
	case length != int64(b.rows):
		return 0, errorf(CodeLength, "%d values in a batch of %d rows", length, b.rows)
	case count < 0 || count > length:
		return 0, errorf(CodeValidity, "%d nulls among %d values", count, length)
	case s.length == 0 && count == 0:
		return 0, nil
	case s.length < need:
		return 0, errorf(CodeValidity, "%d bytes of validity; %d rows need %d", s.length, b.rows, need)
	}
	if found := b.rows - bitutil.CountSetBits(b.bytes(s), 0, b.rows); int64(found) != count {
		return 0, errorf(CodeValidity, "the null count is %d; the validity bits say %d", count, found)
	}
	if count == 0 {
		return 0, nil
	}
	if !b.fields[i].Nullable {
		return 0, errorf(CodeNull, "%d nulls in a column that was declared without", count)
	}
	parts[0] = b.buffer(s, need)
	return int(count), nil
}

// fixed checks a buffer of values of one width, which is parts[1].
func (b *body) fixed(l layout, parts []*memory.Buffer) error {
	s, err := b.span()
	if err != nil {
		return err
	}
	need := l.bytes(b.rows)
	if s.length < need {
		return errorf(CodeBuffer, "%d bytes of values; %d rows need %d", s.length, b.rows, need)
	}
	if l.float {
		canonical(arrow.Uint64Traits.CastFromBytes(b.bytes(s)[:need]))
	}
	parts[1] = b.buffer(s, need)
	return nil
}

// canonical gives all NaNs the same bits: engines differ in those that arithmetic makes. It looks at four doubles at a time,
// which takes a third of the time.
func canonical(doubles []uint64) {
	for ; len(doubles) >= 4; doubles = doubles[4:] {
		if d := doubles[:4]; isNaN(d[0]) || isNaN(d[1]) || isNaN(d[2]) || isNaN(d[3]) {
			canonicalEach(d)
		}
	}
	canonicalEach(doubles)
}

func canonicalEach(doubles []uint64) {
	for i, d := range doubles {
		if isNaN(d) {
			doubles[i] = 0x7ff8 << 48
		}
	}
}

// isNaN says so of a double's bits: but for the sign, they are above those of infinity.
func isNaN(bits uint64) bool { return bits<<1 > 0x7ff<<53 }

// variable checks a buffer of offsets, which is parts[1], and the data that they point into, which is parts[2].
func (b *body) variable(l layout, parts []*memory.Buffer) error {
	o, err := b.span()
	if err != nil {
		return err
	}
	d, err := b.span()
	if err != nil || b.rows == 0 {
		return err
	}
	need := 4 * (b.rows + 1)
	if o.length < need {
		return errorf(CodeOffsets, "%d bytes of offsets; %d rows need %d", o.length, b.rows, need)
	}
	places := arrow.Int32Traits.CastFromBytes(b.bytes(o)[:need])
	if places[0] < 0 {
		return errorf(CodeOffsets, "the first offset is %d", places[0])
	}
	if i := descent(places); i > 0 {
		return errorf(CodeOffsets, "row %d begins at %d and ends at %d", i-1, places[i-1], places[i])
	}
	last := int(places[b.rows])
	if last > d.length {
		return errorf(CodeOffsets, "the last value ends at %d in %d bytes of data", last, d.length)
	}
	if l.utf8 {
		if err := checkText(places, b.bytes(d)[:last]); err != nil {
			return err
		}
	}
	parts[1], parts[2] = b.buffer(o, need), b.buffer(d, last)
	return nil
}

// descent is the first place that is smaller than the one before it; 0: there is none.
func descent(places []int32) int {
	i := 1
	for ; i+4 <= len(places); i += 4 { // four at a time, as in canonical
		if p := places[i-1 : i+4]; p[1] < p[0] || p[2] < p[1] || p[3] < p[2] || p[4] < p[3] {
			break
		}
	}
	for ; i < len(places); i++ {
		if places[i] < places[i-1] {
			return i
		}
	}
	return 0
}

// checkText checks that every value is UTF-8: all of the data is, and every value begins at a character, as in ASCII they do
// anywhere.
func checkText(places []int32, text []byte) error {
	if isASCII(text[places[0]:]) {
		return nil
	}
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

func isASCII(text []byte) bool {
	const high = 0x8080808080808080
	for ; len(text) >= 32; text = text[32:] {
		t, word := text[:32], binary.LittleEndian.Uint64
		if (word(t)|word(t[8:])|word(t[16:])|word(t[24:]))&high != 0 {
			return false
		}
	}
	for _, c := range text {
		if c >= utf8.RuneSelf {
			return false
		}
	}
	return true
}
