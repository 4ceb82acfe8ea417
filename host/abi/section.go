package abi

import (
	"errors"
	"fmt"
	"unicode/utf8"

	"github.com/weir-stream/weir/host/engine"
)

// shape is what can be seen of a module without running it. Sections that say nothing here are skipped, unchecked: an
// engine validates the whole.
type shape struct {
	types     []engine.FuncType
	imports   []importDecl
	functions []uint32 // index space of functions, imported ones first: index of the type
	tables    uint64   // entries that all tables start with
	memories  []memoryDecl
	exports   []exportDecl
	customs   []customDecl
}

type importDecl struct {
	module, name string
	kind         byte
	typ          uint32 // of a function
}

type memoryDecl struct {
	flags       byte // 1 has a maximum, 2 is shared, 4 is 64-bit
	least, most uint64
}

type exportDecl struct {
	name  string
	kind  byte
	index uint32
}

type customDecl struct {
	name       string
	content    []byte
	start, end int // of the whole section in the file
}

// Kinds of import and export.
const (
	kindFunction = 0
	kindTable    = 1
	kindMemory   = 2
	kindGlobal   = 3
	kindTag      = 4
)

var kindNames = map[byte]string{kindFunction: "function", kindTable: "table", kindMemory: "memory", kindGlobal: "global", kindTag: "tag"}

var (
	errNotWasm   = errors.New("the file is not WebAssembly: it does not begin with \\0asm")
	errComponent = errors.New("the file is a component; weir runs core modules. Leave the last step of your build out (wasm-tools component new, or a *-wasip2 target) and build the core module as a reactor")
)

// parseModule reads the sections of a core module.
func parseModule(wasm []byte) (*shape, error) {
	if len(wasm) < 4 || string(wasm[:4]) != "\x00asm" {
		return nil, errNotWasm
	}
	if len(wasm) < 8 {
		return nil, fmt.Errorf("the file is cut short: it has %d bytes, and a module begins with eight", len(wasm))
	}
	switch string(wasm[4:8]) {
	case "\x01\x00\x00\x00":
	case "\x0d\x00\x01\x00", "\x0c\x00\x01\x00", "\x0b\x00\x01\x00", "\x0a\x00\x01\x00": // layer 1, its drafts
		return nil, errComponent
	default:
		return nil, fmt.Errorf("version % x of the binary format; 01 00 00 00 is the one in use", wasm[4:8])
	}
	s, c := &shape{}, &cursor{b: wasm, pos: 8}
	seen := map[byte]bool{}
	for c.err == nil && c.pos < len(wasm) {
		start := c.pos
		id := c.byte()
		content := c.bytes(c.u32())
		if c.err != nil {
			break
		}
		if id != 0 && seen[id] {
			return nil, fmt.Errorf("section %d stands in the module twice", id)
		}
		if len(s.customs) == mostCustoms {
			return nil, fmt.Errorf("more than %d custom sections", mostCustoms)
		}
		seen[id] = true
		section := &cursor{b: content}
		if id == 0 {
			name := section.name()
			s.customs = append(s.customs, customDecl{name, content[section.pos:], start, c.pos})
		} else {
			s.read(id, section)
		}
		if section.err != nil {
			return nil, fmt.Errorf("section %d at byte %d: %w", id, start, section.err)
		}
	}
	return s, c.err
}

// Bounds on what a module declares, far above what toolchains make: an entry of a few bytes takes ten times as much here.
const (
	mostTypes     = 100_000
	mostImports   = 10_000
	mostFunctions = 1_000_000
	mostMemories  = 100 // and tables
	mostExports   = 100_000
	mostCustoms   = 10_000
)

// read reads one of the sections that matter here.
func (s *shape) read(id byte, c *cursor) {
	switch id {
	case 1:
		c.each(mostTypes, func() { s.types = append(s.types, c.functionType()) })
	case 2:
		c.each(mostImports, func() { s.readImport(c) })
	case 3:
		c.each(mostFunctions, func() { s.functions = append(s.functions, c.u32()) })
	case 4:
		c.each(mostMemories, func() { c.byte(); s.tables += min(c.memory().least, 1<<32) })
	case 5:
		c.each(mostMemories, func() { s.memories = append(s.memories, c.memory()) })
	case 7:
		c.each(mostExports, func() { s.exports = append(s.exports, exportDecl{c.name(), c.byte(), c.u32()}) })
	}
}

func (s *shape) readImport(c *cursor) {
	d := importDecl{module: c.name(), name: c.name(), kind: c.byte()}
	switch d.kind {
	case kindFunction:
		d.typ = c.u32()
		s.functions = append(s.functions, d.typ)
	case kindTable:
		c.byte()
		c.memory() // the same limits
	case kindMemory:
		c.memory()
	case kindGlobal:
		c.bytes(2)
	case kindTag:
		c.byte()
		c.u32()
	default:
		c.fail("an import of kind %d", d.kind)
	}
	s.imports = append(s.imports, d)
}

// typeAt is a type by its index.
func (s *shape) typeAt(i uint32) (engine.FuncType, bool) {
	if uint64(i) >= uint64(len(s.types)) {
		return engine.FuncType{}, false
	}
	return s.types[i], true
}

// functionType is the type of a function by the function's index.
func (s *shape) functionType(i uint32) (engine.FuncType, bool) {
	if uint64(i) >= uint64(len(s.functions)) {
		return engine.FuncType{}, false
	}
	return s.typeAt(s.functions[i])
}

// cursor reads a module's encoding. The first error sticks, and everything read afterwards is zero.
type cursor struct {
	b   []byte
	pos int
	err error
}

func (c *cursor) fail(layout string, args ...any) {
	if c.err == nil {
		c.err = fmt.Errorf(layout, args...)
	}
}

func (c *cursor) byte() byte {
	if b := c.bytes(1); b != nil {
		return b[0]
	}
	return 0
}

// bytes is the next n bytes, nil where they are not all there.
func (c *cursor) bytes(n uint32) []byte {
	if c.err != nil {
		return nil
	}
	if uint64(n) > uint64(len(c.b)-c.pos) {
		c.fail("cut short: %d bytes wanted, %d left", n, len(c.b)-c.pos)
		return nil
	}
	c.pos += int(n)
	return c.b[c.pos-int(n) : c.pos : c.pos]
}

func (c *cursor) u32() uint32 {
	v := c.uleb(5)
	if v > 1<<32-1 {
		c.fail("a number that does not fit 32 bits")
		return 0
	}
	return uint32(v)
}

// uleb reads an unsigned LEB128 number of at most most bytes.
func (c *cursor) uleb(most int) uint64 {
	var v uint64
	for i := range most {
		b := c.byte()
		v |= uint64(b&0x7f) << (7 * i)
		if b < 0x80 {
			return v
		}
	}
	c.fail("a number that is too long")
	return 0
}

func (c *cursor) name() string {
	b := c.bytes(c.u32())
	if !utf8.Valid(b) {
		c.fail("a name that is not UTF-8")
		return ""
	}
	return string(b)
}

// each calls f once for each element of a vector. A count that lies ends at the section's end.
func (c *cursor) each(most uint32, f func()) {
	n := c.u32()
	if n > most {
		c.fail("%d entries; at most %d are allowed", n, most)
	}
	for ; n > 0 && c.err == nil; n-- {
		f()
	}
}

func (c *cursor) functionType() engine.FuncType {
	if form := c.byte(); form != 0x60 && c.err == nil {
		c.fail("a type of form %#x; only plain function types are understood", form)
	}
	return engine.FuncType{Params: c.valueTypes(), Results: c.valueTypes()}
}

func (c *cursor) valueTypes() []engine.ValueType {
	b := c.bytes(c.u32())
	types := make([]engine.ValueType, len(b))
	for i := range b {
		types[i] = engine.ValueType(b[i])
	}
	return types
}

func (c *cursor) memory() memoryDecl {
	d := memoryDecl{flags: c.byte()}
	if d.flags > 7 {
		c.fail("limits with flags %#x", d.flags)
	}
	d.least = c.uleb(10)
	if d.flags&1 != 0 {
		d.most = c.uleb(10)
	}
	return d
}
