package main

import (
	"context"
	"errors"
	"math/rand/v2"
	"strings"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/array"
	"github.com/apache/arrow-go/v18/arrow/memory"

	"github.com/weir-stream/weir/host/abi"
	"github.com/weir-stream/weir/host/engine"
	"github.com/weir-stream/weir/host/engine/wazeroengine"
)

// guest is an instance of a module for weir, on an engine of its own.
type guest struct {
	*abi.Instance
	ctx    context.Context
	engine *wazeroengine.Engine
	module engine.Module
	input  *arrow.Schema
}

// openGuest compiles a module and opens it.
func openGuest(ctx context.Context, wasm []byte, input *arrow.Schema, limits engine.Limits) (_ *guest, err error) {
	g := &guest{ctx: ctx, input: input}
	if g.engine, err = newEngine(); err != nil {
		return nil, err
	}
	if g.module, err = abi.Compile(ctx, g.engine, nil, wasm, limits); err == nil {
		g.Instance, err = g.open()
	}
	if err != nil {
		_ = g.close()
		return nil, err
	}
	return g, nil
}

func (g *guest) open() (*abi.Instance, error) {
	return abi.Open(g.ctx, g.module, abi.Config{Name: "bench", Input: g.input})
}

// renew restores the instance after a failure, or makes another where that can't be.
func (g *guest) renew(ctx context.Context) (err error) {
	if err := g.Restore(ctx); !errors.Is(err, engine.ErrNotRestorable) {
		return err
	}
	if err := g.Instance.Close(ctx); err != nil {
		return err
	}
	g.Instance, err = g.open()
	return err
}

func (g *guest) close() (err error) {
	if g.Instance != nil {
		err = g.Instance.Close(g.ctx)
	}
	if g.module != nil {
		err = errors.Join(err, g.module.Close(g.ctx))
	}
	return errors.Join(err, g.engine.Close(g.ctx))
}

// evilInput are the columns that the guests of the evil suite are made for.
var evilInput = arrow.NewSchema([]arrow.Field{
	{Name: "id", Type: arrow.PrimitiveTypes.Int64}, {Name: "name", Type: arrow.BinaryTypes.String, Nullable: true},
}, nil)

// columns makes a schema of columns a, b, … of some types.
func columns(nullable bool, types ...arrow.DataType) *arrow.Schema {
	var fields []arrow.Field
	for i, t := range types {
		fields = append(fields, arrow.Field{Name: string(rune('a' + i)), Type: t, Nullable: nullable})
	}
	return arrow.NewSchema(fields, nil)
}

// integers makes a batch whose numbers count up, in column k by (k+1) × step.
func integers(schema *arrow.Schema, rows, step int) arrow.RecordBatch {
	return makeBatch(schema, rows, func(row, column int) int { return row * step * (column + 1) })
}

// randoms makes a batch of random numbers, the same each time.
func randoms(schema *arrow.Schema, rows int) arrow.RecordBatch {
	random := rand.New(rand.NewPCG(1, 2))
	return makeBatch(schema, rows, func(int, int) int { return random.IntN(1 << 20) })
}

func makeBatch(schema *arrow.Schema, rows int, value func(row, column int) int) arrow.RecordBatch {
	b := array.NewRecordBuilder(memory.DefaultAllocator, schema)
	defer b.Release()
	for row := range rows {
		for column, field := range b.Fields() {
			v := value(row, column)
			switch field := field.(type) {
			case *array.Int64Builder:
				field.Append(int64(v))
			case *array.Int32Builder:
				field.Append(int32(v))
			case *array.Float64Builder:
				field.Append(float64(v) / 8)
			case *array.BooleanBuilder:
				field.Append(v%3 == 0)
			case *array.StringBuilder:
				field.Append(strings.Repeat("text ", v%4))
			}
		}
	}
	return b.NewRecordBatch()
}
