package weir_test

import (
	"errors"
	"math"
	"os/exec"
	"reflect"
	"strings"
	"testing"
	"unsafe"

	"github.com/weir-stream/weir/guest-abi/go/weir"
	"github.com/weir-stream/weir/guest-abi/go/weir/weirtest"
)

// pass is an operator that is opened by a function and lets all rows through.
func pass(open func(o *weir.Open)) weir.Operator {
	return func(o *weir.Open) (weir.Process, error) {
		open(o)
		all := o.Patch("")
		return func(*weir.Batch) error {
			all.SelectAll()
			return nil
		}, nil
	}
}

func TestARefusalToOpenSaysWhy(t *testing.T) {
	tests := []struct {
		name   string
		op     weir.Operator
		params weirtest.Params
		status uint32
		want   string
	}{
		{"no operator", nil, nil, 1, "call weir.Register"},
		{"column is absent", pass(func(o *weir.Open) { o.Int64("c") }), nil, 2, `there is no column "c" of type BIGINT`},
		{"column is of another type", pass(func(o *weir.Open) { o.Int64("t") }), nil, 2, `column "t" is TEXT, this module needs BIGINT`},
		{"timestamp is of another type", pass(func(o *weir.Open) { o.Timestamp("t") }), nil, 2, `column "t" is TEXT, this module needs TIMESTAMP`},
		{"all problems", pass(func(o *weir.Open) { o.Int64("c"); o.Bool("t") }), weirtest.Params{"p": "1"}, 2,
			`there is no column "c" of type BIGINT; column "t" is TEXT, this module needs BOOLEAN; there is no parameter "p"; this module has none`},
		{"one that is also written", everyType, nil, 2, `; there is no column "ts" of type TIMESTAMP`},
		{"parameter is missing", pass(func(o *weir.Open) { o.Param("p").Required() }), nil, 3, `parameter "p" is missing`},
		{"parameter is no integer", pass(func(o *weir.Open) { o.Param("p").Int64(1) }), weirtest.Params{"p": "1.5"}, 3, `must be an integer of 64 bits, is "1.5"`},
		{"parameter is no number", pass(func(o *weir.Open) { o.Param("p").Float64(1) }), weirtest.Params{"p": "inf"}, 3, `must be a number, is "inf"`},
		{"parameter is no boolean", pass(func(o *weir.Open) { o.Param("p").Bool(true) }), weirtest.Params{"p": "yes"}, 3, `must be true or false, is "yes"`},
		{"parameter is no duration", pass(func(o *weir.Open) { o.Param("p").Nanoseconds(1) }), weirtest.Params{"p": "1d"}, 3, `must be a duration such as 250ms or 1h30m, is "1d"`},
		{"bad schema by the operator", func(*weir.Open) (weir.Process, error) { return nil, weir.BadSchema("two keys") }, nil, 2, "two keys"},
		{"an error of the operator's", func(*weir.Open) (weir.Process, error) { return nil, errors.New("no luck") }, nil, 1, "no luck"},
		{"no function", func(o *weir.Open) (weir.Process, error) { o.Patch(""); return nil, nil }, nil, 1, "returned no function"},
		{"no output", func(*weir.Open) (weir.Process, error) { return func(*weir.Batch) error { return nil }, nil }, nil, 1, "declared no output"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			_, err := weirtest.Open(test.op, "t TEXT, n BIGINT NOT NULL", test.params)
			var refusal *weirtest.OpenError
			if !errors.As(err, &refusal) || refusal.Status != test.status || !strings.Contains(refusal.Message, test.want) {
				t.Fatalf("error %v, want status %d with %q", err, test.status, test.want)
			}
		})
	}
}

func TestParametersAreReadAsTheirTypes(t *testing.T) {
	var got []any
	op := pass(func(o *weir.Open) {
		got = []any{
			o.Param("i").Int64(1), o.Param("f").Float64(1), o.Param("b").Bool(false), o.Param("s").Text("x"), o.Param("d").Nanoseconds(1),
			o.Param("none").Int64(7), o.Param("none").Float64(7.5), o.Param("none").Bool(true), o.Param("none").Text("z"),
			o.Param("none").Nanoseconds(9), o.Param("none").Given(), o.Param("s").Given(),
		}
	})
	_, err := weirtest.Open(op, "t TEXT", weirtest.Params{"i": "-9223372036854775808", "f": "2.5e3", "b": "true", "s": "a b", "d": "1m30s"})
	if err != nil {
		t.Fatal(err)
	}
	want := []any{int64(math.MinInt64), 2500.0, true, "a b", int64(90e9), int64(7), 7.5, true, "z", int64(9), false, true}
	if !reflect.DeepEqual(got, want) {
		t.Fatalf("%v, want %v", got, want)
	}
}

// everyType copies all columns of a row by way of the typed readers and writers.
func everyType(o *weir.Open) (weir.Process, error) {
	b, i, l, f, s, ts := o.Bool("b"), o.Int32("i"), o.Int64("l"), o.Float64("f"), o.Text("s"), o.Timestamp("ts")
	out := o.Rows("copy")
	ob, oi, ol, of, os, ots := out.Bool("b"), out.Int32("i"), out.Int64("l"), out.Float64("f"), out.Text("s"), out.Timestamp("ts", ts.Type())
	return func(batch *weir.Batch) error {
		for r := range batch.All() {
			copyValue(b.Get, ob.Append, r)
			copyValue(i.Get, oi.Append, r)
			copyValue(l.Get, ol.Append, r)
			copyValue(f.Get, of.Append, r)
			copyValue(s.Get, os.Append, r)
			copyValue(ts.Get, ots.Append, r)
			out.Add(r)
		}
		return nil
	}, nil
}

func copyValue[T any](get func(weir.Row) (T, bool), add func(T), r weir.Row) {
	if v, ok := get(r); ok {
		add(v)
	}
}

const everyColumn = "b BOOLEAN, i INT, l BIGINT, f DOUBLE, s TEXT, ts TIMESTAMP(3)"

func TestEveryTypeCrossesBothWays(t *testing.T) {
	g := open(t, everyType, everyColumn, nil)
	// More than a bitmap's word, then fewer: what a batch leaves behind must not show in the next.
	for _, n := range []int{0, 1, 63, 64, 65, 200, 9, 0, 130} {
		var rows []weirtest.Row
		for r := range n {
			row := weirtest.Row{r%3 == 0, int32(r - 5), int64(r) << 40, float64(r) / 8, strings.Repeat("ü", r%5), int64(r)}
			for c := range row {
				if (r+c)%7 == 0 {
					row[c] = nil
				}
			}
			rows = append(rows, row)
		}
		result := process(t, g, rows...)
		if got := result.Rows("copy"); !reflect.DeepEqual(got, rows) {
			t.Fatalf("of %d rows: %v, want %v", n, got, rows)
		}
		for r, origin := range result.Origins("copy") {
			if origin != r {
				t.Fatalf("row %d has the origin %d", r, origin)
			}
		}
	}
}

func TestAPatchReplacesAndAddsColumns(t *testing.T) {
	op := func(o *weir.Open) (weir.Process, error) {
		n := o.Int64("n")
		p := o.Patch("")
		twice, sign := p.Int64("n").NotNull(), p.Bool("positive")
		return func(b *weir.Batch) error {
			p.SelectAll()
			values := twice.Grow(b.Len())
			for r, v := range n.Values() {
				values[r] = 2 * v
				sign.Append(v > 0)
			}
			sign.SetNullsOf(n)
			return nil
		}, nil
	}
	g := open(t, op, "t TEXT, n BIGINT", nil)
	got := process(t, g, weirtest.Row{"a", 3}, weirtest.Row{"b", nil}, weirtest.Row{"c", -1})
	want := []weirtest.Row{{"a", int64(6), true}, {"b", int64(0), nil}, {"c", int64(-2), false}}
	if !reflect.DeepEqual(got.Rows(""), want) || !reflect.DeepEqual(got.Columns(""), []string{"t", "n", "positive"}) {
		t.Fatalf("%v %v", got.Columns(""), got.Rows(""))
	}
}

func TestWhatAnOperatorEmitsInPiecesStaysInOrder(t *testing.T) {
	op := func(o *weir.Open) (weir.Process, error) {
		n := o.Int64("n")
		odd, rest := o.Patch("odd"), o.Rows("rest")
		out := rest.Int64("n")
		return func(b *weir.Batch) error {
			for r, v := range n.Values() {
				if v%2 != 0 {
					odd.Select(r)
					if err := odd.Emit(); err != nil {
						return err
					}
					continue
				}
				out.Append(v)
				rest.Add(weir.NoOrigin)
			}
			return nil
		}, nil
	}
	g := open(t, op, "n BIGINT", nil)
	got := process(t, g, weirtest.Row{1}, weirtest.Row{2}, weirtest.Row{3}, weirtest.Row{4})
	if want := []int{0, 2}; !reflect.DeepEqual(got.Origins("odd"), want) {
		t.Errorf("odd: %v, want %v", got.Origins("odd"), want)
	}
	if want := []int{-1, -1}; !reflect.DeepEqual(got.Origins("rest"), want) {
		t.Errorf("rest: %v, want %v", got.Origins("rest"), want)
	}
}

func TestARowThatFailsLeavesNothingBehind(t *testing.T) {
	op := weir.FlatMap(func(o *weir.Open, out *weir.Rows) (func(weir.Row) error, error) {
		n := o.Int64("n")
		l, s, b := out.Int64("l"), out.Text("s"), out.Bool("b")
		return func(r weir.Row) error {
			count, _ := n.Get(r)
			for range max(count, -count) {
				l.AppendNull()
				s.Append("some text")
				b.Append(true)
				out.Add(r)
			}
			s.Append("of a row that is not ended")
			if count < 0 {
				return weir.Reject("n.negative", "n is below zero")
			}
			return nil
		}, nil
	})
	g := open(t, op, "n BIGINT", nil)
	got := process(t, g, weirtest.Row{-70}, weirtest.Row{1}, weirtest.Row{-3}, weirtest.Row{2}, weirtest.Row{-1})
	row := weirtest.Row{nil, "some text", true}
	if want := []weirtest.Row{row, row, row}; !reflect.DeepEqual(got.Rows(""), want) {
		t.Errorf("rows %v, want %v", got.Rows(""), want)
	}
	if want := []int{1, 3, 3}; !reflect.DeepEqual(got.Origins(""), want) {
		t.Errorf("origins %v, want %v", got.Origins(""), want)
	}
	if len(got.Rejected) != 3 || got.Rejected[1] != (weirtest.Rejected{Row: 2, Code: "n.negative", Message: "n is below zero"}) {
		t.Errorf("rejected %v", got.Rejected)
	}
}

func TestMistakesOfAnOperatorFailTheBatch(t *testing.T) {
	tests := []struct {
		name string
		row  func(out *weir.Patch, w *weir.Writer[int64], r weir.Row) (bool, error)
		want string
	}{
		{"value is missing", func(*weir.Patch, *weir.Writer[int64], weir.Row) (bool, error) { return true, nil }, `column "w" of output "" is NOT NULL, but a row has no value`},
		{"two values", func(_ *weir.Patch, w *weir.Writer[int64], _ weir.Row) (bool, error) {
			w.Append(1)
			w.Append(2)
			return true, nil
		}, `column "w" of output "" has 4 values for 2 rows`},
		{"selected twice", func(out *weir.Patch, w *weir.Writer[int64], _ weir.Row) (bool, error) {
			out.Select(0)
			w.Append(1)
			w.Append(2)
			return true, nil
		}, "not ascending"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			g := open(t, weir.Map(func(o *weir.Open, out *weir.Patch) (weir.RowFunc, error) {
				w := out.Int64("w").NotNull()
				return func(r weir.Row) (bool, error) { return test.row(out, w, r) }, nil
			}), "n BIGINT", nil)
			if _, err := g.Process(weirtest.Row{1}, weirtest.Row{2}); err == nil || !strings.Contains(err.Error(), test.want) {
				t.Fatalf("error %v, want %q", err, test.want)
			}
		})
	}
}

func TestLogsReachTheHost(t *testing.T) {
	op := func(o *weir.Open) (weir.Process, error) {
		o.Log.Info("open with " + o.Columns()[0].Name)
		all := o.Patch("")
		return func(b *weir.Batch) error {
			all.SelectAll()
			b.Log.Debug("d")
			b.Log.Warn("w")
			b.Log.Error("e")
			return nil
		}, nil
	}
	g := open(t, op, "t TEXT", nil)
	if want := []weirtest.Log{{Level: "info", Line: "open with t"}}; !reflect.DeepEqual(g.Opened(), want) {
		t.Errorf("opened: %v", g.Opened())
	}
	want := []weirtest.Log{{Level: "debug", Line: "d"}, {Level: "warn", Line: "w"}, {Level: "error", Line: "e"}}
	if got := process(t, g, weirtest.Row{"x"}).Logs; !reflect.DeepEqual(got, want) {
		t.Errorf("%v, want %v", got, want)
	}
}

func TestTheArenaIsAlignedAndKept(t *testing.T) {
	g := weir.NewGuest(nil, nil)
	if g.Arena(-1) != nil {
		t.Error("a negative length got an arena")
	}
	last := g.Arena(0)
	for _, n := range []int{0, 1, 64, 65, 1000, 999, 1 << 20, 17} {
		arena := g.Arena(n)
		if len(arena) < n || len(arena) == 0 || uintptr(unsafe.Pointer(&arena[0]))%64 != 0 {
			t.Fatalf("for %d bytes: %d at %p", n, len(arena), &arena[0])
		}
		if n <= len(last) && &arena[0] != &last[0] {
			t.Fatalf("moved for %d bytes", n)
		}
		last = arena
	}
}

func TestProgressFollowsTheRows(t *testing.T) {
	var guest *weir.Guest
	var seen []uint32
	op := func(o *weir.Open) (weir.Process, error) {
		all := o.Patch("")
		return func(b *weir.Batch) error {
			all.SelectAll()
			for r := range b.All() {
				seen = append(seen, *guest.Progress())
				if r == 1 {
					break
				}
			}
			b.Row(2)
			return nil
		}, nil
	}
	g, length := opened(t, op, 3)
	guest = g
	if status := g.Process(length); status != 0 {
		t.Fatal(status)
	}
	if !reflect.DeepEqual(seen, []uint32{0, 1}) || *g.Progress() != 2 {
		t.Fatalf("seen %v, then %d", seen, *g.Progress())
	}
}

// What the SDK imports every guest carries: fmt alone would make one a third larger.
func TestTheSDKImportsLittle(t *testing.T) {
	out, err := exec.Command("go", "list", "-deps", ".").Output()
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range strings.Fields(string(out)) {
		switch name {
		case "fmt", "reflect", "encoding/json", "encoding/binary", "os", "time", "syscall", "testing":
			t.Errorf("the SDK imports %s", name)
		}
	}
}

func open(t testing.TB, op weir.Operator, columns string, params weirtest.Params) *weirtest.Guest {
	t.Helper()
	g, err := weirtest.Open(op, columns, params)
	if err != nil {
		t.Fatal(err)
	}
	return g
}

func process(t testing.TB, g *weirtest.Guest, rows ...weirtest.Row) *weirtest.Result {
	t.Helper()
	result, err := g.Process(rows...)
	if err != nil {
		t.Fatal(err)
	}
	return result
}
