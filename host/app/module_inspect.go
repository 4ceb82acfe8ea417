package app

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"strings"
	"text/tabwriter"

	"github.com/weir-stream/weir/host/abi"
	"github.com/weir-stream/weir/host/engine"
	"github.com/weir-stream/weir/host/sandbox"
	"github.com/weir-stream/weir/internal/fault"
	"github.com/weir-stream/weir/internal/visible"
)

// Inspected is what a module is made of.
type Inspected struct {
	File     string          `json:"file"`
	Hash     string          `json:"hash"`
	Accepted bool            `json:"accepted"`
	Reasons  []abi.Reason    `json:"reasons"`
	Manifest json.RawMessage `json:"manifest"` // null: none, or a refused one

	Imports InspectedImports  `json:"imports"`
	Exports []InspectedExport `json:"exports"`
	Memory  *InspectedMemory  `json:"memory"` // null: none

	Progress   bool `json:"progress"`   // it keeps a progress cell
	Start      bool `json:"start"`      // it has a start function
	Restorable bool `json:"restorable"` // an instance that failed can be put back, where others are made anew

	Bytes          int `json:"bytes"`
	BytesRewritten int `json:"bytes_rewritten"`
	Functions      int `json:"functions"` // defined ones
	NamedFunctions int `json:"named_functions"`
	DeepFunctions  int `json:"deep_functions"` // whose frames are charged to the depth: those that may nest without end
	Loops          int `json:"loops"`
	Charges        int `json:"charges"` // places that charge fuel
	Checks         int `json:"checks"`  // of these, the ones that may yield

	LargestBody    *InspectedMost `json:"largest_body"`    // in bytes; null: no function is defined
	MostLocals     *InspectedMost `json:"most_locals"`     // parameters included; null: none
	DeepestNesting *InspectedMost `json:"deepest_nesting"` // blocks within each other; null: none

	Caps []InspectedCap `json:"caps"`
}

// InspectedImports are a module's imports, by the list that they are on.
type InspectedImports struct {
	Weir    []string `json:"weir"`
	Served  []string `json:"wasi_served"`
	Inert   []string `json:"wasi_inert"`
	Refused []string `json:"refused"` // as module.name
}

// InspectedExport is an export.
type InspectedExport struct {
	Name string `json:"name"`
	Kind string `json:"kind"`
	Type string `json:"type,omitempty"` // of a function, or of a global's value
}

// InspectedMemory is a module's memory, in pages of 64 KiB.
type InspectedMemory struct {
	Min uint32 `json:"min_pages"`
	Max uint32 `json:"max_pages"` // as the sandbox has cut it
}

// InspectedMost is what a function has that has most of something, the first of several.
type InspectedMost struct {
	Most     int    `json:"most"`
	Function int    `json:"function"` // index, imported functions come first
	Name     string `json:"name,omitempty"`
}

func mostOf(m sandbox.Most) *InspectedMost {
	if m.N == 0 {
		return nil
	}
	return &InspectedMost{m.N, m.Function, m.Name}
}

// String names the function.
func (m *InspectedMost) String() string {
	if m.Name == "" {
		return fmt.Sprintf("function %d", m.Function)
	}
	return fmt.Sprintf("function %d %q", m.Function, m.Name)
}

// InspectedCap is how much of what a module may be at most it is.
type InspectedCap struct {
	Name string `json:"name"`
	Used int    `json:"used"`
	Most int    `json:"most"`
}

// InspectModule reads a module without running any of it. One that the sandbox can't read is an error, with every reason.
func InspectModule(ctx context.Context, path string) (*Inspected, error) {
	verdict, err := CheckModule(ctx, path, "")
	if err != nil {
		return nil, err
	}
	wasm, err := readModule(path)
	if err != nil {
		return nil, fault.InputError(err)
	}
	info, _ := abi.Check(wasm, 0)
	m, err := rewritten(ctx, wasm)
	if info == nil || err != nil {
		return nil, refusal(path, verdict.Reasons)
	}
	s := m.Stats
	found := &Inspected{
		File: path, Hash: hash(wasm), Accepted: verdict.Accepted, Reasons: verdict.Reasons,
		Imports: importsOf(m), Exports: []InspectedExport{}, Progress: info.Progress, Start: m.HasStart, Restorable: m.Restorable,
		Bytes: s.BytesIn, BytesRewritten: s.BytesOut, Functions: s.Functions, NamedFunctions: s.NamedFuncs, DeepFunctions: s.Deep,
		Loops: s.Loops, Charges: s.Sites, Checks: s.Checks,
		LargestBody: mostOf(s.LargestBody), MostLocals: mostOf(s.MostLocals), DeepestNesting: mostOf(s.MostNesting),
	}
	if info.Manifest != nil {
		found.Manifest = info.Manifest.Text
	}
	for _, e := range m.Exports {
		found.Exports = append(found.Exports, InspectedExport{e.Name, e.Kind.String(), typeText(e)})
	}
	if m.Memory != nil {
		found.Memory = &InspectedMemory{m.Memory.Min, m.Memory.Max}
	}
	found.Caps = capsOf(m)
	return found, nil
}

func importsOf(m *sandbox.Module) InspectedImports {
	found := InspectedImports{Weir: []string{}, Served: []string{}, Inert: []string{}, Refused: []string{}}
	lists := map[string]*[]string{abi.ListServed: &found.Served, abi.ListInert: &found.Inert}
	offered := map[string]bool{}
	for _, f := range abi.HostFuncs() {
		offered[f.Module+"."+f.Name] = true
	}
	for _, i := range m.Imports {
		name := i.Module + "." + i.Name
		list := lists[abi.WASIList(i.Name)]
		switch {
		case i.Kind != sandbox.KindFunc || !offered[name]:
			found.Refused = append(found.Refused, name)
		case i.Module == abi.ImportModule:
			found.Weir = append(found.Weir, i.Name)
		default:
			*list = append(*list, i.Name)
		}
	}
	return found
}

func typeText(e sandbox.Export) string {
	types := func(list []sandbox.ValueType) (out []engine.ValueType) {
		for _, t := range list {
			out = append(out, engine.ValueType(t))
		}
		return out
	}
	switch e.Kind {
	case sandbox.KindFunc:
		return engine.FuncType{Params: types(e.Params), Results: types(e.Results)}.String()
	case sandbox.KindGlobal:
		return engine.ValueType(e.Type).String()
	}
	return ""
}

// capsOf is how much a module takes of the caps that are counted.
func capsOf(m *sandbox.Module) []InspectedCap {
	most := sandbox.Caps{ModuleBytes: abi.LimitModuleBytes}.WithDefaults()
	functions := m.Stats.Functions
	for _, i := range m.Imports {
		if i.Kind == sandbox.KindFunc {
			functions++
		}
	}
	caps := []InspectedCap{
		{"module_bytes", m.Stats.BytesIn, most.ModuleBytes}, {"functions", functions, most.Functions},
		{"imports", len(m.Imports), most.Imports}, {"exports", len(m.Exports), most.Exports},
		{"body_bytes", m.Stats.LargestBody.N, most.BodyBytes}, {"locals", m.Stats.MostLocals.N, most.Locals}, {"nesting", m.Stats.MostNesting.N, most.Nesting},
	}
	if m.Memory != nil {
		caps = append(caps, InspectedCap{"memory_pages", int(m.Memory.Min), most.MemoryPages})
	}
	return caps
}

// Print tells people.
func (f *Inspected) Print(w io.Writer) error {
	out := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	line := func(name, layout string, values ...any) { // a tabwriter's errors come with Flush
		fmt.Fprintf(out, "%s\t%s\n", name, visible.Line(fmt.Sprintf(layout, values...)))
	}
	line("file", "%s", f.File)
	line("hash", "%s", f.Hash)
	line("accepted", "%s", yesNo(f.Accepted))
	for _, r := range f.Reasons {
		line("", "%s: %s", r.Code, r.Message)
	}
	line("size", "%d bytes, %d after rewriting (%.2f times)", f.Bytes, f.BytesRewritten, share(float64(f.BytesRewritten), float64(f.Bytes)))
	line("functions", "%d, %d with a name, %d that count against the depth", f.Functions, f.NamedFunctions, f.DeepFunctions)
	if f.LargestBody != nil {
		line("largest", "%d bytes, %s", f.LargestBody.Most, f.LargestBody)
	}
	if f.MostLocals != nil {
		line("locals", "%d at most, %s", f.MostLocals.Most, f.MostLocals)
	}
	if f.DeepestNesting != nil {
		line("nesting", "%d blocks at most, %s", f.DeepestNesting.Most, f.DeepestNesting)
	}
	line("loops", "%d", f.Loops)
	line("fuel", "charged at %d places, %d of which may yield", f.Charges, f.Checks)
	if f.Memory != nil {
		line("memory", "%d to %d pages of 64 KiB", f.Memory.Min, f.Memory.Max)
	}
	line("progress", "%s", yesNo(f.Progress))
	line("start", "%s", yesNo(f.Start))
	line("restorable", "%s", yesNo(f.Restorable))
	for _, list := range []struct {
		name  string
		names []string
	}{{"weir", f.Imports.Weir}, {"WASI, served", f.Imports.Served}, {"WASI, inert", f.Imports.Inert}, {"refused", f.Imports.Refused}} {
		if len(list.names) > 0 {
			line("imports", "%s: %s", list.name, strings.Join(list.names, ", "))
		}
	}
	for _, e := range f.Exports {
		line("export", "%s", strings.TrimSpace(e.Kind+" "+e.Name+" "+e.Type))
	}
	for _, c := range f.Caps {
		line("cap", "%s: %d of %d", c.Name, c.Used, c.Most)
	}
	if f.Manifest == nil {
		line("manifest", "none")
	}
	if err := out.Flush(); err != nil || f.Manifest == nil {
		return fault.EnvironmentError(err)
	}
	var text bytes.Buffer
	if err := json.Indent(&text, f.Manifest, "", "  "); err != nil {
		return err
	}
	_, err := fmt.Fprintf(w, "manifest\n%s\n", visible.Lines(text.String()))
	return fault.EnvironmentError(err)
}

func yesNo(b bool) string {
	if b {
		return "yes"
	}
	return "no"
}
