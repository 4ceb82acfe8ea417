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
	latest  bool // the source begins at its end: what is produced later must be read all the same, in partitions that come later, too
	rounds  []round
}

// round is one run of the pipeline, on as much new input as the plan says, with what strikes before and meanwhile. A trigger is a number of
// bytes that have gone through a proxy since the run began; one that is never reached does nothing.
type round struct {
	produce int // flights that are new
	variant variant
	follow  bool // the run goes on when it is at the end of its source, until it is told to drain

	damage   [widestSource]damage // to the newest checkpoint of a lane, before
	grow     growth               // of the sinks
	growAt   trigger
	source   growth
	sourceAt trigger
	addition int // flights that are produced when the source has grown, where that runs

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

	brokerRoom    uint64 // bytes that the sink's largest file may still get; 0: as many as it wants
	brokerRoomAt  trigger
	brokerRoomFor time.Duration

	disturb []disturbance // of what goes to and from the SPU
	control []disturbance // of what goes to and from the SC
	rate    int           // bytes a millisecond that the proxy lets through; 0: all
}

// variant is what the pipeline does.
type variant struct {
	module uint8 // of modules
	least  int   // min_delay
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
	drainAt              // asked to drain at a trigger
	noRoom               // a file is cut short from a trigger on
	diskFull             // the disk is full from a trigger on
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

// points are the places that a run can die at. TestEveryPointIsTried holds them against the program.
var points = []string{
	"lane written", "lane confirmed", "lane saved", "lane committed",
	"checkpoint opened", "checkpoint renamed", "checkpoint durable", "checkpoint redrawn once", "checkpoint redrawn twice",
}

// redrawn are those that are passed only where writer ids are drawn.
var redrawn = points[len(points)-2:]

// kinds are all faults that are counted.
func kinds() []string {
	all := []string{
		"kill at bytes", "kill at time", "drain", "file cut short", "disk full", "broker kill", "broker file cut short",
		"zombie beside", "zombie behind", "zombie spoke",
		"sink grows between", "sink grows running", "source grows between", "source grows running",
		"module swapped", "parameter swapped", "swapped after a crash",
	}
	for _, p := range points {
		all = append(all, "die at "+p)
	}
	for _, d := range disturbings {
		all = append(all, "SPU "+d)
	}
	all = append(all, "SC cut", "SC stall")
	for d := flip; d < damages; d++ {
		all = append(all, "checkpoint "+d.String())
	}
	return all
}

const (
	// widest is how many partitions a sink gets at most, widestSource how many the source does.
	widest, widestSource = 5, 4
	// controlBytes is about what a run and the SC say to each other.
	controlBytes = 2_000
)

func newPlan(seed uint64, flights, rounds int) *plan {
	r := rand.New(rand.NewPCG(seed, 0))
	p := &plan{seed: seed, flights: flights, latest: r.IntN(2) == 0}
	left, v, beside := flights, variant{}, false
	for i := range rounds {
		n := left / (rounds - i)
		left -= n
		d := newRound(r, n, i == 0)
		// A zombie is ended before anything of this, and its successor is to meet one.
		d.brokerDies = d.brokerDies && !beside
		if d.end == stopAndFollow || beside {
			d.grow, d.source = growNone, growNone
		} else if i > 0 && r.IntN(3) == 0 {
			v = swap(r, v)
		}
		if beside && d.end == stopAndFollow {
			d.end = toTheEnd
		}
		d.variant, beside = v, d.end == stopAndFollow
		p.rounds = append(p.rounds, d)
	}
	return p
}

// swap changes the module, the parameter or both.
func swap(r *rand.Rand, v variant) variant {
	which := r.IntN(3)
	if which != 0 {
		v.module = 1 - v.module
	}
	if which != 1 {
		v.least = (v.least + 30*(1+r.IntN(2))) % 90
	}
	return v
}

func newRound(r *rand.Rand, produce int, first bool) round {
	at := func() trigger {
		if r.IntN(2) == 0 {
			return trigger{down: true, bytes: r.Int64N(int64(produce)*300 + 1)}
		}
		return trigger{bytes: r.Int64N(int64(produce)*60 + 1)}
	}
	one := func(in int) bool { return r.IntN(in) == 0 }
	d := round{produce: produce, end: killPoint, endAt: at(), wake: waking(r.IntN(2)), wakeAt: at()}
	d.wakeAt.bytes /= 4 // its successor may not take long
	if !one(4) {
		d.end = ending(r.IntN(int(endings)))
	}
	d.after = time.Duration(r.Int64N(int64(500 * time.Millisecond)))
	d.room = 1 + r.Uint64N(600)
	if one(2) && (d.end == noRoom || d.end == diskFull) {
		d.endAt = trigger{} // from the first request on
	}
	d.point, d.pass = newPoint(r)
	if first && one(2) {
		d.end, d.point, d.pass = killPoint, redrawn[r.IntN(len(redrawn))], 1+r.IntN(lanes)
	}
	for i := range d.damage {
		if one(3) {
			d.damage[i] = flip + damage(r.IntN(int(damages-flip)))
		}
	}
	if one(5) {
		d.grow, d.growAt = growBetween+growth(r.IntN(2)), at()
		if one(2) && d.end != stopAndFollow {
			d.end, d.point, d.pass = killPoint, redrawn[r.IntN(len(redrawn))], 1
		}
	}
	d.follow = one(4)
	if d.brokerDies = one(4); d.brokerDies {
		d.brokerAt, d.brokerDown = at(), time.Duration(r.Int64N(int64(200*time.Millisecond)))
	}
	if one(6) {
		d.source, d.sourceAt, d.addition = growBetween+growth(r.IntN(2)), at(), produce/4
	}
	if d.source == growRunning {
		d.whileItGrows(r)
	}
	if one(5) && !d.brokerDies && d.grow != growRunning && d.source != growRunning {
		d.brokerRoom, d.brokerRoomAt, d.brokerRoomFor = 1+r.Uint64N(1000), at(), time.Duration(50+r.IntN(300))*time.Millisecond
	}
	if d.end == diskFull || d.end == stopAndFollow {
		d.follow = false
	}
	d.disturb, d.control = newDisturbances(r, at), newControl(r)
	if one(2) {
		d.rate = (500 + r.IntN(4000)) * max(1, produce/2000)
	}
	return d
}

// whileItGrows leaves the run the time in which it notices that its source has grown, and looks at the new lanes. What is produced meanwhile is
// produced undisturbed.
func (d *round) whileItGrows(r *rand.Rand) {
	d.follow, d.brokerDies = true, false
	switch r.IntN(3) {
	case 0:
		d.end = toTheEnd
	case 1:
		d.end, d.point, d.pass = killPoint, redrawn[r.IntN(len(redrawn))], 1
	case 2:
		d.end, d.after = killLate, time.Second+time.Duration(r.Int64N(int64(time.Second)))
	}
}

// newPoint is a place to die at, and at which pass.
func newPoint(r *rand.Rand) (point string, pass int) {
	i := r.IntN(len(points))
	if points[i] == "checkpoint opened" { // once a lane
		return points[i], 1 + r.IntN(lanes)
	}
	return points[i], 1 + r.IntN(3)
}

func newDisturbances(r *rand.Rand, at func() trigger) (all []disturbance) {
	for range r.IntN(3) {
		x := disturbance{kind: disturbing(r.IntN(len(disturbings))), at: at(), long: time.Duration(20+r.IntN(300)) * time.Millisecond}
		if x.kind == late && r.IntN(2) != 0 { // it takes long
			x.kind = cut
		} else if x.kind == late {
			x.long += patience
		}
		all = append(all, x)
	}
	return all
}

func newControl(r *rand.Rand) []disturbance {
	if r.IntN(4) != 0 {
		return nil
	}
	at := trigger{down: r.IntN(2) == 0, bytes: r.Int64N(controlBytes)}
	return []disturbance{{kind: cut + disturbing(r.IntN(2)), at: at, long: time.Duration(20+r.IntN(300)) * time.Millisecond}}
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
	s := fmt.Sprintf("%d flights, module %d, min_delay %d, damage %v", r.produce, r.variant.module, r.variant.least, r.damage)
	if r.follow {
		s += ", follows"
	}
	switch r.end {
	case killAt:
		s += fmt.Sprintf(", kill at %v", r.endAt)
	case killLate:
		s += fmt.Sprintf(", kill after %v", r.after)
	case killPoint:
		s += fmt.Sprintf(", die at %s:%d", r.point, r.pass)
	case drainAt:
		s += fmt.Sprintf(", drain at %v", r.endAt)
	case noRoom:
		s += fmt.Sprintf(", files of %d bytes from %v on", r.room, r.endAt)
	case diskFull:
		s += fmt.Sprintf(", disk full at %v", r.endAt)
	case stopAndFollow:
		s += fmt.Sprintf(", stop at %v, wake %s at %v", r.endAt, [...]string{"beside", "behind"}[r.wake], r.wakeAt)
	}
	s += r.grow.tell("sink", r.growAt) + r.source.tell("source", r.sourceAt)
	if r.brokerDies {
		s += fmt.Sprintf(", broker dies at %v for %v", r.brokerAt, r.brokerDown)
	}
	if r.brokerRoom > 0 {
		s += fmt.Sprintf(", broker has room for %d bytes at %v for %v", r.brokerRoom, r.brokerRoomAt, r.brokerRoomFor)
	}
	for _, d := range r.disturb {
		s += fmt.Sprintf(", SPU %s at %v for %v", disturbings[d.kind], d.at, d.long)
	}
	for _, d := range r.control {
		s += fmt.Sprintf(", SC %s at %v for %v", disturbings[d.kind], d.at, d.long)
	}
	return s + fmt.Sprintf(", rate %d", r.rate)
}

func (g growth) tell(what string, at trigger) string {
	switch g {
	case growBetween:
		return fmt.Sprintf(", %s grows before", what)
	case growRunning:
		return fmt.Sprintf(", %s grows at %v", what, at)
	}
	return ""
}

func (t trigger) String() string {
	if t.down {
		return fmt.Sprintf("%d bytes down", t.bytes)
	}
	return fmt.Sprintf("%d bytes up", t.bytes)
}
