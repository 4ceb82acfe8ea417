package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"runtime/pprof"
	"time"

	"github.com/weir-stream/weir/fluvio"
)

// Every arm runs in a process of its own and prints a Result. An arm of package fluvio is this program again, called with
// armCommand and a Task; an arm of the official client is the program of bench/peers.
const armCommand = "arm"

// Task is what an arm of package fluvio is told.
type Task struct {
	Arm         string
	Endpoint    string
	Topic       string
	File        string        // with the records to produce, one a line
	Records     int           // to consume
	PerSecond   int           // to produce, for the latency
	MaxBytes    int           // of a chunk
	Batch       int           // bytes
	Linger      time.Duration // of a batch
	Compression string
	Reuse       bool   // the memory of what was consumed
	Profile     string // file for a CPU profile
}

// Result is what an arm measured from its first request to its last record, and the harness around it.
type Result struct {
	Records  int     `json:"records"`
	Seconds  float64 `json:"seconds"`
	Checksum string  `json:"checksum,omitempty"`

	Allocations int64   `json:"allocations,omitempty"`
	PeakRSS     float64 `json:"peak_rss_mib,omitempty"`
	PeakLive    float64 `json:"peak_live_heap_mib,omitempty"`
	P50         float64 `json:"p50_ms,omitempty"`
	P99         float64 `json:"p99_ms,omitempty"`
	Max         float64 `json:"max_ms,omitempty"`

	Wall float64 `json:"-"` // seconds of the whole process
}

// patience is when an arm that does not end is taken for stuck.
const patience = 3 * time.Minute

// ours runs an arm of package fluvio.
func (b *bench) ours(t Task) (Result, error) {
	self, err := os.Executable()
	if err != nil {
		return Result{}, err
	}
	t.Endpoint, t.Compression = b.endpoint, b.compression
	if b.profiles != "" {
		t.Profile = filepath.Join(b.profiles, fmt.Sprintf("%s-%d.pprof", t.Arm, time.Now().UnixNano()))
	}
	text, err := json.Marshal(t)
	if err != nil {
		return Result{}, err
	}
	return b.child(self, armCommand, string(text))
}

// theirs runs an arm of the official client.
func (b *bench) theirs(command string, args ...any) (Result, error) {
	words := []string{b.endpoint, command}
	for _, arg := range args {
		words = append(words, fmt.Sprint(arg))
	}
	return b.child(b.official, words...)
}

func (b *bench) child(name string, args ...string) (r Result, err error) {
	ctx, cancel := context.WithTimeout(b.ctx, patience)
	defer cancel()
	cmd := exec.CommandContext(ctx, name, args...)
	var out, errs bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &errs
	start := time.Now()
	if err := cmd.Run(); err != nil {
		return r, fmt.Errorf("%s %q: %w\n%s", filepath.Base(name), args, err, errs.String())
	}
	r.Wall = time.Since(start).Seconds()
	if err := json.Unmarshal(out.Bytes(), &r); err != nil {
		return r, fmt.Errorf("%s %q: %w\n%s", filepath.Base(name), args, err, out.String())
	}
	return r, nil
}

var arms = map[string]func(context.Context, *fluvio.Client, Task) (Result, error){
	"consume": consumeArm, "pull": pullArm, "produce": produceArm, "latency": latencyArm, "partitions": partitionsArm,
}

// runArm is what the process of an arm does.
func runArm(ctx context.Context, text string) error {
	var t Task
	if err := json.Unmarshal([]byte(text), &t); err != nil {
		return err
	}
	arm, ok := arms[t.Arm]
	if !ok {
		return fmt.Errorf("no arm %q", t.Arm)
	}
	client, err := fluvio.Connect(ctx, fluvio.WithEndpoint(t.Endpoint))
	if err != nil {
		return err
	}
	defer client.Close()
	if t.Profile != "" {
		f, err := os.Create(t.Profile)
		if err != nil {
			return err
		}
		defer f.Close()
		if err := pprof.StartCPUProfile(f); err != nil {
			return err
		}
		defer pprof.StopCPUProfile()
	}
	result, err := arm(ctx, client, t)
	if err != nil {
		return err
	}
	return json.NewEncoder(os.Stdout).Encode(result)
}

// meter measures from its making on.
type meter struct {
	start   time.Time
	mallocs uint64
}

func newMeter() meter {
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return meter{time.Now(), m.Mallocs}
}

func (m meter) result(records int) Result {
	r := Result{Records: records, Seconds: time.Since(m.start).Seconds()}
	var after runtime.MemStats
	runtime.ReadMemStats(&after)
	r.Allocations = int64(after.Mallocs - m.mallocs)
	return r
}
