package app

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"runtime/metrics"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/weir-stream/weir/host/builtin"
	"github.com/weir-stream/weir/host/checkpoint"
	"github.com/weir-stream/weir/host/config"
	"github.com/weir-stream/weir/host/connector"
	"github.com/weir-stream/weir/host/pipeline"
	"github.com/weir-stream/weir/internal/fault"
)

// RunConfig is what `weir run` is told.
type RunConfig struct {
	File               string        // of pipelines, in SQL or YAML
	State              string        // folder of checkpoints; empty: nothing is kept
	CheckpointInterval time.Duration // default 1 s
	UntilEnd           bool
	DrainTimeout       time.Duration // default 20 s
	Worker             string        // "I/N"
	RetryBudget        time.Duration // default 60 s
	Endpoint           string        // of the SC; empty: the active profile
	Explain            bool          // print the plan and end
	FailFast           bool          // one failing pipeline stops the others
	JSON               bool          // summaries as JSON, on Out
	LogSummary         bool          // summaries without JSON as lines of Log, not on Err
	Live               *Live         // changes limits while Run runs; nil: nobody does
	// Metrics is the HOST:PORT to serve metrics and health on; empty: nowhere. MetricsReady, where set, is told the address,
	// which tells the port where 0 was asked for. Version is of this weir, for the metrics.
	Metrics      string
	MetricsReady func(address string)
	Version      string
	unreachable  time.Duration // see the constant, which is the default

	Log      *slog.Logger
	Out, Err io.Writer
	Streams  *Streams // of the process, for tables of connector stdio; nil: they are refused
}

// Run runs the pipelines of a file until they have ended, and prints one summary a pipeline. Closing drain stops them in
// good order. The error is that of the gravest failure.
func Run(ctx context.Context, drain <-chan struct{}, c RunConfig) error {
	worker, workers, err := parseWorker(c.Worker)
	if err != nil {
		return err
	}
	if c.CheckpointInterval <= 0 {
		return fault.Inputf("--checkpoint-interval: want more than 0, got %s", c.CheckpointInterval)
	}
	if c.DrainTimeout < 0 {
		return fault.Inputf("--drain-timeout: want more than 0, got %s", c.DrainTimeout)
	}
	if c.Metrics != "" {
		if err := CheckAddress("--metrics", c.Metrics); err != nil {
			return err
		}
	}
	cfg, err := config.Load(c.File)
	if err != nil {
		return err
	}
	eng, err := builtin.Engine(cacheDir(), c.Log)
	if err != nil {
		return err
	}
	defer eng.Close(context.WithoutCancel(ctx))
	rewritten := openRewritten(c.Log)
	if rewritten != nil {
		defer rewritten.Close()
	}
	planner := newPlanner(eng, rewritten, c.Log)
	planner.env.Endpoint = c.Endpoint
	plans, closePlans, err := planner.plan(ctx, cfg)
	if err != nil {
		return err
	}
	defer closePlans()
	if len(plans) == 0 {
		return nothingToRun(c.File)
	}
	if err := checkDeliveries(plans, c.State != "" || c.Explain); err != nil { // explaining promises nothing yet
		return err
	}
	if c.Explain {
		return explain(c.Out, plans, c.JSON)
	}
	for i := range plans {
		p := &plans[i].Config
		p.UntilEnd, p.Worker, p.Workers = c.UntilEnd || connector.Ends(p.Source.Connector), worker, workers
		p.CheckpointInterval, p.DrainTimeout = c.CheckpointInterval, c.DrainTimeout
		p.Env = connector.Env{Logger: c.Log.With("pipeline", p.Name), Endpoint: c.Endpoint, RetryBudget: c.RetryBudget, Streams: c.Streams}
		p.Log = p.Env.Logger
		p.Stats = new(pipeline.Stats)
		p.Store = checkpoint.Memory{}
		if c.State != "" {
			p.Store = checkpoint.Dir{Path: c.State, Log: p.Log}
		}
	}
	endPlans, err := c.keepPlans(planner, plans)
	if err != nil {
		return err
	}
	defer endPlans()
	stopServing, err := serveRun(c, plans, drain)
	if err != nil {
		return err
	}
	defer stopServing()
	if c.Live != nil {
		defer c.Live.begin(cfg, planner, plans)()
	}
	stopTalk := talk(c.Err, plans)
	before := allocations()
	err = runAll(ctx, drain, plans, c.FailFast)
	stopTalk()
	return errors.Join(err, summaries(c, plans, allocations()-before))
}

// nothingToRun says in the file's own language what it lacks.
func nothingToRun(file string) error {
	missing := "no INSERT INTO … SELECT … FROM …"
	if config.IsYAML(file) {
		missing = "no pipelines: a list of them, each with from and into"
	}
	return fault.Inputf("%s: nothing to run: the file has %s", file, missing)
}

// errFailFast is why pipelines end when another one has failed.
var errFailFast = errors.New("another pipeline failed")

// runAll runs the pipelines side by side. One that fails leaves the others running, unless failFast.
func runAll(ctx context.Context, drain <-chan struct{}, plans []*plan, failFast bool) error {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	errs := make([]error, len(plans))
	var running sync.WaitGroup
	for i, p := range plans {
		running.Go(func() {
			p.logStart()
			err := pipeline.Run(ctx, p.Config, drain)
			if err == nil {
				p.logDrained(drain)
			}
			if err == nil || errors.Is(context.Cause(ctx), errFailFast) {
				return
			}
			if ended := context.Cause(ctx); ended != nil {
				err = ended // more to the point than what the end of ctx broke
			}
			errs[i] = fmt.Errorf("pipeline %s: %w", p.Config.Name, err)
			if failFast {
				cancel(errFailFast)
			} else if len(plans) > 1 {
				p.Config.Log.Error("pipeline failed", "reason", err)
			}
		})
	}
	running.Wait()
	return errors.Join(errs...)
}

// parseWorker reads "I/N".
func parseWorker(s string) (worker, workers uint32, err error) {
	i, n, ok := strings.Cut(s, "/")
	w, err1 := strconv.ParseUint(i, 10, 32)
	of, err2 := strconv.ParseUint(n, 10, 32)
	if !ok || err1 != nil || err2 != nil || w >= of {
		return 0, 0, fault.Inputf("--worker: want I/N with I below N, such as 0/1, got %q", s)
	}
	return uint32(w), uint32(of), nil
}

// Summary is what a pipeline did, as scripts may rely on it.
type Summary struct {
	Pipeline     string  `json:"pipeline"`
	RecordsIn    int64   `json:"records_in"`
	RowsIn       int64   `json:"rows_in"`
	RowsOut      int64   `json:"rows_out"`
	RecordsOut   int64   `json:"records_out"`
	Rejected     int64   `json:"rejected"`
	BytesIn      int64   `json:"bytes_in"`
	BytesOut     int64   `json:"bytes_out"`
	Fuel         int64   `json:"fuel"`
	GuestSeconds float64 `json:"guest_seconds"`
	Seconds      float64 `json:"seconds"`
	DeadLetters  int64   `json:"dead_letters"`
	// Verbatim counts rows that went out as the bytes of their records, Patched those that were made of values of their records.
	Verbatim int64 `json:"verbatim"`
	Patched  int64 `json:"patched"`
	// Traps counts calls of modules that failed, ExtraCalls those on parts of batches because of it, Condemned the rejected
	// rows that a module failed on alone.
	Traps      int64 `json:"traps"`
	ExtraCalls int64 `json:"extra_calls"`
	Condemned  int64 `json:"condemned"`
	// Allocations counts heap objects that the whole process allocated while its pipelines ran.
	Allocations uint64 `json:"allocations"`
	// Stages are seconds of work by stage, summed over lanes.
	Stages Stages `json:"stages"`
}

// Stages are the seconds that a pipeline's lanes worked in each stage; operators includes the guest.
type Stages struct {
	Decode     float64 `json:"decode"`
	Operators  float64 `json:"operators"`
	Guest      float64 `json:"guest"`
	Encode     float64 `json:"encode"`
	Write      float64 `json:"write"`
	Checkpoint float64 `json:"checkpoint"`
}

func summarize(name string, s *pipeline.Stats) Summary {
	stages := seconds(s)
	return Summary{
		Pipeline:  name,
		RecordsIn: s.RecordsIn.Load(), RowsIn: s.RowsIn.Load(), RowsOut: s.RowsOut.Load(), RecordsOut: s.RecordsOut.Load(),
		Rejected: s.Rejected.Load(), BytesIn: s.BytesIn.Load(), BytesOut: s.BytesOut.Load(), DeadLetters: s.Letters.Load(),
		Verbatim: s.Verbatim.Load(), Patched: s.Patched.Load(),
		Fuel: s.Fuel.Load(), Traps: s.Traps.Load(), ExtraCalls: s.ExtraCalls.Load(), Condemned: s.Condemned.Load(),
		GuestSeconds: stages.Guest, Seconds: s.Seconds(), Stages: stages,
	}
}

// summaries prints one summary a pipeline: an object on the output stream with --json, a line of talk or of the log otherwise.
func summaries(c RunConfig, plans []*plan, allocated uint64) error {
	for _, p := range plans {
		s := summarize(p.Config.Name, p.Config.Stats)
		s.Allocations = allocated
		if c.JSON {
			if err := json.NewEncoder(c.Out).Encode(s); err != nil {
				return fault.EnvironmentError(err)
			}
			continue
		}
		if c.LogSummary {
			c.Log.Info("pipeline ended", "summary", s)
			continue
		}
		fmt.Fprintf(c.Err, "pipeline %s: %d records in, %d rows in, %d rows out, %d records out, %d rejected in %.2f s (%.0f records/s, guest %.0f%%)\n",
			s.Pipeline, s.RecordsIn, s.RowsIn, s.RowsOut, s.RecordsOut, s.Rejected, s.Seconds, perSecond(s.RecordsIn, s.Seconds), 100*share(s.GuestSeconds, s.Seconds))
		if s.Traps > 0 {
			fmt.Fprintf(c.Err, "pipeline %s: modules failed %d times: %d rows condemned, %d calls more\n", s.Pipeline, s.Traps, s.Condemned, s.ExtraCalls)
		}
	}
	return nil
}

// allocations counts the heap objects that the process has allocated.
func allocations() uint64 {
	sample := []metrics.Sample{{Name: "/gc/heap/allocs:objects"}}
	metrics.Read(sample)
	return sample[0].Value.Uint64()
}

func perSecond(n int64, seconds float64) float64 { return share(float64(n), seconds) }

// share is a/b, and 0 where there is no b.
func share(a, b float64) float64 {
	if b == 0 {
		return 0
	}
	return a / b
}
