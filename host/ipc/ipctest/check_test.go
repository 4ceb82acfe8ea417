package ipctest

import (
	"math"
	"testing"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/array"
	"github.com/apache/arrow-go/v18/arrow/memory"

	"github.com/weir-stream/weir/host/types"
)

// column makes a batch of one column from bare buffers; nil: no such buffer.
func column(dt arrow.DataType, nullable bool, rows, nulls int, buffers ...[]byte) arrow.RecordBatch {
	parts := make([]*memory.Buffer, len(buffers))
	for i, b := range buffers {
		if b != nil {
			parts[i] = memory.NewBufferBytes(b)
		}
	}
	c := array.MakeFromData(array.NewData(dt, rows, parts, nil, nulls, 0))
	schema := arrow.NewSchema([]arrow.Field{{Name: "c", Type: dt, Nullable: nullable}}, nil)
	return array.NewRecordBatch(schema, []arrow.Array{c}, int64(rows))
}

// within makes a batch of one column that has children.
func within(dt arrow.DataType, nullable bool, rows, nulls int, children []arrow.ArrayData, buffers ...[]byte) arrow.RecordBatch {
	parts := make([]*memory.Buffer, len(buffers))
	for i, b := range buffers {
		if b != nil {
			parts[i] = memory.NewBufferBytes(b)
		}
	}
	c := array.MakeFromData(array.NewData(dt, rows, parts, children, nulls, 0))
	schema := arrow.NewSchema([]arrow.Field{{Name: "c", Type: dt, Nullable: nullable}}, nil)
	return array.NewRecordBatch(schema, []arrow.Array{c}, int64(rows))
}

// bytesOf are n TINYINTs, some of them null if there is validity.
func bytesOf(n, nulls int, validity []byte) []arrow.ArrayData {
	parts := []*memory.Buffer{nil, memory.NewBufferBytes(make([]byte, n))}
	if validity != nil {
		parts[0] = memory.NewBufferBytes(validity)
	}
	return []arrow.ArrayData{array.NewData(arrow.PrimitiveTypes.Int8, n, parts, nil, nulls, 0)}
}

func float(bits uint64) []byte {
	return arrow.Uint64Traits.CastToBytes([]uint64{bits})
}

func offsets(places ...int32) []byte { return arrow.Int32Traits.CastToBytes(places) }

func TestCheckFindsWhatIsWrong(t *testing.T) {
	text, number, flag := arrow.BinaryTypes.String, arrow.PrimitiveTypes.Float64, arrow.FixedWidthTypes.Boolean
	small := arrow.PrimitiveTypes.Int8
	sure, open := types.List(small, false), types.List(small, true)
	one := types.Struct(arrow.Field{Name: "x", Type: small})
	single, price := arrow.PrimitiveTypes.Float32, &arrow.Decimal128Type{Precision: 2}
	for name, tc := range map[string]struct {
		sound bool
		batch arrow.RecordBatch
	}{
		"text":                           {true, column(text, true, 2, 1, []byte{1}, offsets(0, 1, 1), []byte("a"))},
		"offsets that do not begin at 0": {true, column(text, true, 1, 0, nil, offsets(1, 2), []byte("ab"))},
		"a NaN":                          {true, column(number, false, 1, 0, nil, float(math.Float64bits(math.NaN())&^1))},
		"bits":                           {true, column(flag, false, 9, 0, nil, []byte{255, 255})},
		"nothing":                        {true, column(text, false, 0, 0, nil, nil, nil)},
		"text that is not UTF-8":         {false, column(text, false, 1, 0, nil, offsets(0, 1), []byte{0xff})},
		"descending offsets":             {false, column(text, false, 2, 0, nil, offsets(0, 2, 1), []byte("ab"))},
		"another NaN":                    {false, column(number, false, 1, 0, nil, float(0x7ff8000000000001))},
		"another null count":             {false, column(number, true, 1, 0, []byte{0}, float(0))},
		"nulls that are forbidden":       {false, column(number, false, 1, 1, []byte{0}, float(0))},
		"short validity":                 {false, column(flag, true, 9, 0, []byte{255}, []byte{255, 255})},
		"short values":                   {false, column(flag, false, 9, 0, nil, []byte{255})},
		"a list":                         {true, within(open, false, 2, 0, bytesOf(3, 1, []byte{6}), nil, offsets(0, 1, 3))},
		"a list that has null":           {false, within(sure, false, 2, 0, bytesOf(3, 1, []byte{6}), nil, offsets(0, 1, 3))},
		"a list beyond its items":        {false, within(open, false, 2, 0, bytesOf(2, 0, nil), nil, offsets(0, 1, 3))},
		"items with another null count":  {false, within(open, false, 2, 0, bytesOf(3, 2, []byte{6}), nil, offsets(0, 1, 3))},
		"a struct":                       {true, within(one, true, 2, 1, bytesOf(2, 1, []byte{1}), []byte{1})},
		"a struct that lacks a value":    {false, within(one, true, 2, 1, bytesOf(2, 1, []byte{2}), []byte{1})},
		"a struct with a short field":    {false, within(one, false, 2, 0, bytesOf(1, 0, nil), nil)},
		"another single NaN":             {false, column(single, false, 1, 0, nil, []byte{1, 0, 0xc0, 0x7f})},
		"a single NaN":                   {true, column(single, false, 1, 0, nil, []byte{0, 0, 0xc0, 0x7f})},
		"99":                             {true, column(price, false, 1, 0, nil, append([]byte{99}, make([]byte, 15)...))},
		"100":                            {false, column(price, false, 1, 0, nil, append([]byte{100}, make([]byte, 15)...))},
		"a day":                          {false, column(&arrow.Time32Type{}, false, 1, 0, nil, []byte{0x80, 0x51, 1, 0})},
		"a second less":                  {true, column(&arrow.Time32Type{}, false, 1, 0, nil, []byte{0x7f, 0x51, 1, 0})},
		"JSON":                           {true, column(types.JSON(), true, 2, 1, []byte{1}, offsets(0, 2, 2), []byte("{}"))},
		"no JSON":                        {false, column(types.JSON(), true, 2, 0, nil, offsets(0, 2, 2), []byte("{}"))},
		"a type that is not taken":       {false, column(arrow.FixedWidthTypes.Float16, false, 1, 0, nil, []byte{1, 2})},
	} {
		if err := Check(tc.batch); (err == nil) != tc.sound {
			t.Errorf("%s: %v", name, err)
		}
	}
	if err := Check(Fill(EveryType(), 9, memory.DefaultAllocator, Counter())); err != nil {
		t.Error(err)
	}
}
