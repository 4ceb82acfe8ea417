package meter

import (
	"fmt"

	"github.com/weir-stream/weir/host/sandbox/internal/wasm"
)

// addedImports is how many functions are imported on top: those that the module defines move by so much.
const addedImports = 2

// indices are those of what is injected, in the rewritten module. A helper that is not used has the index 0.
type indices struct {
	yield, tooDeep           uint32 // imported functions
	slow, bytes, items, grow uint32 // helpers
	bulk                     uint32 // the first of two helpers for each of uses.bulk
	functions                uint32 // how many there are, helpers included
	fuel, depth              uint32 // globals
	pages, refused           uint32 // globals, only with a memory

	yieldType, emptyType, lengthType, bulkType uint32
}

// writer writes the rewritten module. Sections come in the order of the original; those that it lacks are put in.
type writer struct {
	*Plan
	x     indices
	code  code
	types []wasm.FuncType   // added
	added map[string]uint32 // index of each
	body  []byte            // one function's, reused

	out []byte
}

// Write makes the rewritten module. The error is a function that grew too large.
func (p *Plan) Write(maxBody int) ([]byte, *wasm.Error) {
	w := &writer{Plan: p, added: map[string]uint32{}, out: make([]byte, 0, len(p.m.Data)+len(p.m.Data)/4+4096)}
	w.assign()
	w.code = newCode(w.x)
	w.out = append(w.out, p.m.Data[:8]...)
	names, nameSection, named := p.m.Names()
	customs := 0
	for rank := wasm.SectionRank(0); int(rank) <= len(wasm.Order); rank++ {
		if rank > 0 {
			if err := w.section(wasm.Order[rank-1], maxBody); err != nil {
				return nil, err
			}
		}
		for ; customs < len(p.m.Customs) && p.m.Customs[customs].After == rank; customs++ {
			switch c := p.m.Customs[customs]; {
			case named && customs == nameSection:
				w.names(names)
			case kept(c):
				w.raw(wasm.SectionCustom, c.Whole)
			}
		}
	}
	if !named {
		w.names(names)
	}
	return w.out, nil
}

// assign gives indices to what is injected.
func (w *writer) assign() {
	m, x := w.m, &w.x
	x.yield, x.tooDeep = uint32(m.ImportedFuncs), uint32(m.ImportedFuncs)+1
	x.functions = uint32(len(m.Funcs)) + addedImports
	helper := func(index *uint32, used bool) {
		if used {
			*index = x.functions
			x.functions++
		}
	}
	helper(&x.slow, true)
	helper(&x.bytes, w.uses.bytes)
	helper(&x.items, w.uses.items)
	helper(&x.grow, w.uses.grow)
	x.bulk = x.functions
	x.functions += 2 * uint32(len(w.uses.bulk))
	x.fuel = uint32(len(m.Globals))
	x.depth, x.pages, x.refused = x.fuel+1, x.fuel+2, x.fuel+3
	x.yieldType = w.typeIndex([]byte{typeI64}, []byte{typeI64})
	x.emptyType = w.typeIndex(nil, nil)
	x.lengthType = w.typeIndex([]byte{typeI32}, []byte{typeI32})
	if len(w.uses.bulk) > 0 {
		three := []byte{typeI32, typeI32, typeI32}
		x.bulkType = w.typeIndex(three, three)
	}
}

// typeIndex finds a type or adds it.
func (w *writer) typeIndex(params, results []byte) uint32 {
	if i, ok := w.m.FindType(params, results); ok {
		return i
	}
	key := string(params) + "\x00" + string(results)
	i, ok := w.added[key]
	if !ok {
		i = uint32(len(w.m.Types) + len(w.types))
		w.added[key] = i
		w.types = append(w.types, wasm.FuncType{Params: params, Results: results})
	}
	return i
}

func (w *writer) raw(id byte, s wasm.Span) {
	w.out = append(w.out, id)
	w.out = appendU32(w.out, uint32(s.End-s.Start))
	w.out = append(w.out, w.m.Data[s.Start:s.End]...)
}

func (w *writer) section(id byte, maxBody int) (err *wasm.Error) {
	write := func(content func([]byte) []byte) { w.out = sized(append(w.out, id), content) }
	there := w.m.Sections[id].Start > 0
	switch id {
	case wasm.SectionType:
		write(w.typeSection)
	case wasm.SectionImport:
		write(w.importSection)
	case wasm.SectionFunction:
		write(w.functionSection)
	case wasm.SectionGlobal:
		write(w.globalSection)
	case wasm.SectionExport:
		write(w.exportSection)
	case wasm.SectionCode:
		write(func(b []byte) []byte {
			b, err = w.codeSection(b, maxBody)
			return b
		})
	case wasm.SectionStart: // the host calls it, under limits
	case wasm.SectionTable:
		if there {
			write(w.tableSection)
		}
	case wasm.SectionMemory:
		if there && w.m.Memory != nil {
			write(w.memorySection)
		}
	case wasm.SectionElement:
		if there {
			write(w.elementSection)
		}
	default:
		if there {
			w.raw(id, w.m.Sections[id])
		}
	}
	return err
}

// rest appends n, then what follows the count in the original section, if there is one.
func (w *writer) rest(b []byte, id byte, n int) []byte {
	b = appendU32(b, uint32(n))
	if s := w.m.Sections[id]; s.Start > 0 {
		b = append(b, w.m.Data[skipLEB(w.m.Data, s.Start):s.End]...)
	}
	return b
}

func (w *writer) typeSection(b []byte) []byte {
	for i, f := range w.funcs {
		// The block around the body of a function with several results needs a type; that it is there is all that counts here.
		if results := w.m.TypeOf(w.m.ImportedFuncs + i).Results; f.deep && len(results) > 1 {
			w.typeIndex(nil, results)
		}
	}
	b = w.rest(b, wasm.SectionType, len(w.m.Types)+len(w.types))
	for _, t := range w.types {
		b = append(b, 0x60)
		b = append(appendU32(b, uint32(len(t.Params))), t.Params...)
		b = append(appendU32(b, uint32(len(t.Results))), t.Results...)
	}
	return b
}

func (w *writer) importSection(b []byte) []byte {
	b = w.rest(b, wasm.SectionImport, len(w.m.Imports)+addedImports)
	for _, f := range []struct {
		name string
		t    uint32
	}{{w.o.Names.Yield, w.x.yieldType}, {w.o.Names.Deep, w.x.emptyType}} {
		b = appendName(appendName(b, w.o.Names.Module), f.name)
		b = appendU32(append(b, byte(wasm.KindFunc)), f.t)
	}
	return b
}

// helpers are the added functions, in the order of their indices.
func (w *writer) helpers() (types []uint32, bodies []func([]byte) []byte, names []string) {
	add := func(index, t uint32, name string, body func([]byte) []byte) {
		if index > 0 {
			types, bodies, names = append(types, t), append(bodies, body), append(names, w.o.Names.Function+name)
		}
	}
	add(w.x.slow, w.x.emptyType, "out_of_fuel", func(b []byte) []byte { return w.code.slowBody(b, w.x) })
	add(w.x.bytes, w.x.lengthType, "charge_bytes", func(b []byte) []byte { return w.code.lengthBody(b, 4) })
	add(w.x.items, w.x.lengthType, "charge_entries", func(b []byte) []byte { return w.code.lengthBody(b, 0) })
	add(w.x.grow, w.x.lengthType, "memory_grow", w.code.growBody)
	for i, o := range w.uses.bulk {
		charge := w.x.bulk + 2*uint32(i)
		add(charge, w.x.bulkType, o.name(), func(b []byte) []byte { return w.code.bulkBody(b, o, charge+1) })
		add(charge+1, w.x.bulkType, o.name()+"_pieces", func(b []byte) []byte { return w.code.piecesBody(b, o) })
	}
	return types, bodies, names
}

func (w *writer) functionSection(b []byte) []byte {
	types, _, _ := w.helpers()
	b = w.rest(b, wasm.SectionFunction, len(w.funcs)+len(types))
	for _, t := range types {
		b = appendU32(b, t)
	}
	return b
}

// renumbered copies a section in which only function indices change.
func (w *writer) renumbered(b []byte, id byte, n, from int) []byte {
	b = appendU32(b, uint32(n))
	w.m.FuncIndices(id, func(at int, f uint32) {
		b = appendU32(append(b, w.m.Data[from:at]...), w.newIndex(f))
		from = skipLEB(w.m.Data, at)
	})
	return append(b, w.m.Data[from:w.m.Sections[id].End]...)
}

func (w *writer) elementSection(b []byte) []byte {
	return w.renumbered(b, wasm.SectionElement, len(w.m.Elements), skipLEB(w.m.Data, w.m.Sections[wasm.SectionElement].Start))
}

func (w *writer) globalSection(b []byte) []byte {
	n, added := len(w.m.Globals)-w.m.ImportedGlobals, 2
	if w.m.Memory != nil {
		added = 4
	}
	if s := w.m.Sections[wasm.SectionGlobal]; s.Start > 0 {
		b = w.renumbered(b, wasm.SectionGlobal, n+added, skipLEB(w.m.Data, s.Start))
	} else {
		b = appendU32(b, uint32(added))
	}
	b = append(b, typeI64, 1, opI64Const, 0, opEnd)
	for range added - 1 {
		b = append(b, typeI32, 1, opI32Const, 0, opEnd)
	}
	return b
}

// tableSection cuts the maxima. What the caps leave above the initial sizes is shared evenly by the tables that can grow.
func (w *writer) tableSection(b []byte) []byte {
	defined := w.m.Tables[w.m.ImportedTables:]
	spare, growing := w.o.TableEntries, 0
	for _, t := range w.m.Tables {
		spare -= int(t.Min)
	}
	for _, t := range defined {
		if !t.HasMax || t.Max > t.Min {
			growing++
		}
	}
	b = appendU32(b, uint32(len(defined)))
	for _, t := range defined {
		highest := t.Min + uint32(max(spare, 0)/max(growing, 1))
		if t.HasMax {
			highest = min(highest, t.Max)
		}
		b = append(b, byte(t.Type), 1)
		b = appendU32(appendU32(b, t.Min), highest)
	}
	return b
}

// MaxPages is what the memory may grow to.
func (p *Plan) MaxPages() uint32 {
	highest := uint32(p.o.MemoryPages)
	if p.m.Memory.HasMax {
		highest = min(highest, p.m.Memory.Max)
	}
	return highest
}

func (w *writer) memorySection(b []byte) []byte {
	if w.m.ImportedMemory {
		return appendU32(b, 0)
	}
	b = append(b, 1, 1)
	return appendU32(appendU32(b, w.m.Memory.Min), w.MaxPages())
}

// MemoryExport is the name under which the memory is exported: the first that the guest gives it, else the injected one.
func (p *Plan) MemoryExport() string {
	for _, e := range p.m.Exports {
		if e.Kind == wasm.KindMemory {
			return e.Name
		}
	}
	return p.o.Names.Memory
}

// GlobalExport is the name under which a mutable global is exported.
func (p *Plan) GlobalExport(index int) string { return fmt.Sprintf("%s%d", p.o.Names.Global, index) }

func (w *writer) exportSection(b []byte) []byte {
	n := 0
	var list []byte
	add := func(name string, kind wasm.Kind, index uint32) {
		list = appendU32(append(appendName(list, name), byte(kind)), index)
		n++
	}
	for _, e := range w.m.Exports {
		index := uint32(e.Index)
		if e.Kind == wasm.KindFunc {
			index = w.newIndex(index)
		}
		add(e.Name, e.Kind, index)
	}
	add(w.o.Names.Fuel, wasm.KindGlobal, w.x.fuel)
	add(w.o.Names.Depth, wasm.KindGlobal, w.x.depth)
	if w.m.Memory != nil {
		add(w.o.Names.Pages, wasm.KindGlobal, w.x.pages)
		add(w.o.Names.Refused, wasm.KindGlobal, w.x.refused)
		if name := w.MemoryExport(); name == w.o.Names.Memory {
			add(name, wasm.KindMemory, 0)
		}
	}
	if w.m.Start >= 0 {
		add(w.o.Names.Start, wasm.KindFunc, w.newIndex(uint32(w.m.Start)))
	}
	for i, g := range w.m.Globals {
		if g.Mutable {
			add(w.GlobalExport(i), wasm.KindGlobal, uint32(i))
		}
	}
	return append(appendU32(b, uint32(n)), list...)
}
