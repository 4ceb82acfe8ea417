package sandbox

// Module is a rewritten module and what was learnt about the original. It is never changed after Rewrite returned it and
// may be shared.
type Module struct {
	Wasm []byte   // the rewritten binary: valid wasm that any engine takes
	Hash [32]byte // SHA-256 of Version and the original: with the caps, all that Wasm depends on

	Imports []Import    // of the original, in its order
	Exports []Export    // of the original, in its order
	Globals []Global    // mutable globals of a number type, exported for snapshots; in the order of their indices
	Memory  *MemoryInfo // nil where the module has none

	HasStart bool // the start function was taken out of the start section and exported as StartExport; the host calls it under limits
	// Restorable says that memory and Globals are all the state that an instance has. It is false where a table can change
	// (table.set, grow, fill, copy and init) or is imported, where a segment can be dropped (elem.drop, data.drop), where
	// memory or a mutable global is imported, and where a mutable global holds a vector or a reference.
	Restorable bool
	Stats      Stats
}

// Kind is what an import or export is, numbered as in the binary format.
type Kind byte

// The kinds.
const (
	KindFunc   Kind = 0
	KindTable  Kind = 1
	KindMemory Kind = 2
	KindGlobal Kind = 3
)

// String is the kind's name in WebAssembly's text format.
func (k Kind) String() string {
	switch k {
	case KindFunc:
		return "func"
	case KindTable:
		return "table"
	case KindMemory:
		return "memory"
	case KindGlobal:
		return "global"
	}
	return "unknown"
}

// ValueType is the type of a value, numbered as in the binary format.
type ValueType byte

// The value types.
const (
	I32       ValueType = 0x7f
	I64       ValueType = 0x7e
	F32       ValueType = 0x7d
	F64       ValueType = 0x7c
	V128      ValueType = 0x7b
	FuncRef   ValueType = 0x70
	ExternRef ValueType = 0x6f
)

// Import is what a module wants from its host.
type Import struct {
	Module, Name string
	Kind         Kind
	Params       []ValueType // of a function
	Results      []ValueType // of a function
	Type         ValueType   // of a global's value or a table's entries
	Mutable      bool        // a global
}

// Export is what a module offers.
type Export struct {
	Name    string
	Kind    Kind
	Params  []ValueType // of a function
	Results []ValueType // of a function
	Type    ValueType   // of a global's value or a table's entries
	Mutable bool        // a global
}

// Global is a mutable global of the guest.
type Global struct {
	Export string    // its added name
	Type   ValueType // I32, I64, F32 or F64
}

// MemoryInfo describes the one memory of a module.
type MemoryInfo struct {
	Min, Max uint32 // pages of 64 KiB; Max is cut at Caps.MemoryPages
	Export   string // the guest's own name for it, else MemoryExport
	Imported bool
}

// Stats count what a module holds and what was added to it.
type Stats struct {
	Functions  int // defined ones
	Loops      int
	Sites      int // places where fuel is charged
	Checks     int // of those, the ones that may yield
	Deep       int // functions whose frames count against the depth
	BytesIn    int // of the original
	BytesOut   int // of the rewritten binary
	PathSlots  int // slots of the largest chain of frames that do not count against the depth
	NamedFuncs int // functions with a name

	LargestBody Most // in bytes, as Caps.BodyBytes counts
	MostLocals  Most // as Caps.Locals counts
	MostNesting Most // as Caps.Nesting counts
}

// Most is what a function has that has most of something, the first of several. The zero Most: no function has any.
type Most struct {
	N        int
	Function int    // index, imported functions come first
	Name     string // of the function, where it has one; at most 200 bytes of it
}
