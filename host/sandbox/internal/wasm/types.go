package wasm

// Type is a value type (5.3.1 to 5.3.4), by its byte in the binary format.
type Type byte

// The value types. Unknown is the bottom type of the validation algorithm: whatever unreachable code wants.
const (
	Unknown   Type = 0
	I32       Type = 0x7f
	I64       Type = 0x7e
	F32       Type = 0x7d
	F64       Type = 0x7c
	V128      Type = 0x7b
	FuncRef   Type = 0x70
	ExternRef Type = 0x6f
)

func (t Type) isRef() bool { return t == FuncRef || t == ExternRef }

// String is the type's name in the text format.
func (t Type) String() string {
	switch t {
	case I32:
		return "i32"
	case I64:
		return "i64"
	case F32:
		return "f32"
	case F64:
		return "f64"
	case V128:
		return "v128"
	case FuncRef:
		return "funcref"
	case ExternRef:
		return "externref"
	}
	return "any type"
}

// FuncType is a function type (5.3.6). Both lists are views of the module's bytes, one byte a type.
type FuncType struct {
	Params, Results []byte
}

// Table is a table type (5.3.9).
type Table struct {
	Type     Type
	Min, Max uint32
	HasMax   bool
}

// Memory is a memory type (5.3.8), in pages of 64 KiB.
type Memory struct {
	Min, Max uint32
	HasMax   bool
}

// Global is a global type (5.3.10).
type Global struct {
	Type    Type
	Mutable bool
}

// valueType reads a value type.
func (r *reader) valueType() Type {
	at := r.pos
	b := r.byte()
	if r.err == nil && !r.isValueType(b, at) {
		return Unknown
	}
	return Type(b)
}

func (r *reader) isValueType(b byte, at int) bool {
	switch Type(b) {
	case I32, I64, F32, F64, V128, FuncRef, ExternRef:
		return true
	}
	if proposal, ok := typeProposals[b]; ok {
		r.fail(Unsupported, at, "a value type of the proposal %q, which is not supported", proposal)
	} else {
		r.fail(Malformed, at, "%#02x is no value type", b)
	}
	return false
}

// valueTypes reads a vector of value types, a view.
func (r *reader) valueTypes(what string) []byte {
	n := r.count(what, 1, maxArity)
	at := r.pos
	types := r.take(n)
	for i, b := range types {
		if !r.isValueType(b, at+i) {
			return nil
		}
	}
	return types
}

// refType reads a reference type (5.3.3).
func (r *reader) refType() Type {
	at := r.pos
	t := r.valueType()
	if !t.isRef() {
		r.fail(Malformed, at, "%s is no reference type", t)
	}
	return t
}

// limits reads the limits of a memory or a table (5.3.7).
func (r *reader) limits() (low, high uint32, bounded bool) {
	at := r.pos
	switch flags := r.byte(); {
	case flags == 0:
		return r.u32(), 0, false
	case flags == 1:
		low, high = r.u32(), r.u32()
		if low > high {
			r.fail(Invalid, at, "the minimum %d is larger than the maximum %d", low, high)
		}
		return low, high, true
	case flags <= 3:
		r.fail(Unsupported, at, "a shared memory or table is of the proposal %q, which is not supported", threads)
	case flags <= 7:
		r.fail(Unsupported, at, "a memory or table with 64-bit indices is of the proposal %q, which is not supported", memory64)
	case flags <= 15:
		r.fail(Unsupported, at, "a memory with pages of another size is of the proposal %q, which is not supported", pageSizes)
	default:
		r.fail(Malformed, at, "%#02x are no limits", flags)
	}
	return 0, 0, false
}

func (r *reader) tableType() Table {
	t := r.refType()
	low, high, bounded := r.limits()
	return Table{t, low, high, bounded}
}

// maxPages is what 32 bits can address (3.2.5).
const maxPages = 65536

func (r *reader) memoryType(limit int) *Memory {
	at := r.pos
	low, high, bounded := r.limits()
	switch {
	case r.err != nil:
	case low > maxPages || high > maxPages:
		r.fail(Invalid, at, "a memory of more than 65536 pages (4 GiB)")
	case int(low) > limit:
		r.fail(Limit, at, "the memory begins with %d pages, at most %d are allowed", low, limit)
	}
	return &Memory{low, high, bounded}
}

func (r *reader) globalType() Global {
	t := r.valueType()
	at := r.pos
	mutable := r.byte()
	if mutable > 1 {
		r.fail(Malformed, at, "%#02x says neither that a global is mutable nor that it is not", mutable)
	}
	return Global{t, mutable == 1}
}
