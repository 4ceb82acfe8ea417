package fluvio

import (
	"context"
	"errors"
	"math/rand/v2"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

// TestChunkBudgetHammer has streams ask, receive and wait, and a reader that gives back what came. Nobody is forgotten, and what is held
// stays within the bound but for one claim that is too large for it.
func TestChunkBudgetHammer(t *testing.T) {
	const most, share, streams, rounds = 1000, 40, 10, 300
	b := &chunkBudget{most: most}
	chunks := make(chan int, streams)
	var reading, running sync.WaitGroup
	var largest atomic.Int64
	reading.Go(func() {
		for cost := range chunks {
			b.give(cost)
		}
	})
	for range streams {
		running.Go(func() {
			a := &allowance{budget: b, share: share}
			for range rounds {
				bytes, soon := share, false
				if rand.IntN(4) == 0 {
					bytes, soon = share+rand.IntN(most/2), rand.IntN(2) == 0
				}
				ctx, cancel := context.WithCancel(context.Background())
				if rand.IntN(8) == 0 {
					time.AfterFunc(time.Duration(rand.IntN(100))*time.Microsecond, cancel)
				}
				err := a.ask(ctx, bytes, soon)
				cancel()
				if errors.Is(err, errShrink) || errors.Is(err, context.Canceled) {
					continue
				}
				if err != nil {
					t.Error(err)
				}
				if rand.IntN(8) == 0 {
					a.end()
					continue
				}
				a.mu.Lock()
				a.arriving = append(a.arriving, arrival{cost: rand.IntN(bytes) + 1})
				a.mu.Unlock()
				cost, _ := a.took()
				largest.Store(max(largest.Load(), int64(cost)))
				chunks <- cost
			}
			a.end()
		})
	}
	running.Wait()
	close(chunks)
	reading.Wait()
	if b.used != 0 || b.idle != 0 || b.extra != 0 || b.waiting.Len() != 0 {
		t.Errorf("left: %d used, %d idle, %d extra, %d waiting", b.used, b.idle, b.extra, b.waiting.Len())
	}
	if b.highest > most {
		t.Errorf("%d of %d", b.highest, most)
	}
}

func FuzzFilteredBatches(f *testing.F) {
	f.Add(set(0, []int{1, 2}), int64(0), int64(9))
	f.Add(set(7, []int{3})[:40], int64(8), int64(0))
	f.Fuzz(func(t *testing.T, data []byte, next, resume int64) {
		whole, after, need, err := filteredBatches(data, next, resume)
		if err != nil {
			if !errors.Is(err, ErrCorrupt) || whole != nil {
				t.Fatalf("%v, %d bytes", err, len(whole))
			}
			return
		}
		if len(whole) > len(data) || after < next || need < 0 || len(whole) < len(data) && need == 0 && len(whole) == 0 && len(data) >= 12 {
			t.Fatalf("%d bytes of %d, from %d to %d, need %d", len(whole), len(data), next, after, need)
		}
	})
}
