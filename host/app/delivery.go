package app

import (
	"errors"
	"fmt"

	"github.com/weir-stream/weir/host/connector"
	"github.com/weir-stream/weir/host/operator"
	"github.com/weir-stream/weir/internal/fault"
)

// delivery is how often what a pipeline makes is delivered: the strictest of what its sinks ask for, which goes for its dead letters, too.
func (pl *plan) delivery() connector.Delivery {
	d := connector.AtLeastOnce
	for _, s := range pl.sinks {
		d = max(d, s.table.connector.Delivery())
	}
	return d
}

// checkDelivery refuses what a pipeline can't promise. state says that there is a folder of checkpoints.
func (pl *plan) checkDelivery(state bool) error {
	d := pl.delivery()
	var errs []error
	refuse := func(format string, args ...any) {
		errs = append(errs, fmt.Errorf("pipeline %s, delivery = '%s': %w", pl.Config.Name, d, fmt.Errorf(format, args...)))
	}
	if d != connector.AtLeastOnce && !state {
		refuse("what was written before a crash is known from checkpoints, and there is no folder for them: name one with --state")
	}
	for _, s := range pl.sinks {
		if is := s.table.connector.Delivery(); is != d {
			refuse("table %s has delivery = '%s': what is made again after a crash is made for all sinks of a pipeline; give them the same delivery",
				s.insert.Sink.Name, is)
		}
	}
	if d == connector.ExactlyOnce {
		for i, c := range pl.calls {
			pl.checkReplay(c, pl.stages[i].OnError, refuse)
		}
	}
	return errors.Join(errs...)
}

// checkReplay refuses a call that may make other rows of the same records when they are read again after a crash, cut into other batches.
func (pl *plan) checkReplay(c *call, onError operator.OnError, refuse func(string, ...any)) {
	name := c.fn.def.Name
	switch {
	case c.fn.manifest == nil:
		refuse("the module of function %s has no manifest, which would say that its answers don't depend on how rows are cut into batches "+
			"(batch_independent); add one with weir module build", name)
	case !c.fn.manifest.BatchIndependent:
		refuse("the manifest of function %s does not say batch_independent: after a crash rows are cut into other batches, and its answers may be others; "+
			"weir module test --cuts tries whether they are", name)
	}
	if onError == operator.DropBatch {
		refuse("function %s has weir.on_error = 'drop_batch': what is dropped depends on how rows are cut into batches; use 'isolate' or 'fail'", name)
	}
}

func checkDeliveries(plans []*plan, state bool) error {
	var errs []error
	for _, pl := range plans {
		errs = append(errs, pl.checkDelivery(state))
	}
	return fault.InputError(errors.Join(errs...))
}
