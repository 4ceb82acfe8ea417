package sandbox

// Prefix begins every name that the rewriter adds, and is the module that the added functions are imported from. A guest
// that imports from it, or exports a name that begins with it, is refused with CodeReserved.
const Prefix = "weir.sandbox"

// The functions that a rewritten module imports from Prefix, always both.
const (
	// YieldImport has the type (i64) -> i64. It is called when the fuel has fallen below 0, and between the pieces of a bulk
	// operation, with what is left of it, and returns the fuel to go on with. The host ends the guest by failing.
	YieldImport = "yield"
	// DeepImport has the type () -> (). It is called when the depth has fallen below 0, and never returns.
	DeepImport = "too_deep"
)

// The names under which a rewritten module exports what was added to it. All of these globals begin at 0: the first check of
// fuel yields, the first frame is too deep and memory does not grow until the host has set them.
const (
	FuelExport    = Prefix + ".fuel"    // mutable i64: units left in the slice
	DepthExport   = Prefix + ".depth"   // mutable i32: slots of 8 bytes left for frames; as found after every normal return, to be set after a trap
	PagesExport   = Prefix + ".pages"   // mutable i32: pages that memory.grow may reach, beyond it answers -1; only with a memory
	RefusedExport = Prefix + ".refused" // mutable i32: set to 1 where memory.grow answers -1 because of the pages; only with a memory
	MemoryExport  = Prefix + ".memory"  // the memory, where the guest exports none
	StartExport   = Prefix + ".start"   // the start function, taken out of the start section; only where Module.HasStart
	GlobalExport  = Prefix + ".global." // and its index in decimal: a mutable global of the guest
)
