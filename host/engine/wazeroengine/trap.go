package wazeroengine

import (
	"errors"
	"fmt"
	"regexp"
	"runtime"
	"strings"
	"unicode"

	"github.com/weir-stream/weir/host/engine"
	"github.com/weir-stream/weir/host/sandbox"
)

// classes maps wazero's own words for a trap (its internal/wasmruntime/errors.go; the values are not exported) to classes.
var classes = map[string]engine.Class{
	"unreachable":                   engine.Unreachable,
	"out of bounds memory access":   engine.OutOfBounds,
	"stack overflow":                engine.StackOverflow,
	"integer divide by zero":        engine.Arithmetic,
	"integer overflow":              engine.Arithmetic,
	"invalid conversion to integer": engine.Arithmetic,
	"invalid table access":          engine.Table,
	"indirect call type mismatch":   engine.Table,
	"null reference":                engine.Table,
	"unaligned atomic":              engine.Other,
	"expected shared memory":        engine.Other,
	"too many waiters":              engine.Other,
	"uncaught exception":            engine.Other,
}

// trapOf makes the trap of an error that wazero returned. module is the module's own name.
func trapOf(err error, module string) *engine.Trap {
	message, stack := split(err.Error(), module)
	t := &engine.Trap{Class: engine.Other, Message: message, Stack: stack, Function: innermost(stack)}
	var own limit
	var host hostError
	var panicked hostPanic
	var broken enginePanic
	var bug runtime.Error
	switch {
	case errors.As(err, &own):
		t.Class, t.Message, t.Err = own.Class, own.Message, own.Err
	case errors.As(err, &host):
		t.Class, t.Message, t.Err = engine.Host, host.Error(), host.err
	case errors.As(err, &panicked):
		t.Class, t.Message, t.Err = engine.Bug, panicked.Error(), fmt.Errorf("%w\n%s", panicked, panicked.stack)
	case errors.As(err, &broken):
		t.Class, t.Message, t.Err = engine.Bug, broken.Error(), fmt.Errorf("%w\n%s", broken, broken.stack)
	case errors.As(err, &bug):
		t.Class, t.Err = engine.Bug, err
	default:
		if class, ok := classes[message]; ok {
			t.Class = class
		}
	}
	return t
}

const stackHeading = "\nwasm stack trace:\n"

// split takes wazero's error text apart into the message and the frames, innermost first.
func split(text, module string) (message string, stack []string) {
	message, trace, _ := strings.Cut(text, stackHeading)
	message = strings.TrimSuffix(message, " (recovered by wazero)")
	if _, after, ok := strings.Cut(message, "wasm error: "); ok {
		message = after
	}
	for line := range strings.Lines(trace) {
		line = strings.TrimSuffix(line, "\n")
		if len(stack) == engine.MaxStack || !strings.HasPrefix(line, "\t") {
			break // what follows is not a frame
		}
		frame := line[1:]
		if strings.HasPrefix(frame, "\t") || strings.HasPrefix(frame, "...") {
			continue // a source line, or the note about omitted frames
		}
		if name := functionName(frame, module); !strings.HasPrefix(strings.TrimPrefix(name, "host:"), sandbox.Prefix) {
			stack = append(stack, name) // what the sandbox added is nobody's business
		}
	}
	return message, stack
}

// signature is what wazero puts behind a function's name: "(i32,i64) i32".
var signature = regexp.MustCompile(`\([a-z0-9,]*\)( [a-z0-9]+| \([a-z0-9,]*\))?$`)

// functionName is the bare name of a guest's function, and "module.name" of a host's.
func functionName(frame, module string) string {
	name := clean(signature.ReplaceAllString(frame, ""))
	if own, ok := strings.CutPrefix(name, module+"."); ok {
		return own
	}
	return "host:" + name
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

// innermost is the first frame of the guest's own.
func innermost(stack []string) string {
	for _, name := range stack {
		if !strings.HasPrefix(name, "host:") {
			return name
		}
	}
	return ""
}
