package main

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// bench is one run of the benchmarks: its processes and files.
type bench struct {
	ctx     context.Context
	binary  string
	dir     string // everything is below it
	file    string // the records, one a line
	records int
	runs    int

	broker  *exec.Cmd
	sc, spu string
}

func (b *bench) startBroker() error {
	b.broker = exec.CommandContext(b.ctx, b.binary, "broker", "--data", filepath.Join(b.dir, "broker"), "--sc", "127.0.0.1:0", "--spu", "127.0.0.1:0")
	b.broker.Stderr = os.Stderr
	out, err := b.broker.StdoutPipe()
	if err != nil {
		return err
	}
	if err := b.broker.Start(); err != nil {
		return err
	}
	line, err := bufio.NewReader(out).ReadString('\n')
	if err != nil {
		return fmt.Errorf("the broker does not serve: %w", err)
	}
	_, err = fmt.Sscanf(line, "ready sc=%s spu=%s\n", &b.sc, &b.spu)
	return err
}

func (b *bench) stopBroker() {
	_ = b.broker.Process.Signal(syscall.SIGTERM)
	_ = b.broker.Wait()
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
			if mib, ok := residentMiB(cmd.Process.Pid); ok {
				e.rss = append(e.rss, mib)
			}
		}
	}
}

// residentMiB reads a process's resident memory, as Linux tells it.
func residentMiB(pid int) (float64, bool) {
	status, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
	if err != nil {
		return 0, false
	}
	_, rest, ok := strings.Cut(string(status), "VmRSS:")
	fields := strings.Fields(rest)
	if !ok || len(fields) == 0 {
		return 0, false
	}
	kib, err := strconv.ParseFloat(fields[0], 64)
	return kib / 1024, err == nil
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
