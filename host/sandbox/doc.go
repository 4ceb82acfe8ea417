// Package sandbox rewrites a WebAssembly module at load, so that what it does can be metered, stopped, bounded and undone on
// any engine.
//
// Rewrite validates a module, release 2.0 of the core specification and nothing beyond it, and injects charges. Whatever it
// does not know it refuses. A guest cannot see, reach or change what is injected: every index in the original is checked
// against the original's counts, and names with Prefix are refused.
//
// # Fuel
//
// Fuel is a mutable i64 global that the code counts down. Where it is checked and found below 0, the host is asked
// (YieldImport): it gives more, or ends the guest by failing. A unit stands for about one instruction:
//
//	an instruction                              1, end and else are none
//	a call of a function                        at least 1, whatever is in it
//	a call of an imported function              32, and what the host adds
//	ref.func                                    32
//	memory.grow, table.grow                     64
//	memory.grow to more pages                   4,096 a page (a unit for 16 bytes)
//	memory.fill, memory.copy, memory.init       a unit for each 16 bytes
//	table.grow, fill, copy and init             a unit for each entry
//
// Code is charged by region, before it runs: a function's entry and a loop's head pay for everything that runs only after
// them and not more often, except for what a branch may skip, and that is charged where it begins. A skippable region of
// less than 64 units is charged with the region around it instead, up to 64 units for each. So a guest
// never pays less than it executes, may pay for what it skips, and pays the same for the same path every time: fuel is a
// function of the module and its input, equal on every engine and architecture.
//
// It is never less, for these reasons. A region ends where the way on may be left (br_if, the end of a block that is
// branched out of, an arm of an if), so that what belongs to it runs at most once for each time that it was charged. Loops
// are charged in their own heads, and a branch back passes the head. A region that is charged with the one around it
// never runs more often than that. Code behind an unconditional branch is free because it does not run. Bulk operations are
// charged before they happen, by helpers that see the length. A property test holds all this against a counter of single
// instructions, over the specification's test suite and generated modules.
//
// # Checks
//
// The sign is checked at entries, at loop heads, by the helpers of bulk operations and after each 1,024 calls as written. A
// function without calls and loops of at most 32 units is charged but not checked: small leaves are where a check costs most.
// Between two checks there is at most one body's worth of code, or one piece of a bulk operation.
//
// The check is "global.get, i64.const 0, i64.ge_s, if, else, call, end": with the call in the else arm, wazero's compiler lays
// the fast path out straight. The call goes to one helper, so that it takes two bytes and little machine code.
//
// # Bulk operations
//
// memory.fill, copy and init run in pieces of 512 KiB, table.init in pieces of 16,384 entries, since a single one over memory
// that was never touched takes tenths of a second. A helper with the operands charges the whole length first, runs all pieces
// but the last, asks the host between them whatever fuel is left, and gives the operands of what remains back to the guest's
// own instruction. So the fuel is the same figure as without pieces. Where a range is not all there, everything remains, and the
// instruction traps before anything is written; a copy to a higher address begins at its end. A host that ends the guest
// between two pieces leaves half an operation behind, which nobody sees: the instance is restored or dropped.
//
// Segments of at most one piece need none of this, nor do table.fill, copy and grow and memory.grow, which take a few
// milliseconds for all that the caps allow.
//
// # Depth
//
// Functions on a cycle of the call graph take the size of their frame from a second global on entry and give it back on every
// way out; below 0 they end in DeepImport. An indirect call leads to all functions of its type that an element segment, a
// global or ref.func mentions; where the host or the code can change tables, to all functions of its type. The size is in
// slots of 8 bytes and an upper bound of what engines take: 16, the locals, every value computed, and every local at
// each block where it may have changed. Functions on no cycle cannot nest without end and are not charged, unless the
// largest chain of them would take more than 500,000 slots: then every function is.
//
// # State
//
// The start function is taken out and exported, so that the host runs it like any other call. memory.grow does not exceed
// the pages that the host allows, and never the module's own maximum or that of Caps. Mutable globals and the memory
// are exported, so that the host can take an image of an instance and restore it; Module.Restorable says whether these are
// all of its state.
//
// # What stays and what goes
//
// Function names stay, renumbered, so that a trap names the guest's function; names of locals and debug information, whose
// offsets would be wrong, go. Other custom sections stay unless they are empty. The rewritten module is valid for engines without any proposal.
//
// # Bounds
//
// Rewriting takes time and memory linear in the module's size, and what an engine takes to compile the result is bounded
// by Caps and by limits on what few bytes may ask for: locals times blocks, labels of br_table, operands moved by calls.
package sandbox
