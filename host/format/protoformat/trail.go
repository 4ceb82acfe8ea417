package protoformat

import (
	"strconv"

	"github.com/weir-stream/weir/host/format"
)

// trail is an error and the path to the field it is about, which is put together on the way out.
type trail struct{ err error }

// fail sets err and returns false.
func (t *trail) fail(code, message string) bool {
	t.err = &format.DataError{Code: code, Message: message}
	return false
}

// refuse sets err for a value that does not fit what is expected, a type.
func (t *trail) refuse(code, expected, found string) bool {
	t.err = &format.DataError{Code: code, Message: "expected " + expected + ", got " + found, Expected: expected, Found: found}
	return false
}

// in puts a field's name before the error's path and returns false.
func (t *trail) in(name string) bool {
	if e, ok := t.err.(*format.DataError); ok {
		switch {
		case e.Path == "":
			e.Path = name
		case e.Path[0] == '[':
			e.Path = name + e.Path
		default:
			e.Path = name + "." + e.Path
		}
	}
	return false
}

// at puts an item's index before the error's path and returns false.
func (t *trail) at(i int) bool {
	if e, ok := t.err.(*format.DataError); ok {
		path := "[" + strconv.Itoa(i) + "]"
		if e.Path != "" && e.Path[0] != '[' {
			path += "."
		}
		e.Path = path + e.Path
	}
	return false
}
