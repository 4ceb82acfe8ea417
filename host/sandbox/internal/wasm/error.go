package wasm

import "fmt"

// Reason is why a module is refused.
type Reason int

// The reasons.
const (
	Malformed   Reason = iota // breaks the binary format
	Invalid                   // breaks a rule of validation
	Unsupported               // belongs to a proposal that is not served
	Limit                     // beyond one of Limits
)

// Error refuses a module.
type Error struct {
	Reason  Reason
	Offset  int // in the module
	Func    int // index of the function that the offset is in, -1 outside of code
	Message string
}

func (e *Error) Error() string { return fmt.Sprintf("byte %#x: %s", e.Offset, e.Message) }
