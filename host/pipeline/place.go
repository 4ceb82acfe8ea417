package pipeline

import (
	"context"
	"fmt"
	"maps"

	"github.com/weir-stream/weir/host/checkpoint"
	"github.com/weir-stream/weir/host/connector"
	"github.com/weir-stream/weir/internal/fault"
)

// place returns the lane's newest checkpoint, made to fit the source and the sinks as they are. A new lane gets checkpoint 0, durable
// before anything is read, so that "latest" means the same after a crash, and what has been written is found (invariant 3).
func place(ctx context.Context, c *Config, source connector.Source, p uint32, saved checkpoint.Lane, outs *sinks) (checkpoint.Checkpoint, error) {
	at, there := saved.Last()
	if !there {
		next, err := source.Start(ctx, p)
		if err != nil {
			return at, err
		}
		at = checkpoint.Checkpoint{Version: checkpoint.Version, Pipeline: c.Name, Topic: source.Topic(), Partition: p, Next: next, Sinks: map[string]checkpoint.Sink{}}
	}
	changed, err := skipLost(ctx, c, source, &at)
	if err != nil {
		return at, err
	}
	redrawn, fitted, err := outs.fit(ctx, &at)
	switch {
	case err != nil:
		return at, err
	case redrawn:
		err = saved.SaveTwice(succeed(at, there))
	case changed || fitted || !there:
		err = saved.Save(succeed(at, there))
	}
	if err != nil {
		return at, err
	}
	at, _ = saved.Last()
	return at, nil
}

// succeed is a checkpoint to be saved behind another one, or as the first.
func succeed(c checkpoint.Checkpoint, there bool) checkpoint.Checkpoint {
	if there {
		c.Epoch++
	}
	return c
}

// skipLost goes on behind what retention has taken before it was read, where the source's configuration says so.
func skipLost(ctx context.Context, c *Config, source connector.Source, at *checkpoint.Checkpoint) (changed bool, err error) {
	earliest, err := source.Earliest(ctx, at.Partition)
	if err != nil || at.Next >= earliest {
		return false, err
	}
	lost := earliest - at.Next
	if !c.Source.Connector.SkipLost() {
		return false, fault.Inputf("the checkpoint is at offset %d of topic %s partition %d, but the oldest record there is at %d: retention took %d before they were read; "+
			"set source.lost to 'skip' to go on with what is left, or run with another --state", at.Next, at.Topic, at.Partition, earliest, lost)
	}
	c.Log.Warn("records are lost: retention took them before they were read", "topic", at.Topic, "partition", at.Partition,
		"from", at.Next, "to", earliest, "records", lost)
	c.Stats.Lost.Add(lost)
	at.Next, at.SeenAt, at.Seen = earliest, 0, nil
	return true, nil
}

// fit gives a checkpoint a place in each sink: a new one in a sink that it does not know; and where sinks have more partitions by now, and
// have nothing beyond the checkpoint, one over all of them. redrawn says that there are new writer ids.
func (s *sinks) fit(ctx context.Context, at *checkpoint.Checkpoint) (redrawn, changed bool, err error) {
	places := maps.Clone(at.Sinks)
	at.Sinks = map[string]checkpoint.Sink{}
	one := func(name string, to connector.Config, sink connector.Sink) error {
		old, known := places[name]
		f := fitting{to: to, sink: sink, place: placeOf(to), exact: to.Delivery() == connector.ExactlyOnce}
		now, err := f.fit(ctx, old, known)
		if err != nil {
			return fmt.Errorf("%s: %w", name, err)
		}
		at.Sinks[name] = now
		redrawn = redrawn || now.Writer != old.Writer
		changed = changed || now.Partitions != old.Partitions || now.Topic != old.Topic
		return nil
	}
	for i, t := range s.c.Sinks {
		if err := one(s.c.countName(t), t.Connector, s.tables[i]); err != nil {
			return false, false, err
		}
	}
	for i, l := range s.c.Letters {
		if err := one(lettersName(l), l.Connector, s.letters[i]); err != nil {
			return false, false, err
		}
	}
	for name, old := range places { // sinks that the pipeline does not write any more
		if _, kept := at.Sinks[name]; !kept {
			redrawn = redrawn || old.Writer != 0
			changed = true
		}
	}
	return redrawn, changed, nil
}

// placeOf names a sink's topic in checkpoints. Where --endpoint or a profile leads to is not in it: a cluster may move.
func placeOf(to connector.Config) string { return to.Place(connector.Env{}) }

// fitting is one sink that a checkpoint gets a place in.
type fitting struct {
	to    connector.Config
	sink  connector.Sink
	place string
	exact bool
}

func (f *fitting) fit(ctx context.Context, old checkpoint.Sink, known bool) (checkpoint.Sink, error) {
	n := f.sink.Partitions()
	now := checkpoint.Sink{Count: old.Count, Topic: f.place, Partitions: n}
	if !f.exact {
		return now, nil
	}
	if err := f.sink.ExactlyOnce(ctx); err != nil {
		return now, err
	}
	switch {
	case !known || old.Writer == 0:
		return f.drawn(ctx, now)
	case old.Topic != f.place:
		return now, fault.Inputf("the checkpoint goes with %s, and the table writes to %s now: what is there can't be told from what is not; "+
			"run the file as it was until it is through, give the pipeline another name, or draw new writer ids with weir state rewind", old.Topic, f.place)
	case n < old.Partitions:
		return now, fault.Inputf("%s has %d partitions, it had %d: was the topic deleted and made again? "+
			"Give the pipeline another name, or draw new writer ids with weir state rewind", f.place, n, old.Partitions)
	case n == old.Partitions:
		return old, nil
	}
	q, err := findSequence(ctx, f.sink, old)
	if err != nil || !q.equal() {
		return old, err // the run that is in the sink goes on over as many partitions as it began with
	}
	return f.drawn(ctx, now)
}

// drawn begins a sequence.
func (f *fitting) drawn(ctx context.Context, now checkpoint.Sink) (checkpoint.Sink, error) {
	q, err := draw(ctx, f.sink, now.Partitions)
	if err == nil {
		now.Writer, now.Ordinals, now.Positions = q.writer, q.next, q.positions
	}
	return now, err
}
