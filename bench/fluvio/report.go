package main

import (
	"io"
	"maps"
	"slices"

	"github.com/weir-stream/weir/internal/benchkit"
)

// judge compares the figures with what they are to reach.
func (r *Report) judge() {
	atLeast := func(name string, want float64, f benchkit.Figure) {
		r.Targets.AtLeast(name, want, f.Median)
	}
	atMost := func(name string, want float64, f benchkit.Figure) {
		r.Targets.AtMost(name, want, f.Median)
	}
	for _, batch := range batches {
		c, p := r.Consume[batch.name], r.Produce[batch.name]
		atLeast("consume "+batch.name+": records/s, ours to official", 4, c.Ratios["records/s, ours to official"])
		atMost("consume "+batch.name+": time, ours to bare pull", 1.25, c.Ratios["time, ours to bare pull"])
		atMost("consume "+batch.name+": time, ours, reusing memory as it does, to bare pull", 1.25,
			c.Ratios["time, ours, reusing memory, to bare pull"])
		atMost("consume "+batch.name+": allocations per record", 0.05, *c.Arms[ours].AllocationsPerRecord)
		atLeast("produce "+batch.name+": records/s, ours to official", 2, p.Ratios["records/s, ours to official"])
		atMost("produce "+batch.name+": allocations per record", 0.05, *p.Arms[ours].AllocationsPerRecord)
	}
	atMost("latency, p99 in ms", 2, r.Latency[ours+", p99"])
	atMost("consumer of 100 partitions: live heap in MiB", r.Partitions.Budget, r.Partitions.LiveHeap)
}

// print writes the report for people.
func (r *Report) print(w io.Writer) {
	t := benchkit.Table(w)
	defer t.Flush()
	for _, batch := range batches {
		r.Consume[batch.name].print(t, "consume "+batch.name)
		r.Produce[batch.name].print(t, "produce "+batch.name)
	}
	for _, name := range slices.Sorted(maps.Keys(r.Latency)) {
		r.Latency[name].Row(t, "latency, ms: "+name, "%.3f")
	}
	r.Partitions.LiveHeap.Row(t, "100 partitions: live heap, MiB", "%.1f")
	r.Partitions.Resident.Row(t, "100 partitions: resident, MiB", "%.1f")
	r.Partitions.RecordsPerSecond.Row(t, "100 partitions: records/s", "%.0f")
	r.Targets.Table(t)
}

// print writes the comparison as rows of a table.
func (t Table) print(w io.Writer, what string) {
	for _, name := range slices.Sorted(maps.Keys(t.Arms)) {
		a := t.Arms[name]
		a.RecordsPerSecond.Row(w, what+": "+name+", records/s", "%.0f")
		if a.AllocationsPerRecord != nil {
			a.AllocationsPerRecord.Row(w, what+": "+name+", allocations/record", "%.4f")
		}
		if a.RecordsPerBatch != nil {
			a.RecordsPerBatch.Row(w, what+": "+name+", records/batch", "%.1f")
		}
	}
	for _, name := range slices.Sorted(maps.Keys(t.Ratios)) {
		t.Ratios[name].Row(w, what+": "+name, "%.3f")
	}
}
