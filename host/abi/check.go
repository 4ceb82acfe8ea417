package abi

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/weir-stream/weir/host/engine"
)

// Reason says why a module is refused.
type Reason struct {
	Code    string `json:"code"`    // one of abi.json's refusals
	Message string `json:"message"` // what is wrong, where, and what to do
}

// Info is what Check found in a module.
type Info struct {
	Manifest    *Manifest // nil where there is none
	MemoryPages uint32    // that the memory starts with
	MemoryMost  uint32    // pages that the module itself allows its memory; 0: no limit
	Progress    bool      // it keeps a progress cell
	Imports     []string  // as "module.name", in the module's order
}

// maxReasons bounds the answer about a module that breaks everything.
const maxReasons = 32

type exportRule struct {
	name, kind, signature string
	required              bool
}

// Check says whether a module would be accepted, and if not, why not, without running any of it. memoryPages is what its
// memory may have under the limits that it would run with (engine.Limits.Pages); 0 is what the defaults allow. The Info is nil where the file can't be read as a module. What
// needs validating code is left to the engine's compiler.
func Check(wasm []byte, memoryPages uint32) (*Info, []Reason) {
	c := &checker{info: &Info{}}
	if len(wasm) > LimitModuleBytes {
		c.add(CodeModuleSize, "the file has %d bytes; at most %d are allowed", len(wasm), LimitModuleBytes)
		return nil, c.reasons
	}
	s, err := parseModule(wasm)
	switch {
	case errors.Is(err, errNotWasm):
		c.add(CodeModuleNotWasm, "%v", err)
	case errors.Is(err, errComponent):
		c.add(CodeModuleComponent, "%v", err)
	case err != nil:
		c.add(CodeModuleMalformed, "the module is broken: %v", err)
	}
	if err != nil {
		return nil, c.reasons
	}
	if c.exports(s) {
		c.imports(s)
	}
	if memoryPages == 0 {
		memoryPages = engine.Limits{}.WithDefaults().Pages(0)
	}
	c.memory(s, memoryPages)
	c.manifest(s)
	return c.info, c.reasons
}

type checker struct {
	info    *Info
	reasons []Reason
}

func (c *checker) add(code, layout string, args ...any) {
	if len(c.reasons) < maxReasons {
		c.reasons = append(c.reasons, Reason{code, fmt.Sprintf(layout, args...)})
	}
}

// exports checks the exports; false where the module is not meant for this ABI at all, so that more reasons would only
// bury the one that counts.
func (c *checker) exports(s *shape) bool {
	exports := map[string]exportDecl{}
	for _, e := range s.exports {
		exports[e.name] = e
	}
	if _, ok := exports[Marker]; !ok {
		c.noMarker(exports)
		return false
	}
	if _, ok := exports["_start"]; ok {
		c.add(CodeModuleCommand, "%s", commandAdvice)
	}
	for _, rule := range exportTable {
		e, ok := exports[rule.name]
		if !ok {
			if rule.required {
				c.add(CodeModuleExport, "the module does not export %q; build it with a weir SDK, or export what section 1 of guest-abi/SPEC.md lists", rule.name)
			}
			continue
		}
		c.export(s, rule, e)
	}
	_, c.info.Progress = exports["weir_progress"]
	return true
}

func (c *checker) export(s *shape, rule exportRule, e exportDecl) {
	if rule.kind == "memory" {
		if e.kind != kindMemory {
			c.add(CodeModuleExport, "export %q is a %s; it must be the memory", rule.name, kindNames[e.kind])
		}
		return
	}
	t, ok := s.functionType(e.index)
	switch {
	case e.kind != kindFunction:
		c.add(CodeModuleExport, "export %q is a %s; it must be a function", rule.name, kindNames[e.kind])
	case !ok:
		c.add(CodeModuleMalformed, "export %q names a function that isn't there", rule.name)
	case t.String() != rule.signature:
		c.add(CodeModuleExport, "export %q is %s; it must be %s", rule.name, shorten(t.String()), rule.signature)
	}
}

// commandAdvice is for a module whose work is done by _start, as that of a program is.
const commandAdvice = "the module is a command: it exports _start; build it as a reactor on a weir SDK: Go with -buildmode=c-shared, " +
	"Rust as a cdylib, clang with -mexec-model=reactor"

func (c *checker) noMarker(exports map[string]exportDecl) {
	for name := range exports {
		if strings.HasPrefix(name, "weir_abi_v") {
			c.add(CodeModuleVersion, "the module is built for another version of the ABI: it exports %q; this host speaks %q", shorten(name), Marker)
			return
		}
	}
	if _, ok := exports["_start"]; ok {
		c.add(CodeModuleCommand, "%s", commandAdvice)
		return
	}
	c.add(CodeModuleVersion, "the module does not export the marker %s; build it with a weir SDK", Marker)
}

func (c *checker) imports(s *shape) {
	for _, i := range s.imports {
		c.info.Imports = append(c.info.Imports, shorten(i.module+"."+i.name))
		if i.kind != kindFunction {
			c.add(CodeModuleImport, "the module imports %s %q of %q; only functions can be imported, and the memory must be the module's own", kindNames[i.kind], shorten(i.name), shorten(i.module))
			continue
		}
		if want, ok := c.offered(i); ok {
			if t, ok := s.typeAt(i.typ); !ok || t.String() != want {
				c.add(CodeModuleImport, "the module imports %q of %q as %s; it is %s", i.name, i.module, shorten(t.String()), want)
			}
		}
	}
}

// offered finds an import's signature, or says why there is none.
func (c *checker) offered(i importDecl) (signature string, ok bool) {
	name, module := shorten(i.name), shorten(i.module)
	switch i.module {
	case ImportModule:
		if signature, ok = weirTable[i.name]; !ok {
			c.add(CodeModuleImport, "the module imports %q of %q, which version %d of the ABI does not have", name, module, Version)
		}
		return signature, ok
	case WASIModule:
		if signature, ok = servedTable[i.name]; ok {
			return signature, true
		}
		if signature, ok = inertTable[i.name]; ok {
			return signature, true
		}
		rule := "it is not a function of WASI preview 1 that weir knows"
		if refusedTable[i.name] {
			rule = "operators have no network and send no signals"
		}
		c.add(CodeModuleImport, "the module imports %q of %q, which is refused: %s", name, module, rule)
		return "", false
	}
	hint := "a module may import only from " + ImportModule + " and " + WASIModule
	switch {
	case i.module == "env":
		hint = "AssemblyScript: build with --use abort=; C: a function is declared and defined nowhere"
	case i.module == "wasi_unstable":
		hint = "that is a draft of WASI; build with a toolchain for preview 1"
	case strings.HasPrefix(i.module, "wasi:"):
		hint = "that is WASI preview 2; build for preview 1 (Rust: wasm32-wasip1) or without WASI"
	case i.module == "gojs" || i.module == "go":
		hint = "Go: build with GOOS=wasip1, not GOOS=js"
	}
	c.add(CodeModuleImport, "the module imports %q of %q, which is refused: %s", name, module, hint)
	return "", false
}

func (c *checker) memory(s *shape, limit uint32) {
	if s.tables > LimitTableEntries {
		c.add(CodeModuleMemory, "the tables start with %d entries; %d are allowed", s.tables, LimitTableEntries)
	}
	if len(s.memories) != 1 {
		if c.reasons == nil || len(s.memories) > 1 {
			c.add(CodeModuleMemory, "the module defines %d memories; it must define one", len(s.memories))
		}
		return
	}
	m := s.memories[0]
	switch {
	case m.flags&2 != 0:
		c.add(CodeModuleMemory, "the memory is shared; build without threads")
	case m.flags&4 != 0:
		c.add(CodeModuleMemory, "the memory is 64-bit; build for wasm32")
	case m.least > uint64(limit):
		c.add(CodeModuleMemory, "the memory starts with %d pages of 64 KiB; %d are allowed (the stack takes its part): raise weir.memory, or build with a smaller stack", m.least, limit)
	default:
		c.info.MemoryPages, c.info.MemoryMost = uint32(m.least), uint32(min(m.most, 1<<16))
	}
}

func (c *checker) manifest(s *shape) {
	i := slices.IndexFunc(s.customs, isManifest)
	if i < 0 {
		return
	}
	if slices.ContainsFunc(s.customs[i+1:], isManifest) {
		c.add(CodeManifestSyntax, "the module has more than one section %s", ManifestSection)
		return
	}
	m, reasons := ParseManifest(s.customs[i].content)
	c.info.Manifest = m
	for _, r := range reasons {
		c.add(r.Code, "%s", r.Message)
	}
}

func isManifest(d customDecl) bool { return d.name == ManifestSection }

// shorten cuts a name that a module's author chose, so that a message stays readable.
func shorten(name string) string {
	const longest = 100
	if len(name) <= longest {
		return name
	}
	return strings.ToValidUTF8(name[:longest], "") + "…"
}
