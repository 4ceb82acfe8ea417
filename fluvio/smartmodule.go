package fluvio

import (
	"fmt"
	"math"
	"slices"
	"time"

	"github.com/weir-stream/weir/fluvio/internal/objects"
	"github.com/weir-stream/weir/fluvio/protocol"
)

// SmartModule is a WebAssembly program that an SPU runs over records: over what a consumer reads, or over what a producer writes before
// it is stored.
type SmartModule struct {
	// Name of a SmartModule that the cluster has: plain, group/name or group/name@version. If Wasm is set it is a label for the
	// cluster's metrics and may be empty.
	Name string
	// Wasm is the program itself, as a .wasm file has it. Nil: the cluster has it.
	Wasm []byte
	// Params is handed to the program's init function.
	Params map[string]string
	// Lookback chooses records that the program is shown before it starts; nil for none.
	Lookback *Lookback
	// Accumulator is what an aggregate begins with, if it is not nil.
	Accumulator []byte
}

// Lookback chooses the last records of a partition.
type Lookback struct {
	Last uint64        // at most this many; 0 with an Age: all of that age
	Age  time.Duration // at most this old; 0: of any age
}

// SmartModuleOption is an option of producers and of consumers.
type SmartModuleOption struct{ chain smartModules }

// WithSmartModules has the cluster run SmartModules over the records, one after the other in the order given.
//
// What comes out of them has lost its place: the records that a consumer gets at a time are numbered one by one, from the offset of the
// first record that went in. That is not where they are in the log, and where a SmartModule makes more of them than there were, numbers
// come twice. What can be relied on is the position, and Commit: they move when all that came at a time has been returned, so who goes on
// from there misses nothing and may get some records again. SPUs filter whole batches, so who starts within one gets what was made of its
// beginning, too. WithUntil and WithUntilEnd end at such a position too, not within. WithDropStale drops nothing.
//
// A SmartModule that fails at a record ends the consumer: it returns the records before, and then an error that holds
// protocol.ErrorCodeSmartModuleRuntimeError. An SPU sends nothing for records of which nothing is left.
func WithSmartModules(chain ...SmartModule) SmartModuleOption {
	return SmartModuleOption{slices.Clone(chain)}
}

func (o SmartModuleOption) applyProducer(s *producerSettings) { s.smartModules = o.chain }
func (o SmartModuleOption) applyConsumer(s *consumerSettings) { s.smartModules = o.chain }

// smartModules is a chain of SmartModules.
type smartModules []SmartModule

const (
	// largestSmartModule that is sent along, in bytes: far more than a cluster takes.
	largestSmartModule = 64 << 20
	// mostSmartModules in a chain.
	mostSmartModules = 1000
)

// invocations is the chain as requests have it, nil for an empty one. It compresses programs, so it is made once.
func (chain smartModules) invocations() ([]protocol.SmartModuleInvocation, error) {
	if len(chain) > mostSmartModules {
		return nil, fmt.Errorf("%d SmartModules: want at most %d", len(chain), mostSmartModules)
	}
	var all []protocol.SmartModuleInvocation
	for i := range chain {
		if err := chain[i].check(); err != nil {
			return nil, fmt.Errorf("SmartModule %d (%q): %w", i, chain[i].Name, err)
		}
		invocation, err := chain[i].invocation()
		if err != nil {
			return nil, fmt.Errorf("SmartModule %d (%q): %w", i, chain[i].Name, err)
		}
		all = append(all, invocation)
	}
	return all, nil
}

// check finds what could not be sent.
func (m *SmartModule) check() error {
	switch {
	case m.Name == "" && m.Wasm == nil:
		return fmt.Errorf("neither a name nor a program")
	case len(m.Name) > protocol.MaxString:
		return fmt.Errorf("name of %d bytes: want at most %d", len(m.Name), protocol.MaxString)
	case len(m.Wasm) > largestSmartModule:
		return fmt.Errorf("program of %d bytes: want at most %d", len(m.Wasm), largestSmartModule)
	case len(m.Accumulator) > largestSmartModule:
		return fmt.Errorf("accumulator of %d bytes: want at most %d", len(m.Accumulator), largestSmartModule)
	case len(m.Params) > math.MaxInt16:
		return fmt.Errorf("%d parameters: want at most %d", len(m.Params), math.MaxInt16)
	case m.Lookback != nil && m.Lookback.Age < 0:
		return fmt.Errorf("look-back of age %v: want 0 or more", m.Lookback.Age)
	}
	for key, value := range m.Params {
		if len(key) > protocol.MaxString || len(value) > protocol.MaxString {
			return fmt.Errorf("parameter %.40q: want at most %d bytes for key and value", key, protocol.MaxString)
		}
	}
	return nil
}

// invocation is what official clients send (fluvio-spu-schema/src/server/smartmodule.rs): the kind is always Generic, for SPUs look at what
// the program exports.
func (m *SmartModule) invocation() (protocol.SmartModuleInvocation, error) {
	i := protocol.SmartModuleInvocation{
		Wasm:   protocol.SmartModuleWasm{Tag: protocol.SmartModuleWasmPredefined, Value: &protocol.SmartModuleName{Name: m.Name}},
		Kind:   protocol.SmartModuleKind{Tag: protocol.SmartModuleKindGeneric, Value: &protocol.SmartModuleContext{}},
		Params: protocol.SmartModuleExtraParams{Params: m.Params},
	}
	if m.Name != "" {
		i.Name = &m.Name
	}
	if m.Wasm != nil {
		code, err := objects.Pack(m.Wasm)
		if err != nil {
			return i, err
		}
		i.Wasm = protocol.SmartModuleWasm{Tag: protocol.SmartModuleWasmAdHoc, Value: &protocol.SmartModuleCode{Gzip: code}}
	}
	if m.Accumulator != nil {
		i.Kind.Value = &protocol.SmartModuleContext{
			Tag: protocol.SmartModuleContextAggregate, Value: &protocol.SmartModuleAccumulator{Accumulator: m.Accumulator},
		}
	}
	if m.Lookback != nil {
		i.Params.Lookback = &protocol.Lookback{Last: m.Lookback.Last}
		if m.Lookback.Age > 0 {
			i.Params.Lookback.Age = &m.Lookback.Age
		}
	}
	return i, nil
}
