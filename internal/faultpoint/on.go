//go:build faults

package faultpoint

import (
	"fmt"
	"os"
	"strconv"
	"strings"
	"sync"
	"syscall"
)

// Enabled says whether places can end the process.
const Enabled = true

// points are what the environment says, from the first place on that is passed.
var points = sync.OnceValue(func() *pointSet { return newPoints(os.Getenv("WEIR_FAULT"), os.Getenv("WEIR_FAULT_LOG")) })

type pointSet struct {
	mu     sync.Mutex
	name   string
	left   int
	passed map[string]bool
	log    *os.File
}

// newPoints panics where the variables make no sense: a test that goes on without its fault would prove nothing.
func newPoints(fault, log string) *pointSet {
	p := &pointSet{passed: map[string]bool{}}
	if name, n, ok := strings.Cut(fault, ":"); ok {
		left, err := strconv.Atoi(n)
		if err != nil || left < 1 {
			panic(fmt.Sprintf("WEIR_FAULT=%q: want NAME:N with N from 1 on", fault))
		}
		p.name, p.left = name, left
	}
	if log != "" {
		file, err := os.OpenFile(log, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o644)
		if err != nil {
			panic(err)
		}
		p.log = file
	}
	return p
}

// Pass passes a place.
func Pass(name string) { points().pass(name) }

func (p *pointSet) pass(name string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if !p.passed[name] {
		p.passed[name] = true
		p.say("passed " + name)
	}
	if name != p.name || p.left == 0 {
		return
	}
	if p.left--; p.left == 0 {
		p.say("struck " + name)
		_ = syscall.Kill(syscall.Getpid(), syscall.SIGKILL)
		select {} // the signal is on its way
	}
}

func (p *pointSet) say(line string) {
	if p.log != nil {
		fmt.Fprintln(p.log, line)
	}
}
