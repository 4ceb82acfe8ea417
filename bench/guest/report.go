package main

import (
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"

	"github.com/weir-stream/weir/internal/benchkit"
)

// judge compares the figures with what they are to reach.
func (r *Report) judge() {
	atMost := r.Targets.AtMost
	for _, k := range kinds {
		atMost("metering, "+k.name+": geometric mean", 1.2, r.Metering.Kinds[k.name].Summary[metering].Mean)
	}
	all := r.Metering.All[metering]
	atMost("metering, all: geometric mean", 1.15, all.Mean)
	atMost("metering, all: p90", 1.4, all.P90)
	for _, k := range kinds {
		c := r.Compile[k.name]
		atMost("rewriting to compiling, "+k.name, 0.15, c.Share.Median)
		atMost("compiling, rewritten to original, "+k.name, 1.3, c.Ratio.Median)
	}
	atMost("stop after the deadline, all shapes: p99, µs", 1000, r.Stop.Shapes["all"].P99)
	for _, name := range slices.Sorted(maps.Keys(r.Stop.Bulk)) {
		atMost("stop in a bulk operation, "+name+": p99, ms", 15, r.Stop.Bulk[name].P99)
	}
	atMost("runtime.GC() while a guest spins: p50, ms", 2, r.Stop.Collection["spinning"].P50)
	atMost("rise of resident memory, the worst recursion or tree: MiB", 20, slices.Max(slices.Collect(maps.Values(r.Resident))))
	atMost(identity+", beside two copies: µs", 5, r.Calls.Beside[identity].Median)
	atMost(gcdPublished+": µs", 15.5, r.Calls.Microseconds[gcdPublished].Median)
	for _, name := range slices.Sorted(maps.Keys(r.Restore)) {
		atMost("restore with 64 KiB touched of "+name+": p50, µs", 50, r.Restore[name].Restore.P50)
	}
	for _, name := range slices.Sorted(maps.Keys(r.Poison)) {
		if strings.HasSuffix(name, stageAlone) { // some 30 calls where the clean batch is one: for information
			continue
		}
		r.Targets.AtLeast("1% poison rows to clean, "+name, 0.5, r.Poison[name].Ratio.Median)
	}
	atMost("3 poison rows in 10,000: extra calls", 9, float64(r.Sparse.ExtraCalls))
}

// print writes the report for people.
func (r *Report) print(w io.Writer) {
	t := benchkit.Table(w)
	defer t.Flush()
	for _, k := range kinds {
		r.Metering.Kinds[k.name].print(t, k.name)
		c := r.Compile[k.name]
		c.AA.Row(t, k.name+", compiling: A/A", "%.3f")
		c.Original.Row(t, k.name+", compiling: original, ms", "%.2f")
		c.Rewrite.Row(t, k.name+", compiling: rewriting, ms", "%.2f")
		c.Share.Row(t, k.name+", compiling: rewriting to original", "%.3f")
		c.Ratio.Row(t, k.name+", compiling: rewritten to original", "%.3f")
	}
	for _, group := range []struct {
		name    string
		figures map[string]benchkit.Figure
	}{{"µs: ", r.Calls.Microseconds}, {"µs beside two copies: ", r.Calls.Beside}, {"", r.Calls.Ratios}} {
		for _, name := range slices.Sorted(maps.Keys(group.figures)) {
			group.figures[name].Row(t, group.name+name, "%.2f")
		}
	}
	for _, name := range slices.Sorted(maps.Keys(r.Poison)) {
		p := r.Poison[name]
		p.AA.Row(t, "poison, "+name+": A/A", "%.3f")
		p.Clean.Row(t, "poison, "+name+": clean, rows/s", "%.0f")
		p.Rate.Row(t, "poison, "+name+": 1% poison, rows/s", "%.0f")
		p.Ratio.Row(t, "poison, "+name+": 1% poison to clean", "%.3f")
	}
	r.printSpreads(t)
	fmt.Fprintf(t, "\nmetering\tmean\tp90\tworst\n")
	for _, k := range kinds {
		printSummary(t, k.name, r.Metering.Kinds[k.name].Summary)
	}
	printSummary(t, "all", r.Metering.All)
	r.Targets.Table(t)
}

// print writes the programs as rows of a table.
func (k Kind) print(w io.Writer, name string) {
	for _, program := range slices.Sorted(maps.Keys(k.Programs)) {
		p := k.Programs[program]
		p.Milliseconds.Row(w, name+" "+program+": original, ms", "%.2f")
		for _, arm := range []string{again, metering, interrupt} {
			p.Ratios[arm].Row(w, name+" "+program+": "+arm, "%.3f")
		}
	}
}

func printSummary(w io.Writer, name string, arms map[string]Summary) {
	for _, arm := range []string{again, metering, interrupt} {
		s := arms[arm]
		fmt.Fprintf(w, "%s: %s\t%.3f\t%.3f\t%.3f (%s)\n", name, arm, s.Mean, s.P90, s.Worst, s.Name)
	}
}

// printSpreads writes what was tried many times.
func (r *Report) printSpreads(w io.Writer) {
	fmt.Fprintf(w, "\ntried\tp50\tp99\tmax\n")
	row := func(name string, s Spread) { fmt.Fprintf(w, "%s\t%.2f\t%.2f\t%.2f\n", name, s.P50, s.P99, s.Max) }
	for _, name := range slices.Sorted(maps.Keys(r.Stop.Shapes)) {
		row("stopped late, µs: "+name, r.Stop.Shapes[name])
	}
	for _, name := range slices.Sorted(maps.Keys(r.Stop.Bulk)) {
		row("stopped late, ms: "+name, r.Stop.Bulk[name])
	}
	for _, name := range slices.Sorted(maps.Keys(r.Stop.Collection)) {
		row("runtime.GC(), ms: "+name, r.Stop.Collection[name])
	}
	for _, name := range slices.Sorted(maps.Keys(r.Restore)) {
		row("restore, µs: "+name, r.Restore[name].Restore)
		row("call after it, µs: "+name, r.Restore[name].Next)
		row("the same call else, µs: "+name, r.Restore[name].Plain)
	}
	for _, name := range slices.Sorted(maps.Keys(r.Resident)) {
		fmt.Fprintf(w, "resident memory, MiB: %s\t%.1f\t\t\n", name, r.Resident[name])
	}
}
