package operator

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/array"
	"pgregory.net/rapid"

	"github.com/weir-stream/weir/host/abi"
	"github.com/weir-stream/weir/host/batch"
)

// shared stands in for a module without state whose instances serve several lanes. It fails on multiples of 13 and rejects
// multiples of 7; to the others it adds the time that it sees.
type shared struct {
	b      *bench
	hinted bool
	rigid  bool // can't be restored

	open, most atomic.Int64 // instances
	broken     atomic.Pointer[string]
}

type sharedGuest struct {
	*shared
	using sync.Mutex
	used  uint64
	dead  bool
	trace int64 // what a failed call leaves behind; a call that ends well cleans up
}

func (s *shared) complain(format string, args ...any) {
	text := fmt.Sprintf(format, args...)
	s.broken.Store(&text)
}

func (s *shared) stage(name string, instances int, last bool) Stage {
	stage := s.b.stage(name, []Output{{To: Next, Schema: schema("a"), Columns: []Column{{Emitted: true}}}}, nil)
	if last {
		stage.Outputs[0].To = Sinks
	}
	stage.OnError, stage.Instances = Isolate, instances
	stage.Open = func(context.Context) (Guest, error) {
		if n := s.open.Add(1); n > s.most.Load() {
			s.most.Store(n)
		}
		return &sharedGuest{shared: s}, nil
	}
	return stage
}

func (g *sharedGuest) Used() (uint64, int64) { return g.used, 0 }

func (g *sharedGuest) Close(context.Context) error {
	g.open.Add(-1)
	return nil
}

func (g *sharedGuest) Restore(context.Context) error {
	if g.rigid {
		return errors.New("not restorable")
	}
	g.used, g.dead, g.trace = 0, false, 0
	return nil
}

func (g *sharedGuest) Process(_ context.Context, rec arrow.RecordBatch, from abi.Rows) (*abi.Result, error) {
	if !g.using.TryLock() {
		g.complain("an instance is called twice at a time")
	}
	defer g.using.Unlock()
	if g.dead || g.trace != 0 {
		g.complain("called when it was dead: %t, with %d left of another call", g.dead, g.trace)
	}
	g.used++
	res := &abi.Result{}
	var out []int64
	var origin []uint32
	for i, v := range rec.Column(0).(*array.Int64).Int64Values() {
		g.trace = v
		res.Fuel += uint64(v)
		switch row := from.Row(uint32(i)); {
		case v%13 == 0:
			g.dead = true
			hint := -1
			if g.hinted {
				hint = i
			}
			return nil, &abi.Failure{Kind: abi.FailedTrap, Code: "trap", Message: fmt.Sprint("at ", row.Time), Row: hint, Fuel: res.Fuel}
		case v%7 == 0:
			res.Rejected = append(res.Rejected, abi.Rejection{Row: uint32(i), Code: "seven", Message: fmt.Sprint("at ", row.Time)})
		default:
			out, origin = append(out, v*1000+row.Time), append(origin, uint32(i))
		}
	}
	g.trace = 0
	res.Emits = []abi.Emit{{Origin: origin, Record: g.b.record(schema("a"), out)}}
	return res, nil
}

// laneRow is a row of a lane's partition, and where a batch is cut behind it.
type laneRow struct {
	value, time int64
	cut         bool
}

// trip runs a lane's rows through a chain and tells all that came of it.
func (l laneRows) trip(b *bench, c *Chain) (text []string, counts Counts, err error) {
	from := &batch.Provenance{Topic: "in"}
	var values []int64
	for at, r := range l {
		values = append(values, r.value)
		from.Append(int64(at), 0, r.time, nil)
		if !r.cut && at < len(l)-1 {
			continue
		}
		in := &batch.Batch{Record: b.record(schema("a"), values), From: from}
		res, err := b.run(c, in)
		if err != nil {
			return nil, counts, err
		}
		for _, made := range res.Batches {
			for i, v := range made.Record.Column(0).(*array.Int64).Int64Values() {
				text = append(text, fmt.Sprint(v, " from ", made.From.Offset[made.Source(i)]))
			}
		}
		for _, r := range res.Rejected {
			text = append(text, fmt.Sprint(r.Stage, r.Letter.Code, r.Letter.Message, r.Letter.Offset, r.Letter.Time))
		}
		Release(res.Batches)
		values, from = nil, from.Next()
	}
	return text, c.Counts(), nil
}

type laneRows []laneRow

// TestInstancesDoNotShow runs several lanes at a time on one instance a stage, on two, and on as many as they like: rows,
// dead letters and what calls cost are the same; and the first two also wherever batches are cut.
func TestInstancesDoNotShow(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		lanes := make([]laneRows, rapid.IntRange(1, 5).Draw(rt, "lanes"))
		for i := range lanes {
			for range rapid.IntRange(1, 40).Draw(rt, "rows") {
				lanes[i] = append(lanes[i], laneRow{
					rapid.Int64Range(1, 99).Draw(rt, "value"), rapid.Int64Range(-1, 9).Draw(rt, "time"), rapid.IntRange(0, 4).Draw(rt, "cut") == 0,
				})
			}
		}
		stages, hinted, rigid := rapid.IntRange(1, 3).Draw(rt, "stages"), rapid.Bool().Draw(rt, "hinted"), rapid.Bool().Draw(rt, "rigid")
		var first [][]string
		var cost []Counts
		for _, instances := range []int{1, 2, 0} {
			texts, counts := runLanes(t, rt, lanes, stages, instances, hinted, rigid)
			if first == nil {
				first, cost = texts, counts
			}
			for i := range lanes {
				if !slices.Equal(texts[i], first[i]) || counts[i] != cost[i] {
					rt.Fatalf("lane %d on %d instances: %q (%+v), on 1: %q (%+v)", i, instances, texts[i], counts[i], first[i], cost[i])
				}
			}
		}
		for i := range lanes {
			for at := range lanes[i] {
				lanes[i][at].cut = !lanes[i][at].cut
			}
		}
		texts, _ := runLanes(t, rt, lanes, stages, 2, hinted, rigid)
		for i := range lanes {
			slices.Sort(texts[i]) // rows and letters come out by batch
			slices.Sort(first[i])
			if !slices.Equal(texts[i], first[i]) {
				rt.Fatalf("lane %d, cut in other places: %q, before: %q", i, texts[i], first[i])
			}
		}
	})
}

// runLanes runs lanes side by side.
func runLanes(t *testing.T, rt *rapid.T, lanes []laneRows, n, instances int, hinted, rigid bool) ([][]string, []Counts) {
	b := newBench(t)
	var stages []Stage
	var modules []*shared
	for i := range n {
		modules = append(modules, &shared{b: b, hinted: hinted, rigid: rigid})
		stages = append(stages, modules[i].stage(fmt.Sprint("s", i), instances, i == n-1))
	}
	all := NewLanes(stages, b.mem)
	texts, counts, errs := make([][]string, len(lanes)), make([]Counts, len(lanes)), make([]error, len(lanes))
	var running sync.WaitGroup
	for i := range lanes {
		running.Go(func() {
			c, err := all.Open(t.Context())
			if err == nil {
				texts[i], counts[i], err = lanes[i].trip(b, c)
				err = errors.Join(err, c.Close(t.Context()))
			}
			errs[i] = err
		})
	}
	running.Wait()
	if err := errors.Join(errs...); err != nil {
		rt.Fatal(err)
	}
	for i, m := range modules {
		if why := m.broken.Load(); why != nil {
			rt.Fatalf("stage %d: %s", i, *why)
		}
		if m.open.Load() != 0 || instances > 0 && m.most.Load() > int64(instances) {
			rt.Fatalf("stage %d: %d instances are open, and up to %d were", i, m.open.Load(), m.most.Load())
		}
	}
	return texts, counts
}

// TestWaitingForAnInstanceEnds has a call that lasts, and one of another lane that gives up waiting for the instance.
func TestWaitingForAnInstanceEnds(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBench(t)
		end := make(chan struct{})
		s := b.stage("f", toSinks(Output{Patch: true, Columns: []Column{{}}}, "a"), func(arrow.RecordBatch, abi.Rows) (*abi.Result, error) {
			<-end
			return &abi.Result{Emits: []abi.Emit{{}}}, nil
		})
		s.Instances = 1
		lanes := NewLanes([]Stage{s}, b.mem)
		run := func(ctx context.Context) chan error {
			done := make(chan error, 1)
			c, err := lanes.Open(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			go func() {
				in := b.source(schema("a"), []int64{1})
				defer in.Record.Release()
				res, err := c.Process(ctx, in)
				if err == nil {
					Release(res.Batches)
				}
				done <- errors.Join(err, c.Close(context.Background()))
			}()
			synctest.Wait()
			return done
		}
		first := run(t.Context())
		ctx, cancel := context.WithCancel(t.Context())
		second := run(ctx)
		cancel()
		if err := <-second; !errors.Is(err, context.Canceled) {
			t.Errorf("given up: %v", err)
		}
		third := run(t.Context())
		close(end)
		if err := errors.Join(<-first, <-third); err != nil {
			t.Error(err)
		}
		if b.opened != 1 || b.open != 0 {
			t.Errorf("%d instances were opened, %d are open", b.opened, b.open)
		}
	})
}

// TestInstancesLiveAsLongAsTheirLanes opens lanes one after another, and once more when all have ended.
func TestInstancesLiveAsLongAsTheirLanes(t *testing.T) {
	b := newBench(t)
	lanes := NewLanes([]Stage{b.stage("f", nil, emit())}, b.mem)
	for round := 1; round <= 2; round++ {
		var chains []*Chain
		for range 3 {
			c, err := lanes.Open(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			chains = append(chains, c)
		}
		for i, c := range chains {
			if b.opened != round || b.open != 1 {
				t.Errorf("round %d, %d lanes closed: %d instances were opened, %d are open", round, i, b.opened, b.open)
			}
			if err := c.Close(t.Context()); err != nil {
				t.Error(err)
			}
		}
		if b.open != 0 {
			t.Errorf("%d instances outlive their lanes", b.open)
		}
	}
}
