package pipeline

import (
	"bytes"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"pgregory.net/rapid"

	"github.com/weir-stream/weir/host/connector"
	"github.com/weir-stream/weir/host/format"
)

func TestCodesAreBounded(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var c Codes
		lane := tally{}
		codes := rapid.SliceOfN(rapid.Custom(func(t *rapid.T) string { return fmt.Sprint("c.", rapid.IntRange(0, 200).Draw(t, "n")) }), 0, 400).Draw(t, "codes")
		want, known := map[string]int64{}, map[string]bool{}
		for _, code := range codes {
			if !known[code] && len(known) == MostCodes {
				code = OtherCode
			} else {
				known[code] = true
			}
			want[code]++
			lane.add(code)
		}
		for _, code := range codes {
			c.Add(code, 1)
		}
		if got := c.All(); !maps.Equal(got, want) {
			t.Fatalf("%v, want %v", got, want)
		}
		var settled Codes
		lane.settle(&settled)
		if got := settled.All(); len(lane) != 0 || sum(got) != int64(len(codes)) || len(got) > MostCodes+1 {
			t.Fatalf("%v of %d codes are settled, %v are left", got, len(codes), lane)
		}
	})
}

func sum(counts map[string]int64) (n int64) {
	for _, m := range counts {
		n += m
	}
	return n
}

func TestCodesHammer(t *testing.T) {
	var c Codes
	var adding sync.WaitGroup
	for range 8 {
		adding.Go(func() {
			for i := range 2000 {
				c.Add(fmt.Sprint("c.", i%(2*MostCodes)), 1)
				if i%100 == 0 {
					c.All()
				}
			}
		})
	}
	adding.Wait()
	if got := c.All(); sum(got) != 16_000 || len(got) != MostCodes+1 {
		t.Errorf("%d counts under %d codes, want 16000 under %d", sum(got), len(got), MostCodes+1)
	}
}

func TestHistogramCountsUpToEachBound(t *testing.T) {
	var h Histogram
	for _, d := range []time.Duration{0, 500 * time.Microsecond, 501 * time.Microsecond, time.Second, time.Hour} {
		h.Observe(d)
	}
	count, sum, upTo := h.Snapshot()
	if count != 5 || sum < 3601 || sum > 3602 || upTo[0.0005] != 2 || upTo[0.001] != 3 || upTo[0.5] != 3 || upTo[1] != 4 || upTo[10] != 4 || len(upTo) != len(histogramBounds) {
		t.Errorf("%d, %v s, %v", count, sum, upTo)
	}
}

// TestUncoveredIsSinceTheOldestRead has a lane that reads and saves, second by second.
func TestUncoveredIsSinceTheOldestRead(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var s Stats
		l := s.lane("t", 0, 5)
		for i, step := range []struct {
			do   func()
			want time.Duration // a second later
		}{
			{func() { l.took(5) }, 0}, // nothing
			{func() { l.took(8) }, time.Second},
			{func() { l.took(9) }, 2 * time.Second},
			{func() { l.saved(8) }, time.Second}, // 8 was read, by the time of the save at the latest
			{func() { l.saved(9) }, 0},
			{func() {}, 0},
			{func() { l.took(10) }, time.Second},
		} {
			step.do()
			time.Sleep(time.Second)
			if got := l.Uncovered(time.Now()); got != step.want {
				t.Errorf("step %d: %v, want %v", i, got, step.want)
			}
		}
		if lag, known := l.Lag(); known || lag != 0 {
			t.Errorf("lag %d is known: %v", lag, known)
		}
		l.end.Store(12)
		if lag, known := l.Lag(); lag != 3 || !known {
			t.Errorf("lag %d, known %v", lag, known)
		}
	})
}

func TestLanesAreListedByPartition(t *testing.T) {
	var s Stats
	for _, p := range []uint32{3, 0, 4_000_000_000, 1, 3} {
		s.lane("t", p, int64(p))
	}
	var got []uint32
	for _, l := range s.Lanes() {
		got = append(got, l.Partition)
	}
	if want := []uint32{0, 1, 3, 4_000_000_000}; !slices.Equal(got, want) {
		t.Errorf("%v, want %v", got, want)
	}
}

// TestTroubleIsOneFromFirstToLast has failures and successes, second by second, of which two lines of log are made.
func TestTroubleIsOneFromFirstToLast(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var log bytes.Buffer
		c := Config{Name: "p", Log: slog.New(slog.NewTextHandler(&log, nil)), Stats: new(Stats)}
		heard := 0
		c.Env.OnRetry = func(error) { heard++ }
		stop := c.night()
		env := c.env(PartSinks)
		trouble := &c.Stats.Parts[PartSinks]
		reach := func(want time.Duration) {
			t.Helper()
			if got, err := trouble.OutOfReach(time.Now()); got != want || (err != nil) != (want > 0) {
				t.Errorf("out of reach for %v, %v, want %v", got, err, want)
			}
		}
		c.worked(PartSinks) // nothing to say
		for i := range 3 {
			env.OnRetry(fmt.Errorf("failure %d", i))
			time.Sleep(4 * time.Second)
		}
		reach(12 * time.Second)
		c.worked(PartSinks, PartLetters)
		reach(0)
		time.Sleep(5 * time.Second)
		env.OnRetry(errors.New("once more")) // within the time in which it may
		time.Sleep(time.Second)
		reach(6 * time.Second) // since it worked
		c.worked(PartSinks)
		time.Sleep(settled + 2*troubleLook)
		reach(0)
		stop()
		if lines := strings.Split(strings.TrimSpace(log.String()), "\n"); len(lines) != 2 || heard != 4 || trouble.Retries.Load() != 4 ||
			!strings.Contains(lines[0], `msg="trouble began: trying again" what=sink reason="failure 0"`) ||
			!strings.Contains(lines[1], `msg="trouble is over" what=sink retries=4 lasted=17s`) {
			t.Errorf("%d heard of, log:\n%s", heard, log.String())
		}
	})
}

// TestStatsSayWhatWentThrough runs records of which some are bad, rejected and fatal, and compares with what the topics hold.
func TestStatsSayWhatWentThrough(t *testing.T) {
	lanes := [][]connector.Message{numbered("a", 1, 40), numbered("b", 1, 20)}
	lanes[0] = append(lanes[0], connector.Message{Time: -1, Value: []byte(`{"n":"x"}`)}, connector.Message{Time: -1, Value: []byte(`{`)})
	j := simple(lanes...)
	j.badData, j.chain, j.onReject = format.DeadLetter, []string{"seven"}, OnReject{Letters: 0}
	b := newBench(t, j)
	c := b.config()
	c.LagInterval = time.Hour
	must(t, b.run(t.Context(), c, nil))
	s := c.Stats
	letters := int64(len(b.values("bad", 0)))
	if got, bad := s.Refused.All(), s.BadData.All(); got["test.seven"] != 7 || len(got) != 1 || sum(bad) != 2 || len(bad) != 2 || letters != 9 {
		t.Errorf("refused %v, bad data %v, %d letters", got, bad, letters)
	}
	if got := s.LetterCodes.All(); sum(got) != letters || got["test.seven"] != 7 || s.Letters.Load() != letters {
		t.Errorf("dead letters %v, %d in all", got, s.Letters.Load())
	}
	if saves, _, _ := s.Saves.Snapshot(); int(saves) != len(b.saves)-2 || s.SaveFailures.Load() != 0 { // two are those before the first record
		t.Errorf("%d saves counted, %d failed, of %d", saves, s.SaveFailures.Load(), len(b.saves))
	}
	for p, l := range s.Lanes() {
		read, covered := l.Offsets()
		if end := int64(len(lanes[p])); read != end || covered != end || l.State() != LaneEnded || l.Uncovered(time.Now()) != 0 {
			t.Errorf("lane %d: read to %d, covered to %d of %d, state %d", p, read, covered, end, l.State())
		}
		if n := strings.Count(b.log.String(), fmt.Sprintf(`msg="lane opened" lane=p/%d topic=in partition=%d offset=0`, p, p)); n != 1 {
			t.Errorf("lane %d is opened %d times in the log:\n%s", p, n, b.log.String())
		}
	}
	if used, limit := s.Queue(); used != 0 || limit != 24<<20 || s.Phase() != Ended || s.Failure() != nil {
		t.Errorf("queue %d of %d, phase %d, %v", used, limit, s.Phase(), s.Failure())
	}
}

// TestLagFollowsTheSource has a source that grows while its sink stands still.
func TestLagFollowsTheSource(t *testing.T) {
	b := newBench(t, simple(numbered("a", 0, 10)))
	resume := b.mem.Stall("out")
	c := b.config()
	c.UntilEnd, c.LagInterval = false, time.Millisecond
	drain, done := make(chan struct{}), make(chan error)
	go func() { done <- b.run(t.Context(), c, drain) }()
	lag := func(want int64) {
		t.Helper()
		for deadline := time.Now().Add(time.Minute); ; <-time.After(time.Millisecond) {
			if lanes := c.Stats.Lanes(); len(lanes) == 1 {
				if got, known := lanes[0].Lag(); known && got == want {
					return
				}
			}
			if time.Now().After(deadline) {
				t.Errorf("the lag is never %d", want)
				return
			}
		}
	}
	lag(10)
	b.produce("in", 0, numbered("a", 10, 15)...)
	lag(15)
	resume()
	lag(0)
	close(drain)
	must(t, <-done)
}

func TestTheLaneThatFailedIsTold(t *testing.T) {
	lanes := [][]connector.Message{numbered("a", 0, 5), {{Time: -1, Value: []byte("{")}}}
	b := newBench(t, simple(lanes...))
	c := b.config()
	c.UntilEnd = false
	err := b.run(t.Context(), c, nil)
	got := c.Stats.Lanes()
	if err == nil || c.Stats.Phase() != Failed || !errors.Is(c.Stats.Failure(), err) || got[1].State() != LaneFailed || got[0].State() != LaneEnded {
		t.Errorf("%v: phase %d, %v, lanes %d, %d", err, c.Stats.Phase(), c.Stats.Failure(), got[0].State(), got[1].State())
	}
}

type staleReader struct {
	connector.Reader
	stale int64
}

func (r *staleReader) Stale() int64 { return r.stale }

func TestStaleRecordsAreCountedOnce(t *testing.T) {
	c := Config{Stats: new(Stats)}
	r := new(staleReader)
	d := &decoding{c: &c, reader: r, stats: c.Stats.lane("t", 0, 0)}
	for _, left := range []int64{0, 3, 3, 7} {
		r.stale = left
		d.account()
		if got := c.Stats.Stale.Load(); got != left {
			t.Errorf("%d are counted, want %d", got, left)
		}
	}
}

// TestTheRowThatStopsThePipelineIsCounted by its code, as a decoder and as a module reject it.
func TestTheRowThatStopsThePipelineIsCounted(t *testing.T) {
	for name, tc := range map[string]struct {
		value string
		codes func(*Stats) *Codes
	}{
		"decoder": {`{"n":"x"}`, func(s *Stats) *Codes { return &s.BadData }},
		"module":  {`{"n":7,"s":"a"}`, func(s *Stats) *Codes { return &s.Refused }},
	} {
		j := simple([]connector.Message{{Time: 1, Value: []byte(tc.value)}})
		j.chain = []string{"seven"}
		b := newBench(t, j)
		c := b.config()
		if err := b.run(t.Context(), c, nil); err == nil {
			t.Errorf("%s: the pipeline was not stopped", name)
		}
		all, recent := tc.codes(c.Stats).All(), c.Stats.Recent.All()
		if len(all) != 1 || len(recent) != 1 || all[recent[0].Code] != 1 || c.Stats.Rejected.Load() != 1 {
			t.Errorf("%s: %v by code, %d in all, %d remembered", name, all, c.Stats.Rejected.Load(), len(recent))
		}
	}
}
