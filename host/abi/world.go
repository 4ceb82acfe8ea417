package abi

import (
	"crypto/sha256"
	"encoding/binary"
	"math"
	"math/rand/v2"
	"time"
)

// world is what a guest sees of time and chance: functions of the row that it works on, so that a replay sees the same.
type world struct {
	seed   uint64
	now    int64 // ns since 1970; never runs backwards in a call
	random *rand.ChaCha8
	reseed bool // a call has begun
	row    int  // that random was seeded for
}

// row is where the row in the progress cell came from.
func (i *Instance) row() (Row, bool) {
	if at := i.hint(); at >= 0 && i.call.from != nil {
		return i.call.from.Row(uint32(at)), true
	}
	return Row{}, false
}

// clock is the guest's time: its row's, or the latest that it has seen in the call. That it does not run backwards from call to
// call is for Rows to see to, since an instance may serve several streams.
func (i *Instance) clock() int64 {
	if row, ok := i.row(); ok && row.Time >= 0 {
		i.world.now = max(i.world.now, min(row.Time, math.MaxInt64/int64(time.Millisecond))*int64(time.Millisecond))
	}
	return i.world.now
}

// sleep moves the clock to a later time.
func (i *Instance) sleep(until int64) { i.world.now = max(i.world.now, until) }

// chance fills b with random bytes. The generator is ChaCha8; it begins anew with each call and with each row, seeded with
// SHA-256 over the pipeline's seed and, where there is a row, its topic, partition, offset and frame.
func (i *Instance) chance(b []byte) {
	w := &i.world
	at := i.hint()
	if w.reseed || at != w.row {
		text := binary.LittleEndian.AppendUint64(nil, w.seed)
		if row, ok := i.row(); ok {
			text = binary.LittleEndian.AppendUint32(text, uint32(len(row.Topic)))
			text = append(text, row.Topic...)
			text = binary.LittleEndian.AppendUint32(text, row.Partition)
			text = binary.LittleEndian.AppendUint64(text, uint64(row.Offset))
			text = binary.LittleEndian.AppendUint32(text, uint32(row.Frame))
		}
		if w.random == nil {
			w.random = rand.NewChaCha8(sha256.Sum256(text))
		} else {
			w.random.Seed(sha256.Sum256(text))
		}
		w.reseed, w.row = false, at
	}
	_, _ = w.random.Read(b) // never fails
}
