// Package weir is the SDK for weir operators in Go: what a sandboxed module uses to read batches of rows and to answer them.
//
// A module is a main package with an empty main, built by stock Go as a WebAssembly reactor. Its operator is registered by
// an init function; the package exports the functions of weir's guest ABI around it:
//
//	package main
//
//	import "github.com/weir-stream/weir/guest-abi/go/weir"
//
//	func main() {}
//
//	func init() {
//		weir.Register(weir.Filter(func(o *weir.Open) (weir.RowFunc, error) {
//			delay := o.Int64("dep_delay")
//			return func(r weir.Row) (keep bool, err error) {
//				minutes, ok := delay.Get(r)
//				return ok && minutes >= 60, nil
//			}, nil
//		}))
//	}
//
//	GOOS=wasip1 GOARCH=wasm go build -trimpath -buildvcs=false -buildmode=c-shared -o filter.wasm .
//
// An [Operator] is called once, to open: it looks up the input's columns, reads parameters, declares outputs and returns the
// function that handles batches. [Filter], [Map] and [FlatMap] make an operator of a function that sees one row at a time.
// For speed, write the operator itself and loop over a column's values.
//
// An output is either a [Patch], which selects rows of the input and adds or replaces columns while the host keeps the rest,
// or [Rows], a batch of the module's own making. Prefer the patch: it is smaller, and each row keeps where it came from.
//
// What a batch's columns give out (slices, strings) lies in the arena that the host writes each batch to. It is valid until the
// function that handles the batch returns; to keep a string longer, use strings.Clone.
//
// A panic is a trap: the host throws the instance away, and its text goes to the host's log.
//
// Off WebAssembly the package compiles as well, so that operators are tested by plain go test; see the package weirtest.
package weir
