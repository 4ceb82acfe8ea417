package main

import (
	"bytes"
	"fmt"
	"os"
	"slices"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/memory"
	"github.com/klauspost/compress/zstd"

	"github.com/weir-stream/weir/host/batch"
	"github.com/weir-stream/weir/host/format"
	"github.com/weir-stream/weir/host/format/jsonformat"
	"github.com/weir-stream/weir/internal/benchkit"
)

const jsonToJSON = "JSON to JSON"

// jsonToJSON decodes flight records of 19 columns, hands them over, and encodes what comes out with one column more: the work of a
// pipeline but for its source and sink. The number of a flight is what is poison where it is negative.
func (b *bench) jsonToJSON(g *guest, rows int) (work, func() error, error) {
	clean, err := someFlights(rows)
	if err != nil {
		return nil, nil, err
	}
	bad := slices.Clone(clean)
	for r := range bad {
		if isPoison(r, poisonRate) {
			bad[r] = bytes.Replace(bad[r], []byte(`"flight":`), []byte(`"flight":-`), 1)
		}
	}
	in, out := flightSchemas()
	chain, err := b.poisonChain(g, in.FieldIndices("flight")[0], in, out)
	if err != nil {
		return nil, nil, err
	}
	decoder, err := jsonformat.New(jsonformat.Config{}).NewDecoder(formatFields(in))
	if err != nil {
		return nil, nil, err
	}
	encoder, err := jsonformat.New(jsonformat.Config{}).NewEncoder(formatFields(out))
	if err != nil {
		return nil, nil, err
	}
	builder := batch.NewBuilder(in, batch.NewPool(memory.DefaultAllocator, 64<<20))
	var written []byte
	encode := func(part *batch.Batch) error {
		if err := encoder.Bind(part.Record.Columns()); err != nil {
			return err
		}
		written = written[:0]
		for row := range int(part.Record.NumRows()) {
			if written, err = encoder.Append(written, row); err != nil {
				return err
			}
		}
		return nil
	}
	run := func(poisoned bool) (int64, error) {
		frames, poison := clean, 0
		if poisoned {
			frames, poison = bad, poisonIn(rows, poisonRate)
		}
		decoded, err := decode(decoder, builder, frames)
		if err != nil {
			return 0, err
		}
		defer decoded.Record.Release()
		return runBatch(b.ctx, chain, decoded, poison, encode)
	}
	closeIt := func() error {
		builder.Release()
		return chain.Close(b.ctx)
	}
	return run, closeIt, nil
}

func decode(d format.Decoder, b *batch.Builder, frames [][]byte) (*batch.Batch, error) {
	from := &batch.Provenance{Topic: "flights"}
	for r, frame := range frames {
		if err := d.Decode(frame, b); err != nil {
			return nil, err
		}
		b.EndRow()
		from.Append(int64(r), 0, -1, frame)
	}
	return &batch.Batch{Record: b.NewRecord(), From: from}, nil
}

// someFlights are the first flight records.
func someFlights(n int) ([][]byte, error) {
	packed, err := os.ReadFile(benchkit.Flights)
	if err != nil {
		return nil, err
	}
	reader, err := zstd.NewReader(nil)
	if err != nil {
		return nil, err
	}
	defer reader.Close()
	text, err := reader.DecodeAll(packed, nil)
	if err != nil {
		return nil, err
	}
	lines := bytes.SplitN(text, []byte("\n"), n+1)
	if len(lines) <= n {
		return nil, fmt.Errorf("%s has no %d records", benchkit.Flights, n)
	}
	return lines[:n], nil
}

// flightSchemas are the columns of the flights, and those with one column more.
func flightSchemas() (in, out *arrow.Schema) {
	var fields []arrow.Field
	for _, name := range []string{"year", "month", "day", "dep_time", "sched_dep_time", "dep_delay", "arr_time", "sched_arr_time",
		"arr_delay", "carrier", "flight", "tailnum", "origin", "dest", "air_time", "distance", "hour", "minute", "time_hour"} {
		var t arrow.DataType = arrow.PrimitiveTypes.Int64
		switch name {
		case "carrier", "tailnum", "origin", "dest":
			t = arrow.BinaryTypes.String
		case "time_hour":
			t = &arrow.TimestampType{Unit: arrow.Nanosecond}
		}
		fields = append(fields, arrow.Field{Name: name, Type: t, Nullable: name != "flight"})
	}
	in = arrow.NewSchema(fields, nil)
	return in, arrow.NewSchema(append(slices.Clone(fields), arrow.Field{Name: "twice", Type: arrow.PrimitiveTypes.Int64}), nil)
}

func formatFields(s *arrow.Schema) (fields []format.Field) {
	for i, f := range s.Fields() {
		fields = append(fields, format.Field{Name: f.Name, Type: f.Type, Nullable: f.Nullable, Column: i})
	}
	return fields
}
