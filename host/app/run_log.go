package app

import (
	"fmt"
	"strings"
	"time"

	"github.com/weir-stream/weir/host/pipeline"
)

// logStart says that a pipeline begins, with its plan in a line.
func (pl *plan) logStart() {
	e := pl.explained()
	var functions, sinks []string
	for _, c := range e.Calls {
		functions = append(functions, fmt.Sprintf("%s (%s)", c.Function, c.Module))
	}
	for _, s := range e.Sinks {
		sinks = append(sinks, s.Sink)
	}
	c := &pl.Config
	args := []any{"source", e.Source, "functions", strings.Join(functions, " → "), "sinks", strings.Join(sinks, ", "),
		"checkpoint_interval", c.CheckpointInterval, "worker", fmt.Sprintf("%d/%d", c.Worker, c.Workers), "until_end", c.UntilEnd}
	if len(e.Letters) > 0 {
		args = append(args, "dead_letters", strings.Join(e.Letters, ", "))
	}
	c.Log.Info("pipeline started", args...)
	for _, note := range pl.source.notes {
		c.Log.Info("a column is JSON, as the schema allows what no other type holds", "table", pl.source.def.Name, "column", note)
	}
}

// logDrained says that a pipeline has ended because it was told to, and what it had done until then.
func (pl *plan) logDrained(drain <-chan struct{}) {
	select {
	case <-drain:
	default:
		return // at its end: the summary says so
	}
	s := pl.Config.Stats
	pl.Config.Log.Info("pipeline drained", "records_in", s.RecordsIn.Load(), "records_out", s.RecordsOut.Load(),
		"rejected", s.Rejected.Load(), "dead_letters", s.Letters.Load(), "seconds", s.Seconds())
}

// seconds are a pipeline's Stages.
func seconds(s *pipeline.Stats) Stages {
	of := func(ns int64) float64 { return time.Duration(ns).Seconds() }
	return Stages{
		Decode: of(s.Decode.Load()), Operators: of(s.Operators.Load()), Guest: of(s.Guest.Load()),
		Encode: of(s.Encode.Load()), Write: of(s.Write.Load()), Checkpoint: of(s.Checkpoint.Load()),
	}
}
