package protocol

import (
	"fmt"
	"slices"

	"github.com/weir-stream/weir/fluvio/internal/wire"
)

// MaxString is the longest string that a message can carry, in bytes; longer ones
// are cut when they are encoded.
const MaxString = wire.MaxString

// Message is anything with a place on the wire.
type Message interface {
	// AppendTo appends the message as it is encoded at version.
	AppendTo(dst []byte, version int16) []byte
	// ReadFrom replaces the message by what r holds, encoded at version. Whether
	// that worked is known from r alone.
	ReadFrom(r *wire.Reader, version int16)
}

// Request is a message that a client sends to a server.
type Request interface {
	Message
	// Key is the number of the request, unique per server.
	Key() uint16
	// MinVersion is the lowest version known here.
	MinVersion() int16
	// MaxVersion is the highest version known here.
	MaxVersion() int16
	// NewResponse returns an empty message of the type that answers the request.
	NewResponse() Message
}

// Server is one of the two kinds of servers.
type Server uint8

const (
	// SC is the Stream Controller: metadata and administration.
	SC Server = iota
	// SPU is a Streaming Processing Unit: records and offsets.
	SPU
)

// String is SC or SPU.
func (s Server) String() string {
	switch s {
	case SC:
		return "SC"
	case SPU:
		return "SPU"
	}
	return fmt.Sprintf("Server(%d)", uint8(s))
}

// API is what is known of one request of one server.
type API struct {
	Server     Server
	Name       string // for example StreamFetch
	Key        uint16
	MinVersion int16
	MaxVersion int16
	NewRequest func() Request // returns an empty request
}

// Lookup finds a request by the server it is sent to and its key.
func Lookup(server Server, key uint16) (API, bool) {
	for i := range apis {
		if apis[i].Server == server && apis[i].Key == key {
			return apis[i], true
		}
	}
	return API{}, false
}

// APIs returns all requests of a server, in order of keys.
func APIs(server Server) []API {
	return slices.DeleteFunc(slices.Clone(apis), func(a API) bool { return a.Server != server })
}
