// Package main is the module gain: it adds to every flight the minutes that it made up on the way.
//
// Its manifest asks for all columns of the flights, so that a pipeline through it decodes and encodes each of them: the
// heaviest work that a module with little to compute can be given.
package main

import "github.com/weir-stream/weir/guest-abi/go/weir"

func main() {}

func init() { weir.Register(gain) }

func gain(o *weir.Open) (weir.Process, error) {
	departure, arrival := o.Int64("dep_delay"), o.Int64("arr_delay")
	all := o.Patch("")
	gain := all.Int64("gain")

	return func(b *weir.Batch) error {
		all.SelectAll()
		minutes := gain.Grow(b.Len())
		left, landed := departure.Values(), arrival.Values()
		for r := range minutes {
			minutes[r] = left[r] - landed[r]
		}
		gain.SetNullsOf(departure, arrival)
		return nil
	}, nil
}
