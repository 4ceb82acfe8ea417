// Package main is a module that passes every flight on, after a hundred thousand rounds of work for each unit of its number.
package main

import "github.com/weir-stream/weir/guest-abi/go/weir"

func main() {}

func init() { weir.Register(thirsty) }

// worked is what no compiler may leave out.
var worked int

func thirsty(o *weir.Open) (weir.Process, error) {
	flight := o.Int32("flight")
	all := o.Patch("")
	return func(b *weir.Batch) error {
		all.SelectAll()
		for r, number := range flight.Values() {
			b.Row(r)
			for range int(number) * 100_000 {
				worked++
			}
		}
		return nil
	}, nil
}
