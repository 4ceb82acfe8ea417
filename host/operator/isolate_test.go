package operator

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"math/bits"
	"slices"
	"strings"
	"testing"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/array"
	"pgregory.net/rapid"

	"github.com/weir-stream/weir/host/abi"
	"github.com/weir-stream/weir/host/batch"
	"github.com/weir-stream/weir/internal/fault"
)

// TestPoisonRowsAreIsolated compares chains of modules that fail on rows of any kind with the model, whatever progress
// cells say, however batches are cut, and with instances that run out of memory without any row's fault.
func TestPoisonRowsAreIsolated(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		b := newBench(t)
		values := numbers(0, rapid.IntRange(1, 120).Draw(rt, "rows"))
		some := func(name string, most int) []int64 {
			return rapid.SliceOfN(rapid.SampledFrom(values), 0, most).Draw(rt, name)
		}
		var modules []*fragile
		var stages []Stage
		n := rapid.IntRange(1, 3).Draw(rt, "stages")
		for i := range n {
			f := &fragile{
				poison: map[int64]abi.FailureKind{}, rejects: map[int64]bool{},
				hints: rapid.SampledFrom([]hints{honest, absent, stuck, lying, wild, backwards}).Draw(rt, "hints"),
				form:  rapid.SampledFrom([]form{patchesAll, patches, batches, twice}).Draw(rt, "form"),
				most:  rapid.SampledFrom([]int{0, 0, 1, 5, 40}).Draw(rt, "most"),
				leak:  rapid.SampledFrom([]int{0, 0, 1, 7, 100}).Draw(rt, "leak"),
				rigid: rapid.Bool().Draw(rt, "rigid"),
			}
			for _, v := range some("poison", 8) {
				f.poison[v] = rapid.SampledFrom(kinds).Draw(rt, "kind")
			}
			for _, v := range some("rejects", 8) {
				f.rejects[v] = true
			}
			modules = append(modules, f)
			stages = append(stages, f.stage(b, fmt.Sprint("s", i), f.outputs(i == n-1)))
		}
		c, err := Open(t.Context(), stages, b.mem)
		if err != nil {
			rt.Fatal(err)
		}
		defer c.Close(context.Background())
		var cuts [][]int64
		for rest := values; len(rest) > 0; {
			cut := rapid.IntRange(1, len(rest)).Draw(rt, "cut")
			cuts, rest = append(cuts, rest[:cut]), rest[cut:]
		}
		got, err := b.feed(c, cuts...)
		if err != nil {
			rt.Fatal(err)
		}
		want := expect(modules, values)
		if !slices.Equal(got.rows, want.rows) || !slices.Equal(got.letters, want.letters) {
			rt.Fatalf("came out %v and %q\nwant %v and %q", got.rows, got.letters, want.rows, want.letters)
		}
		for i, f := range modules {
			for v := range f.poison {
				if slices.Contains(got.letters, fmt.Sprint(i, " ", f.poison[v], ".code ", v)) && !f.alone[v] {
					rt.Fatalf("stage %d: row %d was condemned without a failure alone, from a clean image", i, v)
				}
			}
		}
		if t.Failed() {
			rt.FailNow()
		}
	})
}

// bound is how many calls more k poison rows in a batch of n may take.
func bound(h hints, k, n int) int {
	halves := k * (1 + 2*bits.Len(uint(n-1)))
	switch {
	case k == 0:
		return 0
	case (h == honest || h == backwards) && k <= unhurried:
		return 3 * k
	case h == honest || h == backwards: // and strides
		return k * (3 + bits.Len(uint(n)))
	case h == lying:
		return halves + 2
	}
	return halves
}

// TestIsolationTakesFewCalls checks the documented bounds for every progress cell, where batches are as large as the
// benchmarks', and where poison rows lie side by side, at the edges, and anywhere.
func TestIsolationTakesFewCalls(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		h := rapid.SampledFrom([]hints{honest, absent, stuck, lying, wild, backwards}).Draw(rt, "hints")
		rows := rapid.IntRange(1, 3000).Draw(rt, "rows")
		size := rapid.SampledFrom([]int{1, 2, 3, 7, 1024}).Draw(rt, "size")
		most := rapid.SampledFrom([]int{1, 3, 3, 12, 100}).Draw(rt, "most")
		var places []int64
		for range rapid.IntRange(1, most).Draw(rt, "poison") {
			v := rapid.IntRange(0, rows-1).Draw(rt, "place")
			places = append(places, rapid.SampledFrom([]int64{int64(v), int64(v), 0, int64(rows - 1), int64(min(v+1, rows-1))}).Draw(rt, "or"))
		}
		checkCalls(t, rt, h, rows, size, places)
	})
}

type fataler interface{ Fatalf(string, ...any) }

func checkCalls(t *testing.T, fatal fataler, h hints, rows, size int, places []int64) {
	b := newBench(t)
	f := &fragile{poison: poisoned(places...), hints: h}
	stage := f.stage(b, "s0", f.outputs(true))
	c, err := Open(t.Context(), []Stage{stage}, b.mem)
	if err != nil {
		fatal.Fatalf("%v", err)
	}
	defer c.Close(context.Background())
	most, clean := 0, 0
	for cut := range slices.Chunk(numbers(0, rows), size) {
		k := 0
		for v := range f.poison {
			if v >= cut[0] && v <= cut[len(cut)-1] {
				k++
			}
		}
		before := f.calls
		got, err := b.feed(c, cut)
		if err != nil {
			fatal.Fatalf("%v", err)
		}
		if want := expect([]*fragile{f}, cut); !slices.Equal(got.rows, want.rows) || !slices.Equal(got.letters, want.letters) {
			fatal.Fatalf("came out %v and %q", got.rows, got.letters)
		}
		extra := f.calls - before - 1
		if extra > bound(h, k, len(cut)) || int64(extra) != got.counts.Extra {
			fatal.Fatalf("%d more calls (%+v) for %d poison rows of %d, want at most %d", extra, got.counts, k, len(cut), bound(h, k, len(cut)))
		}
		clean, most = clean+1, most+bound(h, k, len(cut))
	}
	if f.calls > clean+most || f.opened != 1 {
		fatal.Fatalf("%d calls and %d instances, want at most %d and 1", f.calls, f.opened, clean+most)
	}
	if f.restored > 2*len(f.poison)+f.calls-clean {
		fatal.Fatalf("restored %d times", f.restored)
	}
}

// TestThreePoisonRowsInTenThousand is what the documentation says of the usual case: nine more calls, and two resets a row.
func TestThreePoisonRowsInTenThousand(t *testing.T) {
	for _, places := range [][]int64{{17, 4000, 9999}, {2048, 2049, 2050}, {0, 1023, 5000}} {
		for _, h := range []hints{honest, absent} {
			checkCalls(t, t, h, 10_000, 1024, places)
		}
	}
}

func TestRestoresOfAPoisonRow(t *testing.T) {
	b := newBench(t)
	f := &fragile{poison: poisoned(5)}
	c := b.chain(f.stage(b, "s0", f.outputs(true)))
	if _, err := b.feed(c, numbers(0, 10), numbers(10, 20)); err != nil {
		t.Fatal(err)
	}
	if f.calls != 5 || f.restored != 2 {
		t.Errorf("%d calls and %d restores", f.calls, f.restored)
	}
}

// TestARowThatFailsAloneIsTriedOnACleanImage has batches of one row.
func TestARowThatFailsAloneIsTriedOnACleanImage(t *testing.T) {
	for _, c := range []struct {
		name   string
		module fragile
		cuts   [][]int64
		calls  int
		want   string
	}{
		{"the first one", fragile{poison: poisoned(0)}, [][]int64{{0}}, 2, "[] [0 trap.code 0]"},
		{"after other rows", fragile{poison: poisoned(1)}, [][]int64{{0}, {1}}, 3, "[0] [0 trap.code 1]"},
		{"a leak is no row's fault", fragile{leak: 1}, [][]int64{{0}, {1}, {2}}, 5, "[0 1 2] []"},
		{"behind a condemned one", fragile{poison: poisoned(1, 2)}, [][]int64{{0}, {1}, {2}, {3}}, 6, "[0 3] [0 trap.code 1 0 trap.code 2]"},
		{"a batch that is too large", fragile{most: 3}, [][]int64{{0, 1, 2, 3, 4}}, 4, "[0 1 2 3 4] []"},
	} {
		t.Run(c.name, func(t *testing.T) {
			b := newBench(t)
			got, err := b.feed(b.chain(c.module.stage(b, "s0", c.module.outputs(true))), c.cuts...)
			if err != nil {
				t.Fatal(err)
			}
			if text := fmt.Sprint(got.rows, " ", got.letters); text != c.want || c.module.calls != c.calls {
				t.Errorf("%s after %d calls, want %s after %d", text, c.module.calls, c.want, c.calls)
			}
		})
	}
}

// TestWhatEndsAnIsolation fails on a row for a reason of its own, and then, while the row is looked for, for one that
// condemns nothing.
func TestWhatEndsAnIsolation(t *testing.T) {
	for _, kind := range []abi.FailureKind{abi.FailedDeadline, abi.FailedCancelled, abi.FailedBug} {
		for _, later := range []int64{3, 5} { // on this side of the poison row, or behind it
			b := newBench(t)
			f := &fragile{poison: poisoned(4)}
			first := true
			s := f.stage(b, "s0", f.outputs(true))
			open := s.Open
			s.Open = func(ctx context.Context) (Guest, error) {
				g, err := open(ctx)
				return &twisted{g.(*fragileGuest), func() {
					if !first {
						f.poison[later] = kind
					}
					first = false
				}}, err
			}
			got, err := b.feed(b.chain(s), numbers(0, 10))
			if err == nil || len(got.rows) > 0 || len(got.letters) > 0 || !strings.Contains(err.Error(), "function s0") {
				t.Errorf("%s: %+v, %v", kind, got, err)
			}
			if want := map[bool]fault.Class{true: fault.Input, false: fault.Bug}[kind == abi.FailedDeadline]; fault.Of(err) != want {
				t.Errorf("%s: class %d", kind, fault.Of(err))
			}
		}
	}
}

// twisted runs something before each call.
type twisted struct {
	*fragileGuest
	before func()
}

func (g *twisted) Process(ctx context.Context, rec arrow.RecordBatch, from abi.Rows) (*abi.Result, error) {
	g.before()
	return g.fragileGuest.Process(ctx, rec, from)
}

// TestStridesBoundWhatIsSent has a poison row in a hundred of a large batch: each is found with three calls, and no row is
// sent more than a few times.
func TestStridesBoundWhatIsSent(t *testing.T) {
	b := newBench(t)
	f := &fragile{poison: map[int64]abi.FailureKind{}}
	for v := int64(57); v < 8192; v += 100 {
		f.poison[v] = abi.FailedTrap
	}
	if _, err := b.feed(b.chain(f.stage(b, "s0", f.outputs(true))), numbers(0, 8192)); err != nil {
		t.Fatal(err)
	}
	if f.calls > 1+3*len(f.poison) || f.sent > 10*8192 {
		t.Errorf("%d calls and %d rows sent for %d poison rows", f.calls, f.sent, len(f.poison))
	}
}

// TestACallerThatGivesUpCondemnsNothing cancels in the call that fails, the only one or one of several.
func TestACallerThatGivesUpCondemnsNothing(t *testing.T) {
	b := newBench(t)
	f := &fragile{poison: poisoned(4)}
	c := b.chain(f.stage(b, "s0", f.outputs(true)))
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	in := b.source(schema("a"), []int64{4})
	defer in.Record.Release()
	if res, err := c.Process(ctx, in); res != nil || err == nil {
		t.Errorf("one row: %+v, %v", res, err)
	}
	for at := 1; at <= 4; at++ {
		b := newBench(t)
		f := &fragile{poison: poisoned(4)}
		ctx, cancel := context.WithCancelCause(t.Context())
		why := errors.New("given up")
		s := f.stage(b, "s0", f.outputs(true))
		open := s.Open
		s.Open = func(ctx context.Context) (Guest, error) {
			g, err := open(ctx)
			return &twisted{g.(*fragileGuest), func() {
				if f.calls == at-1 {
					cancel(why)
				}
			}}, err
		}
		c := b.chain(s)
		in := b.source(schema("a"), numbers(0, 10))
		res, err := c.Process(ctx, in)
		in.Record.Release()
		cancel(nil)
		// The last call answers, whoever has given up; then the batch is through.
		if done := at == 4 && err == nil; done {
			Release(res.Batches)
		} else if res != nil || err == nil {
			t.Errorf("cancelled in call %d: %+v, %v", at, res, err)
		}
	}
}

func TestOpeningAnewMayFail(t *testing.T) {
	b := newBench(t)
	f := &fragile{poison: poisoned(4), rigid: true}
	s := f.stage(b, "s0", f.outputs(true))
	open, why := s.Open, errors.New("trap in open")
	s.Open = func(ctx context.Context) (Guest, error) {
		if f.opened > 0 {
			return nil, fault.InputError(why)
		}
		return open(ctx)
	}
	_, err := b.feed(b.chain(s), numbers(0, 10))
	if !errors.Is(err, why) || fault.Of(err) != fault.Input || !strings.Contains(err.Error(), "function s0: getting an instance for a call") {
		t.Error(err)
	}
}

// TestDerivedRowsAreIsolated fails on a row behind a stage that gave no origins.
func TestDerivedRowsAreIsolated(t *testing.T) {
	b := newBench(t)
	sum := []Output{{To: Next, Schema: schema("a"), Columns: []Column{{Emitted: true}}}}
	f := &fragile{poison: poisoned(7)}
	c := b.chain(
		b.stage("sum", sum, func(arrow.RecordBatch, abi.Rows) (*abi.Result, error) {
			return &abi.Result{Emits: []abi.Emit{{Record: b.record(schema("a"), []int64{6, 7, 8})}}}, nil
		}),
		f.stage(b, "s1", f.outputs(true)),
	)
	res, err := b.run(c, b.source(schema("a"), []int64{1, 2, 3}))
	if err != nil {
		t.Fatal(err)
	}
	defer Release(res.Batches)
	if got := strings.Join(shown(res), "; "); got != "a=[6] derived; a=[8] derived" {
		t.Error(got)
	}
	if l := res.Rejected[0].Letter; len(res.Rejected) != 1 || !l.Derived || l.Offset != 10 || l.LastOffset != 12 || string(l.Value) != "row 7" || !res.Rejected[0].Condemned {
		t.Errorf("%+v", res.Rejected)
	}
}

// TestPartsKeepTheirCoordinates lets a module ask where the rows of each part came from.
func TestPartsKeepTheirCoordinates(t *testing.T) {
	for name, in := range map[string]func(b *bench) *batch.Batch{
		"as decoded": func(b *bench) *batch.Batch { return b.source(schema("a"), numbers(10, 16)) },
		"with origins": func(b *bench) *batch.Batch {
			whole := b.source(schema("a"), numbers(10, 20))
			defer whole.Record.Release()
			return &batch.Batch{From: whole.From, Origin: []uint32{0, 1, 2, 3, 4, 5}, Record: whole.Record.NewSlice(0, 6)}
		},
	} {
		t.Run(name, func(t *testing.T) {
			b := newBench(t)
			f := &fragile{poison: poisoned(12), hints: absent}
			s := f.stage(b, "s0", f.outputs(true))
			open := s.Open
			s.Open = func(ctx context.Context) (Guest, error) {
				g, err := open(ctx)
				return &mapped{g.(*fragileGuest), t}, err
			}
			res, err := b.run(b.chain(s), in(b))
			if err != nil {
				t.Fatal(err)
			}
			defer Release(res.Batches)
			if l := res.Rejected[0].Letter; l.Offset != 12 || l.Frame != 2 || l.Time != 102 || string(l.Value) != "raw 2" {
				t.Errorf("%+v", l)
			}
		})
	}
}

// mapped checks that row v is from offset v.
type mapped struct {
	*fragileGuest
	t *testing.T
}

func (g *mapped) Process(ctx context.Context, rec arrow.RecordBatch, from abi.Rows) (*abi.Result, error) {
	for i, v := range rec.Column(0).(*array.Int64).Int64Values() {
		if row := from.Row(uint32(i)); row.Offset != v || row.Frame != int32(v-10) || row.Time != v+90 {
			g.t.Errorf("row %d of a part, %d, is from %+v", i, v, row)
		}
	}
	return g.fragileGuest.Process(ctx, rec, from)
}

func TestLettersOfOneFrameAreInOrder(t *testing.T) {
	b := newBench(t)
	double := &fragile{form: twice}
	first := &fragile{poison: poisoned(3)}
	second := &fragile{rejects: map[int64]bool{2: true, 4: true}}
	got, err := b.feed(b.chain(
		double.stage(b, "s0", double.outputs(false)), first.stage(b, "s1", first.outputs(false)), second.stage(b, "s2", second.outputs(true)),
	), numbers(0, 6))
	if err != nil {
		t.Fatal(err)
	}
	want := []string{"2 no 2", "2 no 2", "1 trap.code 3", "1 trap.code 3", "2 no 4", "2 no 4"}
	if !slices.Equal(got.letters, want) {
		t.Errorf("%q", got.letters)
	}
	if !slices.IsSortedFunc(got.rows, cmp.Compare[int64]) {
		t.Errorf("%v", got.rows)
	}
}
