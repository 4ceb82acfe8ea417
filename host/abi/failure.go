package abi

import (
	"errors"
	"fmt"
	"strings"

	"github.com/weir-stream/weir/host/engine"
	"github.com/weir-stream/weir/host/ipc"
	"github.com/weir-stream/weir/internal/fault"
	"github.com/weir-stream/weir/internal/visible"
)

// ErrDead is returned by a call into an instance that has failed, and was not restored, or been closed.
var ErrDead = errors.New("the guest instance is dead: an earlier call failed, or it was closed")

// FailureKind says what kind of end a call came to.
type FailureKind string

// The kinds of failure.
const (
	FailedTrap      FailureKind = "trap"      // the guest trapped: a panic, an access out of bounds, fuel, depth or host calls used up
	FailedDeadline  FailureKind = "deadline"  // the call took too long
	FailedMemory    FailureKind = "memory"    // the guest ran out of memory
	FailedViolation FailureKind = "violation" // the guest broke a rule of the ABI
	FailedStatus    FailureKind = "status"    // the guest returned another status than ok
	FailedExit      FailureKind = "exit"      // the guest called proc_exit
	FailedCancelled FailureKind = "cancelled" // the caller's context ended
	FailedBug       FailureKind = "bug"       // a mistake on the host's side
)

// Failure is the end of a call into a guest that did not do its work. Nothing that the guest emitted, rejected or logged
// as a row's result in that call counts, and the instance is dead until it is restored.
type Failure struct {
	Kind     FailureKind
	Code     string   // stable: "trap.unreachable", "status.bad_schema", or a limit's or violation's code from abi.json
	Module   string   // Config.Name
	Call     string   // the guest's export that ran: "weir_process"; "start" is the wasm start function
	Function string   // the innermost guest function where the engine knows it, else ""
	Stack    []string // the guest's functions, innermost first, where the engine knows them
	Row      int      // the row in the progress cell: a hint, -1 where there is none
	Message  string   // what happened, in one line
	Stderr   string   // the beginning of what the guest wrote to its standard error in the call: a panic's text, say
	Err      error    // the cause, where there is one
	Fuel     uint64   // consumed by the call
	Opening  bool     // the instance was being opened
}

// Error says which module failed in which call, where, and why.
func (f *Failure) Error() string {
	var b strings.Builder
	fmt.Fprintf(&b, "module %s: ", f.Module)
	if f.Opening { // whoever calls weir_process tells the code together with the rows
		fmt.Fprintf(&b, "opening it failed (%s): ", f.Code)
	}
	fmt.Fprintf(&b, "%s: %s", f.Call, f.Message)
	if f.Function != "" {
		fmt.Fprintf(&b, ", in %s", f.Function)
	}
	if f.Row >= 0 {
		fmt.Fprintf(&b, ", about row %d of the batch", f.Row)
	}
	b.WriteString(f.lastWords() + f.remedy())
	if !f.Opening && ofBatches[f.Code] {
		b.WriteString(" or make batches smaller")
	}
	return visible.Line(b.String())
}

// Reason is what happened and in which of the guest's functions, without module, call and row: it goes into dead letters.
func (f *Failure) Reason() string {
	reason := f.Message + f.lastWords()
	if f.Function != "" {
		reason += ", in " + f.Function
	}
	return visible.Line(reason + f.remedy())
}

// remedies are the options that move the limits.
var remedies = map[string]string{
	CodeLimitFuel:      "raise weir.fuel",
	CodeLimitFuelRate:  "raise weir.fuel_per_second or weir.timeout",
	CodeLimitTime:      "raise weir.timeout",
	CodeLimitDepth:     "raise weir.depth, which needs 64 bytes of weir.memory for each slot",
	CodeLimitMemory:    "raise weir.memory",
	CodeArenaNone:      "raise weir.memory",
	CodeLimitHostCalls: "raise weir.host_calls",
	CodeEmitCount:      "raise weir.emits",
	CodeEmitRows:       "raise weir.emitted_rows",
	CodeEmitBytes:      "raise weir.emitted_bytes",
}

// ofBatches are the limits that a call meets with many rows sooner than with few.
var ofBatches = map[string]bool{
	CodeLimitFuel: true, CodeLimitTime: true, CodeLimitMemory: true, CodeArenaNone: true, CodeLimitHostCalls: true,
	CodeEmitCount: true, CodeEmitRows: true, CodeEmitBytes: true,
}

// remedy is what to do about a call that met a limit.
func (f *Failure) remedy() string {
	what := remedies[f.Code]
	if f.Code == ipc.CodeLimit && !f.Opening { // of a schema, there is no option for it
		what = "raise weir.emitted_rows or weir.emitted_bytes"
	}
	if what == "" {
		return ""
	}
	return "; " + what
}

// lastWords is the first line that the guest wrote to its standard error, where a panic's text is, in brackets.
func (f *Failure) lastWords() string {
	line, _, _ := strings.Cut(strings.TrimSpace(f.Stderr), "\n")
	if line == "" {
		return ""
	}
	return " (" + shorten(line) + ")"
}

// Unwrap is Err.
func (f *Failure) Unwrap() error { return f.Err }

// classed gives a failure its class: the module is the user's input, a bug is ours, and a cancelled context says itself
// what it is.
func (f *Failure) classed() error {
	if f.Kind == FailedBug || f.Kind == FailedCancelled {
		return f
	}
	return fault.InputError(f)
}

// violation is a broken rule, on its way from where it is found to the Failure.
type violation struct{ code, message string }

func (v *violation) Error() string { return v.message }

func violated(code, layout string, args ...any) error {
	return &violation{code, fmt.Sprintf(layout, args...)}
}

// exit is a guest's proc_exit.
type exit struct{ status uint32 }

func (e *exit) Error() string { return fmt.Sprintf("the guest called proc_exit(%d)", e.status) }

// newFailure says where the instance stands.
func (i *Instance) newFailure(kind FailureKind, code, message string) *Failure {
	return &Failure{Kind: kind, Code: code, Message: message, Module: i.config.Name, Call: i.call.name, Row: i.hint(),
		Stderr: string(i.call.stderr), Fuel: i.spent(), Opening: i.opening}
}

// failure makes the Failure of whatever ended a call.
func (i *Instance) failure(err error) *Failure {
	f := i.newFailure(FailedBug, "bug", err.Error())
	f.Err = err
	var trap *engine.Trap
	if errors.As(err, &trap) {
		f.Function, f.Stack = trap.Function, trap.Stack
		f.fromTrap(trap)
	}
	var broken *violation
	var message *ipc.Error
	var exited *exit
	switch {
	case errors.As(err, &broken):
		f.Kind, f.Code, f.Message = FailedViolation, broken.code, broken.message
		if broken.code == CodeArenaNone || broken.code == CodeLimitMemory {
			f.Kind = FailedMemory
		}
	case errors.As(err, &message):
		f.Kind, f.Code, f.Message = FailedViolation, message.Code, message.Message
	case errors.As(err, &exited):
		f.Kind, f.Code, f.Message = FailedExit, "exit", exited.Error()
	}
	return f
}

func (f *Failure) fromTrap(t *engine.Trap) {
	f.Message = t.Message
	switch t.Class {
	case engine.Deadline:
		f.Kind, f.Code = FailedDeadline, CodeLimitTime
	case engine.FuelRate:
		f.Kind, f.Code = FailedDeadline, CodeLimitFuelRate
	case engine.Fuel:
		f.Kind, f.Code = FailedTrap, CodeLimitFuel
	case engine.StackOverflow:
		f.Kind, f.Code = FailedTrap, CodeLimitDepth
	case engine.HostCalls:
		f.Kind, f.Code = FailedTrap, CodeLimitHostCalls
	case engine.Cancelled:
		f.Kind, f.Code = FailedCancelled, "cancelled"
	case engine.Bug, engine.Host: // what a host function returned on purpose is told apart by the caller
	default:
		f.Kind, f.Code = FailedTrap, "trap."+string(t.Class)
	}
}

// starved blames the limit of memory for what a guest did after it was refused more: the ways in which guests end then are
// as many as their languages.
func (f *Failure) starved() {
	ownEnd := f.Kind == FailedExit || f.Kind == FailedStatus || f.Kind == FailedMemory || f.Kind == FailedTrap && strings.HasPrefix(f.Code, "trap.")
	if ownEnd && f.Code != CodeLimitMemory {
		f.Kind, f.Code = FailedMemory, CodeLimitMemory
		f.Message += "; it was refused more memory before that"
	}
}

// statusNames are the statuses that a guest returns; all others count as error.
var statusNames = map[uint32]string{StatusBadSchema: "bad_schema", StatusBadParameter: "bad_parameter"}

// refused is the failure of a call that returned another status than ok.
func (i *Instance) refused(status uint32) *Failure {
	name, ok := statusNames[status]
	if !ok {
		name = "error"
	}
	message := "the guest answered " + name
	if i.call.failText != "" {
		message += ": " + i.call.failText
	}
	return i.newFailure(FailedStatus, "status."+name, message)
}
