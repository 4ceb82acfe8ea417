package operator_test

import (
	"context"
	"fmt"
	"log/slog"
	"sync"
	"testing"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/array"
	"github.com/apache/arrow-go/v18/arrow/memory"

	"github.com/weir-stream/weir/host/abi"
	"github.com/weir-stream/weir/host/batch"
	"github.com/weir-stream/weir/host/builtin"
	"github.com/weir-stream/weir/host/engine"
	"github.com/weir-stream/weir/host/operator"
	"github.com/weir-stream/weir/internal/guestbuild"
)

// BenchmarkLanes runs batches through late_flights, on lanes that share instances and on lanes that each have their own. An
// operation is one batch on every lane.
func BenchmarkLanes(b *testing.B) {
	wasm, err := guestbuild.Build("../../modules/late_flights")
	if err != nil {
		b.Fatal(err)
	}
	eng, err := builtin.Engine("", slog.New(slog.DiscardHandler))
	if err != nil {
		b.Fatal(err)
	}
	defer eng.Close(context.Background())
	module, err := abi.Compile(b.Context(), eng, nil, wasm, engine.Limits{})
	if err != nil {
		b.Fatal(err)
	}
	defer module.Close(context.Background())
	for _, rows := range []int{1, 1024} {
		for _, lanes := range []int{1, 8, 100} {
			for _, own := range []bool{false, true} {
				name := map[bool]string{false: "shared", true: "own"}[own]
				b.Run(fmt.Sprintf("%d_rows/%d_lanes/%s", rows, lanes, name), func(b *testing.B) {
					benchLanes(b, module, rows, lanes, own)
				})
			}
		}
	}
}

func benchLanes(b *testing.B, module engine.Module, rows, n int, own bool) {
	schema := arrow.NewSchema([]arrow.Field{{Name: "dep_delay", Type: arrow.PrimitiveTypes.Int64}}, nil)
	stages := []operator.Stage{{
		Function: "late_flights", Send: []int{0}, Input: schema, OnError: operator.Isolate,
		Open: func(ctx context.Context) (operator.Guest, error) {
			return abi.Open(ctx, module, abi.Config{Name: "late_flights", Input: schema})
		},
		Outputs: []operator.Output{{To: operator.Sinks, Patch: true, Schema: schema, Columns: []operator.Column{{}}}},
	}}
	shared := operator.NewLanes(stages, memory.DefaultAllocator)
	var chains []*operator.Chain
	for range n {
		lanes := shared
		if own {
			lanes = operator.NewLanes(stages, memory.DefaultAllocator)
		}
		c, err := lanes.Open(b.Context())
		if err != nil {
			b.Fatal(err)
		}
		defer c.Close(context.Background())
		chains = append(chains, c)
	}
	run := func(times int) {
		var running sync.WaitGroup
		for lane, c := range chains {
			running.Go(func() {
				in := delays(schema, rows, 1e12+int64(lane)*1000)
				defer in.Record.Release()
				for range times {
					res, err := c.Process(b.Context(), in)
					if err != nil || len(res.Rejected) > 0 || len(res.Batches) != 1 {
						b.Error(err, res)
						return
					}
					operator.Release(res.Batches)
				}
			})
		}
		running.Wait()
	}
	run(100) // instances are opened by then
	b.ReportAllocs()
	b.ResetTimer()
	run(b.N)
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N*n), "ns/batch")
}

// delays is a batch of departure delays, every other one late, of records of that time.
func delays(schema *arrow.Schema, rows int, time int64) *batch.Batch {
	builder := array.NewRecordBuilder(memory.DefaultAllocator, schema)
	defer builder.Release()
	from := &batch.Provenance{Topic: "flights"}
	for r := range rows {
		builder.Field(0).(*array.Int64Builder).Append(int64(90 * ((r + 1) % 2)))
		from.Append(int64(r), 0, time, nil)
	}
	return &batch.Batch{Record: builder.NewRecordBatch(), From: from}
}
