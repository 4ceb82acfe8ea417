package fluvio

import (
	"errors"
	"fmt"
)

// Reasons to open a stream anew, at once.
var (
	// errGrow says that a stream has to be asked for again with a larger size.
	errGrow = errors.New("no whole batch in what was sent")
	// errShrink says that a stream has to be asked for again with the size that was wanted at first: it holds too much to wait with it,
	// or asks for more than is needed any more.
	errShrink = errors.New("stream asks for more than it needs")
)

// growError says that an answer was not read because there was no room for it.
type growError struct{ size int }

func (e *growError) Error() string {
	return fmt.Sprintf("answer of %d bytes, more than was asked for", e.size)
}

func (e *growError) Is(target error) bool { return target == errGrow }
