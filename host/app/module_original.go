package app

import (
	"context"
	"encoding/binary"
	"errors"
	"slices"

	"github.com/weir-stream/weir/host/abi"
	"github.com/weir-stream/weir/host/engine"
	"github.com/weir-stream/weir/host/sandbox"
	"github.com/weir-stream/weir/internal/fault"
)

// originalRun is an instance of a module that is not metered.
type originalRun struct {
	*abi.Instance
	module engine.Module
}

func (o *originalRun) close(ctx context.Context) {
	_ = o.Instance.Close(ctx) // at the end of the process; nothing is lost by a failure
	_ = o.module.Close(ctx)
}

// original opens the module as it was built, without metering. Nothing bounds what it does but its memory: so it may only be
// handed what the metered one has got through within its limits, call by call. The two do the same, since a module sees
// neither the metering nor a clock or chance that differ from run to run.
func (b *bench) original(ctx context.Context) (_ *originalRun, err error) {
	wasm, err := readModule(b.Path)
	if err != nil {
		return nil, err
	}
	if hash(wasm) != b.function.hash {
		return nil, fault.Inputf("%s has changed meanwhile; run bench again", b.Path)
	}
	e, err := b.planner.modules.engineNamed(b.function.engine)
	if err != nil {
		return nil, err
	}
	strip := &stripper{Engine: e, original: wasm}
	o := new(originalRun)
	if o.module, err = abi.Compile(ctx, strip, nil, wasm, b.function.module.Limits()); err != nil {
		return nil, err
	}
	call := *b.plan.calls[0]
	f := *call.fn
	f.module, call.fn = o.module, &f
	if o.Instance, err = b.planner.modules.instance(ctx, &call); err != nil {
		_ = o.module.Close(ctx) // the first error is the one to tell
		return nil, err
	}
	return o, nil
}

// stripper is an engine that compiles the original in place of what it was rewritten to.
type stripper struct {
	engine.Engine
	original []byte
}

func (s *stripper) Compile(ctx context.Context, m *sandbox.Module, o engine.Options) (engine.Module, error) {
	bare, err := bareModule(s.original, m)
	if err != nil {
		return nil, err
	}
	return s.Engine.Compile(ctx, bare, o)
}

// Sections of a module and kinds of exports, by their numbers in the binary format.
const (
	sectionGlobal = 6
	sectionExport = 7
	sectionStart  = 8

	kindFunction = 0
	kindGlobal   = 3
)

// account are the globals that an engine sets and reads, all mutable and 0 at first.
var account = []struct{ name, global string }{
	{sandbox.FuelExport, "\x7e\x01\x42\x00\x0b"}, {sandbox.DepthExport, "\x7f\x01\x41\x00\x0b"},
	{sandbox.PagesExport, "\x7f\x01\x41\x00\x0b"}, {sandbox.RefusedExport, "\x7f\x01\x41\x00\x0b"},
}

var errSections = errors.New("the sections of the module are broken")

// bareModule is a module as it was built, with as much of what rewriting adds as an engine insists on: the globals of the
// account, which no code of it touches, and the start function as an export. rewritten is what the sandbox made of it, and
// vouches that it is valid. Globals of the module's own are not exported, so an instance can't be restored.
func bareModule(wasm []byte, rewritten *sandbox.Module) (*sandbox.Module, error) {
	sections, err := sectionsOf(wasm)
	if err != nil {
		return nil, err
	}
	at := slices.IndexFunc(sections, func(s section) bool { return s.id >= sectionGlobal })
	if at < 0 {
		return nil, errSections
	}
	if sections[at].id != sectionGlobal {
		sections = slices.Insert(sections, at, section{sectionGlobal, []byte{0}})
	}
	var globals, exports []byte
	added := uint64(0)
	first, _ := binary.Uvarint(sections[at].content) // imported globals are refused
	for i, g := range account {
		globals = append(globals, g.global...)
		exports, added = appendExport(exports, g.name, kindGlobal, first+uint64(i)), added+1
	}
	if i := slices.IndexFunc(sections, func(s section) bool { return s.id == sectionStart }); i >= 0 {
		function, _ := binary.Uvarint(sections[i].content)
		exports, added = appendExport(exports, sandbox.StartExport, kindFunction, function), added+1
		sections = slices.Delete(sections, i, i+1)
	}
	bare := *rewritten
	bare.Globals, bare.Restorable = nil, false
	bare.Wasm = slices.Clone(wasm[:wasmHeader])
	for _, s := range sections {
		switch s.id {
		case sectionGlobal:
			s.content = extend(s.content, uint64(len(account)), globals)
		case sectionExport:
			s.content = extend(s.content, added, exports)
		}
		bare.Wasm = binary.AppendUvarint(append(bare.Wasm, s.id), uint64(len(s.content)))
		bare.Wasm = append(bare.Wasm, s.content...)
	}
	return &bare, nil
}

// section is a section of a module.
type section struct {
	id      byte
	content []byte
}

const wasmHeader = 8

func sectionsOf(wasm []byte) (sections []section, err error) {
	if len(wasm) < wasmHeader {
		return nil, errSections
	}
	for rest := wasm[wasmHeader:]; len(rest) > 0; {
		size, n := binary.Uvarint(rest[1:])
		if n <= 0 || size > uint64(len(rest)-1-n) {
			return nil, errSections
		}
		end := 1 + n + int(size)
		sections, rest = append(sections, section{rest[0], rest[1+n : end]}), rest[end:]
	}
	return sections, nil
}

// extend adds entries to a vector.
func extend(vector []byte, more uint64, entries []byte) []byte {
	count, n := binary.Uvarint(vector)
	return append(append(binary.AppendUvarint(nil, count+more), vector[max(n, 0):]...), entries...)
}

func appendExport(to []byte, name string, kind byte, index uint64) []byte {
	to = append(binary.AppendUvarint(to, uint64(len(name))), name...)
	return binary.AppendUvarint(append(to, kind), index)
}
