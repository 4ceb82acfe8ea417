package main

import (
	"crypto/sha256"
	_ "embed"
	"errors"
	"fmt"
	"os"

	"github.com/weir-stream/weir/internal/guestbuild"
)

// kind is a toolchain and what was made with it.
type kind struct {
	name     string
	load     func(b *bench) ([]byte, error)
	programs []program
	open     func(instance) (caller, error) // makes a fresh instance ready; nil: nothing but _initialize
}

// program is an exported function, and how much it is told to do: about 10 ms of work.
type program struct {
	name string
	n    uint64
}

// caller runs a program.
type caller func(p program) (uint64, error)

// The programs are in the folders c, rust, as, go and quickjs, prebuilt but for Go and QuickJS. How each was built stands in its first lines.
var (
	//go:embed testdata/c/programs.wasm
	programsInC []byte
	//go:embed testdata/rust/programs.wasm
	programsInRust []byte
	//go:embed testdata/as/programs.wasm
	programsInAssemblyScript []byte
	//go:embed quickjs/programs.js
	programsInJavaScript string
)

var kinds = []kind{
	{name: "Go", load: func(*bench) ([]byte, error) { return guestbuild.Build("bench/guest/go") }, programs: []program{
		{"parse", 1}, {"write", 3}, {"match", 1}, {"sort", 1}, {"hash", 10}, {"digest", 10}, {"words", 1}, {"add", 2}, {"state", 7},
	}},
	{name: "C", load: embedded(&programsInC), programs: []program{
		{"random", 50}, {"sum", 40}, {"filter", 12}, {"sha256", 12}, {"fib", 29}, {"interpret", 200}, {"matrix", 2}, {"quicksort", 2},
		{"leaves", 25}, {"count", 4}, {"compress", 20}, {"bulk", 80}, {"state", 80},
	}},
	{name: "Rust", load: embedded(&programsInRust), programs: []program{
		{"words", 4}, {"sort", 2}, {"filter", 15}, {"format", 10}, {"tree", 8}, {"fields", 12}, {"letters", 8}, {"matrix", 4},
	}},
	{name: "AssemblyScript", load: embedded(&programsInAssemblyScript), programs: []program{
		{"sum", 15}, {"sieve", 4}, {"words", 20}, {"objects", 8}, {"sort", 1}, {"mandelbrot", 10}, {"fields", 15},
	}},
	{name: "QuickJS", load: (*bench).loadQuickJS, open: openQuickJS, programs: []program{
		{"fib", 19}, {"loop", 50}, {"words", 10}, {"json", 4}, {"sort", 2}, {"match", 10}, {"objects", 8}, {"state", 5},
	}},
}

func embedded(wasm *[]byte) func(*bench) ([]byte, error) {
	return func(*bench) ([]byte, error) { return *wasm, nil }
}

// quickjsSum is the SHA-256 of the module in version 0.32.0 of the package.
const quickjsSum = "105c3bed22d457e43e3d1c3c1c6959fda62a8fe06f0fc8a985303c3a2be72232"

func (b *bench) loadQuickJS() ([]byte, error) {
	wasm, err := os.ReadFile(b.quickjs)
	if err != nil {
		return nil, fmt.Errorf("%w; install it: npm ci --prefix build/quickjs, after copying bench/guest/quickjs/package*.json there", err)
	}
	if sum := fmt.Sprintf("%x", sha256.Sum256(wasm)); sum != quickjsSum {
		return nil, fmt.Errorf("%s has the SHA-256 %s, want %s", b.quickjs, sum, quickjsSum)
	}
	return ownMemory(wasm)
}

// start readies an instance of any kind.
func (k kind) start(i instance) (caller, error) {
	if _, err := i.call("_initialize"); err != nil && !errors.Is(err, errNoExport) {
		return nil, err
	}
	if k.open != nil {
		return k.open(i)
	}
	return func(p program) (uint64, error) { return i.call(p.name, p.n) }, nil
}
