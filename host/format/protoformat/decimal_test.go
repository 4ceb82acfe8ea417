package protoformat

import (
	"encoding/binary"
	"errors"
	"math"
	"math/big"
	"testing"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/array"
	"pgregory.net/rapid"

	"github.com/weir-stream/weir/host/format"
	"github.com/weir-stream/weir/host/format/formattest"
	"github.com/weir-stream/weir/host/types"
)

// TestDecimalsOfIntegers has numbers of 64 bits become decimals, which are written as what they were.
func TestDecimalsOfIntegers(t *testing.T) {
	for _, scale := range []int{0, 2, 18} {
		column, err := types.Decimal(types.MaxPrecision, scale)
		if err != nil {
			t.Fatal(err)
		}
		fields := nullable("d", column)
		c := Config{Source: `syntax = "proto3"; message M { optional fixed64 d = 1; }`, Message: "M"}
		table := newTable(t, c, fields)
		e, err := New(c).NewEncoder(fieldsFor([]arrow.Field{fields}))
		if err != nil {
			t.Fatal(err)
		}
		rapid.Check(t, func(w *rapid.T) {
			v := rapid.OneOf(rapid.Uint64(), rapid.Uint64Range(1<<31, 1<<34), rapid.Just[uint64](math.MaxUint64)).Draw(w, "v")
			frame := binary.LittleEndian.AppendUint64([]byte{1<<3 | wire64}, v)
			record := table.decode(t, frame)
			defer record.Release()
			want := new(big.Rat).SetInt(new(big.Int).SetUint64(v)).FloatString(scale)
			if got := formattest.Decimal(record.Column(0).(*array.Decimal128), 0); got != want {
				w.Fatalf("read as %s, want %s", got, want)
			}
			if err := e.Bind(record.Columns()); err != nil {
				w.Fatal(err)
			}
			if got, err := e.Append(nil, 0); err != nil || string(got) != string(frame) {
				w.Fatalf("written as %x (%v), want %x", got, err, frame)
			}
		})
	}
}

// TestDecimalsThatAreNoIntegers: what an integer field has no room for is refused.
func TestDecimalsThatAreNoIntegers(t *testing.T) {
	column := nullable("d", &arrow.Decimal128Type{Precision: 12, Scale: 1})
	e, err := New(Config{Source: `syntax = "proto3"; message M { int32 d = 1; }`, Message: "M"}).NewEncoder(fieldsFor([]arrow.Field{column}))
	if err != nil {
		t.Fatal(err)
	}
	for unscaled, fits := range map[int64]bool{
		5: false, 30_000_000_000: false, 21474836470: true, 21474836480: false, -21474836480: true, -21474836490: false, 42949672960: false,
	} {
		b := newTable(t, Config{Source: `syntax = "proto3"; message M { string d = 1; }`, Message: "M"}, column)
		b.Column(0).AppendDecimal(uint64(unscaled), unscaled>>63)
		b.EndRow()
		record := b.NewRecord()
		if err := e.Bind(record.Columns()); err != nil {
			t.Fatal(err)
		}
		_, err := e.Append(nil, 0)
		var bad *format.DataError
		if errors.As(err, &bad) == fits || !fits && bad.Code != "protobuf.range" {
			t.Errorf("%d with a digit behind the point: %v", unscaled, err)
		}
		record.Release()
	}
}
