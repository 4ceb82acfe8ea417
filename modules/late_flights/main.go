// Package main is the module late_flights: it keeps flights that left late and says how late.
package main

import "github.com/weir-stream/weir/guest-abi/go/weir"

func main() {}

func init() { weir.Register(lateFlights) }

func lateFlights(o *weir.Open) (weir.Process, error) {
	delay := o.Int64("dep_delay")
	least := o.Param("min_delay").Int64(60)
	if least < 0 {
		return nil, weir.BadParameter("min_delay", "must be 0 or more minutes")
	}
	late := o.Patch("")
	class := late.Text("delay_class").NotNull()

	return func(b *weir.Batch) error {
		for r, minutes := range delay.Values() {
			if minutes < least || delay.Null(r) {
				continue
			}
			late.Select(r)
			class.Append(classOf(minutes))
		}
		return nil
	}, nil
}

func classOf(minutes int64) string {
	switch {
	case minutes < 60:
		return "minor"
	case minutes < 180:
		return "major"
	default:
		return "severe"
	}
}
