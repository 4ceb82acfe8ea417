package sandbox

import "fmt"

// The codes of Error. They are stable: users and tests may match them.
const (
	CodeMalformed   = "wasm.malformed"   // not a WebAssembly binary, or a damaged one
	CodeInvalid     = "wasm.invalid"     // decodes, but breaks a rule of validation
	CodeUnsupported = "wasm.unsupported" // uses a proposal that is not served; the message names it
	CodeLimit       = "wasm.limit"       // beyond one of Caps
	CodeReserved    = "wasm.reserved"    // imports or exports a name that the rewriter adds
)

// Error refuses a module.
type Error struct {
	Code     string // one of the codes above
	Message  string // what is wrong and, where there is something to do about it, what
	Function string // the function it is in: its index, and its name where the module has one: `12 "main.run"`; empty outside of code
	Offset   int    // in the module, bytes
}

// Error writes code, place and message in one line.
func (e *Error) Error() string {
	if e.Function != "" {
		return fmt.Sprintf("%s: function %s, byte %#x: %s", e.Code, e.Function, e.Offset, e.Message)
	}
	return fmt.Sprintf("%s: byte %#x: %s", e.Code, e.Offset, e.Message)
}
