package weir_test

import (
	"encoding/binary"
	"testing"

	"github.com/weir-stream/weir/guest-abi/go/weir"
	"github.com/weir-stream/weir/guest-abi/go/weir/internal/ipc"
)

// silent is a host that does nothing, so that only the guest is measured.
type silent struct{}

func (silent) Output(string, uint32, []byte) uint32  { return 0 }
func (silent) Emit(uint32, []uint32, uint32, []byte) {}
func (silent) Reject(uint32, string, string)         {}
func (silent) Fail(message string)                   { panic(message) }
func (silent) Log(uint32, string)                    {}

var delayField = ipc.Field{Name: "n", Type: ipc.Int64, Nullable: true}

// request is an open request with one column, n BIGINT, and no parameters.
func request() []byte {
	schema := ipc.SchemaMessage([]ipc.Field{delayField})
	var b []byte
	for _, v := range []int{1, 0, len(schema), 0} {
		b = binary.LittleEndian.AppendUint32(b, uint32(v))
	}
	return append(b, schema...)
}

// batch is a batch request with the values 0, 1, … 99, 0, … where every 50th row is null.
func batch(rows int) []byte {
	var values []byte
	nulls := make([]uint64, rows/64+1)
	nullCount := 0
	for r := range rows {
		values = binary.LittleEndian.AppendUint64(values, uint64(r%100))
		if r%50 == 49 {
			nulls[r/64] |= 1 << (r % 64)
			nullCount++
		}
	}
	w := ipc.NewWriter([]ipc.Field{delayField})
	w.Begin(rows)
	w.Node(nullCount)
	w.Validity(nulls)
	w.Buffer(values)
	return w.Finish()
}

var operators = map[string]weir.Operator{
	"columnar": func(o *weir.Open) (weir.Process, error) {
		n := o.Int64("n")
		p := o.Patch("")
		class, twice := p.Text("class").NotNull(), p.Int64("twice")
		return func(b *weir.Batch) error {
			for r, v := range n.Values() {
				if v < 90 || n.Null(r) {
					continue
				}
				p.Select(r)
				class.Append("late")
				if v == 95 {
					twice.AppendNull()
				} else {
					twice.Append(2 * v)
				}
			}
			return nil
		}, nil
	},
	"filter": weir.Filter(func(o *weir.Open) (weir.RowFunc, error) {
		n := o.Int64("n")
		return func(r weir.Row) (bool, error) {
			v, ok := n.Get(r)
			return ok && v >= 90, nil
		}, nil
	}),
	"map": weir.Map(func(o *weir.Open, out *weir.Patch) (weir.RowFunc, error) {
		n := o.Int64("n")
		class := out.Text("class")
		return func(r weir.Row) (bool, error) {
			if v, ok := n.Get(r); ok && v >= 90 {
				class.Append("late")
			}
			return true, nil
		}, nil
	}),
	"flatmap": weir.FlatMap(func(o *weir.Open, out *weir.Rows) (func(weir.Row) error, error) {
		n := o.Int64("n")
		copied := out.Int64("n")
		return func(r weir.Row) error {
			if v, ok := n.Get(r); ok {
				copied.Append(v)
				out.Add(r)
			}
			return nil
		}, nil
	}),
}

// opened returns an open guest and the length of the batch that is in its arena.
func opened(t testing.TB, op weir.Operator, rows int) (*weir.Guest, int) {
	g := weir.NewGuest(op, silent{})
	open := request()
	if status := g.Open(copy(g.Arena(len(open)), open)); status != 0 {
		t.Fatal("status", status)
	}
	message := batch(rows)
	return g, copy(g.Arena(len(message)), message)
}

func TestABatchMakesNoGarbage(t *testing.T) {
	for name, op := range operators {
		t.Run(name, func(t *testing.T) {
			g, length := opened(t, op, 4096)
			g.Process(length) // the first one grows the writers
			if allocations := testing.AllocsPerRun(20, func() { g.Process(length) }); allocations != 0 {
				t.Fatalf("%v allocations a batch", allocations)
			}
		})
	}
}

func BenchmarkProcess(b *testing.B) {
	for name, op := range operators {
		b.Run(name, func(b *testing.B) {
			g, length := opened(b, op, 4096)
			b.ReportAllocs()
			for b.Loop() {
				if g.Process(length) != 0 {
					b.Fatal("failed")
				}
			}
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/4096, "ns/row")
		})
	}
}

func FuzzOpen(f *testing.F) {
	f.Add(request())
	f.Add(append(request(), 0, 0, 0, 0, 0, 0, 0, 0))
	f.Fuzz(func(t *testing.T, open []byte) {
		op := func(o *weir.Open) (weir.Process, error) {
			o.Int64("n")
			o.Param("p").Int64(0)
			o.Patch("")
			return func(*weir.Batch) error { return nil }, nil
		}
		g := weir.NewGuest(op, deaf{})
		if g.Open(copy(g.Arena(len(open)), open)) == 0 {
			message := batch(3)
			g.Process(copy(g.Arena(len(message)), message))
		}
	})
}

// deaf is silent about failures too.
type deaf struct{ silent }

func (deaf) Fail(string) {}
