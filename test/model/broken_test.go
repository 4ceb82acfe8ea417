package model

import (
	"errors"
	"testing"
)

func TestEveryRuleIsNeeded(t *testing.T) {
	for _, test := range []struct {
		broken   Rule
		property int
		world    *Config
	}{
		{FlushFirst, 4, world("", embedded, two, Faults{})},
		{SaveBeforeCommit, 5, world("", embedded, two, Faults{})},
		{SaveBeforeSend, 2, world("", embedded, two, Faults{Crash: 1})},
		{DrawnTwice, 2, world("", embedded, two, Faults{Crash: 1, Damage: 1})},
		{OpenTwice, 7, world("", embedded, two, Faults{Crash: 2, Damage: 1, Grow: 1})},
		{RedrawEqual, 2, world("", embedded, two, Faults{Crash: 1, Grow: 1})},
		{PartsFinish, 2, with(world("", embedded, two, Faults{Crash: 1, Grow: 1}), byCount)},
		{PlanFinishes, 2, world("", embedded, two, Faults{Crash: 1, Plan: 1})},
		{ClaimFirst, 4, world("", embedded, two, Faults{Crash: 1, Plan: 1})},
		{ClaimWaits, 4, world("", embedded, two, Faults{Crash: 1, Plan: 1})},
		{RevokedStays, 4, world("", embedded, two, Faults{Crash: 1, Plan: 1})},
		{OwnerKept, 4, world("", embedded, two, Faults{Zombie: 1, Plan: 1})},
		{LockedAtRestart, 4, world("", embedded, two, Faults{Zombie: 1, Plan: 1, Restart: 1})},
		{TakeOverOnce, 4, world("", embedded, two, Faults{Zombie: 1, Plan: 1})},
		{LookAfterDoubt, 3, world("", plain, two, Faults{GiveUp: 1})},
		{LookAtStart, 3, world("", plain, two, Faults{Crash: 1})},
		{OneInFlight, 3, world("", plain, two, Faults{GiveUp: 1})},
		{PositionReplay, 4, world("", embedded, two, Faults{Crash: 1})},
		{SeenAtNext, 4, world("", embedded, two, Faults{Crash: 1})},
		{SeenKept, 2, world("", embedded, two, Faults{Crash: 1})},
		{CountKept, 2, with(world("", embedded, three, Faults{Crash: 1}), byCount)},
	} {
		t.Run(string(test.broken), func(t *testing.T) {
			t.Parallel()
			test.world.Broken[test.broken] = true
			test.world.Name = "broken: " + string(test.broken)
			r, err := test.world.Explore(300_000)
			var found *Counterexample
			if !errors.As(err, &found) {
				t.Fatalf("nobody noticed, in %d states: %v", r.States, err)
			}
			if found.Violation.Property != test.property {
				t.Errorf("want a violation of property %d", test.property)
			}
			t.Logf("found among %d states; %v", r.States, found)
		})
	}
}
