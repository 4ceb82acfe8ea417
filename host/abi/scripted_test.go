package abi

import (
	"context"
	"encoding/binary"
	"slices"
	"strings"
	"time"

	"github.com/apache/arrow-go/v18/arrow/memory"

	"github.com/weir-stream/weir/host/engine"
)

// scripted is a guest without wasm: a memory, and a Go function for each export. It is engine, module and instance in one,
// so that tests can call host functions in ways, and as often, as no module is quick to be written for.
type scripted struct {
	exports map[string]func(s *scripted, argument uint32) (uint32, error)
	memory  flatMemory
	host    any

	room, held     int64 // of Limits.Memory beside the linear memory
	fuel, consumed int64
	calls          int
	image          []byte
}

// arena is where scripted guests have theirs: in the upper half of the memory.
func (s *scripted) arena() uint32 { return uint32(len(s.memory) / 2) }

var _ engine.Module = (*scripted)(nil)
var _ engine.Instance = (*scripted)(nil)

func newScripted(bytes int) *scripted {
	return &scripted{memory: make(flatMemory, bytes), room: 1 << 40, fuel: 1 << 40, exports: map[string]func(*scripted, uint32) (uint32, error){
		"weir_arena": func(s *scripted, n uint32) (uint32, error) {
			if uint64(s.arena())+uint64(n) > uint64(len(s.memory)) {
				return 0, nil
			}
			return s.arena(), nil
		},
	}}
}

func (s *scripted) Limits() engine.Limits       { return engine.Limits{}.WithDefaults() }
func (s *scripted) SetLimits(engine.Limits)     {}
func (s *scripted) Memory() engine.Memory       { return s.memory }
func (s *scripted) Fuel() uint64                { return uint64(s.consumed) }
func (s *scripted) Time() time.Duration         { return 0 }
func (s *scripted) GrowRefused() bool           { return false }
func (s *scripted) Close(context.Context) error { return nil }

func (s *scripted) Instantiate(_ context.Context, host any) (engine.Instance, error) {
	s.host = host
	return s, nil
}

func (s *scripted) Hold(n int64) error {
	if n < 0 {
		panic("less than nothing is held")
	}
	if s.held+n > s.room {
		return engine.ErrMemory
	}
	s.held += n
	return nil
}

func (s *scripted) Charge(n int64) error {
	if n < 0 {
		panic("less than nothing is charged")
	}
	if s.consumed += n; s.consumed > s.fuel {
		return &engine.Trap{Class: engine.Fuel, Message: "no fuel"}
	}
	return nil
}

func (s *scripted) Pin() error {
	s.image = slices.Clone([]byte(s.memory))
	return nil
}

func (s *scripted) Restore(context.Context) error {
	copy(s.memory, s.image)
	return nil
}

func (s *scripted) Lookup(name string, _ engine.FuncType) (engine.Func, error) {
	if s.exports[name] == nil {
		return nil, engine.ErrNoExport
	}
	return scriptedFunc{s, name}, nil
}

type scriptedFunc struct {
	*scripted
	name string
}

// Call runs an export as a call from outside. What a host function answered comes out as the contract of engines has it.
func (f scriptedFunc) Call(_ context.Context, stack []uint64) error {
	f.held, f.consumed = 0, 0
	f.calls++
	result, err := f.exports[f.name](f.scripted, uint32(stack[0]))
	stack[0] = uint64(result)
	if err == nil {
		return nil
	}
	if trap, ok := err.(*engine.Trap); ok {
		return trap
	}
	return &engine.Trap{Class: engine.Host, Message: err.Error(), Err: err}
}

// call calls a host function, "weir.emit" or "wasi_snapshot_preview1.fd_write", with the upper halves of i32s set.
func (s *scripted) call(name string, arguments ...uint64) (uint64, error) {
	f := hostFuncNamed(name)
	stack := make([]uint64, max(len(f.Type.Params), 1))
	copy(stack, arguments)
	for k, p := range f.Type.Params {
		if p == engine.I32 {
			stack[k] |= 0xdead << 32
		}
	}
	err := f.Call(context.Background(), s.host, s.memory, stack)
	return stack[0], err
}

func hostFuncNamed(name string) engine.HostFunc {
	module, function, _ := strings.Cut(name, ".")
	k := slices.IndexFunc(HostFuncs(), func(f engine.HostFunc) bool { return f.Module == module && f.Name == function })
	return HostFuncs()[k]
}

// put writes to the guest's memory and gives address and length as arguments.
func (s *scripted) put(at int, b []byte) (uint64, uint64) {
	copy(s.memory[at:], b)
	return uint64(at), uint64(len(b))
}

// emit calls emit. The rows are put before the message, NoRows where they are nil.
func (s *scripted) emit(output uint32, rows []uint32, message []byte) error {
	count := uint64(NoRows)
	if rows != nil {
		count = uint64(len(rows))
	}
	for k, r := range rows {
		binary.LittleEndian.PutUint32(s.memory[4*k:], r)
	}
	at, n := s.put(4*len(rows)+1, message) // nothing need be aligned
	_, err := s.call("weir.emit", uint64(output), 0, count, at, n)
	return err
}

// tally is an allocator that says what it has handed out, and what of that has not come back.
type tally struct {
	*memory.CheckedAllocator
	allocated int64
}

func newTally() *tally {
	return &tally{CheckedAllocator: memory.NewCheckedAllocator(memory.DefaultAllocator)}
}

func (a *tally) Allocate(n int) []byte {
	a.allocated += int64(n)
	return a.CheckedAllocator.Allocate(n)
}
