//go:build linux

package chaos

import (
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"time"

	"github.com/weir-stream/weir/fluvio"
	"github.com/weir-stream/weir/fluvio/admin"
)

const (
	// patience is how long the pipeline waits for an answer where it is to be impatient: a client's least time for an attempt, and some more.
	patience = 1100 * time.Millisecond
	// stuck is how long a run may take.
	stuck = 60 * time.Second
)

// scenario is a seed being tried.
type scenario struct {
	*plan
	dir    string
	state  string // folder of the state that the next run goes on with
	random *rand.Rand
	talk   func(format string, args ...any)

	broker *broker
	client *fluvio.Client // past the proxy
	admin  *admin.Admin
	input  []string
	oracle oracle
	wide   int // partitions of the sinks
	zombie *process
	waking waking
	wakeAt trigger
	runs   int

	mu     sync.Mutex
	struck map[string]int
}

// sinkTopics are the topics that are written, with what tells a record's origin.
const (
	sinkTopic   = "late"
	letterTopic = "flights-dead"
	narrowest   = 3 // partitions that they begin with
)

func (s *scenario) strike(kind string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.struck[kind]++
	s.talk("    %s", kind)
}

// try tries the plan and returns what went wrong.
func (s *scenario) try(ctx context.Context) (err error) {
	if err := s.open(ctx); err != nil {
		return err
	}
	defer s.close()
	for i := range s.rounds {
		s.talk("  round %d: %v", i, &s.rounds[i])
		if err := s.round(ctx, &s.rounds[i]); err != nil {
			return fmt.Errorf("round %d: %w", i, err)
		}
	}
	s.bury()
	s.broker.data.reset(0)
	calm := round{}
	if err := s.run(ctx, &calm, true); err != nil {
		return fmt.Errorf("the last run, undisturbed: %w", err)
	}
	return s.check(ctx)
}

func (s *scenario) open(ctx context.Context) (err error) {
	data := filepath.Join(s.dir, "broker")
	s.state = filepath.Join(s.dir, "state")
	if s.broker, err = startBroker(data); err != nil {
		return err
	}
	past := func(ctx context.Context, network, address string) (net.Conn, error) {
		var d net.Dialer
		return d.DialContext(ctx, network, strings.Replace(address, proxyHost, serverHost, 1))
	}
	s.client, err = fluvio.Connect(ctx, fluvio.WithEndpoint(s.broker.sc), fluvio.WithDialer(past))
	if err != nil {
		return err
	}
	s.admin = admin.New(s.client)
	for topic, n := range map[string]uint32{"flights": lanes, sinkTopic: narrowest, letterTopic: narrowest} {
		if err := s.admin.CreateTopic(ctx, topic, admin.TopicConfig{Partitions: n}); err != nil {
			return err
		}
	}
	s.wide = narrowest
	return os.WriteFile(filepath.Join(s.dir, "late.sql"), fmt.Appendf(nil, pipeline, letterTopic, sinkTopic, module, leastDelay), 0o644)
}

const pipeline = `
CREATE TABLE flights (
  p INT METADATA FROM 'partition', o BIGINT METADATA FROM 'offset', carrier TEXT, flight INT, dep_delay BIGINT
) WITH (
  connector = 'fluvio', topic = 'flights', type = 'source', 'source.offset' = 'earliest',
  format = 'json', bad_data = 'dead_letter', 'bad_data.topic' = '%s'
);
CREATE TABLE late (p INT, o BIGINT, carrier TEXT, flight INT, dep_delay BIGINT, delay_class TEXT)
  WITH (connector = 'fluvio', topic = '%s', type = 'sink', delivery = 'exactly_once', format = 'json');
CREATE FUNCTION late_flights LANGUAGE wasm AS '%s' WITH (min_delay = '%d');
INSERT INTO late SELECT p, o, carrier, flight, dep_delay, delay_class FROM late_flights(flights);
`

func (s *scenario) close() {
	s.bury()
	if s.client != nil {
		_ = s.client.Close()
	}
	s.broker.close()
}

// produce writes new flights, undisturbed, and tells the oracle.
func (s *scenario) produce(ctx context.Context, n int) error {
	producer, err := s.client.Producer(ctx, "flights")
	if err != nil {
		return err
	}
	for _, record := range s.input[:n] {
		record = spoil(s.random, record)
		lane := s.random.IntN(lanes)
		s.oracle.produce(lane, record)
		if err := producer.ProduceTo(ctx, uint32(lane), fluvio.Record{Value: []byte(record)}); err != nil {
			return err
		}
	}
	s.input = s.input[n:]
	if err := producer.Close(ctx); err != nil {
		return err
	}
	for lane, n := range s.oracle.produced {
		if o, err := s.client.Offsets(ctx, "flights", uint32(lane)); err != nil || o.Next != n {
			return errors.Join(fmt.Errorf("flights-%d ends at %d, want %d", lane, o.Next, n), err)
		}
	}
	return nil
}

// round does one round of the plan.
func (s *scenario) round(ctx context.Context, r *round) error {
	if err := s.produce(ctx, r.produce); err != nil {
		return err
	}
	for lane, d := range r.damage {
		done, err := harm(s.state, lane, d, s.random)
		if err != nil {
			return err
		}
		if done {
			s.strike("checkpoint " + d.String())
		}
	}
	// Where a zombie may be, writer ids must not be drawn anew: it would go on under the old ones.
	if r.grow != growNone || r.end == stopAndFollow {
		s.bury()
	}
	if r.grow == growBetween {
		if err := s.grow(ctx, "grow between"); err != nil {
			return err
		}
	}
	s.broker.data.reset(r.rate)
	return s.run(ctx, r, false)
}

// grow adds a partition to the sinks.
func (s *scenario) grow(ctx context.Context, kind string) error {
	if s.wide == widest {
		return nil
	}
	s.wide++
	s.strike(kind)
	for _, topic := range []string{sinkTopic, letterTopic} {
		err := s.admin.AddPartitions(ctx, topic, 1)
		for tries := 0; err != nil; tries++ { // a broker that dies leaves open whether they are there
			limited, cancel := context.WithTimeout(ctx, time.Second)
			there := s.client.AwaitPartitions(limited, topic, s.wide)
			cancel()
			if there == nil {
				break
			}
			if tries == 5 {
				return err
			}
			err = s.admin.AddPartitions(ctx, topic, 1)
		}
	}
	return nil
}

// bury ends the zombie. It goes on for a moment first, if it sleeps still: what it has in hand it tries to write.
func (s *scenario) bury() {
	if s.zombie == nil {
		return
	}
	s.wakeUp("zombie behind")
	select {
	case <-s.zombie.ended:
	case <-time.After(200 * time.Millisecond):
		s.zombie.kill()
	}
	s.zombie = nil
	if s.broker.data.spoke() {
		s.strike("zombie spoke")
	}
}

func (s *scenario) wakeUp(kind string) {
	if s.waking != awake && s.zombie.wake() {
		s.strike(kind)
	}
	s.waking = awake
}

// awake says that the zombie has been woken.
const awake waking = 255

// run runs the pipeline, with what strikes meanwhile, until it has ended; where it was stopped, until then. The last run has to get through.
func (s *scenario) run(ctx context.Context, r *round, last bool) error {
	s.runs++
	log := filepath.Join(s.dir, fmt.Sprintf("struck-%d", s.runs))
	p, err := s.start(r, log)
	if err != nil {
		return err
	}
	running, cancel := context.WithCancel(ctx)
	var strikes sync.WaitGroup
	failed := make(chan error, 8) // more than there are strikes in a round
	stopped := make(chan struct{})
	if !last {
		s.watch(running, r, p, &strikes, failed, stopped)
	}
	select {
	case <-p.ended:
	case <-stopped:
	case <-time.After(stuck):
		err = errors.New("stuck")
	case <-ctx.Done():
		err = ctx.Err()
	}
	cancel()
	strikes.Wait()
	close(failed)
	for e := range failed {
		err = errors.Join(err, e)
	}
	if s.zombie == p && err == nil {
		return nil
	}
	if err != nil {
		p.kill()
		return fmt.Errorf("run %d: %w\n%s", s.runs, err, p.talk())
	}
	return s.judge(p, r, log, last)
}

// start starts a run.
func (s *scenario) start(r *round, log string) (*process, error) {
	environment := []string{"WEIR_FAULT_LOG=" + log}
	if r.end == killPoint {
		environment = append(environment, fmt.Sprintf("WEIR_FAULT=%s:%d", r.point, r.pass))
	}
	budget := "20s"
	if r.impatient() {
		budget = "100ms"
	}
	return start(nil, environment, "run", filepath.Join(s.dir, "late.sql"), "--until-end", "--state", s.state,
		"--endpoint", s.broker.endpoint(), "--checkpoint-interval", "10ms", "--retry-budget", budget)
}

// judge looks at a run that has ended: by itself in good order, by a fault of its surroundings, or killed.
func (s *scenario) judge(p *process, r *round, log string, last bool) error {
	code := p.cmd.ProcessState.ExitCode()
	s.talk("    run %d: code %d", s.runs, code)
	if said, err := os.ReadFile(log); r.end == killPoint && err == nil && strings.Contains(string(said), "struck "+r.point) {
		s.strike("die at " + r.point)
	}
	if strings.Contains(p.talk(), "file too large") {
		s.strike("no room")
	}
	fine := code == 0 || !last && (code == 3 || p.killed())
	// Beside a zombie that is ahead of it a run may notice that somebody else has its writer id. It stops; its successor takes what is there.
	if code == 2 && s.zombie != nil && s.waking == awake && strings.Contains(p.talk(), fluvio.ErrSequence.Error()) {
		s.strike("zombie noticed")
		fine = true
	}
	if !fine || strings.Contains(p.talk(), "goroutine ") {
		return fmt.Errorf("run %d ended with code %d\n%s", s.runs, code, p.talk())
	}
	return nil
}

// watch starts what waits for its trigger while a run goes on.
func (s *scenario) watch(ctx context.Context, r *round, p *process, strikes *sync.WaitGroup, failed chan<- error, stopped chan<- struct{}) {
	data := s.broker.data
	on := func(at trigger, do func() error) {
		strikes.Go(func() {
			if data.reached(ctx, at) {
				if err := do(); err != nil {
					failed <- err
				}
			}
		})
	}
	switch r.end {
	case killAt:
		on(r.endAt, func() error {
			if p.kill() {
				s.strike("kill at bytes")
			}
			return nil
		})
	case killLate:
		strikes.Go(func() {
			select {
			case <-time.After(r.after):
				if p.kill() {
					s.strike("kill at time")
				}
			case <-ctx.Done():
			}
		})
	case noRoom:
		on(r.endAt, func() error { p.limit(r.room); return nil })
	case stopAndFollow:
		on(r.endAt, func() error { return s.part(p, r, stopped) })
	}
	if s.zombie != nil && s.waking == wakeBeside {
		on(s.wakeAt, func() error { s.wakeUp("zombie beside"); return nil })
	}
	if r.grow == growRunning {
		on(r.growAt, func() error { return s.grow(context.WithoutCancel(ctx), "grow running") })
	}
	if r.brokerDies {
		on(r.brokerAt, func() error {
			s.broker.process.kill()
			if p.runs() {
				s.strike("broker kill")
			}
			time.Sleep(r.brokerDown)
			return s.broker.start()
		})
	}
	for _, d := range r.disturb {
		on(d.at, func() error {
			there := data.disturb(d) && p.runs()
			s.broker.admin.disturb(d)
			if d.kind == late { // it counts only where the pipeline waited for as long as it can
				select {
				case <-p.ended:
					there = there && !p.killed()
				case <-time.After(patience):
				}
			}
			if there {
				s.strike(disturbings[d.kind])
			}
			return nil
		})
	}
}

// part stops a run. Its successor will have a copy of its state, and so not notice that it is there.
func (s *scenario) part(p *process, r *round, stopped chan<- struct{}) error {
	if !p.stop() {
		return nil
	}
	ready, err := begun(s.state, s.wide)
	if err != nil || !ready {
		p.kill()
		return err
	}
	next := filepath.Join(s.dir, fmt.Sprintf("state-%d", s.runs))
	if err := os.CopyFS(next, os.DirFS(s.state)); err != nil {
		return err
	}
	s.state, s.zombie, s.waking, s.wakeAt = next, p, r.wake, r.wakeAt
	s.broker.data.mark()
	close(stopped)
	return nil
}

// check compares the sinks with what is due.
func (s *scenario) check(ctx context.Context) error {
	for _, c := range []struct {
		topic string
		due   *[lanes][]want
		from  origin
	}{{sinkTopic, &s.oracle.rows, rowOrigin}, {letterTopic, &s.oracle.letters, letterOrigin}} {
		got, err := s.read(ctx, c.topic)
		if err == nil {
			err = compare(c.topic, got, c.due, c.from, narrowest)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// read reads all of a topic as a plain reader does.
func (s *scenario) read(ctx context.Context, topic string) (got [][]fluvio.Record, err error) {
	n, err := s.client.Partitions(ctx, topic)
	if err != nil {
		return nil, err
	}
	for p := range n {
		consumer, err := s.client.Consumer(ctx, topic, uint32(p), fluvio.Beginning(), fluvio.WithUntilEnd())
		if err != nil {
			return nil, err
		}
		var records []fluvio.Record
		for {
			some, err := consumer.Poll(ctx)
			records = append(records, some...)
			if errors.Is(err, io.EOF) {
				break
			}
			if err != nil {
				return nil, errors.Join(err, consumer.Close())
			}
		}
		if err := consumer.Close(); err != nil {
			return nil, err
		}
		got = append(got, records)
	}
	return got, nil
}
