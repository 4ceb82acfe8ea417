package abi

import (
	"encoding/binary"
	"testing"
	"time"

	"github.com/weir-stream/weir/host/engine/enginetest/asm"
)

// TestCallsDoNotShareTimeOrChance hands one instance rows of several streams in turn: each call sees what it would see alone.
func TestCallsDoNotShareTimeOrChance(t *testing.T) {
	g := newGuest("clock_time_get", "random_get", "poll_oneoff")
	clock := asm.Block(asm.I32(0), asm.Code{0x42, 0}, asm.I32(scratchAt), asm.Call(g.wasi["clock_time_get"]), asm.Drop)
	random := asm.Block(asm.I32(scratchAt+8), asm.I32(8), asm.Call(g.wasi["random_get"]), asm.Drop)
	// A subscription to the clock, 100 ms from now: it moves the clock.
	sleep := asm.Block(asm.I32(scratchAt+100), asm.I32(100_000_000), asm.Store(24), asm.I32(scratchAt+100), asm.I32(scratchAt+200), asm.I32(1),
		asm.I32(scratchAt+240), asm.Call(g.wasi["poll_oneoff"]), asm.Drop)
	wasm := g.build(bodies{process: asm.Block(clock, random, sleep, ok())})

	streams := []Rows{times{5000}, times{100}, times{-1}, somewhere{base: 7}}
	see := func(i *trip) (int64, uint64) {
		view := i.instance.memory.Bytes()[scratchAt:]
		return int64(binary.LittleEndian.Uint64(view)) / int64(time.Millisecond), binary.LittleEndian.Uint64(view[8:])
	}
	type sight struct {
		now    int64
		chance uint64
	}
	var alone []sight
	for _, from := range streams {
		one := trip{rows: 1, from: from}
		if err := one.run(t, wasm); err != nil {
			t.Fatal(err)
		}
		now, chance := see(&one)
		alone = append(alone, sight{now, chance})
	}
	for k, want := range []int64{5000, 100, 1, 7000} {
		if alone[k].now != want {
			t.Errorf("stream %d: the clock shows %d, want %d", k, alone[k].now, want)
		}
	}
	all := trip{rows: 1, from: streams[0]}
	if err := all.run(t, wasm); err != nil {
		t.Fatal(err)
	}
	for round := range 12 {
		k := round * 5 % len(streams)
		all.from = streams[k]
		if err := all.process(t); err != nil {
			t.Fatal(err)
		}
		if now, chance := see(&all); (sight{now, chance}) != alone[k] {
			t.Errorf("round %d, stream %d: %d and %x, alone %+v", round, k, now, chance, alone[k])
		}
		if round == 6 {
			if err := all.instance.Restore(t.Context()); err != nil {
				t.Fatal(err)
			}
		}
	}
}

// TestFuelOfACall compares what calls say they cost with what the instance does, whatever came before them.
func TestFuelOfACall(t *testing.T) {
	trip := trip{rows: 20, from: somewhere{base: 1000}}
	if err := trip.run(t, counting()); err != nil { // it traps in its fourth call
		t.Fatal(err)
	}
	first := trip.result.Fuel
	for range 2 {
		before := trip.instance.Stats().Fuel
		if err := trip.process(t); err != nil {
			t.Fatal(err)
		}
		if got := trip.instance.Stats().Fuel - before; got != trip.result.Fuel || got != first || got == 0 {
			t.Errorf("a call says that it cost %d; the instance spent %d, the first call %d", trip.result.Fuel, got, first)
		}
	}
	before := trip.instance.Stats().Fuel
	f := failureOf(t, trip.process(t))
	if got := trip.instance.Stats().Fuel - before; got != f.Fuel || got == 0 {
		t.Errorf("a call that failed says that it cost %d; the instance spent %d", f.Fuel, got)
	}
}
