package pipeline

import (
	"context"
	"errors"
	"math/rand/v2"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/weir-stream/weir/host/batch"
	"github.com/weir-stream/weir/host/connector"
	"github.com/weir-stream/weir/host/format"
)

// TestBudgetHammer lets many goroutines take and give back at once, some of them giving up, and watches the limit.
func TestBudgetHammer(t *testing.T) {
	const limit, workers, rounds = 1000, 16, 2000
	b := newBudget(limit)
	var held, large atomic.Int64
	var all sync.WaitGroup
	for w := range workers {
		all.Go(func() {
			r := rand.New(rand.NewPCG(1, uint64(w)))
			for range rounds {
				n := r.Int64N(limit / 2)
				if r.IntN(50) == 0 {
					n = 3 * limit
				}
				ctx, cancel := context.WithCancel(context.Background())
				if r.IntN(4) == 0 {
					go cancel()
				}
				if b.acquire(ctx, n) == nil {
					if n > limit {
						large.Add(1)
					} else if got := held.Add(n); got > limit {
						t.Errorf("%d bytes are held, the limit is %d", got, limit)
					}
					if n > limit && held.Load() != 0 {
						t.Errorf("a batch larger than the limit is not alone: %d more are held", held.Load())
					}
					if n <= limit {
						held.Add(-n)
					}
					b.release(n)
				}
				cancel()
			}
		})
	}
	all.Wait()
	if b.used != 0 || len(b.waiting) != 0 || large.Load() == 0 {
		t.Errorf("%d bytes are used, %d wait, %d large ones went through", b.used, len(b.waiting), large.Load())
	}
}

func TestWhoCameFirstIsServedFirst(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBudget(10)
		must(t, b.acquire(t.Context(), 6))
		order := make(chan string, 3)
		wait := func(name string, ctx context.Context, n int64) {
			go func() {
				if err := b.acquire(ctx, n); err != nil {
					name += " gave up"
				}
				order <- name
			}()
			synctest.Wait()
		}
		wait("larger than the limit", t.Context(), 30)
		impatient, cancel := context.WithCancelCause(t.Context())
		wait("impatient", impatient, 2)
		wait("small", t.Context(), 2) // would fit at once, and waits in line
		cancel(errors.New("no more patience"))
		synctest.Wait()
		b.release(6)
		synctest.Wait()
		b.release(30)
		for _, want := range []string{"impatient gave up", "larger than the limit", "small"} {
			if got := <-order; got != want {
				t.Errorf("%q came, want %q", got, want)
			}
		}
	})
}

func TestGivingUpLetsTheNextOneIn(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBudget(10)
		must(t, b.acquire(t.Context(), 6))
		large, cancel := context.WithCancelCause(t.Context())
		why := errors.New("stopped")
		gaveUp := make(chan error, 1)
		go func() { gaveUp <- b.acquire(large, 8) }()
		synctest.Wait()
		small := make(chan error, 1)
		go func() { small <- b.acquire(t.Context(), 4) }()
		synctest.Wait()
		cancel(why)
		if err := <-gaveUp; err != why {
			t.Errorf("giving up returned %v, want the cause", err)
		}
		must(t, <-small)
	})
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// TestWhatARowIsCutFromCounts has little rows in large records: a row keeps the record's memory, whatever its frame takes of it.
func TestWhatARowIsCutFromCounts(t *testing.T) {
	for name, record := range map[string]connector.Message{
		"value": {Time: 1, Value: []byte(strings.Repeat("\n", 1000) + `{"n":1,"s":"a"}`)},
		"key":   {Time: 1, Key: make([]byte, 1000), Value: []byte(`{"n":1,"s":"a"}`)},
	} {
		j := simple(slices.Repeat([]connector.Message{record}, 100))
		j.newline, j.limits.Rows, j.limits.Bytes = true, 1000, 10_000/rawFactor
		b := newBench(t, j)
		c := b.config()
		batches := 0
		decoder := c.Source.Decoder
		c.Source.Decoder = func() (format.Decoder, error) {
			d, err := decoder()
			return counting{d, func(builder *batch.Builder) {
				if builder.Rows() == 0 {
					batches++
				}
			}}, err
		}
		c.Limits.Age = time.Hour
		must(t, b.run(t.Context(), c, nil))
		if batches != 10 {
			t.Errorf("%s: 100 records of 1 KB came in %d batches, want 10", name, batches)
		}
	}
}
