package benchkit

import (
	"bufio"
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"syscall"
)

// Broker is a weir broker as a process of its own.
type Broker struct {
	SC  string // HOST:PORT
	cmd *exec.Cmd
}

// StartBroker runs binary as a broker, with its data in a folder below dir and on ports that the system picks, and waits until it serves.
// It is killed when ctx ends; Stop ends it in good order. What it says goes to standard error.
func StartBroker(ctx context.Context, binary, dir string) (*Broker, error) {
	b := &Broker{cmd: exec.CommandContext(ctx, binary, "broker", "--data", filepath.Join(dir, "broker"), "--sc", "127.0.0.1:0", "--spu", "127.0.0.1:0")}
	b.cmd.Stderr = os.Stderr
	out, err := b.cmd.StdoutPipe()
	if err == nil {
		err = b.cmd.Start()
	}
	if err != nil {
		return nil, err
	}
	line, err := bufio.NewReader(out).ReadString('\n')
	if err == nil {
		_, err = fmt.Sscanf(line, "ready sc=%s", &b.SC)
	}
	if err != nil {
		b.Stop()
		return nil, fmt.Errorf("the broker does not serve, it said %q: %w", line, err)
	}
	return b, nil
}

// Stop ends the broker and waits until it is gone.
func (b *Broker) Stop() {
	_ = b.cmd.Process.Signal(syscall.SIGTERM) // it may be gone
	_ = b.cmd.Wait()
}
