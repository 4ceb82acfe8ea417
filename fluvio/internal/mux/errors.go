package mux

import (
	"errors"
	"fmt"

	"github.com/weir-stream/weir/fluvio/protocol"
)

var (
	// ErrClosed is the cause of a connection's end when its owner closed it.
	ErrClosed = errors.New("connection closed")
	// ErrOverrun is the cause when the server sent more on a stream than was asked for.
	ErrOverrun = errors.New("server ignores flow control")
	// ErrVersion is wrapped by a VersionError.
	ErrVersion = errors.New("unsupported protocol version")
	// ErrHandshake is wrapped by what Open returns if there is no Fluvio server at the other end.
	ErrHandshake = errors.New("no Fluvio server answers")
)

// CallError is a request that got no answer.
type CallError struct {
	API  string // name of the request
	Sent bool   // the whole request went out, so the server may have acted on it
	Err  error  // why the connection ended, or the context's error
}

// Error says what was asked and why there was no answer.
func (e *CallError) Error() string {
	if e.Sent {
		return fmt.Sprintf("%s request not answered: %v", e.API, e.Err)
	}
	return fmt.Sprintf("%s request not sent: %v", e.API, e.Err)
}

// Unwrap is the cause.
func (e *CallError) Unwrap() error { return e.Err }

// Sent tells whether err leaves open if the server acted on the request.
func Sent(err error) bool {
	var call *CallError
	return errors.As(err, &call) && call.Sent
}

// VersionError says that the server and this client have no version of a request in common. It wraps ErrVersion.
type VersionError struct {
	Server             protocol.Server
	API                string // name of the request
	OursMin, OursMax   int16
	Offered            bool // the server has the request
	TheirMin, TheirMax int16
	Platform           string // version of the server's platform, empty for an SPU
}

// Error says which versions would fit.
func (e *VersionError) Error() string {
	if e.Server == protocol.SC && !e.Offered && e.Platform == spuPlatform {
		return fmt.Sprintf("%v: this looks like the address of an SPU, which has no %s; the SC's is wanted, whose port is 9003 unless somebody chose another",
			ErrVersion, e.API)
	}
	theirs := "the server does not offer it"
	if e.Offered {
		theirs = fmt.Sprintf("the server has %d to %d", e.TheirMin, e.TheirMax)
	}
	platform := ""
	if e.Platform != "" {
		platform = " (platform " + e.Platform + ")"
	}
	return fmt.Sprintf("%v: %s of an %v%s: this client has %d to %d, %s; Fluvio 0.11.10 to 0.18 fit",
		ErrVersion, e.API, e.Server, platform, e.OursMin, e.OursMax, theirs)
}

// Unwrap is ErrVersion.
func (e *VersionError) Unwrap() error { return ErrVersion }
