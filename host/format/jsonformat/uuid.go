package jsonformat

import "github.com/weir-stream/weir/host/types"

// parseUUID reads a UUID with dashes, or, unless strict, without them, or after "urn:uuid:".
func parseUUID(s []byte, strict bool) (id [16]byte, ok bool) {
	const prefix = "urn:uuid:"
	if !strict && len(s) == len(prefix)+36 && string(s[:len(prefix)]) == prefix {
		s = s[len(prefix):]
	}
	if strict && len(s) != 36 {
		return id, false
	}
	return types.ParseUUID(s)
}
