package fluvio

import (
	"runtime"
	"testing"
)

func counts() (free, tracked int) {
	blocks.mu.Lock()
	defer blocks.mu.Unlock()
	return len(blocks.free), blocks.tracked
}

// TestBlocksComeBack: blocks that nobody holds come back, and are not kept for long; those that somebody holds a byte of keep their content.
func TestBlocksComeBack(t *testing.T) {
	const last = blockSize - 1
	var held [][]byte
	for i := range byte(100) {
		b := blocks.get()
		b[last] = i
		if i%5 == 0 {
			held = append(held, b[last:])
		}
		if free, tracked := counts(); tracked > mostTracked || free > tracked {
			t.Fatalf("%d blocks are tracked, %d free", tracked, free)
		}
		if i%10 == 9 {
			runtime.GC()
		}
	}
	for i, b := range held {
		if b[0] != byte(5*i) {
			t.Errorf("block %d holds %d", 5*i, b[0])
		}
	}
	held = nil
	for free, tracked := counts(); free < tracked; free, tracked = counts() { // finalizers run some time after the collection
		runtime.GC()
		runtime.Gosched()
	}
	blocks.drop() // the timer would, some time later
	if free, tracked := counts(); free+tracked != 0 {
		t.Errorf("%d blocks are kept, %d tracked", free, tracked)
	}
}
