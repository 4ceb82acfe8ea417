package main

import (
	"fmt"
	"math/rand/v2"
	"testing"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/array"
	"github.com/apache/arrow-go/v18/arrow/memory"

	"github.com/weir-stream/weir/host/abi"
)

// delays are columns of which late_flights reads the last but one, behind columns with two buffers and with three.
var delays = arrow.NewSchema([]arrow.Field{
	{Name: "carrier", Type: arrow.BinaryTypes.String, Nullable: true},
	{Name: "delayed", Type: arrow.FixedWidthTypes.Boolean, Nullable: true},
	{Name: "dep_delay", Type: arrow.PrimitiveTypes.Int64, Nullable: true},
	{Name: "origin", Type: arrow.BinaryTypes.String},
}, nil)

// someDelays makes a batch with nulls in it, or none.
func someDelays(random *rand.Rand, rows int, nulls bool) arrow.RecordBatch {
	b := array.NewRecordBuilder(memory.DefaultAllocator, delays)
	defer b.Release()
	for range rows {
		b.Field(0).(*array.StringBuilder).Append("carrier"[:random.IntN(8)])
		b.Field(1).(*array.BooleanBuilder).Append(random.IntN(2) == 0)
		if nulls && random.IntN(3) == 0 {
			b.Field(2).(*array.Int64Builder).AppendNull()
		} else {
			b.Field(2).(*array.Int64Builder).Append(int64(random.IntN(300) - 60))
		}
		b.Field(3).(*array.StringBuilder).Append("JFK")
	}
	return b.NewRecordBatch()
}

// answered is what a guest answered to a batch, the bytes of its columns included. An emit of no rows is none.
func answered(t *testing.T, i *abi.Instance, batch arrow.RecordBatch) (text string) {
	t.Helper()
	result, err := i.Process(t.Context(), batch, nil)
	if err != nil {
		t.Fatal(err)
	}
	defer result.Release()
	for _, e := range result.Emits {
		if e.Record.NumRows() == 0 {
			continue
		}
		class := e.Record.Column(0).(*array.String)
		text += fmt.Sprint(e.Output, e.Selection, class.NullN(), class.ValueOffsets(), string(class.ValueBytes()))
	}
	return text
}

func TestLateFlightsInCAnswersAsTheOneInGo(t *testing.T) {
	modules := inGoAndC(t, "late_flights")
	for _, least := range []string{"", "0", "15", "60", "180", "1000"} {
		var guests [2]*abi.Instance
		for i, m := range modules {
			config := abi.Config{Name: "late_flights", Input: delays}
			if least != "" {
				config.Parameters = map[string]string{"min_delay": least}
			}
			var err error
			if guests[i], err = abi.Open(t.Context(), m, config); err != nil {
				t.Fatal(err)
			}
			defer guests[i].Close(t.Context())
		}
		if a, b := guests[0].Outputs()[0], guests[1].Outputs()[0]; a.Name != b.Name || a.Kind != b.Kind || !a.Schema.Equal(b.Schema) {
			t.Fatalf("declared are %v and %v", a, b)
		}
		random := rand.New(rand.NewPCG(1, 2))
		for _, rows := range []int{0, 1, 2, 7, 8, 9, 63, 64, 65, 1000, 8192, 3} {
			for _, nulls := range []bool{false, true} {
				batch := someDelays(random, rows, nulls)
				if inGo, inC := answered(t, guests[0], batch), answered(t, guests[1], batch); inGo != inC {
					t.Errorf("min_delay %q, %d rows, nulls %v:\n%.300s\nin C:\n%.300s", least, rows, nulls, inGo, inC)
				}
				batch.Release()
			}
		}
	}
}

func TestLateFlightsInCRefusesWhatTheOneInGoRefuses(t *testing.T) {
	only := func(name string, typ arrow.DataType) *arrow.Schema {
		return arrow.NewSchema([]arrow.Field{{Name: name, Type: typ}}, nil)
	}
	long := only("dep_delay", arrow.PrimitiveTypes.Int64)
	refuseAlike(t, inGoAndC(t, "late_flights"), []opening{
		{"as it should be", long, map[string]string{"min_delay": "9223372036854775807"}, ""},
		{"column is absent", only("delay", arrow.PrimitiveTypes.Int64), nil, "status.bad_schema"},
		{"column's name is longer", only("dep_delays", arrow.PrimitiveTypes.Int64), nil, "status.bad_schema"},
		{"column is text", only("dep_delay", arrow.BinaryTypes.String), nil, "status.bad_schema"},
		{"column is too short", only("dep_delay", arrow.PrimitiveTypes.Int32), nil, "status.bad_schema"},
		{"column is a time", only("dep_delay", &arrow.TimestampType{Unit: arrow.Nanosecond}), nil, "status.bad_schema"},
		{"parameter is negative", long, map[string]string{"min_delay": "-1"}, "status.bad_parameter"},
		{"parameter is a word", long, map[string]string{"min_delay": "an hour"}, "status.bad_parameter"},
		{"parameter is nothing", long, map[string]string{"min_delay": ""}, "status.bad_parameter"},
		{"parameter is too large", long, map[string]string{"min_delay": "9223372036854775808"}, "status.bad_parameter"},
		{"parameter is unknown", long, map[string]string{"max_delay": "1"}, "status.bad_parameter"},
		{"one of two is unknown", long, map[string]string{"min_delay": "1", "z": "1"}, "status.bad_parameter"},
	})
}
