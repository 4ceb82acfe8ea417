package app

import (
	"os"
	"strings"
	"time"

	"github.com/weir-stream/weir/fluvio"
	"github.com/weir-stream/weir/internal/fault"
)

// SmartModuleConfig says which SmartModule the cluster runs over records: one that it has, or one from a file.
type SmartModuleConfig struct {
	Name         string
	Path         string   // of a wasm file
	Params       []string // NAME=VALUE
	Aggregate    *string  // what an aggregate begins with; nil: nothing
	LookbackLast uint64
	LookbackAge  time.Duration
}

// set tells whether there is one.
func (c *SmartModuleConfig) set() bool { return c.Name != "" || c.Path != "" }

// chain is the SmartModule, if there is one.
func (c *SmartModuleConfig) chain() ([]fluvio.SmartModule, error) {
	if !c.set() {
		return nil, nil
	}
	m := fluvio.SmartModule{Name: c.Name, Params: make(map[string]string, len(c.Params))}
	for _, param := range c.Params {
		name, value, ok := strings.Cut(param, "=")
		if !ok || name == "" {
			return nil, fault.Inputf("--params: want NAME=VALUE, got %q", param)
		}
		m.Params[name] = value
	}
	if c.Path != "" {
		wasm, err := os.ReadFile(c.Path)
		if err != nil {
			return nil, fault.InputError(err)
		}
		m.Wasm = wasm
	}
	if c.Aggregate != nil {
		m.Accumulator = []byte(*c.Aggregate)
	}
	if c.LookbackAge < 0 {
		return nil, fault.Inputf("--lookback-age: want 0 or more, got %s", c.LookbackAge)
	}
	if c.LookbackLast > 0 || c.LookbackAge > 0 {
		m.Lookback = &fluvio.Lookback{Last: c.LookbackLast, Age: c.LookbackAge}
	}
	return []fluvio.SmartModule{m}, nil
}
