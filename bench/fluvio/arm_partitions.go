package main

import (
	"context"
	"os"
	"runtime/metrics"
	"time"

	"github.com/weir-stream/weir/fluvio"
	"github.com/weir-stream/weir/internal/benchkit"
)

const (
	budget  = 64 << 20              // bytes, of the consumer of many partitions
	pause   = 2 * time.Second       // of its reader: everything that may be received ahead is
	looking = 5 * time.Millisecond  // between looks at its memory
	live    = "/gc/heap/live:bytes" // what the last collection found in use
	mebi    = float64(1 << 20)
)

// partitionsArm reads all partitions of a topic with one consumer, whose reader holds up after the first records.
func partitionsArm(ctx context.Context, client *fluvio.Client, t Task) (Result, error) {
	m := newMeter()
	consumer, err := client.TopicConsumer(ctx, t.Topic, fluvio.Beginning(), fluvio.WithMaxMemory(budget), fluvio.WithUntilEnd())
	if err != nil {
		return Result{}, err
	}
	defer consumer.Close()
	peak, stop := watchHeap()
	n := 0
	for n < t.Records {
		_, records, err := consumer.Poll(ctx)
		if err != nil {
			return Result{}, err
		}
		if n == 0 {
			time.Sleep(pause)
		}
		n += len(records)
	}
	r := m.result(n)
	r.Seconds -= pause.Seconds()
	close(stop)
	r.PeakLive = <-peak
	r.PeakRSS, _ = benchkit.ProcessMiB(os.Getpid(), "VmHWM") // 0 where the system does not tell
	return r, nil
}

// watchHeap gives the most MiB of live heap seen until stop is closed.
func watchHeap() (peak <-chan float64, stop chan<- struct{}) {
	result, stopped := make(chan float64, 1), make(chan struct{})
	go func() {
		tick := time.NewTicker(looking)
		defer tick.Stop()
		most, sample := uint64(0), []metrics.Sample{{Name: live}}
		for {
			metrics.Read(sample)
			most = max(most, sample[0].Value.Uint64())
			select {
			case <-tick.C:
			case <-stopped:
				result <- float64(most) / mebi
				return
			}
		}
	}()
	return result, stopped
}
