package protocol

import (
	"cmp"
	"maps"
	"slices"

	"github.com/weir-stream/weir/fluvio/internal/wire"
)

// mapKeys returns a map's keys in the order in which they are sent, and no more of
// them than can be sent.
func mapKeys[K cmp.Ordered, V any](m map[K]V) []K {
	keys := slices.Sorted(maps.Keys(m))
	return keys[:min(len(keys), wire.MaxMap)]
}

// payload returns v if it is a *T, and else an empty *T.
func payload[T any, P interface {
	*T
	Message
}](v Message) P {
	if p, ok := v.(P); ok && p != nil {
		return p
	}
	return P(new(T))
}
