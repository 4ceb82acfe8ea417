package app

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"strings"

	"github.com/weir-stream/weir/host/abi"
	"github.com/weir-stream/weir/host/builtin"
	"github.com/weir-stream/weir/host/engine"
	"github.com/weir-stream/weir/host/option"
	"github.com/weir-stream/weir/host/sandbox"
	"github.com/weir-stream/weir/internal/fault"
	"github.com/weir-stream/weir/internal/visible"
)

// Verdict says whether a module would be accepted.
type Verdict struct {
	Accepted bool          `json:"accepted"`
	Reasons  []abi.Reason  `json:"reasons"`
	manifest *abi.Manifest // of an accepted one that has one
	file     string
}

// CheckModule checks and compiles a module without running any of it, and collects every reason against it: the ABI's and
// the sandbox's. memory is the function's option weir.memory that it would run with, "" being the default. The error is about
// that option, or about reading the file.
func CheckModule(ctx context.Context, path, memory string) (*Verdict, error) {
	limits, err := memoryFlag(memory)
	if err != nil {
		return nil, err
	}
	v := &Verdict{Reasons: []abi.Reason{}, file: path}
	wasm, err := readModule(path)
	if errors.Is(err, errTooLarge) {
		v.Reasons = append(v.Reasons, abi.Reason{Code: abi.CodeModuleSize, Message: err.Error()})
		return v, nil
	}
	if err != nil {
		return nil, fault.InputError(err)
	}
	info, reasons := abi.Check(wasm, limits.Pages(0))
	v.Reasons = append(v.Reasons, reasons...)
	if len(reasons) > 0 {
		if info != nil || reasons[0].Code == abi.CodeModuleMalformed { // it is a module, so the sandbox may have something to say too
			if _, err := rewritten(ctx, wasm); err != nil {
				v.Reasons = append(v.Reasons, compileReason(err))
			}
		}
		return v, nil
	}
	e, err := builtin.Engine("", slog.New(slog.DiscardHandler))
	if err != nil {
		return nil, err
	}
	defer e.Close(ctx)
	module, err := abi.Compile(ctx, e, nil, wasm, limits)
	if err != nil {
		v.Reasons = append(v.Reasons, compileReason(err))
		return v, nil
	}
	defer module.Close(ctx)
	v.Accepted, v.manifest = true, info.Manifest
	return v, nil
}

// memoryFlag is the limits of a function with nothing but weir.memory.
func memoryFlag(memory string) (engine.Limits, error) {
	at := option.Pos{File: "--memory"}
	bag := option.New(at)
	if memory != "" {
		if err := setAll(bag, at, map[string]string{"weir.memory": memory}); err != nil {
			return engine.Limits{}, err
		}
	}
	return engineLimits(bag).WithDefaults(), bag.Done()
}

// rewritten is what the sandbox makes of a module. No engine sees it.
func rewritten(ctx context.Context, wasm []byte) (*sandbox.Module, error) {
	seen := new(keeper)
	_, err := abi.Compile(ctx, seen, nil, wasm, engine.Limits{})
	if seen.module != nil {
		return seen.module, nil
	}
	return nil, err
}

// keeper is an engine that keeps what it is given, and compiles nothing.
type keeper struct {
	engine.Engine
	module *sandbox.Module
}

var errKept = errors.New("the module is kept, not compiled")

func (k *keeper) Compile(_ context.Context, m *sandbox.Module, _ engine.Options) (engine.Module, error) {
	k.module = m
	return nil, errKept
}

// compileReason is why a module that passed the check could not be compiled.
func compileReason(err error) abi.Reason {
	var refused *sandbox.Error
	if errors.As(err, &refused) {
		return abi.Reason{Code: refused.Code, Message: strings.TrimPrefix(refused.Error(), refused.Code+": ")}
	}
	return abi.Reason{Code: sandbox.CodeInvalid, Message: err.Error()}
}

// called is what a module's manifest calls it, or that it does not.
func called(m *abi.Manifest) string {
	switch name, version := visible.Line(m.Name), visible.Line(m.Version); {
	case name == "" && version == "":
		return "; its manifest says neither name nor version"
	case name == "":
		return "; its manifest says no name, and version " + version
	case version == "":
		return ": " + name + "; its manifest says no version"
	default:
		return ": " + name + " " + version
	}
}

// Print tells people.
func (v *Verdict) Print(w io.Writer) error {
	text := v.file + " would be accepted"
	switch {
	case !v.Accepted:
		text = v.file + " would be refused:"
	case v.manifest != nil:
		text += called(v.manifest)
	default:
		text += "; it has no manifest, so it is sent every column"
	}
	for _, r := range v.Reasons {
		text += fmt.Sprintf("\n  %s: %s", r.Code, r.Message)
	}
	_, err := fmt.Fprintln(w, visible.Lines(text))
	return fault.EnvironmentError(err)
}
