package main

import (
	"fmt"
	"math/rand/v2"
	"os"
	"time"

	"github.com/weir-stream/weir/fluvio"
	"github.com/weir-stream/weir/internal/benchkit"
)

// Recovery is how long a pipeline that was killed needs, from the start of its process, until something new of it is in the sink.
type Recovery struct {
	Coefficients Coefficients        `json:"coefficients"`
	Situations   map[string]*Figures `json:"situations"`
}

// Figures are those of the recoveries in one situation.
type Figures struct {
	Seconds  benchkit.Figure `json:"seconds"`         // from the start of the process to the first new record that a consumer gets
	Planned  benchkit.Figure `json:"planned_seconds"` // from there to when the plan stands
	Opened   benchkit.Figure `json:"opened_seconds"`  // and to when the lane has looked at its sink
	Bytes    benchkit.Figure `json:"bytes_looked_at"` // of the sink, behind the checkpoint's position
	Replayed benchkit.Figure `json:"records_read_again"`
	Formula  benchkit.Figure `json:"formula_seconds"`
	Limit    float64         `json:"limit_seconds,omitempty"` // 0: none
}

// situation is what a pipeline is killed in.
type situation struct {
	name   string
	job    job
	sink   int     // records in the sink before the lane's first
	behind int     // source records that are through, and that no checkpoint covers but the very first one
	beside int     // records a second of another writer to the same sink, flatOut: as many as it can
	life   bool    // checkpoints are made every second, and the lane is killed at a random moment between
	limit  float64 // seconds, 0: none
}

// flatOut is as many records a second as go.
const flatOut = -1

const (
	large      = 10_000_000
	small      = 1_000_000
	claimed    = 100_000
	busy       = 50_000 // records a second of the other writer
	mostlyLate = 1_245_000
)

// Names that the coefficients and the report refer to.
func bare(j job) string { return j.name + ", nothing to look at" }

var situations = []situation{
	{name: bare(everyRow), job: everyRow, sink: large},
	{name: bare(late), job: late, sink: large},
	{name: "every row, the last 100,000 records", job: everyRow, sink: large, behind: claimed, beside: busy, limit: 2},
	{name: "every row, the last 100,000 records, other writer flat out", job: everyRow, sink: large, behind: claimed, beside: flatOut},
	{name: "every row, the last 100,000 records, no other writer", job: everyRow, sink: large, behind: claimed},
	{name: "every row, the last 300,000 records", job: everyRow, sink: large, behind: 3 * claimed, beside: busy},
	{name: "every row, the last 100,000 records of 1,100,000", job: everyRow, sink: small, behind: claimed, beside: busy},
	{name: "late flights, the last 100,000 records", job: late, sink: large, behind: mostlyLate, beside: busy},
	{name: "every row, checkpoints every second", job: everyRow, sink: large, beside: busy, life: true, limit: 2},
	{name: "late flights, checkpoints every second", job: late, sink: large, beside: busy, life: true, limit: 2},
}

// fresh is how many source records come while the lane is dead.
const fresh = 20_000

// lived is how many source records there are for a lane that is killed on the way, between soonest and latest after it was opened.
const (
	lived   = 2_000_000
	soonest = 1200 * time.Millisecond
	latest  = 2600 * time.Millisecond
)

// recover measures every situation in each round.
func (b *bench) recover(rounds int) (*Recovery, error) {
	for _, n := range []int{large, small} {
		if err := b.fill(sinkOf(n), n); err != nil {
			return nil, err
		}
	}
	found, replays := map[string][]recovered{}, map[string][]float64{}
	for range rounds {
		for _, s := range situations {
			one, err := b.recoverOnce(s)
			if err != nil {
				return nil, fmt.Errorf("%s: %w", s.name, err)
			}
			fmt.Fprintf(os.Stderr, "%s: %.2f s\n", s.name, one.seconds)
			found[s.name] = append(found[s.name], one)
		}
		for _, j := range []job{everyRow, late} {
			rate, err := b.replay(j)
			if err != nil {
				return nil, fmt.Errorf("replay of %s: %w", j.name, err)
			}
			replays[j.name] = append(replays[j.name], rate)
		}
	}
	r := &Recovery{Coefficients: coefficients(found, replays), Situations: map[string]*Figures{}}
	for _, s := range situations {
		r.Situations[s.name] = r.Coefficients.figures(s, found[s.name])
	}
	return r, nil
}

func sinkOf(records int) string { return fmt.Sprintf("sink-%d", records) }

// fill makes a sink with so many small records.
func (b *bench) fill(sink string, records int) error {
	if err := b.FreshTopic(b.ctx, sink, 1); err != nil {
		return err
	}
	var value []byte
	return b.produce(sink, records, func(i int) []byte {
		value = fmt.Appendf(value[:0], `{"n":%d}`, i)
		return value
	})
}

// produce writes records to a topic as weir produce does, in large batches.
func (b *bench) produce(topic string, records int, value func(i int) []byte) error {
	producer, err := b.client.Producer(b.ctx, topic, fluvio.WithSequence(fluvio.NewWriterID()), fluvio.WithBatchSize(256<<10))
	if err != nil {
		return err
	}
	for i := range records {
		if err := producer.Produce(b.ctx, fluvio.Record{Value: value(i)}); err != nil {
			return err
		}
	}
	return producer.Close(b.ctx)
}

// recovered is one recovery.
type recovered struct {
	seconds, planned, opened float64
	bytes, replayed          int64
	look                     float64 // bytes a second of a look by itself
}

// recoverOnce kills a lane, starts it again, and checks that everything is in the sink once.
func (b *bench) recoverOnce(s situation) (r recovered, err error) {
	c := &crash{bench: b, situation: s, source: "source", sink: sinkOf(s.sink), state: b.state()}
	defer func() {
		os.RemoveAll(c.state)
		if closed := c.close(); err == nil {
			err = closed
		}
	}()
	if err := c.happen(); err != nil {
		return r, err
	}
	l, first, err := c.restart()
	if err != nil {
		return r, err
	}
	defer l.kill()
	if err := c.wait(c.total); err != nil {
		return r, err
	}
	if err := l.drain(); err != nil {
		return r, err
	}
	if err := c.neighbour.stop(); err != nil {
		return r, err
	}
	r = recovered{seconds: first.Seconds(), planned: l.planned.Seconds(), opened: l.opened.Seconds(), replayed: c.replayed}
	return r, c.examine(&r)
}

// killAfter is a random moment of a lane's life.
func killAfter() time.Duration { return soonest + rand.N(latest-soonest) }
