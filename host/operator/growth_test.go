package operator

import (
	"context"
	"runtime"
	"slices"
	"testing"

	"github.com/apache/arrow-go/v18/arrow"

	"github.com/weir-stream/weir/host/abi"
)

// leaky stands in for a module whose memory grows by 10 bytes a call, from 100 on. It answers nothing.
type leaky struct {
	memory []int64 // that each call began with
	now    int64
	calls  uint64
}

func (g *leaky) Used() (uint64, int64) { return g.calls, g.now }

func (g *leaky) Close(context.Context) error { return nil }

func (g *leaky) Restore(context.Context) error {
	g.now, g.calls = 100, 0
	return nil
}

func (g *leaky) Process(context.Context, arrow.RecordBatch, abi.Rows) (*abi.Result, error) {
	g.memory = append(g.memory, g.now)
	g.now += 10
	g.calls++
	return &abi.Result{}, nil
}

// TestGrowthFollowsALimitThatChanges lowers what memory may grow by below what it has grown by, and raises it again.
func TestGrowthFollowsALimitThatChanges(t *testing.T) {
	b := newBench(t)
	g, growth := &leaky{now: 100}, int64(1000)
	s := b.stage("leaks", nil, nil)
	s.Open = func(context.Context) (Guest, error) { return g, nil }
	s.Growth = func() int64 { return growth }
	c := b.chain(s)
	for i := range 10 {
		switch i {
		case 4:
			growth = 20
		case 8:
			growth = 1000
		}
		if _, err := b.run(c, b.source(schema("a"), []int64{1})); err != nil {
			t.Fatal(err)
		}
	}
	if want := []int64{100, 110, 120, 130, 100, 110, 120, 100, 110, 120}; !slices.Equal(g.memory, want) {
		t.Errorf("calls began with %v bytes, want %v", g.memory, want)
	}
}

// TestWithoutGrowthThePoolDecides leaves the growth to its default.
func TestWithoutGrowthThePoolDecides(t *testing.T) {
	b := newBench(t)
	g := &leaky{now: 100}
	s := b.stage("leaks", nil, nil)
	s.Open = func(context.Context) (Guest, error) { return g, nil }
	c := b.chain(s)
	for range 3 {
		if _, err := b.run(c, b.source(schema("a"), []int64{1})); err != nil {
			t.Fatal(err)
		}
	}
	if want := []int64{100, 110, 120}; !slices.Equal(g.memory, want) || MostInstances() != 4*runtime.GOMAXPROCS(0) {
		t.Errorf("calls began with %v bytes, want %v", g.memory, want)
	}
}
