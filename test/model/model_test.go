package model

import (
	"os"
	"testing"
	"time"
)

// small worlds are explored by every test run, in a few seconds. The race detector, which finds nothing in them that it does not find in
// some, sees those of the broker with the fewest states.
func small() []*Config {
	brokers := []broker{embedded, plain}
	if raceEnabled {
		brokers = brokers[:1]
	}
	var all []*Config
	for _, b := range brokers {
		all = append(all,
			world("killed, its requests late", b, two, Faults{Crash: 1, GiveUp: 1}),
			world("killed and drained", b, two, Faults{Crash: 1, Drain: 1}),
			world("killed, checkpoint damaged", b, three, Faults{Crash: 1, Damage: 1}),
			world("killed, another partition", b, two, Faults{Crash: 1, Grow: 1, Damage: 1}),
			world("killed, another plan", b, holes, Faults{Crash: 1, Plan: 1}),
			world("rewound", b, two, Faults{Crash: 1, Rewind: 1}),
			with(world("batches cut anywhere", b, three, Faults{Crash: 1}), cut),
			with(world("by count, another partition", b, holes, Faults{Crash: 1, Grow: 1}), byCount),
			with(world("two lanes", b, source{[]int8{0}, [2][][]int8{{{0, 0}}}}, Faults{Crash: 1, GiveUp: 1}), func(c *Config) { c.Lanes, c.Parts = 2, 1 }),
		)
		if !b.plain {
			all = append(all,
				world("the broker restarts", b, two, Faults{Crash: 1, GiveUp: 1, Restart: 1}),
				world("the broker restarts, another plan", b, holes, Faults{Crash: 1, Restart: 1, Plan: 1}),
				world("a writer is forgotten", b, two, Faults{Crash: 1, Forget: 1}),
				with(world("a process without its lock", b, pair, Faults{Crash: 1, Zombie: 1}), one),
				with(world("a process without its lock, another plan", b, two, Faults{Zombie: 1, Plan: 1}), one),
				world("a process without its lock, another partition", b, pair, Faults{Zombie: 1, Grow: 1}),
			)
		}
	}
	return all
}

// large worlds, with WEIR_MODEL=large, take a minute more.
func large() []*Config {
	var all []*Config
	for _, b := range []broker{embedded, plain} {
		all = append(all,
			with(world("killed twice", b, two, Faults{Crash: 2}), cut),
			world("killed twice, checkpoint damaged, another partition", b, two, Faults{Crash: 2, Damage: 1, Grow: 1}),
			world("killed, drained, another partition", b, two, Faults{Crash: 1, Drain: 1, Grow: 1}),
			world("killed, its requests late, another plan", b, holes, Faults{Crash: 1, GiveUp: 1, Plan: 1}),
			with(world("killed, cut anywhere, its requests late", b, three, Faults{Crash: 1, GiveUp: 1}), cut),
		)
		if !b.plain {
			all = append(all,
				with(world("a process without its lock, longer", b, single, Faults{Crash: 1, Zombie: 1}), one),
				with(world("a process without its lock, its requests late", b, two, Faults{Crash: 1, Zombie: 1, GiveUp: 1}), one),
			)
		}
	}
	return all
}

func TestEveryOrderOfStepsAndFaultsKeepsTheProperties(t *testing.T) {
	worlds, limit := small(), 200_000
	if os.Getenv("WEIR_MODEL") == "large" {
		worlds, limit = append(worlds, large()...), 5_000_000
	}
	for _, c := range worlds {
		t.Run(c.Name, func(t *testing.T) {
			t.Parallel()
			began := time.Now()
			r, err := c.Explore(limit)
			if err != nil {
				t.Fatal(err)
			}
			if r.Done == 0 {
				t.Error("no lane ever came to its end")
			}
			t.Logf("%d states, %d steps, at most %d deep, %d ends, %v", r.States, r.Steps, r.Depth, r.Done, time.Since(began).Round(time.Millisecond))
		})
	}
}
