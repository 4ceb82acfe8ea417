package pipeline

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/weir-stream/weir/host/connector"
	"github.com/weir-stream/weir/host/format"
	"github.com/weir-stream/weir/internal/fault"
)

// planned is the bench's config under a plan with an ID, in which earlier ones are found.
func (b *bench) planned(id string, earlier map[string]func() Config) Config {
	c := earlier[id]()
	c.Plan = Plan{
		ID:   id,
		Keep: func() error { return b.step("keep") },
		Earlier: func(_ context.Context, id string) (*Config, error) {
			plan, ok := earlier[id]
			if !ok {
				return nil, fault.Inputf("plan %s is gone", id)
			}
			c := plan()
			return &c, b.step("earlier")
		},
	}
	return c
}

// twoPlans are two ways to plan a job: "old" makes n of n, "new" n+1, into a table of another name where it is moved.
func twoPlans(b *bench, moved bool) map[string]func() Config {
	with := func(chain, table string) func() Config {
		b.job.chain, b.job.sinks[0].topic = []string{chain}, table
		return b.again()
	}
	to := "out"
	if moved {
		to = "out2"
	}
	return map[string]func() Config{"old": with("pass", "out"), "new": with("inc", to)}
}

// again plans the job as it is now, as often as wanted.
func (b *bench) again() func() Config {
	planned := b.config()
	return func() Config {
		c := planned
		c.Stats = new(Stats)
		return c
	}
}

// changing is a job with two lanes of even numbers and bad records.
func changing() job {
	j := simple()
	j.chain, j.badData, j.letters = []string{"pass"}, format.DeadLetter, 2
	for lane := range 2 {
		var records []connector.Message
		for n := range 7 {
			value := fmt.Appendf(nil, `{"n":%d,"s":"%d"}`, 2*n, lane)
			if n == 3 {
				value = fmt.Appendf(nil, `{"n":x,"s":"%d"}`, lane)
			}
			records = append(records, connector.Message{Time: -1, Value: value})
		}
		j.input = append(j.input, records)
	}
	j.sinks[0].partitions = 2
	j.delivery, j.most, j.interval, j.limits.Rows = connector.ExactlyOnce, 1, 1, 2
	return j
}

// expectSwitched wants each record of each lane made once: by the old plan up to some record, by the new one from there on, and in order.
func (b *bench) expectSwitched(moved bool, partitions int) {
	b.t.Helper()
	for lane := range 2 {
		made := map[int]bool{} // by the number of the record: by the new plan
		for _, table := range []string{"out", "out2"} {
			partitions := map[string]int{"out": partitions, "out2": 2}[table]
			for p := range partitions {
				if table == "out2" && !moved {
					continue
				}
				last := -1
				for _, v := range b.values(table, p) {
					var n, of int
					if _, err := fmt.Sscanf(v, `{"n":%d,"s":"%d"}`, &n, &of); err != nil || of != lane {
						continue
					}
					if _, twice := made[n/2]; twice || n/2 <= last || moved && (n%2 == 1) != (table == "out2") {
						b.t.Errorf("lane %d: %s in %s/%d is there twice, out of order or in the wrong table", lane, v, table, p)
					}
					made[n/2], last = n%2 == 1, n/2
				}
			}
		}
		switched := false
		for n := range 7 {
			byNew, there := made[n]
			if there == (n == 3) || switched && !byNew && there {
				b.t.Errorf("lane %d: record %d: there %v, by the new plan %v after %v", lane, n, there, byNew, switched)
			}
			switched = switched || byNew
		}
		letters := 0
		for p := range 2 {
			for _, m := range b.mem.Records("bad", uint32(p)) {
				if strings.Contains(string(m.Value), `"s":"`+strconv.Itoa(lane)+`"`) {
					letters++
				}
			}
		}
		if letters != 1 {
			b.t.Errorf("lane %d has %d dead letters", lane, letters)
		}
	}
}

// TestPlanChangesAfterEveryFailure fails each operation of a run, or of the run after it that has another plan, and goes on with that plan. In
// between the sink may grow.
func TestPlanChangesAfterEveryFailure(t *testing.T) {
	for _, c := range []struct {
		moved      bool
		partitions int // that "out" has in the end
	}{{false, 2}, {false, 3}, {true, 3}} {
		moved := c.moved
		for first := 1; ; first += 3 {
			met := false
			for second := 0; ; second++ {
				if second > 0 && first%4 != 0 {
					break
				}
				b := newBench(t, changing())
				b.mem.Create("out2", 2)
				plans := twoPlans(b, moved)
				met = b.failAt(first, b.planned("old", plans), false)
				b.mem.Grow("out", c.partitions)
				again := second > 0 && b.failAt(second, b.planned("new", plans), true)
				must(t, b.run(t.Context(), b.planned("new", plans), nil))
				b.expectSwitched(moved, c.partitions)
				for lane, at := range b.saved {
					if at.Plan != "new" || at.Next != 7 {
						t.Errorf("lane %s is at %d of plan %q", lane, at.Next, at.Plan)
					}
				}
				if t.Failed() {
					t.Fatalf("%+v, where the first run failed at operation %d and the second at %d (0: not)\n%s", c, first, second, b.log.String())
				}
				if second > 0 && !again {
					break
				}
			}
			if !met {
				break
			}
		}
	}
}

// failAt runs a config whose operation of a number fails, and tells whether it had one. What an earlier plan does when all is through, as it
// reads ahead, may fail for nothing.
func (b *bench) failAt(at int, c Config, ahead bool) (met bool) {
	b.t.Helper()
	b.faults = faults{at: at, do: func(string) error {
		met = true
		return errInjected
	}}
	if err := b.run(b.t.Context(), c, nil); met != errors.Is(err, errInjected) && (err != nil || !ahead) {
		b.t.Errorf("operation %d failed: %v, and the run ended with %v", at, met, err)
	}
	return met
}

// TestOrderlyStopNeedsNoEarlierPlan changes the plan behind a run that ended well.
func TestOrderlyStopNeedsNoEarlierPlan(t *testing.T) {
	b := newBench(t, changing())
	plans := twoPlans(b, false)
	must(t, b.run(t.Context(), b.planned("old", plans), nil))
	before := b.saved["p/0"].Sinks["table out"]
	delete(plans, "old")
	for p := range uint32(2) {
		b.produce("in", p, connector.Message{Time: -1, Value: fmt.Appendf(nil, `{"n":14,"s":"%d"}`, p)})
	}
	must(t, b.run(t.Context(), b.planned("new", plans), nil))
	all := slices.Concat(b.values("out", 0), b.values("out", 1))
	if len(all) != 14 || !slices.Contains(all, `{"n":15,"s":"0"}`) || !slices.Contains(all, `{"n":12,"s":"0"}`) {
		t.Errorf("the sink holds %q", all)
	}
	if now := b.saved["p/0"].Sinks["table out"]; now.Writer == before.Writer || now.Count != before.Count+1 {
		t.Errorf("the place in the sink was %+v, and is %+v", before, now)
	}
}

// TestEarlierPlanThatIsGone has a crash, and then neither the plan that is in the sink, nor one that makes as much.
func TestEarlierPlanThatIsGone(t *testing.T) {
	b := newBench(t, changing())
	plans := twoPlans(b, false)
	for at := 1; ; at++ { // until the sink is ahead
		b.failAt(at, b.planned("old", plans), false)
		if made := len(b.lines()["out/0 of 0"]) + len(b.lines()["out/1 of 0"]); int64(made) > b.saved["p/0"].Sinks["table out"].Count {
			break
		}
		if at == 1000 {
			t.Fatal("no failure leaves the sink ahead of its checkpoint")
		}
		b = newBench(t, changing())
		plans = twoPlans(b, false)
	}
	c := b.planned("new", map[string]func() Config{"new": plans["new"]})
	if err := b.run(t.Context(), c, nil); fault.Of(err) != fault.Input || !strings.Contains(err.Error(), "plan old is gone") ||
		!strings.Contains(err.Error(), "weir state rewind") {
		t.Errorf("the run ended with %v", err)
	}
	b.job.chain = []string{"inc", "even"}
	less := map[string]func() Config{"new": plans["new"], "old": b.again()}
	if err := b.run(t.Context(), b.planned("new", less), nil); fault.Of(err) != fault.Input || !strings.Contains(err.Error(), "makes less") {
		t.Errorf("a plan that makes less ended with %v", err)
	}
}
