package wasm

// Module is a decoded module. Indices are those of the specification: imported items come first. Slices of bytes are views
// of Data.
type Module struct {
	Data    []byte
	Types   []FuncType
	Canon   []uint32 // for each type the first that is equal to it
	Imports []Import

	Funcs   []uint32 // type index of every function
	Tables  []Table
	Memory  *Memory
	Globals []Global
	Exports []Export
	Start   int // function index, -1 without a start function
	Bodies  []Span

	ImportedFuncs, ImportedTables, ImportedGlobals int
	ImportedMemory                                 bool
	Elements                                       []Element // segments
	DataSizes                                      []uint32  // of each data segment, in bytes

	// Marks say of each function how it may be reached, see Mark.
	Marks []Mark

	// What the bodies reach that have been validated: locals, parameters included, and blocks within each other.
	MostLocals, MostNesting Most

	Sections [sectionKinds]Span // contents by section id; a section that is not there begins at 0
	Customs  []Custom

	limits    Limits
	dataCount int               // of the data count section, -1 without it
	entries   int64             // of all tables, to begin with
	byKey     map[string]uint32 // the first type with a key
}

// Span is a range of Module.Data.
type Span struct{ Start, End int }

// Most is what a function has that has most of something, the first of several.
type Most struct{ N, Function int }

func (m *Most) note(n, function int) {
	if n > m.N {
		*m = Most{n, function}
	}
}

// Mark is a set of facts about a function.
type Mark uint8

// The facts.
const (
	Declared   Mark = 1 << iota // occurs outside of code, so that ref.func in code may name it (3.4.12: C.refs)
	Referenced                  // occurs in an element segment, or in a global's ref.func: a table may hold it
)

// Kind is what an import or export is (5.5.5).
type Kind byte

// The kinds.
const (
	KindFunc   Kind = 0
	KindTable  Kind = 1
	KindMemory Kind = 2
	KindGlobal Kind = 3
)

// Import is an import (5.5.5). Index is that of the imported item in its index space.
type Import struct {
	Module, Name string
	Kind         Kind
	Index        int
}

// Export is an export (5.5.10).
type Export struct {
	Name  string
	Kind  Kind
	Index int
}

// Element is an element segment (5.5.12).
type Element struct {
	Type Type
	Size uint32 // elements
}

// Custom is a custom section (5.5.3).
type Custom struct {
	Name  string
	Body  Span        // what follows the name
	Whole Span        // the section's contents, name included
	After SectionRank // it comes somewhere after the section of this rank
}

// FindType is the index of a type, if the module has it.
func (m *Module) FindType(params, results []byte) (uint32, bool) {
	i, ok := m.byKey[string(typeKey(nil, FuncType{params, results}))]
	return i, ok
}

// typeKey is equal for equal types.
func typeKey(key []byte, t FuncType) []byte {
	return append(append(append(key[:0], t.Params...), 0), t.Results...)
}

// TypeOf is the type of a function.
func (m *Module) TypeOf(function int) *FuncType { return &m.Types[m.Funcs[function]] }
