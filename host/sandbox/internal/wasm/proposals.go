package wasm

// The proposals that are recognised and refused, by the names that they have at https://github.com/WebAssembly/proposals.
const (
	tailCalls     = "tail calls"
	exceptions    = "exception handling"
	threads       = "threads and atomics"
	memory64      = "memory64"
	multiMemory   = "multiple memories"
	gc            = "garbage collection"
	funcRefs      = "typed function references"
	relaxedSIMD   = "relaxed SIMD"
	extendedConst = "extended constant expressions"
	switching     = "stack switching"
	wide          = "wide arithmetic"
	pageSizes     = "custom page sizes"
	memoryControl = "memory control"
)

// opProposals names the proposal of each one-byte opcode, or prefix, beyond release 2.0.
var opProposals = map[byte]string{
	0x06: exceptions, 0x07: exceptions, 0x08: exceptions, 0x09: exceptions, 0x0a: exceptions,
	0x18: exceptions, 0x19: exceptions, 0x1f: exceptions,
	0x12: tailCalls, 0x13: tailCalls, 0x15: tailCalls,
	0x14: funcRefs, 0xd4: funcRefs, 0xd5: funcRefs, 0xd6: funcRefs,
	0xd3: gc, 0xfb: gc,
	0xe0: switching, 0xe1: switching, 0xe2: switching, 0xe3: switching, 0xe4: switching, 0xe5: switching,
	0xfe: threads,
}

// typeProposals names the proposal of each type beyond release 2.0, value types and the forms of the type section.
var typeProposals = map[byte]string{
	0x4e: gc, 0x4f: gc, 0x50: gc, 0x5e: gc, 0x5f: gc, // rec, sub final, sub, array, struct
	0x6a: gc, 0x6b: gc, 0x6c: gc, 0x6d: gc, 0x6e: gc, 0x71: gc, 0x72: gc, 0x73: gc, 0x77: gc, 0x78: gc,
	0x63: funcRefs, 0x64: funcRefs, // (ref null ht), (ref ht)
	0x69: exceptions, 0x74: exceptions, // exnref, nullexnref
	0x5d: switching, 0x68: switching, 0x75: switching, // cont, contref
}

// miscProposal names the proposal of an opcode after the prefix 0xfc.
func miscProposal(sub uint32) string {
	switch {
	case sub == 18:
		return memoryControl
	case sub >= 19 && sub <= 22:
		return wide
	}
	return ""
}
