// Package engine is the contract of a WebAssembly engine: compile a module, make instances of it, call them within limits.
//
// It knows wasm and nothing of what weir does with it. An Engine compiles a Module once; a Module is instantiated many
// times; an Instance is called by one goroutine at a time. Whatever ends a call early, in the guest or by a limit, comes
// out as a *Trap; an instance that trapped is dead and answers ErrDead until it is restored.
//
// What is compiled is what sandbox.Rewrite made: the guest counts its own fuel and depth, and yields to the host at least
// once every Slice units, which is where every engine asks its Meter whether to go on. So a call is bounded in the same way,
// and costs the same fuel, on each of them.
package engine

import (
	"context"
	"errors"
	"time"

	"github.com/weir-stream/weir/host/sandbox"
)

// ErrDead is returned by a call into an instance that has trapped, and was not restored, or been closed.
var ErrDead = errors.New("the instance is dead: a call into it trapped, or it was closed")

// ErrBusy is returned by a call into an instance that is in the middle of one: a host function must not call the guest.
var ErrBusy = errors.New("the instance is in the middle of a call")

// ErrNotRestorable is returned by Pin and Restore where memory and globals are not all that makes up an instance, so that
// only a new one is like new; and by Restore where nothing was pinned.
var ErrNotRestorable = errors.New("the instance cannot be restored; make a new one")

// ErrMemory is returned by Instance.Hold where Limits.Memory leaves no room.
var ErrMemory = errors.New("no room within the limit of memory")

// ErrNoExport is returned by Instance.Lookup for a function that the module does not export.
var ErrNoExport = errors.New("not exported by the module")

// Engine compiles modules. It is safe for concurrent use.
type Engine interface {
	// Name is what the engine is called in configuration and in logs.
	Name() string
	// Compile compiles a rewritten module, the costly step. The error says what is wrong with the module: that it needs a
	// feature that the engine lacks, imports a function that o.Host doesn't have, or starts with more memory than o.Limits
	// allow.
	Compile(ctx context.Context, m *sandbox.Module, o Options) (Module, error)
	// Close frees what the engine holds. Close its modules first.
	Close(ctx context.Context) error
}

// Options are what a module is compiled with.
type Options struct {
	Host   []HostFunc // every function that the module may import; those it doesn't import cost nothing
	Limits Limits
}

// Module is a compiled module. It is safe for concurrent use.
type Module interface {
	// Limits are those that calls get, defaults filled in.
	Limits() Limits
	// SetLimits changes them. Each instance follows at its next call from outside. What an instance has taken beyond a lower
	// limit of memory is left to it; it gets no more.
	SetLimits(l Limits)
	// Instantiate makes an instance and runs the module's start function, if it has one, as a call within the limits. host
	// is handed to every host function that the instance calls, the start function's calls included. A start function that
	// does not return gives a *Trap.
	Instantiate(ctx context.Context, host any) (Instance, error)
	// Close frees the module. Close its instances first: while there are any, it does nothing and answers an error.
	Close(ctx context.Context) error
}

// Instance is one instantiated module. One goroutine at a time may use it.
type Instance interface {
	// Lookup finds an exported function. The error is ErrNoExport, ErrDead after Close, or says that it is of another type.
	// The function stays valid through Restore.
	Lookup(name string, t FuncType) (Func, error)
	// Memory is the exported memory, nil where there is none.
	Memory() Memory
	// Fuel is what was consumed since the instance was made, in units. It is exact, and the same on every engine for the
	// same calls.
	Fuel() uint64
	// Time is the wall time of all calls that have ended, host functions and waiting included.
	Time() time.Duration
	// GrowRefused says whether Limits.Memory refused the guest a memory.grow in the last call, the start function's included:
	// Instantiate gives the instance, closed, beside the error of that.
	GrowRefused() bool
	// Hold counts n more bytes, which the host keeps for the running call, against Limits.Memory: the guest's memory can grow
	// by as much less. ErrMemory says that they don't fit and were not counted. The next call from outside starts at none.
	// For host functions.
	Hold(n int64) error
	// Charge counts n units of fuel for work that the host does for the guest, so that a guest can't have for nothing what
	// would cost it fuel to do itself. The error is the *Trap that ends the call, by fuel, time or cancellation, for the host
	// function to return: one that works for long charges in between. For host functions.
	Charge(n int64) error
	// Pin keeps the state of now, memory and globals, as the image that Restore goes back to. It replaces an earlier one.
	// Not during a call. ErrNotRestorable, or that the system has no room for the image.
	Pin() error
	// Restore goes back to the image, after a trap too, and touches only what has changed. Fuel goes on counting. On an
	// error the instance is as good as closed: close it.
	Restore(ctx context.Context) error
	// Close ends the instance and frees its memory. Views of it must no longer be used, on pain of a crash.
	Close(ctx context.Context) error
}

// Func is an exported function of one instance.
type Func interface {
	// Call runs the function. stack holds the parameters on entry and the results on return, and must have room for the
	// larger of the two. An i32 is in the low half of its slot. The error is a *Trap, ErrDead or ErrBusy.
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
	// Where the error is a *Trap, that trap itself ends the call.
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
