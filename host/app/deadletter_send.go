package app

import (
	"context"
	"errors"
	"fmt"

	"github.com/weir-stream/weir/fluvio"
	"github.com/weir-stream/weir/internal/fault"
)

// send sends what is not there yet, one partition of letters after the other, and returns when all of it is acknowledged.
func (r *replay) send(ctx, reading context.Context) error {
	s := &replaySending{replay: r, open: map[*replayLane]*fluvio.Producer{}, sent: map[string]int64{}}
	err := r.each(reading, func(f *found, lane *replayLane, part *replayPart) error {
		if part.position < part.found {
			r.done.Before++
			return nil
		}
		return s.put(ctx, f, lane, part)
	})
	if r.done.Stopped = interrupted(reading, err); err == nil || r.done.Stopped {
		err = s.finish(ctx)
	} else {
		ended, end := context.WithCancel(ctx)
		end()
		_ = s.finish(ended) // gives up what is not acknowledged: err says why
	}
	r.sum(s.sent)
	for _, n := range s.sent {
		r.done.Sent += n
	}
	if err != nil {
		err = fmt.Errorf("%w (%d of %d letters are acknowledged%s)", err, r.done.Sent+r.done.Before, r.done.Letters, r.goOn())
	}
	return err
}

// goOn says how to go on with a replay that has ended too early.
func (r *replay) goOn() string {
	if r.c.ID == "" {
		return ""
	}
	return "; the same command with --replay-id " + r.c.ID + " sends the others"
}

// replaySending is the sending half of a replay: producers of the partition of letters that is being read, one for each topic.
type replaySending struct {
	*replay
	partition uint32
	open      map[*replayLane]*fluvio.Producer
	sent      map[string]int64 // acknowledged, by topic
}

const (
	// aroundReplayed is more than a request has around a record, and what is buffered beside a request, in bytes.
	aroundReplayed = 1 << 10
	besideReplayed = 4 << 20
)

func (s *replaySending) put(ctx context.Context, f *found, lane *replayLane, part *replayPart) error {
	if f.at.Partition != s.partition {
		if err := s.finish(ctx); err != nil {
			return err
		}
		s.partition = f.at.Partition
	}
	producer, err := s.producer(ctx, lane)
	if err != nil {
		return fmt.Errorf("topic %s: %w", lane.target, classed(err))
	}
	// Without a time it gets that of now.
	err = producer.ProduceTo(ctx, part.partition, fluvio.Record{Timestamp: f.Time, Value: f.Value})
	if errors.Is(err, fluvio.ErrRecordTooLarge) {
		return fault.Inputf("letter %s: topic %s: %w; leave it out, or choose a topic that takes larger records with --to", f.at, lane.target, err)
	}
	if err != nil {
		return fmt.Errorf("letter %s: topic %s: %w", f.at, lane.target, classed(err))
	}
	s.done.Bytes += int64(len(f.Value))
	return nil
}

// producer is that of a lane. Its records go on behind those that are there.
func (s *replaySending) producer(ctx context.Context, lane *replayLane) (*fluvio.Producer, error) {
	if p, ok := s.open[lane]; ok {
		return p, nil
	}
	request := min(max(requestSize, s.largest+aroundReplayed), mostRequest)
	options := []fluvio.ProducerOption{fluvio.WithMaxRequestSize(request), fluvio.WithMaxBuffered(request + besideReplayed)}
	if !s.unnumbered {
		options = append(options, fluvio.WithSequence(lane.writer, lane.next()...))
	}
	p, err := s.client.Producer(ctx, lane.target, options...)
	if err == nil {
		s.open[lane] = p
	}
	return p, err
}

// finish waits until everything is acknowledged, and counts it.
func (s *replaySending) finish(ctx context.Context) (err error) {
	for lane, p := range s.open {
		if closed := p.Close(ctx); closed != nil {
			err = errors.Join(err, fmt.Errorf("topic %s: %w", lane.target, classed(closed)))
		}
		for _, part := range lane.parts {
			n, _ := p.Acknowledged(part.partition)
			s.sent[lane.target] += n
		}
	}
	clear(s.open)
	return err
}
