// Command fluvio measures package fluvio against the official Rust client, at the embedded broker or a cluster: reading and writing
// all 336,776 flight records, latency, allocations and memory. bench/METHODOLOGY.md says how to read the figures.
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
	Machine     benchkit.Machine           `json:"machine"`
	Cluster     string                     `json:"cluster"` // embedded, or the endpoint
	Rounds      int                        `json:"rounds"`
	Records     int                        `json:"records"`
	Compression string                     `json:"compression"`
	Consume     map[string]Table           `json:"consume"` // by batch size
	Produce     map[string]Table           `json:"produce"`
	Latency     map[string]benchkit.Figure `json:"latency_ms"`
	Partitions  Memory                     `json:"consumer_of_100_partitions"`
	Targets     benchkit.Targets           `json:"targets"`
}

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	err := run(ctx)
	if err != nil {
		fmt.Fprintln(os.Stderr, "bench/fluvio:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context) error {
	if len(os.Args) == 3 && os.Args[1] == armCommand {
		return runArm(ctx, os.Args[2])
	}
	b := &bench{ctx: ctx}
	flag.IntVar(&b.rounds, "rounds", 7, "how often each arm runs, in turn")
	flag.StringVar(&b.weir, "weir", "bin/weir", "the binary to serve the embedded broker")
	flag.StringVar(&b.official, "official", "build/peers/release/official", "the program of bench/peers")
	flag.StringVar(&b.endpoint, "endpoint", "", "HOST:PORT of a cluster to measure at; default: an embedded broker of its own")
	flag.StringVar(&b.compression, "compression", "none", "none, gzip, snappy, lz4 or zstd, on both sides")
	flag.StringVar(&b.profiles, "profiles", "", "folder for CPU profiles of the arms of package fluvio")
	out := flag.String("out", "build/bench-fluvio.json", "file for the report")
	flag.Parse()
	if b.rounds < 1 || flag.NArg() > 0 {
		return fmt.Errorf("want -rounds of 1 or more and no arguments, got %d and %q", b.rounds, flag.Args())
	}
	report, err := b.measure()
	if err != nil {
		return err
	}
	if err := benchkit.Save(report, *out, os.Stdout); err != nil {
		return err
	}
	report.print(os.Stderr)
	return nil
}

// measure prepares what the arms need, and runs them.
func (b *bench) measure() (*Report, error) {
	if err := b.prepare(); err != nil {
		return nil, err
	}
	defer b.cleanUp()
	report := &Report{
		Machine: benchkit.ThisMachine(),
		Cluster: "embedded", Rounds: b.rounds, Records: b.records, Compression: b.compression,
	}
	if b.broker == nil {
		report.Cluster = b.endpoint
	}
	for _, step := range []func(*Report) error{b.consuming, b.producing, b.latency, b.partitions} {
		if err := step(report); err != nil {
			return nil, err
		}
	}
	report.judge()
	return report, nil
}
