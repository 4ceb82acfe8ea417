package main

import (
	"bufio"
	"bytes"
	"context"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"os/exec"
	"strings"
	"sync/atomic"
	"time"

	"github.com/weir-stream/weir/internal/fault"
)

// follower listens to the lives of a consumer that stores its offsets: each begins where the one before had stored, or behind.
type follower struct {
	round  *round
	check  *checker
	stored int64 // the offset after the last one that a life said is stored
}

// longestLife of a consumer process.
const longestLife = 2500 * time.Millisecond

// mortals starts and kills consumers of the last partition until it is written and read to its end.
func (r *round) mortals(ctx context.Context, seed uint64) error {
	random := rand.New(rand.NewPCG(seed, 0))
	f := &follower{round: r, check: newChecker(r, len(r.ends)-1)}
	for !r.atEnd(f.check.part, f.check.next) {
		if err := context.Cause(ctx); err != nil {
			return err
		}
		if err := f.live(ctx, 100*time.Millisecond+upTo(random, longestLife)); err != nil {
			return fmt.Errorf("consumer with stored offsets: %w", err)
		}
		r.tally.consumerKills.Add(1)
	}
	return f.check.ended()
}

// live is one life: it starts a process, listens, and kills it after a while.
func (f *follower) live(ctx context.Context, length time.Duration) error {
	self, err := os.Executable()
	if err != nil {
		return fault.EnvironmentError(err)
	}
	topic := f.round.topicOf(f.check.part)
	cmd := exec.CommandContext(ctx, self, followCommand, "-endpoint", f.round.broker.sc, "-id", "soak", "-topic", topic.name,
		"-partition", fmt.Sprint(f.check.part-topic.first), "-seed", fmt.Sprint(f.round.seed))
	var errOut bytes.Buffer
	cmd.Stderr = &errOut
	out, err := cmd.StdoutPipe()
	if err == nil {
		err = cmd.Start()
	}
	if err != nil {
		return fault.EnvironmentError(err)
	}
	var killed atomic.Bool
	kill := time.AfterFunc(length, func() {
		killed.Store(true)
		_ = cmd.Process.Kill() // fails only if it is gone, which is found below
	})
	defer kill.Stop()
	heard := f.listen(out)
	if heard != nil {
		_ = cmd.Process.Kill() // as above
	}
	ended := cmd.Wait()
	switch {
	case heard != nil:
		return heard
	case !killed.Load() && ctx.Err() == nil:
		return violation("it ended by itself: %w\n%s", ended, errOut.String())
	}
	return nil
}

// listen reads the lines of a life. A last one that was cut off was not told.
func (f *follower) listen(out io.Reader) error {
	lines := bufio.NewReader(out)
	for first := true; ; {
		line, err := lines.ReadString('\n')
		if err != nil {
			return nil // it was killed, or ended, which is seen by whoever waits for it
		}
		if strings.HasPrefix(line, "stored ") {
			if _, err := fmt.Sscanf(line, "stored %d\n", &f.stored); err != nil {
				return violation("its line %q: %w", line, err)
			}
			continue
		}
		var i item
		var offset int64
		if _, err := fmt.Sscanf(line, "%d %d %d %d\n", &offset, &i.producer, &i.partition, &i.number); err != nil {
			return violation("its line %q: %w", line, err)
		}
		if first && offset < f.stored {
			return violation("it began at offset %d, though the offsets before %d were stored as processed", offset, f.stored)
		}
		first = false
		switch {
		case offset > f.check.next:
			return violation("offset %d where %d is due: records between were never told", offset, f.check.next)
		case offset < f.check.next:
			f.round.tally.repeats.Add(1)
			continue
		}
		if err := f.check.see(i, offset); err != nil {
			return err
		}
		f.check.next++
		f.round.tally.checked.Add(1)
	}
}
