// Package main is a module that misbehaves at the flight that its parameter names, in the way that another one says.
package main

import (
	"unsafe"

	"github.com/weir-stream/weir/guest-abi/go/weir"
)

//go:wasmimport weir emit
func emit(output, rows, count, message, length uint32) uint32

func main() {}

func init() { weir.Register(evil) }

// kept keeps what is allocated.
var kept [][]byte

func evil(o *weir.Open) (weir.Process, error) {
	how, at := o.Param("how").Required().Text(""), o.Param("flight").Int64(0)
	flight := o.Int32("flight")
	all := o.Patch("")
	if how == "open" {
		panic("evil in open")
	}
	return func(b *weir.Batch) error {
		all.SelectAll()
		for r, number := range flight.Values() {
			b.Row(r)
			if int64(number) == at {
				misbehave(b, r, how)
			}
		}
		return nil
	}, nil
}

func misbehave(b *weir.Batch, r weir.Row, how string) {
	switch how {
	case "trap":
		panic("evil at a row")
	case "spin":
		for spun := 0; ; spun++ {
			if spun < 0 {
				return
			}
		}
	case "allocate":
		for {
			kept = append(kept, make([]byte, 1<<20))
		}
	case "pointer":
		emit(0, 0, 1, 0xfffffff0, 0x1000)
	case "length":
		text := []byte("not a message")
		emit(0, 0, 0xffffffff, uint32(uintptr(unsafe.Pointer(&text[0]))), 0x7fffffff)
	case "garbage":
		text := make([]byte, 64)
		emit(0, 0, 0xffffffff, uint32(uintptr(unsafe.Pointer(&text[0]))), uint32(len(text)))
	}
}
