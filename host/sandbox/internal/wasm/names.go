package wasm

import "unicode/utf8"

// The subsections of the name section (7.4.1) that a trace shows: the names of the module and of its functions.
const (
	nameModule   = 0
	nameFunction = 1
)

// Names is a well-formed name section.
type Names struct {
	Module []byte // name, nil without one
	Count  int    // functions with a name
	funcs  reader // what follows the count in the subsection of functions
}

// Names reads the first name section that follows the rules: subsections in order, indices in order and in range, names
// that are UTF-8. A name section is never a reason to refuse a module (7.4): ok is false where there is none to use.
func (m *Module) Names() (names Names, custom int, ok bool) {
	for i, c := range m.Customs {
		if c.Name != "name" {
			continue
		}
		if names, ok := m.names(c.Body); ok {
			return names, i, true
		}
	}
	return Names{}, 0, false
}

func (m *Module) names(body Span) (names Names, ok bool) {
	if body.End-body.Start > m.limits.NameBytes {
		return names, false
	}
	r := &reader{data: m.Data, pos: body.Start, end: body.End}
	for last := -1; r.pos < r.end; {
		id := int(r.byte())
		s := r.sub(r.index())
		if r.err != nil || id <= last {
			return names, false
		}
		switch last = id; id {
		case nameModule:
			names.Module = s.take(s.index())
			if s.err != nil || s.left() > 0 || !utf8.Valid(names.Module) {
				return names, false
			}
		case nameFunction:
			names.Count = s.count("names", 2, noLimit)
			names.funcs = s
			if !m.namesInOrder(names) {
				return names, false
			}
		}
	}
	return names, r.err == nil
}

func (m *Module) namesInOrder(names Names) bool {
	r, last := names.funcs, -1
	for range names.Count {
		f := r.index()
		name := r.take(r.index())
		if r.err != nil || f <= last || f >= len(m.Funcs) || !utf8.Valid(name) {
			return false
		}
		last = f
	}
	return r.left() == 0
}

// Each calls named for each function with a name, in the order of indices.
func (n *Names) Each(named func(f uint32, name []byte)) {
	r := n.funcs
	for range n.Count {
		f := r.u32()
		named(f, r.take(r.index()))
	}
}

// NameOf is a function's name in the name section, empty without one.
func (m *Module) NameOf(function int) (found string) {
	names, _, _ := m.Names()
	names.Each(func(f uint32, name []byte) {
		if f == uint32(function) {
			found = string(name)
		}
	})
	return found
}
