package app

import (
	"bufio"
	"bytes"
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"sync"
	"unicode/utf8"

	"github.com/weir-stream/weir/fluvio"
	"github.com/weir-stream/weir/internal/fault"
)

// ConsumeConfig is what `weir consume` is told.
type ConsumeConfig struct {
	Cluster
	Topic     string
	Partition int // -1: all
	From      fluvio.Offset
	UntilEnd  bool
	MaxBytes  int // of a fetch; 0: the client's default
	JSON      bool
	Out       io.Writer
}

// Consume prints records: their values, one a line, or JSON objects. It ends at the end offsets seen at start where told
// to, and else when ctx ends.
func Consume(ctx context.Context, c ConsumeConfig) (err error) {
	client, err := c.Connect(ctx)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, fault.EnvironmentError(client.Close())) }()
	partitions, err := c.partitions(ctx, client)
	if err != nil {
		return classed(err)
	}
	out := &printer{w: bufio.NewWriterSize(c.Out, 1<<16), topic: c.Topic, json: c.JSON}
	if c.UntilEnd {
		for _, p := range partitions {
			if err := c.consume(ctx, client, p, out); err != nil {
				return err
			}
		}
		return nil
	}
	return c.follow(ctx, client, partitions, out)
}

func (c ConsumeConfig) partitions(ctx context.Context, client *fluvio.Client) ([]uint32, error) {
	n, err := client.Partitions(ctx, c.Topic)
	if err != nil {
		return nil, err
	}
	if c.Partition >= n {
		return nil, fmt.Errorf("%w: topic %s has partitions 0 to %d", fluvio.ErrPartitionNotFound, c.Topic, n-1)
	}
	if c.Partition >= 0 {
		return []uint32{uint32(c.Partition)}, nil
	}
	all := make([]uint32, n)
	for i := range all {
		all[i] = uint32(i)
	}
	return all, nil
}

// follow consumes all partitions side by side until ctx ends or one fails.
func (c ConsumeConfig) follow(ctx context.Context, client *fluvio.Client, partitions []uint32, out *printer) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	ended := make(chan error, len(partitions))
	for _, p := range partitions {
		go func() { ended <- c.consume(ctx, client, p, out) }()
	}
	var first error
	for range partitions {
		err := <-ended
		if ctx.Err() == nil {
			first = err
		}
		cancel()
	}
	return first
}

func (c ConsumeConfig) consume(ctx context.Context, client *fluvio.Client, partition uint32, out *printer) (err error) {
	var options []fluvio.ConsumerOption
	if c.MaxBytes > 0 {
		options = append(options, fluvio.WithMaxBytes(c.MaxBytes))
	}
	if c.UntilEnd {
		offsets, err := client.Offsets(ctx, c.Topic, partition)
		if err != nil {
			return classed(err)
		}
		options = append(options, fluvio.WithUntil(offsets.Next))
	}
	consumer, err := client.Consumer(ctx, c.Topic, partition, c.From, options...)
	if err != nil {
		return classed(err)
	}
	defer func() { err = errors.Join(err, fault.EnvironmentError(consumer.Close())) }()
	for {
		records, err := consumer.Poll(ctx)
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return classed(fmt.Errorf("topic %s partition %d: %w", c.Topic, partition, err))
		}
		if err := out.print(partition, records); err != nil {
			return fault.EnvironmentError(err)
		}
	}
}

// printed is a record as JSON. A key or value that is not UTF-8 is in key_b64 or value_b64 in place of key or value.
type printed struct {
	Topic     string `json:"topic"`
	Partition uint32 `json:"partition"`
	Offset    int64  `json:"offset"`
	Timestamp int64  `json:"timestamp"`
	Key       any    `json:"key,omitempty"` // text, or noKey
	KeyB64    string `json:"key_b64,omitempty"`
	Value     any    `json:"value,omitempty"`
	ValueB64  string `json:"value_b64,omitempty"`
}

// noKey is the key of a record without one.
var noKey = json.RawMessage("null")

// text is b as text, or, where it is not UTF-8, as base64.
func text(b []byte) (plain any, b64 string) {
	if !utf8.Valid(b) {
		return nil, base64.StdEncoding.EncodeToString(b)
	}
	return string(b), ""
}

// printer prints records of several partitions, each poll's records together.
type printer struct {
	topic string
	json  bool

	mu sync.Mutex
	w  *bufio.Writer
}

// print prints records and flushes, so that a quiet stream is seen at once.
func (p *printer) print(partition uint32, records []fluvio.Record) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	for i := range records {
		line := records[i].Value
		if p.json {
			var err error
			if line, err = jsonRecord(p.topic, partition, &records[i]); err != nil {
				return err
			}
		}
		if _, err := p.w.Write(line); err != nil {
			return err
		}
		if !p.json {
			if err := p.w.WriteByte('\n'); err != nil {
				return err
			}
		}
	}
	return p.w.Flush()
}

func jsonRecord(topic string, partition uint32, r *fluvio.Record) ([]byte, error) {
	p := printed{Topic: topic, Partition: partition, Offset: r.Offset, Timestamp: r.Timestamp, Key: noKey}
	if r.Key != nil {
		p.Key, p.KeyB64 = text(r.Key)
	}
	p.Value, p.ValueB64 = text(r.Value)
	var line bytes.Buffer
	enc := json.NewEncoder(&line)
	enc.SetEscapeHTML(false)
	err := enc.Encode(p)
	return line.Bytes(), err
}
