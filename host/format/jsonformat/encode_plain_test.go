package jsonformat

import (
	"math"
	"strings"
	"testing"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/memory"
	"pgregory.net/rapid"

	"github.com/weir-stream/weir/host/batch"
)

// TestPlainMembersAreThoseOfTheGeneralWay compares what putPlain writes with what is written without it, behind any number
// of bytes and with any room left.
func TestPlainMembersAreThoseOfTheGeneralWay(t *testing.T) {
	columns := columnsOf("a BIGINT, d TEXT, e DOUBLE, f BIGINT, g TEXT, " +
		strings.Repeat("b", headSize-5) + " TEXT, " + strings.Repeat("c", headSize-4) + " BIGINT, h BIGINT")
	rapid.Check(t, func(t *rapid.T) {
		mem := memory.NewCheckedAllocator(memory.DefaultAllocator)
		b := batch.NewBuilder(arrow.NewSchema(columns, nil), mem)
		texts := rapid.OneOf(rapid.StringMatching(`[a-z]{0,9}`), rapid.StringN(0, 10, -1))
		for range rapid.IntRange(1, 9).Draw(t, "rows") {
			for i := range columns {
				switch c := b.Column(i); {
				case rapid.IntRange(0, 4).Draw(t, "null") == 0:
					c.AppendNull()
				case c.Kind() == batch.KindInt64:
					c.AppendInt64(rapid.OneOf(rapid.Int64Range(-10001, 10001), rapid.Int64(), rapid.Just(int64(math.MinInt64))).Draw(t, "v"))
				case c.Kind() == batch.KindFloat64:
					c.AppendFloat64(rapid.Float64().Draw(t, "v"))
				default:
					if err := c.AppendString(texts.Draw(t, "v")); err != nil {
						t.Fatal(err)
					}
				}
			}
			b.EndRow()
		}
		record := b.NewRecord()
		defer mem.AssertSize(t, 0)
		defer b.Release()
		defer record.Release()
		from := rapid.Int64Range(0, record.NumRows()-1).Draw(t, "from")
		part := record.NewSlice(from, record.NumRows())
		defer part.Release()
		plain, general := newEncoder(Config{}, fieldsOf(columns)), newEncoder(Config{}, fieldsOf(columns))
		for i := range general.columns {
			general.columns[i].plain = 0
		}
		for _, e := range []*encoder{plain, general} {
			if err := e.Bind(part.Columns()); err != nil {
				t.Fatal(err)
			}
		}
		for row := range int(part.NumRows()) {
			dst := make([]byte, rapid.IntRange(0, 70).Draw(t, "behind"), 70+rapid.IntRange(0, 9*room).Draw(t, "room"))
			got, err := plain.Append(dst, row)
			if err != nil {
				t.Fatal(err)
			}
			want, err := general.Append(make([]byte, len(dst)), row)
			if err != nil || string(got) != string(want) {
				t.Fatalf("%q, want %q, %v", got, want, err)
			}
		}
	})
}

// TestTimesAtBothEnds writes the last moment and the first that a column of nanoseconds can hold in rows next to each other.
func TestTimesAtBothEnds(t *testing.T) {
	c := newColumn("t", &arrow.TimestampType{Unit: arrow.Nanosecond}, 1)
	for range 2 {
		for v, want := range map[int64]string{
			math.MaxInt64: `"2262-04-11T23:47:16.854775807"`, math.MinInt64: `"1677-09-21T00:12:43.145224192"`,
		} {
			b := make([]byte, valueRoom)
			if n, ok := c.putTime(b, 0, v); !ok || string(b[:n]) != want {
				t.Errorf("%d is %s, want %s", v, b[:n], want)
			}
		}
	}
}
