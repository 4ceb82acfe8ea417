package e2e

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"sync"
	"syscall"
	"testing"
)

// faultyBinary is weir with places that it can be made to die at, built once.
var faultyBinary = sync.OnceValues(func() (string, error) {
	path := filepath.Join(filepath.Dir(weirBinary), "weir-faults")
	if out, err := exec.Command("go", "build", "-tags", "faults", "-o", path, repository+"/cmd/weir").CombinedOutput(); err != nil {
		return "", fmt.Errorf("build weir with faults: %w\n%s", err, out)
	}
	return path, nil
})

// startToDie starts the pipeline in a process that kills itself at a place.
func (k *copier) startToDie(t *testing.T, place string, more ...string) *process {
	t.Helper()
	binary, err := faultyBinary()
	if err != nil {
		t.Fatal(err)
	}
	p := &process{cmd: exec.Command(binary, k.args(more...)...), ended: make(chan struct{})}
	p.cmd.Env, p.cmd.Stderr = append(os.Environ(), "WEIR_FAULT="+place), p
	if err := p.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	go func() {
		_ = p.cmd.Wait() // its state says how it ended
		close(p.ended)
	}()
	t.Cleanup(p.kill)
	return p
}

// died waits for the death of a process at its place.
func (p *process) died(t *testing.T, place string) {
	t.Helper()
	p.over(t)
	if status, ok := p.cmd.ProcessState.Sys().(syscall.WaitStatus); !ok || status.Signal() != syscall.SIGKILL {
		t.Fatalf("%s: it was not killed but ended with %v\n%s", place, p.cmd.ProcessState, p.talk())
	}
}

// steps are the places between two steps of write → confirm → checkpoint → commit, and which of their passes a run of two lanes dies at: the
// first one and the last one that is sure to come; with exactly_once a lane saves its first checkpoint twice. The last two places are where writer
// ids are drawn.
var steps = []struct {
	place              string
	atLeast, exactOnce []int
}{
	{"lane written", []int{1, 2}, []int{1, 2}},
	{"lane confirmed", []int{1, 2}, []int{1, 2}},
	{"lane saved", []int{1, 2}, []int{1, 2}},
	{"lane committed", []int{1, 2}, []int{1, 2}},
	{"checkpoint renamed", []int{1, 4}, []int{1, 2, 6}},
	{"checkpoint durable", []int{1, 4}, []int{1, 2, 6}},
	{"checkpoint redrawn once", nil, []int{1, 2}},
	{"checkpoint redrawn twice", nil, []int{1, 2}},
}

// TestKilledBetweenAnyTwoSteps kills a run at each place. Nothing is lost, wherever it began, and with exactly_once nothing is there twice; and
// the run behind it leaves nothing to do.
func TestKilledBetweenAnyTwoSteps(t *testing.T) {
	t.Parallel()
	c := startBroker(t)
	for i, s := range steps {
		for delivery, passes := range map[string][]int{"at_least_once": s.atLeast, "exactly_once": s.exactOnce} {
			exact := delivery == "exactly_once"
			for _, pass := range passes {
				place := fmt.Sprintf("%s:%d", s.place, pass)
				t.Run(delivery+" from the earliest to "+place, func(t *testing.T) {
					t.Parallel()
					k := newCopier(t, c, fmt.Sprintf("e%d%t%d", i, exact, pass), 2, 3, "", ", delivery = '"+delivery+"'")
					k.sendAll(t, 300)
					k.startToDie(t, place, "--until-end").died(t, place)
					k.sendAll(t, 10)
					k.run(t)
					k.expect(t, !exact, 0, 0)
					if s := k.run(t); s.RecordsIn != 0 {
						t.Errorf("one more run reads %d records", s.RecordsIn)
					}
				})
			}
			if passes == nil {
				continue
			}
			t.Run(delivery+" from the latest to "+s.place, func(t *testing.T) {
				t.Parallel()
				k := newCopier(t, c, fmt.Sprintf("l%d%t", i, exact), 1, 3, ", source.offset = 'latest'", ", delivery = '"+delivery+"'")
				k.send(t, 0, 50)
				p := k.startToDie(t, s.place+":1")
				eventually(t, "a checkpoint", func() bool { return len(k.next(t)) == 1 })
				k.send(t, 0, 50)
				p.died(t, s.place)
				k.send(t, 0, 50)
				k.run(t)
				k.expect(t, !exact, 50)
			})
		}
	}
}
