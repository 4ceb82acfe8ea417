// Command bench measures weir end to end with the real binary: broker, producer and pipelines as processes of their own,
// all 336,776 flight records. METHODOLOGY.md says how to read the figures.
package main

import (
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"path/filepath"
	"runtime"

	"github.com/klauspost/compress/zstd"
)

// Report is what a run of the benchmarks found.
type Report struct {
	Machine  Machine        `json:"machine"`
	Runs     int            `json:"runs"`
	Records  int            `json:"records"`
	Load     Figure         `json:"load_records_per_second"`
	Pipeline map[string]Arm `json:"pipelines"`
	AA       Ratio          `json:"a_a"`
	Memory   Memory         `json:"memory"`
	Latency  Latency        `json:"latency"`
}

// Machine is what the figures were taken on.
type Machine struct {
	CPUs int    `json:"cpus"`
	Arch string `json:"arch"`
	Go   string `json:"go"`
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
	b := &bench{ctx: ctx, binary: binary, dir: dir, runs: runs}
	if b.file, b.records, err = unpack(dir, "examples/data/flights.ndjson.zst"); err != nil {
		return err
	}
	if err := b.startBroker(); err != nil {
		return err
	}
	defer b.stopBroker()
	report := Report{
		Machine: Machine{runtime.NumCPU(), runtime.GOOS + "/" + runtime.GOARCH, runtime.Version()},
		Runs:    runs, Records: b.records,
	}
	for _, step := range []func(*Report) error{b.load, b.pipelines, b.memory, b.latency} {
		if err := step(&report); err != nil {
			return err
		}
	}
	text, err := json.MarshalIndent(report, "", "  ")
	if err != nil {
		return err
	}
	if err := os.MkdirAll(filepath.Dir(out), 0o755); err != nil {
		return err
	}
	if err := os.WriteFile(out, append(text, '\n'), 0o644); err != nil {
		return err
	}
	fmt.Printf("%s\n", text)
	report.table(os.Stderr)
	return nil
}

// unpack writes the records to a plain file and counts them.
func unpack(dir, data string) (path string, records int, err error) {
	f, err := os.Open(data)
	if err != nil {
		return "", 0, err
	}
	defer f.Close()
	unpacked, err := zstd.NewReader(f)
	if err != nil {
		return "", 0, err
	}
	defer unpacked.Close()
	path = filepath.Join(dir, "flights.ndjson")
	w, err := os.Create(path)
	if err != nil {
		return "", 0, err
	}
	defer w.Close()
	lines := &lineCounter{}
	_, err = io.Copy(io.MultiWriter(w, lines), unpacked)
	return path, lines.n, err
}

type lineCounter struct{ n int }

func (c *lineCounter) Write(b []byte) (int, error) {
	for _, x := range b {
		if x == '\n' {
			c.n++
		}
	}
	return len(b), nil
}
