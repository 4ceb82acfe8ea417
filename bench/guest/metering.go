package main

import (
	"errors"
	"fmt"
	"math"
	"runtime"
	"slices"

	"github.com/weir-stream/weir/host/sandbox"
	"github.com/weir-stream/weir/internal/benchkit"
)

// The arms of a program. The original is run twice, against itself: how far that ratio strays from 1 is the machine's noise.
const (
	original  = "original"
	again     = "A/A"
	metering  = "metered"
	interrupt = "wazero's interrupt option"
)

// Metering is what it costs that a guest can be stopped, as time of an arm to the time of the original.
type Metering struct {
	Kinds map[string]Kind    `json:"kinds"`
	All   map[string]Summary `json:"all"` // by arm
}

// Kind is the guests of one toolchain.
type Kind struct {
	Programs map[string]Program `json:"programs"`
	Summary  map[string]Summary `json:"summary"` // by arm
}

// Program is one program in all arms.
type Program struct {
	Milliseconds benchkit.Figure            `json:"original_ms"`
	Ratios       map[string]benchkit.Figure `json:"ratios"` // by arm, to the original
	Fuel         uint64                     `json:"fuel"`   // of a call
}

// Summary is of the medians of several programs' ratios.
type Summary struct {
	Mean  float64 `json:"geometric_mean"`
	P90   float64 `json:"p90"`
	Worst float64 `json:"worst"`
	Name  string  `json:"worst_program"`
}

// metering runs every program of every kind of guest in every arm.
func (b *bench) metering(r *Report) error {
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	r.Metering.Kinds, r.Compile = map[string]Kind{}, map[string]Compile{}
	all := map[string]Program{}
	for _, k := range kinds {
		wasm, err := k.load(b)
		if err != nil {
			return fmt.Errorf("guests in %s: %w", k.name, err)
		}
		if r.Compile[k.name], err = b.compiling(wasm); err != nil {
			return fmt.Errorf("compiling guests in %s: %w", k.name, err)
		}
		measured, err := b.kind(k, wasm)
		if err != nil {
			return fmt.Errorf("guests in %s: %w", k.name, err)
		}
		r.Metering.Kinds[k.name] = measured
		for name, p := range measured.Programs {
			all[k.name+" "+name] = p
		}
	}
	r.Metering.All = summaries(all)
	return nil
}

// kind measures one kind of guest.
func (b *bench) kind(k kind, wasm []byte) (_ Kind, err error) {
	rewritten, err := sandbox.Rewrite(wasm, sandbox.Caps{})
	if err != nil {
		return Kind{}, err
	}
	plain, interruptible := newBareEngine(false), newBareEngine(true)
	defer func() { err = errors.Join(err, plain.close(b.ctx), interruptible.close(b.ctx)) }()
	sandboxed, err := newMetered(b.ctx, rewritten, plenty)
	if err != nil {
		return Kind{}, err
	}
	defer func() { err = errors.Join(err, sandboxed.close()) }()
	openers := map[string]func() (instance, error){
		original:  func() (instance, error) { return plain.open(b.ctx, wasm, rewritten) },
		again:     func() (instance, error) { return plain.open(b.ctx, wasm, rewritten) },
		interrupt: func() (instance, error) { return interruptible.open(b.ctx, wasm, rewritten) },
		metering:  func() (instance, error) { return sandboxed.open() },
	}
	measured := Kind{Programs: map[string]Program{}}
	for _, p := range k.programs {
		if measured.Programs[p.name], err = b.program(k, p, openers); err != nil {
			return Kind{}, fmt.Errorf("%s: %w", p.name, err)
		}
	}
	measured.Summary = summaries(measured.Programs)
	return measured, nil
}

// program runs one program in all arms, in turn, each in an instance of its own. After the same calls every arm must have the same results.
func (b *bench) program(k kind, p program, openers map[string]func() (instance, error)) (_ Program, err error) {
	arms := []string{original, metering, interrupt, again}
	callers := map[string]caller{}
	var fuel func() uint64
	for _, arm := range arms {
		i, err := openers[arm]()
		if err != nil {
			return Program{}, fmt.Errorf("%s: %w", arm, err)
		}
		defer func() { err = errors.Join(err, i.close()) }()
		if callers[arm], err = k.start(i); err != nil {
			return Program{}, fmt.Errorf("%s: %w", arm, err)
		}
		if m, ok := i.(*metered); ok {
			fuel = m.Fuel
		}
	}
	measured, ratios, times := Program{Ratios: map[string]benchkit.Figure{}}, map[string][]float64{}, []float64{}
	for round := range 1 + b.rounds { // the first one is not counted: code and memory are cold
		before := fuel()
		took, err := inTurn(arms, round, func(arm string) (uint64, error) { return callers[arm](p) })
		if err != nil {
			return Program{}, fmt.Errorf("round %d, %w", round, err)
		}
		if round == 0 {
			measured.Fuel = (fuel() - before) / passes
			continue
		}
		times = append(times, took[original]*1e3)
		for _, arm := range arms[1:] {
			ratios[arm] = append(ratios[arm], took[arm]/took[original])
		}
	}
	measured.Milliseconds = benchkit.NewFigure(times)
	for arm, runs := range ratios {
		measured.Ratios[arm] = benchkit.NewFigure(runs)
	}
	return measured, nil
}

// passes is how often an arm runs in a round. The fastest pass counts: what disturbs one rarely disturbs all.
const passes = 3

// inTurn runs every arm in turn, every other round the other way round, and returns the seconds each took. All must come to the same results.
func inTurn(arms []string, round int, run func(arm string) (uint64, error)) (map[string]float64, error) {
	turn := slices.Clone(arms)
	if round%2 == 1 {
		slices.Reverse(turn)
	}
	took := map[string]float64{}
	for pass := range passes {
		results := map[string]uint64{}
		for _, arm := range turn {
			t, err := timed(func() (err error) { results[arm], err = run(arm); return err })
			if err != nil {
				return nil, fmt.Errorf("%s: %w", arm, err)
			}
			if seconds := t.Seconds(); pass == 0 || seconds < took[arm] {
				took[arm] = seconds
			}
			if results[arm] != results[turn[0]] {
				return nil, fmt.Errorf("%s: the result is %#x, of %s it is %#x", arm, results[arm], turn[0], results[turn[0]])
			}
		}
	}
	return took, nil
}

// summaries sums up the ratios of programs, by arm.
func summaries(programs map[string]Program) map[string]Summary {
	all := map[string]Summary{}
	for _, arm := range []string{again, metering, interrupt} {
		s, logs, ratios := Summary{}, 0.0, []float64{}
		for name, p := range programs {
			ratio := p.Ratios[arm].Median
			logs += math.Log(ratio)
			ratios = append(ratios, ratio)
			if ratio > s.Worst {
				s.Worst, s.Name = ratio, name
			}
		}
		slices.Sort(ratios)
		s.Mean, s.P90 = math.Exp(logs/float64(len(ratios))), benchkit.Quantile(ratios, 0.9)
		all[arm] = s
	}
	return all
}
