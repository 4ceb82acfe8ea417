package main

import (
	"fmt"
	"io"
	"maps"
	"slices"
	"text/tabwriter"
)

// Figure is a measurement of several rounds.
type Figure struct {
	Median float64   `json:"median"`
	Min    float64   `json:"min"`
	Max    float64   `json:"max"`
	Runs   []float64 `json:"runs"`
}

func newFigure(runs []float64) Figure {
	sorted := slices.Sorted(slices.Values(runs))
	middle := len(sorted) / 2
	median := sorted[middle]
	if len(sorted)%2 == 0 {
		median = (sorted[middle-1] + median) / 2
	}
	return Figure{Median: median, Min: sorted[0], Max: sorted[len(sorted)-1], Runs: runs}
}

// Target is what a figure is to reach.
type Target struct {
	Figure  string  `json:"figure"`
	AtLeast float64 `json:"at_least,omitempty"`
	AtMost  float64 `json:"at_most,omitempty"`
	Median  float64 `json:"median"`
	Met     bool    `json:"met"`
}

// judge compares the figures with what they are to reach.
func (r *Report) judge() {
	atLeast := func(name string, want float64, f Figure) {
		r.Targets = append(r.Targets, Target{Figure: name, AtLeast: want, Median: f.Median, Met: f.Median >= want})
	}
	atMost := func(name string, want float64, f Figure) {
		r.Targets = append(r.Targets, Target{Figure: name, AtMost: want, Median: f.Median, Met: f.Median <= want})
	}
	for _, batch := range batches {
		c, p := r.Consume[batch.name], r.Produce[batch.name]
		atLeast("consume "+batch.name+": records/s, ours to official", 4, c.Ratios["records/s, ours to official"])
		atMost("consume "+batch.name+": time, ours to bare pull", 1.25, c.Ratios["time, ours to bare pull"])
		atMost("consume "+batch.name+": allocations per record", 0.05, *c.Arms[ours].AllocationsPerRecord)
		atLeast("produce "+batch.name+": records/s, ours to official", 2, p.Ratios["records/s, ours to official"])
		atMost("produce "+batch.name+": allocations per record", 0.05, *p.Arms[ours].AllocationsPerRecord)
	}
	atMost("latency, p99 in ms", 2, r.Latency[ours+", p99"])
	atMost("consumer of 100 partitions: live heap in MiB", r.Partitions.Budget, r.Partitions.LiveHeap)
}

// print writes the report for people.
func (r *Report) print(w io.Writer) {
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	defer t.Flush()
	fmt.Fprintf(t, "\nfigure\tmedian\tmin\tmax\n")
	row := func(name, format string, f Figure) {
		fmt.Fprintf(t, "%s\t"+format+"\t"+format+"\t"+format+"\n", name, f.Median, f.Min, f.Max)
	}
	for _, batch := range batches {
		printTable(row, "consume "+batch.name, r.Consume[batch.name])
		printTable(row, "produce "+batch.name, r.Produce[batch.name])
	}
	for _, name := range slices.Sorted(maps.Keys(r.Latency)) {
		row("latency, ms: "+name, "%.3f", r.Latency[name])
	}
	row("100 partitions: live heap, MiB", "%.1f", r.Partitions.LiveHeap)
	row("100 partitions: resident, MiB", "%.1f", r.Partitions.Resident)
	row("100 partitions: records/s", "%.0f", r.Partitions.RecordsPerSecond)
	fmt.Fprintf(t, "\ntarget\twant\tmedian\tmet\n")
	for _, target := range r.Targets {
		want := fmt.Sprintf("<= %g", target.AtMost)
		if target.AtLeast > 0 {
			want = fmt.Sprintf(">= %g", target.AtLeast)
		}
		fmt.Fprintf(t, "%s\t%s\t%.3f\t%v\n", target.Figure, want, target.Median, target.Met)
	}
}

func printTable(row func(name, format string, f Figure), what string, t Table) {
	for _, name := range slices.Sorted(maps.Keys(t.Arms)) {
		a := t.Arms[name]
		row(what+": "+name+", records/s", "%.0f", a.RecordsPerSecond)
		if a.AllocationsPerRecord != nil {
			row(what+": "+name+", allocations/record", "%.4f", *a.AllocationsPerRecord)
		}
		if a.RecordsPerBatch != nil {
			row(what+": "+name+", records/batch", "%.1f", *a.RecordsPerBatch)
		}
	}
	for _, name := range slices.Sorted(maps.Keys(t.Ratios)) {
		row(what+": "+name, "%.3f", t.Ratios[name])
	}
}
