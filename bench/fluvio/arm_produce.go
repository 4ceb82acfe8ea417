package main

import (
	"bytes"
	"context"
	"encoding/binary"
	"os"

	"github.com/weir-stream/weir/fluvio"
)

// produceArm sends every line of a file under its number as the key, and ends when all of them are acknowledged.
func produceArm(ctx context.Context, client *fluvio.Client, t Task) (Result, error) {
	codec, err := fluvio.ParseCompression(t.Compression)
	if err != nil {
		return Result{}, err
	}
	text, err := os.ReadFile(t.File)
	if err != nil {
		return Result{}, err
	}
	m := newMeter()
	producer, err := client.Producer(ctx, t.Topic, fluvio.WithCompression(codec), fluvio.WithBatchSize(t.Batch),
		fluvio.WithLinger(t.Linger), fluvio.WithIsolation(fluvio.ReadUncommitted))
	if err != nil {
		return Result{}, err
	}
	n := 0
	var key [8]byte
	for line := range bytes.Lines(text) {
		binary.BigEndian.PutUint64(key[:], uint64(n))
		if err := producer.Produce(ctx, fluvio.Record{Key: key[:], Value: bytes.TrimSuffix(line, []byte("\n"))}); err != nil {
			return Result{}, err
		}
		n++
	}
	if err := producer.Close(ctx); err != nil {
		return Result{}, err
	}
	return m.result(n), nil
}
