package weir_test

import (
	"fmt"
	"reflect"
	"strings"
	"testing"

	"github.com/weir-stream/weir/guest-abi/go/weir"
	"github.com/weir-stream/weir/guest-abi/go/weir/weirtest"
)

// crossing copies the values of one column, and says what a row of it holds. A column that holds others is not copied.
type crossing struct {
	copy func(r weir.Row)
	show func(r weir.Row) string
}

type reader[T any] interface {
	Get(r weir.Row) (T, bool)
}

type writer[T any] interface {
	Append(T)
	AppendNull()
}

func cross[T any](in reader[T], out writer[T]) crossing {
	return crossing{
		copy: func(r weir.Row) {
			if v, ok := in.Get(r); ok {
				out.Append(v)
			} else {
				out.AppendNull()
			}
		},
		show: show(in, func(v T) string { return fmt.Sprint(v) }),
	}
}

func show[T any](in reader[T], text func(T) string) func(weir.Row) string {
	return func(r weir.Row) string {
		if v, ok := in.Get(r); ok {
			return text(v)
		}
		return "-"
	}
}

// crossColumn looks a column of any flat type up, and declares one of that type.
func crossColumn(o *weir.Open, out *weir.Rows, f weir.Field) crossing {
	n := f.Name
	switch f.Type {
	case weir.BoolType:
		return cross(o.Bool(n), out.Bool(n))
	case weir.Int8Type:
		return cross(o.Int8(n), out.Int8(n))
	case weir.Int16Type:
		return cross(o.Int16(n), out.Int16(n))
	case weir.Int32Type:
		return cross(o.Int32(n), out.Int32(n))
	case weir.Int64Type:
		return cross(o.Int64(n), out.Int64(n))
	case weir.Uint8Type:
		return cross(o.Uint8(n), out.Uint8(n))
	case weir.Uint16Type:
		return cross(o.Uint16(n), out.Uint16(n))
	case weir.Uint32Type:
		return cross(o.Uint32(n), out.Uint32(n))
	case weir.Uint64Type:
		return cross(o.Uint64(n), out.Uint64(n))
	case weir.Float32Type:
		return cross(o.Float32(n), out.Float32(n))
	case weir.Float64Type:
		return cross(o.Float64(n), out.Float64(n))
	case weir.DecimalType:
		in := o.Decimal(n)
		c := cross(in, out.Decimal(n, f.Precision, f.Scale))
		c.show = show(in, func(d weir.Decimal) string { return d.Text(in.Field().Scale) })
		return c
	case weir.TextType:
		return cross(o.Text(n), out.Text(n))
	case weir.JSONType:
		return cross(o.JSON(n), out.JSON(n))
	case weir.BinaryType:
		return cross(o.Binary(n), out.Binary(n))
	case weir.UUIDType:
		return cross(o.UUID(n), out.UUID(n))
	case weir.DateType:
		return cross(o.Date(n), out.Date(n))
	case weir.TimeSecond, weir.TimeMilli:
		return cross(o.Time32(n), out.Time32(n, f.Type))
	case weir.TimeMicro, weir.TimeNano:
		return cross(o.Time64(n), out.Time64(n, f.Type))
	case weir.IntervalType:
		return cross(o.Interval(n), out.Interval(n))
	}
	return cross(o.Timestamp(n), out.Timestamp(n, f.Type))
}

func TestEveryFlatTypeCrossesBothWays(t *testing.T) {
	columns := []string{"b BOOLEAN", "i8 TINYINT", "i16 SMALLINT", "i32 INT", "i64 BIGINT", "u8 TINYINT UNSIGNED", "u16 SMALLINT UNSIGNED",
		"u32 INT UNSIGNED", "u64 BIGINT UNSIGNED", "f32 FLOAT", "f64 DOUBLE", "dec DECIMAL(38, 2)", "t TEXT", "doc JSON", "bin BYTEA", "id UUID",
		"day DATE", "t0 TIME(0)", "t3 TIME(3)", "t6 TIME(6)", "t9 TIME", "s TIMESTAMP(0)", "ms TIMESTAMP(3)", "us TIMESTAMP(6)", "ns TIMESTAMP",
		"sz TIMESTAMP(0) WITH TIME ZONE", "msz TIMESTAMP(3) WITH TIME ZONE", "usz TIMESTAMP(6) WITH TIME ZONE", "nsz TIMESTAMP WITH TIME ZONE",
		"span INTERVAL"}
	values := func(r int) weirtest.Row {
		n := int64(r)
		return weirtest.Row{r%2 == 0, int8(-r), int16(-r * 99), int32(r) << 20, -n << 40, uint8(r), uint16(r) << 8, -uint32(r), -uint64(r),
			float32(r) / 3, float64(r) / 3, weir.Decimal{Lo: -uint64(r), Hi: -n}, strings.Repeat("ü", r%5), fmt.Sprint(r), []byte{0xff, byte(r)}[:r%3],
			weir.UUID{byte(r), 15: 1}, int32(-r), int32(r), int32(r), n << 30, n << 40, -n, n, n << 20, n << 30, n, n, n, -n,
			weir.Interval{Months: int32(r), Days: int32(-r), Nanoseconds: n << 33}}
	}
	operator := func(o *weir.Open) (weir.Process, error) {
		out := o.Rows("copy")
		var all []crossing
		for _, f := range o.Columns() {
			all = append(all, crossColumn(o, out, f))
		}
		return func(b *weir.Batch) error {
			for r := range b.All() {
				for _, c := range all {
					c.copy(r)
				}
				out.Add(r)
			}
			return nil
		}, nil
	}
	g := open(t, operator, strings.Join(columns, ", "), nil)
	for _, n := range []int{0, 1, 65, 9} { // what a batch leaves behind must not show in the next
		var rows []weirtest.Row
		for r := range n {
			row := values(r)
			for c := range row {
				if (r+c)%7 == 0 {
					row[c] = nil
				}
			}
			rows = append(rows, row)
		}
		if got := process(t, g, rows...).Rows("copy"); !reflect.DeepEqual(got, rows) {
			t.Fatalf("of %d rows: %v, want %v", n, got, rows)
		}
	}
}

func TestTypesThatAreNoneAreMistakes(t *testing.T) {
	for name, declare := range map[string]func(p *weir.Patch){
		"time of day in 32 bits": func(p *weir.Patch) { p.Time32("c", weir.TimeMicro) },
		"time of day in 64 bits": func(p *weir.Patch) { p.Time64("c", weir.TimeMilli) },
		"timestamp":              func(p *weir.Patch) { p.Timestamp("c", weir.Int64Type) },
		"precision":              func(p *weir.Patch) { p.Decimal("c", 39, 0) },
		"scale":                  func(p *weir.Patch) { p.Decimal("c", 3, 4) },
	} {
		t.Run(name, func(t *testing.T) {
			defer func() {
				if recover() == nil {
					t.Error("no panic")
				}
			}()
			_, _ = weirtest.Open(func(o *weir.Open) (weir.Process, error) {
				declare(o.Patch(""))
				return nil, nil
			}, "n BIGINT", nil)
		})
	}
}
