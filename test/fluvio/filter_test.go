package behaviour

import "github.com/weir-stream/weir/host/engine/enginetest/asm"

// Instructions that only this module needs (WebAssembly core specification, section 5.4).
var (
	load8      = asm.Code{0x2d, 0, 0}
	store8     = asm.Code{0x3a, 0, 0}
	memorySize = asm.Code{0x3f, 0}
	memoryCopy = asm.Code{0xfc, 0x0a, 0, 0}
	and        = asm.Code{0x71}
	or         = asm.Code{0x72}
	shl        = asm.Code{0x74}
	shr        = asm.Code{0x76}
	equal      = asm.Code{0x46}
)

// when runs code if the number on the stack is not 0.
func when(body ...asm.Code) asm.Code {
	return asm.Block(append([]asm.Code{{0x04, 0x40}}, append(body, asm.Code{0x0b})...)...)
}

// plus adds to a local.
func plus(local uint32, n ...asm.Code) asm.Code {
	return asm.Block(append([]asm.Code{asm.Get(local)}, append(n, asm.Add, asm.Set(local))...)...)
}

// evenFilter is a SmartModule in the smallest form that an SPU runs: a filter that keeps records whose value ends in an even byte, or with one
// parameter of a six-letter name, in a byte of the parameter's parity.
//
// Its exports and its one import, and the bytes that go in and out, are those of fluvio-smartmodule (src/input.rs, src/output.rs,
// fluvio-smartmodule-derive/src/generator/filter.rs): init gets the parameters, a map with a 16-bit count; filter gets a base offset, the length
// of the records, their 32-bit count, the records and a base timestamp, and hands back, through copy_records, a count, records, and a byte that
// says that there was no error. A record begins with its length as a varint and ends with a byte for its headers.
func evenFilter() []byte {
	m := asm.New()
	copyRecords := m.Import("env", "copy_records", asm.Sig("ii", ""))
	m.Memory(2, 0)
	heap, wanted := m.Global(1024), m.Global(0)

	alloc := m.Func("alloc", asm.Sig("i", "i"), "i", // local 1: what is returned
		asm.GetGlobal(heap), asm.Set(1),
		asm.GetGlobal(heap), asm.Get(0), asm.Add, asm.SetGlobal(heap),
		// Grow by as much as is wanted and a page more, where it does not fit.
		asm.GetGlobal(heap), asm.I32(16), shr, memorySize, asm.Code{0x4f}, // unsigned: greater or equal
		when(asm.Get(0), asm.I32(16), shr, asm.I32(1), asm.Add, asm.MemoryGrow, asm.Drop),
		asm.Get(1))
	m.Func("dealloc", asm.Sig("ii", ""), "")

	m.Func("init", asm.Sig("iii", "i"), "",
		asm.Get(0), asm.I32(1), asm.Add, load8,
		when(asm.Get(0), asm.I32(2+2+6+2), asm.Add, load8, asm.I32(1), and, asm.SetGlobal(wanted)),
		asm.I32(0))

	bigEndian := m.Local("big_endian", asm.Sig("i", "i"), "",
		asm.Get(0), load8, asm.I32(24), shl,
		asm.Get(0), asm.I32(1), asm.Add, load8, asm.I32(16), shl, or,
		asm.Get(0), asm.I32(2), asm.Add, load8, asm.I32(8), shl, or,
		asm.Get(0), asm.I32(3), asm.Add, load8, or)
	putByte := func(at uint32, offset, shift int32, value uint32) asm.Code {
		return asm.Block(asm.Get(at), asm.I32(offset), asm.Add, asm.Get(value), asm.I32(shift), shr, store8)
	}

	const (
		ptr, left, at, first, out, head, kept, length, shift = 0, 3, 4, 5, 6, 7, 8, 9, 10
	)
	m.Func("filter", asm.Sig("iii", "i"), "iiiiiiii",
		asm.Get(ptr), asm.I32(12), asm.Add, asm.Call(bigEndian), asm.Set(left),
		asm.Get(ptr), asm.I32(16), asm.Add, asm.Set(at),
		asm.Get(1), asm.Call(alloc), asm.Set(head), // no longer than what came
		asm.Get(head), asm.I32(4), asm.Add, asm.Set(out),
		asm.Get(left), when(asm.Loop(
			asm.Get(at), asm.Set(first),
			asm.I32(0), asm.Set(length), asm.I32(0), asm.Set(shift),
			asm.Loop( // the length, zigzag
				asm.Get(length), asm.Get(at), load8, asm.I32(0x7f), and, asm.Get(shift), shl, or, asm.Set(length),
				plus(shift, asm.I32(7)), plus(at, asm.I32(1)),
				asm.Get(at), asm.I32(1), asm.Sub, load8, asm.I32(0x80), and),
			plus(at, asm.Get(length), asm.I32(1), shr),
			asm.Get(at), asm.I32(2), asm.Sub, load8, asm.I32(1), and, asm.GetGlobal(wanted), equal,
			when(asm.Get(out), asm.Get(first), asm.Get(at), asm.Get(first), asm.Sub, memoryCopy,
				plus(out, asm.Get(at), asm.Get(first), asm.Sub),
				plus(kept, asm.I32(1))),
			asm.Get(left), asm.I32(1), asm.Sub, asm.Set(left), asm.Get(left))),
		putByte(head, 0, 24, kept), putByte(head, 1, 16, kept), putByte(head, 2, 8, kept), putByte(head, 3, 0, kept),
		asm.Get(out), asm.I32(0), store8, // no error
		asm.Get(head), asm.Get(out), asm.Get(head), asm.Sub, asm.I32(1), asm.Add, asm.Call(copyRecords),
		asm.Get(kept))
	return m.Bytes()
}
