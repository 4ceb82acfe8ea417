package benchkit

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// Weir runs commands of a weir binary at a broker, each as a process of its own.
type Weir struct {
	Binary string
	SC     string // HOST:PORT of the broker
}

// Ended is a weir that ran to its end.
type Ended struct {
	Out     []byte
	Seconds float64 // of the whole process
	CPU     float64 // seconds that its threads ran, in all
	PeakMiB float64
	RSS     []float64 // MiB, every sampleEvery
}

const sampleEvery = 50 * time.Millisecond

// Command is weir with these arguments, at the broker, not started yet. env is added to the environment.
func (w Weir) Command(ctx context.Context, env []string, args ...string) *exec.Cmd {
	cmd := exec.CommandContext(ctx, w.Binary, append(args, "--endpoint", w.SC)...)
	cmd.Env = append(os.Environ(), env...)
	return cmd
}

// Run runs a command to its end, looking at its memory on the way. What it said is in the error where it failed.
func (w Weir) Run(ctx context.Context, env []string, args ...string) (*Ended, error) {
	cmd := w.Command(ctx, env, args...)
	var out, errs bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &errs
	began := time.Now()
	if err := cmd.Start(); err != nil {
		return nil, err
	}
	e := &Ended{}
	done := make(chan error, 1)
	go func() { done <- cmd.Wait() }()
	tick := time.NewTicker(sampleEvery)
	defer tick.Stop()
	for {
		select {
		case err := <-done:
			if err != nil {
				return nil, fmt.Errorf("weir %s: %w\n%s", strings.Join(args, " "), err, errs.String())
			}
			e.Out, e.Seconds = out.Bytes(), time.Since(began).Seconds()
			e.CPU = (cmd.ProcessState.UserTime() + cmd.ProcessState.SystemTime()).Seconds()
			if usage, ok := cmd.ProcessState.SysUsage().(*syscall.Rusage); ok {
				e.PeakMiB = float64(usage.Maxrss) / 1024
			}
			return e, nil
		case <-tick.C:
			if mib, ok := ProcessMiB(cmd.Process.Pid, "VmRSS"); ok {
				e.RSS = append(e.RSS, mib)
			}
		}
	}
}

// FreshTopic makes a topic anew.
func (w Weir) FreshTopic(ctx context.Context, name string, partitions int) error {
	_, _ = w.Run(ctx, nil, "topic", "delete", name) // it need not be there
	_, err := w.Run(ctx, nil, "topic", "create", name, "--partitions", strconv.Itoa(partitions))
	return err
}

// Summary is the part of weir run --json that the benchmarks read.
type Summary struct {
	RecordsIn   int64              `json:"records_in"`
	RecordsOut  int64              `json:"records_out"`
	Seconds     float64            `json:"seconds"` // from when its lanes began to run
	Allocations int64              `json:"allocations"`
	Stages      map[string]float64 `json:"stages"`
}

// Pipeline runs a .sql of one pipeline to its end.
func (w Weir) Pipeline(ctx context.Context, env []string, sql string, args ...string) (s Summary, e *Ended, err error) {
	if e, err = w.Run(ctx, env, append([]string{"run", sql, "--until-end", "--json"}, args...)...); err != nil {
		return s, nil, err
	}
	return s, e, json.Unmarshal(e.Out, &s)
}
