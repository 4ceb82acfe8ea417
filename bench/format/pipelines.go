package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"slices"

	"github.com/weir-stream/weir/fluvio"
	"github.com/weir-stream/weir/internal/benchkit"
)

// pipeline is an arm of the second part: weir run over all flights.
type pipeline struct {
	name, sql string
	all       bool // every record comes out, else the late ones
	verbatim  bool // as the bytes that it came in
	wanted    float64
}

// allPipelines are compared with what a reader alone does. Rates are asked of those whose module is in C, in which nearly all time is weir's own.
var allPipelines = []pipeline{
	{name: "late_flights", sql: "bench/late_flights.sql"},
	{name: "late_flights_c", sql: "bench/late_flights_c.sql", wanted: 600_000},
	{name: "full", sql: "bench/full.sql", all: true},
	{name: "full_c", sql: "bench/full_c.sql", all: true, wanted: 300_000},
	{name: "verbatim", sql: "bench/verbatim.sql", all: true, verbatim: true, wanted: 800_000},
}

const (
	readerArm   = "official Rust client, reading"
	maxBytes    = "1048576" // of a chunk that the reader asks for
	lateFlights = 27059
)

// stage is the broker with all flights in it.
type stage struct {
	*bench
	benchkit.Weir
	records int
}

// pipelines measures the pipelines and the reader, in turn, broker included.
func (b *bench) pipelines(r *Report) error {
	chosen := slices.DeleteFunc(slices.Clone(allPipelines), func(p pipeline) bool { return !b.only.MatchString(p.figure()) })
	if len(chosen) == 0 {
		return nil
	}
	if _, err := os.Stat(b.official); err != nil {
		return fmt.Errorf("%w; build it: CARGO_TARGET_DIR=build/peers cargo build --release --locked --manifest-path bench/peers/Cargo.toml", err)
	}
	file, records, err := benchkit.Unpack(benchkit.Flights, b.dir)
	if err != nil {
		return err
	}
	broker, err := benchkit.StartBroker(b.ctx, b.weir, b.dir)
	if err != nil {
		return err
	}
	defer broker.Stop()
	s := &stage{b, benchkit.Weir{Binary: b.weir, SC: broker.SC}, records}
	if err := s.load(file); err != nil {
		return err
	}
	aa := chosen[min(1, len(chosen)-1)]
	run := []arm{{readerArm, s.read}, {aa.name + ", again", func() (Result, error) { return s.run(aa) }}}
	for _, p := range chosen {
		run = append(run, arm{p.name, func() (Result, error) { return s.run(p) }})
	}
	all, err := b.alternate(run)
	if err != nil {
		return err
	}
	s.report(r, all, run, chosen, aa)
	return nil
}

func (p pipeline) figure() string { return "pipeline " + p.name }

// report adds the figures, and how each compares with the reader.
func (s *stage) report(r *Report, all results, run []arm, chosen []pipeline, aa pipeline) {
	for _, a := range run {
		r.Arms = append(r.Arms, Measured{Arm: a.name, RecordsPerSecond: all.figure(a.name, rate)})
	}
	one, again := all.figure(aa.name, rate), all.figure(aa.name+", again", rate)
	r.AA = append(r.AA, Figure{Name: "A/A: " + aa.figure(), Unit: ratioOfRates, Value: ratio(again, one), Ours: &again, Peer: &one, PeerName: aa.name})
	reader := all.figure(readerArm, rate)
	for _, p := range chosen {
		found := all.figure(p.name, rate)
		f := Figure{Name: p.figure(), Unit: rates, Value: found, Peer: &reader, PeerName: readerArm}
		r.Figures = append(r.Figures, f.want(p.wanted, false))
		r.Figures = append(r.Figures, Figure{Name: p.figure() + ", to the reader", Unit: ratioOfRates, Value: ratio(found, reader), Ours: &found,
			Peer: &reader, PeerName: readerArm})
	}
}

// load writes the flights to the topic that everything reads.
func (s *stage) load(file string) error {
	if err := s.FreshTopic(s.ctx, "flights", 1); err != nil {
		return err
	}
	if _, err := s.Run(s.ctx, nil, "produce", "flights", "-f", file, "--batch-size", "256KB"); err != nil {
		return err
	}
	return s.count("flights", s.records)
}

// run runs a pipeline over all records and counts what is in the sink.
func (s *stage) run(p pipeline) (Result, error) {
	if err := s.FreshTopic(s.ctx, "out", 1); err != nil {
		return Result{}, err
	}
	summary, ended, err := s.Pipeline(s.ctx, nil, p.sql)
	if err != nil {
		return Result{}, err
	}
	want := lateFlights
	if p.all {
		want = s.records
	}
	var carried struct {
		Verbatim int `json:"verbatim"`
	}
	if err := json.Unmarshal(ended.Out, &carried); err != nil {
		return Result{}, err
	}
	if p.verbatim && carried.Verbatim != want {
		return Result{}, fmt.Errorf("%d of %d records went out as they came", carried.Verbatim, want)
	}
	return Result{Records: int(summary.RecordsIn), Seconds: summary.Seconds, Rows: want}, s.count("out", want)
}

// count checks how many records a topic of one partition holds.
func (s *stage) count(topic string, want int) error {
	client, err := fluvio.Connect(s.ctx, fluvio.WithEndpoint(s.SC))
	if err != nil {
		return err
	}
	defer client.Close()
	offsets, err := client.Offsets(s.ctx, topic, 0)
	if err != nil {
		return err
	}
	if got := offsets.Next - offsets.Earliest; got != int64(want) {
		return fmt.Errorf("topic %s holds %d records, want %d", topic, got, want)
	}
	return nil
}

// read has the official client read all records and do nothing with them but a checksum.
func (s *stage) read() (r Result, err error) {
	ctx, cancel := context.WithTimeout(s.ctx, patience)
	defer cancel()
	cmd := exec.CommandContext(ctx, s.official, s.SC, "bench-consume", "flights", fmt.Sprint(s.records), maxBytes, "stream")
	var errs bytes.Buffer
	cmd.Stderr = &errs
	out, err := cmd.Output()
	if err == nil {
		err = json.Unmarshal(out, &r)
	}
	if err == nil && r.Records != s.records {
		err = fmt.Errorf("it lost %d records", s.records-r.Records)
	}
	if err != nil {
		return r, fmt.Errorf("%w\n%s", err, errs.String())
	}
	return r, nil
}
