// Package abi is the host's half of the guest ABI: it checks modules before they run, shakes hands with an instance, hands
// batches in and takes emits out, and trusts nothing that comes back.
//
// The contract is guest-abi/SPEC.md; its numbers and names come from guest-abi/abi.json (spec.gen.go). Three parts:
//
//   - Check reads a module's bytes without running them: exports, imports, memory, manifest. AppendManifest writes one.
//   - Open starts an instance of a compiled module and lets it declare its outputs. Instance.Process runs one batch.
//   - HostFuncs are the functions that a guest may import: module weir, and WASI as far as it is served.
//
// A guest's mistake is data: it comes out as a *Failure, and the instance is dead until it is restored. Whatever a guest does, and
// whatever mistake of ours it uncovers, contain in this package turns it into an error; nothing panics through.
package abi

//go:generate go run ../../guest-abi/gen -root ../..
