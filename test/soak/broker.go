package main

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"net"
	"os"
	"os/exec"
	"strings"
	"sync"
	"time"

	"github.com/weir-stream/weir/internal/fault"
)

// brokerProcess is a `weir broker` that is started again and again on the same folder and ports.
type brokerProcess struct {
	weir, dir, sc, spu string

	mu     sync.Mutex
	cmd    *exec.Cmd
	errOut bytes.Buffer // of the process that runs
}

// startBroker starts one on a new folder. Its end removes the folder.
func startBroker(weir string) (*brokerProcess, error) {
	dir, err := os.MkdirTemp("", "weir-soak-")
	if err != nil {
		return nil, fault.EnvironmentError(err)
	}
	b := &brokerProcess{weir: weir, dir: dir}
	b.sc, err = freeAddress()
	if err == nil {
		b.spu, err = freeAddress()
	}
	if err == nil {
		err = b.start()
	}
	if err != nil {
		return nil, errors.Join(err, b.end())
	}
	return b, nil
}

// freeAddress picks a port below those that the system gives to outgoing connections: a client that dials a dead broker's port could be
// given that very port for its own side, connect to itself, and keep the broker from coming back.
func freeAddress() (string, error) {
	var err error
	for range 100 {
		address := fmt.Sprintf("127.0.0.1:%d", 20_000+rand.IntN(10_000))
		var l net.Listener
		if l, err = net.Listen("tcp", address); err == nil {
			return address, l.Close()
		}
	}
	return "", fault.Environmentf("no free port: %w", err)
}

// start starts the process and waits until it serves.
func (b *brokerProcess) start() error {
	b.mu.Lock()
	defer b.mu.Unlock()
	cmd := exec.Command(b.weir, "broker", "--data", b.dir, "--sc", b.sc, "--spu", b.spu)
	b.errOut.Reset()
	cmd.Stderr = &b.errOut
	out, err := cmd.StdoutPipe()
	if err == nil {
		err = cmd.Start()
	}
	if err != nil {
		return fault.Environmentf("start the broker: %w", err)
	}
	line, err := bufio.NewReader(out).ReadString('\n')
	if err != nil || !strings.HasPrefix(line, "ready ") {
		_ = cmd.Process.Kill() // it may be dead
		_ = cmd.Wait()
		// After a kill this is no failure of the environment: the broker must come up on whatever a kill leaves.
		return fmt.Errorf("the broker does not start: %q %w\n%s", line, err, b.errOut.String())
	}
	b.cmd = cmd
	return nil
}

// kill ends the process without warning and waits until it is gone. One that ended by itself is an error.
func (b *brokerProcess) kill() error {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.cmd == nil {
		return nil
	}
	gone := b.cmd.Process.Kill()
	_ = b.cmd.Wait() // says that it was killed
	b.cmd = nil
	if gone != nil {
		return fmt.Errorf("the broker ended by itself: %w\n%s", gone, b.errOut.String())
	}
	return nil
}

// end kills the process and removes its folder.
func (b *brokerProcess) end() error {
	return errors.Join(b.kill(), fault.EnvironmentError(os.RemoveAll(b.dir)))
}

// harass kills and restarts the broker after times that next chooses, until ctx ends. The broker runs when it returns nil.
func (b *brokerProcess) harass(ctx context.Context, t *tally, next func() (up, down time.Duration)) error {
	for {
		up, down := next()
		if !pause(ctx, up) {
			return nil
		}
		if err := b.kill(); err != nil {
			return err
		}
		t.brokerKills.Add(1)
		pause(ctx, down)
		if err := b.start(); err != nil {
			return err
		}
	}
}

// pause waits, and tells whether ctx still goes on.
func pause(ctx context.Context, d time.Duration) bool {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return true
	case <-ctx.Done():
		return false
	}
}

// upTo is a random time below d.
func upTo(random *rand.Rand, d time.Duration) time.Duration {
	return time.Duration(random.Int64N(int64(d)))
}
