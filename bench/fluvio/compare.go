package main

import (
	"errors"
	"fmt"
	"io"
	"time"

	"github.com/weir-stream/weir/fluvio"
	"github.com/weir-stream/weir/internal/benchkit"
)

// Names of arms. The first is run twice, against itself: how far that ratio strays from 1 is the machine's noise.
const (
	ours      = "ours"
	oursAgain = "ours again"
	reusing   = "ours, reusing memory"
	pull      = "bare pull"
	official  = "official"
	older     = "official, older API"
)

// batches are the sizes that are compared. The linger lets batches fill up.
var batches = []struct {
	name   string
	bytes  int
	linger time.Duration
}{
	{"16 KiB", 16 << 10, 0},
	{"1 MB", 1_000_000, 100 * time.Millisecond},
}

const (
	maxBytes = 1 << 20 // of a chunk, on both sides
	passes   = 4       // how often a topic to consume holds the records: once would be read in a tenth of a second, much of it start-up
)

// consuming reads a topic of one partition, filled in full batches.
func (b *bench) consuming(r *Report) error {
	r.Consume = map[string]Table{}
	for _, batch := range batches {
		err := b.inTopic(1, func(topic string) error {
			fill := Task{Arm: "produce", Topic: topic, File: b.file, Batch: batch.bytes, Linger: time.Second}
			for range passes {
				if _, err := b.ours(fill); err != nil {
					return err
				}
			}
			all, lost, err := b.consumers(topic)
			if err != nil {
				return err
			}
			t := all.table()
			for name, records := range lost {
				a := t.Arms[name]
				a.LostRecords = records
				t.Arms[name] = a
			}
			t.Ratios["A/A"] = all.ratio(oursAgain, ours, rate)
			t.Ratios["records/s, ours to official"] = all.ratio(ours, official, rate)
			t.Ratios["records/s, ours to official, older API"] = all.ratio(ours, older, rate)
			t.Ratios["time, ours to bare pull"] = all.ratio(ours, pull, seconds)
			t.Ratios["time, ours, reusing memory, to bare pull"] = all.ratio(reusing, pull, seconds)
			r.Consume[batch.name] = t
			return nil
		})
		if err != nil {
			return fmt.Errorf("consume, batches of %s: %w", batch.name, err)
		}
	}
	return nil
}

func (b *bench) consumers(topic string) (all results, lost map[string][]int, err error) {
	want := passes * b.records
	consume := func(kind string, reuse bool) func() (Result, error) {
		return func() (Result, error) {
			return b.ours(Task{Arm: kind, Topic: topic, Records: want, MaxBytes: maxBytes, Reuse: reuse})
		}
	}
	officially := func(api string) func() (Result, error) {
		return func() (Result, error) { return b.theirs("bench-consume", topic, want, maxBytes, api) }
	}
	arms := []arm{
		{ours, consume("consume", false)}, {official, officially("stream")}, {oursAgain, consume("consume", false)},
		{pull, consume("pull", false)}, {reusing, consume("consume", true)}, {older, officially("partition")},
	}
	checksum, lost := "", map[string][]int{}
	all, err = b.alternate(arms, func(name string, r Result) error {
		theirs := name == official || name == older
		switch {
		case name == pull:
			return nil
		case theirs && b.broker == nil && r.Records < want:
			lost[name] = append(lost[name], want-r.Records)
			return nil
		case r.Records != want:
			return fmt.Errorf("%d records of %d", r.Records, want)
		case checksum == "":
			checksum = r.Checksum
		case checksum != r.Checksum:
			return fmt.Errorf("the records' checksum is %s, it was %s", r.Checksum, checksum)
		}
		return nil
	})
	return all, lost, err
}

// producing writes all records to a topic of its own each time, and reads them back.
func (b *bench) producing(r *Report) error {
	r.Produce = map[string]Table{}
	for _, batch := range batches {
		filled := map[string][]float64{}
		into := func(name string, produce func(topic string) (Result, error)) arm {
			return arm{name, func() (result Result, err error) {
				err = b.inTopic(1, func(topic string) (err error) {
					if result, err = produce(topic); err != nil {
						return err
					}
					perBatch, err := b.verify(topic)
					filled[name] = append(filled[name], perBatch)
					return err
				})
				return result, err
			}}
		}
		weir := func(topic string) (Result, error) {
			return b.ours(Task{Arm: "produce", Topic: topic, File: b.file, Batch: batch.bytes, Linger: batch.linger})
		}
		arms := []arm{into(ours, weir), into(official, func(topic string) (Result, error) {
			return b.theirs("bench-produce", topic, b.file, b.compression, batch.bytes, batch.linger.Milliseconds())
		}), into(oursAgain, weir)}
		all, err := b.alternate(arms, func(_ string, r Result) error {
			if r.Records != b.records {
				return fmt.Errorf("%d records of %d", r.Records, b.records)
			}
			return nil
		})
		if err != nil {
			return fmt.Errorf("produce, batches of %s: %w", batch.name, err)
		}
		t := all.table()
		for name, perBatch := range filled {
			a, f := t.Arms[name], benchkit.NewFigure(perBatch)
			a.RecordsPerBatch = &f
			t.Arms[name] = a
		}
		t.Ratios["A/A"] = all.ratio(oursAgain, ours, rate)
		t.Ratios["records/s, ours to official"] = all.ratio(ours, official, rate)
		r.Produce[batch.name] = t
	}
	return nil
}

// verify reads a topic that was produced: every record once, under its number, and the same content each time. It returns how
// many records a batch has.
func (b *bench) verify(topic string) (perBatch float64, err error) {
	offsets, err := b.client.Offsets(b.ctx, topic, 0)
	if err != nil {
		return 0, err
	}
	if offsets.Next != int64(b.records) {
		return 0, fmt.Errorf("the topic holds %d records, want %d", offsets.Next, b.records)
	}
	content, err := b.content(topic, offsets.Next)
	if err != nil {
		return 0, err
	}
	if b.produced == 0 {
		b.produced = content
	}
	if b.produced != content {
		return 0, errors.New("the topic's records are not those of other topics")
	}
	n, err := b.countBatches(topic, offsets.Next)
	return float64(b.records) / float64(n), err
}

// content is a checksum of keys and values.
func (b *bench) content(topic string, end int64) (sum checksum, err error) {
	err = b.whole(topic, end, func(c *fluvio.Consumer) error {
		records, err := c.Poll(b.ctx)
		for _, r := range records {
			r.Timestamp = 0
			sum.add(&r)
		}
		return err
	})
	return sum, err
}

func (b *bench) countBatches(topic string, end int64) (n int, err error) {
	err = b.whole(topic, end, func(c *fluvio.Consumer) error {
		_, err := c.PollBatch(b.ctx)
		if err == nil {
			n++
		}
		return err
	})
	return n, err
}

// whole polls partition 0 from its beginning to an offset.
func (b *bench) whole(topic string, end int64, poll func(*fluvio.Consumer) error) error {
	consumer, err := b.client.Consumer(b.ctx, topic, 0, fluvio.Beginning(), fluvio.WithUntil(end))
	if err != nil {
		return err
	}
	defer consumer.Close()
	for err == nil {
		err = poll(consumer)
	}
	if errors.Is(err, io.EOF) {
		return nil
	}
	return err
}
