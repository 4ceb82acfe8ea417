package pipeline

import (
	"context"
	"log/slog"
	"sync"
	"sync/atomic"
	"time"

	"github.com/weir-stream/weir/host/connector"
)

// Part is a part of a pipeline that depends on somebody else.
type Part uint8

// The parts.
const (
	PartSource Part = iota
	PartSinks
	PartLetters
	Parts // how many there are
)

// String is the part's name in logs and metrics.
func (p Part) String() string { return [...]string{"source", "sink", "dead_letters"}[p] }

const (
	// settled is how long nothing may fail, once something has worked, before trouble counts as over. It is longer than a
	// client's pauses, so that a cluster half of which is gone is one trouble, not one a second.
	settled = 10 * time.Second
	// troubleLook is how often it is looked after, for the log.
	troubleLook = time.Second
)

// Trouble is what a part's connectors try again. The zero Trouble is none. It is safe for concurrent use, and costs whatever
// works a load.
type Trouble struct {
	Retries atomic.Int64 // failures that were tried again, ever

	last                  atomic.Pointer[error]
	since, latest, worked atomic.Int64 // the first and the newest failure, and the newest success since, in Unix nanoseconds; since is 0: no trouble
	before                atomic.Int64 // Retries before the first failure
}

// failed counts a failure that is tried again.
func (t *Trouble) failed(failure error, now time.Time) {
	t.last.Store(&failure)
	t.latest.Store(now.UnixNano())
	if n := t.Retries.Add(1); t.since.CompareAndSwap(0, now.UnixNano()) {
		t.before.Store(n - 1)
	}
}

// done says that something of the part has worked.
func (t *Trouble) done() {
	if t.since.Load() != 0 {
		t.worked.Store(time.Now().UnixNano())
	}
}

// OutOfReach is for how long, by now, nothing of the part has worked although it was tried, and the newest failure. 0: the
// part works, as far as is known.
func (t *Trouble) OutOfReach(now time.Time) (time.Duration, error) {
	since, worked := t.since.Load(), t.worked.Load()
	if since == 0 || worked > t.latest.Load() {
		return 0, nil
	}
	return max(1, time.Duration(now.UnixNano()-max(since, worked))), *t.last.Load()
}

// over ends trouble that is over, and tells how many retries it took and how long.
func (t *Trouble) over(now time.Time) (retries int64, lasted time.Duration, over bool) {
	since, latest := t.since.Load(), t.latest.Load()
	if since == 0 || t.worked.Load() <= latest || now.UnixNano()-latest < int64(settled) {
		return 0, 0, false
	}
	retries, lasted = t.Retries.Load()-t.before.Load(), time.Duration(latest-since)
	t.since.Store(0)
	return retries, lasted, true
}

// env is what the connectors of a part are lent.
func (c *Config) env(p Part) connector.Env {
	env, tell := c.Env, c.Env.OnRetry
	env.OnRetry = func(failure error) {
		c.Stats.Parts[p].failed(failure, time.Now())
		if tell != nil {
			tell(failure)
		}
	}
	return env
}

// worked says that something of the parts has worked.
func (c *Config) worked(parts ...Part) {
	for _, p := range parts {
		c.Stats.Parts[p].done()
	}
}

// night logs when trouble begins and when it is over, a line each, until stop is called.
func (c *Config) night() (stop func()) {
	quit := make(chan struct{})
	var watching sync.WaitGroup
	watching.Go(func() {
		tick := time.NewTicker(troubleLook)
		defer tick.Stop()
		w := nightWatch{log: c.Log, stats: c.Stats}
		for {
			select {
			case <-quit:
				return
			case now := <-tick.C:
				w.look(now)
			}
		}
	})
	return func() {
		close(quit)
		watching.Wait()
	}
}

// nightWatch knows what trouble has been told of.
type nightWatch struct {
	log   *slog.Logger
	stats *Stats
	told  [Parts]bool
}

func (w *nightWatch) look(now time.Time) {
	for p := range Parts {
		t := &w.stats.Parts[p]
		if !w.told[p] && t.since.Load() != 0 {
			w.told[p] = true
			w.log.Warn("trouble began: trying again", "what", p.String(), "reason", *t.last.Load())
		}
		if retries, lasted, over := t.over(now); over {
			w.told[p] = false
			w.log.Info("trouble is over", "what", p.String(), "retries", retries, "lasted", lasted.Round(time.Millisecond))
		}
	}
}

// follow asks the source for the ends of the lanes' partitions, every Config.LagInterval, until stop is called. It is called
// with a source that stays open until then.
func (c *Config) follow(ctx context.Context, source connector.Source) (stop func()) {
	if c.LagInterval <= 0 {
		return func() {}
	}
	ctx, cancel := context.WithCancel(ctx)
	var following sync.WaitGroup
	following.Go(func() {
		tick := time.NewTicker(c.LagInterval)
		defer tick.Stop()
		for next := 0; ; {
			next = c.findEnds(ctx, source, next)
			select {
			case <-ctx.Done():
				return
			case <-tick.C:
			}
		}
	})
	return func() {
		cancel()
		following.Wait()
	}
}

// longestLook bounds how long the ends of all partitions may take: then there is a new try.
const longestLook = 10 * time.Second

// findEnds asks once, beginning with the lane at first. Where one does not answer, that is all for this time, and the next
// time begins behind it; until then the ends are as they were.
func (c *Config) findEnds(ctx context.Context, source connector.Source, first int) (next int) {
	ctx, cancel := context.WithTimeout(ctx, longestLook)
	defer cancel()
	lanes := c.Stats.Lanes()
	for i := range lanes {
		at := (first + i) % len(lanes)
		end, err := source.End(ctx, lanes[at].Partition)
		if err != nil {
			return at + 1
		}
		lanes[at].end.Store(end)
		c.worked(PartSource) // a source without new records is known to be there by this alone
	}
	return 0
}
