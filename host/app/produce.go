package app

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"time"

	"github.com/weir-stream/weir/fluvio"
	"github.com/weir-stream/weir/internal/fault"
)

// ProduceConfig is what `weir produce` is told.
type ProduceConfig struct {
	Cluster
	Topic string
	File  string // name of In, for errors
	In    io.Reader
	Bar   *Bar // counts what is read of In; nil: nothing does

	Raw          bool    // all of In is one record
	Key          *string // of every record; nil: none
	KeySeparator string  // splits a key off each line; empty: records have none
	Partition    *uint32 // of every record; nil: by key, or all in turn

	BatchSize      int // bytes; 0: the client's default
	MaxRequestSize int // bytes; 0: the client's default, or BatchSize where that is more
	Linger         time.Duration
	Compression    string // empty: what the topic asks for
	Isolation      fluvio.Isolation
	AtMostOnce     bool
	NoSequence     bool // do not number records
	SmartModule    SmartModuleConfig
}

// Produced is what Produce did.
type Produced struct {
	Topic   string  `json:"topic"`
	Records int64   `json:"records"`
	Bytes   int64   `json:"bytes"`
	Seconds float64 `json:"seconds"`
	Lost    int64   `json:"lost,omitempty"`    // sent once and not acknowledged, as at-most-once allows
	Stopped bool    `json:"stopped,omitempty"` // it was asked to end before the input did
}

const (
	// requestSize is the client's default for a request, in bytes.
	requestSize = 1 << 20
	// mostRequest is the largest request, in bytes.
	mostRequest = 32 << 20
	// aroundRecord is more than a request has around a record, in bytes.
	aroundRecord = 256
)

// check finds settings that can't be, before anything is connected to.
func (c *ProduceConfig) check() error {
	switch {
	case c.Linger < 0:
		return fault.Inputf("--linger: want 0 or more, got %s", c.Linger)
	case c.BatchSize > mostRequest || c.MaxRequestSize > mostRequest:
		return fault.Inputf("--batch-size and --max-request-size: want at most 32MB, which is what an SPU takes")
	case c.MaxRequestSize != 0 && c.MaxRequestSize < 1<<10:
		return fault.Inputf("--max-request-size: want 1KB or more, got %d", c.MaxRequestSize)
	case c.MaxRequestSize != 0 && c.BatchSize > c.MaxRequestSize:
		return fault.Inputf("--batch-size %d: a request has at most %d (--max-request-size)", c.BatchSize, c.MaxRequestSize)
	}
	return nil
}

// largest is how many bytes a request may have.
func (c *ProduceConfig) largest() int {
	if c.MaxRequestSize > 0 {
		return c.MaxRequestSize
	}
	return max(requestSize, c.BatchSize)
}

// options translates the settings.
func (c *ProduceConfig) options() ([]fluvio.ProducerOption, error) {
	options := []fluvio.ProducerOption{
		fluvio.WithLinger(c.Linger), fluvio.WithIsolation(c.Isolation), fluvio.WithMaxRequestSize(c.largest()),
		fluvio.WithMaxBuffered(32<<20 + c.largest()),
	}
	if c.BatchSize > 0 {
		options = append(options, fluvio.WithBatchSize(c.BatchSize))
	}
	if c.AtMostOnce {
		options = append(options, fluvio.WithDeliverySemantic(fluvio.AtMostOnce))
	}
	if c.Compression != "" {
		compression, err := fluvio.ParseCompression(c.Compression)
		if err != nil {
			return nil, fault.InputError(err)
		}
		options = append(options, fluvio.WithCompression(compression))
	}
	modules, err := c.SmartModule.chain()
	if len(modules) > 0 {
		options = append(options, fluvio.WithSmartModules(modules...))
	}
	return options, err
}

// sequenced tells whether records are to be numbered, so that a broker that comes back tells which it has.
func (c *ProduceConfig) sequenced() bool {
	return !c.NoSequence && !c.AtMostOnce && !c.SmartModule.set()
}

// Produce sends the records of In and returns when every one is acknowledged. From drain on it reads no more, drops a line that it has
// no end of, and sends what it has; nil: nobody asks it to end.
func Produce(ctx context.Context, drain <-chan struct{}, c ProduceConfig) (done Produced, err error) {
	done.Topic = c.Topic
	if err := c.check(); err != nil {
		return done, err
	}
	options, err := c.options()
	if err != nil {
		return done, err
	}
	starting, started := drained(ctx, drain)
	defer started()
	client, err := c.Connect(starting)
	if err != nil {
		done.Stopped = wasDrained(starting)
		return done, quietly(starting, err)
	}
	defer func() { err = errors.Join(err, fault.EnvironmentError(client.Close())) }()
	producer, err := c.producer(ctx, client, options)
	if err != nil {
		return done, classed(err)
	}
	if drain != nil {
		c.In = newStoppable(c.In, drain)
	}
	if c.Bar != nil {
		c.In = io.TeeReader(c.In, c.Bar)
	}
	began := time.Now()
	err = c.feed(ctx, producer, &done)
	if errors.Is(err, errDrained) {
		done.Stopped, err = true, nil
	}
	if closed := classed(producer.Close(ctx)); err == nil {
		err = closed
	}
	done.Seconds, done.Lost = time.Since(began).Seconds(), producer.Lost()
	return done, c.account(producer, err)
}

// producer makes the producer. A topic that deduplicates numbers records in its own way.
func (c *ProduceConfig) producer(ctx context.Context, client *fluvio.Client, options []fluvio.ProducerOption) (*fluvio.Producer, error) {
	if !c.sequenced() {
		return client.Producer(ctx, c.Topic, options...)
	}
	producer, err := client.Producer(ctx, c.Topic, append(options, fluvio.WithSequence(fluvio.NewWriterID()))...)
	if errors.Is(err, fluvio.ErrSequence) {
		c.Log.Info("producer sequences are left out: the topic deduplicates", "topic", c.Topic)
		return client.Producer(ctx, c.Topic, options...)
	}
	return producer, err
}

// feed gives the records to the producer.
func (c *ProduceConfig) feed(ctx context.Context, producer *fluvio.Producer, done *Produced) error {
	each := eachLine
	if c.Raw {
		each = whole
	}
	return each(c.In, c.File, c.largest()-aroundRecord, func(value []byte, number int64) error {
		r, err := c.record(value)
		if err == nil {
			err = c.send(ctx, producer, r)
		}
		if err != nil {
			return fmt.Errorf("%s:%d: %w", c.File, number, classed(err))
		}
		done.Records++
		done.Bytes += int64(len(value))
		return nil
	})
}

func (c *ProduceConfig) send(ctx context.Context, producer *fluvio.Producer, r fluvio.Record) error {
	if c.Partition != nil {
		return producer.ProduceTo(ctx, *c.Partition, r)
	}
	return producer.Produce(ctx, r)
}

// account adds to an error how many records are there, and makes one of records that were lost.
func (c *ProduceConfig) account(producer *fluvio.Producer, err error) error {
	if lost := producer.Lost(); err == nil && lost > 0 {
		err = fault.Environmentf("%d records were sent once and are not acknowledged, as --delivery-semantic at-most-once allows", lost)
	}
	if err == nil {
		return nil
	}
	acknowledged := int64(0)
	for p := range producer.Partitions() {
		n, _ := producer.Acknowledged(uint32(p))
		acknowledged += n
	}
	return fmt.Errorf("%w (%d records are acknowledged)", err, acknowledged)
}

// record makes a record of a line, or of everything.
func (c *ProduceConfig) record(value []byte) (fluvio.Record, error) {
	r := fluvio.Record{Value: value}
	if c.Key != nil {
		r.Key = []byte(*c.Key)
	}
	if c.KeySeparator == "" {
		return r, nil
	}
	key, value, ok := bytes.Cut(value, []byte(c.KeySeparator))
	if !ok {
		return r, fault.Inputf("the line has no key separator %q", c.KeySeparator)
	}
	r.Key, r.Value = key, value
	return r, nil
}

// eachLine calls do with each line, without its newline and a carriage return before that, as Fluvio's own command line reads lines. A line
// larger than a record may be is bad input.
func eachLine(r io.Reader, file string, most int, do func(line []byte, number int64) error) error {
	in := bufio.NewReaderSize(r, most+1)
	for number := int64(1); ; number++ {
		line, err := in.ReadSlice('\n')
		if errors.Is(err, bufio.ErrBufferFull) {
			return fault.Inputf("%s:%d: the line is larger than a record may be (%d bytes; --max-request-size)", file, number, most)
		}
		if err != nil && !errors.Is(err, io.EOF) {
			return unreadable(fmt.Errorf("%s:%d: %w", file, number, err))
		}
		ended := err != nil
		if ended && len(line) == 0 {
			return nil
		}
		if err := do(withoutNewline(line), number); err != nil || ended {
			return err
		}
	}
}

// unreadable classes the error of an input that can't be read as the environment's, unless somebody who knew more has classed it.
func unreadable(err error) error {
	if fault.Of(err) != fault.Bug {
		return err
	}
	return fault.EnvironmentError(err)
}

// withoutNewline drops \n or \r\n; a \r alone stays.
func withoutNewline(line []byte) []byte {
	if text, ok := bytes.CutSuffix(line, []byte("\n")); ok {
		return bytes.TrimSuffix(text, []byte("\r"))
	}
	return line
}

// whole calls do with everything.
func whole(r io.Reader, file string, most int, do func(value []byte, number int64) error) error {
	value, err := io.ReadAll(io.LimitReader(r, int64(most)+1))
	if err != nil {
		return unreadable(fmt.Errorf("%s: %w", file, err))
	}
	if len(value) > most {
		return fault.Inputf("%s is larger than a record may be (%d bytes; --max-request-size)", file, most)
	}
	return do(value, 1)
}
