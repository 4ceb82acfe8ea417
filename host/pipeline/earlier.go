package pipeline

import (
	"context"
	"errors"
	"fmt"

	"github.com/weir-stream/weir/host/checkpoint"
	"github.com/weir-stream/weir/host/connector"
	"github.com/weir-stream/weir/internal/fault"
)

// Plan is what decides which records a pipeline makes: its tables, its functions' modules and parameters, its limits. Where sinks are
// written exactly once, what is in them beyond a checkpoint is known by what the same plan makes again (invariant 14). So checkpoints
// name their plan, and one that was made under another plan is brought up to the sinks by that plan before this one goes on.
type Plan struct {
	// ID names the plan in checkpoints: the hash of a blob of the store. Empty: none is kept.
	ID string
	// Keep puts the plan, and what it refers to, into the store. It is called before a checkpoint names it.
	Keep func() error
	// Earlier plans the pipeline as it was under another ID. Of the result the fields from Source to OnReject count. The error says what
	// is missing of it.
	Earlier func(ctx context.Context, id string) (*Config, error)
}

// errThrough ends a lane that was run under an earlier plan: the sinks hold nothing beyond its checkpoint.
var errThrough = errors.New("what the sinks hold is through")

// finishEarlier brings a lane's checkpoint up to what the sinks hold, where it was made under another plan. other says that it was:
// what comes next needs writer ids of its own.
func (f *fleet) finishEarlier(ctx context.Context, p uint32, saved checkpoint.Lane) (other bool, err error) {
	at, there := saved.Last()
	if !there || at.Plan == f.c.Plan.ID || !f.c.exactlyOnce() || !sequenced(at) {
		return false, nil
	}
	ahead, err := f.outs.ahead(ctx, at)
	if err != nil || ahead == "" {
		return err == nil, err
	}
	f.earlier.Lock()
	defer f.earlier.Unlock()
	if err := f.runEarlier(ctx, p, saved, at.Plan); err != nil {
		return false, fmt.Errorf("%s holds records beyond the checkpoint that were made as the file, a module or a parameter was before, "+
			"and that must be finished first: %w; run what was there before, or %s", ahead, err, toDraw)
	}
	return true, nil
}

// sequenced tells whether a checkpoint has writer ids.
func sequenced(at checkpoint.Checkpoint) bool {
	for _, s := range at.Sinks {
		if s.Writer != 0 {
			return true
		}
	}
	return false
}

// ahead names a sink that has something of the lane beyond a checkpoint, or that the pipeline does not write (any more), so that this
// can't be told. Empty: there is none.
func (s *sinks) ahead(ctx context.Context, at checkpoint.Checkpoint) (name string, err error) {
	open := map[string]connector.Sink{}
	for i, t := range s.c.Sinks {
		open[s.c.countName(t)+placeOf(t.Connector)] = s.tables[i]
	}
	for i, l := range s.c.Letters {
		open[lettersName(l)+placeOf(l.Connector)] = s.letters[i]
	}
	for name, place := range at.Sinks {
		if place.Writer == 0 {
			continue
		}
		sink, there := open[name+place.Topic]
		if !there {
			return name, nil
		}
		q, err := findSequence(ctx, sink, place)
		if err != nil {
			return "", fmt.Errorf("%s: %w", name, err)
		}
		if !q.equal() {
			return name, nil
		}
	}
	return "", nil
}

// runEarlier runs a lane as it was planned before, from its checkpoint until the sinks hold nothing beyond it. That plan may fail at a
// record, as it did before: then it is run once more, row by row, since what lies before that record in its batch may be all there is.
func (f *fleet) runEarlier(ctx context.Context, p uint32, saved checkpoint.Lane, plan string) error {
	c, err := f.c.earlier(ctx, plan)
	if err != nil {
		return err
	}
	c.Log.Info("the lane's plan has changed: what the earlier one has in the sinks is finished first", "lane", fmt.Sprintf("%s/%d", c.Name, p), "plan", plan)
	if err = f.catchUp(ctx, c, p, saved); fault.Of(err) == fault.Input {
		c.Limits.Rows = 1
		err = f.catchUp(ctx, c, p, saved)
	}
	return err
}

// catchUp runs a lane under another plan than the fleet's, from its checkpoint until the sinks hold nothing beyond it.
func (f *fleet) catchUp(ctx context.Context, c *Config, p uint32, saved checkpoint.Lane) (err error) {
	source, err := c.Source.Connector.OpenSource(ctx, c.env(PartSource))
	if err != nil {
		return fmt.Errorf("table %s: %w", c.Source.Table, err)
	}
	defer closing(&err, source.Close)
	outs, err := openSinks(ctx, c)
	if err != nil {
		return err
	}
	defer closing(&err, outs.close)
	at, _ := saved.Last()
	if ahead, err := outs.ahead(ctx, at); err != nil || ahead == "" {
		return err
	}
	end, err := source.End(ctx, p)
	if err != nil {
		return err
	}
	l := newLane(c, p, newBudget(c.QueueBytes))
	l.saved, l.finishing = saved, true
	defer func() {
		l.saved = nil // it stays open
		closing(&err, l.close)
	}()
	if err := l.open(ctx, newFleet(c, source, outs), p, end); err != nil {
		return err
	}
	l.account(new(LaneStats))
	err = l.run(ctx, ctx)
	switch {
	case l.sinks.through():
		return nil // whatever came behind that
	case err == nil:
		return fault.Inputf("topic %s partition %d ends at offset %d, and makes less of it than the sinks hold", l.source.topic, p, end)
	}
	return err
}

// earlier is the pipeline as it was planned under another ID, to be run as this one is.
func (c *Config) earlier(ctx context.Context, id string) (*Config, error) {
	if c.Plan.Earlier == nil {
		return nil, fault.Inputf("nothing was kept of how they were made")
	}
	was, err := c.Plan.Earlier(ctx, id)
	if err != nil {
		return nil, err
	}
	now := *c
	now.Source, now.Chain, now.Sinks, now.Letters, now.OnReject = was.Source, was.Chain, was.Sinks, was.Letters, was.OnReject
	now.Plan = Plan{ID: id}
	return &now, nil
}

// through tells whether the sinks hold nothing beyond the newest checkpoint.
func (w *writing) through() bool {
	through := true
	w.each(func(o *output) {
		if at := w.last.Sinks[o.name]; o.sequence != nil {
			through = through && at.Writer == o.sequence.writer && o.sequence.covered(at.Ordinals)
		}
	})
	return through
}

// reached tells whether they hold nothing beyond a checkpoint at next.
func (w *writing) reached(next int64) bool {
	reached := true
	w.each(func(o *output) {
		if o.sequence != nil {
			reached = reached && o.sequence.covered(o.sequence.ordinals(o.current == next))
		}
	})
	return reached
}
