package fluvio

import (
	"runtime"
	"testing"
)

// TestBlocksComeBack: blocks that nobody holds are not counted any more; those that somebody holds a byte of keep their content.
func TestBlocksComeBack(t *testing.T) {
	const last = blockSize - 1
	var held [][]byte
	for i := range byte(100) {
		b := newBlock()
		b[last] = i
		if i%5 == 0 {
			held = append(held, b[last:])
		}
		if n := tracked.Load(); n < 0 || n > mostTracked {
			t.Fatalf("%d blocks are tracked", n)
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
	for tracked.Load() > 0 { // finalizers run some time after the collection
		runtime.GC()
		runtime.Gosched()
	}
}
