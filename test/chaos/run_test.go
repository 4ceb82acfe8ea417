//go:build linux

package chaos

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

const (
	// patience is how long the pipeline waits for an answer where it is to be impatient: a client's least time for an attempt, and some more.
	patience = 1100 * time.Millisecond
	// stuck is how long a run may take.
	stuck = 2 * time.Minute
	// look is how often it is looked for what tells nobody when it is there.
	look = 5 * time.Millisecond
)

// run is the pipeline running once.
type run struct {
	*scenario
	r       *round
	last    bool   // has to get through
	state   string // its state folder
	process *process
	log     string        // what the process passed and what struck it
	fill    func()        // fills the disk; nil where the run has none of its own
	drain   func()        // asks it to drain, once
	drained chan struct{} // closed when it has been asked
	stopped chan struct{} // closed when it has been stopped, and goes on as a zombie
	strikes sync.WaitGroup

	mu     sync.Mutex
	failed []error
}

// run runs the pipeline, with what strikes meanwhile, until it has ended; where it was stopped, until then.
func (s *scenario) run(ctx context.Context, r *round, last bool) error {
	s.runs++
	s.oracle.run(r.variant.least)
	a := &run{
		scenario: s, r: r, last: last, state: s.state, log: filepath.Join(s.dir, fmt.Sprintf("passed-%d", s.runs)),
		drained: make(chan struct{}), stopped: make(chan struct{}),
	}
	a.drain = sync.OnceFunc(a.askToDrain)
	if err := a.start(); err != nil {
		return err
	}
	running, cancel := context.WithCancel(ctx)
	defer cancel()
	if !last {
		a.watch(running)
	}
	var err error
	select {
	case <-a.process.ended:
	case <-a.stopped:
	case <-time.After(stuck):
		err = fmt.Errorf("it is stuck, for %v", stuck)
	case <-ctx.Done():
		err = ctx.Err()
	}
	cancel()
	a.strikes.Wait()
	err = errors.Join(append(a.failed, err)...)
	if s.zombie == a.process && err == nil {
		s.crashed = true
		return nil
	}
	if err != nil {
		a.process.kill()
		return fmt.Errorf("run %d: %w\n%s", s.runs, err, a.process.lastLines(reportLines))
	}
	return a.judge()
}

// start starts the process.
func (a *run) start() (err error) {
	environment := []string{"WEIR_FAULT_LOG=" + a.log}
	if a.r.end == killPoint {
		environment = append(environment, fmt.Sprintf("WEIR_FAULT=%s:%d", a.r.point, a.r.pass))
	}
	if a.process, err = a.launch(environment); err == nil {
		a.begun(a.process)
	}
	return err
}

func (a *run) launch(environment []string) (p *process, err error) {
	if a.r.end != diskFull || !roomIsThere() {
		return start(nil, environment, a.arguments(a.state)...)
	}
	room, back := filepath.Join(a.dir, fmt.Sprintf("room-%d", a.runs)), filepath.Join(a.dir, fmt.Sprintf("state-%d", a.runs))
	p, a.fill, err = startInRoom(environment, room, a.state, back, a.arguments(stateInRoom(room))...)
	a.scenario.state = back
	return p, err
}

func (a *run) arguments(state string) []string {
	budget := "20s"
	if a.r.impatient() {
		budget = "100ms"
	}
	args := []string{
		"run", a.file(), "--state", state, "--endpoint", a.broker.endpoint(), "--checkpoint-interval", "10ms", "--retry-budget", budget,
	}
	if !a.r.follow {
		args = append(args, "--until-end")
	}
	return args
}

// judge looks at a run that has ended: by itself in good order, by a fault of its surroundings, or killed.
func (a *run) judge() error {
	code, talk := a.process.cmd.ProcessState.ExitCode(), a.process.talk()
	drained := done(a.drained)
	a.talk("    run %d: code %d", a.runs, code)
	if said, err := os.ReadFile(a.log); a.r.end == killPoint && err == nil && strings.Contains(string(said), "struck "+a.r.point) {
		a.strike("die at " + a.r.point)
	}
	for says, kind := range map[string]string{"file too large": "file cut short", "no space left on device": "disk full"} {
		if strings.Contains(talk, says) {
			a.strike(kind)
		}
	}
	a.crashed = code != 0
	if code == 0 && drained {
		a.strike("drain")
	} else if code == 0 {
		a.oracle.ran()
	}
	fine := code == 0 && (!a.r.follow || drained) || !a.last && (code == 3 || a.process.killed())
	fine = fine || drained && a.process.endedBy(syscall.SIGTERM) // before it listened
	if !fine || strings.Contains(talk, "goroutine ") {
		return fmt.Errorf("run %d ended with code %d, drained: %v\n%s", a.runs, code, drained, a.process.lastLines(reportLines))
	}
	return nil
}

func done(c <-chan struct{}) bool {
	select {
	case <-c:
		return true
	default:
		return false
	}
}

// on calls do when a trigger is reached, unless the run ends before.
func (a *run) on(ctx context.Context, p *proxy, at trigger, do func() error) {
	a.strikes.Go(func() {
		if p.reached(ctx, at) {
			a.fail(do())
		}
	})
}

func (a *run) fail(err error) {
	if err != nil {
		a.mu.Lock()
		defer a.mu.Unlock()
		a.failed = append(a.failed, err)
	}
}

// watch starts what waits for its trigger while the run goes on.
func (a *run) watch(ctx context.Context) {
	data := a.broker.data
	a.watchEnd(ctx)
	if a.r.follow {
		a.strikes.Go(func() { a.fail(a.followed(ctx)) })
	}
	if a.zombie != nil && a.waking == wakeBeside {
		a.on(ctx, data, a.wakeAt, func() error { a.wakeUp("zombie beside"); return nil })
	}
	if a.r.grow == growRunning {
		a.on(ctx, data, a.r.growAt, func() error { return a.growSinks(context.WithoutCancel(ctx), "sink grows running") })
	}
	if a.r.brokerDies {
		a.on(ctx, data, a.r.brokerAt, func() error { return a.endBroker() })
	}
	if a.r.brokerRoom > 0 {
		a.on(ctx, data, a.r.brokerRoomAt, func() error { return a.shrinkBroker(ctx) })
	}
	for _, d := range a.r.disturb {
		a.on(ctx, data, d.at, func() error { a.disturbs(data, d, "SPU "); return nil })
	}
	for _, d := range a.r.control {
		a.on(ctx, a.broker.admin, d.at, func() error { a.disturbs(a.broker.admin, d, "SC "); return nil })
	}
}

// endBroker ends the broker, and starts it anew.
func (a *run) endBroker() error {
	a.broker.process.kill()
	if a.process.runs() {
		a.strike("broker kill")
	}
	<-time.After(a.r.brokerDown)
	return a.broker.start()
}

// shrinkBroker cuts short what the broker writes, for a while.
func (a *run) shrinkBroker(ctx context.Context) error {
	largest, err := a.broker.largest(sinkTopic)
	if err != nil {
		return err
	}
	const cut = "file too large"
	p := a.broker.process
	before := strings.Count(p.talk(), cut)
	p.limit(largest + a.r.brokerRoom)
	select {
	case <-time.After(a.r.brokerRoomFor):
	case <-ctx.Done():
	}
	p.limit(unix.RLIM_INFINITY)
	if strings.Count(p.talk(), cut) > before {
		a.strike("broker file cut short")
	}
	return nil
}

// watchEnd starts what ends the run.
func (a *run) watchEnd(ctx context.Context) {
	p := a.process
	switch a.r.end {
	case killAt:
		a.on(ctx, a.broker.data, a.r.endAt, func() error {
			if p.kill() {
				a.strike("kill at bytes")
			}
			return nil
		})
	case killLate:
		a.strikes.Go(func() {
			select {
			case <-time.After(a.r.after):
				if p.kill() {
					a.strike("kill at time")
				}
			case <-ctx.Done():
			}
		})
	case drainAt:
		a.on(ctx, a.broker.data, a.r.endAt, func() error { a.drain(); return nil })
	case noRoom, diskFull:
		a.on(ctx, a.broker.data, a.r.endAt, func() error { a.shrink(); return nil })
	case stopAndFollow:
		a.on(ctx, a.broker.data, a.r.endAt, a.part)
	}
}

func (a *run) askToDrain() {
	if a.process.drain() {
		close(a.drained)
	}
}

// shrink takes the room for files from the process: where it has a disk of its own, by filling that.
func (a *run) shrink() {
	if a.fill != nil {
		a.fill()
		return
	}
	a.process.limit(a.r.room)
}

// await looks for a condition until it holds, and tells whether it did before the run ended.
func (a *run) await(ctx context.Context, holds func() bool) bool {
	ticker := time.NewTicker(look)
	defer ticker.Stop()
	for !holds() {
		select {
		case <-ticker.C:
		case <-ctx.Done():
			return false
		}
	}
	return true
}

// followed ends a run that follows its source: when it has read all, and all that comes while it runs.
func (a *run) followed(ctx context.Context) error {
	if a.r.source == growRunning && len(a.oracle.sources) < widestSource {
		if !a.await(ctx, func() bool { return a.broker.data.has(a.r.sourceAt) || a.atEnd() }) {
			return nil
		}
		if err := a.growSource(context.WithoutCancel(ctx)); err != nil {
			return err
		}
		if err := a.produce(context.WithoutCancel(ctx), a.r.addition); err != nil {
			return err
		}
		noticed := func() bool { s, err := stateOf(a.state, len(a.oracle.sources)-1); return err == nil && s.OK }
		if a.await(ctx, noticed) || noticed() { // it may have died right then
			a.strike("source grows running")
		}
	}
	if a.await(ctx, a.atEnd) {
		a.drain()
	}
	return nil
}

// atEnd tells whether checkpoints say that all that was produced is through.
func (a *run) atEnd() bool {
	for lane, source := range a.oracle.sources {
		if s, err := stateOf(a.state, lane); err != nil || !s.OK || s.Last.Next != source.produced {
			return false
		}
	}
	return true
}

// disturbs disturbs what goes through a proxy.
func (a *run) disturbs(p *proxy, d disturbance, kind string) {
	there := p.disturb(d) && a.process.runs()
	if d.kind == late { // it counts only where the pipeline waited for as long as it can, or gave up
		select {
		case <-a.process.ended:
			there = there && a.process.cmd.ProcessState.ExitCode() == 3
		case <-time.After(patience):
		}
	}
	if there {
		a.strike(kind + disturbings[d.kind])
	}
}

// part stops a run. Its successor will have a copy of its state, and so not notice that it is there.
func (a *run) part() error {
	if !a.process.stop() {
		return nil
	}
	ready, err := settled(a.state, len(a.oracle.sources), a.wide, a.r.variant)
	if err != nil || !ready {
		a.process.kill()
		return err
	}
	next := filepath.Join(a.dir, fmt.Sprintf("state-%d", a.runs))
	if err := copied(next, a.state); err != nil {
		return err
	}
	a.scenario.state, a.zombie, a.waking, a.wakeAt = next, a.process, a.r.wake, a.r.wakeAt
	a.broker.data.mark()
	close(a.stopped)
	return nil
}

// awake says that the zombie has been woken.
const awake waking = 255

func (s *scenario) wakeUp(kind string) {
	if s.waking != awake && s.zombie.wake() {
		s.strike(kind)
	}
	s.waking = awake
}

// bury ends the zombie. It goes on for a moment first, if it sleeps still: what it has in hand it tries to write.
func (s *scenario) bury() {
	if s.zombie == nil {
		return
	}
	s.wakeUp("zombie behind")
	select {
	case <-s.zombie.ended:
	case <-time.After(200 * time.Millisecond):
		s.zombie.kill()
	}
	s.zombie = nil
	if s.broker.data.spoke() {
		s.strike("zombie spoke")
	}
}
