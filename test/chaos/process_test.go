//go:build linux

package chaos

import (
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"strings"
	"sync"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

// process is a running weir.
type process struct {
	cmd   *exec.Cmd
	ended chan struct{}

	mu     sync.Mutex
	errOut bytes.Buffer
}

func (p *process) Write(b []byte) (int, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.errOut.Write(b)
}

func (p *process) talk() string {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.errOut.String()
}

// lastLines is the end of what a process said.
func (p *process) lastLines(n int) string {
	lines := strings.SplitAfter(p.talk(), "\n")
	return strings.Join(lines[max(0, len(lines)-n):], "")
}

// start starts weir.
func start(out *os.File, environment []string, args ...string) (*process, error) {
	p := &process{cmd: exec.Command(weirBinary, args...)}
	p.cmd.Env = append(os.Environ(), environment...)
	if out != nil {
		p.cmd.Stdout = out
	}
	// Whatever happens to the test, nothing goes on without it.
	p.cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	return p, p.start()
}

func (p *process) start() error {
	p.ended = make(chan struct{})
	p.cmd.Stderr = p
	if err := p.cmd.Start(); err != nil {
		return err
	}
	go func() {
		_ = p.cmd.Wait() // its state says how it ended
		close(p.ended)
	}()
	return nil
}

// kill ends the process as a power cut would, waits until it is gone and tells whether it ended by that.
func (p *process) kill() bool {
	_ = p.cmd.Process.Kill()
	<-p.ended
	return p.killed()
}

// killed tells whether a process that has ended was killed.
func (p *process) killed() bool { return p.endedBy(syscall.SIGKILL) }

func (p *process) endedBy(s syscall.Signal) bool {
	status, ok := p.cmd.ProcessState.Sys().(syscall.WaitStatus)
	return ok && status.Signaled() && status.Signal() == s
}

func (p *process) runs() bool {
	select {
	case <-p.ended:
		return false
	default:
		return true
	}
}

// stop stops the process and waits until it is stopped.
func (p *process) stop() bool {
	if p.cmd.Process.Signal(syscall.SIGSTOP) != nil {
		return false
	}
	look := time.NewTicker(time.Millisecond)
	defer look.Stop()
	for {
		status, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", p.cmd.Process.Pid))
		if err != nil {
			return false
		}
		_, rest, _ := bytes.Cut(status, []byte(") "))
		if bytes.HasPrefix(rest, []byte("T")) {
			return true
		}
		select {
		case <-p.ended:
			return false
		case <-look.C:
		}
	}
}

// wake lets a stopped process go on.
func (p *process) wake() bool {
	return p.runs() && p.cmd.Process.Signal(syscall.SIGCONT) == nil
}

// drain asks the process to finish what it has in hand, and to end.
func (p *process) drain() bool {
	return p.runs() && p.cmd.Process.Signal(syscall.SIGTERM) == nil
}

// limit bounds the files that the process writes from now on; bigger ones are cut short.
func (p *process) limit(bytes uint64) bool {
	return unix.Prlimit(p.cmd.Process.Pid, unix.RLIMIT_FSIZE, &unix.Rlimit{Cur: bytes, Max: unix.RLIM_INFINITY}, nil) == nil
}
