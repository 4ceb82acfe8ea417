package app

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"

	"github.com/weir-stream/weir/host/abi"
	"github.com/weir-stream/weir/host/builtin"
	"github.com/weir-stream/weir/host/engine"
	"github.com/weir-stream/weir/internal/fault"
	"github.com/weir-stream/weir/internal/visible"
)

// Built is a module that BuildModule wrote.
type Built struct {
	File    string `json:"file"`
	Name    string `json:"name"`
	Version string `json:"version"`
	Bytes   int    `json:"bytes"`
	Hash    string `json:"hash"`
}

// maxManifest bounds what is read of a manifest file; abi.json has the limit that counts.
const maxManifest = abi.LimitManifestBytes + 1

// BuildModule appends a manifest to what a toolchain made, once the whole would be accepted.
func BuildModule(wasmPath, manifestPath, out string) (*Built, error) {
	if out == "-" {
		return nil, fault.Inputf("--out: want a file; build prints what it has built, not the module")
	}
	wasm, err := readModule(wasmPath)
	if err != nil {
		return nil, fault.InputError(err)
	}
	f, err := os.Open(manifestPath)
	if err != nil {
		return nil, fault.InputError(err)
	}
	defer f.Close()
	manifest, err := io.ReadAll(io.LimitReader(f, maxManifest))
	if err != nil {
		return nil, fault.InputError(err)
	}
	if _, reasons := abi.ParseManifest(manifest); reasons != nil {
		return nil, refusal(manifestPath, reasons)
	}
	built, err := abi.AppendManifest(wasm, manifest)
	if err != nil {
		return nil, fault.Inputf("%s: %w", wasmPath, err)
	}
	info, reasons := abi.Check(built, 0)
	if reasons != nil {
		return nil, refusal(wasmPath, reasons)
	}
	if err := replaceFile(out, built); err != nil {
		return nil, err
	}
	return &Built{File: out, Name: info.Manifest.Name, Version: info.Manifest.Version, Bytes: len(built), Hash: hash(built)}, nil
}

func refusal(file string, reasons []abi.Reason) error {
	text := file + " is refused:"
	for _, r := range reasons {
		text += fmt.Sprintf("\n  %s: %s", r.Code, r.Message)
	}
	return fault.Inputf("%s", text)
}

// Verdict says whether a module would be accepted.
type Verdict struct {
	Accepted bool          `json:"accepted"`
	Reasons  []abi.Reason  `json:"reasons"`
	manifest *abi.Manifest // of an accepted one that has one
	file     string
}

// CheckModule checks and compiles a module without running any of it. The error is about reading the file.
func CheckModule(ctx context.Context, path string) (*Verdict, error) {
	v := &Verdict{Reasons: []abi.Reason{}, file: path}
	wasm, err := readModule(path)
	if errors.Is(err, errTooLarge) {
		v.Reasons = append(v.Reasons, abi.Reason{Code: abi.CodeModuleSize, Message: err.Error()})
		return v, nil
	}
	if err != nil {
		return nil, fault.InputError(err)
	}
	info, reasons := abi.Check(wasm, 0)
	if reasons != nil {
		v.Reasons = reasons
		return v, nil
	}
	e, err := builtin.Engine("", slog.New(slog.DiscardHandler))
	if err != nil {
		return nil, err
	}
	defer e.Close(ctx)
	module, err := abi.Compile(ctx, e, wasm, engine.Limits{})
	if err != nil {
		v.Reasons = append(v.Reasons, abi.Reason{Code: "wasm.invalid", Message: err.Error()})
		return v, nil
	}
	defer module.Close(ctx)
	v.Accepted, v.manifest = true, info.Manifest
	return v, nil
}

// Print tells people.
func (v *Verdict) Print(w io.Writer) error {
	text := v.file + " would be accepted"
	switch {
	case !v.Accepted:
		text = v.file + " would be refused:"
	case v.manifest != nil:
		text += fmt.Sprintf(": %s %s", visible.Line(v.manifest.Name), visible.Line(v.manifest.Version))
	default:
		text += "; it has no manifest, so it is sent every column"
	}
	for _, r := range v.Reasons {
		text += fmt.Sprintf("\n  %s: %s", r.Code, r.Message)
	}
	_, err := fmt.Fprintln(w, visible.Lines(text))
	return fault.EnvironmentError(err)
}
