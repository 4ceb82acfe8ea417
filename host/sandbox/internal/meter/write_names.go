package meter

import (
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/weir-stream/weir/host/sandbox/internal/wasm"
)

// kept says whether a custom section stays. Debug information and source maps speak of offsets in the code, which have
// moved; a name section that is here is one that does not follow the rules, or the second. An empty section says nothing, and
// wazero takes one at the end of a module for a torn one.
func kept(c wasm.Custom) bool {
	switch c.Name {
	case "name", "sourceMappingURL", "external_debug_info":
		return false
	}
	return c.Body.Start < c.Body.End && !strings.HasPrefix(c.Name, ".debug_") && !strings.HasPrefix(c.Name, "reloc.")
}

// longestName is what is left of a name, in bytes: traces are read by people.
const longestName = 512

// names writes the name section (7.4.1): the names of the module and of its functions, those of the added ones included.
func (w *writer) names(names wasm.Names) {
	w.out = sized(append(w.out, wasm.SectionCustom), func(b []byte) []byte {
		b = appendName(b, "name")
		if names.Module != nil {
			b = sized(append(b, 0), func(b []byte) []byte { return appendName(b, cut(string(names.Module))) })
		}
		return sized(append(b, 1), func(b []byte) []byte { return w.functionNames(b, names) })
	})
}

// functionNames names every function that the rewritten module defines. An engine calls one without a name by its index, and
// the guest's author knows only those of before: so where a function has no name, its first export's or that index is it.
func (w *writer) functionNames(b []byte, names wasm.Names) []byte {
	n := 0
	var list []byte
	add := func(index uint32, name string) {
		list = appendName(appendU32(list, index), name)
		n++
	}
	imports := func() {
		add(w.x.yield, w.o.Names.Function+w.o.Names.Yield)
		add(w.x.tooDeep, w.o.Names.Function+w.o.Names.Deep)
	}
	given := w.givenNames(names)
	for f, name := range given {
		if f == w.m.ImportedFuncs {
			imports()
		}
		switch {
		case name != "":
			add(w.newIndex(uint32(f)), name)
		case f >= w.m.ImportedFuncs:
			add(w.newIndex(uint32(f)), "$"+strconv.Itoa(f))
		}
	}
	if len(given) == w.m.ImportedFuncs {
		imports()
	}
	_, _, helpers := w.helpers()
	for i, name := range helpers {
		add(w.x.slow+uint32(i), name)
	}
	return append(appendU32(b, uint32(n)), list...)
}

// givenNames are the names of the guest's functions, by index: those of the name section, else of the first export.
func (w *writer) givenNames(names wasm.Names) []string {
	given := make([]string, len(w.m.Funcs))
	names.Each(func(f uint32, name []byte) { given[f] = cut(string(name)) })
	for _, e := range w.m.Exports {
		if e.Kind == wasm.KindFunc && e.Index >= w.m.ImportedFuncs && given[e.Index] == "" {
			given[e.Index] = cut(e.Name)
		}
	}
	return given
}

// cut shortens a name to whole characters.
func cut(name string) string {
	if len(name) <= longestName {
		return name
	}
	end := longestName
	for !utf8.RuneStart(name[end]) {
		end--
	}
	return name[:end]
}
