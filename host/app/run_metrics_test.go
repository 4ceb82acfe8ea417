package app

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"maps"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/apache/arrow-go/v18/arrow/memory"
	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/testutil"

	"github.com/weir-stream/weir/fluvio"
	"github.com/weir-stream/weir/fluvio/admin"
	"github.com/weir-stream/weir/fluvio/broker"
	"github.com/weir-stream/weir/host/abi"
	"github.com/weir-stream/weir/host/batch"
	"github.com/weir-stream/weir/host/checkpoint"
	"github.com/weir-stream/weir/host/config"
	"github.com/weir-stream/weir/host/connector"
	"github.com/weir-stream/weir/host/connector/connectortest"
	"github.com/weir-stream/weir/host/pipeline"
	"github.com/weir-stream/weir/internal/fault"
)

// inMemory runs a pipeline over topics in memory to its end, and returns it with what it counted.
func inMemory(t *testing.T, partitions int) *watchedRun {
	t.Helper()
	dir := t.TempDir()
	file := filepath.Join(dir, "run.sql")
	mustWrite(t, filepath.Join(dir, "f.wasm"), tinyGuest(t, []string{""}, nil, all(0)))
	mustWrite(t, file, []byte(`CREATE TABLE src (n BIGINT NOT NULL) WITH (connector = 'memory', type = 'source', topic = 'src', format = 'json', 'source.offset' = 'earliest');
CREATE TABLE snk (n BIGINT NOT NULL) WITH (connector = 'memory', type = 'sink', topic = 'snk', format = 'json');
CREATE FUNCTION f LANGUAGE wasm AS 'f.wasm' WITH ();
INSERT INTO snk SELECT n FROM f(f(src));`))
	e, err := testEngine()
	if err != nil {
		t.Fatal(err)
	}
	topics := new(connectortest.Memory)
	topics.Create("src", partitions)
	topics.Create("snk", 1)
	p := newPlanner(e, nil, slog.New(slog.DiscardHandler))
	p.connectors, p.mem = connector.Registry{"memory": topics}, batch.NewPool(memory.DefaultAllocator, 0)
	cfg, err := config.Load(file)
	if err != nil {
		t.Fatal(err)
	}
	plans, closePlans, err := p.plan(t.Context(), cfg)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(closePlans)
	c := &plans[0].Config
	c.Stats, c.Store = new(pipeline.Stats), checkpoint.Memory{}
	w := watch(RunConfig{Version: "1.2.3"}, plans, nil)
	drain, done := make(chan struct{}), make(chan error)
	go func() { done <- pipeline.Run(t.Context(), *c, drain) }()
	waitFor(t, "the ends of all partitions", func() bool {
		known := 0
		for _, l := range c.Stats.Lanes() {
			if _, ok := l.Lag(); ok {
				known++
			}
		}
		return known == partitions
	})
	close(drain)
	if err := <-done; err != nil {
		t.Fatal(err)
	}
	return w
}

func mustWrite(t *testing.T, path string, content []byte) {
	t.Helper()
	if err := os.WriteFile(path, content, 0o600); err != nil {
		t.Fatal(err)
	}
}

// waitFor waits until a condition holds.
func waitFor(t *testing.T, what string, holds func() bool) {
	t.Helper()
	for deadline := time.Now().Add(time.Minute); !holds(); <-time.After(5 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("%s: not within a minute", what)
		}
	}
}

// TestMetricsOfARunAreWellMade checks names, help and types, and that neither partitions nor codes make them many.
func TestMetricsOfARunAreWellMade(t *testing.T) {
	const partitions = mostPartitions + 30
	w := inMemory(t, partitions)
	s := w.pipelines[0].stats
	for i := range 3 * pipeline.MostCodes {
		code := fmt.Sprintf("module.\"%d\n\xff", i)
		s.Refused.Add(code, 1)
		s.LetterCodes.Add(code, 2)
	}
	s.BadData.Add("json.type", 4)
	w.pipelines[0].modules[0].failures[failureClass(&abi.Failure{Kind: abi.FailedTrap, Code: "trap.unreachable"})].Add(5)
	c := runCollector{w}
	if problems, err := testutil.CollectAndLint(c); err != nil || len(problems) > 0 {
		t.Errorf("%v, %v", problems, err)
	}
	for name, want := range map[string]int{
		"weir_lag_records": mostPartitions + 1, "weir_rejected_rows_total": pipeline.MostCodes + 2, "weir_dead_letters_total": pipeline.MostCodes + 1,
		"weir_module_failures_total": len(failureClasses), "weir_module_info": 1, // f is called twice
	} {
		if n := testutil.CollectAndCount(c, name); n != want {
			t.Errorf("%s has %d series, want %d", name, n, want)
		}
	}
	want := `# HELP weir_lanes Lanes, one a source partition of this worker, by what they do. One that failed has stopped the others of its pipeline.
# TYPE weir_lanes gauge
weir_lanes{pipeline="snk",state="ended"} 130
weir_lanes{pipeline="snk",state="failed"} 0
weir_lanes{pipeline="snk",state="opened"} 0
weir_lanes{pipeline="snk",state="running"} 0
`
	if err := testutil.CollectAndCompare(c, strings.NewReader(want), "weir_lanes"); err != nil {
		t.Error(err)
	}
	described := map[string]bool{}
	out := make(chan *prometheus.Desc, 100)
	c.Describe(out)
	close(out)
	for d := range out {
		described[d.String()] = true
	}
	if len(described) != len(runDescs) {
		t.Errorf("%d descriptions of %d differ", len(described), len(runDescs))
	}
}

func TestFailuresHaveClasses(t *testing.T) {
	for want, f := range map[string]abi.Failure{
		"unreachable": {Kind: abi.FailedTrap, Code: "trap.unreachable"}, "table": {Kind: abi.FailedTrap, Code: "trap.table"},
		"fuel": {Kind: abi.FailedTrap, Code: abi.CodeLimitFuel}, "time": {Kind: abi.FailedDeadline, Code: abi.CodeLimitTime},
		"depth": {Kind: abi.FailedTrap, Code: abi.CodeLimitDepth}, "memory": {Kind: abi.FailedMemory, Code: abi.CodeArenaNone},
		"violation": {Kind: abi.FailedViolation, Code: abi.CodeEmitRowCount}, "status": {Kind: abi.FailedStatus, Code: "status.error"},
		"exit": {Kind: abi.FailedExit, Code: "exit"}, "bug": {Kind: abi.FailedBug, Code: "bug"}, "other": {Kind: abi.FailedTrap, Code: "trap.new"},
	} {
		if got := failureClasses[failureClass(&f)]; got != want {
			t.Errorf("%s of %s is %s, want %s", f.Code, f.Kind, got, want)
		}
	}
}

// watchedCluster is a broker whose address outlives it, and a run beside it.
type watchedCluster struct {
	t       *testing.T
	dir     string
	at      broker.Config
	broker  *broker.Broker
	address string // of the metrics

	log   lockedBuffer
	drain chan struct{}
	done  chan struct{}
	err   error
}

// lockedBuffer is a buffer for several goroutines.
type lockedBuffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (l *lockedBuffer) Write(b []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.Write(b)
}

func (l *lockedBuffer) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.String()
}

func newWatchedCluster(t *testing.T) *watchedCluster {
	t.Helper()
	t.Setenv("XDG_CACHE_HOME", t.TempDir())
	w := &watchedCluster{t: t, dir: t.TempDir(), drain: make(chan struct{}), done: make(chan struct{})}
	w.at = broker.Config{Dir: filepath.Join(w.dir, "broker"), SCAddr: "127.0.0.1:0", SPUAddr: "127.0.0.1:0", Logger: slog.New(slog.DiscardHandler)}
	w.up()
	w.at.SCAddr, w.at.SPUAddr = w.broker.SC(), w.broker.SPU()
	t.Cleanup(func() {
		if w.broker != nil {
			w.down()
		}
	})
	return w
}

func (w *watchedCluster) up() {
	w.t.Helper()
	var err error
	if w.broker, err = broker.Open(w.at); err != nil {
		w.t.Fatal(err)
	}
}

func (w *watchedCluster) down() {
	w.t.Helper()
	// One that has ended already closes connections at once, where others would be waited for.
	ended, end := context.WithCancel(context.Background())
	end()
	_ = w.broker.Close(ended)
	w.broker = nil
}

// with does something with a client of the cluster.
func (w *watchedCluster) with(do func(ctx context.Context, c *fluvio.Client) error) {
	w.t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	client, err := fluvio.Connect(ctx, fluvio.WithEndpoint(w.at.SCAddr))
	if err == nil {
		err = errors.Join(do(ctx, client), client.Close())
	}
	if err != nil {
		w.t.Fatal(err)
	}
}

func (w *watchedCluster) create(topics map[string]uint32) {
	w.t.Helper()
	w.with(func(ctx context.Context, c *fluvio.Client) (err error) {
		for name, partitions := range topics {
			err = errors.Join(err, admin.New(c).CreateTopic(ctx, name, admin.TopicConfig{Partitions: partitions}))
		}
		return err
	})
}

func (w *watchedCluster) produce(topic string, values ...string) {
	w.t.Helper()
	w.with(func(ctx context.Context, c *fluvio.Client) error {
		p, err := c.Producer(ctx, topic)
		for _, v := range values {
			if err == nil {
				err = p.Produce(ctx, fluvio.Record{Value: []byte(v)})
			}
		}
		if err != nil {
			return err
		}
		return p.Close(ctx)
	})
}

// holds is how many records the partitions of a topic have together.
func (w *watchedCluster) holds(topic string) (n int64) {
	w.t.Helper()
	w.with(func(ctx context.Context, c *fluvio.Client) error {
		partitions, err := c.Partitions(ctx, topic)
		for p := range partitions {
			var o fluvio.Offsets
			if err == nil {
				o, err = c.Offsets(ctx, topic, uint32(p))
			}
			n += o.Next - o.Earliest
		}
		return err
	})
	return n
}

// run runs a file, whose modules are all named, until stop is called.
func (w *watchedCluster) run(sql string, modules map[string][]byte, change func(*RunConfig)) {
	w.t.Helper()
	for name, wasm := range modules {
		mustWrite(w.t, filepath.Join(w.dir, name), wasm)
	}
	file := filepath.Join(w.dir, "run.sql")
	mustWrite(w.t, file, []byte(sql))
	address := make(chan string, 1)
	c := RunConfig{
		File: file, Worker: "0/1", CheckpointInterval: 10 * time.Millisecond, Endpoint: w.at.SCAddr, RetryBudget: time.Minute,
		Log: slog.New(slog.NewTextHandler(&w.log, nil)), Out: io.Discard, Err: io.Discard,
		Metrics: "127.0.0.1:0", MetricsReady: func(at string) { address <- at }, Version: "1.2.3",
	}
	if change != nil {
		change(&c)
	}
	go func() {
		defer close(w.done)
		w.err = Run(context.Background(), w.drain, c)
	}()
	select {
	case w.address = <-address:
	case <-w.done:
		w.t.Fatal(w.err)
	}
}

// stop drains the run and returns its error.
func (w *watchedCluster) stop() error {
	close(w.drain)
	<-w.done
	return w.err
}

// asks gets a page of health.
func (w *watchedCluster) asks(path string) (status int, h health) {
	w.t.Helper()
	status, body := get(w.t, "http://"+w.address+path)
	if err := json.Unmarshal([]byte(body), &h); err != nil {
		w.t.Fatalf("%s: %v: %s", path, err, body)
	}
	return status, h
}

func (w *watchedCluster) ready() bool {
	status, h := w.asks("/readyz")
	if (status == http.StatusOK) != (h.Status == "ok") {
		w.t.Errorf("status %d with %+v", status, h)
	}
	return status == http.StatusOK
}

func (w *watchedCluster) scrape() map[string]float64 {
	return scraped(w.t, BrokerAddresses{Metrics: w.address})
}

const watchedSQL = `CREATE TABLE src (n BIGINT NOT NULL)
  WITH (connector = 'fluvio', type = 'source', topic = 'src', format = 'json', 'source.offset' = 'earliest', bad_data = 'dead_letter', 'bad_data.topic' = 'dead');
CREATE TABLE snk (n BIGINT NOT NULL) WITH (connector = 'fluvio', type = 'sink', topic = 'snk', format = 'json');
CREATE TABLE none (n BIGINT NOT NULL) WITH (connector = 'fluvio', type = 'sink', topic = 'none', format = 'json');
CREATE FUNCTION pass LANGUAGE wasm AS 'pass.wasm' WITH ();
CREATE FUNCTION refuse LANGUAGE wasm AS 'refuse.wasm' WITH ('weir.error_topic' = 'refused');
INSERT INTO snk SELECT n FROM pass(src);
INSERT INTO none SELECT n FROM refuse(src);
`

// TestMetricsAreWhatWentThrough runs two pipelines against a broker, is scraped all the while, and compares with the topics.
func TestMetricsAreWhatWentThrough(t *testing.T) {
	w := newWatchedCluster(t)
	w.create(map[string]uint32{"src": 3, "snk": 2, "none": 1})
	const good, bad = 300, 5
	var values []string
	bytesIn := 0
	for i := range good + bad {
		values = append(values, fmt.Sprintf(`{"n":%d}`, i))
		if i >= good {
			values[i] = `{"n":[1]}`
		}
		bytesIn += len(values[i])
	}
	w.produce("src", values...)
	w.run(watchedSQL, map[string][]byte{"pass.wasm": tinyGuest(t, []string{""}, nil, all(0)), "refuse.wasm": tinyGuest(t, []string{""}, nil, rejectFirst)}, nil)
	waitFor(t, "both pipelines are ready", w.ready)
	var scraping sync.WaitGroup
	for range 3 {
		scraping.Go(func() {
			for range 20 {
				if status, _ := get(t, "http://"+w.address+"/metrics"); status != http.StatusOK && status != http.StatusServiceUnavailable {
					t.Errorf("a scrape: %d", status)
				}
			}
		})
	}
	scraping.Wait()
	var got map[string]float64
	waitFor(t, "everything is through", func() bool {
		got = w.scrape()
		lag := 0.0
		for p := range 3 {
			for _, name := range []string{"snk", "none"} {
				v, known := got[fmt.Sprintf("weir_lag_records{partition=%d,pipeline=%s,topic=src}", p, name)]
				if lag += v; !known {
					lag++
				}
			}
		}
		return lag == 0 && got["weir_records_total{direction=in,pipeline=snk}"] == good+bad && got["weir_records_total{direction=in,pipeline=none}"] == good+bad
	})
	refused := w.holds("refused")
	for sample, want := range map[string]float64{
		"weir_rows_total{direction=in,pipeline=snk}":                                    good,
		"weir_rows_total{direction=out,pipeline=snk}":                                   float64(w.holds("snk")),
		"weir_records_total{direction=out,pipeline=snk}":                                good,
		"weir_records_total{direction=out,pipeline=none}":                               float64(w.holds("none")),
		"weir_record_bytes_total{direction=in,pipeline=snk}":                            float64(bytesIn),
		"weir_record_bytes_total{direction=out,pipeline=snk}":                           float64(bytesIn - bad*len(values[good])),
		"weir_rejected_rows_total{code=json.type,pipeline=snk,reason=bad_data}":         bad,
		"weir_rejected_rows_total{code=odd.one,pipeline=none,reason=module}":            float64(refused),
		"weir_dead_letters_total{code=json.type,pipeline=snk}":                          bad,
		"weir_dead_letters_total{code=odd.one,pipeline=none}":                           float64(refused),
		"weir_module_calls_total{function=refuse,pipeline=none}":                        float64(refused), // one a batch
		"weir_module_failures_total{class=unreachable,function=pass,pipeline=snk}":      0,
		"weir_module_memory_limit_bytes{function=pass,pipeline=snk}":                    64 << 20,
		"weir_lanes{pipeline=snk,state=running}":                                        3,
		"weir_lanes{pipeline=snk,state=failed}":                                         0,
		"weir_pipeline_state{pipeline=snk,state=reading}":                               1,
		"weir_pipeline_state{pipeline=snk,state=failed}":                                0,
		"weir_queue_bytes{pipeline=snk}":                                                0,
		"weir_queue_limit_bytes{pipeline=snk}":                                          24 << 20,
		"weir_checkpoint_age_seconds{pipeline=snk}":                                     0,
		"weir_checkpoint_failures_total{pipeline=snk}":                                  0,
		"weir_retries_total{part=source,pipeline=snk}":                                  0,
		"weir_out_of_reach_seconds{part=sink,pipeline=snk}":                             0,
		"weir_suppressed_duplicates_total{pipeline=snk}":                                0,
		"weir_stale_records_total{pipeline=snk}":                                        0,
		"weir_lost_records_total{pipeline=snk}":                                         0,
		"weir_given_up_records_total{pipeline=snk}":                                     0,
		"weir_build_info{go_version=" + goVersion(got) + ",version=1.2.3}":              1,
		"weir_rejected_rows_total{code=json.type,pipeline=none,reason=bad_data}":        bad,
		"weir_rows_total{direction=in,pipeline=none}":                                   good,
		"weir_module_info{function=pass,hash=" + hashOf(got, "pass") + ",pipeline=snk}": 1,
	} {
		if v, ok := got[sample]; !ok || v != want {
			t.Errorf("%s is %v (there: %v), want %v", sample, v, ok, want)
		}
	}
	for _, sample := range []string{"weir_module_fuel_total{function=pass,pipeline=snk}", "weir_module_seconds_total{function=pass,pipeline=snk}",
		"weir_module_instances{function=pass,pipeline=snk}", "weir_module_memory_bytes{function=pass,pipeline=snk}", "go_goroutines{}"} {
		if got[sample] <= 0 {
			t.Errorf("%s is %v", sample, got[sample])
		}
	}
	if dead := w.holds("dead"); dead != 2*bad {
		t.Errorf("%d dead letters, want %d", dead, 2*bad)
	}
	if err := w.stop(); err != nil {
		t.Error(err)
	}
	for line, want := range map[string]int{`msg="pipeline started"`: 2, `msg="lane opened"`: 6, `msg="pipeline drained"`: 2} {
		if n := strings.Count(w.log.String(), line); n != want {
			t.Errorf("%s: %d times in the log, want %d:\n%s", line, n, want, w.log.String())
		}
	}
	late := &http.Client{Transport: &http.Transport{DisableKeepAlives: true}}
	if _, err := late.Get("http://" + w.address + "/healthz"); err == nil {
		t.Error("it serves after its end")
	}
}

// goVersion and hashOf find the values of labels.
func goVersion(samples map[string]float64) string {
	return label(samples, "weir_build_info{", "go_version=")
}

func hashOf(samples map[string]float64, function string) string {
	return label(samples, "weir_module_info{function="+function, "hash=")
}

func label(samples map[string]float64, prefix, name string) string {
	for _, sample := range slices.Sorted(maps.Keys(samples)) {
		if strings.HasPrefix(sample, prefix) {
			_, rest, _ := strings.Cut(sample, name)
			value, _, _ := strings.Cut(rest, ",")
			return strings.TrimSuffix(value, "}")
		}
	}
	return "nowhere"
}

// TestReadinessFollowsTheCluster has one that is not there at first, comes, goes and comes again.
func TestReadinessFollowsTheCluster(t *testing.T) {
	w := newWatchedCluster(t)
	w.create(map[string]uint32{"src": 1, "snk": 1})
	w.down()
	sql := `CREATE TABLE src (n BIGINT NOT NULL) WITH (connector = 'fluvio', type = 'source', topic = 'src', format = 'json', 'source.offset' = 'earliest');
CREATE TABLE snk (n BIGINT NOT NULL) WITH (connector = 'fluvio', type = 'sink', topic = 'snk', format = 'json');
INSERT INTO snk SELECT n FROM src;`
	w.run(sql, nil, func(c *RunConfig) { c.unreachable = time.Nanosecond })
	waiting := func(state, on string) func() bool {
		return func() bool {
			status, h := w.asks("/readyz")
			p := h.Pipelines[0]
			return status == http.StatusServiceUnavailable && h.Status == "waiting" && p.State == state && strings.Contains(p.WaitsFor, on)
		}
	}
	waitFor(t, "it waits for the source", waiting("opening_source", "the source table src; source out of reach for "))
	if status, h := w.asks("/healthz"); status != http.StatusOK || h.Status != "ok" || h.Pipelines[0].Error != "" {
		t.Errorf("health while it waits: %d, %+v", status, h)
	}
	w.up()
	waitFor(t, "it is ready", w.ready)
	w.down()
	waitFor(t, "it is not ready without a cluster", waiting("reading", "source out of reach for "))
	if got := w.scrape(); got["weir_retries_total{part=source,pipeline=snk}"] == 0 || got["weir_out_of_reach_seconds{part=source,pipeline=snk}"] == 0 {
		t.Errorf("no retries: %v", got)
	}
	w.up()
	w.produce("src", `{"n":1}`)
	waitFor(t, "it is ready again", w.ready)
	waitFor(t, "the record is through", func() bool { return w.scrape()["weir_records_total{direction=out,pipeline=snk}"] == 1 })
	waitFor(t, "the log has word of it", func() bool {
		return strings.Contains(w.log.String(), `msg="trouble began: trying again" pipeline=snk what=source reason=`)
	})
	if err := w.stop(); err != nil {
		t.Error(err)
	}
}

// TestHealthNamesWhatFailed has a pipeline that fails beside one that runs on.
func TestHealthNamesWhatFailed(t *testing.T) {
	w := newWatchedCluster(t)
	w.create(map[string]uint32{"src": 1, "broken": 1, "snk": 1, "none": 1})
	w.produce("broken", "{")
	sql := `CREATE TABLE src (n BIGINT NOT NULL) WITH (connector = 'fluvio', type = 'source', topic = 'src', format = 'json');
CREATE TABLE broken (n BIGINT NOT NULL) WITH (connector = 'fluvio', type = 'source', topic = 'broken', format = 'json', bad_data = 'fail', 'source.offset' = 'earliest');
CREATE TABLE snk (n BIGINT NOT NULL) WITH (connector = 'fluvio', type = 'sink', topic = 'snk', format = 'json');
CREATE TABLE none (n BIGINT NOT NULL) WITH (connector = 'fluvio', type = 'sink', topic = 'none', format = 'json');
INSERT INTO snk SELECT n FROM src;
INSERT INTO none SELECT n FROM broken;`
	w.run(sql, nil, nil)
	waitFor(t, "one has failed", func() bool {
		status, _ := w.asks("/healthz")
		return status == http.StatusServiceUnavailable
	})
	_, h := w.asks("/healthz")
	if h.Status != "failed" || h.Pipelines[1].State != "failed" || !strings.Contains(h.Pipelines[1].Error, "bad data at topic broken") || h.Pipelines[0].Error != "" {
		t.Errorf("%+v", h)
	}
	if status, h := w.asks("/readyz"); status != http.StatusServiceUnavailable || h.Status != "failed" {
		t.Errorf("ready: %d, %+v", status, h)
	}
	if err := w.stop(); fault.Of(err) != fault.Input {
		t.Errorf("the run ended with %v", err)
	}
	if n := strings.Count(w.log.String(), `msg="pipeline failed"`); n != 1 {
		t.Errorf("%d failures in the log:\n%s", n, w.log.String())
	}
}

func TestAddressesOfARunsMetrics(t *testing.T) {
	w := newWatchedCluster(t)
	w.create(map[string]uint32{"src": 1, "snk": 1})
	sql := `CREATE TABLE src (n BIGINT NOT NULL) WITH (connector = 'fluvio', type = 'source', topic = 'src', format = 'json');
CREATE TABLE snk (n BIGINT NOT NULL) WITH (connector = 'fluvio', type = 'sink', topic = 'snk', format = 'json');
INSERT INTO snk SELECT n FROM src;`
	w.run(sql, nil, nil)
	for address, class := range map[string]fault.Class{"9090": fault.Input, ":9090": fault.Input, w.address: fault.Environment} {
		c := RunConfig{File: filepath.Join(w.dir, "run.sql"), Worker: "0/1", CheckpointInterval: time.Second, Endpoint: w.at.SCAddr, Metrics: address,
			Log: slog.New(slog.DiscardHandler), Out: io.Discard, Err: io.Discard}
		if err := Run(context.Background(), nil, c); fault.Of(err) != class || !strings.Contains(err.Error(), "--metrics") {
			t.Errorf("%s: %v", address, err)
		}
	}
	if err := w.stop(); err != nil {
		t.Error(err)
	}
}
