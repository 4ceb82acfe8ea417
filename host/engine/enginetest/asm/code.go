package asm

// Instructions without operands.
var (
	Unreachable = Code{0x00}
	Drop        = Code{0x1a}
	Add         = Code{0x6a}
	Sub         = Code{0x6b}
	Mul         = Code{0x6c}
	DivS        = Code{0x6d}
	Eqz         = Code{0x45}
	MemoryGrow  = Code{0x40, 0x00}
	MemoryFill  = Code{0xfc, 0x0b, 0x00}       // (address, value, length)
	MemoryCopy  = Code{0xfc, 0x0a, 0x00, 0x00} // (to, from, length)
	TableGrow   = Code{0xfc, 0x0f, 0x00}       // (reference, entries) -> entries before
	NullFunc    = Code{0xd0, 0x70}
	CallTable0  = Code{0x11, 0x00, 0x00} // call_indirect of the module's first type
)

// I32 pushes a constant.
func I32(v int32) Code { return append(Code{0x41}, sleb(int64(v))...) }

// Get reads a local variable; parameters come first.
func Get(local uint32) Code { return append(Code{0x20}, uleb(local)...) }

// Set writes a local variable.
func Set(local uint32) Code { return append(Code{0x21}, uleb(local)...) }

// GetGlobal reads a global.
func GetGlobal(i uint32) Code { return append(Code{0x23}, uleb(i)...) }

// SetGlobal writes a global.
func SetGlobal(i uint32) Code { return append(Code{0x24}, uleb(i)...) }

// Call calls a function.
func Call(index uint32) Code { return append(Code{0x10}, uleb(index)...) }

// Load reads the i32 at the address on the stack plus offset.
func Load(offset uint32) Code { return append(Code{0x28, 0}, uleb(offset)...) }

// Store writes an i32: (address, value).
func Store(offset uint32) Code { return append(Code{0x36, 0}, uleb(offset)...) }

// MemoryInit copies from a segment: (to, from, length).
func MemoryInit(segment uint32) Code { return cat([]byte{0xfc, 0x08}, uleb(segment), []byte{0}) }

// TableInit copies from a segment to the first table: (to, from, length).
func TableInit(segment uint32) Code { return cat([]byte{0xfc, 0x0c}, uleb(segment), []byte{0}) }

// Loop repeats its body for as long as the body leaves a number other than 0.
func Loop(body ...Code) Code { return cat([]byte{0x03, 0x40}, flat(body), []byte{0x0d, 0, 0x0b}) }

// Forever is an endless loop around its body.
func Forever(body ...Code) Code { return cat([]byte{0x03, 0x40}, flat(body), []byte{0x0c, 0, 0x0b}) }

// ForeverTable is an endless loop that goes on by br_table.
func ForeverTable() Code { return Code{0x03, 0x40, 0x41, 0, 0x0e, 1, 0, 0, 0x0b} }

// If runs its body where the number on the stack is not 0.
func If(body ...Code) Code { return cat([]byte{0x04, 0x40}, flat(body), []byte{0x0b}) }

// Block joins code.
func Block(parts ...Code) Code { return flat(parts) }

func sleb(v int64) []byte {
	out := []byte{}
	for {
		b := byte(v & 0x7f)
		v >>= 7
		if (v == 0 && b&0x40 == 0) || (v == -1 && b&0x40 != 0) {
			return append(out, b)
		}
		out = append(out, b|0x80)
	}
}
