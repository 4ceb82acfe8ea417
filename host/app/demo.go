package app

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"time"

	"github.com/klauspost/compress/zstd"

	"github.com/weir-stream/weir/fluvio"
	"github.com/weir-stream/weir/fluvio/admin"
	"github.com/weir-stream/weir/fluvio/broker"
	"github.com/weir-stream/weir/internal/fault"
)

// DemoConfig is what `weir demo` is told.
type DemoConfig struct {
	Data string // records, one a line, zstd-compressed
	SQL  string // one pipeline from the topic flights
	JSON bool
	Say  func(text string) // tells people, or the log

	Log      *slog.Logger
	Out, Err io.Writer
}

// demoTopics are the topics of the demo's pipeline.
var demoTopics = []string{"flights", "late"}

// demoSummary is a pipeline's summary with how the records got there.
type demoSummary struct {
	Summary
	Load Produced `json:"load"`
}

// Demo runs the main job on real data: it starts a broker of its own in a temporary folder, loads the records, runs the
// pipeline to the end, and says what came out. Closing drain ends it in good order, without what it would have said.
func Demo(ctx context.Context, drain <-chan struct{}, c DemoConfig) (err error) {
	if err := present(c.Data, c.SQL); err != nil {
		return err
	}
	dir, err := os.MkdirTemp("", "weir-demo-")
	if err != nil {
		return fault.EnvironmentError(err)
	}
	defer func() { err = errors.Join(err, fault.EnvironmentError(os.RemoveAll(dir))) }()
	b, err := broker.Open(broker.Config{Dir: filepath.Join(dir, "broker"), SCAddr: "127.0.0.1:0", SPUAddr: "127.0.0.1:0", Logger: c.Log})
	if err != nil {
		return fault.EnvironmentError(err)
	}
	defer func() {
		closing, cancel := context.WithTimeout(context.WithoutCancel(ctx), drainTime)
		defer cancel()
		err = errors.Join(err, fault.EnvironmentError(b.Close(closing)))
	}()
	cluster := Cluster{Endpoint: b.SC(), RetryBudget: 10 * time.Second, Log: c.Log}
	fmt.Fprintf(c.Err, "broker: sc=%s spu=%s, data in %s\n", b.SC(), b.SPU(), dir)
	loaded, err := demoLoad(ctx, drain, c, cluster)
	if err != nil {
		return err
	}
	if loaded.Stopped {
		c.Say(fmt.Sprintf("stopped while it loaded records, %d of them; nothing of the demo is left", loaded.Records))
		return nil
	}
	fmt.Fprintf(c.Err, "loaded: %d records, %d bytes in %.2f s (%.0f records/s)\n", loaded.Records, loaded.Bytes, loaded.Seconds, perSecond(loaded.Records, loaded.Seconds))
	s, err := demoRun(ctx, drain, c, cluster, dir)
	if err != nil {
		return err
	}
	if s.RecordsIn < loaded.Records {
		c.Say(fmt.Sprintf("stopped in the middle of the pipeline, %d of %d records through; nothing of the demo is left", s.RecordsIn, loaded.Records))
		return nil
	}
	if c.JSON {
		return fault.EnvironmentError(json.NewEncoder(c.Out).Encode(demoSummary{s, loaded}))
	}
	return demoReport(ctx, c, cluster, s)
}

// present checks the demo's files, so that a run in another folder is told what to do.
func present(files ...string) error {
	for _, f := range files {
		if _, err := os.Stat(f); err != nil {
			return fault.Inputf("%w; run the demo in the repository's folder, or name the files with --data and --sql", err)
		}
	}
	return nil
}

func demoLoad(ctx context.Context, drain <-chan struct{}, c DemoConfig, cluster Cluster) (done Produced, err error) {
	err = cluster.WithAdmin(ctx, func(a *admin.Admin) error {
		for _, topic := range demoTopics {
			if err := a.CreateTopic(ctx, topic, admin.TopicConfig{Partitions: 1}); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return done, err
	}
	f, err := os.Open(c.Data)
	if err != nil {
		return done, fault.InputError(err)
	}
	in := &unpacking{file: f}
	defer in.close()
	info, err := f.Stat()
	if err != nil {
		return done, fault.InputError(err)
	}
	bar := NewBar(c.Err, info.Size(), "load flights")
	if in.unpacked, err = zstd.NewReader(io.TeeReader(f, bar)); err != nil {
		return done, fault.Inputf("%s: %w", c.Data, err)
	}
	done, err = Produce(ctx, drain, ProduceConfig{Cluster: cluster, Topic: "flights", File: c.Data, In: in, BatchSize: 256 << 10})
	bar.Finish()
	return done, err
}

// unpacking reads a file that is packed with zstd; one that is not, or is damaged, is bad input. It may be closed while it reads, as it
// is when Produce is told to stop (see stoppable).
type unpacking struct {
	file     *os.File
	mu       sync.Mutex
	unpacked *zstd.Decoder
}

func (u *unpacking) Read(b []byte) (int, error) {
	u.mu.Lock()
	defer u.mu.Unlock()
	n, err := u.unpacked.Read(b)
	var file *fs.PathError
	if err != nil && !errors.Is(err, io.EOF) && !errors.As(err, &file) {
		err = fault.Inputf("want records, one a line, packed with zstd: %w", err)
	}
	return n, err
}

func (u *unpacking) close() {
	_ = u.file.Close() // was only read; ends a read that waits
	u.mu.Lock()
	defer u.mu.Unlock()
	if u.unpacked != nil {
		u.unpacked.Close()
	}
}

// demoRun runs the pipeline and returns its summary.
func demoRun(ctx context.Context, drain <-chan struct{}, c DemoConfig, cluster Cluster, dir string) (s Summary, err error) {
	var out bytes.Buffer
	err = Run(ctx, drain, RunConfig{
		File: c.SQL, State: filepath.Join(dir, "state"), UntilEnd: true, Worker: "0/1", CheckpointInterval: time.Second, Endpoint: cluster.Endpoint,
		RetryBudget: cluster.RetryBudget, JSON: true, Log: c.Log, Out: &out, Err: c.Err,
	})
	if err != nil {
		return s, err
	}
	return s, json.Unmarshal(out.Bytes(), &s)
}

// shownRows is how many of the rows that came out the demo prints.
const shownRows = 5

func demoReport(ctx context.Context, c DemoConfig, cluster Cluster, s Summary) error {
	var out bytes.Buffer
	fmt.Fprintf(&out, `
rows in      %9d   (%.0f records/s through the pipeline, %.2f s)
rows out     %9d
rejected     %9d
guest share  %8.1f%%   of the pipeline's time

`, s.RowsIn, perSecond(s.RecordsIn, s.Seconds), s.Seconds, s.RowsOut, s.Rejected, 100*share(s.GuestSeconds, s.Seconds))
	fmt.Fprintf(&out, "the first of the rows that came out:\n")
	var rows bytes.Buffer
	some := ConsumeConfig{Cluster: cluster, Topic: "late", From: fluvio.Beginning(), UntilEnd: true, Records: shownRows, Out: &rows}
	if err := Consume(ctx, nil, some); err != nil {
		return err
	}
	for row := range strings.Lines(rows.String()) {
		fmt.Fprint(&out, "  ", row)
	}
	fmt.Fprintf(&out, `
to look further: %s is the pipeline and modules/late_flights the module; change either, then "make demo" again.
"bin/weir broker --data DIR" keeps a broker running, and produce, run and consume work on it: README.md has a tour.
`, c.SQL)
	_, err := out.WriteTo(c.Out)
	return fault.EnvironmentError(err)
}
