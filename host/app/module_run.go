package app

import (
	"context"
	"log/slog"
	"math/rand/v2"
	"sync"
	"time"

	"github.com/apache/arrow-go/v18/arrow"

	"github.com/weir-stream/weir/host/abi"
	"github.com/weir-stream/weir/host/batch"
	"github.com/weir-stream/weir/host/checkpoint"
	"github.com/weir-stream/weir/host/connector"
	"github.com/weir-stream/weir/host/deadletter"
	"github.com/weir-stream/weir/host/operator"
	"github.com/weir-stream/weir/host/pipeline"
)

// rigRun is one run of a rig over its input.
type rigRun struct {
	row    func(output string, row []byte) error // a row of an output, as weir's JSON sink writes it
	reject func(l *deadletter.Letter) error      // a record that could not be decoded, or that the module rejected

	input  *lineReader
	stats  pipeline.Stats
	memory uint64 // bytes, the most that an instance had behind a call that ended well

	flush func() error // makes what was printed visible; nil: nobody waits for it
}

// forever is longer than any run: where batches are cut must not depend on the time.
const forever = 365 * 24 * time.Hour

// run runs the input through the module: the pipeline's whole path, from decoding to encoding. cuts decide where batches are
// cut; nil: only their limits do.
func (r *rig) run(ctx context.Context, run *rigRun, cuts *rand.Rand) (err error) {
	if run.input, err = openLines(r.Input, r.In, cuts); err != nil {
		return err
	}
	defer func() { _ = run.input.file.Close() }() // it was only read
	r.plan.stages[0].Open = func(ctx context.Context) (operator.Guest, error) {
		i, err := r.planner.modules.instance(ctx, r.plan.calls[0])
		if err != nil {
			return nil, err
		}
		w := &watched{i, &run.memory}
		w.look()
		return w, nil
	}
	return run.through(ctx, r.plan, r.ends)
}

// through runs a plan over the run's input.
func (run *rigRun) through(ctx context.Context, pl *plan, ends *localEnds) error {
	end := make(chan struct{})
	run.input.ended = sync.OnceFunc(func() { close(end) })
	ends.run = run
	c := pl.Config
	c.Stats, c.Store, c.Env = &run.stats, checkpoint.Memory{}, connector.Env{}
	c.Log = slog.New(slog.DiscardHandler) // rejected rows are told one by one
	c.Limits, c.CheckpointInterval = batch.Limits{Age: forever}, forever
	err := pipeline.Run(ctx, c, end)
	if failed := run.input.failed(); failed != nil {
		return failed // in fewer words
	}
	return err
}

// watched is an instance whose memory is looked at behind each call. One lane has one instance at work, so nobody else writes
// the maximum meanwhile.
type watched struct {
	*abi.Instance
	most *uint64 // bytes
}

func (w *watched) Process(ctx context.Context, rec arrow.RecordBatch, from abi.Rows) (*abi.Result, error) {
	result, err := w.Instance.Process(ctx, rec, from)
	w.look()
	return result, err
}

func (w *watched) look() { *w.most = max(*w.most, w.Stats().MemoryBytes) }
