package main

import (
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"

	"github.com/weir-stream/weir/internal/benchkit"
)

// Ratio compares the same arm with itself: what it differs from 1 by is the machine's noise.
type Ratio struct {
	Median float64   `json:"median"`
	Runs   []float64 `json:"runs"`
}

// Arm is one pipeline's figures.
type Arm struct {
	RecordsPerSecond benchkit.Figure `json:"records_per_second"`
	RecordsOut       int64           `json:"records_out"`
	// Share of the pipeline's working time by stage, medians; that of the guest is part of the operators'.
	Shares map[string]float64 `json:"shares"`
	// AllocationsPerRecord counts heap objects of the whole process while the pipeline ran.
	AllocationsPerRecord benchkit.Figure `json:"allocations_per_record"`
	PeakMiB              benchkit.Figure `json:"peak_rss_mib"`
}

// Memory is the resident memory of weir run over three passes of the data.
type Memory struct {
	PeakMiB []float64 `json:"peak_rss_mib_by_pass"`
}

// Latency is one quiet record from produce to consume, through the pipeline.
type Latency struct {
	Samples int     `json:"samples"`
	P50     float64 `json:"p50_ms"`
	P99     float64 `json:"p99_ms"`
}

// judge compares the figures with what they are to reach. Rates are asked of the arms with modules in C, in which nearly all time is weir's own.
func (r *Report) judge() {
	for _, arm := range arms {
		if found := r.Pipeline[arm.name].RecordsPerSecond.Median; arm.target > 0 {
			r.Targets.AtLeast(arm.name+", records/s", arm.target, found)
		}
	}
	r.Targets.AtMost("peak RSS of all passes, MiB", memoryLimit, slices.Max(r.Memory.PeakMiB))
}

// table prints the report for people.
func (r *Report) table(w io.Writer) {
	t := benchkit.Table(w)
	defer t.Flush()
	r.Load.Row(t, "load, records/s", "%.0f")
	for _, name := range slices.Sorted(maps.Keys(r.Pipeline)) {
		a := r.Pipeline[name]
		a.RecordsPerSecond.Row(t, name+", records/s", "%.0f")
		a.AllocationsPerRecord.Row(t, name+", allocations/record", "%.3f")
		a.PeakMiB.Row(t, name+", peak RSS, MiB", "%.0f")
		fmt.Fprintf(t, "%s, shares\t%s\t\t\n", name, shares(a.Shares))
	}
	fmt.Fprintf(t, "A/A ratio\t%.3f\t%.3f\t%.3f\n", r.AA.Median, slices.Min(r.AA.Runs), slices.Max(r.AA.Runs))
	fmt.Fprintf(t, "peak RSS by pass, MiB\t%.0f\t\t\n", r.Memory.PeakMiB)
	fmt.Fprintf(t, "latency, ms\tp50 %.2f\tp99 %.2f\t\n", r.Latency.P50, r.Latency.P99)
	r.Targets.Table(t)
}

func shares(s map[string]float64) string {
	var parts []string
	for _, stage := range stages {
		part := fmt.Sprintf("%s %.0f%%", stage, 100*s[stage])
		if stage == "operators" {
			part += fmt.Sprintf(" (guest %.0f%%)", 100*s["guest"])
		}
		parts = append(parts, part)
	}
	return strings.Join(parts, ", ")
}
