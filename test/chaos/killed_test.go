//go:build linux

package chaos

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math/rand/v2"
	"os/exec"
	"testing"
	"time"

	"github.com/weir-stream/weir/fluvio"
)

const (
	// killedWithin is how long a run may go on from its first new output on.
	killedWithin = 300 * time.Millisecond
	// brokerLives is how long the broker lives at a time.
	brokerLives = time.Second
	// fewFlights are enough for some kills, at a rate of so many bytes a millisecond on each connection.
	fewFlights, killedRate = 30_000, 4 << 10
)

// TestKilledUntilItIsThrough kills each run of a pipeline soon after its first new output, and the broker every second, until a run gets
// to the end before. It goes over all flights where CHAOS_SEEDS is set.
func TestKilledUntilItIsThrough(t *testing.T) {
	flights, err := readFlights()
	if err != nil {
		t.Fatal(err)
	}
	if _, given, _ := seeds(); !given {
		flights = flights[:fewFlights]
	}
	seed := *oneSeed
	if seed == 0 {
		seed = rand.Uint64()
	}
	s := newScenario(&plan{seed: seed, flights: len(flights)}, t.TempDir(), func(string) {})
	s.input = flights
	began := time.Now()
	kills, brokerKills, err := s.untilThrough(t.Context())
	if err != nil {
		kept, bad := s.keep(err)
		t.Fatalf("seed %d: %v\n\nwhat happened:\n%s\nkept in %s: %v\nagain: go test ./test/chaos -run TestKilledUntilItIsThrough -count=1 -seed %d",
			seed, err, s.story.String(), kept, bad, seed)
	}
	t.Logf("%d flights, %d records in the sinks; %d runs killed, the broker %d times, in %v", len(flights), s.compared, kills, brokerKills, time.Since(began))
	if kills == 0 || brokerKills == 0 {
		t.Errorf("%d runs and %d brokers were killed: that shows nothing", kills, brokerKills)
	}
}

func (s *scenario) untilThrough(ctx context.Context) (kills, brokerKills int, err error) {
	defer s.close()
	if err := s.open(ctx); err != nil {
		return 0, 0, err
	}
	if err := s.produce(ctx, len(s.input)); err != nil {
		return 0, 0, err
	}
	s.broker.reset(killedRate)
	s.oracle.run(0)
	killing, stop := context.WithCancel(ctx)
	defer stop()
	done := make(chan error)
	go func() {
		var err error
		brokerKills, err = s.killBroker(killing)
		done <- err
	}()
	for through := false; !through && err == nil; {
		through, err = s.runUntilKilled(ctx)
		if !through {
			kills++
		}
	}
	stop()
	if err := errors.Join(err, <-done); err != nil {
		return kills, brokerKills, err
	}
	s.broker.reset(0)
	for _, topic := range []string{sinkTopic, letterTopic} {
		got, err := s.consume(ctx, topic)
		if err == nil {
			err = s.compare(topic, got)
		}
		if err != nil {
			return kills, brokerKills, err
		}
	}
	return kills, brokerKills, nil
}

// killBroker kills the broker again and again until ctx ends. It is there in the end.
func (s *scenario) killBroker(ctx context.Context) (kills int, err error) {
	ticker := time.NewTicker(brokerLives)
	defer ticker.Stop()
	for ; ; kills++ {
		select {
		case <-ctx.Done():
			return kills, nil
		case <-ticker.C:
		}
		s.talk("    broker kill")
		s.broker.process.kill()
		if err := s.broker.start(); err != nil {
			return kills, err
		}
	}
}

// runUntilKilled runs the pipeline until it is through, which it tells, or until some time after its first new output.
func (s *scenario) runUntilKilled(ctx context.Context) (through bool, err error) {
	before, err := s.written(ctx)
	if err != nil {
		return false, err
	}
	s.runs++
	p, err := start(nil, nil, "run", s.file(), "--until-end", "--state", s.state, "--endpoint", s.broker.endpoint(),
		"--checkpoint-interval", "50ms", "--retry-budget", "20s")
	if err != nil {
		return false, err
	}
	s.begun(p)
	s.talk("  run %d, %d records in %s", s.runs, before, sinkTopic)
	defer p.kill()
	late := time.After(stuck)
	for after := before; after <= before; {
		select {
		case <-p.ended:
			return s.ended(p)
		case <-late:
			return false, fmt.Errorf("run %d writes nothing, for %v\n%s", s.runs, stuck, p.lastLines(reportLines))
		case <-time.After(look):
		}
		if after, err = s.written(ctx); err != nil {
			return false, err
		}
	}
	select {
	case <-p.ended:
		return s.ended(p)
	case <-time.After(time.Duration(s.random.Int64N(int64(killedWithin)))):
	}
	if !p.kill() {
		return s.ended(p)
	}
	return false, nil
}

// ended tells whether a run that nobody killed got through.
func (s *scenario) ended(p *process) (through bool, err error) {
	if !p.cmd.ProcessState.Success() {
		return false, fmt.Errorf("run %d ended with code %d\n%s", s.runs, p.cmd.ProcessState.ExitCode(), p.lastLines(reportLines))
	}
	return true, nil
}

// written is how many records the table's topic has.
func (s *scenario) written(ctx context.Context) (n int64, err error) {
	for p := range narrowest {
		at, err := s.client.Offsets(ctx, sinkTopic, uint32(p))
		if err != nil {
			return 0, err
		}
		n += at.Next
	}
	return n, nil
}

// consume reads all of a topic with weir consume.
func (s *scenario) consume(ctx context.Context, topic string) (got [][]fluvio.Record, err error) {
	for p := range narrowest {
		cmd := exec.CommandContext(ctx, weirBinary, "consume", topic, "--partition", fmt.Sprint(p), "--from", "earliest", "--until-end", "--json",
			"--endpoint", s.broker.endpoint())
		out, err := cmd.Output()
		if err != nil {
			return nil, fmt.Errorf("consume %s-%d: %w", topic, p, err)
		}
		var records []fluvio.Record
		lines := bufio.NewScanner(bytes.NewReader(out))
		lines.Buffer(nil, 1<<20)
		for lines.Scan() {
			var r struct {
				Offset     int64
				Key, Value string
			}
			if err := json.Unmarshal(lines.Bytes(), &r); err != nil {
				return nil, fmt.Errorf("consume %s-%d: %w: %.200q", topic, p, err, lines.Text())
			}
			records = append(records, fluvio.Record{Offset: r.Offset, Key: []byte(r.Key), Value: []byte(r.Value)})
		}
		if err := lines.Err(); err != nil {
			return nil, err
		}
		got = append(got, records)
	}
	return got, nil
}
