// Command guest measures what the sandbox costs and how well it holds: real programs with metering and without, the time to stop a guest, what a
// call, a restore and a poison row take. README.md says how to read the figures.
package main

import (
	"context"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"time"

	"github.com/weir-stream/weir/internal/benchkit"
)

// Report is what a run of the benchmarks found.
type Report struct {
	Machine  benchkit.Machine   `json:"machine"`
	Rounds   int                `json:"rounds"`
	Metering Metering           `json:"metering"`
	Compile  map[string]Compile `json:"compile"` // by kind of guest
	Stop     Stop               `json:"stop"`
	Resident map[string]float64 `json:"resident_rise_mib"` // by attack
	Calls    Calls              `json:"calls"`
	Restore  map[string]Restore `json:"restore"` // by size of the memory
	Poison   map[string]Poison  `json:"poison"`  // by rows of a batch, and what is done to them
	Sparse   Sparse             `json:"three_poison_rows"`
	Targets  benchkit.Targets   `json:"targets"`
}

// bench is one run of the benchmarks.
type bench struct {
	ctx     context.Context
	rounds  int
	quickjs string // the published package's module
	extism  string // the program of bench/peers-go
}

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	if err := run(ctx); err != nil {
		fmt.Fprintln(os.Stderr, "bench/guest:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context) error {
	if len(os.Args) == 3 && os.Args[1] == childCommand {
		return runChild(ctx, os.Args[2])
	}
	b := &bench{ctx: ctx}
	flag.IntVar(&b.rounds, "rounds", 9, "how often each arm runs, in turn")
	flag.StringVar(&b.quickjs, "quickjs", "build/quickjs/node_modules/@jitl/quickjs-wasmfile-release-sync/dist/emscripten-module.wasm",
		"QuickJS as published: see bench/guest/quickjs/package.json")
	flag.StringVar(&b.extism, "extism", "build/peers/extism", "the program of bench/peers-go")
	out := flag.String("out", "build/bench-guest.json", "file for the report")
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

func (b *bench) measure() (*Report, error) {
	r := &Report{Machine: benchkit.ThisMachine(), Rounds: b.rounds}
	for _, step := range []struct {
		name string
		run  func(*Report) error
	}{
		{"metering", b.metering}, {"stop", b.stopping}, {"resident", b.resident}, {"calls", b.calling}, {"restore", b.restoring},
		{"poison", b.poisoned},
	} {
		began := time.Now()
		if err := step.run(r); err != nil {
			return nil, fmt.Errorf("%s: %w", step.name, err)
		}
		fmt.Fprintf(os.Stderr, "%s: %.0f s\n", step.name, time.Since(began).Seconds())
	}
	r.judge()
	return r, nil
}
