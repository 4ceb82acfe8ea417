package app

import (
	"cmp"
	"encoding/json"
	"fmt"
	"net/http"
	"runtime"
	"slices"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/weir-stream/weir/host/operator"
	"github.com/weir-stream/weir/host/pipeline"
	"github.com/weir-stream/weir/internal/fault"
	"github.com/weir-stream/weir/internal/visible"
)

const (
	// lagInterval is how often the ends of the source's partitions are asked for while metrics are served.
	lagInterval = 5 * time.Second
	// unreachable is for how long nothing that a pipeline tries may work before it does not count as ready.
	unreachable = 30 * time.Second
)

// watchedRun is a run as its metrics and its health are made from. What is in it is not changed once it is served.
type watchedRun struct {
	version     string
	drain       <-chan struct{}
	unreachable time.Duration
	pipelines   []watchedPipeline // in the order of the file
}

// watchedPipeline is a pipeline's counters.
type watchedPipeline struct {
	name    string
	table   string // of the source
	stats   *pipeline.Stats
	modules []*moduleStats // one a function, in the order of their first call
}

// watch has the plans' pipelines keep account of their modules and of the source's ends.
func watch(c RunConfig, plans []*plan, drain <-chan struct{}) *watchedRun {
	w := &watchedRun{version: c.Version, drain: drain, unreachable: cmp.Or(c.unreachable, unreachable)}
	for _, p := range plans {
		p.Config.LagInterval = lagInterval
		w.pipelines = append(w.pipelines, watchedPipeline{
			name: p.Config.Name, table: p.Config.Source.Table, stats: p.Config.Stats, modules: meterModules(p),
		})
	}
	return w
}

// serveRun serves a run's metrics and health on c.Metrics, if that is asked for, until close is called.
func serveRun(c RunConfig, plans []*plan, drain <-chan struct{}) (close func(), err error) {
	if c.Metrics == "" {
		return func() {}, nil
	}
	server, err := serveMetrics(c.Metrics, watch(c, plans, drain).handler(), c.Log)
	if err != nil {
		return nil, fault.EnvironmentError(fmt.Errorf("--metrics: %w", err))
	}
	if c.MetricsReady != nil {
		c.MetricsReady(server.address())
	}
	return server.close, nil
}

// handler serves /metrics, /healthz, /readyz and /rejected.
func (w *watchedRun) handler() http.Handler {
	build := prometheus.NewGaugeFunc(prometheus.GaugeOpts{
		Name: "weir_build_info", Help: "Always 1; its labels say which weir runs, and which Go it was built with.",
		ConstLabels: prometheus.Labels{"version": w.version, "go_version": runtime.Version()},
	}, func() float64 { return 1 })
	mux := metricsMux(runCollector{w}, build)
	mux.HandleFunc("GET /healthz", func(out http.ResponseWriter, _ *http.Request) { answer(out, w.health()) })
	mux.HandleFunc("GET /readyz", func(out http.ResponseWriter, _ *http.Request) { answer(out, w.readiness(time.Now())) })
	mux.HandleFunc("GET /rejected", w.serveRejected)
	return mux
}

// health is the body of an answer: 200 where Status is ok, 503 otherwise.
type health struct {
	Status    string           `json:"status"` // ok, failed, waiting or draining
	Pipelines []pipelineHealth `json:"pipelines"`
}

type pipelineHealth struct {
	Pipeline string `json:"pipeline"`
	State    string `json:"state"`                 // of pipelineStates
	WaitsFor string `json:"waiting_for,omitempty"` // why it is not ready
	Error    string `json:"error,omitempty"`       // why it failed
}

// answer sends a body; whoever asked may be gone.
func answer(out http.ResponseWriter, h health) {
	out.Header().Set("Content-Type", "application/json")
	out.Header().Set("Cache-Control", "no-store")
	if h.Status != "ok" {
		out.WriteHeader(http.StatusServiceUnavailable)
	}
	_ = json.NewEncoder(out).Encode(h)
}

// pipelineStates are the states of a pipeline, in the order of pipeline.Phase.
var pipelineStates = [...]string{"planned", "opening_source", "opening_sinks", "opening_lanes", "reading", "ended", "failed"}

// health is ok while no pipeline has failed: one that has will not go on in this process.
func (w *watchedRun) health() health {
	h := health{Status: "ok", Pipelines: []pipelineHealth{}}
	for _, p := range w.pipelines {
		one := p.health()
		if one.Error != "" {
			h.Status = "failed"
		}
		h.Pipelines = append(h.Pipelines, one)
	}
	return h
}

func (p watchedPipeline) health() pipelineHealth {
	h := pipelineHealth{Pipeline: p.name, State: pipelineStates[p.stats.Phase()]}
	if err := p.stats.Failure(); err != nil {
		h.Error = visible.Line(err.Error())
	}
	return h
}

// readiness is ok when every pipeline reads what there is to read, or has ended, and nothing that it needs is out of reach.
func (w *watchedRun) readiness(now time.Time) health {
	h := w.health()
	for i, p := range w.pipelines {
		if h.Pipelines[i].WaitsFor = p.waitsFor(now, w.unreachable); h.Pipelines[i].WaitsFor != "" && h.Status == "ok" {
			h.Status = "waiting"
		}
	}
	select {
	case <-w.drain:
		if h.Status != "failed" {
			h.Status = "draining"
		}
	default:
	}
	return h
}

// waitsFor is what keeps a pipeline from reading; "": nothing.
func (p watchedPipeline) waitsFor(now time.Time, patience time.Duration) (what string) {
	switch phase := p.stats.Phase(); phase {
	case pipeline.Ended, pipeline.Failed:
		return ""
	case pipeline.Planned:
		return "its start"
	case pipeline.Reading:
	default:
		what, patience = [...]string{
			pipeline.OpeningSource: "the source table " + p.table, pipeline.OpeningSinks: "its sinks", pipeline.OpeningLanes: "its lanes",
		}[phase], 0
	}
	for part := range pipeline.Parts {
		lasts, failure := p.stats.Parts[part].OutOfReach(now)
		if lasts <= patience {
			continue
		}
		if what != "" {
			what += "; "
		}
		what += fmt.Sprintf("%s out of reach for %s: %s", part, lasts.Round(time.Second), visible.Line(failure.Error()))
	}
	return what
}

// meterModules makes the pipeline's lanes keep account of each function's calls.
func meterModules(p *plan) (all []*moduleStats) {
	if len(p.stages) == 0 {
		return nil
	}
	stages := slices.Clone(p.stages)
	for i := range stages {
		fn := p.calls[i].fn
		at := slices.IndexFunc(all, func(m *moduleStats) bool { return m.function == stages[i].Function })
		if at < 0 {
			at = len(all)
			all = append(all, &moduleStats{function: stages[i].Function, hash: fn.hash, limit: func() int64 { return fn.module.Limits().Memory }})
		}
		stages[i].Open = all[at].metering(stages[i].Open)
	}
	p.Config.Chain = operator.NewLanes(stages, p.Config.Memory).Open
	return all
}
