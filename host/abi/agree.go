package abi

import (
	"github.com/apache/arrow-go/v18/arrow"
)

// outputNamed is a declared output by name.
func (i *Instance) outputNamed(name string) *Output {
	for k := range i.outputs {
		if i.outputs[k].Name == name {
			return &i.outputs[k]
		}
	}
	return nil
}

// agrees checks a declared output against the manifest, as far as that says anything.
func (i *Instance) agrees(o Output) error {
	if i.config.Manifest == nil || i.config.Manifest.Outputs == nil {
		return nil
	}
	for _, want := range i.config.Manifest.Outputs {
		if want.Name != o.Name {
			continue
		}
		if want.Kind != o.Kind {
			return violated(CodeOutputManifest, "output %q is of kind %d; the manifest says %d (0 batch, 1 patch)", o.Name, o.Kind, want.Kind)
		}
		return sameColumns(o, want.Columns)
	}
	return violated(CodeOutputManifest, "output %q is not in the manifest", o.Name)
}

func sameColumns(o Output, want []Column) error {
	if want == nil {
		return nil
	}
	if len(want) != o.Schema.NumFields() {
		return violated(CodeOutputManifest, "output %q has %d columns; the manifest says %d", o.Name, o.Schema.NumFields(), len(want))
	}
	for k, c := range want {
		f := o.Schema.Field(k)
		if f.Name != c.Name || c.Type != nil && !arrow.TypeEqual(c.Type, f.Type) || c.Nullable != nil && *c.Nullable != f.Nullable {
			return violated(CodeOutputManifest, "output %q: column %d is %q %s (nullable %t); the manifest says otherwise", o.Name, k, f.Name, f.Type, f.Nullable)
		}
	}
	return nil
}

// declared checks, when weir_open has returned, that the outputs are all there.
func (i *Instance) declared() error {
	if len(i.outputs) == 0 {
		return violated(CodeOutputMissing, "weir_open declared no output")
	}
	if i.config.Manifest == nil {
		return nil
	}
	for _, want := range i.config.Manifest.Outputs {
		if i.outputNamed(want.Name) == nil {
			return violated(CodeOutputMissing, "weir_open did not declare output %q of the manifest", want.Name)
		}
	}
	return nil
}
