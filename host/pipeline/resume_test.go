package pipeline

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/weir-stream/weir/host/batch"
	"github.com/weir-stream/weir/host/connector"
	"github.com/weir-stream/weir/host/format"
	"github.com/weir-stream/weir/host/operator"
)

// lines are what came out, by sink partition and lane, in order.
func (b *bench) lines() map[string][]string {
	all := map[string][]string{}
	seen := map[string]bool{}
	for _, to := range append([]target{{topic: "bad", partitions: max(b.job.letters, 1)}}, b.job.sinks...) {
		for p := range to.partitions {
			where := fmt.Sprintf("%s/%d", to.topic, p)
			if seen[where] {
				continue // two sinks share the topic
			}
			seen[where] = true
			for _, m := range b.mem.Records(to.topic, uint32(p)) {
				all[where+" of "+origin(m)] = append(all[where+" of "+origin(m)], show(m))
			}
		}
	}
	return all
}

// replayed tells whether got is what runs leave behind that each go on at or before the place where the last one broke
// off: want from its start to its end, with steps back.
func replayed(got, want []string) bool {
	at := map[int]bool{-1: true} // where in want the last line may stand
	for _, line := range got {
		next, farthest := map[int]bool{}, -1
		for i := range at {
			farthest = max(farthest, i)
		}
		for i := 0; i <= farthest+1 && i < len(want); i++ {
			if want[i] != line {
				continue
			}
			for before := range at {
				next[i] = next[i] || i <= before+1
			}
		}
		at = next
	}
	return at[len(want)-1]
}

func TestReplayedIsStrict(t *testing.T) {
	for _, c := range []struct {
		got, want string
		ok        bool
	}{
		{"abc", "abc", true}, {"ababc", "abc", true}, {"abcbcabc", "abc", true}, {"aabbcc", "abc", true}, {"", "", true},
		{"ab", "abc", false}, {"ac", "abc", false}, {"abcd", "abc", false}, {"bc", "abc", false}, {"acbc", "abc", false}, {"a", "", false},
		{"aab", "aab", true}, {"ab", "aab", false}, {"aaab", "aab", true}, {"abab", "abab", true},
	} {
		if got := replayed(strings.Split(c.got, ""), strings.Split(c.want, "")); got != c.ok {
			t.Errorf("%s after %s: %v", c.got, c.want, got)
		}
	}
}

func (b *bench) expectReplayed(want map[string][]string) {
	b.t.Helper()
	got := b.lines()
	for where, lines := range want {
		if !replayed(got[where], lines) {
			b.t.Errorf("%s holds\n%s\nwhich is no replay of\n%s", where, strings.Join(got[where], "\n"), strings.Join(lines, "\n"))
		}
		delete(got, where)
	}
	for where, lines := range got {
		b.t.Errorf("%s holds %q, want nothing", where, lines)
	}
}

// expectOnce wants every line once, in order.
func (b *bench) expectOnce(want map[string][]string) {
	b.t.Helper()
	got := b.lines()
	for where, lines := range want {
		if !slices.Equal(got[where], lines) {
			b.t.Errorf("%s holds\n%s\nwant\n%s", where, strings.Join(got[where], "\n"), strings.Join(lines, "\n"))
		}
		delete(got, where)
	}
	for where, lines := range got {
		b.t.Errorf("%s holds %q, want nothing", where, lines)
	}
}

// TestEveryFailureIsSurvived fails each operation of a run in turn, or cancels the run there, and goes on with another
// run: nothing is lost, and each record comes again only from the last checkpoint on.
func TestEveryFailureIsSurvived(t *testing.T) {
	for _, s := range readScripts(t, "testdata/scripts.txt") {
		if !s.cuts || strings.Contains(s.want, "\nerror ") {
			continue
		}
		t.Run(s.name, func(t *testing.T) {
			j := s.job
			j.most, j.interval, j.limits.Rows = 1, 1, 2
			straight := newBench(t, j)
			if err := straight.run(t.Context(), straight.config(), nil); err != nil {
				t.Fatal(err)
			}
			want := straight.lines()
			for _, j.delivery = range []connector.Delivery{connector.AtLeastOnce, connector.ExactlyOnce} {
				for _, how := range []string{"fails", "is cancelled at"} {
					for at, more := 1, true; more; at++ {
						more = surviveOne(t, j, how == "fails", at, want)
						if t.Failed() {
							t.Fatalf("%s, where the run %s its operation %d", j.delivery, how, at)
						}
					}
				}
			}
		})
	}
}

// surviveOne reports whether the run had an operation of that number.
func surviveOne(t *testing.T, j job, fails bool, at int, want map[string][]string) bool {
	b := newBench(t, j)
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	met := false
	b.faults = faults{at: at, do: func(what string) error {
		met = true
		if fails {
			return fmt.Errorf("%s: %w", what, errInjected)
		}
		cancel()
		return nil
	}}
	err := b.run(ctx, b.config(), nil)
	switch {
	case met && fails && !errors.Is(err, errInjected):
		t.Errorf("the run ended with %v, not with what failed", err)
	case fails && err != nil && strings.Count(err.Error(), errInjected.Error()) != 1:
		t.Errorf("the run says what failed more than once: %v", err)
	case !met && err != nil, err != nil && !fails && !errors.Is(err, context.Canceled):
		t.Errorf("the run ended with %v", err)
	}
	if err := b.run(t.Context(), b.config(), nil); err != nil {
		t.Errorf("the run after it: %v", err)
	}
	if j.delivery == connector.ExactlyOnce {
		b.expectOnce(want)
	} else {
		b.expectReplayed(want)
	}
	return met
}

// independent are modules whose answers don't depend on where batches are cut.
var independent = []string{"pass", "inc", "even", "twice", "seven", "fives", "trap13"}

// drawJob draws a pipeline and its input.
func drawJob(t *rapid.T) job {
	j := job{
		newline:  rapid.Bool().Draw(t, "newline"),
		badData:  rapid.SampledFrom([]format.Policy{format.Fail, format.Drop, format.DeadLetter}).Draw(t, "bad_data"),
		onError:  operator.Isolate,
		chain:    rapid.SliceOfN(rapid.SampledFrom(independent), 0, 3).Draw(t, "chain"),
		onReject: rapid.SampledFrom([]OnReject{{Letters: -1}, {Letters: -1, Drop: true}, {Letters: 0}}).Draw(t, "on_reject"),
		letters:  rapid.IntRange(1, 3).Draw(t, "letters"),
		carry:    rapid.Bool().Draw(t, "carry"),
		sinks:    []target{{topic: "out", partitions: rapid.IntRange(1, 3).Draw(t, "partitions")}},
	}
	if rapid.Bool().Draw(t, "split") {
		j.chain = append(j.chain, "split")
		j.sinks = append(j.sinks, target{topic: "odd", partitions: 2, output: 1})
	}
	for i := range j.sinks {
		if j.badData != format.Fail { // where a sink stops a lane is where a batch was cut
			j.sinks[i].refuses = rapid.SampledFrom([]int64{0, 0, 3, 5}).Draw(t, "refuses")
		}
	}
	mistakes := rapid.SampledFrom([]int{0, 0, 10}).Draw(t, "mistakes in a hundred")
	n := int64(0)
	for p := range rapid.IntRange(1, 3).Draw(t, "lanes") {
		j.input = append(j.input, nil)
		for range rapid.IntRange(0, 12).Draw(t, "records") {
			var frames []string
			for range rapid.IntRange(0, 4).Draw(t, "frames") {
				n++
				frame := fmt.Sprintf(`{"n":%s%d,"s":"%d"}`, rapid.SampledFrom([]string{"", "", "0"}).Draw(t, "zeros"), n, p)
				if rapid.IntRange(0, 99).Draw(t, "luck") < mistakes {
					frame = "}" + frame
				}
				frames = append(frames, frame)
			}
			if !j.newline && len(frames) != 1 {
				continue
			}
			j.input[p] = append(j.input[p], connector.Message{Time: int64(len(j.input[p])), Value: []byte(strings.Join(frames, "\n"))})
		}
	}
	return j
}

// drawCuts draws what must make no difference.
func drawCuts(t *rapid.T, j job) job {
	j.limits = batch.Limits{Rows: rapid.IntRange(1, 9).Draw(t, "rows"), Bytes: rapid.SampledFrom([]int{1, 40, 1 << 20}).Draw(t, "bytes")}
	j.most = rapid.IntRange(0, 4).Draw(t, "most")
	j.interval = 1
	if rapid.Bool().Draw(t, "rare checkpoints") {
		j.interval = 0
	}
	return j
}
