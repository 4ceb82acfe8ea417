package app

import (
	"context"
	"errors"
	"strings"
	"sync/atomic"
	"time"

	"github.com/apache/arrow-go/v18/arrow"

	"github.com/weir-stream/weir/host/abi"
	"github.com/weir-stream/weir/host/engine"
	"github.com/weir-stream/weir/host/operator"
)

// moduleStats counts what the instances of a function of a pipeline do, all of its calls in the pipeline together.
type moduleStats struct {
	function, hash string
	limit          func() int64 // bytes of memory that an instance may have by now

	calls, nanos, fuel, restores atomic.Int64
	instances, memory            atomic.Int64 // alive, and the bytes that they have
	failures                     [len(failureClasses)]atomic.Int64
}

// failureClasses are the ways in which a call fails, the last one for those that are new here.
var failureClasses = [...]string{
	string(engine.Unreachable), string(engine.OutOfBounds), string(engine.Arithmetic), string(engine.Table),
	"fuel", "fuel_rate", "time", "depth", "memory", "host_calls", "violation", "status", "exit", "bug", "other",
}

// failureClass is the place in failureClasses of a failure.
func failureClass(f *abi.Failure) int {
	name := string(f.Kind)
	if limit, ok := strings.CutPrefix(f.Code, "limit."); ok {
		name = limit
	} else if trap, ok := strings.CutPrefix(f.Code, "trap."); ok {
		name = trap
	}
	for i, class := range failureClasses {
		if class == name {
			return i
		}
	}
	return len(failureClasses) - 1
}

// metering opens instances that keep account.
func (m *moduleStats) metering(open func(context.Context) (operator.Guest, error)) func(context.Context) (operator.Guest, error) {
	return func(ctx context.Context) (operator.Guest, error) {
		guest, err := open(ctx)
		if err != nil {
			return nil, err
		}
		m.instances.Add(1)
		g := &meteredGuest{Guest: guest, stats: m}
		g.weigh()
		return g, nil
	}
}

// meteredGuest is an instance that keeps account of itself.
type meteredGuest struct {
	operator.Guest
	stats  *moduleStats
	memory int64 // bytes that stats knows of
}

// weigh tells how much memory the instance has now.
func (g *meteredGuest) weigh() {
	_, memory := g.Used()
	g.stats.memory.Add(memory - g.memory)
	g.memory = memory
}

func (g *meteredGuest) Process(ctx context.Context, rec arrow.RecordBatch, from abi.Rows) (*abi.Result, error) {
	began := time.Now()
	answer, err := g.Guest.Process(ctx, rec, from)
	g.stats.nanos.Add(int64(time.Since(began)))
	g.stats.calls.Add(1)
	g.weigh()
	var failure *abi.Failure
	switch {
	case err == nil:
		g.stats.fuel.Add(int64(answer.Fuel))
	case errors.As(err, &failure):
		g.stats.fuel.Add(int64(failure.Fuel))
		if failure.Kind != abi.FailedCancelled { // the run ended, the module did nothing wrong
			g.stats.failures[failureClass(failure)].Add(1)
		}
	}
	return answer, err
}

func (g *meteredGuest) Restore(ctx context.Context) error {
	g.stats.restores.Add(1)
	err := g.Guest.Restore(ctx)
	g.weigh()
	return err
}

func (g *meteredGuest) Close(ctx context.Context) error {
	g.stats.instances.Add(-1)
	g.stats.memory.Add(-g.memory)
	g.memory = 0
	return g.Guest.Close(ctx)
}
