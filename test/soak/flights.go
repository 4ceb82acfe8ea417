package main

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"time"

	"github.com/klauspost/compress/zstd"

	"github.com/weir-stream/weir/internal/fault"
)

// killEvery is the time between a broker's start and its end in the flights scenario.
const killEvery = 200 * time.Millisecond

// flightScenario has `weir produce` write the flight records in batches of 1 MB, and `weir consume` read them 64 KiB at a time, each a
// process of its own: first in peace, then with the broker killed again and again during both. Every record must come out, in order, once.
func (c config) flightScenario(ctx context.Context, t *tally) error {
	for _, every := range []time.Duration{0, killEvery} {
		began, kills := time.Now(), t.brokerKills.Load()
		if err := c.flightsOnce(ctx, t, every); err != nil {
			return err
		}
		kills = t.brokerKills.Load() - kills
		fmt.Fprintf(c.talk, "soak: %d flights written and read in %.1f s with %d kills\n", c.flights, time.Since(began).Seconds(), kills)
		t.rounds.Add(1)
	}
	return nil
}

func (c config) flightsOnce(ctx context.Context, t *tally, every time.Duration) (err error) {
	broker, err := startBroker(c.weir)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, broker.end()) }()
	if err := c.command(ctx, nil, nil, "topic", "create", "flights", "--endpoint", broker.sc); err != nil {
		return err
	}
	err = under(ctx, broker, t, every, func(ctx context.Context) error {
		return c.withFlights(func(lines *bufio.Reader) error {
			in := &counted{r: lines, left: c.flights}
			return c.command(ctx, in, nil, "produce", "flights", "--batch-size", "1MB", "--endpoint", broker.sc)
		})
	})
	if err != nil {
		return err
	}
	t.acknowledged.Add(int64(c.flights))
	return under(ctx, broker, t, every, func(ctx context.Context) error {
		return c.withFlights(func(lines *bufio.Reader) error {
			out := &comparing{want: lines, left: c.flights, tally: t}
			err := c.command(ctx, nil, out, "consume", "flights", "--max-bytes", "65536", "--until-end", "--endpoint", broker.sc)
			return first(out.failure, err, out.end())
		})
	})
}

// under does something while the broker is killed, if it is to be.
func under(ctx context.Context, broker *brokerProcess, t *tally, every time.Duration, do func(context.Context) error) error {
	if every == 0 {
		return do(ctx)
	}
	killing, stop := context.WithCancel(ctx)
	harassed := make(chan error, 1)
	go func() {
		harassed <- broker.harass(killing, t, func() (up, down time.Duration) { return every, 0 })
	}()
	err := do(ctx)
	stop()
	return errors.Join(err, <-harassed)
}

// command runs weir to its end.
func (c config) command(ctx context.Context, in io.Reader, out io.Writer, args ...string) error {
	cmd := exec.CommandContext(ctx, c.weir, args...)
	var errOut bytes.Buffer
	cmd.Stdin, cmd.Stdout, cmd.Stderr = in, out, &errOut
	if err := cmd.Run(); err != nil {
		return violation("weir %q: %w\n%s", args, err, errOut.String())
	}
	return nil
}

// withFlights opens the flight records, one a line.
func (c config) withFlights(use func(lines *bufio.Reader) error) error {
	f, err := os.Open(c.data)
	if err != nil {
		return fault.InputError(err)
	}
	defer f.Close()
	unpacked, err := zstd.NewReader(f)
	if err != nil {
		return fault.InputError(err)
	}
	defer unpacked.Close()
	return use(bufio.NewReaderSize(unpacked, 1<<16))
}

// counted reads so many lines and then ends.
type counted struct {
	r    *bufio.Reader
	left int
	rest []byte
}

func (c *counted) Read(b []byte) (int, error) {
	if len(c.rest) == 0 {
		if c.left == 0 {
			return 0, io.EOF
		}
		line, err := c.r.ReadSlice('\n')
		if err != nil {
			return 0, fault.Inputf("%d flights are missing: %w", c.left, err)
		}
		c.rest, c.left = line, c.left-1
	}
	n := copy(b, c.rest)
	c.rest = c.rest[n:]
	return n, nil
}

// comparing compares what is written to it with the flights, byte by byte.
type comparing struct {
	want    *bufio.Reader
	left    int // records due
	line    []byte
	tally   *tally
	failure error
}

func (c *comparing) Write(b []byte) (int, error) {
	for rest := b; len(rest) > 0 && c.failure == nil; {
		if len(c.line) == 0 {
			if c.left == 0 {
				c.failure = violation("consume printed more than was produced: %.80q", rest)
				break
			}
			line, err := c.want.ReadSlice('\n')
			if err != nil {
				c.failure = fault.Inputf("%d flights are missing: %w", c.left, err)
				break
			}
			c.line = line
		}
		n := min(len(rest), len(c.line))
		if !bytes.Equal(rest[:n], c.line[:n]) {
			c.failure = violation("%d records before the end: consume printed %.80q where %.80q is due", c.left, rest, c.line)
			break
		}
		if rest, c.line = rest[n:], c.line[n:]; len(c.line) == 0 {
			c.left--
			c.tally.checked.Add(1)
		}
	}
	return len(b), c.failure
}

// end tells whether all came.
func (c *comparing) end() error {
	if c.left > 0 {
		return violation("consume ended %d records early", c.left)
	}
	return nil
}
