package main

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/weir-stream/weir/fluvio"
)

// consuming is one consumer of a round: it follows some partitions from their beginning while they are written.
type consuming struct {
	round    *round
	id       int
	parts    []int // partitions of the round
	maxBytes int
	cutter   *cutter
	counts   bool // it counts duplicates, which all consumers see
	topic    bool // it reads its partitions, which are all of a topic, together
}

// run consumes until the round knows where every partition ends and that is reached.
func (c *consuming) run(ctx context.Context) error {
	client, err := fluvio.Connect(ctx, fluvio.WithEndpoint(c.round.broker.sc), fluvio.WithClientID("soak"), c.cutter.option())
	if err != nil {
		return fmt.Errorf("consumer %d: %w", c.id, err)
	}
	defer client.Close()
	if c.topic {
		return c.consumeTopic(ctx, client)
	}
	ended := make(chan error, len(c.parts))
	for _, part := range c.parts {
		go func() { ended <- c.consume(ctx, client, part) }()
	}
	for range c.parts {
		err = errors.Join(err, <-ended)
	}
	if err != nil {
		return fmt.Errorf("consumer %d: %w", c.id, err)
	}
	return nil
}

func (c *consuming) consume(ctx context.Context, client *fluvio.Client, part int) error {
	topic := c.round.topicOf(part)
	consumer, err := client.Consumer(ctx, topic.name, uint32(part-topic.first), fluvio.Beginning(), fluvio.WithMaxBytes(c.maxBytes))
	if err != nil {
		return err
	}
	defer consumer.Close()
	check := newChecker(c.round, part)
	for !c.round.atEnd(part, check.next) {
		var records []fluvio.Record
		err := briefly(ctx, func(ctx context.Context) (err error) {
			records, err = consumer.Poll(ctx)
			return err
		})
		if err := first(err, check.records(records)); err != nil {
			return err
		}
	}
	if c.counts {
		c.round.tally.duplicates.Add(check.again)
	}
	return check.ended()
}

// consumeTopic reads all partitions of a topic with one consumer.
func (c *consuming) consumeTopic(ctx context.Context, client *fluvio.Client) error {
	topic := c.round.topicOf(c.parts[0])
	consumer, err := client.TopicConsumer(ctx, topic.name, fluvio.Beginning(), fluvio.WithMaxBytes(c.maxBytes))
	if err != nil {
		return err
	}
	defer consumer.Close()
	checks := make([]*checker, topic.partitions)
	for i := range checks {
		checks[i] = newChecker(c.round, topic.first+i)
	}
	atEnd := func(check *checker) bool { return c.round.atEnd(check.part, check.next) }
	for slices.ContainsFunc(checks, func(check *checker) bool { return !atEnd(check) }) {
		var partition uint32
		var records []fluvio.Record
		err := briefly(ctx, func(ctx context.Context) (err error) {
			partition, records, err = consumer.Poll(ctx)
			return err
		})
		if err := first(err, checks[partition].records(records)); err != nil {
			return err
		}
	}
	for _, check := range checks {
		if err := check.ended(); err != nil {
			return err
		}
	}
	return nil
}

// briefly polls for a short time, since the end becomes known while nothing comes any more. That nothing came is no error.
func briefly(ctx context.Context, poll func(context.Context) error) error {
	limited, cancel := context.WithTimeout(ctx, 50*time.Millisecond)
	defer cancel()
	if err := poll(limited); err != nil && (limited.Err() == nil || ctx.Err() != nil) {
		return err
	}
	return nil
}
