package model

import (
	"errors"
	"fmt"
	"hash/maphash"
	"slices"
	"strings"
)

// Result is what a search has seen.
type Result struct {
	States, Steps int
	Depth         int // most steps that a state is away from the start
	Done          int // states in which all is done
}

// ErrTooMany ends a search that has seen as many states as it may.
var ErrTooMany = errors.New("more states than may be visited")

// Counterexample is the shortest way to a state that violates a property.
type Counterexample struct {
	Violation *Violation
	Config    *Config
	Steps     []Step
	End       State
}

func (e *Counterexample) Error() string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s: %v, after %d steps:\n", e.Config.Name, e.Violation, len(e.Steps))
	for i, s := range e.Steps {
		fmt.Fprintf(&b, "%4d. %v\n", i+1, s)
	}
	b.WriteString(e.End.String())
	return b.String()
}

// String shows the sink, what is under way, and the checkpoints.
func (s *State) String() string {
	var b strings.Builder
	for p := range int(s.Parts) {
		fmt.Fprintf(&b, "      partition %d:%s\n", p, show(s.Sink[p].entries()))
	}
	for _, r := range s.requests() {
		fmt.Fprintf(&b, "      under way to %d:%s\n", r.Part, show(r.entries()))
	}
	for lane := range s.Lanes {
		for _, k := range s.Lanes[lane].Saved {
			if k.Good {
				fmt.Fprintf(&b, "      lane %d, checkpoint: next %d, plan %d, writer %d, ordinals %v, positions %v\n", lane, k.Next, k.Plan,
					k.Writer.Number, k.Ordinals[:k.Parts], k.Positions[:k.Parts])
			}
		}
	}
	return b.String()
}

func show(all []Entry) string {
	var b strings.Builder
	for _, e := range all {
		fmt.Fprintf(&b, " [lane %d writer %d ordinal %d: record %d.%d]", e.Writer.Lane, e.Writer.Number, e.Ordinal, e.Record.Source, e.Record.Index)
	}
	return b.String()
}

// search is one exploration. States are told apart by 64 bits of hash: among a million of them two are taken for one once in forty million
// searches.
type search struct {
	c       *Config
	seed    maphash.Seed
	known   map[uint64]int32
	from    []int32  // by state, the one it was first reached from
	via     []uint16 // and by which of that one's steps
	quiet   [][2]int32
	done    []int32
	late    []bool // by state, see State.Late
	result  Result
	problem *Violation
	where   int32
}

// Explore visits every state that can be reached from the start, at most limit. The error is a *Counterexample, or ErrTooMany.
func (c *Config) Explore(limit int) (Result, error) {
	w := &search{c: c, seed: maphash.MakeSeed(), known: map[uint64]int32{}}
	start := c.Start()
	w.reach(&start, -1, 0)
	level, first := []State{start}, int32(0)
	for ; len(level) > 0 && w.problem == nil; w.result.Depth++ {
		var next []State
		for i := range level {
			w.expand(&level[i], first+int32(i), &next)
			if len(w.from) > limit {
				return w.sum(), fmt.Errorf("%s: %w: %d", c.Name, ErrTooMany, limit)
			}
			if w.problem != nil {
				break
			}
		}
		first += int32(len(level))
		level = next
	}
	if w.problem == nil {
		w.progress()
	}
	if w.problem != nil {
		return w.sum(), w.counterexample()
	}
	return w.sum(), nil
}

func (w *search) sum() Result {
	w.result.States = len(w.from)
	w.result.Done = len(w.done)
	return w.result
}

// reach numbers a state, and tells whether it is new.
func (w *search) reach(s *State, from int32, via uint16) (id int32, fresh bool) {
	h := maphash.Comparable(w.seed, *s)
	if id, ok := w.known[h]; ok {
		return id, false
	}
	id = int32(len(w.from))
	w.known[h] = id
	w.from, w.via, w.late = append(w.from, from), append(w.via, via), append(w.late, s.Late)
	if w.c.Done(s) {
		w.done = append(w.done, id)
	}
	if v := w.c.Check(s); v != nil && w.problem == nil {
		w.problem, w.where = v, id
	}
	return id, true
}

// expand takes all steps from a state, and appends the new ones to next.
func (w *search) expand(s *State, id int32, next *[]State) {
	via := uint16(0)
	w.c.Next(s, func(step Step, n *State) {
		to, fresh := w.reach(n, id, via)
		via++
		w.result.Steps++
		if fresh {
			*next = append(*next, *n)
		}
		if !step.Fault {
			w.quiet = append(w.quiet, [2]int32{id, to})
		}
	})
}

// progress judges property 1: from every state a way without faults leads to where all is done.
func (w *search) progress() {
	before := make([][]int32, len(w.from))
	for _, e := range w.quiet {
		before[e[1]] = append(before[e[1]], e[0])
	}
	good, todo := make([]bool, len(w.from)), slices.Clone(w.done)
	for _, id := range todo {
		good[id] = true
	}
	for len(todo) > 0 {
		id := todo[len(todo)-1]
		todo = todo[:len(todo)-1]
		for _, b := range before[id] {
			if !good[b] {
				good[b] = true
				todo = append(todo, b)
			}
		}
	}
	for id, ok := range good {
		if !ok && !w.late[id] {
			w.problem, w.where = violation(1, "from here on the lanes never get to their end"), int32(id)
			return
		}
	}
}

// counterexample goes the way to the problem again.
func (w *search) counterexample() *Counterexample {
	var path []uint16
	for id := w.where; w.from[id] >= 0; id = w.from[id] {
		path = append(path, w.via[id])
	}
	e := &Counterexample{Violation: w.problem, Config: w.c, End: w.c.Start()}
	for i := len(path) - 1; i >= 0; i-- {
		at, s := uint16(0), e.End
		w.c.Next(&s, func(step Step, n *State) {
			if at == path[i] {
				e.Steps, e.End = append(e.Steps, step), *n
			}
			at++
		})
	}
	return e
}
