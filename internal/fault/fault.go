// Package fault says whose problem an error is: the user's input, the environment, or a bug.
//
// A program's exit code follows from it: 2 for input and configuration, 3 for the environment, 1 for everything that
// carries no class, since an error nobody classed is a mistake of ours.
package fault

import (
	"context"
	"errors"
	"fmt"
)

// Class is whose problem an error is. Its number is the process's exit code.
type Class int

// The classes. Bug is the class of an error that carries none.
const (
	None        Class = 0 // no error
	Bug         Class = 1 // a mistake in weir itself
	Input       Class = 2 // bad input or configuration: the user can mend it
	Environment Class = 3 // a broker, a file system, a port: may pass
)

type classed struct {
	class Class
	err   error
}

func (e *classed) Error() string { return e.err.Error() }
func (e *classed) Unwrap() error { return e.err }

// InputError classes err as bad input or configuration. nil stays nil.
func InputError(err error) error { return with(Input, err) }

// EnvironmentError classes err as a problem of the environment. nil stays nil.
func EnvironmentError(err error) error { return with(Environment, err) }

// Inputf is InputError over fmt.Errorf.
func Inputf(format string, args ...any) error { return with(Input, fmt.Errorf(format, args...)) }

// Environmentf is EnvironmentError over fmt.Errorf.
func Environmentf(format string, args ...any) error {
	return with(Environment, fmt.Errorf(format, args...))
}

func with(c Class, err error) error {
	if err == nil {
		return nil
	}
	return &classed{c, err}
}

// Of tells the class of err: the outermost class in its chain. Of several joined errors the gravest counts: a bug before
// bad input before the environment. A cancelled context counts as environment.
func Of(err error) Class {
	if err == nil {
		return None
	}
	switch e := err.(type) {
	case *classed:
		return e.class
	case interface{ Unwrap() []error }:
		worst := None
		for _, sub := range e.Unwrap() {
			if c := Of(sub); worst == None || c < worst {
				worst = c
			}
		}
		if worst != None {
			return worst
		}
	}
	if inner := errors.Unwrap(err); inner != nil {
		return Of(inner)
	}
	if err == context.Canceled || err == context.DeadlineExceeded {
		return Environment
	}
	return Bug
}
