package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"slices"
	"syscall"
	"time"

	"github.com/weir-stream/weir/fluvio"
	"github.com/weir-stream/weir/internal/benchkit"
)

// load measures weir produce, each run into a topic of its own; the last one is what the pipelines read.
func (b *bench) load(r *Report) error {
	var rates []float64
	for range b.runs {
		if err := b.freshTopic("flights"); err != nil {
			return err
		}
		e, err := b.Run(b.ctx, nil, "produce", "flights", "-f", b.file, "--json", "--batch-size", "256KB")
		if err != nil {
			return err
		}
		var done struct {
			Records int     `json:"records"`
			Seconds float64 `json:"seconds"`
		}
		if err := json.Unmarshal(e.Out, &done); err != nil {
			return err
		}
		if done.Records != b.records {
			return fmt.Errorf("loaded %d records of %d", done.Records, b.records)
		}
		rates = append(rates, float64(done.Records)/done.Seconds)
	}
	r.Load = benchkit.NewFigure(rates)
	return nil
}

// stages are those of a pipeline's summary that add up to its work.
var stages = []string{"decode", "operators", "encode", "write", "checkpoint"}

// arms are the pipelines: the first twice, against itself.
var arms = []struct {
	name, sql string
	out       func(records int) int
	target    float64 // records/s, 0: none
}{
	{"late_flights", "bench/late_flights.sql", late, 0},
	{"late_flights again", "bench/late_flights.sql", late, 0},
	{"late_flights_c", "bench/late_flights_c.sql", late, 500_000},
	{"full", "bench/full.sql", all, 0},
	{"full_c", "bench/full_c.sql", all, 250_000},
}

// late and all are how many records come out.
func late(int) int        { return 27059 }
func all(records int) int { return records }

// pipelines runs every arm in turn, as often as asked for, and counts what is in the sink each time.
func (b *bench) pipelines(r *Report) error {
	rates, allocations, peaks := map[string][]float64{}, map[string][]float64{}, map[string][]float64{}
	shares := map[string]map[string][]float64{}
	for range b.runs {
		for _, arm := range arms {
			if err := b.freshTopic("out"); err != nil {
				return err
			}
			s, e, err := b.Pipeline(b.ctx, nil, arm.sql)
			if err != nil {
				return err
			}
			if err := b.count("out", arm.out(b.records)); err != nil {
				return fmt.Errorf("%s: %w", arm.name, err)
			}
			rates[arm.name] = append(rates[arm.name], float64(s.RecordsIn)/s.Seconds)
			allocations[arm.name] = append(allocations[arm.name], float64(s.Allocations)/float64(s.RecordsIn))
			peaks[arm.name] = append(peaks[arm.name], e.PeakMiB)
			addShares(shares, arm.name, s)
		}
	}
	r.Pipeline = map[string]Arm{}
	for _, arm := range arms {
		a := Arm{
			RecordsPerSecond: benchkit.NewFigure(rates[arm.name]), RecordsOut: int64(arm.out(b.records)), Shares: map[string]float64{},
			AllocationsPerRecord: benchkit.NewFigure(allocations[arm.name]), PeakMiB: benchkit.NewFigure(peaks[arm.name]),
		}
		for stage, runs := range shares[arm.name] {
			a.Shares[stage] = benchkit.NewFigure(runs).Median
		}
		r.Pipeline[arm.name] = a
	}
	for i, rate := range rates[arms[1].name] {
		r.AA.Runs = append(r.AA.Runs, rate/rates[arms[0].name][i])
	}
	r.AA.Median = benchkit.NewFigure(r.AA.Runs).Median
	return nil
}

func addShares(shares map[string]map[string][]float64, arm string, s benchkit.Summary) {
	if shares[arm] == nil {
		shares[arm] = map[string][]float64{}
	}
	total := 0.0
	for _, stage := range stages {
		total += s.Stages[stage]
	}
	for _, stage := range append([]string{"guest"}, stages...) {
		shares[arm][stage] = append(shares[arm][stage], s.Stages[stage]/total)
	}
}

func (b *bench) connect() (*fluvio.Client, error) {
	return fluvio.Connect(b.ctx, fluvio.WithEndpoint(b.SC))
}

// count checks how many records a topic of one partition holds.
func (b *bench) count(topic string, want int) error {
	client, err := b.connect()
	if err != nil {
		return err
	}
	defer client.Close()
	offsets, err := client.Offsets(b.ctx, topic, 0)
	if err != nil {
		return err
	}
	if got := offsets.Next - offsets.Earliest; got != int64(want) {
		return fmt.Errorf("%d records in the sink, want %d", got, want)
	}
	return nil
}

const (
	passes      = 3   // how often the data goes through one pipeline to see whether its memory grows
	memoryLimit = 200 // MiB
)

func (b *bench) memory(r *Report) error {
	for range passes - 1 {
		if _, err := b.Run(b.ctx, nil, "produce", "flights", "-f", b.file, "--batch-size", "256KB"); err != nil {
			return err
		}
	}
	if err := b.freshTopic("out"); err != nil {
		return err
	}
	s, e, err := b.Pipeline(b.ctx, nil, "bench/late_flights.sql")
	if err != nil {
		return err
	}
	if s.RecordsIn != int64(passes*b.records) || len(e.RSS) < passes {
		return fmt.Errorf("%d records in with %d looks at the memory", s.RecordsIn, len(e.RSS))
	}
	for i := range passes {
		r.Memory.PeakMiB = append(r.Memory.PeakMiB, slices.Max(e.RSS[i*len(e.RSS)/passes:(i+1)*len(e.RSS)/passes]))
	}
	return nil
}

// quietRecords is how many records are sent for the latency, one at a time with quietGap between.
const (
	quietRecords = 500
	quietGap     = 5 * time.Millisecond
)

// latency sends single records through a running pipeline and times them from produce to consume.
func (b *bench) latency(r *Report) error {
	for _, topic := range []string{"flights", "out"} {
		if err := b.freshTopic(topic); err != nil {
			return err
		}
	}
	cmd := b.Command(b.ctx, nil, "run", "bench/late_flights.sql")
	var errs bytes.Buffer
	cmd.Stderr = &errs
	if err := cmd.Start(); err != nil {
		return err
	}
	samples, err := b.quiet()
	_ = cmd.Process.Signal(syscall.SIGTERM)
	if waited := cmd.Wait(); err == nil && waited != nil {
		err = fmt.Errorf("%w\n%s", waited, errs.String())
	}
	if err != nil {
		return err
	}
	slices.Sort(samples)
	r.Latency = Latency{len(samples), benchkit.Quantile(samples, 0.5), benchkit.Quantile(samples, 0.99)}
	return nil
}

// quietValue is a flight that late_flights keeps.
const quietValue = `{"year":2013,"month":1,"day":1,"dep_time":517,"sched_dep_time":515,"dep_delay":120,"arr_time":830,"sched_arr_time":819,` +
	`"arr_delay":11,"carrier":"UA","flight":1545,"tailnum":"N14228","origin":"EWR","dest":"IAH","air_time":227,"distance":1400,"hour":5,"minute":15,` +
	`"time_hour":"2013-01-01T10:00:00Z"}`

func (b *bench) quiet() ([]float64, error) {
	client, err := b.connect()
	if err != nil {
		return nil, err
	}
	defer client.Close()
	producer, err := client.Producer(b.ctx, "flights")
	if err != nil {
		return nil, err
	}
	consumer, err := client.Consumer(b.ctx, "out", 0, fluvio.Beginning())
	if err != nil {
		return nil, err
	}
	defer consumer.Close()
	var samples []float64
	tick := time.NewTicker(quietGap)
	defer tick.Stop()
	for i := range quietRecords + 1 {
		sent := time.Now()
		if err := producer.Produce(b.ctx, fluvio.Record{Value: []byte(quietValue)}); err != nil {
			return nil, err
		}
		if _, err := consumer.Poll(b.ctx); err != nil {
			return nil, err
		}
		if i > 0 { // the first one waits for the pipeline to start
			samples = append(samples, float64(time.Since(sent))/float64(time.Millisecond))
		}
		<-tick.C
	}
	return samples, producer.Close(b.ctx)
}
