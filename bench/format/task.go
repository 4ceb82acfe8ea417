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
	"strings"
	"syscall"
	"time"
)

// Every run of an arm is a process of its own that prints a Result. Arms in Go are this program again, called with armCommand and a Task; those of
// Rust's crates are the program of bench/peers/arrow.
const armCommand = "arm"

// Task is what an arm in Go is told.
type Task struct {
	Arm     string
	Table   string // see tables
	File    string // with the records
	Schema  string // file with the Avro schema of the records
	Keep    []string
	Refused int // how many of the records are bad
	Seconds float64
}

// Result is what an arm measured.
type Result struct {
	Records int     `json:"records"`          // that went through, all passes over the file together
	Seconds float64 `json:"seconds"`          // of codecs: that the process ran on its processor
	Wall    float64 `json:"wall"`             // seconds that went by meanwhile, of codecs
	Rows    int     `json:"rows"`             // that a pass gives
	Digest  string  `json:"digest,omitempty"` // of what a pass gives

	Allocations int64 `json:"allocations"` // in all passes; of arms in Go
}

// made says what a pass gives.
func (r Result) made() string { return fmt.Sprintf("%d rows with digest %q", r.Rows, r.Digest) }

// arms are those in Go.
var arms = map[string]func(Task) (Result, error){
	"json-decode": jsonDecodeArm, "json-encode": jsonEncodeArm, "json-encode-added": jsonEncodeAddedArm, "json-patch-added": jsonPatchAddedArm,
	"avro-decode": avroDecodeArm, "avro-encode": avroEncodeArm, "hamba": hambaArm,
	"protobuf-decode": protoDecodeArm, "protobuf-encode": protoEncodeArm, "dynamicpb": dynamicpbArm,
}

const (
	patience = time.Minute // after which an arm that does not end is taken for stuck
	warmUp   = 0.25        // the part of the time that is for growing buffers and warming caches before anything counts
)

// bind finds out whether arms can be bound to a processor.
func (b *bench) bind() {
	if _, err := exec.LookPath("taskset"); err != nil {
		b.core = ""
	}
}

// ours runs an arm in Go, the collector's work on the same core.
func (b *bench) ours(t Task) (Result, error) {
	self, err := os.Executable()
	if err != nil {
		return Result{}, err
	}
	t.Seconds = b.seconds.Seconds()
	text, err := json.Marshal(t)
	if err != nil {
		return Result{}, err
	}
	return b.child(self, armCommand, string(text))
}

// theirs runs an arm of Rust's crates.
func (b *bench) theirs(args ...string) (Result, error) {
	return b.child(b.arrow, append(args, fmt.Sprint(b.seconds.Seconds()))...)
}

func (b *bench) child(name string, args ...string) (r Result, err error) {
	ctx, cancel := context.WithTimeout(b.ctx, patience)
	defer cancel()
	words := append([]string{name}, args...)
	if b.core != "" {
		words = append([]string{"taskset", "-c", b.core}, words...)
	}
	cmd := exec.CommandContext(ctx, words[0], words[1:]...)
	cmd.Env = append(os.Environ(), "GOMAXPROCS=1")
	var out, errs bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &errs
	if err := cmd.Run(); err != nil {
		return r, fmt.Errorf("%s %s: %w\n%s", filepath.Base(name), strings.Join(args, " "), err, errs.String())
	}
	if err := json.Unmarshal(out.Bytes(), &r); err != nil {
		return r, fmt.Errorf("%s %s: %w\n%s", filepath.Base(name), strings.Join(args, " "), err, out.String())
	}
	return r, nil
}

// times makes passes over the records until the time is over.
func (t Task) times(records int, pass func() error) (Result, error) {
	if _, err := passes(t.Seconds*warmUp, pass); err != nil {
		return Result{}, err
	}
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	r, err := passes(t.Seconds, pass)
	runtime.ReadMemStats(&after)
	r.Records *= records
	r.Allocations = int64(after.Mallocs - before.Mallocs)
	return r, err
}

// passes makes passes until this process has run for the seconds. The result's records are passes.
func passes(seconds float64, pass func() error) (r Result, err error) {
	before, err := processor()
	if err != nil {
		return r, err
	}
	for start := time.Now(); r.Seconds < seconds; r.Wall = time.Since(start).Seconds() {
		if err := pass(); err != nil {
			return r, err
		}
		now, err := processor()
		if err != nil {
			return r, err
		}
		r.Records++
		r.Seconds = now - before
	}
	return r, nil
}

// processor is how many seconds this process has run, in user mode and in the kernel, the collector included.
func processor() (float64, error) {
	var u syscall.Rusage
	err := syscall.Getrusage(syscall.RUSAGE_SELF, &u)
	return time.Duration(u.Utime.Nano() + u.Stime.Nano()).Seconds(), err
}
