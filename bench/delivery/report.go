package main

import (
	"fmt"
	"io"

	"github.com/weir-stream/weir/internal/benchkit"
)

// judge compares the figures with what they are to reach.
func (r *Report) judge() {
	for _, c := range r.Cost {
		r.Targets.AtLeast(fmt.Sprintf("%s, exactly once to at least once", c.name()), c.Limit, c.Ratio.Median)
	}
	if r.Recovery == nil {
		return
	}
	for _, s := range situations {
		if s.limit > 0 {
			r.Targets.AtMost("first new output, "+s.name+", s", s.limit, r.Recovery.Situations[s.name].Seconds.Median)
		}
	}
}

func (c *Cost) name() string {
	return fmt.Sprintf("%s, %d x %d partitions", c.Job, c.Partitions, c.Partitions)
}

// print writes the report for people.
func (r *Report) print(w io.Writer) {
	t := benchkit.Table(w)
	defer t.Flush()
	for _, c := range r.Cost {
		c.AtLeastOnce.Rate.Row(t, c.name()+": at least once, records/s", "%.0f")
		c.Again.Rate.Row(t, c.name()+": at least once again, records/s", "%.0f")
		c.ExactlyOnce.Rate.Row(t, c.name()+": exactly once, records/s", "%.0f")
		c.AA.Row(t, c.name()+": A/A", "%.3f")
		c.Ratio.Row(t, c.name()+": exactly once to at least once", "%.3f")
		c.ProcessRatio.Row(t, c.name()+": the same by the whole process", "%.3f")
		c.CPUAA.Row(t, c.name()+": processor time, A/A", "%.3f")
		c.CPURatio.Row(t, c.name()+": processor time, exactly once to at least once", "%.3f")
	}
	if r.Recovery != nil {
		r.Recovery.print(t)
	}
	r.Targets.Table(t)
}

func (r *Recovery) print(w io.Writer) {
	k := r.Coefficients
	for _, j := range []job{everyRow, late} {
		k.Start[j.name].Row(w, "formula, "+j.name+": start, s", "%.3f")
		k.Replay[j.name].Row(w, "formula, "+j.name+": replay, records/s", "%.0f")
	}
	k.Look.Row(w, "formula: look, bytes/s", "%.0f")
	for _, s := range situations {
		f := r.Situations[s.name]
		f.Seconds.Row(w, s.name+": first new output, s", "%.3f")
		f.Formula.Row(w, s.name+": the formula says, s", "%.3f")
		f.Planned.Row(w, s.name+": planned, s", "%.3f")
		f.Opened.Row(w, s.name+": lane opened, s", "%.3f")
		f.Bytes.Row(w, s.name+": bytes looked at", "%.0f")
		f.Replayed.Row(w, s.name+": records read again", "%.0f")
	}
}
