package app

import (
	"fmt"

	"github.com/weir-stream/weir/host/abi"
	"github.com/weir-stream/weir/internal/fault"
	"github.com/weir-stream/weir/internal/plainfile"
)

// Built is a module that BuildModule wrote.
type Built struct {
	File    string `json:"file"`
	Name    string `json:"name"`
	Version string `json:"version"`
	Bytes   int    `json:"bytes"`
	Hash    string `json:"hash"`
}

// BuildModule appends a manifest to what a toolchain made, once the whole would be accepted.
func BuildModule(wasmPath, manifestPath, out string) (*Built, error) {
	if out == "-" {
		return nil, fault.Inputf("--out: want a file; build prints what it has built, not the module")
	}
	wasm, err := readModule(wasmPath)
	if err != nil {
		return nil, fault.InputError(err)
	}
	manifest, err := plainfile.Read(manifestPath, abi.LimitManifestBytes)
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
