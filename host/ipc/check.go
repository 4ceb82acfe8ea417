package ipc

import (
	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/bitutil"
)

// check checks node i, those before it having been checked, and takes its places down.
func (b *body) check(i int) error {
	n, f := &b.nodes[i], &b.found[i]
	*f = found{}
	if err := b.validity(i, n, f); err != nil {
		return err
	}
	switch n.shape {
	case fixed:
		return b.fixed(n, f)
	case variable:
		return b.variable(n, f)
	case list:
		_, err := b.offsets(f)
		return err
	}
	return nil
}

// extent checks how many values a node has: as many as there are rows, or as its struct has, or no fewer than lists point to.
func (b *body) extent(n *node, length int64) error {
	if n.parent < 0 {
		if length != int64(b.rows) {
			return errorf(CodeLength, "%d values in a batch of %d rows", length, b.rows)
		}
		return nil
	}
	above := &b.found[n.parent]
	switch {
	case b.nodes[n.parent].shape == structure:
		if length != int64(above.length) {
			return errorf(CodeLength, "%d values in a struct of %d", length, above.length)
		}
	case length < int64(above.last):
		return errorf(CodeOffsets, "the last list ends at %d; there are %d values", above.last, length)
	case length > MostRows:
		return errorf(CodeLimit, "%d values in all lists; at most %d are allowed", length, MostRows)
	}
	return nil
}

// validity checks a node's length, its null count and its first buffer.
func (b *body) validity(i int, n *node, f *found) error {
	length, count := pair(b.lengths[16*i:])
	s, err := b.span()
	if err != nil {
		return err
	}
	if err := b.extent(n, length); err != nil {
		return err
	}
	f.length, f.nulls = int(length), int(count)
	need := (f.length + 7) / 8
	switch {
	case count < 0 || count > length:
		return errorf(CodeValidity, "%d nulls among %d values", count, length)
	case s.length == 0 && count == 0:
		return nil
	case s.length < need:
		return errorf(CodeValidity, "%d bytes of validity; %d values need %d", s.length, f.length, need)
	}
	if nulls := f.length - bitutil.CountSetBits(b.bytes(s), 0, f.length); nulls != f.nulls {
		return errorf(CodeValidity, "the null count is %d; the validity bits say %d", count, nulls)
	}
	if count == 0 {
		return nil
	}
	f.spans[0] = span{s.offset, need}
	if !n.nullable && !b.masked(n, f) {
		return errorf(CodeNull, "%d nulls in a column that was declared without", count)
	}
	return nil
}

// masked says that a node is null only where the struct that holds it is: there a field without nulls has no value either.
func (b *body) masked(n *node, f *found) bool {
	if n.parent < 0 || b.nodes[n.parent].shape != structure || b.found[n.parent].nulls < f.nulls {
		return false
	}
	field, structs := b.bytes(f.spans[0]), b.bytes(b.found[n.parent].spans[0])
	for k, valid := range structs {
		missing := valid &^ field[k]
		if left := f.length - 8*k; left < 8 {
			missing &= 1<<left - 1
		}
		if missing != 0 {
			return false
		}
	}
	return true
}

// valid says that value k is no null.
func (b *body) valid(f *found, k int) bool {
	return f.nulls == 0 || bitutil.BitIsSet(b.bytes(f.spans[0]), k)
}

// fixed checks a buffer of values of one width.
func (b *body) fixed(n *node, f *found) error {
	s, err := b.span()
	if err != nil {
		return err
	}
	need := (int64(f.length)*int64(n.bits) + 7) / 8 // which may be more than an int of 32 bits holds
	if int64(s.length) < need {
		return errorf(CodeBuffer, "%d bytes of values; %d values need %d", s.length, f.length, need)
	}
	f.spans[1] = span{s.offset, int(need)}
	return b.values(n, f, b.bytes(f.spans[1]))
}

// offsets checks a buffer of offsets, none of which is negative or smaller than the one before it.
func (b *body) offsets(f *found) (places []int32, err error) {
	s, err := b.span()
	if err != nil || f.length == 0 {
		return nil, err
	}
	need := 4 * (f.length + 1)
	if s.length < need {
		return nil, errorf(CodeOffsets, "%d bytes of offsets; %d values need %d", s.length, f.length, need)
	}
	f.spans[1] = span{s.offset, need}
	places = arrow.Int32Traits.CastFromBytes(b.bytes(f.spans[1]))
	if places[0] < 0 {
		return nil, errorf(CodeOffsets, "the first offset is %d", places[0])
	}
	if i := descent(places); i > 0 {
		return nil, errorf(CodeOffsets, "value %d begins at %d and ends at %d", i-1, places[i-1], places[i])
	}
	f.last = int(places[f.length])
	return places, nil
}

// variable checks a buffer of offsets and the data that they point into.
func (b *body) variable(n *node, f *found) error {
	places, err := b.offsets(f)
	if err != nil {
		return err
	}
	s, err := b.span()
	if err != nil || f.length == 0 {
		return err
	}
	if f.last > s.length {
		return errorf(CodeOffsets, "the last value ends at %d in %d bytes of data", f.last, s.length)
	}
	f.spans[2] = span{s.offset, f.last}
	if n.rule == anything {
		return nil
	}
	text := b.bytes(f.spans[2])
	if err := checkText(places, text); err != nil || n.rule == aText {
		return err
	}
	for k := range f.length {
		if b.valid(f, k) && !isJSON(text[places[k]:places[k+1]]) {
			return errorf(CodeValue, "value %d is not JSON", k)
		}
	}
	return nil
}

// descent is the first place that is smaller than the one before it; 0: there is none. It looks at four at a time, which takes
// a third of the time.
func descent(places []int32) int {
	i := 1
	for ; i+4 <= len(places); i += 4 {
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
