package broker

import (
	"bytes"
	"context"
	"fmt"

	"github.com/weir-stream/weir/fluvio/protocol"
)

// createModule answers the creation of a SmartModule. One of the same name is replaced. As upstream's SC it does not look into the code, which is
// whatever the client says it is (fluvio-sc/src/services/public_api/smartmodule/create.rs).
//
// One with a package is kept by the package's name, whatever the request calls it.
func (c *cluster) createModule(ctx context.Context, req *protocol.CreateRequest, spec *protocol.SmartModuleSpec) *protocol.Status {
	name := req.Name
	if meta := spec.Meta; meta != nil {
		p := meta.Package
		if p.Name == "" || p.Group == "" {
			return refuse(protocol.ErrorCodeSmartModuleError, "invalid SmartModule package: it needs a name and a group").status(name)
		}
		name = packageKey{group: p.Group, name: p.Name, version: p.Version}.object()
	}
	r := c.tryCreateModule(name, spec, req.DryRun)
	c.awaitWatchers(ctx, protocol.KindSmartModule)
	return r.status(name)
}

func (c *cluster) tryCreateModule(name string, spec *protocol.SmartModuleSpec, dryRun bool) *refusal {
	c.admin.Lock()
	defer c.admin.Unlock()
	if meta := spec.Meta; meta != nil {
		for _, v := range []string{meta.Package.Version, meta.Package.APIVersion} {
			if !semver.MatchString(v) {
				text := fmt.Sprintf("'%.80s' in its package is no semantic version", v)
				return &refusal{message: text, code: protocol.ErrorCode{Tag: protocol.ErrorCodeSmartModuleInvalid,
					Value: &protocol.ErrorSmartModuleInvalid{Error: text, Name: &name}}}
			}
		}
	}
	// The request is gone when this is done, so what is kept is a copy.
	kept := &smartModule{name: name, spec: &protocol.SmartModuleSpec{Meta: spec.Meta, Wasm: spec.Wasm}}
	if err := c.modules.check(kept); err != nil {
		return refuse(protocol.ErrorCodeSmartModuleError, "%v", err)
	}
	if dryRun {
		return nil
	}
	kept.spec.Wasm.Payload = bytes.Clone(spec.Wasm.Payload)
	if err := c.modules.put(kept); err != nil {
		c.cfg.Logger.Error("cannot store a SmartModule", "name", name, "error", err)
		return refuse(protocol.ErrorCodeSmartModuleError, "cannot store the SmartModule: %v", err)
	}
	c.publishModules()
	return nil
}

// deleteModule answers the deletion of a SmartModule, which has to be named as it is kept, or by GROUP/NAME@VERSION.
func (c *cluster) deleteModule(ctx context.Context, name string) *protocol.Status {
	r := c.tryDeleteModule(name)
	c.awaitWatchers(ctx, protocol.KindSmartModule)
	return r.status(name)
}

func (c *cluster) tryDeleteModule(name string) *refusal {
	c.admin.Lock()
	defer c.admin.Unlock()
	stored := name
	if key, err := parsePackageKey(name); err == nil && !c.modules.has(name) {
		stored = key.object()
	}
	if !c.modules.has(stored) {
		return &refusal{code: moduleNotFound(name), message: "not found"}
	}
	if err := c.modules.remove(stored); err != nil {
		c.cfg.Logger.Error("cannot delete a SmartModule", "name", name, "error", err)
		return refuse(protocol.ErrorCodeSmartModuleError, "cannot delete the SmartModule: %v", err)
	}
	c.publishModules()
	return nil
}

// publishModules shows watchers the SmartModules as they are.
func (c *cluster) publishModules() {
	f := c.feeds[protocol.KindSmartModule]
	now, _ := f.current()
	known := map[string]*object{}
	for _, o := range now.objects {
		known[o.name] = o
	}
	all := c.modules.objects()
	for i, o := range all {
		if old := known[o.name]; old != nil && old.owner == o.owner {
			all[i] = old
		}
	}
	f.publish(all)
}

func moduleNotFound(name string) protocol.ErrorCode {
	return protocol.ErrorCode{Tag: protocol.ErrorCodeSmartModuleNotFound, Value: &protocol.ErrorText{Text: name}}
}

// summarised replaces the code of a SmartModule by its length; other objects stay as they are.
func summarised(m protocol.Metadata) protocol.Metadata {
	if spec, ok := m.Spec.(*protocol.SmartModuleSpec); ok {
		m.Spec = &protocol.SmartModuleSpec{Meta: spec.Meta, Wasm: protocol.SmartModuleBinary{Format: spec.Wasm.Format},
			Summary: &protocol.SmartModuleSummary{WasmLength: uint32(len(spec.Wasm.Payload))}}
	}
	return m
}
