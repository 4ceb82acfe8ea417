package engine

import "strings"

// Class says why a call ended early. Every engine reports the same class for the same reason.
type Class string

// The classes of traps.
const (
	Unreachable   Class = "unreachable"    // the guest gave up: a panic, an abort, a failed assertion
	OutOfBounds   Class = "out_of_bounds"  // an access outside the linear memory
	StackOverflow Class = "stack_overflow" // calls nested deeper than Limits.Depth
	Arithmetic    Class = "arithmetic"     // a division by zero, an integer overflow, a conversion out of range
	Table         Class = "table"          // an indirect call or table access that finds nothing, or another type
	Fuel          Class = "fuel"           // the call consumed more than Limits.Fuel
	FuelRate      Class = "fuel_rate"      // the call, held to Limits.FuelPerSecond, took longer than Limits.Timeout
	HostCalls     Class = "host_calls"     // more host functions called than Limits.HostCalls
	Deadline      Class = "deadline"       // the call took longer than Limits.Timeout
	Cancelled     Class = "cancelled"      // the caller's context ended
	Host          Class = "host"           // a host function returned an error: Trap.Err
	Bug           Class = "bug"            // the engine or a host function panicked: a mistake on this side
	Other         Class = "other"          // anything else that the engine reports
)

// MaxStack is how many frames of the guest's stack a Trap keeps.
const MaxStack = 30

// Trap is the end of a call that did not return.
type Trap struct {
	Class    Class
	Message  string   // the engine's own words, without the stack
	Function string   // the innermost guest function by its name, or $ and its index; "" where unknown
	Stack    []string // the guest's functions, innermost first, at most MaxStack; nil where unknown
	Err      error    // what the host function returned (Host), the context's error (Cancelled), the panic with its stack (Bug)
}

// Error says what happened and where.
func (t *Trap) Error() string {
	var b strings.Builder
	b.WriteString(t.Message)
	if t.Function != "" {
		b.WriteString(" in ")
		b.WriteString(t.Function)
	}
	return b.String()
}

// Unwrap is Err.
func (t *Trap) Unwrap() error { return t.Err }
