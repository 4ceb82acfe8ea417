package evil

import (
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/weir-stream/weir/host/abi"
	"github.com/weir-stream/weir/host/engine"
)

// Limits are what an attack is run under: small, so that the suite is quick, and such that it is the fuel that ends a loop and
// not the clock, since fuel is the same on every machine.
type Limits struct {
	Memory    int64         // memory, bytes
	Fuel      int64         // fuel, units of a call
	FuelRate  int64         // fuel_rate, units a second; 0: any
	Timeout   time.Duration // timeout, of a call
	Depth     int           // depth, slots
	HostCalls int           // host_calls, of a call
}

// DefaultLimits are those of an attack that doesn't say otherwise.
var DefaultLimits = Limits{Memory: 8 << 20, Fuel: 1_000_000, Timeout: time.Minute, Depth: 100_000, HostCalls: 10_000}

// abiLimits bound what any attack may answer.
var abiLimits = abi.Limits{Outputs: 4, Columns: 40, Emits: 16, EmittedRows: 100, EmittedBytes: 64 << 10, LogLines: 20}

// parseLimits reads "fuel=1000 timeout=100ms".
func parseLimits(text string) (Limits, error) {
	l := DefaultLimits
	for word := range strings.FieldsSeq(text) {
		key, value, _ := strings.Cut(word, "=")
		if key == "timeout" {
			d, err := time.ParseDuration(value)
			if err != nil {
				return l, err
			}
			l.Timeout = d
			continue
		}
		n, err := strconv.ParseInt(value, 10, 64)
		if err != nil {
			return l, fmt.Errorf("limit %s: %w", word, err)
		}
		switch key {
		case "memory":
			l.Memory = n
		case "fuel":
			l.Fuel = n
		case "fuel_rate":
			l.FuelRate = n
		case "depth":
			l.Depth = int(n)
		case "host_calls":
			l.HostCalls = int(n)
		default:
			return l, fmt.Errorf("there is no limit %q", key)
		}
	}
	return l, nil
}

// engine is the limits as an engine takes them.
func (l Limits) engine() engine.Limits {
	return engine.Limits{Memory: l.Memory, Fuel: l.Fuel, FuelPerSecond: l.FuelRate, Timeout: l.Timeout, Depth: l.Depth, HostCalls: l.HostCalls}.WithDefaults()
}
