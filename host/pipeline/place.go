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
func (f *fleet) place(ctx context.Context, p uint32, saved checkpoint.Lane) (checkpoint.Checkpoint, error) {
	other, err := f.finishEarlier(ctx, p, saved)
	if err != nil {
		return checkpoint.Checkpoint{}, err
	}
	at, there := saved.Last()
	if !there {
		if at, err = f.begin(ctx, p); err != nil {
			return at, err
		}
	}
	if at.SourcePartitions > f.started {
		return at, f.fewer(f.started, at.SourcePartitions)
	}
	lost, changed, err := skipLost(ctx, f.c, f.source, &at)
	if err != nil {
		return at, err
	}
	if lost > 0 && !other {
		if err := f.outs.clear(ctx, at); err != nil {
			return at, err
		}
	}
	redrawn, fitted, err := f.outs.fit(ctx, &at, lost > 0 || other)
	if err != nil {
		return at, err
	}
	if at.Plan != f.c.Plan.ID {
		at.Plan, changed = f.c.Plan.ID, true
	}
	if f.c.Plan.Keep != nil && (redrawn || changed || fitted || !there) {
		if err := f.c.Plan.Keep(); err != nil {
			return at, err
		}
	}
	switch {
	case redrawn:
		err = saved.SaveTwice(succeed(at, there))
	case changed || fitted || !there:
		err = saved.Save(succeed(at, there))
	}
	if err != nil {
		return at, err
	}
	f.c.Stats.Lost.Add(lost)
	at, _ = saved.Last()
	return at, nil
}

// begin is where a lane without a checkpoint begins: where the configuration says, but at the beginning of a partition that was not there
// when the pipeline first began, since nothing of it was meant to be left out.
func (f *fleet) begin(ctx context.Context, p uint32) (at checkpoint.Checkpoint, err error) {
	at = checkpoint.Checkpoint{
		Version: checkpoint.Version, Pipeline: f.c.Name, Topic: f.source.Topic(), Partition: p, Sinks: map[string]checkpoint.Sink{},
	}
	if at.SourcePartitions, err = f.first(); err != nil {
		return at, err
	}
	find := f.source.Start
	if int64(p) >= int64(at.SourcePartitions) {
		find = f.source.Earliest
	}
	at.Next, err = find(ctx, p)
	return at, err
}

// succeed is a checkpoint to be saved behind another one, or as the first.
func succeed(c checkpoint.Checkpoint, there bool) checkpoint.Checkpoint {
	if there {
		c.Epoch++
	}
	return c
}

// clear refuses to leave out records of the source where a sink may hold what was made of them.
func (s *sinks) clear(ctx context.Context, at checkpoint.Checkpoint) error {
	ahead, err := s.ahead(ctx, at)
	if err != nil || ahead == "" {
		return err
	}
	return fault.Inputf("%s holds records that were made of what retention took from the source meanwhile, or of what comes behind it: "+
		"exactly_once can't tell which; weir state rewind goes on from an offset that is left, and writes again what was made of it", ahead)
}

// fit gives a checkpoint a place in each sink: a new one in a sink that it does not know; and where sinks have more partitions by now, and
// have nothing beyond the checkpoint, one over all of them. anew says that they have not, and that what comes next is not what came next
// when the checkpoint was made, so that it needs sequences of its own. redrawn says that there are new writer ids (invariant 18).
func (s *sinks) fit(ctx context.Context, at *checkpoint.Checkpoint, anew bool) (redrawn, changed bool, err error) {
	places := maps.Clone(at.Sinks)
	at.Sinks = map[string]checkpoint.Sink{}
	one := func(name string, to connector.Config, sink connector.Sink) error {
		old, known := places[name]
		f := fitting{to: to, sink: sink, place: placeOf(to), exact: to.Delivery() == connector.ExactlyOnce, anew: anew}
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
	anew  bool // see sinks.fit
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
	case !known || old.Writer == 0 || f.anew:
		return f.drawn(ctx, now)
	case old.Topic != f.place:
		return now, fault.Inputf("the checkpoint goes with %s, and the table writes to %s now: what is there can't be told from what is not; "+
			"run the file as it was until it is through, %s", old.Topic, f.place, toDraw)
	case n < old.Partitions:
		return now, fewerInSink(f.place, n, old.Partitions)
	case n == old.Partitions:
		return old, nil
	}
	q, err := findSequence(ctx, f.sink, old)
	switch {
	case err != nil:
		return old, err
	case q.equal():
		return f.drawn(ctx, now)
	}
	return old, nil // the run that is in the sink goes on over as many partitions as it began with
}

// fewerInSink says that a sink has less partitions than it had.
func fewerInSink(place string, now, before int) error {
	return fault.Inputf("%s has %d partitions, it had %d; was the topic deleted and made again? If so, %s", place, now, before, toDraw)
}

// drawn begins a sequence.
func (f *fitting) drawn(ctx context.Context, now checkpoint.Sink) (checkpoint.Sink, error) {
	q, err := draw(ctx, f.sink, now.Partitions)
	if err == nil {
		now.Writer, now.Ordinals, now.Positions = q.writer, q.next, q.positions
	}
	return now, err
}
