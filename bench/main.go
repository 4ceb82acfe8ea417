// Command bench measures weir end to end with the real binary: broker, producer and pipelines as processes of their own,
// all 336,776 flight records. METHODOLOGY.md says how to read the figures.
package main

import (
	"context"
	"flag"
	"fmt"
	"os"
	"os/signal"

	"github.com/weir-stream/weir/internal/benchkit"
)

// Report is what a run of the benchmarks found.
type Report struct {
	Machine  benchkit.Machine `json:"machine"`
	Runs     int              `json:"runs"`
	Records  int              `json:"records"`
	Load     benchkit.Figure  `json:"load_records_per_second"`
	Pipeline map[string]Arm   `json:"pipelines"`
	AA       Ratio            `json:"a_a"`
	Memory   Memory           `json:"memory"`
	Latency  Latency          `json:"latency"`
	Targets  benchkit.Targets `json:"targets"`
}

func main() {
	runs := flag.Int("runs", 5, "runs of each arm, interleaved")
	binary := flag.String("weir", "bin/weir", "the binary to measure")
	out := flag.String("out", "build/bench.json", "file for the report")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	if err := run(ctx, *runs, *binary, *out); err != nil {
		fmt.Fprintln(os.Stderr, "bench:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, runs int, binary, out string) (err error) {
	if runs < 1 {
		return fmt.Errorf("-runs: want at least 1, got %d", runs)
	}
	dir, err := os.MkdirTemp("", "weir-bench-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	b := &bench{ctx: ctx, runs: runs}
	if b.file, b.records, err = benchkit.Unpack(benchkit.Flights, dir); err != nil {
		return err
	}
	broker, err := benchkit.StartBroker(ctx, binary, dir)
	if err != nil {
		return err
	}
	defer broker.Stop()
	b.Weir = benchkit.Weir{Binary: binary, SC: broker.SC}
	report := Report{Machine: benchkit.ThisMachine(), Runs: runs, Records: b.records}
	for _, step := range []func(*Report) error{b.load, b.pipelines, b.memory, b.latency} {
		if err := step(&report); err != nil {
			return err
		}
	}
	report.judge()
	if err := benchkit.Save(report, out, os.Stdout); err != nil {
		return err
	}
	report.table(os.Stderr)
	return nil
}
