package main

import (
	"bytes"
	"fmt"
	"io"
	"os/exec"
	"sync"
	"time"
)

// neighbour is another writer to the sink: a weir produce that is fed without end.
type neighbour struct {
	cmd   *exec.Cmd
	in    io.WriteCloser
	said  bytes.Buffer
	leave chan struct{}
	fed   chan struct{}
	once  sync.Once
	err   error
}

// its line is as long as a small record.
const neighbourLine = `{"neighbour":"another writer to the same partition","n":1}` + "\n"

// settle starts a neighbour that writes so many records a second.
func (b *bench) settle(sink string, perSecond int) (n *neighbour, err error) {
	n = &neighbour{cmd: b.Command(b.ctx, nil, "produce", sink), leave: make(chan struct{}), fed: make(chan struct{})}
	n.cmd.Stderr = &n.said
	if n.in, err = n.cmd.StdinPipe(); err != nil {
		return nil, err
	}
	if err := n.cmd.Start(); err != nil {
		return nil, err
	}
	go n.feed(perSecond)
	return n, nil
}

// feed writes lines until the neighbour is to leave.
func (n *neighbour) feed(perSecond int) {
	defer close(n.fed)
	defer n.in.Close()
	const tick = 5 * time.Millisecond
	lines, pause := 1000, time.NewTicker(tick)
	defer pause.Stop()
	if perSecond != flatOut {
		lines = int(int64(perSecond) * int64(tick) / int64(time.Second))
	}
	block := bytes.Repeat([]byte(neighbourLine), lines)
	for {
		select {
		case <-n.leave:
			return
		default:
		}
		if _, err := n.in.Write(block); err != nil {
			return // it has ended, and says why
		}
		if perSecond != flatOut {
			<-pause.C
		}
	}
}

// stop ends the neighbour when everything that it was given is written. It may be called more than once, and of none.
func (n *neighbour) stop() error {
	if n == nil {
		return nil
	}
	n.once.Do(func() {
		close(n.leave)
		<-n.fed
		if err := n.cmd.Wait(); err != nil {
			n.err = fmt.Errorf("the other writer: %w\n%s", err, n.said.String())
		}
	})
	return n.err
}
