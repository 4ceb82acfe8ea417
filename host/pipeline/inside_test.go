package pipeline

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/weir-stream/weir/host/connector"
	"github.com/weir-stream/weir/internal/fault"
)

// linesOf is one record with a row a line.
func linesOf(from, to int) connector.Message {
	var lines []string
	for n := from; n < to; n++ {
		lines = append(lines, fmt.Sprintf(`{"n":%d,"s":"a"}`, n))
	}
	return connector.Message{Time: 1, Value: []byte(strings.Join(lines, "\n"))}
}

// noneTwice wants each value of a sink once.
func (b *bench) noneTwice(what string, args ...any) {
	b.t.Helper()
	got := b.values("out", 0)
	slices.Sort(got)
	if once := slices.Compact(slices.Clone(got)); len(once) != len(got) {
		b.t.Errorf("%s: some are there twice: %q", fmt.Sprintf(what, args...), got)
	}
}

// TestAtMostOnceInsideARecord stops a run at every operation while a record of many rows is under way, and where one of its rows is refused.
func TestAtMostOnceInsideARecord(t *testing.T) {
	for at, more := 1, true; more; at++ {
		j := simple([]connector.Message{linesOf(0, 8)})
		j.newline, j.delivery, j.interval, j.limits.Rows = true, connector.AtMostOnce, 1, 2
		b := newBench(t, j)
		ctx, cancel := context.WithCancel(t.Context())
		more = false
		b.faults = faults{at: at, do: func(string) error {
			more = true
			cancel()
			return nil
		}}
		_ = b.run(ctx, b.config(), nil)
		cancel()
		must(t, b.run(t.Context(), b.config(), nil))
		b.noneTwice("cancelled at operation %d", at)
	}
	j := simple([]connector.Message{linesOf(1, 3), linesOf(5, 9)})
	j.newline, j.delivery, j.chain = true, connector.AtMostOnce, []string{"seven"}
	b := newBench(t, j)
	for range 3 {
		_ = b.run(t.Context(), b.config(), nil)
	}
	b.noneTwice("stopped within a record")
}

// TestExactlyOnceInsideARecord has rows of one record that don't fit their sink, behind others that do, in this batch or the one before.
func TestExactlyOnceInsideARecord(t *testing.T) {
	for _, rows := range []int{1, 2, 3, 6, 100} {
		j := simple([]connector.Message{linesOf(0, 6)})
		j.newline, j.delivery, j.limits.Rows = true, connector.ExactlyOnce, rows
		b := newBench(t, j)
		for range 3 {
			c := b.config()
			c.Sinks[0].Connector = &bent{Config: c.Sinks[0].Connector, write: tooLarge(`"n":3,`)}
			if err := b.run(t.Context(), c, nil); !errors.Is(err, connector.ErrTooLarge) {
				t.Errorf("the run ended with %v", err)
			}
			b.noneTwice("batches of %d rows", rows)
		}
		must(t, b.run(t.Context(), b.config(), nil))
		b.noneTwice("batches of %d rows, in the end", rows)
		if got := b.values("out", 0); len(got) != 6 {
			t.Errorf("batches of %d rows: in the end %q are there", rows, got)
		}
	}
}

// TestAPlanThatFailsIsMended has a plan that stops at a row, of a record with one row or more: what lies before stays, and the plan that takes its
// place goes on there.
func TestAPlanThatFailsIsMended(t *testing.T) {
	bad := connector.Message{Time: 1, Value: []byte(`{"n":8,"s":"a"}` + "\n" + `{"n":x}`)}
	for name, c := range map[string]struct {
		input   []connector.Message
		newline bool
		refused string
	}{
		"a row too large":            {numbered("a", 0, 8), false, `"n":3,`},
		"bad data":                   {append(numbered("a", 0, 5), connector.Message{Time: 1, Value: []byte("x")}), false, "none"},
		"bad data within the record": {append(numbered("a", 0, 5), bad), true, "none"},
	} {
		t.Run(name, func(t *testing.T) {
			j := simple(c.input)
			j.delivery, j.limits.Rows, j.newline = connector.ExactlyOnce, 4, c.newline
			b := newBench(t, j)
			b.job.chain = []string{"pass"}
			first := b.config()
			first.Sinks[0].Connector = &bent{Config: first.Sinks[0].Connector, write: tooLarge(c.refused)}
			old := func() Config {
				c := first
				c.Stats = new(Stats)
				return c
			}
			b.job.chain, b.job.badData = []string{"inc"}, 1 // dropped
			plans := map[string]func() Config{"old": old, "new": b.again()}
			if err := b.run(t.Context(), b.planned("old", plans), nil); err == nil {
				t.Fatal("the plan does not fail")
			}
			made := b.values("out", 0)
			must(t, b.run(t.Context(), b.planned("new", plans), nil))
			got := b.values("out", 0)
			if !slices.Equal(got[:len(made)], made) || len(made) == 0 || len(got) <= len(made) && name == "a row too large" {
				t.Errorf("the old plan made %q, then there are %q", made, got)
			}
		})
	}
}

// TestRowsWithoutOriginsWithinARecord has a module that does not say which rows its own are made of, and a batch that ends within a record.
func TestRowsWithoutOriginsWithinARecord(t *testing.T) {
	j := simple([]connector.Message{linesOf(0, 3), linesOf(3, 6), linesOf(6, 9)})
	j.newline, j.delivery, j.limits.Rows, j.chain = true, connector.ExactlyOnce, 2, []string{"sum"}
	b := newBench(t, j)
	if err := b.run(t.Context(), b.config(), nil); fault.Of(err) != fault.Input || !strings.Contains(err.Error(), "origins") {
		t.Errorf("the run ended with %v", err)
	}
	j.limits.Rows = 9
	b = newBench(t, j)
	must(t, b.run(t.Context(), b.config(), nil))
}

// TestWhatWasSeenIsKept stops a run at a checkpoint that comes of no mark, with records behind it that a writer sends once more.
func TestWhatWasSeenIsKept(t *testing.T) {
	for _, d := range []connector.Delivery{connector.AtLeastOnce, connector.AtMostOnce, connector.ExactlyOnce} {
		for stop := range int64(24) {
			j := simple()
			j.delivery, j.limits.Rows, j.interval = d, 4, 1
			b := newBench(t, j)
			b.mem.MostWriters = 1
			b.mem.Delete("in")
			b.mem.Create("in", 1)
			sink, err := b.table("in", connector.RoleSink).OpenSink(t.Context(), connector.Env{})
			must(t, err)
			records := numbered("lane", 0, 100)
			for _, part := range []struct{ writer, from, to int }{{1, 0, 8}, {2, 50, 54}, {1, 0, 8}} {
				w, err := sink.Open(t.Context(), "test", &connector.Sequence{Writer: int64(part.writer), Next: []int64{0}})
				must(t, err)
				for i := part.from; i < part.to; i++ {
					must(t, w.Write(t.Context(), 0, records[i]))
				}
				must(t, w.Close())
			}
			c := b.config()
			c.Store = failingStore{(*store)(b), stop}
			_ = b.run(t.Context(), c, nil)
			before := b.values("out", 0)
			must(t, b.run(t.Context(), b.config(), nil))
			after := b.values("out", 0)
			if d == connector.AtLeastOnce { // what was written and not covered comes again
				after = after[min(len(before), len(after)):]
			}
			slices.Sort(after)
			if once := slices.Compact(slices.Clone(after)); len(once) != len(after) {
				t.Errorf("%s, no checkpoint behind %d: some are there twice: %q", d, stop, after)
			}
		}
	}
}

// TestASinkThatGrowsAndOpensNoWriter ends with the reason.
func TestASinkThatGrowsAndOpensNoWriter(t *testing.T) {
	j := simple(numbered("a", 0, 8))
	j.delivery, j.interval = connector.ExactlyOnce, 1
	b := newBench(t, j)
	c := b.config()
	opens := 0
	c.Sinks[0].Connector = &bent{Config: c.Sinks[0].Connector, open: func() error {
		if opens++; opens > 1 {
			return errInjected
		}
		b.mem.Grow("out", 2)
		return nil
	}}
	if err := b.run(t.Context(), c, nil); !errors.Is(err, errInjected) {
		t.Errorf("the run ended with %v", err)
	}
}
