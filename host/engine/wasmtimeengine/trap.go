package wasmtimeengine

import (
	"errors"
	"fmt"
	"runtime/debug"
	"strconv"
	"strings"
	"unicode"

	"github.com/bytecodealliance/wasmtime-go/v44"

	"github.com/weir-stream/weir/host/engine"
	"github.com/weir-stream/weir/host/sandbox"
)

// classes are wasmtime's codes, with wazero's words for them, so that a failure reads the same on both.
var classes = map[wasmtime.TrapCode]struct {
	class   engine.Class
	message string
}{
	wasmtime.StackOverflow:          {engine.StackOverflow, "stack overflow"},
	wasmtime.MemoryOutOfBounds:      {engine.OutOfBounds, "out of bounds memory access"},
	wasmtime.TableOutOfBounds:       {engine.Table, "invalid table access"},
	wasmtime.IndirectCallToNull:     {engine.Table, "invalid table access"},
	wasmtime.BadSignature:           {engine.Table, "indirect call type mismatch"},
	wasmtime.IntegerOverflow:        {engine.Arithmetic, "integer overflow"},
	wasmtime.IntegerDivisionByZero:  {engine.Arithmetic, "integer divide by zero"},
	wasmtime.BadConversionToInteger: {engine.Arithmetic, "invalid conversion to integer"},
	wasmtime.UnreachableCodeReached: {engine.Unreachable, "unreachable"},
}

// trapOf makes the trap of an error that wasmtime returned.
func trapOf(err error, i *instance) *engine.Trap {
	t := &engine.Trap{Class: engine.Other, Message: err.Error()}
	var trap *wasmtime.Trap
	if !errors.As(err, &trap) {
		return t
	}
	defer trap.Close() // it keeps the compiled module, and a finalizer would free it two collections later
	var own *engine.Trap
	if errors.As(i.ended, &own) {
		*t = *own
	} else if code := trap.Code(); code != nil {
		if known, ok := classes[*code]; ok {
			t.Class, t.Message = known.class, known.message
		}
	}
	t.Stack = stackOf(trap)
	if len(t.Stack) > 0 {
		t.Function = t.Stack[0]
	}
	if i.endedIn != nil && !i.endedIn.own {
		t.Stack = append([]string{"host:" + i.endedIn.name}, t.Stack...)
	}
	t.Stack = t.Stack[:min(len(t.Stack), engine.MaxStack)]
	return t
}

// panicked is the trap of a panic in who.
func panicked(who string, value any) *engine.Trap {
	return &engine.Trap{Class: engine.Bug, Message: fmt.Sprintf("%s panicked: %v", who, value), Err: fmt.Errorf("%v\n%s", value, debug.Stack())}
}

// stackOf is the guest's functions, innermost first.
func stackOf(trap *wasmtime.Trap) (stack []string) {
	for _, frame := range trap.Frames() {
		if len(stack) == engine.MaxStack {
			break
		}
		name := "$" + strconv.Itoa(int(frame.FuncIndex()))
		if given := frame.FuncName(); given != nil {
			name = clean(*given)
		}
		if !strings.HasPrefix(name, sandbox.Prefix) { // what the sandbox added is nobody's business
			stack = append(stack, name)
		}
	}
	return stack
}

// clean makes a name that the guest's author chose fit for a log line: short, and without control characters.
func clean(name string) string {
	const longest = 256
	if len(name) > longest {
		name = strings.ToValidUTF8(name[:longest], "") + "…"
	}
	return strings.Map(func(r rune) rune {
		if unicode.IsControl(r) {
			return '?'
		}
		return r
	}, name)
}
