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
		{FlushFirst, 4, world("", idempotent, two, Faults{})},
		{SaveBeforeCommit, 5, world("", idempotent, two, Faults{})},
		{SaveBeforeSend, 2, world("", idempotent, two, Faults{Crash: 1})},
		{DrawnTwice, 2, world("", idempotent, two, Faults{Crash: 1, Damage: 1})},
		{OpenTwice, 7, world("", fencing, two, Faults{Crash: 2, Damage: 1, Grow: 1})},
		{RedrawEqual, 2, world("", fencing, two, Faults{Crash: 1, Grow: 1})},
		{RedrawSure, 2, world("", idempotent, two, Faults{Crash: 1, Plan: 1})},
		{PartsFinish, 2, with(world("", fencing, two, Faults{Crash: 1, Grow: 1}), byCount)},
		{PlanFinishes, 6, world("", idempotent, two, Faults{Crash: 1, Plan: 1})},
		{LookAfterDoubt, 3, world("", plain, two, Faults{GiveUp: 1})},
		{LookAtStart, 3, world("", plain, two, Faults{Crash: 1})},
		{OneInFlight, 3, world("", plain, two, Faults{GiveUp: 1})},
		{PositionReplay, 4, world("", idempotent, two, Faults{Crash: 1})},
		{PositionSure, 4, world("", idempotent, two, Faults{Crash: 1})},
		{SeenAtNext, 4, world("", idempotent, two, Faults{Crash: 1})},
		{SeenKept, 2, world("", idempotent, two, Faults{Crash: 1})},
		{CountKept, 6, with(world("", idempotent, three, Faults{Crash: 1}), byCount)},
		{SureRevoked, 4, world("", idempotent, two, Faults{Crash: 1, Drain: 1, Grow: 1})},
		{SureInherited, 4, world("", idempotent, two, Faults{Crash: 1, Drain: 1, Grow: 1})},
		{SureByLook, 4, world("", idempotent, two, Faults{Crash: 1, Grow: 1})},
		{SureByMost, 3, world("", plain, two, Faults{Crash: 1, Grow: 1})},
		{NoZombies, 2, world("", idempotent, two, Faults{Zombie: 1, Grow: 1})},
		{Forgetful, 2, world("", idempotent, two, Faults{Crash: 1, Forget: 1})},
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
