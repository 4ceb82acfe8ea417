package wasmtimeengine

import (
	"math"

	"github.com/bytecodealliance/wasmtime-go/v44"

	"github.com/weir-stream/weir/host/engine"
)

// kinds are wasmtime's names of the value types that functions between host and guest use.
var kinds = map[wasmtime.ValKind]engine.ValueType{
	wasmtime.KindI32: engine.I32, wasmtime.KindI64: engine.I64, wasmtime.KindF32: engine.F32, wasmtime.KindF64: engine.F64,
	wasmtime.KindFuncref: 0x70, wasmtime.KindExternref: 0x6f,
}

// typeOf is a function's type. A type that the contract doesn't know is 0.
func typeOf(t *wasmtime.FuncType) engine.FuncType {
	convert := func(types []*wasmtime.ValType) (out []engine.ValueType) {
		for _, t := range types {
			out = append(out, kinds[t.Kind()])
		}
		return out
	}
	return engine.FuncType{Params: convert(t.Params()), Results: convert(t.Results())}
}

// bitsOf is what wasmtime gives for a number as a slot of a stack; 0 for what is no number.
func bitsOf(v any) uint64 {
	switch n := v.(type) {
	case int32:
		return uint64(uint32(n))
	case int64:
		return uint64(n)
	case float32:
		return uint64(math.Float32bits(n))
	case float64:
		return math.Float64bits(n)
	}
	return 0
}

// valueOf is a slot of a stack as wasmtime takes it.
func valueOf(t engine.ValueType, bits uint64) wasmtime.Val {
	switch t {
	case engine.I64:
		return wasmtime.ValI64(int64(bits))
	case engine.F32:
		return wasmtime.ValF32(math.Float32frombits(uint32(bits)))
	case engine.F64:
		return wasmtime.ValF64(math.Float64frombits(bits))
	}
	return wasmtime.ValI32(int32(bits))
}
