package app

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"math"
	"slices"
	"strings"
	"time"

	"github.com/weir-stream/weir/fluvio"
	"github.com/weir-stream/weir/internal/fault"
)

// ConsumeConfig is what `weir consume` is told.
type ConsumeConfig struct {
	Cluster
	Topic       string
	Partitions  []uint32 // none: all, and those that are added
	From        fluvio.Offset
	End         *int64 // last offset to print, of every partition; nil: no such end
	UntilEnd    bool   // stop at the end offsets seen at start
	Records     int64  // stop after so many; 0: no such end
	MaxBytes    int    // of a fetch; 0: the client's default
	MaxMemory   int    // bytes for records that are read ahead, of all partitions; 0: the client's default
	Isolation   fluvio.Isolation
	Consumer    string // id under which offsets are stored; empty: none are
	DropStale   bool
	SmartModule SmartModuleConfig

	JSON     bool
	KeyValue bool   // [KEY] VALUE
	Template string // empty: none
	Out      io.Writer
}

// commitInterval is how often offsets are stored while a consumer with an id runs, as Fluvio's own command line does.
const commitInterval = 2 * time.Second

// maxConsumerID is how long the id of a consumer may be, in bytes: clusters refuse to store longer ones.
const maxConsumerID = 255

// Consume prints records. It ends where it is told to, and else at drain.
func Consume(ctx context.Context, drain <-chan struct{}, c ConsumeConfig) (err error) {
	if c.MaxBytes != 0 && c.MaxBytes < 1024 {
		return fault.Inputf("--max-bytes: want 1KB or more, got %d", c.MaxBytes)
	}
	if c.MaxMemory != 0 && c.MaxMemory < 1<<20 {
		return fault.Inputf("--max-memory: want 1MB or more, got %d", c.MaxMemory)
	}
	if len(c.Consumer) > maxConsumerID {
		return fault.Inputf("--consumer: want an id of at most %d bytes, got %d", maxConsumerID, len(c.Consumer))
	}
	out, err := newPrinter(c)
	if err != nil {
		return err
	}
	options, err := c.options()
	if err != nil {
		return err
	}
	ctx, stop := drained(ctx, drain)
	defer stop()
	client, err := c.Connect(ctx)
	if err != nil {
		return quietly(ctx, err)
	}
	defer func() { err = errors.Join(err, fault.EnvironmentError(client.Close())) }()
	if err := c.settlePartitions(ctx, client); err != nil {
		return quietly(ctx, classed(err))
	}
	consumer, err := client.TopicConsumer(ctx, c.Topic, c.From, append(options, fluvio.WithPartitions(c.Partitions...))...)
	if err != nil {
		return quietly(ctx, classed(tooLittle(err)))
	}
	err = c.print(ctx, consumer, out)
	if errors.Is(err, io.EOF) {
		err = nil
	}
	err = quietly(ctx, classed(err))
	if flushed := out.w.Flush(); flushed != nil {
		return fault.EnvironmentError(flushed) // without Close, which would store that all of it is processed
	}
	if closed := consumer.Close(); err == nil {
		err = classed(closed)
	}
	if n := consumer.StaleRecords(); n > 0 {
		c.Log.Info("records that their writer had sent twice were left out", "records", n)
	}
	return err
}

// tooLittle names the flag in place of the option in the error of a topic with more partitions than the memory is enough for.
func tooLittle(err error) error {
	text := strings.ReplaceAll(err.Error(), "WithMaxMemory", "--max-memory")
	if text == err.Error() {
		return err
	}
	return fault.Inputf("%s", text)
}

// errDrained ends a consumer in good order.
var errDrained = errors.New("asked to end")

// drained is a context that ends with drain too.
func drained(parent context.Context, drain <-chan struct{}) (context.Context, func()) {
	ctx, cancel := context.WithCancelCause(parent)
	go func() {
		select {
		case <-drain:
			cancel(errDrained)
		case <-ctx.Done():
		}
	}()
	return ctx, func() { cancel(nil) }
}

// quietly drops an error that is only that the consumer was asked to end.
func quietly(ctx context.Context, err error) error {
	if wasDrained(ctx) {
		return nil
	}
	return err
}

// wasDrained tells whether a context of drained ended because of drain.
func wasDrained(ctx context.Context) bool { return errors.Is(context.Cause(ctx), errDrained) }

func (c *ConsumeConfig) options() ([]fluvio.ConsumerOption, error) {
	options := []fluvio.ConsumerOption{fluvio.WithIsolation(c.Isolation)}
	if c.MaxBytes > 0 {
		options = append(options, fluvio.WithMaxBytes(c.MaxBytes))
	}
	if c.MaxMemory > 0 {
		options = append(options, fluvio.WithMaxMemory(c.MaxMemory))
	}
	if c.UntilEnd {
		options = append(options, fluvio.WithUntilEnd())
	}
	if c.Consumer != "" {
		options = append(options, fluvio.WithConsumerID(c.Consumer), fluvio.WithAutoCommit(commitInterval))
	}
	if c.DropStale {
		options = append(options, fluvio.WithDropStale())
	}
	modules, err := c.SmartModule.chain()
	if len(modules) > 0 {
		options = append(options, fluvio.WithSmartModules(modules...))
	}
	return options, err
}

// settlePartitions settles which partitions are read where there is an end to stop at: not those that are added later.
func (c *ConsumeConfig) settlePartitions(ctx context.Context, client *fluvio.Client) error {
	if c.End == nil {
		return nil
	}
	if len(c.Partitions) == 0 {
		n, err := client.Partitions(ctx, c.Topic)
		if err != nil {
			return err
		}
		for p := range n {
			c.Partitions = append(c.Partitions, uint32(p))
		}
	}
	if c.Consumer != "" && len(c.Partitions) > 1 {
		return fault.Inputf("--end with --consumer: want one --partition, so that no offset is stored behind the end")
	}
	return nil
}

// print prints records until there is an end or an error. What is stored for a consumer with an id is never ahead of what is printed: it
// counts as processed when the next records are asked for.
func (c *ConsumeConfig) print(ctx context.Context, consumer *fluvio.TopicConsumer, out *printer) error {
	if c.Records > 0 || c.End != nil {
		return c.printSome(ctx, consumer, out)
	}
	for {
		partition, records, err := consumer.Poll(ctx)
		if err != nil {
			return fmt.Errorf("topic %s: %w", c.Topic, err)
		}
		for i := range records {
			if err := out.print(partition, &records[i]); err != nil {
				return fault.EnvironmentError(err)
			}
		}
		if c.Consumer != "" || !consumer.Buffered() {
			if err := out.w.Flush(); err != nil {
				return fault.EnvironmentError(err)
			}
		}
	}
}

// printSome takes records one by one, so that none is taken that is not printed.
func (c *ConsumeConfig) printSome(ctx context.Context, consumer *fluvio.TopicConsumer, out *printer) error {
	left := int64(math.MaxInt64)
	if c.Records > 0 {
		left = c.Records
	}
	unfinished := c.unfinished(consumer)
	if c.End != nil && len(unfinished) == 0 {
		return nil
	}
	for r, err := range consumer.Records(ctx) {
		if err != nil {
			return fmt.Errorf("topic %s: %w", c.Topic, err)
		}
		if c.End == nil || r.Offset <= *c.End {
			if err := out.print(r.Partition, &r.Record); err != nil {
				return fault.EnvironmentError(err)
			}
			left--
		}
		if c.Consumer != "" || !consumer.Buffered() {
			if err := out.w.Flush(); err != nil {
				return fault.EnvironmentError(err)
			}
		}
		if c.End != nil && r.Offset >= *c.End {
			unfinished = slices.DeleteFunc(unfinished, func(p uint32) bool { return p == r.Partition })
		}
		if left == 0 || c.End != nil && len(unfinished) == 0 {
			break
		}
	}
	return nil
}

// unfinished are the partitions that have not come to the end that was given.
func (c *ConsumeConfig) unfinished(consumer *fluvio.TopicConsumer) (all []uint32) {
	if c.End == nil {
		return nil
	}
	for partition, position := range consumer.Positions() {
		if position <= *c.End {
			all = append(all, partition)
		}
	}
	return all
}

// newPrinter prints to c.Out.
func newPrinter(c ConsumeConfig) (*printer, error) {
	p := &printer{topic: c.Topic, w: bufio.NewWriterSize(c.Out, 1<<16), format: formatValue}
	switch {
	case c.JSON:
		p.format = formatJSON
	case c.KeyValue:
		p.format = formatKeyValue
	case c.Template != "":
		t, err := parseTemplate(c.Template)
		if err != nil {
			return nil, err
		}
		p.format = t.format
	}
	return p, nil
}
