package main

import (
	"errors"
	"os"
	"testing"

	"github.com/apache/arrow-go/v18/arrow"

	"github.com/weir-stream/weir/host/abi"
	"github.com/weir-stream/weir/host/engine"
	"github.com/weir-stream/weir/internal/guestbuild"
)

// inGoAndC are the two modules of a name, in Go and in C, compiled.
func inGoAndC(t *testing.T, name string) [2]engine.Module {
	t.Helper()
	inGo, err := guestbuild.Build("../../modules/" + name)
	if err != nil {
		t.Fatal(err)
	}
	inC, err := os.ReadFile("../../modules/" + name + "_c/testdata/" + name + ".wasm")
	if err != nil {
		t.Fatal(err)
	}
	e, err := newEngine()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = e.Close(t.Context()) })
	var modules [2]engine.Module
	for i, wasm := range [][]byte{inGo, inC} {
		if _, reasons := abi.Check(wasm, engine.Limits{}.WithDefaults().Pages(0)); len(reasons) > 0 {
			t.Fatal(reasons)
		}
		if modules[i], err = abi.Compile(t.Context(), e, nil, wasm, engine.Limits{}); err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = modules[i].Close(t.Context()) })
	}
	return modules
}

// opening is how a module is opened, and the code of its refusal; "": it is taken.
type opening struct {
	name       string
	input      *arrow.Schema
	parameters map[string]string
	code       string
}

// refuseAlike opens the modules in Go and in C in each way.
func refuseAlike(t *testing.T, modules [2]engine.Module, openings []opening) {
	t.Helper()
	for _, o := range openings {
		for i, language := range []string{"Go", "C"} {
			instance, err := abi.Open(t.Context(), modules[i], abi.Config{Name: "twin", Input: o.input, Parameters: o.parameters})
			if err == nil {
				_ = instance.Close(t.Context())
			}
			var f *abi.Failure
			code := ""
			if errors.As(err, &f) {
				code = f.Code
			}
			if code != o.code {
				t.Errorf("%s, in %s: %v, want code %q", o.name, language, err, o.code)
			}
		}
	}
}
