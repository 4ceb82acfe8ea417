package main

import (
	"fmt"
	"slices"

	"github.com/weir-stream/weir/internal/benchkit"
)

// arm is one side of a comparison.
type arm struct {
	name string
	run  func() (Result, error)
}

// results are those of each arm, one a round.
type results map[string][]Result

// alternate runs the arms in turn, as often as asked for and every other time the other way round, and checks each result.
func (b *bench) alternate(arms []arm, check func(name string, r Result) error) (results, error) {
	all := results{}
	for round := range b.rounds {
		turn := slices.Clone(arms)
		if round%2 == 1 {
			slices.Reverse(turn)
		}
		for _, a := range turn {
			r, err := a.run()
			if err == nil {
				err = check(a.name, r)
			}
			if err != nil {
				return nil, fmt.Errorf("round %d, %s: %w", round+1, a.name, err)
			}
			all[a.name] = append(all[a.name], r)
		}
	}
	return all, nil
}

// figure is of one number of each round.
func (r results) figure(arm string, number func(Result) float64) benchkit.Figure {
	var runs []float64
	for _, result := range r[arm] {
		runs = append(runs, number(result))
	}
	return benchkit.NewFigure(runs)
}

// ratio divides one arm's number by another's, round by round.
func (r results) ratio(above, below string, number func(Result) float64) benchkit.Figure {
	var runs []float64
	for i, result := range r[above] {
		runs = append(runs, number(result)/number(r[below][i]))
	}
	return benchkit.NewFigure(runs)
}

func rate(r Result) float64        { return float64(r.Records) / r.Seconds }
func seconds(r Result) float64     { return r.Seconds }
func wall(r Result) float64        { return r.Wall }
func allocations(r Result) float64 { return float64(r.Allocations) / float64(r.Records) }

// Table is a comparison of arms that do the same.
type Table struct {
	Arms   map[string]Arm             `json:"arms"`
	Ratios map[string]benchkit.Figure `json:"ratios"`
}

// Arm is one arm's figures.
type Arm struct {
	RecordsPerSecond     benchkit.Figure  `json:"records_per_second"`
	Seconds              benchkit.Figure  `json:"seconds"`
	ProcessSeconds       benchkit.Figure  `json:"process_seconds"`
	AllocationsPerRecord *benchkit.Figure `json:"allocations_per_record,omitempty"` // of package fluvio
	RecordsPerBatch      *benchkit.Figure `json:"records_per_batch,omitempty"`      // as written
	LostRecords          []int            `json:"lost_records,omitempty"`           // of the official client, round by round, at a cluster that cuts batches
}

func (r results) table() Table {
	t := Table{Arms: map[string]Arm{}, Ratios: map[string]benchkit.Figure{}}
	for name, runs := range r {
		a := Arm{RecordsPerSecond: r.figure(name, rate), Seconds: r.figure(name, seconds), ProcessSeconds: r.figure(name, wall)}
		if runs[0].Allocations > 0 {
			f := r.figure(name, allocations)
			a.AllocationsPerRecord = &f
		}
		t.Arms[name] = a
	}
	return t
}
