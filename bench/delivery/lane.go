package main

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"os/exec"
	"strings"
	"sync"
	"syscall"
	"time"
)

// lane is a weir run of one lane, as a process of its own.
type lane struct {
	cmd             *exec.Cmd
	began           time.Time
	planned, opened time.Duration // from began to when it said so; good once isOpen is closed
	isOpen, ended   chan struct{}
	err             error // of the process, once ended is closed

	mu  sync.Mutex
	log bytes.Buffer
}

// begin starts the crash's job.
func (c *crash) begin(interval time.Duration) (*lane, error) {
	l := &lane{isOpen: make(chan struct{}), ended: make(chan struct{})}
	l.cmd = c.Command(c.ctx, c.job.env(c.source, c.sink, exactlyOnce), "run", c.job.sql, "--state", c.state, "--checkpoint-interval", interval.String())
	talk, err := l.cmd.StderrPipe()
	if err != nil {
		return nil, err
	}
	l.began = time.Now()
	if err := l.cmd.Start(); err != nil {
		return nil, err
	}
	go func() {
		l.listen(talk)
		l.err = l.cmd.Wait()
		close(l.ended)
	}()
	return l, nil
}

// listen takes down what the process says, and when it says what matters.
func (l *lane) listen(talk io.Reader) {
	for in := bufio.NewScanner(talk); in.Scan(); {
		line := in.Text()
		l.mu.Lock()
		fmt.Fprintln(&l.log, line)
		l.mu.Unlock()
		switch {
		case strings.Contains(line, `msg="pipeline started"`):
			l.planned = time.Since(l.began)
		case strings.Contains(line, `msg="lane opened"`):
			l.opened = time.Since(l.began)
			close(l.isOpen)
		}
	}
}

func (l *lane) said() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.log.String()
}

// waitOpened waits until the lane reads.
func (l *lane) waitOpened() error {
	select {
	case <-l.isOpen:
		return nil
	case <-l.ended:
		return fmt.Errorf("weir run ended before its lane was open: %w\n%s", errors.Join(l.err), l.said())
	}
}

// kill ends the process without any warning.
func (l *lane) kill() {
	_ = l.cmd.Process.Kill() // it may be gone
	<-l.ended
}

// drain ends it in good order.
func (l *lane) drain() error {
	_ = l.cmd.Process.Signal(syscall.SIGTERM)
	<-l.ended
	if l.err != nil {
		return fmt.Errorf("weir run: %w\n%s", l.err, l.said())
	}
	return nil
}
