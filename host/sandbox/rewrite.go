package sandbox

import (
	"crypto/sha256"
	"encoding/binary"
	"fmt"
	"strings"

	"github.com/weir-stream/weir/host/sandbox/internal/meter"
	"github.com/weir-stream/weir/host/sandbox/internal/wasm"
)

// Version is part of Module.Hash: another version may rewrite the same module otherwise.
const Version = 4

// pathSlots is the most that a chain of frames which do not count against the depth may take: half of what the depth is by
// default.
const pathSlots = 500_000

// Rewrite validates a module and injects fuel, call depth and the exports that a snapshot needs. The error is an *Error.
// The result is the same for the same bytes and caps, and shares no memory with the argument. The time it takes is linear
// in the size of the module, as is the memory.
func Rewrite(module []byte, c Caps) (*Module, error) {
	c = c.WithDefaults()
	m, err := wasm.Decode(module, c.limits())
	if err != nil {
		return nil, refusal(err, nil)
	}
	if err := reserved(m); err != nil {
		return nil, err
	}
	plan, err := meter.NewPlan(m, meter.Options{
		Fold: meter.FoldBelow, PathSlots: pathSlots, MemoryPages: c.MemoryPages, TableEntries: c.TableEntries, Names: injected,
	})
	if err != nil {
		return nil, refusal(err, m)
	}
	out, err := plan.Write(2 * c.BodyBytes)
	if err != nil {
		return nil, refusal(err, m)
	}
	if err := effort(m, out, c); err != nil {
		return nil, err
	}
	return describe(m, plan, out), nil
}

// effort refuses a module whose rewritten form would take an engine's compiler too long or too much memory. So all that is
// handed on has been validated as it is.
func effort(m *wasm.Module, out []byte, c Caps) error {
	l := c.limits()
	l.ModuleBytes, l.BodyBytes = len(out), 2*c.BodyBytes
	for _, grown := range []*int{&l.Locals, &l.AllLocals, &l.Nesting, &l.Types, &l.Functions, &l.Imports, &l.Exports, &l.Globals} {
		*grown *= 4
	}
	err := wasm.CheckEffort(out, l)
	if err == nil {
		return nil
	}
	if i := err.Func; i >= 0 && i < len(m.Bodies) {
		err.Func, err.Offset = m.ImportedFuncs+i, m.Bodies[i].Start
	} else {
		err.Func, err.Offset = -1, 0
	}
	return refusal(err, m)
}

// injected are the names of names.go.
var injected = meter.Names{
	Module: Prefix, Yield: YieldImport, Deep: DeepImport, Fuel: FuelExport, Depth: DepthExport, Pages: PagesExport, Refused: RefusedExport,
	Memory: MemoryExport, Start: StartExport, Global: GlobalExport, Function: Prefix + ".",
}

// limits are the caps as the decoder has them. The locals of all functions are bounded together too: a run of locals takes
// three bytes and an engine keeps it spread out.
func (c Caps) limits() wasm.Limits {
	return wasm.Limits{
		ModuleBytes: c.ModuleBytes, BodyBytes: c.BodyBytes, Locals: c.Locals, AllLocals: 100 * c.Locals, Nesting: c.Nesting,
		Types: c.Types, Functions: c.Functions, Imports: c.Imports, Exports: c.Exports, Globals: c.Globals, Tables: c.Tables,
		Elements: c.Elements, DataSegments: c.DataSegments, TableEntries: c.TableEntries, MemoryPages: c.MemoryPages,
		NameBytes: c.NameBytes,
	}
}

// Hash is Module.Hash of a binary, before it is rewritten.
func Hash(module []byte) [32]byte {
	h := sha256.New()
	var version [8]byte
	binary.LittleEndian.PutUint64(version[:], Version)
	h.Write(version[:])
	h.Write(module)
	return [32]byte(h.Sum(nil))
}

var codes = map[wasm.Reason]string{
	wasm.Malformed: CodeMalformed, wasm.Invalid: CodeInvalid, wasm.Unsupported: CodeUnsupported, wasm.Limit: CodeLimit,
}

// refusal is the error that users see. m is nil while the module is being decoded: no error is in a function then.
func refusal(err *wasm.Error, m *wasm.Module) *Error {
	e := &Error{Code: codes[err.Reason], Message: err.Message, Offset: err.Offset}
	if err.Func >= 0 {
		e.Function = fmt.Sprint(err.Func)
		if name := m.NameOf(err.Func); name != "" {
			e.Function += fmt.Sprintf(" %q", shorten(name))
		}
	}
	return e
}

func shorten(name string) string {
	const most = 200
	if len(name) <= most {
		return name
	}
	return strings.ToValidUTF8(name[:most], "") + "…"
}

// reserved refuses a module that uses what the rewriter adds.
func reserved(m *wasm.Module) error {
	refuse := func(section byte, what, name string) error {
		return &Error{Code: CodeReserved, Offset: m.Sections[section].Start,
			Message: fmt.Sprintf("%s %q: names that begin with %q belong to the sandbox, choose another", what, shorten(name), Prefix)}
	}
	for _, i := range m.Imports {
		if strings.HasPrefix(i.Module, Prefix) {
			return refuse(wasm.SectionImport, "import from", i.Module)
		}
	}
	for _, e := range m.Exports {
		if strings.HasPrefix(e.Name, Prefix) {
			return refuse(wasm.SectionExport, "export", e.Name)
		}
	}
	return nil
}
