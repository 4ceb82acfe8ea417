package app

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"slices"
	"sync"

	"github.com/weir-stream/weir/host/config"
	"github.com/weir-stream/weir/host/connector"
	"github.com/weir-stream/weir/internal/fault"
)

// ErrNotRunning is returned by Live.Reload before the run has been planned, and when it has ended.
var ErrNotRunning = errors.New("nothing runs whose limits could be changed")

// ErrNothingToReload is returned by Live.Reload where the run's SQL is no file that can be read twice, such as a pipe.
var ErrNothingToReload = errors.New("there is nothing to read again")

// Live is a hold on a run, by which the limits of its functions are changed while their modules are called. The zero Live is
// ready; give it to one Run. It is safe for concurrent use.
type Live struct {
	mu  sync.Mutex // held for all of a reload
	run *liveRun   // nil: before the run and behind it
}

// liveRun is a run as it was planned.
type liveRun struct {
	config  *config.Config
	planner *planner
	exactly map[string]string // pipelines that deliver exactly once, by their functions
	ended   chan struct{}     // closed at the end
}

// LimitChange is a limit that was changed.
type LimitChange struct {
	Function string
	Option   string // "weir.fuel"
	Old, New string // as options are written; "none" where there is no limit
}

// String is the change in a line, such as "late: weir.fuel 1000 → 2000".
func (c LimitChange) String() string {
	return fmt.Sprintf("%s: %s %s → %s", c.Function, c.Option, c.Old, c.New)
}

// Reload reads the run's file again and applies the limits of its functions; one that the file no longer sets goes back to its
// default. An instance follows at its next call; a running call ends under the limits that it began with. It returns what
// has changed, function by function in the file's order.
//
// The file is checked as at the start: it is planned, and an instance of each call is opened under its limits and closed, which
// takes as long as it took then. On an error nothing is changed. ErrNotRunning and ErrNothingToReload are such errors; any
// other is classed as input and says, with places, what the file has wrong or what in it differs besides limits from what
// runs: bytes of modules count too.
func (l *Live) Reload(ctx context.Context) ([]LimitChange, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.run == nil {
		return nil, ErrNotRunning
	}
	ctx, stop := l.run.until(ctx)
	defer stop()
	changes, err := l.run.reload(ctx)
	if err != nil && ctx.Err() != nil {
		return nil, ErrNotRunning
	}
	return changes, err
}

// begin and end surround a run. end gives up a reload that is under way, and waits for it.
func (l *Live) begin(c *config.Config, p *planner, plans []*plan) (end func()) {
	r := &liveRun{config: c, planner: p, exactly: map[string]string{}, ended: make(chan struct{})}
	for _, pl := range plans {
		for _, call := range pl.calls {
			if pl.delivery() == connector.ExactlyOnce {
				r.exactly[call.fn.def.Name] = pl.Config.Name
			}
		}
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	l.run = r
	return func() {
		close(r.ended)
		l.mu.Lock()
		defer l.mu.Unlock()
		l.run = nil
	}
}

// until is ctx, which ends with the run too. The caller calls stop.
func (r *liveRun) until(ctx context.Context) (_ context.Context, stop func()) {
	ctx, cancel := context.WithCancel(ctx)
	var watching sync.WaitGroup
	watching.Go(func() {
		select {
		case <-r.ended:
			cancel()
		case <-ctx.Done():
		}
	})
	return ctx, func() {
		cancel()
		watching.Wait()
	}
}

func (r *liveRun) reload(ctx context.Context) ([]LimitChange, error) {
	file := r.config.File
	if info, err := os.Stat(file); err == nil && !info.Mode().IsRegular() {
		return nil, fault.InputError(fmt.Errorf("%s is no regular file: %w", file, ErrNothingToReload))
	}
	c, err := config.Load(file)
	if err != nil {
		return nil, err
	}
	if err := c.Difference(r.config, isLimit); err != nil {
		return nil, fault.InputError(fmt.Errorf("only limits of functions can change while weir runs: %w", err))
	}
	trial := r.planner.again()
	_, closeTrial, err := trial.plan(ctx, c)
	if err != nil {
		return nil, err
	}
	defer closeTrial()
	return r.apply(c, trial)
}

// apply takes the limits of a trial's functions, if their modules are those that run.
func (r *liveRun) apply(c *config.Config, trial *planner) (changes []LimitChange, err error) {
	runs := map[string]*function{}
	for def, f := range r.planner.modules.functions {
		runs[def.Name] = f
	}
	var errs []error
	for _, def := range c.Functions {
		if trial.modules.functions[def].hash != runs[def.Name].hash {
			errs = append(errs, def.PathPos.Errorf("function %s: %s is not the module that runs any more", def.Name, def.Path))
		}
		// What is in its sinks has to be made again after a crash, under the limits that it was made under.
		if p, exactly := r.exactly[def.Name]; exactly && !slices.Equal(trial.modules.functions[def].limits(), runs[def.Name].limits()) {
			errs = append(errs, def.Pos.Errorf("function %s: its limits can't change while pipeline %s runs, which delivers exactly once; start weir again", def.Name, p))
		}
	}
	if err := errors.Join(errs...); err != nil {
		return nil, err
	}
	for _, def := range c.Functions {
		changes = append(changes, runs[def.Name].follow(trial.modules.functions[def])...)
	}
	return changes, nil
}

// follow takes the limits of another load of the same function, and tells which of them are new.
func (f *function) follow(other *function) (changes []LimitChange) {
	before, now := f.limits(), other.limits()
	for i, l := range now {
		if l != before[i] {
			changes = append(changes, LimitChange{f.def.Name, l.option, before[i].value, l.value})
		}
	}
	f.module.SetLimits(other.module.Limits())
	f.answers.Set(other.answers.Get())
	return changes
}

func (f *function) limits() []limit { return limitsOf(f.module.Limits(), f.answers.Get()) }

// again is a planner of the same kind that has planned nothing yet. What modules say while it tries them is not logged: those
// that run have said it.
func (p *planner) again() *planner {
	return &planner{
		connectors: p.connectors, formats: p.formats, mem: p.mem, tables: map[*config.Table]*table{}, env: p.env,
		modules: newModules(p.modules.engine, p.modules.cache, slog.New(slog.DiscardHandler)),
	}
}
