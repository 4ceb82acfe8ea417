package main

import (
	"bytes"
	"context"
	"encoding/binary"
	"fmt"
	"slices"
	"sync/atomic"
	"time"

	"github.com/weir-stream/weir/fluvio"
)

// latencyArm sends PerSecond records a second without linger and times each from before it is sent until it is consumed in the
// same process. The first second is not counted.
func latencyArm(ctx context.Context, client *fluvio.Client, t Task) (Result, error) {
	producer, err := client.Producer(ctx, t.Topic, fluvio.WithLinger(0), fluvio.WithIsolation(fluvio.ReadUncommitted))
	if err != nil {
		return Result{}, err
	}
	consumer, err := client.Consumer(ctx, t.Topic, 0, fluvio.Beginning(), fluvio.WithIsolation(fluvio.ReadUncommitted))
	if err != nil {
		return Result{}, err
	}
	defer consumer.Close()

	sent := make([]atomic.Int64, t.Records+t.PerSecond) // nanoseconds since start
	start := time.Now()
	var times []int64
	consumed := make(chan error, 1)
	go func() {
		var err error
		times, err = arrivals(ctx, consumer, sent, start)
		consumed <- err
	}()
	key, value := make([]byte, 8), bytes.Repeat([]byte("x"), 300)
	for n := range sent {
		due := time.Duration(n) * time.Second / time.Duration(t.PerSecond)
		time.Sleep(due - time.Since(start))
		binary.BigEndian.PutUint64(key, uint64(n))
		binary.LittleEndian.PutUint64(value, uint64(n))
		sent[n].Store(int64(time.Since(start)))
		if err := producer.Produce(ctx, fluvio.Record{Key: key, Value: value}); err != nil {
			return Result{}, err
		}
	}
	if err := producer.Close(ctx); err != nil {
		return Result{}, err
	}
	if err := <-consumed; err != nil {
		return Result{}, err
	}
	times = times[t.PerSecond:]
	slices.Sort(times)
	quantile := func(q float64) float64 { return float64(times[int(float64(len(times)-1)*q)]) / 1e6 }
	return Result{Records: len(times), P50: quantile(0.5), P99: quantile(0.99), Max: quantile(1)}, nil
}

// arrivals returns how many nanoseconds each record took.
func arrivals(ctx context.Context, consumer *fluvio.Consumer, sent []atomic.Int64, start time.Time) ([]int64, error) {
	times := make([]int64, 0, len(sent))
	for len(times) < len(sent) {
		records, err := consumer.Poll(ctx)
		if err != nil {
			return nil, err
		}
		for _, r := range records {
			number := len(times)
			if got := binary.LittleEndian.Uint64(r.Value); got != uint64(number) {
				return nil, fmt.Errorf("record %d came as number %d", got, number)
			}
			times = append(times, int64(time.Since(start))-sent[number].Load())
		}
	}
	return times, nil
}
