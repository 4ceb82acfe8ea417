package operator_test

import (
	"context"
	"fmt"
	"log/slog"
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

// BenchmarkPoisonRows runs a real module over batches without poison and with one poison row in a hundred, which the
// module answers with a status or with a panic; with an honest progress cell and with one that never moves.
func BenchmarkPoisonRows(b *testing.B) {
	wasm, err := guestbuild.Build("../../test/e2e/testdata/poison")
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
	for _, rows := range []int{1024, 8192} {
		for _, c := range []struct {
			name, cell string
			poison     int32 // 0: none
		}{{"clean", "honest", 0}, {"status", "honest", -3}, {"status_stuck", "stuck", -3}, {"panic", "honest", -1}} {
			b.Run(fmt.Sprintf("%s/%d", c.name, rows), func(b *testing.B) {
				in, poison := flights(rows, c.poison)
				defer in.Record.Release()
				benchPoison(b, module, c.cell, in, poison)
			})
		}
	}
}

// benchPoison runs a batch again and again and checks that each time its poison rows, and no others, are condemned.
func benchPoison(b *testing.B, module engine.Module, cell string, in *batch.Batch, poison int) {
	schema := in.Record.Schema()
	chain, err := operator.Open(b.Context(), []operator.Stage{{
		Function: "poison", Send: []int{0, 1}, Input: schema, OnError: operator.Isolate,
		Open: func(ctx context.Context) (operator.Guest, error) {
			return abi.Open(ctx, module, abi.Config{Name: "poison", Input: schema, Parameters: map[string]string{"cell": cell}})
		},
		Outputs: []operator.Output{{To: operator.Sinks, Patch: true, Schema: schema, Columns: []operator.Column{{Index: 0}, {Index: 1}}}},
	}}, memory.DefaultAllocator)
	if err != nil {
		b.Fatal(err)
	}
	defer chain.Close(context.Background())
	b.ReportAllocs()
	calls := int64(0)
	for b.Loop() {
		res, err := chain.Process(b.Context(), in)
		if err != nil || len(res.Rejected) != poison {
			b.Fatal(err, res)
		}
		operator.Release(res.Batches)
		calls += 1 + chain.Counts().Extra
	}
	rows := float64(in.Record.NumRows()) * float64(b.N)
	b.ReportMetric(rows/b.Elapsed().Seconds(), "rows/s")
	b.ReportMetric(float64(calls)/float64(b.N), "calls/op")
}

// flights is a batch with a poison row in a hundred.
func flights(rows int, poison int32) (b *batch.Batch, count int) {
	schema := arrow.NewSchema([]arrow.Field{{Name: "n", Type: arrow.PrimitiveTypes.Int64}, {Name: "flight", Type: arrow.PrimitiveTypes.Int32}}, nil)
	builder := array.NewRecordBuilder(memory.DefaultAllocator, schema)
	defer builder.Release()
	from := &batch.Provenance{Topic: "flights"}
	for r := range rows {
		flight := int32(r % 5000)
		if poison != 0 && r%100 == 57 {
			flight = poison
			count++
		}
		builder.Field(0).(*array.Int64Builder).Append(int64(r))
		builder.Field(1).(*array.Int32Builder).Append(flight)
		from.Append(int64(r), 0, -1, nil)
	}
	return &batch.Batch{Record: builder.NewRecordBatch(), From: from}, count
}
