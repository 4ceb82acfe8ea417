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
	Topic        string
	File         string // name of In, for errors
	In           io.Reader
	BatchSize    int // bytes; 0: the client's default
	Linger       time.Duration
	Compression  string
	KeySeparator string // splits a key off each line; empty: records have none
}

// Produced is what Produce did.
type Produced struct {
	Topic   string  `json:"topic"`
	Records int64   `json:"records"`
	Bytes   int64   `json:"bytes"`
	Seconds float64 `json:"seconds"`
}

// maxRecord is the largest record a producer sends, in bytes of key and value: what fits a request of the default size.
const maxRecord = 1<<20 - 256

// Produce sends one record a line and returns when every record is acknowledged.
func Produce(ctx context.Context, c ProduceConfig) (done Produced, err error) {
	done.Topic = c.Topic
	options := []fluvio.ProducerOption{fluvio.WithLinger(c.Linger)}
	if c.Compression != "" {
		compression, err := fluvio.ParseCompression(c.Compression)
		if err != nil {
			return done, fault.InputError(err)
		}
		options = append(options, fluvio.WithCompression(compression))
	}
	client, err := c.Connect(ctx)
	if err != nil {
		return done, err
	}
	defer func() { err = errors.Join(err, fault.EnvironmentError(client.Close())) }()
	if c.BatchSize > 0 {
		options = append(options, fluvio.WithBatchSize(c.BatchSize))
	}
	producer, err := client.Producer(ctx, c.Topic, options...)
	if err != nil {
		return done, classed(err)
	}
	began := time.Now()
	err = eachLine(c.In, c.File, func(line []byte, number int64) error {
		r, err := split(line, c.KeySeparator)
		if err == nil {
			err = producer.Produce(ctx, r)
		}
		if err != nil {
			return fmt.Errorf("%s:%d: %w", c.File, number, classed(err))
		}
		done.Records++
		done.Bytes += int64(len(line))
		return nil
	})
	if closed := classed(producer.Close(ctx)); err == nil {
		err = closed
	}
	if err != nil {
		acknowledged := int64(0)
		for p := range producer.Partitions() {
			n, _ := producer.Acknowledged(uint32(p))
			acknowledged += n
		}
		err = fmt.Errorf("%w (%d records are acknowledged)", err, acknowledged)
	}
	done.Seconds = time.Since(began).Seconds()
	return done, err
}

// eachLine calls do with each line, without its newline. A line larger than a record may be is bad input.
func eachLine(r io.Reader, file string, do func(line []byte, number int64) error) error {
	in := bufio.NewReaderSize(r, maxRecord+1)
	for number := int64(1); ; number++ {
		line, err := in.ReadSlice('\n')
		if errors.Is(err, bufio.ErrBufferFull) {
			return fault.Inputf("%s:%d: the line is larger than a record may be (%d bytes)", file, number, maxRecord)
		}
		if err != nil && !errors.Is(err, io.EOF) {
			return fault.Environmentf("%s:%d: %w", file, number, err)
		}
		ended := err != nil
		if ended && len(line) == 0 {
			return nil
		}
		if err := do(bytes.TrimSuffix(line, []byte("\n")), number); err != nil || ended {
			return err
		}
	}
}

func split(line []byte, separator string) (fluvio.Record, error) {
	r := fluvio.Record{Value: line}
	if separator == "" {
		return r, nil
	}
	key, value, ok := bytes.Cut(line, []byte(separator))
	if !ok {
		return r, fault.Inputf("the line has no key separator %q", separator)
	}
	r.Key, r.Value = key, value
	return r, nil
}
