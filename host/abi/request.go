package abi

import (
	"context"
	"encoding/binary"
	"maps"
	"math"
	"slices"

	"github.com/apache/arrow-go/v18/arrow"

	"github.com/weir-stream/weir/host/engine"
	"github.com/weir-stream/weir/host/ipc"
)

// openRequest is the request that weir_open reads (SPEC section 3).
func openRequest(schema *arrow.Schema, parameters map[string]string) ([]byte, error) {
	request := make([]byte, 16)
	request, err := ipc.AppendSchema(request, schema)
	if err != nil {
		return nil, err
	}
	binary.LittleEndian.PutUint32(request, Version)
	binary.LittleEndian.PutUint32(request[8:], uint32(len(request)-16))
	binary.LittleEndian.PutUint32(request[12:], uint32(len(parameters)))
	for _, key := range slices.Sorted(maps.Keys(parameters)) {
		value := parameters[key]
		request = binary.LittleEndian.AppendUint32(request, uint32(len(key)))
		request = binary.LittleEndian.AppendUint32(request, uint32(len(value)))
		request = append(append(request, key...), value...)
		for len(request)%8 != 0 {
			request = append(request, 0)
		}
	}
	return request, nil
}

// reserve gets an arena of at least n bytes from the guest and returns its first n bytes, valid until guest code runs.
func (i *Instance) reserve(ctx context.Context, n int) ([]byte, error) {
	if n > math.MaxInt32-engine.PageSize {
		return nil, violated(CodeArenaNone, "a request of %d bytes; no guest's memory takes that", n)
	}
	if uint32(n) > i.arenaSize || i.arena == 0 {
		// A little more than is needed, so that batches of about one size don't move it again and again.
		size := (uint32(n) + uint32(n)/8 + engine.PageSize - 1) / engine.PageSize * engine.PageSize
		i.begin(phaseStart, "weir_arena")
		at, err := i.run(ctx, i.arenaFunc, size)
		if err != nil {
			return nil, err
		}
		i.arena, i.arenaSize = at, size
	}
	view := i.memory.Bytes()
	switch {
	case i.arena == 0:
		return nil, violated(CodeArenaNone, "weir_arena has no memory for %d bytes; the guest's memory has %d", i.arenaSize, len(view))
	case i.arena%ArenaAlignment != 0:
		return nil, violated(CodeArenaAlignment, "weir_arena returned %d, which is not a multiple of %d", i.arena, ArenaAlignment)
	case uint64(i.arena)+uint64(i.arenaSize) > uint64(len(view)):
		return nil, violated(CodeArenaRange, "weir_arena returned %d for %d bytes; the guest's memory has %d", i.arena, i.arenaSize, len(view))
	}
	return view[i.arena : uint64(i.arena)+uint64(n)], nil
}
