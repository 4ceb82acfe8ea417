//go:build linux

package chaos

import (
	"bufio"
	"bytes"
	"fmt"
	"math/rand/v2"
	"net"
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

// start starts weir.
func start(out *os.File, environment []string, args ...string) (*process, error) {
	p := &process{cmd: exec.Command(weirBinary, args...), ended: make(chan struct{})}
	p.cmd.Env = append(os.Environ(), environment...)
	p.cmd.Stderr = p
	if out != nil {
		p.cmd.Stdout = out
	}
	// Whatever happens to the test, nothing goes on without it.
	p.cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	if err := p.cmd.Start(); err != nil {
		return nil, err
	}
	go func() {
		_ = p.cmd.Wait() // its state says how it ended
		close(p.ended)
	}()
	return p, nil
}

// kill ends the process as a power cut would, waits until it is gone and tells whether it ended by that.
func (p *process) kill() bool {
	_ = p.cmd.Process.Kill()
	<-p.ended
	return p.killed()
}

// killed tells whether a process that has ended was killed.
func (p *process) killed() bool {
	status, ok := p.cmd.ProcessState.Sys().(syscall.WaitStatus)
	return ok && status.Signaled() && status.Signal() == syscall.SIGKILL
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
	for range 1000 {
		status, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", p.cmd.Process.Pid))
		if err != nil {
			return false
		}
		_, rest, _ := bytes.Cut(status, []byte(") "))
		if bytes.HasPrefix(rest, []byte("T")) {
			return true
		}
		if !p.runs() {
			return false
		}
		time.Sleep(time.Millisecond)
	}
	return false
}

// wake lets a stopped process go on.
func (p *process) wake() bool {
	return p.runs() && p.cmd.Process.Signal(syscall.SIGCONT) == nil
}

// limit bounds the files that the process writes from now on; bigger ones are cut short.
func (p *process) limit(bytes uint64) bool {
	return unix.Prlimit(p.cmd.Process.Pid, unix.RLIMIT_FSIZE, &unix.Rlimit{Cur: bytes, Max: unix.RLIM_INFINITY}, nil) == nil
}

// broker is a broker process behind a proxy, started again and again on the same folder and ports.
type broker struct {
	dir, sc, spu string // addresses of its own
	admin, data  *proxy // before the SC and before the SPU
	process      *process
}

func startBroker(dir string) (*broker, error) {
	var err error
	for range 10 { // the ports of both hosts have to be free
		b := &broker{dir: dir, sc: freeAddress(), spu: freeAddress()}
		if err = b.open(); err == nil {
			return b, nil
		}
		b.close()
	}
	return nil, err
}

func (b *broker) open() (err error) {
	if b.admin, err = startProxy(port(b.sc)); err != nil {
		return err
	}
	if b.data, err = startProxy(port(b.spu)); err != nil {
		return err
	}
	return b.start()
}

func port(address string) string {
	_, port, _ := net.SplitHostPort(address)
	return port
}

// freeAddress picks a port below those that the system gives to outgoing connections, so that nobody dialling a dead broker gets its port.
func freeAddress() string {
	for {
		address := fmt.Sprintf("%s:%d", serverHost, 20_000+rand.IntN(10_000))
		if l, err := net.Listen("tcp", address); err == nil {
			_ = l.Close()
			return address
		}
	}
}

// start starts the process and waits until it serves.
func (b *broker) start() error {
	r, w, err := os.Pipe()
	if err != nil {
		return err
	}
	defer r.Close()
	p, err := start(w, nil, "broker", "--data", b.dir, "--sc", b.sc, "--spu", b.spu, "--public-host", proxyHost)
	_ = w.Close() // the child has its own
	if err != nil {
		return err
	}
	b.process = p
	line, err := bufio.NewReader(r).ReadString('\n')
	if err != nil || !strings.HasPrefix(line, "ready ") {
		p.kill()
		return fmt.Errorf("the broker does not come up: %q %v\n%s", line, err, p.talk())
	}
	return nil
}

func (b *broker) close() {
	if b.process != nil {
		b.process.kill()
	}
	for _, p := range []*proxy{b.admin, b.data} {
		if p != nil {
			p.close()
		}
	}
}

// endpoint is where the pipeline finds the cluster.
func (b *broker) endpoint() string { return net.JoinHostPort(proxyHost, port(b.sc)) }
