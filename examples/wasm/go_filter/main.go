// Package main is the smallest module in Go: it keeps flights that left at least min_delay minutes late.
package main

import "github.com/weir-stream/weir/guest-abi/go/weir"

func main() {}

func init() {
	weir.Register(weir.Filter(func(o *weir.Open) (weir.RowFunc, error) {
		delay, least := o.Int64("dep_delay"), o.Param("min_delay").Int64(60)
		return func(r weir.Row) (keep bool, err error) {
			minutes, ok := delay.Get(r)
			return ok && minutes >= least, nil
		}, nil
	}))
}
