package wasm

// Limits bound the shape of a module. They have no defaults here; see the fields of the same names in the package sandbox.
type Limits struct {
	ModuleBytes, BodyBytes, Locals, AllLocals, Nesting           int
	Types, Functions, Imports, Exports, Globals, Tables          int
	Elements, DataSegments, TableEntries, MemoryPages, NameBytes int
}

const (
	maxArity = 1000   // parameters of a type, and results, as in browsers
	maxName  = 10_000 // bytes of the name of an import, export or custom section
)
