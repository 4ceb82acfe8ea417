package engine

import "time"

// PageSize is the size of one page of linear memory, in bytes.
const PageSize = 65536

// The defaults of Limits, and their ceilings.
const (
	DefaultMemory    = 64 << 20
	DefaultFuel      = 1_000_000_000
	DefaultTimeout   = 30 * time.Second
	DefaultDepth     = 1_000_000
	DefaultHostCalls = 1_000_000

	MaxMemory        = 256 << 20
	MaxFuel          = 1_000_000_000_000_000
	MaxFuelPerSecond = 1_000_000_000_000_000
	MaxTimeout       = time.Hour
	MaxDepth         = 2_000_000
	MaxHostCalls     = 100_000_000
)

// SlotBytes is the size of one slot of Limits.Depth.
const SlotBytes = 8

// stackShare is the part of Limits.Memory that the stack may take, as a divisor.
const stackShare = 8

// Limits bound what one instance may use. A zero field takes its default, a larger one than the ceiling is cut to it.
type Limits struct {
	// Memory is in bytes: the linear memory, the stack (SlotBytes for each slot of Depth) and what the host holds for the
	// running call (Instance.Hold) together. Default 64 MiB, ceiling 256 MiB. memory.grow beyond it answers -1. An image
	// that is pinned and buffers that lie idle come on top.
	Memory int64
	// Fuel is what one call may consume, in units: about one an instruction. Default 1e9, ceiling 1e15. A call beyond it traps
	// (Fuel). Compiled code takes 2 to 20e9 units a second as a rule, divisions some 0.5e9: the default is used up in 0.05 to
	// 2 s, long before the default of Timeout, on a slow or busy machine too. So it is fuel, the same everywhere, that ends
	// a loop without end. wazero's interpreter takes 27e6 units a second, 37 s for the default: it needs a longer Timeout.
	Fuel int64
	// FuelPerSecond is what one instance may consume in a second, averaged over a tenth of it. Default 0, which is no
	// limit; ceiling 1e15. A faster one is made to wait, in the middle of a call where needed; it traps (FuelRate) only
	// where the wait would outlast Timeout.
	FuelPerSecond int64
	// Timeout is the wall time of one call, host functions and waiting included. Default 30 s, ceiling 1 h. A longer call
	// traps (Deadline).
	Timeout time.Duration
	// Depth is how many slots of stack the frames of nested calls may take, by the weights of host/sandbox. Default
	// 1,000,000, ceiling 2,000,000; and never more than fit into an eighth of Memory. Deeper calls trap (StackOverflow).
	Depth int
	// HostCalls is how often one call may call host functions. Default 1,000,000, ceiling 100e6. One more traps (HostCalls).
	HostCalls int
}

// WithDefaults fills zero fields in and cuts the others at their ceilings.
func (l Limits) WithDefaults() Limits {
	l.Memory = between(l.Memory, DefaultMemory, MaxMemory)
	l.Fuel = between(l.Fuel, DefaultFuel, MaxFuel)
	l.FuelPerSecond = between(l.FuelPerSecond, 0, MaxFuelPerSecond)
	l.Timeout = between(l.Timeout, DefaultTimeout, MaxTimeout)
	l.Depth = min(between(l.Depth, DefaultDepth, MaxDepth), int(l.Memory/stackShare/SlotBytes))
	l.HostCalls = between(l.HostCalls, DefaultHostCalls, MaxHostCalls)
	return l
}

func between[T int | int64 | time.Duration](v, preset, ceiling T) T {
	if v <= 0 {
		v = preset
	}
	return min(v, ceiling)
}

// Pages is how many pages the linear memory may have while the host holds so many bytes beside it. The limits have their
// defaults.
func (l Limits) Pages(held int64) uint32 {
	return uint32(max(0, l.Memory-int64(l.Depth)*SlotBytes-held) / PageSize)
}
