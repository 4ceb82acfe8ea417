package pipeline

import (
	"fmt"

	"github.com/weir-stream/weir/host/format"
)

// bounds tells when a lane has met too many bad frames. Its memory is a bit for each frame of the window.
type bounds struct {
	format.Bounds
	errors int64
	window []uint64 // a bit a frame: it was bad
	at     int      // the frame in the window that is replaced next
	full   bool
	bad    int // set bits
}

func newBounds(b format.Bounds) bounds {
	return bounds{Bounds: b, window: make([]uint64, (b.Window+63)/64)}
}

// frame counts a frame, and says what is exceeded by now; "" where nothing is.
func (b *bounds) frame(bad bool) string {
	if bad {
		b.errors++
	}
	if b.Window > 0 {
		b.move(bad)
	}
	switch {
	case !bad:
		return ""
	case b.Limited && b.errors > b.MaxErrors:
		return fmt.Sprintf("bad record number %d of the partition in this run, and bad_data.max_errors is %d", b.errors, b.MaxErrors)
	case b.full && float64(b.bad) > b.MaxRatio*float64(b.Window):
		return fmt.Sprintf("%d of the partition's last %d frames are bad, and bad_data.max_ratio is %g", b.bad, b.Window, b.MaxRatio)
	}
	return ""
}

// move puts a frame into the window in place of the oldest.
func (b *bounds) move(bad bool) {
	word, bit := &b.window[b.at/64], uint64(1)<<(b.at%64)
	if *word&bit != 0 {
		*word &^= bit
		b.bad--
	}
	if bad {
		*word |= bit
		b.bad++
	}
	if b.at++; b.at == b.Window {
		b.at, b.full = 0, true
	}
}
