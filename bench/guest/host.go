package main

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"

	"github.com/weir-stream/weir/host/engine"
	"github.com/weir-stream/weir/host/sandbox"
)

// instance is a guest in one of the arms.
type instance interface {
	// call calls an exported function of any type; the result is 0 where it has none. The error is errNoExport where there is no such function.
	call(name string, arguments ...uint64) (uint64, error)
	memory() []byte
	close() error
}

var errNoExport = errors.New("not exported")

// types are the types of a module's exported functions, by name.
func types(m *sandbox.Module) map[string]engine.FuncType {
	all := map[string]engine.FuncType{}
	for _, e := range m.Exports {
		if e.Kind == sandbox.KindFunc {
			all[e.Name] = engine.FuncType{Params: valueTypes(e.Params), Results: valueTypes(e.Results)}
		}
	}
	return all
}

func valueTypes(types []sandbox.ValueType) (out []engine.ValueType) {
	for _, t := range types {
		out = append(out, engine.ValueType(t)) // both are WebAssembly's own numbers
	}
	return out
}

// world is what guests find outside of them: nothing but a clock, which moves by a millisecond at each look, so that every arm sees the same.
type world struct{ now uint64 }

// hostFuncs are the functions that a module imports. Those that are not in served answer EBADF of WASI, or 0 to QuickJS.
func hostFuncs(m *sandbox.Module) (all []engine.HostFunc) {
	for _, imported := range m.Imports {
		t := engine.FuncType{Params: valueTypes(imported.Params), Results: valueTypes(imported.Results)}
		serve := served[imported.Name]
		if serve == nil {
			serve = refuse
		}
		if imported.Module != wasi {
			serve = ignore
		}
		results := len(t.Results)
		all = append(all, engine.HostFunc{Module: imported.Module, Name: imported.Name, Type: t,
			Call: func(_ context.Context, host any, mem engine.Memory, stack []uint64) error {
				answer, err := serve(host.(*world), mem.Bytes(), stack)
				if results > 0 {
					stack[0] = answer
				}
				return err
			}})
	}
	return all
}

const (
	wasi    = "wasi_snapshot_preview1"
	badFile = 8 // EBADF
)

func refuse(*world, []byte, []uint64) (uint64, error) { return badFile, nil }
func ignore(*world, []byte, []uint64) (uint64, error) { return 0, nil }

// served are the functions of WASI preview 1 that a Go program needs to begin and to fail.
var served = map[string]func(w *world, memory []byte, stack []uint64) (uint64, error){
	"args_get":          ignore,
	"environ_get":       ignore,
	"sched_yield":       ignore,
	"args_sizes_get":    none,
	"environ_sizes_get": none,
	"clock_time_get": func(w *world, memory []byte, stack []uint64) (uint64, error) {
		w.now += 1_000_000
		return write(memory, stack[2], binary.LittleEndian.AppendUint64(nil, w.now))
	},
	"random_get": func(_ *world, memory []byte, stack []uint64) (uint64, error) {
		random := make([]byte, uint32(stack[1]))
		for i := range random {
			random[i] = byte(i*167 + 13)
		}
		return write(memory, stack[0], random)
	},
	"fd_write": func(_ *world, memory []byte, stack []uint64) (uint64, error) {
		return 0, errors.New("the guest writes to a file, as it does when it fails")
	},
	"proc_exit": func(_ *world, _ []byte, stack []uint64) (uint64, error) {
		return 0, fmt.Errorf("the guest ends with code %d", uint32(stack[0]))
	},
}

// none says that there are no arguments, or no environment.
func none(_ *world, memory []byte, stack []uint64) (uint64, error) {
	if _, err := write(memory, stack[0], make([]byte, 4)); err != nil {
		return 0, err
	}
	return write(memory, stack[1], make([]byte, 4))
}

func write(memory []byte, at uint64, b []byte) (uint64, error) {
	if at = uint64(uint32(at)); at+uint64(len(b)) > uint64(len(memory)) {
		return 0, fmt.Errorf("the guest wants %d bytes at %d of its memory of %d", len(b), at, len(memory))
	}
	copy(memory[at:], b)
	return 0, nil
}
