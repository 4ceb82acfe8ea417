//go:build linux

package chaos

import (
	"fmt"
	"math/rand/v2"
	"time"
)

// plan is what a seed says will be done.
type plan struct {
	seed    uint64
	flights int
	rounds  []round
}

// round is one run of the pipeline, on as much new input as the plan says, with what strikes before and meanwhile. A trigger is a number of
// bytes that have gone through the proxy since the run began; one that is never reached does nothing.
type round struct {
	produce int // flights that are new

	damage [lanes]damage // to the newest checkpoint, before
	grow   growth
	growAt trigger

	end    ending // how the run ends, unless it gets through before
	endAt  trigger
	after  time.Duration // from start to end, where ending is killLate
	point  string        // the place that it dies at, and at which pass
	pass   int
	room   uint64 // bytes that a file may have from endAt on
	wake   waking // when a process that was stopped goes on
	wakeAt trigger

	brokerDies bool
	brokerAt   trigger
	brokerDown time.Duration

	disturb []disturbance
	rate    int // bytes a millisecond that the proxy lets through; 0: all
}

type trigger struct {
	down  bool // bytes to the pipeline, not from it
	bytes int64
}

type ending uint8

const (
	toTheEnd      ending = iota
	killAt               // at a trigger
	killLate             // after a time
	killPoint            // at a place in the program
	noRoom               // a file is cut short from a trigger on
	stopAndFollow        // stopped at a trigger; its successor goes on with a copy of its state
	endings
)

type waking uint8

const (
	wakeBeside waking = iota // while its successor works
	wakeBehind               // when that has ended
)

type growth uint8

const (
	growNone growth = iota
	growBetween
	growRunning
)

// disturbance is one of the proxy's.
type disturbance struct {
	kind disturbing
	at   trigger
	long time.Duration
}

type disturbing uint8

const (
	cut   disturbing = iota // every connection, wherever it is
	stall                   // nothing goes in any direction for a while
	late                    // answers are held for longer than the pipeline waits for them
)

var disturbings = [...]string{"cut", "stall", "late answers"}

// points are the places that a run can die at.
var points = []string{
	"lane written", "lane confirmed", "lane saved", "lane committed",
	"checkpoint renamed", "checkpoint durable", "checkpoint redrawn once", "checkpoint redrawn twice",
}

// kinds are all faults that are counted.
func kinds() []string {
	all := []string{"kill at bytes", "kill at time", "no room", "zombie beside", "zombie behind", "zombie spoke", "broker kill", "grow between", "grow running"}
	for _, p := range points {
		all = append(all, "die at "+p)
	}
	all = append(all, disturbings[:]...)
	for d := flip; d < damages; d++ {
		all = append(all, "checkpoint "+d.String())
	}
	return all
}

// widest is how many partitions a sink gets at most.
const widest = 5

func newPlan(seed uint64, flights, rounds int) *plan {
	r := rand.New(rand.NewPCG(seed, 0))
	p := &plan{seed: seed, flights: flights}
	left := flights
	for i := range rounds {
		n := left / (rounds - i)
		left -= n
		p.rounds = append(p.rounds, newRound(r, n, i == 0))
	}
	return p
}

func newRound(r *rand.Rand, produce int, first bool) round {
	at := func() trigger {
		if r.IntN(2) == 0 {
			return trigger{down: true, bytes: r.Int64N(int64(produce)*300 + 1)}
		}
		return trigger{bytes: r.Int64N(int64(produce)*60 + 1)}
	}
	one := func(in int) bool { return r.IntN(in) == 0 }
	d := round{produce: produce, end: ending(r.IntN(int(endings))), endAt: at(), wake: waking(r.IntN(2)), wakeAt: at()}
	d.after = time.Duration(r.Int64N(int64(500 * time.Millisecond)))
	d.room = 1 + r.Uint64N(600)
	if one(2) && d.end == noRoom {
		d.endAt = trigger{} // from the first request on
	}
	d.point, d.pass = points[r.IntN(len(points))], 1+r.IntN(6)
	if first && one(2) { // only where writer ids are drawn are these passed
		d.end, d.point, d.pass = killPoint, points[len(points)-1-r.IntN(2)], 1+r.IntN(lanes)
	}
	for i := range d.damage {
		if one(3) {
			d.damage[i] = flip + damage(r.IntN(int(damages-flip)))
		}
	}
	if one(5) && d.end != stopAndFollow {
		d.grow, d.growAt = growBetween+growth(r.IntN(2)), at()
		if one(2) {
			d.end, d.point, d.pass = killPoint, points[len(points)-1-r.IntN(2)], 1
		}
	}
	if d.brokerDies = one(4); d.brokerDies {
		d.brokerAt, d.brokerDown = at(), time.Duration(r.Int64N(int64(200*time.Millisecond)))
	}
	for range r.IntN(3) {
		x := disturbance{kind: disturbing(r.IntN(len(disturbings))), at: at(), long: time.Duration(20+r.IntN(300)) * time.Millisecond}
		if x.kind == late && !one(2) { // it takes long
			x.kind = cut
		} else if x.kind == late {
			x.long += patience
		}
		d.disturb = append(d.disturb, x)
	}
	if one(2) {
		d.rate = 500 + r.IntN(4000)
	}
	return d
}

// impatient says that the run has to give up before late answers come.
func (r *round) impatient() bool {
	for _, d := range r.disturb {
		if d.kind == late {
			return true
		}
	}
	return false
}

func (r *round) String() string {
	s := fmt.Sprintf("%d flights, damage %v", r.produce, r.damage)
	switch r.end {
	case killAt:
		s += fmt.Sprintf(", kill at %+v", r.endAt)
	case killLate:
		s += fmt.Sprintf(", kill after %v", r.after)
	case killPoint:
		s += fmt.Sprintf(", die at %s:%d", r.point, r.pass)
	case noRoom:
		s += fmt.Sprintf(", files of %d bytes from %+v on", r.room, r.endAt)
	case stopAndFollow:
		s += fmt.Sprintf(", stop at %+v, wake %d at %+v", r.endAt, r.wake, r.wakeAt)
	}
	if r.grow != growNone {
		s += fmt.Sprintf(", grow %d at %+v", r.grow, r.growAt)
	}
	if r.brokerDies {
		s += fmt.Sprintf(", broker dies at %+v for %v", r.brokerAt, r.brokerDown)
	}
	for _, d := range r.disturb {
		s += fmt.Sprintf(", %s at %+v for %v", disturbings[d.kind], d.at, d.long)
	}
	return s + fmt.Sprintf(", rate %d", r.rate)
}
