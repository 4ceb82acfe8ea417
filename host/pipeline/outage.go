package pipeline

import (
	"context"
	"sync/atomic"
	"time"

	"github.com/weir-stream/weir/internal/fault"
)

// outage is what is known of whether the cluster can be reached. A drain does not wait for one that can't: what it would
// wait for may come after the whole retry budget, or never, and the last checkpoint is good as it is.
type outage struct {
	drain   <-chan struct{}
	limit   time.Duration         // of a drain
	failure atomic.Pointer[error] // the newest that is tried again; nil: something has worked since
	again   chan error            // a failure since the drain
}

// outageGrace is how long a drain is given that finds the cluster out of reach: it may have come back.
const outageGrace = time.Second

// watch begins to hear of the failures that connectors try again.
func (o *outage) watch(c *Config, drain <-chan struct{}) {
	o.drain, o.limit, o.again = drain, c.DrainTimeout, make(chan error, 1)
	tell := c.Env.OnRetry
	c.Env.OnRetry = func(failure error) {
		if tell != nil {
			tell(failure)
		}
		o.failure.Store(&failure)
		select {
		case <-drain:
		default:
			return
		}
		select {
		case o.again <- failure:
		default: // one is enough
		}
	}
}

// over says that something has worked.
func (o *outage) over() { o.failure.Store(nil) }

// wait waits, once the drain has begun, until it has ended or has to be given up: then it calls end with the reason.
func (o *outage) wait(ended <-chan struct{}, end context.CancelCauseFunc) {
	var late <-chan time.Time
	failure := o.failure.Load()
	if failure != nil {
		timer := time.NewTimer(outageGrace)
		defer timer.Stop()
		late = timer.C
	}
	limit := time.NewTimer(o.limit)
	defer limit.Stop()
	var why error
	select {
	case <-ended:
		return
	case <-limit.C:
		end(fault.Environmentf("asked to end, and not through with what was read within %s (--drain-timeout); the last checkpoint stands, and the next "+
			"run goes on from it", o.limit))
		return
	case why = <-o.again:
	case <-late:
		why = *failure
	}
	end(fault.Environmentf("asked to end while the cluster is out of reach, so what is on its way can't be confirmed; the last checkpoint stands, "+
		"and the next run goes on from it: %w", why))
}
