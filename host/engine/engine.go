// Package engine is the contract of a WebAssembly engine: compile a module, make instances of it, call them within limits.
//
// It knows wasm and nothing of what weir does with it. An Engine compiles a Module once; a Module is instantiated many
// times; an Instance is called by one goroutine at a time. Whatever ends a call early, in the guest or by a limit, comes
// out as a *Trap; an instance that trapped is dead and answers ErrDead from then on.
package engine

import (
	"context"
	"errors"
	"time"
)

// PageSize is the size of one page of linear memory, in bytes.
const PageSize = 65536

// The defaults of Limits, and the largest memory that any limit may allow.
const (
	DefaultMemoryPages = 1024 // 64 MiB
	MaxMemoryPages     = 4096 // 256 MiB
	DefaultTimeout     = 10 * time.Second
)

// ErrDead is returned by a call into an instance that has trapped or been closed.
var ErrDead = errors.New("the instance is dead: a call into it trapped, or it was closed")

// ErrNoExport is returned by Instance.Lookup for a function that the module does not export.
var ErrNoExport = errors.New("not exported by the module")

// Engine compiles modules. It is safe for concurrent use.
type Engine interface {
	// Name is what the engine is called in configuration and in logs.
	Name() string
	// Compile validates and compiles a module, the costly step. The error says what is wrong with the module: that it is
	// not valid, needs a feature that the engine lacks, imports a function that o.Host doesn't have, or starts with more
	// memory than o.Limits allow.
	Compile(ctx context.Context, wasm []byte, o Options) (Module, error)
	// Close frees what the engine holds. Close its modules first.
	Close(ctx context.Context) error
}

// Options are what a module is compiled with.
type Options struct {
	Host   []HostFunc // every function that the module may import; those it doesn't import cost nothing
	Limits Limits
}

// Limits bound what one instance may use. A zero field takes its default.
type Limits struct {
	MemoryPages uint32        // linear memory in pages of 64 KiB; default 1,024, at most 4,096. memory.grow beyond it fails
	Timeout     time.Duration // wall time of one call from outside, start function included; default 10 s
}

// WithDefaults fills zero fields in and cuts the memory at MaxMemoryPages.
func (l Limits) WithDefaults() Limits {
	if l.MemoryPages == 0 {
		l.MemoryPages = DefaultMemoryPages
	}
	l.MemoryPages = min(l.MemoryPages, MaxMemoryPages)
	if l.Timeout <= 0 {
		l.Timeout = DefaultTimeout
	}
	return l
}

// Module is a compiled module. It is safe for concurrent use.
type Module interface {
	// Limits are those it was compiled with, defaults filled in.
	Limits() Limits
	// Instantiate makes an instance and runs the module's start function, if it has one, within the limits. host is
	// handed to every host function that the instance calls, the start function's calls included. A start function that
	// does not return gives a *Trap.
	Instantiate(ctx context.Context, host any) (Instance, error)
	// Close frees the module. Close its instances first.
	Close(ctx context.Context) error
}

// Instance is one instantiated module. One goroutine at a time may use it.
type Instance interface {
	// Lookup finds an exported function. The error is ErrNoExport, or says that it is of another type.
	Lookup(name string, t FuncType) (Func, error)
	// Memory is the exported memory, nil where there is none.
	Memory() Memory
	// Close ends the instance and frees its memory. Views of it must no longer be used.
	Close(ctx context.Context) error
}

// Func is an exported function of one instance.
type Func interface {
	// Call runs the function. stack holds the parameters on entry and the results on return, and must have room for the
	// larger of the two. An i32 is in the low half of its slot. The error is a *Trap, or ErrDead.
	Call(ctx context.Context, stack []uint64) error
}

// Memory is an instance's linear memory. It stays readable after a trap, until the instance is closed.
type Memory interface {
	// Bytes is a view of the whole memory: writing to it writes to the guest. It is valid until guest code runs again,
	// since memory.grow may move the memory.
	Bytes() []byte
}

// HostFunc is a function that modules may import.
type HostFunc struct {
	Module, Name string
	Type         FuncType
	// Call serves the function for the instance that was made with host. stack is as in Func.Call. mem is nil where the
	// instance has no memory. An error ends the guest's call as a trap of class Host that wraps it.
	Call func(ctx context.Context, host any, mem Memory, stack []uint64) error
}

// FuncType is a function's type.
type FuncType struct {
	Params, Results []ValueType
}

// ValueType is the type of a parameter or result, in WebAssembly's own binary encoding.
type ValueType byte

// The value types that functions between host and guest use.
const (
	I32 ValueType = 0x7f
	I64 ValueType = 0x7e
	F32 ValueType = 0x7d
	F64 ValueType = 0x7c
)

// String is the type's name in WebAssembly's text format.
func (t ValueType) String() string {
	switch t {
	case I32:
		return "i32"
	case I64:
		return "i64"
	case F32:
		return "f32"
	case F64:
		return "f64"
	case 0x7b:
		return "v128"
	case 0x70:
		return "funcref"
	case 0x6f:
		return "externref"
	}
	return "unknown"
}

// String writes the type as "(i32, i64) -> i32", the form of the tables in guest-abi/abi.json too.
func (t FuncType) String() string {
	text := "(" + join(t.Params) + ")"
	if len(t.Results) > 0 {
		text += " -> " + join(t.Results)
	}
	return text
}

func join(types []ValueType) string {
	text := ""
	for i, t := range types {
		if i > 0 {
			text += ", "
		}
		text += t.String()
	}
	return text
}
