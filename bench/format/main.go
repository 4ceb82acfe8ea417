// Command format measures weir's decoders and encoders on one core, against the crates and packages that do the same, and on two cores the pipelines
// that they are part of. bench/METHODOLOGY.md says how to read the figures.
package main

import (
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"regexp"
	"strings"
	"time"

	"github.com/weir-stream/weir/internal/benchkit"
)

// The parts of the benchmark.
const (
	codecPart    = "codecs"
	pipelinePart = "pipelines"
)

// Report is what a run of the benchmarks found.
type Report struct {
	Machine   Machine    `json:"machine"`
	Rounds    int        `json:"rounds"`
	AA        []Figure   `json:"a_a"` // an arm of each part against itself: what the ratios stray from 1 by is the machine's noise
	Figures   []Figure   `json:"figures"`
	Arms      []Measured `json:"arms"`
	AllAreMet bool       `json:"all_met"`
}

// Machine is what the figures were taken on.
type Machine struct {
	benchkit.Machine
	Core string `json:"core"` // that the arms of codecs were bound to; empty: this system has no taskset
	Load string `json:"load"` // the system's own averages before the first arm ran; far from 0: others used the processors
}

// bench is one run of the benchmarks: what it was asked for, and its files.
type bench struct {
	ctx      context.Context
	rounds   int
	seconds  time.Duration // of each run of a codec's arm
	only     *regexp.Regexp
	parts    string
	weir     string
	official string
	arrow    string // the program of bench/peers/arrow
	core     string
	dir      string // everything is below it
}

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	if err := run(ctx); err != nil {
		fmt.Fprintln(os.Stderr, "bench/format:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context) error {
	if len(os.Args) == 3 && os.Args[1] == armCommand {
		return runArm(os.Args[2])
	}
	b := &bench{ctx: ctx}
	flag.IntVar(&b.rounds, "rounds", 7, "how often each arm runs, in turn")
	flag.DurationVar(&b.seconds, "time", 300*time.Millisecond, "how long a run of a codec's arm is measured")
	flag.StringVar(&b.parts, "part", codecPart+","+pipelinePart, "what to measure: "+codecPart+", "+pipelinePart+", or both")
	flag.StringVar(&b.core, "core", "1", "the processor that codecs are bound to, by number, as taskset takes it")
	flag.StringVar(&b.weir, "weir", "bin/weir", "the binary of the pipelines and the broker")
	flag.StringVar(&b.official, "official", "build/peers/release/official", "the program of bench/peers")
	flag.StringVar(&b.arrow, "arrow", "build/peers/release/arrow-peer", "the program of bench/peers/arrow")
	only := flag.String("only", "", "regular expression: the figures to take; default: all")
	out := flag.String("out", "build/bench-format.json", "file for the report")
	flag.Parse()
	if b.rounds < 1 || flag.NArg() > 0 {
		return fmt.Errorf("want -rounds of 1 or more and no arguments, got %d and %q", b.rounds, flag.Args())
	}
	var err error
	if b.only, err = regexp.Compile(*only); err != nil {
		return fmt.Errorf("-only: %w", err)
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

// measure runs the parts that were asked for.
func (b *bench) measure() (r *Report, err error) {
	if b.dir, err = os.MkdirTemp("", "weir-bench-"); err != nil {
		return nil, err
	}
	defer os.RemoveAll(b.dir)
	b.bind()
	r = &Report{Machine: Machine{benchkit.ThisMachine(), b.core, load()}, Rounds: b.rounds}
	parts := map[string]func(*Report) error{codecPart: b.codecs, pipelinePart: b.pipelines}
	for name := range strings.SplitSeq(b.parts, ",") {
		part, ok := parts[name]
		if !ok {
			return nil, fmt.Errorf("-part: want %s or %s, got %q", codecPart, pipelinePart, name)
		}
		if err := part(r); err != nil {
			return nil, err
		}
	}
	r.judge()
	return r, nil
}

// load is the system's load averages of 1, 5 and 15 minutes, as Linux tells them.
func load() string {
	text, _ := os.ReadFile("/proc/loadavg") // other systems have none
	averages := strings.Fields(string(text))
	return strings.Join(averages[:min(3, len(averages))], " ")
}

// runArm is what the process of an arm does.
func runArm(text string) error {
	var t Task
	if err := json.Unmarshal([]byte(text), &t); err != nil {
		return err
	}
	arm, ok := arms[t.Arm]
	if !ok {
		return fmt.Errorf("no arm %q", t.Arm)
	}
	result, err := arm(t)
	if err != nil {
		return err
	}
	return json.NewEncoder(os.Stdout).Encode(result)
}
