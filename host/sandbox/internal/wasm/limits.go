package wasm

// Limits bound the shape of a module. They have no defaults here; see the fields of the same names in the package sandbox.
type Limits struct {
	ModuleBytes, BodyBytes, Locals, AllLocals, Nesting           int
	Types, Functions, Imports, Exports, Globals, Tables          int
	Elements, DataSegments, TableEntries, MemoryPages, NameBytes int
}

const (
	maxArity   = 1000      // parameters of a type, and results, as in browsers
	maxArities = 1_000_000 // of all types: an engine compiles what passes them, about 1.5 µs each
	maxName    = 10_000    // bytes of the name of an import, export or custom section
)
