// Package main is a module that fails on some flights, each in the way that its number names, and otherwise passes every
// row on. Its progress cell says the truth, or stays where it is, or lies.
package main

import (
	"errors"

	"github.com/weir-stream/weir/guest-abi/go/weir"
)

func main() {}

func init() { weir.Register(poison) }

// kept keeps what is allocated; counted is what no compiler may leave out.
var (
	kept    [][]byte
	counted int
)

func poison(o *weir.Open) (weir.Process, error) {
	cell := o.Param("cell").Text("honest")
	flight := o.Int32("flight")
	all := o.Patch("")
	return func(b *weir.Batch) error {
		all.SelectAll()
		for r, number := range flight.Values() {
			switch cell {
			case "honest":
				b.Row(r)
			case "lying":
				b.Row((r + 1) % b.Len())
			}
			if err := fail(number); err != nil {
				return err
			}
		}
		return nil
	}, nil
}

func fail(number int32) error {
	switch number {
	case -1:
		panic("poison")
	case -2:
		for {
			kept = append(kept, make([]byte, 1<<20))
		}
	case -3:
		return errors.New("a batch with poison")
	case -4:
		for {
			counted++
		}
	}
	return nil
}
