package meter

import (
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
			b = sized(append(b, 0), func(b []byte) []byte { return appendName(b, cut(names.Module)) })
		}
		return sized(append(b, 1), func(b []byte) []byte { return w.functionNames(b, names) })
	})
}

func (w *writer) functionNames(b []byte, names wasm.Names) []byte {
	_, _, helpers := w.helpers()
	b = appendU32(b, uint32(names.Count+addedImports+len(helpers)))
	imports := func() {
		b = appendName(appendU32(b, w.x.yield), w.o.Names.Function+w.o.Names.Yield)
		b = appendName(appendU32(b, w.x.tooDeep), w.o.Names.Function+w.o.Names.Deep)
	}
	done := false
	names.Each(func(f uint32, name []byte) {
		if !done && int(f) >= w.m.ImportedFuncs {
			imports()
			done = true
		}
		b = appendName(appendU32(b, w.newIndex(f)), cut(name))
	})
	if !done {
		imports()
	}
	for i, name := range helpers {
		b = appendName(appendU32(b, w.x.slow+uint32(i)), name)
	}
	return b
}

// cut shortens a name to whole characters.
func cut(name []byte) string {
	if len(name) <= longestName {
		return string(name)
	}
	end := longestName
	for !utf8.RuneStart(name[end]) {
		end--
	}
	return string(name[:end])
}
