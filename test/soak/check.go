package main

import (
	"errors"
	"fmt"

	"github.com/weir-stream/weir/fluvio"
)

// errViolation says that records are not what they should be.
var errViolation = errors.New("violation")

func violation(format string, args ...any) error {
	return fmt.Errorf("%w: %w", errViolation, fmt.Errorf(format, args...))
}

// checker follows one partition from its beginning. It remembers a few numbers for each producer, however long the log is.
type checker struct {
	round   *round
	part    int
	next    int64   // offset due
	numbers []int64 // by producer: the number due
	places  []uint64
	again   int64 // numbers seen again, of producers without sequences
	scratch []byte
}

func newChecker(r *round, part int) *checker {
	return &checker{round: r, part: part, numbers: make([]int64, len(r.producers)), places: make([]uint64, len(r.producers))}
}

// records takes the next records.
func (c *checker) records(records []fluvio.Record) error {
	for i := range records {
		if err := c.record(&records[i]); err != nil {
			return err
		}
	}
	return nil
}

// record takes the next record.
func (c *checker) record(r *fluvio.Record) error {
	if r.Offset != c.next {
		return c.violation("offset %d where %d is due", r.Offset, c.next)
	}
	i, err := parseItem(r.Value, c.round.seed, &c.scratch)
	if err != nil {
		return c.violation("offset %d: %w", r.Offset, err)
	}
	if err := c.see(i, r.Offset); err != nil {
		return err
	}
	c.next++
	c.round.tally.checked.Add(1)
	return nil
}

// see takes what the next record says of itself.
func (c *checker) see(i item, offset int64) error {
	if i.producer >= len(c.numbers) || i.partition != c.part {
		return c.violation("offset %d: a record of producer %d for partition %d of the round", offset, i.producer, i.partition)
	}
	from, due := c.round.producers[i.producer], c.numbers[i.producer]
	switch {
	case i.number == due && due < from.parts[c.part].sent.Load():
		c.numbers[i.producer]++
		c.places[i.producer] += placed(i.number, offset)
	case i.number == due:
		return c.violation("offset %d: number %d of producer %d, which it has not written", offset, i.number, i.producer)
	case i.number > due:
		return c.violation("offset %d: number %d of producer %d, those from %d on are lost", offset, i.number, i.producer, due)
	case from.writer >= 0:
		return c.violation("offset %d: number %d of producer %d again, %d is due", offset, i.number, i.producer, due)
	default:
		c.again++
	}
	return nil
}

// ended compares with what the producers, which have flushed, know.
func (c *checker) ended() error {
	for id, p := range c.round.producers {
		at := &p.parts[c.part]
		if c.numbers[id] != at.acknowledged {
			return c.violation("%d records of producer %d, %d are acknowledged", c.numbers[id], id, at.acknowledged)
		}
		if p.writer >= 0 && !p.mortal && c.places[id] != at.places {
			return c.violation("records of producer %d are not at the offsets that it was told", id)
		}
	}
	return nil
}

func (c *checker) violation(format string, args ...any) error {
	topic := c.round.topicOf(c.part)
	return fmt.Errorf("%s-%d: %w", topic.name, c.part-topic.first, violation(format, args...))
}
