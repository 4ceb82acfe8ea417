package sandbox

import (
	"bytes"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
)

// TestRefusals holds what is refused, with what code, and a part of what is said about it.
func TestRefusals(t *testing.T) {
	plain := func(code ...any) []byte { return world(vec(), code...) }
	types := func(form ...any) []byte { return binaryOf(section(1, 1, bytesOf(form...))) }
	memory := func(limits ...any) []byte { return binaryOf(section(5, 1, bytesOf(limits...))) }
	global := func(init ...any) []byte { return binaryOf(section(6, 1, 0x7f, 0, bytesOf(init...), 0x0b)) }
	for _, c := range []struct {
		name string
		wasm []byte
		code string
		says string
	}{
		// Proposals that are not served, by name.
		{"return_call", plain(0x12, 1), CodeUnsupported, "tail calls"},
		{"return_call_indirect", plain(0x13, 0, 0), CodeUnsupported, "tail calls"},
		{"call_ref", plain(0x14, 0), CodeUnsupported, "typed function references"},
		{"return_call_ref", plain(0x15, 0), CodeUnsupported, "tail calls"},
		{"br_on_null", plain(0xd5, 0), CodeUnsupported, "typed function references"},
		{"try", plain(0x06, 0x40), CodeUnsupported, "exception handling"},
		{"throw", plain(0x08, 0), CodeUnsupported, "exception handling"},
		{"try_table", plain(0x1f, 0x40, 0), CodeUnsupported, "exception handling"},
		{"tag section", binaryOf(section(13, 0)), CodeUnsupported, "exception handling"},
		{"imported tag", binaryOf(section(1, vec(funcType("", ""))), section(2, vec(named("a", named("b", 4, 0, 0))))), CodeUnsupported, "exception handling"},
		{"exported tag", binaryOf(section(7, vec(named("a", 4, 0)))), CodeUnsupported, "exception handling"},
		{"atomic", plain(0xfe, 3, 0), CodeUnsupported, "threads"},
		{"shared memory", memory(3, 1, 1), CodeUnsupported, "threads"},
		{"memory64", memory(4, 1), CodeUnsupported, "memory64"},
		{"table64", binaryOf(section(4, vec(bytesOf(0x70, 4, 1)))), CodeUnsupported, "memory64"},
		{"custom page size", memory(8, 1, 0), CodeUnsupported, "custom page sizes"},
		{"two memories", binaryOf(section(5, vec(bytesOf(0, 1), bytesOf(0, 1)))), CodeUnsupported, "multiple memories"},
		{"load that names a memory", plain(0x41, 0, 0x28, 0x42, 0, 0, 0x1a), CodeUnsupported, "multiple memories"},
		{"memory.size of another", plain(0x3f, 1, 0x1a), CodeUnsupported, "multiple memories"},
		{"struct type", types(0x5f, 0), CodeUnsupported, "garbage collection"},
		{"array type", types(0x5e, 0x7f, 0), CodeUnsupported, "garbage collection"},
		{"rec group", types(0x4e, 0), CodeUnsupported, "garbage collection"},
		{"sub type", types(0x50, 0, 0x60, 0, 0), CodeUnsupported, "garbage collection"},
		{"i31ref", types(0x60, 1, 0x6c, 0), CodeUnsupported, "garbage collection"},
		{"struct.new", plain(0xfb, 0, 0), CodeUnsupported, "garbage collection"},
		{"ref type with a heap type", types(0x60, 1, 0x63, 0, 0), CodeUnsupported, "typed function references"},
		{"table with a value", binaryOf(section(4, 1, 0x40, 0, 0x70, 0, 1, 0xd0, 0x70, 0x0b)), CodeUnsupported, "typed function references"},
		{"exnref", types(0x60, 1, 0x69, 0), CodeUnsupported, "exception handling"},
		{"relaxed SIMD", plain(0xfd, 0x80, 2), CodeUnsupported, "relaxed SIMD"},
		{"wide arithmetic", plain(0xfc, 19), CodeUnsupported, "wide arithmetic"},
		{"memory.discard", plain(0xfc, 18, 0), CodeUnsupported, "memory control"},
		{"cont.new", plain(0xe0, 0), CodeUnsupported, "stack switching"},
		{"extended constant", global(0x41, 1, 0x41, 1, 0x6a), CodeUnsupported, "extended constant expressions"},
		{"component", []byte("\x00asm\x0d\x00\x01\x00"), CodeUnsupported, "component"},
		{"import without a module name", binaryOf(section(1, vec(funcType("", ""))), section(2, vec(named("", named("b", 0, 0))))), CodeUnsupported, "without a name"},

		// The binary format.
		{"nothing", nil, CodeMalformed, "\\0asm"},
		{"text", []byte("(module)"), CodeMalformed, "\\0asm"},
		{"another version", []byte("\x00asm\x02\x00\x00\x00"), CodeMalformed, "version 1"},
		{"cut off", plain()[:60], CodeMalformed, "unexpected end"},
		{"unknown section", binaryOf(section(14, 0)), CodeMalformed, "section 14"},
		{"section twice", binaryOf(section(1, 0), section(1, 0)), CodeMalformed, "twice"},
		{"section out of order", binaryOf(section(5, 0), section(4, 0)), CodeMalformed, "out of order"},
		{"data count after code", binaryOf(section(10, 0), section(12, 0)), CodeMalformed, "out of order"},
		{"bytes after a section's contents", binaryOf(section(1, 0, 0)), CodeMalformed, "too many"},
		{"integer of six bytes", binaryOf([]byte{1}, []byte{0x81, 0x80, 0x80, 0x80, 0x80, 0}), CodeMalformed, "32 bits"},
		{"integer of 33 bits", binaryOf([]byte{1}, []byte{0x80, 0x80, 0x80, 0x80, 0x10}), CodeMalformed, "32 bits"},
		{"i32.const of 33 bits", plain(0x41, 0x80, 0x80, 0x80, 0x80, 0x08, 0x1a), CodeMalformed, "32 bits"},
		{"i64.const of 65 bits", plain(0x42, bytes.Repeat([]byte{0x80}, 9), 1, 0x1a), CodeMalformed, "64 bits"},
		{"more types than bytes", binaryOf(section(1, leb(90_000))), CodeMalformed, "do not fit"},
		{"name that is not UTF-8", binaryOf(section(7, vec(named("\xff", 2, 0)))), CodeMalformed, "UTF-8"},
		{"custom name that is not UTF-8", binaryOf(section(0, named("\xff"))), CodeMalformed, "UTF-8"},
		{"function without body", binaryOf(section(1, vec(funcType("", ""))), section(3, vec(leb(0)))), CodeMalformed, "1 functions are declared, 0"},
		{"body without function", binaryOf(section(10, vec(body()))), CodeMalformed, "0 functions are declared, 1"},
		{"data count", binaryOf(section(12, 3)), CodeMalformed, "3 data segments are announced"},
		{"value type", types(0x60, 1, 0x10, 0), CodeMalformed, "value type"},
		{"mutability", binaryOf(section(6, 1, 0x7f, 2, 0x41, 0, 0x0b)), CodeMalformed, "mutable"},
		{"element flags", binaryOf(section(9, 1, 8, 0)), CodeMalformed, "flags"},
		{"data flags", binaryOf(section(11, 1, 3, 0)), CodeMalformed, "flags"},
		{"limits", memory(0x10, 1), CodeMalformed, "limits"},
		{"unknown instruction", plain(0x27), CodeMalformed, "0x27"},
		{"unknown 0xfc", plain(0xfc, 30), CodeMalformed, "0xfc 30"},
		{"0xfc 256", plain(0xfc, 0x80, 2), CodeMalformed, "0xfc 256"},
		{"unknown vector instruction", plain(0xfd, 0x9a, 1), CodeMalformed, "0x9a"},
		{"vector instruction spelled long", plain(0xfd, 0x8c, 0, make([]byte, 16), 0x1a), CodeMalformed, "more bytes than it needs"},
		{"block type", plain(0x02, 0x60, 0x0b), CodeMalformed, "value type"},
		{"block type spelled long", plain(0x02, 0xc0, 0x7f, 0x0b), CodeMalformed, "block type"},
		{"code after the end", plain(0x0b, 0x01), CodeMalformed, "after the end"},
		{"no end", binaryOf(section(1, vec(funcType("", ""))), section(3, vec(leb(0))), section(10, vec([]byte{2, 0, 1}))), CodeMalformed, "ends within"},
		{"no end behind a call", binaryOf(section(1, vec(funcType("", ""))), section(3, vec(leb(0))), section(10, vec([]byte{3, 0, 0x10, 0}))), CodeMalformed, "ends within"},
		{"else without if", plain(0x02, 0x40, 0x05, 0x0b), CodeMalformed, "else"},
		{"two elses", plain(0x41, 0, 0x04, 0x40, 0x05, 0x05, 0x0b), CodeMalformed, "else"},
		{"data segment without a count", binaryOf(section(1, vec(funcType("", ""))), section(3, vec(leb(0))), section(5, 1, 0, 1), section(10, vec(body(0xfc, 9, 0)))), CodeMalformed, "data count"},

		// Validation.
		{"unknown type", binaryOf(section(3, vec(leb(0))), section(10, vec(body()))), CodeInvalid, "unknown type 0"},
		{"minimum above maximum", memory(1, 2, 1), CodeInvalid, "larger than the maximum"},
		{"too many pages", memory(1, 0, leb(65537)), CodeInvalid, "65536"},
		{"duplicate export", binaryOf(section(5, 1, 0, 1), section(7, vec(named("a", 2, 0), named("a", 2, 0)))), CodeInvalid, `"a"`},
		{"export of nothing", binaryOf(section(7, vec(named("a", 0, 0)))), CodeInvalid, "no function 0"},
		{"start with parameters", binaryOf(section(1, vec(funcType(tI32, ""))), section(3, vec(leb(0))), section(8, 0), section(10, vec(body()))), CodeInvalid, "start function"},
		{"start that is not there", binaryOf(section(8, 0)), CodeInvalid, "start function"},
		{"constant of another type", global(0x42, 0), CodeInvalid, "i64 where i32"},
		{"constant from a defined global", binaryOf(section(6, vec(bytesOf(0x7f, 0, 0x41, 0, 0x0b), bytesOf(0x7f, 0, 0x23, 0, 0x0b)))), CodeInvalid, "imported globals only"},
		{"call in a constant", global(0x10, 0), CodeInvalid, "constant expression"},
		{"no value in a constant", global(), CodeInvalid, "no value"},
		{"element for no table", binaryOf(section(9, vec(bytesOf(0, 0x41, 0, 0x0b, 0)))), CodeInvalid, "unknown table 0"},
		{"element of another type", binaryOf(section(4, vec(bytesOf(0x6f, 0, 1))), section(9, vec(bytesOf(0, 0x41, 0, 0x0b, 0)))), CodeInvalid, "funcref for table 0 of externref"},
		{"element outside of its table", binaryOf(section(4, vec(bytesOf(0x70, 0, 1))), section(9, vec(bytesOf(0, 0x41, 2, 0x0b, 0)))), CodeInvalid, "outside of the table"},
		{"data outside of the memory", binaryOf(section(5, 1, 0, 1), section(11, vec(bytesOf(0, 0x41, 0xff, 0xff, 3, 0x0b, named("ab"))))), CodeInvalid, "outside of the memory"},
		{"data far outside of the memory", binaryOf(section(5, 1, 0, 1), section(11, vec(bytesOf(0, 0x41, 0x7f, 0x0b, named("ab"))))), CodeInvalid, "outside of the memory"},
		{"data for no memory", binaryOf(section(11, vec(bytesOf(0, 0x41, 0, 0x0b, 0)))), CodeInvalid, "unknown memory 0"},
		{"operand missing", plain(0x41, 0, 0x6a, 0x1a), CodeInvalid, "i32.add wants an operand more"},
		{"operand of another type", plain(0x42, 0, 0x45, 0x1a), CodeInvalid, "i32.eqz wants i32 and finds i64"},
		{"vector operand", plain(0x41, 0, 0xfd, 0x4d, 0x1a), CodeInvalid, "v128.not wants v128 and finds i32"},
		{"operand below the block", plain(0x41, 0, 0x02, 0x40, 0x1a, 0x0b, 0x1a), CodeInvalid, "an operand more"},
		{"operand left", plain(0x41, 0), CodeInvalid, "1 operands too many"},
		{"operand left in dead code", plain(0x00, 0x41, 0), CodeInvalid, "1 operands too many"},
		{"dead operand of another type", plain(0x00, 0x42, 0, 0x45, 0x1a), CodeInvalid, "finds i64"},
		{"result missing", plain(0x02, 0x7f, 0x0b, 0x1a), CodeInvalid, "wants an operand more"},
		{"if without else that gives", plain(0x41, 0, 0x04, 0x7f, 0x41, 0, 0x0b, 0x1a), CodeInvalid, "without else"},
		{"unknown label", plain(0x0c, 1), CodeInvalid, "unknown label 1"},
		{"unknown label, default of br_table", plain(0x41, 0, 0x0e, 1, 0, 1), CodeInvalid, "unknown label 1"},
		{"unknown label, in br_table", plain(0x41, 0, 0x0e, 1, 1, 0), CodeInvalid, "unknown label 1"},
		{"unequal labels", plain(0x02, 0x7f, 0x41, 0, 0x41, 0, 0x0e, 1, 0, 1, 0x0b, 0x1a), CodeInvalid, "br_table take"},
		{"unknown local", plain(0x20, 0, 0x1a), CodeInvalid, "unknown local 0"},
		{"unknown global: fuel's", plain(0x23, 4, 0x1a), CodeInvalid, "unknown global 4"},
		{"setting fuel", plain(0x42, 0, 0x24, 4), CodeInvalid, "unknown global 4"},
		{"unknown function: yield's", plain(0x10, 5), CodeInvalid, "unknown function 5"},
		{"unknown type: an added one", plain(0x41, 0, 0x11, 6, 0), CodeInvalid, "unknown type 6"},
		{"block of an added type", plain(0x02, 6, 0x0b), CodeInvalid, "unknown type 6"},
		{"global that is not mutable", plain(0x42, 0, 0x24, 1), CodeInvalid, "not mutable"},
		{"call_indirect through externref", plain(0x41, 0, 0x11, 0, 1), CodeInvalid, "externref"},
		{"ref.func of an undeclared function", plain(0xd2, 3, 0x1a), CodeInvalid, "outside of code"},
		{"ref.is_null of a number", plain(0x41, 0, 0xd1, 0x1a), CodeInvalid, "ref.is_null"},
		{"select of references", plain(0xd0, 0x70, 0xd0, 0x70, 0x41, 0, 0x1b, 0x1a), CodeInvalid, "select"},
		{"select of two types", plain(0x41, 0, 0x42, 0, 0x41, 0, 0x1b, 0x1a), CodeInvalid, "select"},
		{"select with two types", plain(0x41, 0, 0x41, 0, 0x41, 0, 0x1c, 2, 0x7f, 0x7f, 0x1a), CodeInvalid, "select of 2 types"},
		{"alignment", plain(0x41, 0, 0x28, 3, 0, 0x1a), CodeInvalid, "alignment"},
		{"lane", plain(0xfd, 12, make([]byte, 16), 0xfd, 0x1b, 4, 0x1a), CodeInvalid, "lane 4 of 4"},
		{"shuffle lane", plain(0xfd, 12, make([]byte, 16), 0xfd, 12, make([]byte, 16), 0xfd, 13, bytes.Repeat([]byte{32}, 16), 0x1a), CodeInvalid, "lane 32 of 32"},
		{"unknown data segment", plain(0xfc, 9, 2), CodeInvalid, "data segment 2"},
		{"unknown element segment", plain(0xfc, 13, 3), CodeInvalid, "element segment 3"},
		{"unknown table", plain(0x41, 0, 0x25, 3, 0x1a), CodeInvalid, "unknown table 3"},
		{"table.copy of two types", plain(0x41, 0, 0x41, 0, 0x41, 0, 0xfc, 14, 0, 1), CodeInvalid, "type mismatch"},
		{"table.init of another type", plain(0x41, 0, 0x41, 0, 0x41, 0, 0xfc, 12, 1, 0), CodeInvalid, "type mismatch"},

		// What belongs to the rewriter.
		{"export of fuel", binaryOf(section(5, 1, 0, 1), section(7, vec(named(FuelExport, 2, 0)))), CodeReserved, FuelExport},
		{"export with the prefix", binaryOf(section(5, 1, 0, 1), section(7, vec(named(Prefix, 2, 0)))), CodeReserved, Prefix},
		{"import of yield", binaryOf(section(1, vec(funcType(tI64, tI64))), section(2, vec(named(Prefix, named(YieldImport, 0, 0))))), CodeReserved, Prefix},
		{"rewritten already", must(t, plain()).Wasm, CodeReserved, Prefix},
	} {
		t.Run(c.name, func(t *testing.T) { refused(t, c.wasm, Caps{}, c.code, c.says) })
	}
}

func refused(t *testing.T, wasm []byte, caps Caps, code, says string) {
	t.Helper()
	m, err := Rewrite(wasm, caps)
	var e *Error
	if m != nil || !errors.As(err, &e) {
		t.Fatalf("not refused: %v", err)
	}
	if e.Code != code || !strings.Contains(e.Message, says) {
		t.Errorf("%v\nwant the code %s and a message with %q", e, code, says)
	}
	if e.Offset < 0 || e.Offset > len(wasm) {
		t.Errorf("offset %d in %d bytes", e.Offset, len(wasm))
	}
}

// TestCaps holds each cap against a module right at it and one past it.
func TestCaps(t *testing.T) {
	many := func(n int, item []byte) []byte { return slices.Concat(leb(uint32(n)), bytes.Repeat(item, n)) }
	oneFunc := func(body []byte) []byte {
		return binaryOf(section(1, vec(funcType("", ""))), section(3, vec(leb(0))), section(10, vec(body)))
	}
	nested := func(n int) []byte {
		return oneFunc(body(bytes.Repeat([]byte{2, 0x40}, n), bytes.Repeat([]byte{0x0b}, n)))
	}
	exports := func(n int) []byte {
		list := leb(uint32(n))
		for i := range n {
			list = append(list, named(fmt.Sprint(i), 2, 0)...)
		}
		return binaryOf(section(5, 1, 0, 1), section(7, list))
	}
	of := func(id byte, item ...any) func(int) []byte {
		return func(n int) []byte { return binaryOf(section(id, many(n, bytesOf(item...)))) }
	}
	for _, c := range []struct {
		name string
		caps Caps
		make func(n int) []byte // right at the cap of 10
		says string
	}{
		{"ModuleBytes", Caps{ModuleBytes: 20}, func(n int) []byte { return binaryOf(section(0, named(strings.Repeat("x", n-1)))) }, "bytes"},
		{"BodyBytes", Caps{BodyBytes: 10}, func(n int) []byte { return oneFunc(body(bytes.Repeat([]byte{1}, n-2))) }, "function body"},
		{"Locals", Caps{Locals: 10}, func(n int) []byte { return oneFunc(bodyWith(vec(bytesOf(n-1, 0x7f), bytesOf(1, 0x7e)))) }, "locals"},
		{"Nesting", Caps{Nesting: 10}, nested, "blocks within each other"},
		{"Types", Caps{Types: 10}, of(1, funcType("", "")), "types"},
		{"Imports", Caps{Imports: 10}, func(n int) []byte {
			return binaryOf(section(1, vec(funcType("", ""))), section(2, many(n, named("a", named("b", 0, 0)))))
		}, "imports"},
		{"Functions", Caps{Functions: 10}, func(n int) []byte {
			return binaryOf(section(1, vec(funcType("", ""))), section(2, many(n-5, named("a", named("b", 0, 0)))), section(3, many(5, leb(0))), section(10, many(5, body())))
		}, "functions"},
		{"Exports", Caps{Exports: 10}, exports, "exports"},
		{"Globals", Caps{Globals: 10}, of(6, 0x7f, 0, 0x41, 0, 0x0b), "globals"},
		{"Tables", Caps{Tables: 10}, of(4, 0x70, 0, 0), "tables"},
		{"Elements", Caps{Elements: 10}, of(9, 1, 0, 0), "element segments"},
		{"DataSegments", Caps{DataSegments: 10}, of(11, 1, 0), "data segments"},
		{"TableEntries", Caps{TableEntries: 10}, func(n int) []byte { return binaryOf(section(4, vec(bytesOf(0x70, 0, n-5), bytesOf(0x6f, 0, 5)))) }, "entries"},
		{"MemoryPages", Caps{MemoryPages: 10}, func(n int) []byte { return binaryOf(section(5, 1, 0, n)) }, "pages"},
	} {
		t.Run(c.name, func(t *testing.T) {
			if _, err := Rewrite(c.make(10), c.caps); err != nil {
				t.Errorf("at the cap: %v", err)
			}
			refused(t, c.make(11), c.caps, CodeLimit, c.says)
		})
	}
}

// TestSmallModulesThatMeanMuch are binaries of a few bytes that ask for much time or memory.
func TestSmallModulesThatMeanMuch(t *testing.T) {
	oneFunc := func(typ, body []byte) []byte {
		return binaryOf(section(1, vec(typ)), section(3, vec(leb(0))), section(10, vec(body)))
	}
	wide := strings.Repeat(tI32, 1000)
	refused(t, oneFunc(funcType("", ""), bodyWith(vec(slices.Concat(leb(1<<32-1), []byte{0x7f})))), Caps{}, CodeLimit, "locals")
	refused(t, oneFunc(funcType(strings.Repeat(tI32, 1001), ""), body()), Caps{}, CodeLimit, "parameters")
	refused(t, oneFunc(funcType(wide, wide), body(bytes.Repeat([]byte{0x20, 0}, 1000), bytes.Repeat([]byte{0x10, 0}, 1000))), Caps{}, CodeLimit, "take too long")
	refused(t, oneFunc(funcType("", ""), body(0x41, 0, 0x0e, leb(1<<31))), Caps{}, CodeMalformed, "do not fit")
	refused(t, binaryOf(section(7, vec(named(strings.Repeat("x", 10_001), 0, 0)))), Caps{}, CodeLimit, "name")

	// Many functions with a run of many locals each: three bytes that an engine spreads out.
	n := 101
	refused(t, binaryOf(section(1, vec(funcType("", ""))), section(3, leb(uint32(n)), make([]byte, n)),
		section(10, leb(uint32(n)), bytes.Repeat(bodyWith(vec(slices.Concat(leb(49_999), []byte{0x7f}))), n))), Caps{}, CodeLimit, "together")

	// What takes an engine long, or much memory: many labels, many locals across many blocks, many types. test/evil has more.
	refused(t, oneFunc(funcType("", ""), body(0x41, 0, 0x0e, leb(400_000), make([]byte, 400_001))), Caps{}, CodeLimit, "take too long")
	var across []byte
	for i := range uint32(2000) {
		across = slices.Concat(across, []byte{2, 0x40, 0x41, 0, 0x0d, 0, 0x0b, 0x20}, leb(1999-i), []byte{0x1a})
	}
	refused(t, oneFunc(funcType("", ""), bodyWith(vec(slices.Concat(leb(2000), []byte{0x7f})), across)), Caps{}, CodeLimit, "2000 locals and 4002 blocks")
	refused(t, binaryOf(section(1, leb(600), bytes.Repeat(funcType(wide, wide), 600))), Caps{}, CodeLimit, "parameters and results together")

	// Loops upon loops: each is three bytes and gets twenty.
	refused(t, oneFunc(funcType("", ""), body(bytes.Repeat([]byte{3, 0x40, 1, 0x0b}, 400))), Caps{BodyBytes: 2000}, CodeLimit, "with its charges")
}

// TestEffortOfWhatIsRewritten is a function that a compiler could take, were there no checks in its loops.
func TestEffortOfWhatIsRewritten(t *testing.T) {
	loops := body(bytes.Repeat([]byte{3, 0x40, 0x0b}, 4000))
	wasm := binaryOf(section(1, vec(funcType("", ""))), section(3, vec(leb(0), leb(0))), section(10, vec(body(), loops)))
	_, err := Rewrite(wasm, Caps{})
	var e *Error
	if !errors.As(err, &e) || e.Code != CodeLimit || e.Function != "1" || !strings.Contains(e.Message, "take too long") ||
		!bytes.HasPrefix(wasm[e.Offset:], []byte{0, 3, 0x40, 0x0b}) {
		t.Errorf("%v, want wasm.limit in function 1 at its body", err)
	}
}

// TestErrorNamesTheFunction holds the place in a message.
func TestErrorNamesTheFunction(t *testing.T) {
	wasm := world(vec(), 0x42, 0, 0x45, 0x1a)
	wasm = append(wasm, section(0, named("name", 1, leb(9), vec(bytesOf(1, named("broken")))))...)
	_, err := Rewrite(wasm, Caps{})
	var e *Error
	if !errors.As(err, &e) || e.Function != `1 "broken"` || !bytes.Equal(wasm[e.Offset:e.Offset+2], []byte{0x45, 0x1a}) {
		t.Errorf("%v, want it in function 1 \"broken\" at the i32.eqz", err)
	}
}
