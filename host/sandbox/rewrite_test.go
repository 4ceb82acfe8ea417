package sandbox

import (
	"bytes"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/tetratelabs/wazero/api"
)

func TestSameBytesForSameBytes(t *testing.T) {
	original := world(vec(), 0x03, 0x40, 0x41, 0, 0x0d, 0, 0x0b)
	before := bytes.Clone(original)
	first, second := must(t, original), must(t, bytes.Clone(original))
	if !reflect.DeepEqual(first, second) {
		t.Error("two rewritings of the same module differ")
	}
	if !bytes.Equal(original, before) {
		t.Error("rewriting changed its argument")
	}
	if clear(original); !bytes.Equal(first.Wasm, second.Wasm) {
		t.Error("the result shares memory with the argument")
	}
	if other := must(t, world(vec())); other.Hash == first.Hash {
		t.Error("two modules have one hash")
	}
}

func TestWhatIsKnownOfAModule(t *testing.T) {
	m := must(t, world(vec()))
	imports := []Import{{Module: "env", Name: "host", Kind: KindFunc, Params: []ValueType{I32}, Results: []ValueType{I32}}}
	if !reflect.DeepEqual(m.Imports, imports) {
		t.Errorf("imports %+v", m.Imports)
	}
	exports := []Export{{Name: "run", Kind: KindFunc, Params: []ValueType{}, Results: []ValueType{}}, {Name: "memory", Kind: KindMemory}}
	if !reflect.DeepEqual(m.Exports, exports) {
		t.Errorf("exports %+v", m.Exports)
	}
	if want := []Global{{GlobalExport + "0", I32}}; !reflect.DeepEqual(m.Globals, want) {
		t.Errorf("globals %+v, want %+v: vectors and references cannot be restored", m.Globals, want)
	}
	if want := (MemoryInfo{Min: 1, Max: 4096, Export: "memory"}); m.Memory == nil || *m.Memory != want {
		t.Errorf("memory %+v, want %+v", m.Memory, want)
	}
	if m.HasStart || m.Stats.Functions != 4 {
		t.Errorf("start %v, %d functions", m.HasStart, m.Stats.Functions)
	}
}

func TestAModuleOfNothingGetsTheSectionsItLacks(t *testing.T) {
	g := instantiate(t, must(t, binaryOf()))
	for name, typ := range map[string]api.ValueType{FuelExport: api.ValueTypeI64, DepthExport: api.ValueTypeI32} {
		if v, ok := g.module.ExportedGlobal(name).(api.MutableGlobal); !ok || v.Type() != typ || v.Get() != 0 {
			t.Errorf("%s is not a mutable %s of 0", name, api.ValueTypeName(typ))
		}
	}
	if g.module.ExportedGlobal(PagesExport) != nil {
		t.Error("a module without memory has a limit of pages")
	}
}

func TestSizesAreCut(t *testing.T) {
	caps := Caps{MemoryPages: 100, TableEntries: 100}
	for _, c := range []struct {
		limits []byte
		max    uint32
	}{{bytesOf(0, 2), 100}, {bytesOf(1, 2, 50), 50}, {bytesOf(1, 2, leb(1000)), 100}} {
		m, err := Rewrite(binaryOf(section(5, 1, c.limits)), caps)
		if err != nil {
			t.Fatal(err)
		}
		if want := (MemoryInfo{Min: 2, Max: c.max, Export: MemoryExport}); *m.Memory != want {
			t.Errorf("limits % x: %+v, want %+v", c.limits, *m.Memory, want)
		}
		if !bytes.Contains(m.Wasm, bytesOf(1, 1, 2, leb(c.max))) {
			t.Errorf("limits % x: the maximum %d is not in the module", c.limits, c.max)
		}
	}
	// 100 less 10, 20 and 30 leaves 40; the first table cannot grow, the second wants less than its half.
	m, err := Rewrite(binaryOf(section(4, vec(bytesOf(0x70, 1, 10, 10), bytesOf(0x70, 1, 20, 25), bytesOf(0x6f, 0, 30)))), caps)
	if err != nil {
		t.Fatal(err)
	}
	if want := vec(bytesOf(0x70, 1, 10, 10), bytesOf(0x70, 1, 20, 25), bytesOf(0x6f, 1, 30, 50)); !bytes.Contains(m.Wasm, want) {
		t.Errorf("tables are not % x", want)
	}
}

func TestStartFunctionIsTakenOut(t *testing.T) {
	g := instantiate(t, must(t, binaryOf(
		section(1, vec(funcType("", ""))), section(3, vec(leb(0))),
		section(6, vec(bytesOf(tI32, 1, 0x41, 7, 0x0b))),
		section(8, 0), section(10, vec(body(0x41, 9, 0x24, 0))))))
	if x := g.get(GlobalExport + "0"); x != 7 {
		t.Errorf("the start function ran at once: %d", x)
	}
	if _, used, err := g.call(100, 100, StartExport); err != nil || used != 2 {
		t.Errorf("start took %d units: %v", used, err)
	}
	if x := g.get(GlobalExport + "0"); x != 9 {
		t.Errorf("the start function did not run: %d", x)
	}
}

func TestRestorable(t *testing.T) {
	defined := func(sections ...[]byte) []byte { return binaryOf(sections...) }
	code := func(code ...any) []byte {
		return defined(section(1, vec(funcType("", ""))), section(3, vec(leb(0))), section(4, vec(bytesOf(0x70, 0, 9))),
			section(5, 1, 0, 1), section(9, vec(bytesOf(1, 0, 0))), section(12, 1), section(10, vec(body(code...))), section(11, vec(bytesOf(1, 0))))
	}
	three := []byte{0x41, 0, 0x41, 0, 0x41, 0}
	for _, c := range []struct {
		name string
		wasm []byte
		want bool
	}{
		{"nothing", binaryOf(), true},
		{"plain code", code(0x41, 0, 0x25, 0, 0x1a), true},
		{"memory.init", code(three, 0xfc, 8, 0, 0), true},
		{"data.drop", code(0xfc, 9, 0), false},
		{"elem.drop", code(0xfc, 13, 0), false},
		{"table.set", code(0x41, 0, 0xd0, 0x70, 0x26, 0), false},
		{"table.init", code(three, 0xfc, 12, 0, 0), false},
		{"table.copy", code(three, 0xfc, 14, 0, 0), false},
		{"table.grow", code(0xd0, 0x70, 0x41, 1, 0xfc, 15, 0, 0x1a), false},
		{"table.fill", code(0x41, 0, 0xd0, 0x70, 0x41, 0, 0xfc, 17, 0), false},
		{"exported table", defined(section(4, vec(bytesOf(0x70, 0, 9))), section(7, vec(named("t", 1, 0)))), true},
		{"imported table", defined(section(2, vec(named("a", named("t", 1, 0x70, 0, 1))))), false},
		{"imported memory", defined(section(2, vec(named("a", named("m", 2, 0, 1))))), false},
		{"imported mutable global", defined(section(2, vec(named("a", named("g", 3, 0x7f, 1))))), false},
		{"imported constant", defined(section(2, vec(named("a", named("g", 3, 0x7f, 0))))), true},
		{"mutable reference", defined(section(6, vec(bytesOf(0x6f, 1, 0xd0, 0x6f, 0x0b)))), false},
		{"constant reference", defined(section(6, vec(bytesOf(0x6f, 0, 0xd0, 0x6f, 0x0b)))), true},
	} {
		if m := must(t, c.wasm); m.Restorable != c.want {
			t.Errorf("%s: restorable %v", c.name, m.Restorable)
		}
	}
}

// names are the sections called "name" of a module, and customs the names of all custom sections.
func customsOf(wasm []byte) (names [][]byte, customs []string) {
	for at := 8; at < len(wasm); {
		id := wasm[at]
		size, shift := 0, 0
		for at++; ; at++ {
			size |= int(wasm[at]&0x7f) << shift
			shift += 7
			if wasm[at] < 0x80 {
				break
			}
		}
		content := wasm[at+1 : at+1+size]
		at += 1 + size
		if id == 0 {
			name := string(content[1 : 1+content[0]])
			customs = append(customs, name)
			if name == "name" {
				names = append(names, content[5:])
			}
		}
	}
	return names, customs
}

func TestCustomSections(t *testing.T) {
	custom := func(name string) []byte { return section(0, named(name), "contents") }
	wasm := slices.Concat(binaryOf(), custom("first"), section(1, vec(funcType("", ""))), custom(".debug_info"), custom("second"),
		section(5, 1, 0, 1), custom("sourceMappingURL"), custom("third"))
	m := must(t, wasm)
	if _, customs := customsOf(m.Wasm); !slices.Equal(customs, []string{"first", "second", "third", "name"}) {
		t.Errorf("custom sections %q", customs)
	}
}

func TestFunctionNamesSurvive(t *testing.T) {
	functions := func(items ...[]byte) []byte { return section(1, vec(items...)) }
	name := func(index int, s string) []byte { return bytesOf(index, named(s)) }
	long := strings.Repeat("é", 400)
	for _, c := range []struct {
		what    string
		section []byte
		want    []string // in the section that comes out; nil: what it says is dropped
	}{
		{"names", functions(name(0, "host"), name(1, "run"), name(4, "last")), []string{"\x00\x04host", "\x03\x03run", "\x06\x04last"}},
		{"a module's name", section(0, named("mod")), []string{"\x03mod"}},
		{"locals' names go", slices.Concat(functions(name(1, "run")), section(2, vec(bytesOf(1, vec(name(0, "local")))))), []string{"\x03\x03run"}},
		{"a long name is cut", functions(name(1, long)), []string{long[:512] + "\x04"}},
		{"index out of range", functions(name(5, "yield")), nil},
		{"out of order", functions(name(1, "a"), name(0, "b")), nil},
		{"twice", functions(name(1, "a"), name(1, "b")), nil},
		{"not UTF-8", functions(name(1, "\xff")), nil},
		{"cut off", functions(name(1, "abc"))[:4], nil},
		{"bytes left", section(1, vec(name(1, "a")), 0), nil},
		{"subsections out of order", slices.Concat(functions(name(1, "a")), section(0, named("m"))), nil},
		{"too large", functions(bytesOf(1, leb(5000), strings.Repeat("x", 5000))), nil},
	} {
		wasm := append(world(vec()), section(0, named("name"), c.section)...)
		m, err := Rewrite(wasm, Caps{NameBytes: 4096})
		if err != nil {
			t.Fatalf("%s: %v", c.what, err)
		}
		names, _ := customsOf(m.Wasm)
		if len(names) != 1 {
			t.Errorf("%s: %d name sections", c.what, len(names))
			continue
		}
		if c.want == nil {
			c.want = []string{"\x03\x03run", "\x04\x02$2"} // the first export's name, and the index before the rewrite
		}
		for _, want := range c.want {
			if !bytes.Contains(names[0], []byte(want)) {
				t.Errorf("%s: no %q in %q", c.what, want, names[0])
			}
		}
		if c.want != nil && bytes.Contains(names[0], []byte("local")) {
			t.Errorf("%s: names of locals in %q", c.what, names[0])
		}
		instantiate(t, m) // an engine reads it too
	}
}

func TestTheFirstGoodNameSectionCounts(t *testing.T) {
	named := func(index int, name string) []byte {
		return section(0, named("name"), section(1, vec(bytesOf(index, named(name)))))
	}
	m := must(t, slices.Concat(world(vec()), named(9, "bad"), named(1, "good"), named(1, "second")))
	names, _ := customsOf(m.Wasm)
	if len(names) != 1 || !bytes.Contains(names[0], []byte("good")) || m.Stats.NamedFuncs != 1 {
		t.Errorf("names %q", names)
	}
}

func TestATrapNamesTheGuestsFunction(t *testing.T) {
	wasm := append(world(vec(), 0x00), section(0, named("name"), section(1, vec(bytesOf(1, named("broken")))))...)
	_, _, err := instantiate(t, must(t, wasm)).call(100, 100, "run")
	if err == nil || !strings.Contains(err.Error(), "broken") {
		t.Errorf("%v, want the function's name in it", err)
	}
}
