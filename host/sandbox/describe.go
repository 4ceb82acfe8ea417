package sandbox

import (
	"github.com/weir-stream/weir/host/sandbox/internal/meter"
	"github.com/weir-stream/weir/host/sandbox/internal/wasm"
)

// describe says what a module is and what became of it.
func describe(m *wasm.Module, plan *meter.Plan, out []byte) *Module {
	described := &Module{
		Wasm: out, Hash: Hash(m.Data), HasStart: m.Start >= 0, Restorable: restorable(m, plan),
		Stats: Stats{
			Functions: len(m.Bodies), Loops: plan.Stats.Loops, Sites: plan.Stats.Sites, Checks: plan.Stats.Checks,
			Deep: plan.Stats.Deep, PathSlots: plan.Stats.PathSlots, BytesIn: len(m.Data), BytesOut: len(out),
		},
	}
	names, _, _ := m.Names()
	described.Stats.NamedFuncs = names.Count
	described.Stats.LargestBody = most(m, largest(m))
	described.Stats.MostLocals, described.Stats.MostNesting = most(m, m.MostLocals), most(m, m.MostNesting)
	for _, i := range m.Imports {
		params, results, t, mutable := typeOf(m, i.Kind, i.Index)
		described.Imports = append(described.Imports, Import{i.Module, i.Name, Kind(i.Kind), params, results, t, mutable})
	}
	for _, e := range m.Exports {
		params, results, t, mutable := typeOf(m, e.Kind, e.Index)
		described.Exports = append(described.Exports, Export{e.Name, Kind(e.Kind), params, results, t, mutable})
	}
	for i, g := range m.Globals {
		if g.Mutable && isNumber(g.Type) {
			described.Globals = append(described.Globals, Global{plan.GlobalExport(i), ValueType(g.Type)})
		}
	}
	if m.Memory != nil {
		described.Memory = &MemoryInfo{Min: m.Memory.Min, Max: plan.MaxPages(), Export: plan.MemoryExport(), Imported: m.ImportedMemory}
	}
	return described
}

// most adds the function's name.
func most(m *wasm.Module, w wasm.Most) Most {
	if w.N == 0 {
		return Most{}
	}
	return Most{w.N, w.Function, shorten(m.NameOf(w.Function))}
}

// largest is the largest body.
func largest(m *wasm.Module) (found wasm.Most) {
	for i, body := range m.Bodies {
		if n := body.End - body.Start; n > found.N {
			found = wasm.Most{N: n, Function: m.ImportedFuncs + i}
		}
	}
	return found
}

func typeOf(m *wasm.Module, k wasm.Kind, index int) (params, results []ValueType, t ValueType, mutable bool) {
	switch k {
	case wasm.KindFunc:
		f := m.TypeOf(index)
		return valueTypes(f.Params), valueTypes(f.Results), 0, false
	case wasm.KindTable:
		return nil, nil, ValueType(m.Tables[index].Type), false
	case wasm.KindGlobal:
		return nil, nil, ValueType(m.Globals[index].Type), m.Globals[index].Mutable
	}
	return nil, nil, 0, false
}

func valueTypes(bytes []byte) []ValueType {
	types := make([]ValueType, len(bytes))
	for i, b := range bytes {
		types[i] = ValueType(b)
	}
	return types
}

func isNumber(t wasm.Type) bool {
	return t == wasm.I32 || t == wasm.I64 || t == wasm.F32 || t == wasm.F64
}

// restorable implements Module.Restorable.
func restorable(m *wasm.Module, plan *meter.Plan) bool {
	if plan.ChangesTables() || plan.DropsSegments() || m.ImportedMemory {
		return false
	}
	for i, g := range m.Globals {
		if g.Mutable && (i < m.ImportedGlobals || !isNumber(g.Type)) {
			return false
		}
	}
	return true
}
