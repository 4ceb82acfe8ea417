// Package pipeline runs one source table through its operators into its sinks.
//
// A pipeline is a set of lanes, one a source partition, which share nothing but the connections beneath them. Read
// lane.go first: it shows the path of a record from source to checkpoint.
package pipeline

import (
	"context"
	"fmt"
	"log/slog"
	"sync"
	"time"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/memory"

	"github.com/weir-stream/weir/host/batch"
	"github.com/weir-stream/weir/host/checkpoint"
	"github.com/weir-stream/weir/host/connector"
	"github.com/weir-stream/weir/host/format"
	"github.com/weir-stream/weir/host/framing"
	"github.com/weir-stream/weir/host/operator"
)

// Config is a planned pipeline: every name resolved, every schema checked. Zero values of the fields from Limits on mean
// their defaults.
type Config struct {
	Name   string
	Source Source
	// Chain opens the operators of one lane. The lane closes them.
	Chain func(ctx context.Context) (*operator.Chain, error)
	Sinks []Sink
	// Letters are the dead letter topics in use; Source.Letters and OnReject choose among them.
	Letters []Letters
	// OnReject tells, by operator of the chain, what becomes of a row that it rejects.
	OnReject []OnReject

	// Plan is kept where sinks are written exactly once. Default: none, and nothing is known of what an earlier run was planned like.
	Plan  Plan
	Store checkpoint.Store
	Env   connector.Env
	Log   *slog.Logger
	Stats *Stats

	// UntilEnd stops at the end offsets that the source has when Run begins; partitions that it gets later are not read.
	UntilEnd bool
	// Worker runs the partitions p with p mod Workers = Worker. Default 0 of 1.
	Worker, Workers uint32
	// CheckpointInterval is the time between a lane's checkpoints. Default 1 s.
	CheckpointInterval time.Duration
	// IdleInterval is the time between checkpoints of a lane that has nothing to read, where its sinks take producer sequences: its
	// places there keep up with them, so that retention does not overtake them. Default 1 min.
	IdleInterval time.Duration
	// DrainTimeout is how long a drain may take before the run ends without a last checkpoint. Default 20 s, less than what supervisors wait before they kill.
	DrainTimeout time.Duration
	// Limits say when a batch closes. Zero fields are batch's defaults.
	Limits batch.Limits
	// QueueBytes bounds what the pipeline holds between reading and writing, decoded. Default 24 MiB.
	QueueBytes int64
	// LagInterval is how often the source is asked for the partitions' ends, for Stats. Default 0: never, no lag is known.
	LagInterval time.Duration
	// Memory allocates batches. Default memory.DefaultAllocator.
	Memory memory.Allocator

	outage *outage // of a run
}

// Source is the table that is read.
type Source struct {
	Table     string
	Connector connector.Config
	Splitter  func() framing.Splitter
	// Framing is what Splitter cuts: dead letters tell it, so that they can go back.
	Framing framing.Config
	Decoder func() (format.Decoder, error)
	// Schema has the columns that later stages read, in table order: decoded ones and metadata.
	Schema   *arrow.Schema
	Metadata []Metadata
	// BadData is what becomes of a record that can't be decoded; Letters its dead letters where BadData says so.
	BadData format.Policy
	Letters int
	// Bounds are how many bad records are too many to go on, where BadData is not format.Fail.
	Bounds format.Bounds
	// Again decodes the columns that sinks carry, for the rows of which they are not carried. With it Decoder makes a
	// format.Tracer, and every frame is a row.
	Again Again
}

// Again decodes frames a second time: they were found good before. The zero Again does not.
type Again struct {
	Decoder func() (format.Decoder, error)
	Schema  *arrow.Schema
}

// Metadata is a column of the table that takes the record's metadata: offset, partition, topic, timestamp, key or frame.
type Metadata struct {
	Key    string
	Column int // of the source's schema; -1: checked, but not stored
	// Name, Type and Required are the declared column's.
	Name     string
	Type     arrow.DataType
	Required bool
}

// Sink is one table that is written, from one output of the last operator.
type Sink struct {
	Table     string
	Connector connector.Config
	Encoder   func() (format.Encoder, error)
	Output    int
	// Columns are the places of the sink's fields in the output's batches; -1 for those that Patcher carries.
	Columns []int
	// Patcher writes the rows whose records let it, with bytes of those; Encoder the others, for which Again has the places of the
	// carried fields in Source.Again's schema, -1 for those that Columns has. nil: Encoder writes all.
	Patcher func() (format.Patcher, error)
	Again   []int
	// Key is the place in the batch of the column that becomes the record's key, -1 where records have none.
	Key int
}

// Letters is a dead letter topic.
type Letters struct {
	Name      string
	Connector connector.Config
}

// OnReject is what becomes of rows that an operator rejects: written to Letters where that is not -1, dropped and counted
// where Drop is set, and else the pipeline stops.
type OnReject struct {
	Letters int
	Drop    bool
}

func (c *Config) setDefaults() {
	if c.Workers == 0 {
		c.Workers = 1
	}
	if c.CheckpointInterval <= 0 {
		c.CheckpointInterval = time.Second
	}
	if c.IdleInterval <= 0 {
		c.IdleInterval = time.Minute
	}
	if c.DrainTimeout <= 0 {
		c.DrainTimeout = 20 * time.Second
	}
	c.Limits = c.Limits.WithDefaults()
	if c.QueueBytes <= 0 {
		c.QueueBytes = 24 << 20
	}
	if c.Memory == nil {
		c.Memory = memory.DefaultAllocator
	}
	if c.Store == nil {
		c.Store = checkpoint.Memory{}
	}
	if c.Log == nil {
		c.Log = slog.New(slog.DiscardHandler)
	}
	if c.Stats == nil {
		c.Stats = new(Stats)
	}
	c.outage = new(outage)
}

// Run runs the pipeline until its end, until drain is closed, or until something fails. Closing drain stops reading,
// lets what was read through, and saves a last checkpoint, but does not wait for a cluster that is out of reach, nor for longer than
// DrainTimeout; cancelling ctx stops at once. The error of the first lane
// that failed is returned, after every lane has ended. Partitions that the source gets meanwhile become lanes within about a second.
// A worker without a partition of its own ends at once where UntilEnd is set, and else waits for one.
func Run(ctx context.Context, c Config, drain <-chan struct{}) (err error) {
	c.setDefaults()
	c.outage.watch(&c, drain)
	defer c.night()()
	c.Stats.enter(OpeningSource)
	defer func() { c.Stats.ended(err) }()
	opening, giveUp := context.WithCancel(ctx)
	defer giveUp()
	opened := onDrain(drain, giveUp)
	defer opened()
	source, err := c.Source.Connector.OpenSource(opening, c.env(PartSource))
	if err != nil {
		return unlessDrained(drain, fmt.Errorf("table %s: %w", c.Source.Table, err))
	}
	defer closing(&err, source.Close)
	c.worked(PartSource)
	c.Stats.enter(OpeningSinks)
	outs, err := openSinks(opening, &c)
	if err != nil {
		return unlessDrained(drain, err)
	}
	defer closing(&err, outs.close)
	c.worked(PartSinks, PartLetters)
	c.Stats.enter(OpeningLanes)
	lanes := newFleet(&c, source, outs)
	c.Stats.queue.Store(lanes.budget)
	defer closing(&err, lanes.close)
	if err := lanes.open(opening); err != nil {
		return unlessDrained(drain, err)
	}
	opened()
	defer c.follow(ctx, source)()
	c.Stats.start()
	defer c.Stats.stop() // before anything is closed
	return lanes.run(ctx, drain)
}

// onDrain gives up opening when drain is closed, since nothing has been read that could be let through. opened ends that, and may
// be called more than once.
func onDrain(drain <-chan struct{}, giveUp func()) (opened func()) {
	done := make(chan struct{})
	var watching sync.WaitGroup
	watching.Go(func() {
		select {
		case <-drain:
			giveUp()
		case <-done:
		}
	})
	return sync.OnceFunc(func() {
		close(done)
		watching.Wait()
	})
}

// unlessDrained is err, but nil where drain is closed: what was being opened was given up on purpose.
func unlessDrained(drain <-chan struct{}, err error) error {
	select {
	case <-drain:
		return nil
	default:
		return err
	}
}

// closing closes something at the end. Its error is told only where nothing failed before, since what failed is often
// told once more by everything that is closed behind it.
func closing(err *error, close func() error) {
	if closed := close(); *err == nil {
		*err = closed
	}
}
