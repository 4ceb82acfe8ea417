package model

import (
	"math/rand/v2"
	"testing"

	"pgregory.net/rapid"
)

// drawWorld draws one that is larger than what can be explored.
func drawWorld(t *rapid.T) *Config {
	b := rapid.SampledFrom([]broker{embedded, plain}).Draw(t, "broker")
	c := world("at random", b, source{}, Faults{})
	c.Lanes = rapid.IntRange(1, maxLanes).Draw(t, "lanes")
	c.Parts = rapid.IntRange(1, 2).Draw(t, "partitions")
	c.Keyed = rapid.Bool().Draw(t, "keyed")
	c.Cuts = rapid.Bool().Draw(t, "cuts")
	c.Batch, c.Queue = rapid.IntRange(1, 3).Draw(t, "batch"), rapid.IntRange(2, maxQueue).Draw(t, "queue")
	records := rapid.IntRange(1, 6/c.Lanes).Draw(t, "records")
	for next := 0; next < records; { // a batch, from anywhere in what was written before
		from := rapid.IntRange(0, next).Draw(t, "from")
		to := rapid.IntRange(from+1, min(from+3, records)).Draw(t, "to")
		for ordinal := from; ordinal < to && len(c.Source) < 2*maxSource; ordinal++ {
			c.Source = append(c.Source, int8(ordinal))
		}
		next = max(next, to)
	}
	for plan := range c.Plans {
		for range records {
			keys := rapid.SliceOfN(rapid.Int8Range(0, 5), 0, 2).Draw(t, "keys")
			c.Plans[plan] = append(c.Plans[plan], keys)
		}
	}
	c.Faults = Faults{
		Crash: 3, GiveUp: 3, Damage: 2, Drain: 1, Restart: 1,
		Grow: rapid.Int8Range(0, 1).Draw(t, "grow"), Plan: rapid.Int8Range(0, 1).Draw(t, "plan"), Rewind: rapid.Int8Range(0, 1).Draw(t, "rewind"),
	}
	if rare := rapid.IntRange(0, 3).Draw(t, "rare"); rare == 0 && !c.Plain {
		c.Faults.Zombie = 1
	} else if rare == 1 {
		c.Faults.Forget = 1
	}
	return c
}

// choice is a step that may come next.
type choice struct {
	Step
	behind State
}

// choices are all of them, those that are faults apart.
func choices(c *Config, s *State) (steps, faults []choice) {
	c.Next(s, func(step Step, n *State) {
		if step.Fault {
			faults = append(faults, choice{step, *n})
		} else {
			steps = append(steps, choice{step, *n})
		}
	})
	return steps, faults
}

func TestRandomWalksThroughLargerWorldsKeepTheProperties(t *testing.T) {
	ends := 0
	rapid.Check(t, func(t *rapid.T) {
		c := drawWorld(t)
		walk := rand.New(rand.NewPCG(rapid.Uint64().Draw(t, "walk"), 0))
		rate := rapid.IntRange(2, 30).Draw(t, "steps per fault")
		way := Counterexample{Config: c, End: c.Start()}
		for range 5000 {
			if c.Done(&way.End) || way.End.Late {
				ends++
				return
			}
			next, faults := choices(c, &way.End)
			if len(faults) > 0 && walk.IntN(rate) == 0 {
				next = faults
			}
			chosen := next[walk.IntN(len(next))]
			way.Steps, way.End = append(way.Steps, chosen.Step), chosen.behind
			if way.Violation = c.Check(&way.End); way.Violation != nil {
				t.Fatal(&way)
			}
		}
		way.Violation = violation(1, "no end in sight")
		t.Fatal(&way)
	})
	t.Logf("%d walks came to their end", ends)
}
