package main

import (
	"errors"

	"github.com/tetratelabs/wazero"

	"github.com/weir-stream/weir/host/sandbox"
	"github.com/weir-stream/weir/internal/benchkit"
)

// Compile is what a module costs before its first instance, without any cache.
type Compile struct {
	Bytes    int             `json:"bytes"`
	Grown    float64         `json:"size_ratio"`
	Original benchkit.Figure `json:"original_ms"`
	Rewrite  benchkit.Figure `json:"rewrite_ms"`
	Share    benchkit.Figure `json:"rewrite_to_compile"` // of the original
	Ratio    benchkit.Figure `json:"compile_ratio"`      // the rewritten module to the original, the rewriting not included
	AA       benchkit.Figure `json:"a_a"`
}

// compileRounds bounds the rounds: the largest guest takes more than a second each.
const compileRounds = 5

// compiling measures one module.
func (b *bench) compiling(wasm []byte) (Compile, error) {
	var rewritten *sandbox.Module
	times := map[string][]float64{}
	arms := []struct {
		name string
		run  func() error
	}{
		{"rewrite", func() (err error) { rewritten, err = sandbox.Rewrite(wasm, sandbox.Caps{}); return err }},
		{original, func() error { return b.compile(wasm) }},
		{metering, func() error { return b.compile(rewritten.Wasm) }},
		{again, func() error { return b.compile(wasm) }},
	}
	for round := range 1 + min(b.rounds, compileRounds) {
		for _, arm := range arms {
			took, err := timed(arm.run)
			if err != nil {
				return Compile{}, err
			}
			if round > 0 { // the first one makes the heap grow
				times[arm.name] = append(times[arm.name], took.Seconds()*1e3)
			}
		}
	}
	ratio := func(above string) benchkit.Figure {
		var runs []float64
		for i, t := range times[above] {
			runs = append(runs, t/times[original][i])
		}
		return benchkit.NewFigure(runs)
	}
	return Compile{
		Bytes: len(wasm), Grown: float64(len(rewritten.Wasm)) / float64(len(wasm)),
		Original: benchkit.NewFigure(times[original]), Rewrite: benchkit.NewFigure(times["rewrite"]),
		Share: ratio("rewrite"), Ratio: ratio(metering), AA: ratio(again),
	}, nil
}

// compile compiles a module and throws it away.
func (b *bench) compile(wasm []byte) error {
	r := wazero.NewRuntimeWithConfig(b.ctx, wazero.NewRuntimeConfigCompiler())
	_, err := r.CompileModule(b.ctx, wasm)
	return errors.Join(err, r.Close(b.ctx))
}
