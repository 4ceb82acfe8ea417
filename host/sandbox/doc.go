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
// less than 64 units is charged with the region around it instead, up to 64 units for each; of regions that exclude each
// other, as the arms of an if and the cases of a switch, the heaviest counts. So a guest never pays less than it executes,
// may pay for what it skips, and pays the same for the same path every time: fuel is a function of the module and its input,
// equal on every engine and architecture.
//
// It is never less, for these reasons. A region ends where the way on may be left (br_if, the end of a block that is
// branched out of, an arm of an if), so that what belongs to it runs at most once for each time that it was charged. Loops
// are charged in their own heads, and a branch back passes the head. A region that is charged with the one around it
// never runs more often than that. Code behind an unconditional branch is free because it does not run. Bulk operations are
// charged before they happen, by helpers that see the length. Only where the host ends a guest at the head of a function's first
// loop, the up to 8 units before it are not charged yet: they are charged in the head. A property test holds all this against a
// counter of single instructions, over the specification's test suite and generated modules.
//
// # Checks
//
// The sign is checked at entries, at loop heads, by the helpers of bulk operations, between the pieces of long ones, and after
// each 1,024 calls as written, not counting checks that the code may go around; then the charge is made. A function has no
// check if a call of it weighs at most 1,024 units, with what it calls and is not checked either, or if it comes to a loop at
// once. Every cycle of calls has a check: a function that makes indirect calls has one, and one of those on any other cycle.
// The host's functions must not call the guest's, which would be a cycle that nothing here sees. On the way in there is at most
// one body's worth of code with 1,024 short calls between two checks, or one piece of a bulk operation. On the way back there is
// what is left to do of all functions that return to each other without another check: 64 units for each slot of depth.
//
// # What an engine makes of it
//
// None of this depends on an engine, but the forms were chosen for what wazero's compiler makes of them, and each was
// measured on programs from five compilers. A call in a loop has the loop's variables stored in each round, taken or not:
// internal/meter/loop.go tells how it is kept out. A way that leads back into the straight one costs a jump on the straight
// one: after a yield the code goes back to the check instead. And br_if without operands becomes an if with a br, which
// compares and branches in one step where br_if to a place with several ways to it does not.
//
// # Depth
//
// Functions on a cycle of the call graph take the size of their frame from a second global on entry and give it back on every
// way out; below 0 they end in DeepImport. An indirect call leads to all functions of its type that an element segment, a
// global or ref.func mentions; where the host or the code can change tables, to all functions of its type. The size is in
// slots of 8 bytes and an upper bound of what engines take: the locals, and every value that may not stay in a register
// (internal/wasm/frame.go tells which); on top comes one for each 64 units that a call may do without a check. Functions on no
// cycle cannot nest without end and are not charged, unless the largest chain of them would take more than 500,000 slots:
// then every function is.
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
// Function names stay, renumbered, so that a trap names the guest's function; one without a name gets its first export's, or
// else "$" and its index before the rewrite. Names of locals and debug information, whose offsets would be wrong, go. Other custom sections stay unless they are empty. The rewritten module is valid for engines without any proposal.
//
// # Bounds
//
// Rewriting takes time and memory linear in the module's size, and what an engine takes to compile the result is bounded
// by Caps and by an estimate of what few bytes may ask of a compiler: blocks, values alive across them, operands, globals.
package sandbox
