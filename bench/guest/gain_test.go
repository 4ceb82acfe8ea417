package main

import (
	"bufio"
	"fmt"
	"math/rand/v2"
	"os"
	"slices"
	"testing"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/array"
	"github.com/apache/arrow-go/v18/arrow/memory"

	"github.com/weir-stream/weir/host/abi"
	"github.com/weir-stream/weir/host/batch"
	"github.com/weir-stream/weir/host/format/jsonformat"
	"github.com/weir-stream/weir/internal/benchkit"
)

// openGains opens gain in Go and in C for a schema.
func openGains(t *testing.T, input *arrow.Schema) (guests [2]*abi.Instance) {
	t.Helper()
	for i, m := range inGoAndC(t, "gain") {
		var err error
		if guests[i], err = abi.Open(t.Context(), m, abi.Config{Name: "gain", Input: input}); err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = guests[i].Close(t.Context()) })
	}
	if a, b := guests[0].Outputs()[0], guests[1].Outputs()[0]; a.Name != b.Name || a.Kind != b.Kind || !a.Schema.Equal(b.Schema) {
		t.Fatalf("declared are %v and %v", a, b)
	}
	return guests
}

// gains are the column that a guest adds to a batch, also what stands at null rows, and which rows are null.
type gains struct {
	minutes []int64
	null    []bool
}

func gainsOf(t *testing.T, i *abi.Instance, batch arrow.RecordBatch) (all gains) {
	t.Helper()
	result, err := i.Process(t.Context(), batch, nil)
	if err != nil {
		t.Fatal(err)
	}
	defer result.Release()
	for _, e := range result.Emits {
		if e.Output != 0 || e.Selection != nil {
			t.Fatalf("output %d, selection %v: want all rows of the only output", e.Output, e.Selection)
		}
		column := e.Record.Column(0).(*array.Int64)
		all.minutes = append(all.minutes, column.Values()...)
		for row := range column.Len() {
			all.null = append(all.null, column.IsNull(row))
		}
	}
	return all
}

// compareGains wants the same of both guests, and a gain for every row.
func compareGains(t *testing.T, guests [2]*abi.Instance, batch arrow.RecordBatch, what string) {
	t.Helper()
	inGo, inC := gainsOf(t, guests[0], batch), gainsOf(t, guests[1], batch)
	if len(inC.minutes) != int(batch.NumRows()) || !slices.Equal(inGo.minutes, inC.minutes) || !slices.Equal(inGo.null, inC.null) {
		t.Errorf("%s:\n%.300s\nin C:\n%.300s", what, fmt.Sprint(inGo), fmt.Sprint(inC))
	}
}

func TestGainInCAnswersAsTheOneInGoToAllFlights(t *testing.T) {
	path, records, err := benchkit.Unpack("../../"+benchkit.Flights, t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	file, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	schema, _ := flightSchemas()
	guests := openGains(t, schema)
	decoder, err := jsonformat.New(jsonformat.Config{}).NewDecoder(formatFields(schema))
	if err != nil {
		t.Fatal(err)
	}
	builder := batch.NewBuilder(schema, batch.NewPool(memory.DefaultAllocator, 64<<20))
	defer builder.Release()
	const rows = 8192
	for lines, row := bufio.NewScanner(file), 1; lines.Scan(); row++ {
		if err := decoder.Decode(lines.Bytes(), builder); err != nil {
			t.Fatal(err)
		}
		builder.EndRow()
		if row%rows == 0 || row == records {
			record := builder.NewRecord()
			compareGains(t, guests, record, fmt.Sprintf("flights up to %d", row))
			record.Release()
		}
	}
}

func TestGainInCAnswersAsTheOneInGoAtTheEdges(t *testing.T) {
	schema := arrow.NewSchema([]arrow.Field{
		{Name: "carrier", Type: arrow.BinaryTypes.String, Nullable: true},
		{Name: "arr_delay", Type: arrow.PrimitiveTypes.Int64, Nullable: true},
		{Name: "cancelled", Type: arrow.FixedWidthTypes.Boolean, Nullable: true},
		{Name: "dep_delay", Type: arrow.PrimitiveTypes.Int64, Nullable: true},
	}, nil)
	guests := openGains(t, schema)
	random := rand.New(rand.NewPCG(1, 2))
	for _, rows := range []int{0, 1, 2, 7, 8, 9, 63, 64, 65, 127, 128, 129, 1000, 8192, 3} {
		for nulls := range 4 { // in none, either or both of the two
			b := array.NewRecordBuilder(memory.DefaultAllocator, schema)
			for range rows {
				b.Field(0).(*array.StringBuilder).Append("carrier"[:random.IntN(8)])
				b.Field(2).(*array.BooleanBuilder).Append(random.IntN(2) == 0)
				for k, field := range []int{1, 3} {
					if nulls>>k&1 != 0 && random.IntN(3) == 0 {
						b.Field(field).(*array.Int64Builder).AppendNull()
					} else { // differences that don't fit are among them
						b.Field(field).(*array.Int64Builder).Append(int64(random.Uint64()))
					}
				}
			}
			record := b.NewRecordBatch()
			compareGains(t, guests, record, fmt.Sprintf("%d rows, nulls %02b", rows, nulls))
			record.Release()
			b.Release()
		}
	}
}

func TestGainInCRefusesWhatTheOneInGoRefuses(t *testing.T) {
	schema := func(departure, arrival string, types ...arrow.DataType) *arrow.Schema {
		return arrow.NewSchema([]arrow.Field{{Name: departure, Type: types[0]}, {Name: arrival, Type: types[1]}}, nil)
	}
	long, short := arrow.PrimitiveTypes.Int64, arrow.PrimitiveTypes.Int32
	refuseAlike(t, inGoAndC(t, "gain"), []opening{
		{"as it should be", schema("dep_delay", "arr_delay", long, long), nil, ""},
		{"departure is absent", schema("delay", "arr_delay", long, long), nil, "status.bad_schema"},
		{"arrival is absent", schema("dep_delay", "arr_delays", long, long), nil, "status.bad_schema"},
		{"departure is text", schema("dep_delay", "arr_delay", arrow.BinaryTypes.String, long), nil, "status.bad_schema"},
		{"departure is too short", schema("dep_delay", "arr_delay", short, long), nil, "status.bad_schema"},
		{"arrival is too short", schema("dep_delay", "arr_delay", long, short), nil, "status.bad_schema"},
		{"arrival is a time", schema("dep_delay", "arr_delay", long, &arrow.TimestampType{Unit: arrow.Nanosecond}), nil, "status.bad_schema"},
		{"there is a parameter", schema("dep_delay", "arr_delay", long, long), map[string]string{"min_delay": "1"}, "status.bad_parameter"},
	})
}
