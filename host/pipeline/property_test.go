package pipeline

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"testing"

	"pgregory.net/rapid"

	"github.com/weir-stream/weir/host/format"
)

// lanes are what lanes leave behind, worked out row by row.
type lanes struct {
	job     job
	want    map[string][]string // sorted by where, then in order
	next    []int64
	stopped bool
	counts  []int
}

// oracle works out what a job leaves behind.
func oracle(j job) *lanes {
	o := &lanes{job: j, want: map[string][]string{}, next: make([]int64, len(j.input))}
	for p := range j.input {
		o.lane(p)
	}
	return o
}

func (o *lanes) lane(p int) {
	o.counts = make([]int, len(o.job.sinks)+1)
	for offset, m := range o.job.input[p] {
		o.next[p] = int64(offset)
		frames := [][]byte{m.Value}
		if o.job.newline {
			frames = slices.DeleteFunc(bytes.Split(m.Value, []byte("\n")), func(f []byte) bool { return len(f) == 0 })
		}
		for index, frame := range frames {
			if !o.frame(p, offset, index, frame) {
				o.stopped = true
				return
			}
		}
	}
	o.next[p] = int64(len(o.job.input[p]))
}

// frame reports whether the lane goes on.
func (o *lanes) frame(p, offset, index int, frame []byte) bool {
	var r row
	if _, err := fmt.Sscanf(string(frame), `{"n":%d,"s":%q}`, &r.n, &r.s); err != nil {
		if o.job.badData == format.DeadLetter {
			o.letter(p, offset, index, "", "json.syntax", `no value at byte 0`, frame)
		}
		return o.job.badData != format.Fail
	}
	outs, by := chain(o.job.chain, []row{r})
	for _, by := range by {
		switch to := o.job.onReject; {
		case to.Letters >= 0:
			code, message := rejected(by)
			o.letter(p, offset, index, by, code, message, frame)
		case !to.Drop:
			return false
		}
	}
	refused := ""
	for i, to := range o.job.sinks {
		for _, r := range outs {
			if r.output != to.output {
				continue
			}
			if to.refuses > 0 && r.n%to.refuses == 0 {
				if by := fmt.Sprintf("table %s can't have the row: not this one", to.topic); refused == "" || by < refused {
					refused = by
				}
			} else {
				o.put(i, fmt.Sprintf("%s/%d of %d", to.topic, o.counts[i]%to.partitions, p), fmt.Sprintf(`{"n":%d,"s":"%s"}`, r.n, r.s))
			}
		}
	}
	if refused != "" && o.job.badData == format.DeadLetter {
		o.letter(p, offset, index, "", "test.refused", refused, frame)
	}
	return true
}

// rejected is what a module's dead letters say.
func rejected(by string) (code, message string) {
	switch by {
	case "seven":
		return "test.seven", "not this one"
	case "fives":
		return "test.five", "not this one"
	}
	return "trap.unreachable", "the module failed on the row alone: unreachable executed"
}

// chain runs rows through modules, one row after the other. Rejections of later stages come first: they are met first.
func chain(names []string, in []row) (outs []out, rejected []string) {
	if len(names) == 0 {
		for _, r := range in {
			outs = append(outs, out{0, r})
		}
		return outs, nil
	}
	var through []row
	for _, r := range in {
		m := modules[names[0]]
		if m.traps(r) {
			rejected = append(rejected, names[0])
			continue
		}
		made, no := m.do(r)
		if no != "" {
			rejected = append(rejected, names[0])
		}
		if len(names) == 1 {
			outs = append(outs, made...)
			continue
		}
		for _, m := range made {
			through = append(through, m.row)
		}
	}
	if len(names) > 1 {
		var later []string
		outs, later = chain(names[1:], through)
		rejected = append(later, rejected...)
	}
	return outs, rejected
}

func (o *lanes) letter(p, offset, index int, by, code, message string, frame []byte) {
	last := len(o.job.sinks)
	where := fmt.Sprintf("bad/%d of %d", o.counts[last]%o.job.letters, p)
	o.put(last, where, fmt.Sprintf("in/%d offset %d frame %d time %d by %q: %s %q %q: %s", p, offset, index, offset, by, code, "", message, frame))
}

func (o *lanes) put(sink int, where, line string) {
	o.counts[sink]++
	o.want[where] = append(o.want[where], line)
}

// TestCutsMakeNoDifference compares runs with batches cut anywhere with the oracle. Where one of several lanes stops, the
// others end anywhere; so such jobs have one lane.
func TestCutsMakeNoDifference(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		j := drawJob(rt)
		want := oracle(j)
		if want.stopped && len(j.input) > 1 {
			j.input = j.input[:1]
			want = oracle(j)
		}
		b := newBench(t, drawCuts(rt, j))
		err := b.run(context.Background(), b.config(), nil)
		if (err != nil) != want.stopped {
			rt.Fatalf("the run ended with %v; stopped: %v", err, want.stopped)
		}
		if got := b.lines(); !maps.EqualFunc(got, want.want, slices.Equal) {
			rt.Fatalf("came out:\n%q\nwant:\n%q", got, want.want)
		}
		for p, next := range want.next {
			if c := b.saved[fmt.Sprintf("p/%d", p)]; c.Next != next || b.mem.Committed("in", uint32(p)) != next {
				rt.Fatalf("lane %d is at %d, committed %d, want %d", p, c.Next, b.mem.Committed("in", uint32(p)), next)
			}
		}
		if t.Failed() {
			rt.FailNow()
		}
	})
}

// TestKilledAgainAndAgain cancels runs, or lets an operation fail, at random until one gets through, each with other cuts.
// Bad data or a rejected row may have stopped the first one.
func TestKilledAgainAndAgain(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		j := drawJob(rt)
		want := oracle(j)
		b := newBench(t, j)
		if want.stopped { // somebody changes the policies after the first run
			b.job = drawCuts(rt, j)
			if b.run(context.Background(), b.config(), nil) == nil {
				rt.Fatal("the run did not stop")
			}
			if j.badData == format.Fail {
				j.badData = format.Drop
			}
			if j.onReject.Letters < 0 {
				j.onReject.Drop = true
			}
			want = oracle(j)
		}
		for kills := rapid.IntRange(1, 6).Draw(rt, "kills"); ; kills-- {
			b.job = drawCuts(rt, j)
			ctx, cancel := context.WithCancel(context.Background())
			if kills > 0 {
				fails := rapid.Bool().Draw(rt, "fails")
				b.faults = faults{at: rapid.IntRange(1, 60).Draw(rt, "at"), do: func(string) error {
					if fails {
						return errInjected
					}
					cancel()
					return nil
				}}
			}
			err := b.run(ctx, b.config(), nil)
			cancel()
			if err == nil {
				break
			}
			if !errors.Is(err, errInjected) && !errors.Is(err, context.Canceled) {
				rt.Fatal(err)
			}
		}
		b.expectReplayed(want.want)
		if t.Failed() {
			rt.FailNow()
		}
	})
}
