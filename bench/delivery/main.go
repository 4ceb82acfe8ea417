// Command delivery measures what exactly once costs beside at least once, and how long a pipeline that was killed needs until it writes
// again. bench/METHODOLOGY.md says how to read the figures.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/signal"

	"github.com/weir-stream/weir/fluvio"
	"github.com/weir-stream/weir/internal/benchkit"
)

// Report is what a run of the benchmarks found.
type Report struct {
	Machine  benchkit.Machine `json:"machine"`
	Rounds   int              `json:"rounds"`
	Records  int              `json:"records"` // that each run of the comparison reads
	Cost     []Cost           `json:"exactly_once_beside_at_least_once"`
	Recovery *Recovery        `json:"recovery,omitempty"`
	Targets  benchkit.Targets `json:"targets"`
}

func main() {
	rounds := flag.Int("rounds", 7, "rounds of the comparison; each runs every arm once")
	passes := flag.Int("passes", 8, "how often the data is in the sources of the comparison: a run is to take seconds")
	recoveries := flag.Int("recoveries", 5, "recoveries in each situation")
	binary := flag.String("weir", "bin/weir", "the binary to measure")
	out := flag.String("out", "build/bench-delivery.json", "file for the report")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	if err := run(ctx, *rounds, *passes, *recoveries, *binary, *out); err != nil {
		fmt.Fprintln(os.Stderr, "bench/delivery:", err)
		os.Exit(1)
	}
}

// bench is one run of the benchmarks: its broker, files and topics.
type bench struct {
	benchkit.Weir
	ctx     context.Context
	client  *fluvio.Client
	dir     string   // everything is below it
	file    string   // the flights, one a line
	flights [][]byte // its lines
	passes  int
	states  int // folders of checkpoints made so far
}

func run(ctx context.Context, rounds, passes, recoveries int, binary, out string) error {
	if rounds < 0 || recoveries < 0 || rounds+recoveries == 0 || passes < 1 {
		return fmt.Errorf("want -passes of 1 or more, -rounds and -recoveries of 0 or more and not twice 0, got %d, %d and %d", passes, rounds, recoveries)
	}
	dir, err := os.MkdirTemp("", "weir-bench-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	b := &bench{ctx: ctx, dir: dir, passes: passes}
	if b.file, _, err = benchkit.Unpack(benchkit.Flights, dir); err != nil {
		return err
	}
	if b.flights, err = readLines(b.file); err != nil {
		return err
	}
	broker, err := benchkit.StartBroker(ctx, binary, dir)
	if err != nil {
		return err
	}
	defer broker.Stop()
	b.Weir = benchkit.Weir{Binary: binary, SC: broker.SC}
	if b.client, err = fluvio.Connect(ctx, fluvio.WithEndpoint(b.SC)); err != nil {
		return err
	}
	defer b.client.Close()
	report := Report{Machine: benchkit.ThisMachine(), Rounds: rounds, Records: passes * len(b.flights)}
	if rounds > 0 {
		err = b.compare(&report)
	}
	if err == nil && recoveries > 0 {
		report.Recovery, err = b.recover(recoveries)
	}
	if err != nil {
		return errors.Join(err, ctx.Err())
	}
	report.judge()
	if err := benchkit.Save(report, out, os.Stdout); err != nil {
		return err
	}
	report.print(os.Stderr)
	return nil
}
