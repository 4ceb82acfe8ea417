package weir

// Refusal is an operator's reason not to open.
type Refusal struct {
	status  uint32
	message string
}

func (r *Refusal) Error() string { return r.message }

// BadParameter refuses to open because of a parameter's value.
func BadParameter(name, problem string) error {
	return &Refusal{abiStatusBadParameter, `parameter "` + name + `" ` + problem}
}

// BadSchema refuses to open because of the input's columns.
func BadSchema(problem string) error { return &Refusal{abiStatusBadSchema, problem} }

// Rejection is why a row can't be handled. A [RowFunc] that returns one sends the row to the dead letter.
type Rejection struct {
	Code    string // 1 to 64 bytes of a-z 0-9 . _ -
	Message string
}

func (r *Rejection) Error() string { return r.Code + ": " + r.Message }

// DefaultCode is the code of a row rejected with an error that is not a [Rejection].
const DefaultCode = "error"

// Reject returns a [Rejection].
func Reject(code, message string) error { return &Rejection{code, message} }

// find is errors.As without its reflection, which costs a module 60 kB.
func find[T error](err error) (found T, ok bool) {
	for err != nil {
		if found, ok = err.(T); ok {
			return found, true
		}
		wrapper, wraps := err.(interface{ Unwrap() error })
		if !wraps {
			break
		}
		err = wrapper.Unwrap()
	}
	return found, false
}
