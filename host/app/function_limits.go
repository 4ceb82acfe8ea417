package app

import (
	"fmt"
	"slices"

	"github.com/weir-stream/weir/host/abi"
	"github.com/weir-stream/weir/host/engine"
	"github.com/weir-stream/weir/host/operator"
	"github.com/weir-stream/weir/host/option"
)

// engineLimits takes the options that bound a call.
func engineLimits(bag *option.Bag) engine.Limits {
	l := engine.Limits{
		Memory:    size(bag, "weir.memory", engine.DefaultMemory, leastMemory, engine.MaxMemory),
		Timeout:   bag.Duration("weir.timeout", engine.DefaultTimeout),
		Fuel:      count(bag, "weir.fuel", engine.DefaultFuel, engine.MaxFuel),
		Depth:     int(count(bag, "weir.depth", engine.DefaultDepth, engine.MaxDepth)),
		HostCalls: int(count(bag, "weir.host_calls", engine.DefaultHostCalls, engine.MaxHostCalls)),
	}
	_, given := bag.Peek("weir.fuel_per_second")
	if rate := count(bag, "weir.fuel_per_second", 1, engine.MaxFuelPerSecond); given { // there is none by default
		l.FuelPerSecond = rate
	}
	if l.Timeout <= 0 || l.Timeout > engine.MaxTimeout {
		bag.Reject("weir.timeout", "a time above 0 and up to 1h, such as '500ms'")
	}
	return l
}

// leastMemory leaves room for one page beside the stack.
const leastMemory = 2 * engine.PageSize

// answerLimits takes the options that bound what a call may answer and log.
func answerLimits(bag *option.Bag) abi.Limits {
	const least = 1 << 10 // of bytes
	return abi.Limits{
		Emits:        int(count(bag, "weir.emits", abi.LimitEmits, abi.MaxEmits)),
		EmittedRows:  int(count(bag, "weir.emitted_rows", abi.LimitEmittedRows, abi.MaxEmittedRows)),
		EmittedBytes: int(size(bag, "weir.emitted_bytes", abi.LimitEmittedBytes, least, abi.MaxEmittedBytes)),
		LogLines:     int(count(bag, "weir.log_lines", abi.LimitLogLines, abi.MaxLogLines)),
		LogBytes:     int(size(bag, "weir.log_bytes", abi.LimitLogBytes, least, abi.MaxLogBytes)),
	}
}

// limit is a limit of a function: the option that sets it, and what it is set to, as people write it.
type limit struct{ option, value string }

// limitsOf lists every limit that can be changed while modules run, in the order of docs/sandbox.md.
func limitsOf(e engine.Limits, a abi.Limits) []limit {
	rate := "none"
	if e.FuelPerSecond > 0 {
		rate = fmt.Sprint(e.FuelPerSecond)
	}
	return []limit{
		{"weir.memory", bytesText(e.Memory)}, {"weir.fuel", fmt.Sprint(e.Fuel)}, {"weir.fuel_per_second", rate},
		{"weir.timeout", e.Timeout.String()}, {"weir.depth", fmt.Sprint(e.Depth)}, {"weir.host_calls", fmt.Sprint(e.HostCalls)},
		{"weir.emits", fmt.Sprint(a.Emits)}, {"weir.emitted_rows", fmt.Sprint(a.EmittedRows)}, {"weir.emitted_bytes", bytesText(int64(a.EmittedBytes))},
		{"weir.log_lines", fmt.Sprint(a.LogLines)}, {"weir.log_bytes", bytesText(int64(a.LogBytes))},
	}
}

// isLimit says whether an option is a limit of limitsOf.
func isLimit(option string) bool {
	return slices.ContainsFunc(limitsOf(engine.Limits{}, abi.Limits{}), func(l limit) bool { return l.option == option })
}

// instanceOption takes weir.instances: how many instances of the function the lanes of a pipeline may have together.
func instanceOption(bag *option.Bag) int {
	most := int64(operator.MostInstances())
	n := bag.Int("weir.instances", most)
	if n < 1 || n > most {
		bag.Reject("weir.instances", fmt.Sprintf("a number from 1 to %d, four for each processor", most))
	}
	return int(n)
}

// count takes a number from 1 to most.
func count(bag *option.Bag, key string, preset, most int64) int64 {
	n := bag.Int(key, preset)
	if n < 1 || n > most {
		bag.Reject(key, fmt.Sprintf("a number from 1 to %d", most))
	}
	return n
}

// size takes a number of bytes from least to most, both of them whole units.
func size(bag *option.Bag, key string, preset, least, most int64) int64 {
	n := bag.Size(key, preset)
	if n < least || n > most {
		bag.Reject(key, fmt.Sprintf("a size from %s to %s", unit(least), unit(most)))
	}
	return n
}

// bytesText writes any size as options take it.
func bytesText(n int64) string {
	if n%(1<<10) != 0 {
		return fmt.Sprint(n)
	}
	return unit(n)
}

// unit writes a size of whole units as options take it.
func unit(n int64) string {
	if n%(1<<20) == 0 {
		return fmt.Sprintf("%dMB", n>>20)
	}
	return fmt.Sprintf("%dKB", n>>10)
}
