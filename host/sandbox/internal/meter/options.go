package meter

// FoldBelow is the default of Options.Fold. Smaller ones follow the exact count more closely and cost more time; 32 to 64
// were best over programs from five compilers.
const FoldBelow = 64

// Options are what a plan depends on, beside the module.
type Options struct {
	// Fold is the weight below which a region is charged together with the one that always runs before it, and the most
	// that is added to any region in this way.
	Fold int
	// PathSlots is the most that a chain of frames which don't count against the depth may take, in slots of 8 bytes. If
	// there is a longer one, all frames count.
	PathSlots int
	// MemoryPages and TableEntries cut the maximum of the memory and of all tables together.
	MemoryPages, TableEntries int
	// Names are those that the injected parts get.
	Names Names
}

// Names are the names of what is injected.
type Names struct {
	Module, Yield, Deep                                          string // imports
	Fuel, Depth, Pages, Refused, Memory, Start, Global, Function string // exports; Global and Function are prefixes
}

// The weights of instructions that engines serve by leaving the compiled code, so that a slice of fuel is a slice of time
// for programs made of them as well. Every other instruction weighs 1, and what a bulk operation moves is added to it.
const (
	refFuncWeight    = 32
	growWeight       = 64 // memory.grow and table.grow
	importCallWeight = 32
)

// A function that weighs at most uncheckedWeight, with all those it calls that have no check, leaves the check to its
// caller.
const uncheckedWeight = 1024

// entryWeight is what a function that begins with a loop may weigh outside of it to be charged in the loop.
const entryWeight = 8

// callsPerCheck is after how many calls in a row, as written, there is a check: calls of functions without one need no loop to
// take long.
const callsPerCheck = 1024

// unitsPerSlot is how many units of a function, with the functions without a check that it calls, take another slot on top of its
// frame: what nested calls do on their way back, where there may be no check, is bounded by the depth.
const unitsPerSlot = 64

// mostSlots is the most that a frame takes, more than there ever are.
const mostSlots = 1 << 30
