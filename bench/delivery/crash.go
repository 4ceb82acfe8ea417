package main

import (
	"fmt"
	"io"
	"time"

	"github.com/weir-stream/weir/fluvio"
	"github.com/weir-stream/weir/host/checkpoint"
)

// crash is a lane that is killed and started again.
type crash struct {
	*bench
	situation
	source, sink, state string
	neighbour           *neighbour

	start    int64 // where the sink ended before the lane began
	place    checkpoint.Sink
	total    int64 // records that the lane is to write in all
	replayed int64 // source records that it read before it was killed and has to read again
	seen     int64 // records of the lane in the sink, as far as log has come
	end      int64 // of the sink, right before the lane is started again
	log      *fluvio.Consumer
}

// happen brings the lane to where it is killed.
func (c *crash) happen() (err error) {
	if err := c.FreshTopic(c.ctx, c.source, 1); err != nil {
		return err
	}
	if c.start, err = c.sinkEnd(); err != nil {
		return err
	}
	interval := time.Hour // none but the first, which is made before anything is read
	if c.life {
		interval = time.Second
		if err := c.more(lived); err != nil {
			return err
		}
	}
	l, err := c.begin(interval)
	if err != nil {
		return err
	}
	defer l.kill()
	if err := l.waitOpened(); err != nil {
		return err
	}
	if err := c.find(); err != nil {
		return err
	}
	if c.beside != 0 {
		if c.neighbour, err = c.settle(c.sink, c.beside); err != nil {
			return err
		}
	}
	if err := c.follow(c.start); err != nil {
		return err
	}
	if c.life {
		time.Sleep(killAfter())
	} else if err := c.more(c.behind); err != nil {
		return err
	} else if err := c.wait(c.total); err != nil {
		return err
	}
	l.kill()
	if err := c.find(); err != nil {
		return err
	}
	if c.life {
		time.Sleep(underWay)
	} else {
		c.replayed = int64(c.behind)
	}
	return c.more(fresh) // a lane that has lived fast may have been through
}

// underWay is after how long what a killed lane had sent is in the sink.
const underWay = 200 * time.Millisecond

// close lets go of the sink and ends the neighbour.
func (c *crash) close() error {
	if c.log != nil {
		_ = c.log.Close()
	}
	return c.neighbour.stop()
}

// more puts the first so many flights into the source.
func (c *crash) more(records int) error {
	written, err := c.job.writes(c.flights, records)
	if err != nil || records == 0 {
		return err
	}
	c.total += int64(written)
	return c.produce(c.source, records, func(i int) []byte { return c.flights[i%len(c.flights)] })
}

// find reads the lane's place in the sink from its newest checkpoint.
func (c *crash) find() error {
	lanes, err := checkpoint.Dir{Path: c.state}.List()
	if err != nil {
		return err
	}
	if len(lanes) != 1 || !lanes[0].OK || len(lanes[0].Last.Sinks) != 1 {
		return fmt.Errorf("the state folder holds %d lanes, want one with one sink", len(lanes))
	}
	for _, c.place = range lanes[0].Last.Sinks {
	}
	if !c.life && c.place.Positions[0] != c.start {
		return fmt.Errorf("the checkpoint's position is %d, want %d, where the sink ended before", c.place.Positions[0], c.start)
	}
	return nil
}

func (c *crash) sinkEnd() (int64, error) {
	at, err := c.client.Offsets(c.ctx, c.sink, 0)
	return at.Next, err
}

// follow begins to read the sink at an offset.
func (c *crash) follow(from int64) (err error) {
	c.log, err = c.client.Consumer(c.ctx, c.sink, 0, fluvio.At(from))
	return err
}

// wait reads the sink until it has seen so many records of the lane.
func (c *crash) wait(records int64) error {
	for c.seen < records {
		if _, err := c.next(); err != nil {
			return err
		}
	}
	return nil
}

// next returns the next batch of the sink and counts it if it is the lane's. Its ordinals go up one by one, or something is there twice
// or not at all.
func (c *crash) next() (fluvio.Batch, error) {
	b, err := c.log.PollBatch(c.ctx)
	if err != nil {
		return nil, err
	}
	s, ok := b.Sequence()
	if !ok || s.Writer != c.place.Writer {
		return b, nil
	}
	if s.Ordinal != c.seen {
		return nil, fmt.Errorf("the lane's record %d is at offset %d, where its record %d was to come", s.Ordinal, b.BaseOffset(), c.seen)
	}
	c.seen += b.RecordCount()
	return b, nil
}

// restart starts the lane again and waits for the first record of it that was not there before: first is when it is seen.
func (c *crash) restart() (l *lane, first time.Duration, err error) {
	if c.end, err = c.sinkEnd(); err != nil {
		return nil, 0, err
	}
	for c.log.Position() < c.end { // what the lane wrote before it was killed
		if _, err := c.next(); err != nil {
			return nil, 0, err
		}
	}
	before := c.seen
	if c.life {
		c.replayed = c.readAgain()
	}
	if l, err = c.begin(time.Second); err != nil {
		return nil, 0, err
	}
	if err = c.wait(before + 1); err == nil {
		first = time.Since(l.began)
		err = l.waitOpened()
	}
	if err != nil {
		l.kill()
		return nil, 0, fmt.Errorf("%w\n%s", err, l.said())
	}
	return l, first, nil
}

// readAgain is about how many source records are behind the checkpoint of a lane that wrote part of them.
func (c *crash) readAgain() int64 {
	return (c.seen - c.place.Ordinals[0]) * (lived + fresh) / c.total
}

// examine reads what the lane has looked at, from the checkpoint's position to where the sink ended, and what came since; and then times a
// look at all of that.
func (c *crash) examine(r *recovered) error {
	held, err := c.sinkEnd()
	if err != nil {
		return err
	}
	from, all := c.place.Positions[0], int64(0)
	log, err := c.client.Consumer(c.ctx, c.sink, 0, fluvio.At(from), fluvio.WithUntil(held))
	if err != nil {
		return err
	}
	defer log.Close()
	for {
		b, err := log.PollBatch(c.ctx)
		if err == io.EOF {
			break
		}
		if err != nil {
			return err
		}
		all += int64(len(b))
		if b.NextOffset() <= c.end {
			r.bytes += int64(len(b))
		}
	}
	began := time.Now()
	_, _, err = c.client.SequenceEnd(c.ctx, c.sink, 0, c.place.Writer, c.place.Ordinals[0], from)
	r.look = float64(all) / time.Since(began).Seconds()
	return err
}
