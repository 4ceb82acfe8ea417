package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"os/exec"
	"strings"
	"syscall"
	"time"

	"github.com/weir-stream/weir/internal/benchkit"
)

// bench is one run of the benchmarks: its broker and files.
type bench struct {
	ctx     context.Context
	binary  string
	file    string // the records, one a line
	records int
	runs    int
	sc      string // HOST:PORT of the broker
}

// ended is a weir that ran to its end.
type ended struct {
	out     []byte
	peakMiB float64
	rss     []float64 // MiB, every sampleEvery
}

const sampleEvery = 50 * time.Millisecond

// weir runs a command to its end, looking at its memory on the way.
func (b *bench) weir(args ...string) (*ended, error) {
	cmd := exec.CommandContext(b.ctx, b.binary, append(args, "--endpoint", b.sc)...)
	var out, errs bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &errs
	if err := cmd.Start(); err != nil {
		return nil, err
	}
	e := &ended{}
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
			e.out = out.Bytes()
			if usage, ok := cmd.ProcessState.SysUsage().(*syscall.Rusage); ok {
				e.peakMiB = float64(usage.Maxrss) / 1024
			}
			return e, nil
		case <-tick.C:
			if mib, ok := benchkit.ProcessMiB(cmd.Process.Pid, "VmRSS"); ok {
				e.rss = append(e.rss, mib)
			}
		}
	}
}

// freshTopic makes a topic anew.
func (b *bench) freshTopic(name string) error {
	_, _ = b.weir("topic", "delete", name) // it need not be there
	_, err := b.weir("topic", "create", name)
	return err
}

// summary is the part of weir run --json that the benchmarks read.
type summary struct {
	RecordsIn   int64              `json:"records_in"`
	RecordsOut  int64              `json:"records_out"`
	Seconds     float64            `json:"seconds"`
	Allocations int64              `json:"allocations"`
	Stages      map[string]float64 `json:"stages"`
}

// pipeline runs a .sql to its end.
func (b *bench) pipeline(sql string) (s summary, e *ended, err error) {
	if e, err = b.weir("run", sql, "--until-end", "--json"); err != nil {
		return s, nil, err
	}
	return s, e, json.Unmarshal(e.out, &s)
}
