// Package asm assembles small WebAssembly modules for tests, so that a test's guest stands in the test itself.
//
//	m := asm.New()
//	m.Memory(1, 16)
//	log := m.Import("weir", "log", asm.Sig("iii", ""))
//	m.Func("greet", asm.Sig("", "i"), "", asm.I32(1), asm.I32(0), asm.I32(5), asm.Call(log), asm.I32(0))
//	m.Data(0, []byte("hello"))
//	wasm := m.Bytes()
//
// Imports come before functions; nothing is validated: an engine does that, and tests of broken modules need to get by.
package asm

import (
	"bytes"
	"encoding/binary"
)

// Type is a function type, by value types in binary encoding.
type Type struct{ Params, Results []byte }

// Sig makes a type of letters: i is i32, I is i64, f is f32, F is f64.
func Sig(params, results string) Type { return Type{values(params), values(results)} }

func values(letters string) []byte {
	out := []byte{}
	for _, l := range letters {
		out = append(out, map[rune]byte{'i': 0x7f, 'I': 0x7e, 'f': 0x7d, 'F': 0x7c}[l])
	}
	return out
}

// Code is a run of instructions.
type Code []byte

// Module is a module in the making.
type Module struct {
	types, imports, funcs, tables, memory, globals, exports, elems, code, data [][]byte

	start    Code
	passive  bool // there are segments that code names
	custom   []byte
	names    []byte
	nameless bool
	named    uint32
	count    uint32 // functions so far, imports included
}

// New makes an empty module.
func New() *Module { return &Module{} }

// Import adds an imported function and returns its index. All imports come first.
func (m *Module) Import(module, name string, t Type) uint32 {
	m.imports = append(m.imports, cat(text(module), text(name), []byte{0}, uleb(m.typ(t))))
	m.count++
	return m.count - 1
}

// ImportRaw adds an import of any kind by its encoded description, such as {2, 0, 1} for a memory of one page.
func (m *Module) ImportRaw(module, name string, description ...byte) {
	m.imports = append(m.imports, cat(text(module), text(name), description))
}

// Memory defines a memory and exports it as "memory". A most of 0 means that none is declared.
func (m *Module) Memory(least, most uint32) {
	limits := cat([]byte{0}, uleb(least))
	if most > 0 {
		limits = cat([]byte{1}, uleb(least), uleb(most))
	}
	m.MemoryRaw(limits...)
	m.ExportRaw("memory", 2, 0)
}

// MemoryRaw defines a memory by its encoded limits and exports nothing.
func (m *Module) MemoryRaw(limits ...byte) { m.memory = append(m.memory, limits) }

// Table defines a table of n functions, all null.
func (m *Module) Table(n uint32) { m.tables = append(m.tables, cat([]byte{0x70, 0}, uleb(n))) }

// Elem puts functions into the table, from entry 0 on.
func (m *Module) Elem(functions ...uint32) {
	entries := uleb(uint32(len(functions)))
	for _, f := range functions {
		entries = append(entries, uleb(f)...)
	}
	m.elems = append(m.elems, cat([]byte{0}, I32(0), []byte{0x0b}, entries))
}

// Global defines a mutable i32 and returns its index.
func (m *Module) Global(initial int32) uint32 {
	m.globals = append(m.globals, cat([]byte{0x7f, 1}, I32(initial), []byte{0x0b}))
	return uint32(len(m.globals) - 1)
}

// Func defines a function, exports it under its name, and returns its index. locals are letters as in Sig.
func (m *Module) Func(name string, t Type, locals string, body ...Code) uint32 {
	index := m.Local(name, t, locals, body...)
	m.ExportRaw(name, 0, index)
	return index
}

// Local defines a function that is named and not exported.
func (m *Module) Local(name string, t Type, locals string, body ...Code) uint32 {
	m.funcs = append(m.funcs, uleb(m.typ(t)))
	decls := uleb(uint32(len(locals)))
	for _, v := range values(locals) {
		decls = append(decls, 1, v)
	}
	whole := cat(decls, flat(body), []byte{0x0b})
	m.code = append(m.code, cat(uleb(uint32(len(whole))), whole))
	m.names = cat(m.names, uleb(m.count), text(name))
	m.named++
	m.count++
	return m.count - 1
}

// ExportRaw exports what has the index: kind 0 is a function, 1 a table, 2 a memory, 3 a global.
func (m *Module) ExportRaw(name string, kind byte, index uint32) {
	m.exports = append(m.exports, cat(text(name), []byte{kind}, uleb(index)))
}

// Start names the start function.
func (m *Module) Start(index uint32) { m.start = uleb(index) }

// Data puts bytes at a place in memory.
func (m *Module) Data(at uint32, content []byte) {
	m.data = append(m.data, cat([]byte{0}, I32(int32(at)), []byte{0x0b}, uleb(uint32(len(content))), content))
}

// PassiveData defines a segment for memory.init and returns its index.
func (m *Module) PassiveData(content []byte) uint32 {
	m.passive = true
	m.data = append(m.data, cat([]byte{1}, uleb(uint32(len(content))), content))
	return uint32(len(m.data) - 1)
}

// PassiveElem defines a segment of n times a function for table.init and returns its index.
func (m *Module) PassiveElem(function uint32, n int) uint32 {
	m.elems = append(m.elems, cat([]byte{1, 0}, uleb(uint32(n)), bytes.Repeat(uleb(function), n)))
	return uint32(len(m.elems) - 1)
}

// Custom appends a custom section.
func (m *Module) Custom(name string, content []byte) {
	m.custom = append(m.custom, Section(0, cat(text(name), content))...)
}

// Nameless leaves the name section out.
func (m *Module) Nameless() { m.nameless = true }

// Bytes is the module in binary form, with a name section unless it is nameless.
func (m *Module) Bytes() []byte {
	out := []byte("\x00asm\x01\x00\x00\x00")
	for _, s := range []struct {
		id      byte
		entries [][]byte
	}{{1, m.types}, {2, m.imports}, {3, m.funcs}, {4, m.tables}, {5, m.memory}, {6, m.globals}, {7, m.exports}} {
		out = append(out, vector(s.id, s.entries)...)
	}
	if m.start != nil {
		out = append(out, Section(8, m.start)...)
	}
	out = append(out, vector(9, m.elems)...)
	if m.passive {
		out = append(out, Section(12, uleb(uint32(len(m.data))))...) // what code names is counted before it
	}
	out = append(out, vector(10, m.code)...)
	out = append(out, vector(11, m.data)...)
	if !m.nameless {
		names := cat(uleb(m.named), m.names)
		out = append(out, Section(0, cat(text("name"), []byte{1}, uleb(uint32(len(names))), names))...)
	}
	return append(out, m.custom...)
}

// Section encodes one section.
func Section(id byte, content []byte) []byte {
	return cat([]byte{id}, uleb(uint32(len(content))), content)
}

func vector(id byte, entries [][]byte) []byte {
	if len(entries) == 0 {
		return nil
	}
	return Section(id, cat(append([][]byte{uleb(uint32(len(entries)))}, entries...)...))
}

func (m *Module) typ(t Type) uint32 {
	m.types = append(m.types, cat([]byte{0x60}, uleb(uint32(len(t.Params))), t.Params, uleb(uint32(len(t.Results))), t.Results))
	return uint32(len(m.types) - 1)
}

func text(s string) []byte { return cat(uleb(uint32(len(s))), []byte(s)) }

func uleb(n uint32) []byte { return binary.AppendUvarint(nil, uint64(n)) }

func cat(parts ...[]byte) []byte {
	out := []byte{}
	for _, p := range parts {
		out = append(out, p...)
	}
	return out
}

func flat(parts []Code) []byte {
	out := []byte{}
	for _, p := range parts {
		out = append(out, p...)
	}
	return out
}
