package abi

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/memory"

	"github.com/weir-stream/weir/host/engine"
	"github.com/weir-stream/weir/host/ipc"
	"github.com/weir-stream/weir/internal/fault"
)

// Config is what an instance is opened with.
type Config struct {
	Name       string            // what the module is called in logs and errors
	Input      *arrow.Schema     // the columns of every batch: those of Manifest.InputColumns, in that order
	Parameters map[string]string // checked against the manifest, whose defaults are filled in
	Manifest   *Manifest         // nil: the module has none
	Limits     Limits            // of each call
	Live       *LiveLimits       // nil: Limits, which never change; else those, and Limits count for nothing
	Logger     *slog.Logger      // for the guest's lines; nil: they are dropped
	Seed       uint64            // of the guest's randomness, together with a row's coordinates
	OpenTime   int64             // the guest's clock at the start of a call, until a row has a time, in ms since 1970; default 1
	Allocator  memory.Allocator  // for what is copied out; nil: a pool of the instance's own that keeps at most 4 MiB idle
}

// Output is an output that a guest declared.
type Output struct {
	Name   string        // "" is the default output
	Kind   int           // OutputBatch or OutputPatch
	Schema *arrow.Schema // columns of a batch; columns that a patch adds or replaces, perhaps none

	reader *ipc.Reader
	fields int64 // of Schema, with those inside of its columns
}

// Stats count what an instance has done since it was opened.
type Stats struct {
	Calls       uint64        // of weir_process
	BytesIn     uint64        // copied into the guest
	BytesOut    uint64        // copied out of it: messages, row lists and texts
	GuestTime   time.Duration // in calls into the guest, host functions and waiting included, since it was made
	Fuel        uint64        // consumed, since it was made; the same on every machine for the same calls
	MemoryBytes uint64        // size of the guest's memory now
}

// Instance is one opened guest. One goroutine at a time may use it; what it returned may be released by another.
//
// When it has been opened its state is kept, and Restore goes back to it.
type Instance struct {
	config  Config
	limits  *Limits // of the running call
	engine  engine.Instance
	memory  engine.Memory
	writer  *ipc.Writer
	outputs []Output
	stats   Stats
	dead    bool
	opening bool

	arenaFunc, processFunc engine.Func
	arena, arenaSize       uint32
	progress               uint32 // address of the progress cell
	hasProgress            bool

	call   call
	world  world
	opened opened
	mem    memory.Allocator
	spare  spareResults
	stack  [1]uint64
}

// Open starts an instance and shakes hands with it: _initialize, weir_open with schema and parameters, the outputs that
// it declares, weir_progress. module must be compiled with HostFuncs. A guest that refuses, or fails, gives a *Failure; a
// configuration that the module does not take gives an error of class input.
func Open(ctx context.Context, module engine.Module, c Config) (_ *Instance, err error) {
	i, err := newInstance(c)
	if err != nil {
		return nil, err
	}
	defer func() {
		if err != nil && i.engine != nil {
			_ = i.engine.Close(ctx)
		}
	}()
	defer i.contain(&err)
	i.opening = true
	if err := i.start(ctx, module); err != nil {
		return nil, i.fail(err)
	}
	if err := i.open(ctx); err != nil {
		return nil, i.fail(err)
	}
	i.opening = false
	i.begin(phaseIdle, "")
	if err := i.pin(); err != nil {
		return nil, fault.EnvironmentError(fmt.Errorf("module %s: %w", c.Name, err))
	}
	return i, nil
}

func newInstance(c Config) (*Instance, error) {
	if c.Live == nil {
		c.Live = NewLiveLimits(c.Limits)
	}
	if c.Logger == nil {
		c.Logger = slog.New(slog.DiscardHandler)
	}
	if c.Manifest != nil {
		parameters, err := c.Manifest.Parameters.Resolve(c.Parameters)
		if err != nil {
			return nil, err
		}
		c.Parameters = parameters
		indexes, err := c.Manifest.InputColumns(c.Input)
		if err != nil {
			return nil, err
		}
		for i, index := range indexes {
			if i != index || len(indexes) != c.Input.NumFields() {
				return nil, fmt.Errorf("module %s: the input is not the columns that its manifest asks for, in its order", c.Name)
			}
		}
	}
	writer, err := ipc.NewWriter(c.Input)
	if err != nil {
		return nil, fault.InputError(fmt.Errorf("module %s: input: %w", c.Name, err))
	}
	i := &Instance{config: c, writer: writer, mem: c.Allocator}
	if i.mem == nil {
		i.mem = &pool{}
	}
	i.world.seed, i.world.now = c.Seed, max(c.OpenTime, 1)*int64(time.Millisecond) // Go's runtime takes 0 for a broken clock
	return i, nil
}

// The types of what a guest exports, by spec.gen.go.
var (
	typeNone    = engine.FuncType{}
	typeAddress = engine.FuncType{Results: []engine.ValueType{engine.I32}}
	typeLength  = engine.FuncType{Params: []engine.ValueType{engine.I32}, Results: []engine.ValueType{engine.I32}}
)

// start instantiates the module and initialises it.
func (i *Instance) start(ctx context.Context, module engine.Module) (err error) {
	i.begin(phaseStart, "start")
	if i.engine, err = module.Instantiate(ctx, i); err != nil {
		return err
	}
	i.flush(ctx, false)
	if i.memory = i.engine.Memory(); i.memory == nil {
		return fault.Inputf("module %s exports no memory", i.config.Name)
	}
	if i.arenaFunc, err = i.engine.Lookup("weir_arena", typeLength); err != nil {
		return fault.InputError(err)
	}
	if i.processFunc, err = i.engine.Lookup("weir_process", typeLength); err != nil {
		return fault.InputError(err)
	}
	initialize, err := i.engine.Lookup("_initialize", typeNone)
	if errors.Is(err, engine.ErrNoExport) {
		return nil
	}
	if err != nil {
		return fault.InputError(err)
	}
	i.begin(phaseStart, "_initialize")
	_, err = i.run(ctx, initialize, 0)
	return err
}

// open hands the open request over and takes the declarations.
func (i *Instance) open(ctx context.Context) error {
	open, err := i.engine.Lookup("weir_open", typeLength)
	if err != nil {
		return fault.InputError(err)
	}
	request, err := openRequest(i.config.Input, i.config.Parameters)
	if err != nil {
		return err
	}
	arena, err := i.reserve(ctx, len(request))
	if err != nil {
		return err
	}
	i.stats.BytesIn += uint64(copy(arena, request))
	i.begin(phaseOpen, "weir_open")
	status, err := i.run(ctx, open, uint32(len(request)))
	if err != nil {
		return err
	}
	if status != StatusOK {
		return i.refused(status)
	}
	if err := i.declared(); err != nil {
		return err
	}
	progress, err := i.engine.Lookup("weir_progress", typeAddress)
	if errors.Is(err, engine.ErrNoExport) {
		return nil
	}
	if err != nil {
		return fault.InputError(err)
	}
	i.begin(phaseStart, "weir_progress")
	cell, err := i.run(ctx, progress, 0)
	if err != nil {
		return err
	}
	if cell%4 != 0 || uint64(cell)+4 > uint64(len(i.memory.Bytes())) {
		return violated(CodeProgressRange, "the progress cell at %d is not an aligned u32 in the memory of %d bytes", cell, len(i.memory.Bytes()))
	}
	i.progress, i.hasProgress = cell, true
	return nil
}

// run calls a guest's function of at most one parameter and one result.
func (i *Instance) run(ctx context.Context, f engine.Func, argument uint32) (uint32, error) {
	i.stack[0] = uint64(argument)
	err := f.Call(ctx, i.stack[:])
	i.flush(ctx, err != nil)
	return uint32(i.stack[0]), err
}

// fail is the end of an instance: it turns err into what the caller gets.
func (i *Instance) fail(err error) error {
	i.dead = true
	var f *Failure
	var trap *engine.Trap
	var broken *violation
	var message *ipc.Error
	switch {
	case errors.As(err, &f):
	case errors.As(err, &trap), errors.As(err, &broken), errors.As(err, &message):
		f = i.failure(err)
	default:
		return err
	}
	if i.engine != nil && i.engine.GrowRefused() {
		f.starved()
	}
	return f.classed()
}

// contain is the one place where a panic below this package ends: in a Failure of kind bug.
func (i *Instance) contain(err *error) {
	if r := recover(); r != nil {
		i.dead = true
		*err = i.failure(fmt.Errorf("the host panicked: %v", r))
	}
}

// Outputs are the outputs that the guest declared, by number. The caller must not change them.
func (i *Instance) Outputs() []Output { return i.outputs }

// Stats counts since Open.
func (i *Instance) Stats() Stats {
	s := i.stats
	if i.engine != nil {
		s.Fuel, s.GuestTime = i.engine.Fuel(), i.engine.Time()
	}
	if i.memory != nil && !i.dead {
		s.MemoryBytes = uint64(len(i.memory.Bytes()))
	}
	return s
}

// Close ends the instance. Results that were not released stay valid.
func (i *Instance) Close(ctx context.Context) error {
	i.dead = true
	return i.engine.Close(ctx)
}
