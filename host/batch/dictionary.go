package batch

import (
	"encoding/binary"
	"hash/maphash"
	"math"
)

// words are the texts of a dictionary, each once, in the order in which they came. The table finds them by their hash: open
// addressing, at most half full, and texts leave it in the reverse of the order in which they came, so that a slot can just
// be emptied.
type words struct {
	values  *Column // the texts
	entries []entry // one a text
	slots   []int32 // 1 + index of a text, 0: free; a power of two of them, or none
	seed    maphash.Seed
	scratch []byte
}

type entry struct {
	hash  uint64
	first int // the value of the column that it came for
}

const minSlots = 64

func newWords(values *Column) *words { return &words{values: values, seed: maphash.MakeSeed()} }

// intern appends v to a KindDictionary column. It and its like are not inlined: they would make the appends of plain text,
// which call them where a dictionary shows, larger and slower.
//
//go:noinline
func (c *Column) intern(v []byte) error {
	i, err := c.words.index(v, c.n)
	if err != nil {
		return err
	}
	c.appendIndex(i)
	return nil
}

//go:noinline
func (c *Column) internString(v string) error {
	c.words.scratch = append(c.words.scratch[:0], v...)
	return c.intern(c.words.scratch)
}

//go:noinline
func (c *Column) internShort(word uint64, n int) error {
	c.words.scratch = binary.LittleEndian.AppendUint64(c.words.scratch[:0], word)
	return c.intern(c.words.scratch[:n])
}

func (c *Column) appendIndex(i int32) {
	if c.n >= len(c.indices) {
		c.grow()
	}
	c.indices[c.n] = i
	c.n++
}

// index is v's, which is added for value n if it is new.
func (w *words) index(v []byte, n int) (int32, error) {
	if 2*len(w.entries) >= len(w.slots) {
		w.grow()
	}
	hash := maphash.Bytes(w.seed, v)
	at := w.slot(hash)
	for ; w.slots[at] != 0; at = w.next(at) {
		if i := w.slots[at] - 1; w.entries[i].hash == hash && string(w.text(i)) == string(v) {
			return i, nil
		}
	}
	i := len(w.entries)
	if i >= math.MaxInt32 {
		return 0, ErrFull
	}
	if err := w.values.AppendBytes(v); err != nil {
		return 0, err
	}
	w.entries = append(w.entries, entry{hash, n})
	w.slots[at] = int32(i) + 1
	return int32(i), nil
}

func (w *words) text(i int32) []byte { return w.values.text[w.values.offsets[i]:w.values.offsets[i+1]] }

// slot is where the search for hash begins.
func (w *words) slot(hash uint64) int { return int(hash & uint64(len(w.slots)-1)) }

func (w *words) next(at int) int { return (at + 1) & (len(w.slots) - 1) }

// grow makes the table twice as large.
func (w *words) grow() {
	w.slots = make([]int32, max(2*len(w.slots), minSlots))
	for i, e := range w.entries {
		at := w.slot(e.hash)
		for w.slots[at] != 0 {
			at = w.next(at)
		}
		w.slots[at] = int32(i) + 1
	}
}

// truncate forgets the texts that came for values from n on.
func (w *words) truncate(n int) {
	for last := len(w.entries) - 1; last >= 0 && w.entries[last].first >= n; last-- {
		at := w.slot(w.entries[last].hash)
		for w.slots[at] != int32(last)+1 {
			at = w.next(at)
		}
		w.slots[at] = 0
		w.entries = w.entries[:last]
	}
	w.values.truncate(len(w.entries))
}

// release forgets all texts. The table stays for the next ones, unless it is far larger than these needed.
func (w *words) release() {
	if len(w.slots) > 16*max(len(w.entries), minSlots) {
		w.slots, w.entries = nil, nil
	}
	clear(w.slots)
	w.entries = w.entries[:0]
	w.values.release()
}
