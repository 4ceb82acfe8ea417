package main

import (
	"fmt"
	"io"
	"slices"
	"sort"
	"strings"
	"text/tabwriter"
)

// Figure is a measurement of several runs.
type Figure struct {
	Median float64   `json:"median"`
	Min    float64   `json:"min"`
	Max    float64   `json:"max"`
	Runs   []float64 `json:"runs"`
}

func figure(runs []float64) Figure {
	sorted := slices.Sorted(slices.Values(runs))
	return Figure{Median: quantile(sorted, 0.5), Min: sorted[0], Max: sorted[len(sorted)-1], Runs: runs}
}

// quantile interpolates between the runs beside it.
func quantile(sorted []float64, q float64) float64 {
	at := q * float64(len(sorted)-1)
	low := int(at)
	if low+1 == len(sorted) {
		return sorted[low]
	}
	return sorted[low] + (at-float64(low))*(sorted[low+1]-sorted[low])
}

// Ratio compares the same arm with itself: what it differs from 1 by is the machine's noise.
type Ratio struct {
	Median float64   `json:"median"`
	Runs   []float64 `json:"runs"`
}

// Arm is one pipeline's figures.
type Arm struct {
	RecordsPerSecond Figure `json:"records_per_second"`
	RecordsOut       int64  `json:"records_out"`
	// Share of the pipeline's working time by stage, medians.
	Shares map[string]float64 `json:"shares"`
	// AllocationsPerRecord counts heap objects of the whole process while the pipeline ran.
	AllocationsPerRecord Figure `json:"allocations_per_record"`
	PeakMiB              Figure `json:"peak_rss_mib"`
}

// Memory is the resident memory of weir run over three passes of the data.
type Memory struct {
	PeakMiB  []float64 `json:"peak_rss_mib_by_pass"`
	LimitMiB float64   `json:"limit_mib"`
}

// Latency is one quiet record from produce to consume, through the pipeline.
type Latency struct {
	Samples int     `json:"samples"`
	P50     float64 `json:"p50_ms"`
	P99     float64 `json:"p99_ms"`
}

// table prints the report for people.
func (r *Report) table(w io.Writer) {
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	defer t.Flush()
	fmt.Fprintf(t, "\nfigure\tmedian\tmin\tmax\n")
	row := func(name string, f Figure, format string) {
		fmt.Fprintf(t, "%s\t"+format+"\t"+format+"\t"+format+"\n", name, f.Median, f.Min, f.Max)
	}
	row("load, records/s", r.Load, "%.0f")
	names := make([]string, 0, len(r.Pipeline))
	for name := range r.Pipeline {
		names = append(names, name)
	}
	sort.Strings(names)
	for _, name := range names {
		a := r.Pipeline[name]
		row(name+", records/s", a.RecordsPerSecond, "%.0f")
		row(name+", allocations/record", a.AllocationsPerRecord, "%.3f")
		row(name+", peak RSS, MiB", a.PeakMiB, "%.0f")
		fmt.Fprintf(t, "%s, shares\t%s\t\t\n", name, shares(a.Shares))
	}
	fmt.Fprintf(t, "A/A ratio\t%.3f\t%.3f\t%.3f\n", r.AA.Median, slices.Min(r.AA.Runs), slices.Max(r.AA.Runs))
	fmt.Fprintf(t, "peak RSS by pass, MiB\t%.0f\t\t\n", r.Memory.PeakMiB)
	fmt.Fprintf(t, "latency, ms\tp50 %.2f\tp99 %.2f\t\n", r.Latency.P50, r.Latency.P99)
}

func shares(s map[string]float64) string {
	var parts []string
	for _, stage := range stages {
		parts = append(parts, fmt.Sprintf("%s %.0f%%", stage, 100*s[stage]))
	}
	return strings.Join(parts, ", ")
}
