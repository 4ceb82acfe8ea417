package main

import (
	"fmt"
	"os"
	"slices"

	"github.com/weir-stream/weir/internal/benchkit"
)

// Cost is one job over so many partitions of its source and of its sink, delivered either way.
type Cost struct {
	Job         string          `json:"job"`
	Partitions  int             `json:"partitions"` // of the source, and as many of the sink
	RecordsOut  int64           `json:"records_out"`
	AtLeastOnce Arm             `json:"at_least_once"`
	Again       Arm             `json:"at_least_once_again"`
	ExactlyOnce Arm             `json:"exactly_once"`
	AA          benchkit.Figure `json:"a_a"`
	// Ratio is exactly once to the mean of the two runs of at least once around it, by records a second; ProcessRatio the same by
	// the time of the whole process, and CPURatio by the processor time that it took for a record: more than 1 where exactly once takes more.
	Ratio        benchkit.Figure `json:"ratio"`
	ProcessRatio benchkit.Figure `json:"process_ratio"`
	CPURatio     benchkit.Figure `json:"cpu_ratio"`
	CPUAA        benchkit.Figure `json:"cpu_a_a"`
	Limit        float64         `json:"limit"`
}

// Arm is one way of delivery. Rate is by the time that the lanes ran, ProcessRate by that of the whole process, start and plan included. CPU is
// what the process took of the processors for a record, in seconds.
type Arm struct {
	Rate        benchkit.Figure `json:"records_per_second"`
	ProcessRate benchkit.Figure `json:"process_records_per_second"`
	CPU         benchkit.Figure `json:"cpu_seconds_per_record"`
}

// shapes are what is compared, with what is left of the throughput at least.
var shapes = []struct {
	partitions int
	limit      float64
}{{1, 0.95}, {8, 0.85}}

// arms, in the order of a round: exactly once in the middle, so that what drifts hits both sides.
var arms = []string{atLeastOnce, exactlyOnce, atLeastOnce}

// compare runs every job over every shape in each round.
func (b *bench) compare(r *Report) error {
	for _, s := range shapes {
		source := sourceOf(s.partitions)
		if err := b.FreshTopic(b.ctx, source, s.partitions); err != nil {
			return err
		}
		for range b.passes {
			if _, err := b.Run(b.ctx, nil, "produce", source, "-f", b.file, "--batch-size", "256KB"); err != nil {
				return err
			}
		}
		for _, j := range []job{late, everyRow} {
			written, err := j.writes(b.flights, r.Records)
			if err != nil {
				return err
			}
			r.Cost = append(r.Cost, Cost{Job: j.name, Partitions: s.partitions, RecordsOut: int64(written), Limit: s.limit})
			if err := b.rounds(j, &r.Cost[len(r.Cost)-1], r.Rounds); err != nil {
				return fmt.Errorf("%s over %d partitions: %w", j.name, s.partitions, err)
			}
		}
		if _, err := b.Run(b.ctx, nil, "topic", "delete", source); err != nil {
			return err
		}
	}
	return nil
}

func sourceOf(partitions int) string { return fmt.Sprintf("flights-%d", partitions) }

// rounds runs the arms of one job in turn.
func (b *bench) rounds(j job, c *Cost, rounds int) error {
	rates, processes, cpus := make([][]float64, len(arms)), make([][]float64, len(arms)), make([][]float64, len(arms))
	for range rounds {
		for i, delivery := range arms {
			s, e, err := b.deliver(j, c, delivery)
			if err != nil {
				return fmt.Errorf("%s: %w", delivery, err)
			}
			records := float64(s.RecordsIn)
			rates[i] = append(rates[i], records/s.Seconds)
			processes[i] = append(processes[i], records/e.Seconds)
			cpus[i] = append(cpus[i], e.CPU/records)
		}
	}
	for i, arm := range []*Arm{&c.AtLeastOnce, &c.ExactlyOnce, &c.Again} {
		*arm = Arm{benchkit.NewFigure(rates[i]), benchkit.NewFigure(processes[i]), benchkit.NewFigure(cpus[i])}
	}
	c.AA = ratios(rates[2], rates[0])
	c.Ratio = ratios(rates[1], rates[0], rates[2])
	c.ProcessRatio = ratios(processes[1], processes[0], processes[2])
	c.CPURatio = ratios(cpus[1], cpus[0], cpus[2])
	c.CPUAA = ratios(cpus[2], cpus[0])
	fmt.Fprintf(os.Stderr, "%s: exactly once to at least once %.3f, A/A %.3f, processor time %.3f\n",
		c.name(), c.Ratio.Median, c.AA.Median, c.CPURatio.Median)
	return nil
}

// ratios divides above by the mean of what is below, round by round.
func ratios(above []float64, below ...[]float64) benchkit.Figure {
	runs := slices.Clone(above)
	for i := range runs {
		sum := 0.0
		for _, b := range below {
			sum += b[i]
		}
		runs[i] *= float64(len(below)) / sum
	}
	return benchkit.NewFigure(runs)
}

// deliver runs a job once, into a sink made anew, and counts what is there.
func (b *bench) deliver(j job, c *Cost, delivery string) (s benchkit.Summary, e *benchkit.Ended, err error) {
	const sink = "out"
	if err := b.FreshTopic(b.ctx, sink, c.Partitions); err != nil {
		return s, nil, err
	}
	state := b.state()
	defer os.RemoveAll(state)
	if s, e, err = b.Pipeline(b.ctx, j.env(sourceOf(c.Partitions), sink, delivery), j.sql, "--state", state); err != nil {
		return s, nil, err
	}
	found, err := b.held(sink, c.Partitions)
	if err == nil && found != c.RecordsOut {
		err = fmt.Errorf("%d records in the sink, want %d", found, c.RecordsOut)
	}
	return s, e, err
}
