package sandbox

import "slices"

// Modules for tests are put together by hand: a section is an id and its contents, a vector its count and its items
// (https://www.w3.org/TR/wasm-core-2/#binary-format).

func leb(x uint32) (b []byte) {
	for ; x >= 0x80; x >>= 7 {
		b = append(b, byte(x)|0x80)
	}
	return append(b, byte(x))
}

func bytesOf(parts ...any) (b []byte) {
	for _, p := range parts {
		switch p := p.(type) {
		case int:
			b = append(b, byte(p))
		case ValueType:
			b = append(b, byte(p))
		case string:
			b = append(b, p...)
		case []byte:
			b = append(b, p...)
		}
	}
	return b
}

// binaryOf is a module of the given sections.
func binaryOf(sections ...[]byte) []byte {
	return append([]byte("\x00asm\x01\x00\x00\x00"), slices.Concat(sections...)...)
}

func section(id byte, parts ...any) []byte {
	content := bytesOf(parts...)
	return slices.Concat([]byte{id}, leb(uint32(len(content))), content)
}

func vec(items ...[]byte) []byte {
	return slices.Concat(leb(uint32(len(items))), slices.Concat(items...))
}

func named(name string, parts ...any) []byte {
	return slices.Concat(leb(uint32(len(name))), []byte(name), bytesOf(parts...))
}

func funcType(params, results string) []byte {
	return slices.Concat([]byte{0x60}, named(params), named(results))
}

// The value types as they stand in the strings of funcType.
const (
	tI32, tI64, tF32, tF64, tV128, tFunc, tExtern = "\x7f", "\x7e", "\x7d", "\x7c", "\x7b", "\x70", "\x6f"
)

// body is a function body without locals; the end is added.
func body(code ...any) []byte { return bodyWith(vec(), code...) }

func bodyWith(locals []byte, code ...any) []byte {
	b := append(append(locals, bytesOf(code...)...), 0x0b)
	return append(leb(uint32(len(b))), b...)
}

// world is a module with something of everything that code may name, and one function of the type () -> () around code.
//
//	types      0 () -> ()   1 (i32) -> i32   2 () -> (i32, i64)   3 (i32, i32) -> ()   4 () -> i64   5 () -> funcref
//	functions  0 env.host (type 1)   1 the code (0)   2 to 4 others of the types 1, 4 and 0
//	tables     0 funcref 10..20   1 externref 5..   2 funcref 1..
//	globals    0 mutable i32   1 i64   2 mutable v128   3 mutable funcref
//	memory     1..   segments: data 0, 1   elements 0 to 2
func world(locals []byte, code ...any) []byte {
	return binaryOf(
		section(1, vec(funcType("", ""), funcType(tI32, tI32), funcType("", tI32+tI64), funcType(tI32+tI32, ""), funcType("", tI64), funcType("", tFunc))),
		section(2, vec(named("env", named("host", 0, 1)))),
		section(3, vec(leb(0), leb(1), leb(4), leb(0))),
		section(4, vec(bytesOf(0x70, 1, 10, 20), bytesOf(0x6f, 0, 5), bytesOf(0x70, 0, 1))),
		section(5, vec(bytesOf(0, 1))),
		section(6, vec(
			bytesOf(tI32, 1, 0x41, 7, 0x0b), bytesOf(tI64, 0, 0x42, 7, 0x0b),
			bytesOf(tV128, 1, 0xfd, 12, make([]byte, 16), 0x0b), bytesOf(tFunc, 1, 0xd2, 2, 0x0b))),
		section(7, vec(named("run", 0, 1), named("memory", 2, 0))),
		section(9, vec(
			bytesOf(0, 0x41, 0, 0x0b, vec(leb(2), leb(4))),
			bytesOf(5, 0x6f, vec(bytesOf(0xd0, 0x6f, 0x0b))),
			bytesOf(3, 0, vec(leb(1))))),
		section(12, leb(2)),
		section(10, vec(
			bodyWith(locals, code...),
			body(0x20, 0, 0x10, 0),
			body(0x42, 1),
			body())),
		section(11, vec(bytesOf(0, 0x41, 0, 0x0b, named("hello")), bytesOf(1, named("passive")))),
	)
}
