package app

import (
	"bytes"
	"fmt"
	"strings"
	"testing"

	"github.com/weir-stream/weir/host/engine/enginetest/asm"
	"github.com/weir-stream/weir/host/sandbox"
	"github.com/weir-stream/weir/internal/fault"
)

// TestModuleBenchMeasuresBoth runs modules metered and as they were built: with a start function, with globals of their own
// and without.
func TestModuleBenchMeasuresBoth(t *testing.T) {
	for name, change := range map[string]func(m *asm.Module){
		"plain":   nil,
		"globals": func(m *asm.Module) { m.ExportRaw("g", 3, m.Global(5)); m.Global(6) },
		"start": func(m *asm.Module) {
			g := m.Global(0)
			m.Start(m.Local("begin", asm.Sig("", ""), "", asm.I32(7), asm.SetGlobal(g)))
		},
		"start without globals": func(m *asm.Module) { m.Start(m.Local("begin", asm.Sig("", ""), "")) },
		"table":                 func(m *asm.Module) { m.Table(3); m.Elem(3, 4); m.Custom("note", []byte("text")) },
	} {
		t.Run(name, func(t *testing.T) {
			c := ModuleBench{ModuleRun: tiny(t, tinyGuest(t, []string{""}, change, all(0)), append(numbers(10_000), "bad")...), Rounds: MinBenchRounds}
			got, err := BenchModule(t.Context(), c)
			if err != nil {
				t.Fatal(err)
			}
			if got.Rows != 10_000 || got.Skipped != 1 || got.Calls != 2 || got.Rounds != 3 || got.Passes < 1 || got.MemoryPages != 4 || got.Engine != "wazero" {
				t.Errorf("%+v", got)
			}
			if got.FuelPerRow <= 0 || got.FuelPerRow > 1 || got.BytesInPerRow < 8 || got.BytesInPerRow > 9 || got.BytesOutPerRow != 0 {
				t.Errorf("%+v", got)
			}
			for _, s := range []Spread{got.NsPerRow, got.GuestNsPerRow, got.OriginalGuestNsPerRow, got.Metering} {
				if s.Low <= 0 || s.Median < s.Low || s.High < s.Median {
					t.Errorf("%+v", s)
				}
			}
			var out bytes.Buffer
			if err := got.Print(&out); err != nil || strings.Count(out.String(), "\n") != 10 || !strings.Contains(out.String(), "10000 in 2 calls (1 records skipped") {
				t.Errorf("%v\n%s", err, out.String())
			}
		})
	}
}

func TestModuleBenchRefusesWhatItCannotMeasure(t *testing.T) {
	good := tiny(t, tinyGuest(t, []string{""}, nil, all(0)), numbers(2)...)
	for name, tc := range map[string]struct {
		change func(c *ModuleBench)
		want   string
	}{
		"rounds":    {func(c *ModuleBench) { c.Rounds = 2 }, "--rounds: want 3 to 1000, got 2"},
		"nothing":   {func(c *ModuleBench) { c.Input = written(t, "x", "bad\n\n") }, "no record that could be decoded (2 could not)"},
		"metadata":  {func(c *ModuleBench) { c.Schema += ", o BIGINT METADATA FROM 'offset'" }, "METADATA"},
		"a failure": {func(c *ModuleBench) { c.Path = saved(t, tinyGuest(t, []string{""}, nil, asm.Unreachable)) }, "records 0 to 1 (counted from 0)"},
		"an endless": {func(c *ModuleBench) {
			c.Path, c.Fuel = saved(t, tinyGuest(t, []string{""}, nil, asm.Forever())), "100000"
		}, "fuel of 100000"},
		"input": {func(c *ModuleBench) { c.Input = "no-such" }, "no-such"},
		"endless, at start": {func(c *ModuleBench) {
			c.Path, c.Fuel = saved(t, tinyGuest(t, []string{""}, func(m *asm.Module) { m.Start(m.Local("s", asm.Sig("", ""), "", asm.Forever())) })), "100000"
		}, "fuel of 100000"},
	} {
		t.Run(name, func(t *testing.T) {
			c := ModuleBench{ModuleRun: good, Rounds: MinBenchRounds}
			tc.change(&c)
			if _, err := BenchModule(t.Context(), c); fault.Of(err) != fault.Input || !strings.Contains(fmt.Sprint(err), tc.want) {
				t.Errorf("%v, want %q", err, tc.want)
			}
		})
	}
}

// TestModuleBenchKeepsToTheEngine measures both on the engine that is asked for.
func TestModuleBenchKeepsToTheEngine(t *testing.T) {
	c := ModuleBench{ModuleRun: tiny(t, tinyGuest(t, []string{""}, nil, all(0)), numbers(10)...), Rounds: MinBenchRounds}
	c.Engine = "interpreter"
	if got, err := BenchModule(t.Context(), c); err != nil || got.Engine != "interpreter" || got.Metering.Median <= 0 {
		t.Errorf("%+v, %v", got, err)
	}
}

func TestSpreads(t *testing.T) {
	var values []float64
	for i := range 40 {
		values = append(values, float64((i*7)%40))
	}
	if got := spreadOf(values); got != (Spread{20, 2, 37}) {
		t.Errorf("%+v", got)
	}
	if got := spreadOf([]float64{3}); got != (Spread{3, 3, 3}) {
		t.Errorf("%+v", got)
	}
}

// FuzzBareModule gives the splitting of sections any bytes; a module that is split and written again unchanged is the same.
func FuzzBareModule(f *testing.F) {
	f.Add(tinyGuest(f, []string{""}, func(m *asm.Module) { m.Start(m.Local("s", asm.Sig("", ""), "")) }, all(0)))
	f.Add([]byte("\x00asm\x01\x00\x00\x00\x07\x01\x00"))
	f.Fuzz(func(t *testing.T, wasm []byte) {
		_, _ = bareModule(wasm, new(sandbox.Module)) // it may say that they are broken
		sections, err := sectionsOf(wasm)
		total := wasmHeader
		for _, s := range sections {
			total += 2 + len(s.content)
		}
		if err == nil && total > len(wasm) {
			t.Errorf("sections of %d bytes in %d", total, len(wasm))
		}
	})
}
