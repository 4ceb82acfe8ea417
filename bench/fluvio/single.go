package main

import (
	"fmt"
	"time"

	"github.com/weir-stream/weir/internal/benchkit"
)

const (
	latencyRate    = 1000 // records a second
	latencySeconds = 5

	manyPartitions = 100
	manyFills      = 2 // of the flights into them, for more than the budget
)

// latency compares how long a record takes from produce to consume.
func (b *bench) latency(r *Report) error {
	const count = latencyRate * latencySeconds
	in := func(run func(topic string) (Result, error)) func() (Result, error) {
		return func() (result Result, err error) {
			err = b.inTopic(1, func(topic string) error { result, err = run(topic); return err })
			return result, err
		}
	}
	arms := []arm{
		{ours, in(func(topic string) (Result, error) {
			return b.ours(Task{Arm: "latency", Topic: topic, Records: count, PerSecond: latencyRate})
		})},
		{official, in(func(topic string) (Result, error) { return b.theirs("bench-latency", topic, count, latencyRate) })},
	}
	all, err := b.alternate(arms, func(_ string, r Result) error {
		if r.Records != count {
			return fmt.Errorf("%d records of %d", r.Records, count)
		}
		return nil
	})
	if err != nil {
		return fmt.Errorf("latency: %w", err)
	}
	r.Latency = map[string]benchkit.Figure{}
	for _, name := range []string{ours, official} {
		r.Latency[name+", p50"] = all.figure(name, func(r Result) float64 { return r.P50 })
		r.Latency[name+", p99"] = all.figure(name, func(r Result) float64 { return r.P99 })
		r.Latency[name+", max"] = all.figure(name, func(r Result) float64 { return r.Max })
	}
	return nil
}

// Memory is what a consumer of many partitions takes whose reader is slow, in MiB.
type Memory struct {
	Budget           float64         `json:"budget_mib"`
	LiveHeap         benchkit.Figure `json:"peak_live_heap_mib"`
	Resident         benchkit.Figure `json:"peak_rss_mib"`
	RecordsPerSecond benchkit.Figure `json:"records_per_second"`
}

func (b *bench) partitions(r *Report) error {
	return b.inTopic(manyPartitions, func(topic string) error {
		for range manyFills {
			if _, err := b.ours(Task{Arm: "produce", Topic: topic, File: b.file, Batch: 64 << 10, Linger: time.Second}); err != nil {
				return err
			}
		}
		want := manyFills * b.records
		consume := func() (Result, error) { return b.ours(Task{Arm: "partitions", Topic: topic, Records: want}) }
		all, err := b.alternate([]arm{{ours, consume}}, func(_ string, r Result) error {
			if r.Records != want {
				return fmt.Errorf("%d records of %d", r.Records, want)
			}
			return nil
		})
		if err != nil {
			return fmt.Errorf("%d partitions: %w", manyPartitions, err)
		}
		r.Partitions = Memory{
			Budget:   budget / mebi,
			LiveHeap: all.figure(ours, func(r Result) float64 { return r.PeakLive }),
			Resident: all.figure(ours, func(r Result) float64 { return r.PeakRSS }), RecordsPerSecond: all.figure(ours, rate),
		}
		return nil
	})
}
