// Package wasm decodes and validates WebAssembly modules: release 2.0 of the core specification and nothing beyond it.
//
// Decode reads and checks everything but the function bodies, Validator checks those, one at a time, and tells a Visitor
// what a rewriter wants to know on the way. Chapter and section names in comments are those of
// https://www.w3.org/TR/wasm-core-2/ (binary format: chapter 5; validation: chapter 3 and its algorithm, appendix A.3).
//
// Engines read the bytes again with decoders of their own. Where the specification's grammar leaves room that a sloppy
// decoder may read in another way (the number of a vector instruction in more bytes than it needs), this one takes the plain
// form only.
package wasm
