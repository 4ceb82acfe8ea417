package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"runtime/debug"
	"strconv"
	"strings"

	"github.com/weir-stream/weir/host/abi"
	"github.com/weir-stream/weir/host/engine"
	"github.com/weir-stream/weir/internal/benchkit"
	"github.com/weir-stream/weir/test/evil"
)

// childCommand makes this program run one attack and print by how much the process's memory rose. It is told the attack's name.
const childCommand = "attack"

// resident runs the recursions and call trees of the evil suite, each in a process of its own and under the default limits.
func (b *bench) resident(r *Report) error {
	self, err := os.Executable()
	if err != nil {
		return err
	}
	attacks, err := evil.Attacks()
	if err != nil {
		return err
	}
	r.Resident = map[string]float64{}
	for _, a := range attacks {
		if a.Code != "limit.depth" && !strings.HasPrefix(a.Name, "tree_") {
			continue
		}
		var said, complaint bytes.Buffer
		cmd := exec.CommandContext(b.ctx, self, childCommand, a.Name)
		cmd.Stdout, cmd.Stderr = &said, &complaint
		if err := cmd.Run(); err != nil {
			return fmt.Errorf("attack %s: %w\n%s", a.Name, err, complaint.String())
		}
		if r.Resident[a.Name], err = strconv.ParseFloat(strings.TrimSpace(said.String()), 64); err != nil {
			return fmt.Errorf("attack %s: %w", a.Name, err)
		}
	}
	return nil
}

// runChild is what that process does.
func runChild(ctx context.Context, name string) error {
	attacks, err := evil.Attacks()
	if err != nil {
		return err
	}
	for _, a := range attacks {
		if a.Name == name {
			rise, err := runAttack(ctx, a)
			if err == nil {
				_, err = fmt.Println(rise)
			}
			return err
		}
	}
	return fmt.Errorf("there is no attack %q", name)
}

// runAttack returns by how many MiB the resident memory rose at the most, from right before the guest was first run.
func runAttack(ctx context.Context, a evil.Attack) (rise float64, err error) {
	wasm, err := a.Wasm()
	if err != nil {
		return 0, err
	}
	e, err := newEngine()
	if err != nil {
		return 0, err
	}
	defer func() { err = errors.Join(err, e.Close(ctx)) }()
	module, err := abi.Compile(ctx, e, nil, wasm, engine.Limits{})
	if err != nil {
		return 0, err
	}
	defer func() { err = errors.Join(err, module.Close(ctx)) }()
	rows := integers(evilInput, 10, 1)
	defer rows.Release()
	debug.FreeOSMemory()
	const forgetPeak = "5" // proc(5): VmHWM begins anew
	if err := os.WriteFile("/proc/self/clear_refs", []byte(forgetPeak), 0); err != nil {
		return 0, err
	}
	before, _ := benchkit.ProcessMiB(os.Getpid(), "VmRSS")
	g := &guest{ctx: ctx, module: module, input: evilInput}
	g.Instance, err = g.open()
	if err == nil {
		_, err = g.Process(ctx, rows, nil)
		_ = g.Instance.Close(ctx) // it failed
	}
	var f *abi.Failure
	if !errors.As(err, &f) {
		return 0, fmt.Errorf("it ended with %v", err)
	}
	peak, ok := benchkit.ProcessMiB(os.Getpid(), "VmHWM")
	if !ok {
		return 0, errors.New("the system does not tell how much memory a process has")
	}
	return peak - before, nil
}
