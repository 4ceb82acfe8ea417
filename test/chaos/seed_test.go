//go:build linux

package chaos

import (
	"bytes"
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
	sourceTopic = "flights"
	lanes       = 2 // partitions that it begins with
	sinkTopic   = "late"
	letterTopic = "flights-dead"
	narrowest   = 3 // partitions that the sinks begin with
)

// scenario is a seed being tried.
type scenario struct {
	*plan
	dir    string
	state  string // folder of the state that the next run goes on with
	random *rand.Rand
	hear   func(line string) // is told what happens

	broker   *broker
	client   *fluvio.Client // past the proxies
	admin    *admin.Admin
	input    []string
	oracle   oracle
	wide     int // partitions of the sinks
	runs     int
	compared int // records

	variant variant // of the last run
	crashed bool    // the last run did not get to its end

	zombie *process
	waking waking
	wakeAt trigger

	mu        sync.Mutex
	began     time.Time
	struck    map[string]int
	story     bytes.Buffer
	processes []*process
}

func newScenario(p *plan, dir string, hear func(string)) *scenario {
	return &scenario{
		plan: p, dir: dir, state: filepath.Join(dir, "state"), random: rand.New(rand.NewPCG(p.seed, 1)), hear: hear,
		began: time.Now(), struck: map[string]int{},
	}
}

// talk tells what happens.
func (s *scenario) talk(format string, args ...any) {
	line := fmt.Sprintf("%6.3f "+format, append([]any{time.Since(s.began).Seconds()}, args...)...)
	s.mu.Lock()
	defer s.mu.Unlock()
	s.story.WriteString(line + "\n")
	s.hear(line)
}

// strike counts a fault that has struck.
func (s *scenario) strike(kind string) {
	s.mu.Lock()
	s.struck[kind]++
	s.mu.Unlock()
	s.talk("    %s", kind)
}

// begun keeps a process, for the report.
func (s *scenario) begun(p *process) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.processes = append(s.processes, p)
}

// try tries the plan and returns what went wrong.
func (s *scenario) try(ctx context.Context) (err error) {
	defer s.close()
	if err := s.open(ctx); err != nil {
		return err
	}
	if s.latest { // where that is, is settled before there is anything
		if err := s.run(ctx, &round{}, true); err != nil {
			return fmt.Errorf("the first run, on nothing: %w", err)
		}
	}
	for i := range s.rounds {
		s.talk("  round %d: %v", i, &s.rounds[i])
		if err := s.round(ctx, &s.rounds[i]); err != nil {
			return fmt.Errorf("round %d: %w", i, err)
		}
	}
	s.bury()
	s.talk("  the last run, undisturbed")
	s.broker.reset(0)
	if err := s.run(ctx, &round{variant: s.variant}, true); err != nil {
		return fmt.Errorf("the last run, undisturbed: %w", err)
	}
	return s.check(ctx)
}

func (s *scenario) open(ctx context.Context) (err error) {
	if s.broker, err = startBroker(filepath.Join(s.dir, "broker"), s.begun); err != nil {
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
	for topic, n := range map[string]uint32{sourceTopic: lanes, sinkTopic: narrowest, letterTopic: narrowest} {
		if err := s.admin.CreateTopic(ctx, topic, admin.TopicConfig{Partitions: n}); err != nil {
			return err
		}
	}
	s.wide, s.oracle.sources = narrowest, make([]source, lanes)
	return s.prepare(variant{})
}

func (s *scenario) close() {
	s.bury()
	if s.client != nil {
		_ = s.client.Close()
	}
	if s.broker != nil {
		s.broker.close()
	}
}

const pipeline = `
CREATE TABLE flights (
  p INT METADATA FROM 'partition', o BIGINT METADATA FROM 'offset', carrier TEXT, flight INT, dep_delay BIGINT
) WITH (
  connector = 'fluvio', topic = '%s', type = 'source', 'source.offset' = '%s',
  format = 'json', bad_data = 'dead_letter', 'bad_data.topic' = '%s'
);
CREATE TABLE late (p INT, o BIGINT, carrier TEXT, flight INT, dep_delay BIGINT, delay_class TEXT)
  WITH (connector = 'fluvio', topic = '%s', type = 'sink', delivery = 'exactly_once', format = 'json');
CREATE FUNCTION late_flights LANGUAGE wasm AS 'late_flights.wasm' WITH (%s);
INSERT INTO late SELECT p, o, carrier, flight, dep_delay, delay_class FROM late_flights(flights);
`

// parameter is a variant's, as the file and the plan that is kept of it say it.
func (v variant) parameter() string { return fmt.Sprintf("'min_delay' = '%d'", v.least) }

func (s *scenario) file() string { return filepath.Join(s.dir, "late.sql") }

// prepare makes the pipeline's file and its module what a variant says.
func (s *scenario) prepare(v variant) error {
	offset := "earliest"
	if s.latest {
		offset = "latest"
	}
	text := fmt.Sprintf(pipeline, sourceTopic, offset, letterTopic, sinkTopic, v.parameter())
	if err := os.WriteFile(s.file(), []byte(text), 0o644); err != nil {
		return err
	}
	return os.WriteFile(filepath.Join(s.dir, "late_flights.wasm"), modules[v.module], 0o644)
}

// round does one round of the plan.
func (s *scenario) round(ctx context.Context, r *round) error {
	if err := s.harm(r); err != nil {
		return err
	}
	// Where a zombie may be, writer ids must not be drawn anew, and no lane may be new: it would go on with its own. Nor must the broker die,
	// which is what keeps the zombie out: behind that, whoever claims a writer first has it.
	if r.grow != growNone || r.source != growNone || r.variant != s.variant || r.end == stopAndFollow || r.brokerDies {
		s.bury()
	}
	if r.grow == growBetween {
		if err := s.growSinks(ctx, "sink grows between"); err != nil {
			return err
		}
	}
	if r.source == growBetween && len(s.oracle.sources) < widestSource {
		if err := s.growSource(ctx); err != nil {
			return err
		}
		s.strike("source grows between")
	}
	if err := s.produce(ctx, r.produce); err != nil {
		return err
	}
	if err := s.swap(r.variant); err != nil {
		return err
	}
	s.broker.reset(r.rate)
	return s.run(ctx, r, false)
}

// harm damages checkpoints.
func (s *scenario) harm(r *round) error {
	for lane, d := range r.damage {
		done, err := harm(s.state, lane, d, s.random)
		if err != nil {
			return err
		}
		if done {
			s.oracle.harmed(lane)
			s.strike("checkpoint " + d.String())
		}
	}
	return nil
}

// swap makes the next run another variant.
func (s *scenario) swap(v variant) error {
	if v == s.variant {
		return nil
	}
	states, err := allStates(s.state)
	if err != nil {
		return err
	}
	if len(states) > 0 { // of a lane that has not begun nothing changes
		if v.module != s.variant.module {
			s.strike("module swapped")
		}
		if v.least != s.variant.least {
			s.strike("parameter swapped")
		}
		if s.crashed {
			s.strike("swapped after a crash")
		}
	}
	s.variant = v
	return s.prepare(v)
}

// produce writes new flights, undisturbed, and tells the oracle.
func (s *scenario) produce(ctx context.Context, n int) error {
	producer, err := s.client.Producer(ctx, sourceTopic)
	if err != nil {
		return err
	}
	n = min(n, len(s.input))
	for _, record := range s.input[:n] {
		record = spoil(s.random, record)
		lane := s.random.IntN(len(s.oracle.sources))
		s.oracle.produce(lane, record)
		if err := producer.ProduceTo(ctx, uint32(lane), fluvio.Record{Value: []byte(record)}); err != nil {
			return err
		}
	}
	s.input = s.input[n:]
	if err := producer.Close(ctx); err != nil {
		return err
	}
	for lane, source := range s.oracle.sources {
		if o, err := s.client.Offsets(ctx, sourceTopic, uint32(lane)); err != nil || o.Next != source.produced {
			return errors.Join(fmt.Errorf("%s-%d ends at %d, want %d", sourceTopic, lane, o.Next, source.produced), err)
		}
	}
	return nil
}

// growSinks adds a partition to the sinks.
func (s *scenario) growSinks(ctx context.Context, kind string) error {
	if s.wide == widest {
		return nil
	}
	s.wide++
	s.strike(kind)
	return errors.Join(s.addPartition(ctx, sinkTopic, s.wide), s.addPartition(ctx, letterTopic, s.wide))
}

// growSource adds a partition to the source.
func (s *scenario) growSource(ctx context.Context) error {
	s.oracle.sources = append(s.oracle.sources, source{})
	return s.addPartition(ctx, sourceTopic, len(s.oracle.sources))
}

// addPartition adds the n-th partition to a topic, be it that the broker dies meanwhile.
func (s *scenario) addPartition(ctx context.Context, topic string, n int) (err error) {
	for range 6 {
		err = s.admin.AddPartitions(ctx, topic, 1)
		limited, cancel := context.WithTimeout(ctx, time.Second)
		there := s.client.AwaitPartitions(limited, topic, n)
		cancel()
		if there == nil {
			return nil
		}
	}
	return errors.Join(fmt.Errorf("%s does not get its partition number %d", topic, n), err)
}

// check compares the sinks with what is due.
func (s *scenario) check(ctx context.Context) error {
	for _, topic := range []string{sinkTopic, letterTopic} {
		got, err := s.read(ctx, topic)
		if err != nil {
			return err
		}
		if err := s.compare(topic, got); err != nil {
			return errors.Join(err, s.list(ctx, topic))
		}
	}
	return nil
}

// compare compares what was read of a topic with what is due.
func (s *scenario) compare(topic string, got [][]fluvio.Record) error {
	for _, records := range got {
		s.compared += len(records)
	}
	return compare(&s.oracle, topic, got, narrowest)
}

// list writes the batches that a topic has to a file, for a report.
func (s *scenario) list(ctx context.Context, topic string) error {
	var text bytes.Buffer
	for p := range s.wide {
		consumer, err := s.client.Consumer(ctx, topic, uint32(p), fluvio.Beginning(), fluvio.WithUntilEnd())
		if err != nil {
			return err
		}
		for {
			b, err := consumer.PollBatch(ctx)
			if errors.Is(err, io.EOF) {
				break
			}
			if err != nil {
				return errors.Join(err, consumer.Close())
			}
			at, _ := b.Sequence()
			fmt.Fprintf(&text, "%s-%d offset %d: %d records, writer %x ordinal %d\n", topic, p, b.BaseOffset(), b.RecordCount(), at.Writer, at.Ordinal)
		}
		if err := consumer.Close(); err != nil {
			return err
		}
	}
	return os.WriteFile(filepath.Join(s.dir, topic+"-batches.txt"), text.Bytes(), 0o644)
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
