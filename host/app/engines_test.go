package app

import (
	"bytes"
	"strings"
	"testing"

	"github.com/weir-stream/weir/internal/fault"
)

// TestAFunctionNamesItsEngine runs a module on the engine that weir.engine names.
func TestAFunctionNamesItsEngine(t *testing.T) {
	var fuel int64
	for _, name := range []string{"wazero", "interpreter"} {
		c := ModuleTest{ModuleRun: tiny(t, tinyGuest(t, []string{""}, nil, all(0)), numbers(20)...), Out: new(bytes.Buffer), Err: new(bytes.Buffer)}
		c.Params = []string{"weir.engine=" + name}
		got, err := TestModule(t.Context(), c)
		if err != nil {
			t.Fatal(err)
		}
		if fuel == 0 {
			fuel = got.Fuel
		}
		if got.RowsOut != 20 || got.Fuel != fuel {
			t.Errorf("%s: %+v, want %d units", name, *got, fuel)
		}
	}
}

func TestAnEngineThatIsNotInThisBuild(t *testing.T) {
	for name, want := range map[string]string{"wasmtime": "wasmtime is not in this build", "v8": "want interpreter or wazero, got 'v8'"} {
		c := ModuleTest{ModuleRun: tiny(t, tinyGuest(t, []string{""}, nil, all(0)), numbers(2)...), Out: new(bytes.Buffer), Err: new(bytes.Buffer)}
		c.Params = []string{"weir.engine=" + name}
		if _, err := TestModule(t.Context(), c); err == nil || fault.Of(err) != fault.Input || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestAnEngineIsOpenedOnce(t *testing.T) {
	e, err := testEngine()
	if err != nil {
		t.Fatal(err)
	}
	m := newModules(e, nil, nil)
	first, err := m.engineNamed("interpreter")
	if err != nil {
		t.Fatal(err)
	}
	again, err := m.engineNamed("interpreter")
	if err != nil || again != first || first.Name() != "interpreter" {
		t.Errorf("%v, %v, %v", first, again, err)
	}
	for _, name := range []string{"", "wazero"} {
		if own, err := m.engineNamed(name); err != nil || own != e {
			t.Errorf("%q: %v, %v", name, own, err)
		}
	}
	if err := m.closeOthers(t.Context()); err != nil {
		t.Error(err)
	}
}
