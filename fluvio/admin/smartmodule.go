package admin

import (
	"bytes"
	"context"
	"fmt"
	"iter"
	"slices"
	"strings"

	"github.com/weir-stream/weir/fluvio/internal/objects"
	"github.com/weir-stream/weir/fluvio/protocol"
)

// maxWasm bounds the code of a SmartModule, in bytes, in either direction: a few kilobytes may unpack to as many gigabytes.
const maxWasm = 64 << 20

// wasmMagic is what a wasm binary begins with (WebAssembly core specification, section 5.5.16).
const wasmMagic = "\x00asm"

// SmartModule is code that SPUs run on the records of streams.
type SmartModule struct {
	Name    string // its own; of a package NAME-GROUP-VERSION
	Package *SmartModulePackage
	Params  map[string]SmartModuleParam // that the package declares
	Size    int                         // of the code in the cluster, in bytes, compressed
	Wasm    []byte                      // the code; only Admin.SmartModule fetches it
}

// SmartModulePackage says where a SmartModule comes from. Name, Group, Version and APIVersion are required.
type SmartModulePackage struct {
	Name        string
	Group       string
	Version     string // a semantic version
	APIVersion  string // a semantic version: of what the code expects of the SPU
	Description string // may be empty, as all that follow
	License     string
	Repository  string
	Public      bool // everybody may see it in a hub
}

// SmartModuleParam describes a parameter.
type SmartModuleParam struct {
	Description string
	Optional    bool
}

// SmartModuleConfig is what may be told of a SmartModule when it is created.
type SmartModuleConfig struct {
	Package *SmartModulePackage         // nil: a SmartModule with a name alone
	Params  map[string]SmartModuleParam // only with a Package
}

// Key is the name that producers, consumers and topics use: GROUP/NAME@VERSION of a package, else Name.
func (m *SmartModule) Key() string {
	if p := m.Package; p != nil {
		return p.Group + "/" + p.Name + "@" + p.Version
	}
	return m.Name
}

// answersTo tells whether a name means the SmartModule: its own name, NAME, GROUP/NAME or GROUP/NAME@VERSION of its package
// (fluvio-controlplane-metadata/src/smartmodule/package.rs).
func (m *SmartModule) answersTo(name string) bool {
	if name == m.Name || m.Package == nil {
		return name == m.Name
	}
	p := m.Package
	return slices.Contains([]string{p.Name, p.Group + "/" + p.Name, m.Key()}, name)
}

// CreateSmartModule uploads a wasm binary, or replaces the one of that name. With a Package the cluster names it itself,
// NAME-GROUP-VERSION. It wraps ErrInvalidName, ErrInvalidConfig or ErrPermission.
func (a *Admin) CreateSmartModule(ctx context.Context, name string, wasm []byte, c SmartModuleConfig) error {
	op := fmt.Sprintf("create SmartModule '%s'", name)
	if name == "" || len(name) > maxNameLength {
		return fmt.Errorf("%s: %w: want 1 to %d bytes", op, ErrInvalidName, maxNameLength)
	}
	if len(wasm) > maxWasm || !bytes.HasPrefix(wasm, []byte(wasmMagic)) {
		return fmt.Errorf("%s: %w: want a wasm binary of at most %d bytes", op, ErrInvalidConfig, maxWasm)
	}
	spec, err := c.spec()
	if err != nil {
		return fmt.Errorf("%s: %w", op, err)
	}
	if spec.Wasm.Payload, err = objects.Pack(wasm); err != nil {
		return fmt.Errorf("%s: %w", op, err)
	}
	return a.change(ctx, "create SmartModule", name, &protocol.CreateRequest{Kind: protocol.KindSmartModule, Name: name, Spec: spec})
}

// DeleteSmartModule deletes a SmartModule by its own name, or by GROUP/NAME or GROUP/NAME@VERSION of its package. It wraps
// ErrSmartModuleNotFound, ErrInvalidName, where several packages answer to the name, or ErrPermission.
func (a *Admin) DeleteSmartModule(ctx context.Context, name string) error {
	stored := name
	if strings.Contains(name, "/") {
		m, err := a.findSmartModule(ctx, name)
		if err != nil {
			return fmt.Errorf("delete: %w", err)
		}
		stored = m.Name
	}
	return a.change(ctx, "delete SmartModule", name, &protocol.DeleteRequest{
		Kind: protocol.KindSmartModule, Object: protocol.ObjectKey{Name: stored},
	})
}

// SmartModules lists SmartModules by name, without their code: all, or those that are meant by one of the names, each of which
// may be a SmartModule's own, or of its package NAME, GROUP/NAME or GROUP/NAME@VERSION. A name that means none is
// ErrSmartModuleNotFound.
func (a *Admin) SmartModules(ctx context.Context, names ...string) ([]SmartModule, error) {
	objects, err := a.list(ctx, &protocol.ListRequest{Kind: protocol.KindSmartModule, Summary: true})
	if err != nil {
		return nil, err
	}
	var modules []SmartModule
	found := map[string]bool{}
	for i := range objects {
		m := newSmartModule(&objects[i])
		wanted := len(names) == 0
		for _, name := range names {
			if m.answersTo(name) {
				wanted, found[name] = true, true
			}
		}
		if wanted {
			modules = append(modules, m)
		}
	}
	for _, name := range names {
		if !found[name] {
			return nil, fmt.Errorf("%w: '%s'", ErrSmartModuleNotFound, name)
		}
	}
	return modules, nil
}

// findSmartModule finds the one SmartModule that a name means.
func (a *Admin) findSmartModule(ctx context.Context, name string) (SmartModule, error) {
	candidates, err := a.SmartModules(ctx, name)
	if err != nil {
		return SmartModule{}, err
	}
	if len(candidates) > 1 {
		var keys []string
		for i := range candidates {
			keys = append(keys, candidates[i].Key())
		}
		return SmartModule{}, fmt.Errorf("SmartModule '%s': %w: it may be %s; say which", name, ErrInvalidName, strings.Join(keys, " or "))
	}
	return candidates[0], nil
}

// SmartModule fetches one SmartModule with its code. A name that several packages answer to is ErrInvalidName; one that means none,
// ErrSmartModuleNotFound.
func (a *Admin) SmartModule(ctx context.Context, name string) (SmartModule, error) {
	wanted, err := a.findSmartModule(ctx, name)
	if err != nil {
		return SmartModule{}, err
	}
	found, err := a.list(ctx, &protocol.ListRequest{
		Kind: protocol.KindSmartModule, NameFilters: []protocol.ListFilter{{Name: wanted.Key()}},
	})
	if err != nil {
		return SmartModule{}, err
	}
	for i := range found {
		spec, ok := found[i].Spec.(*protocol.SmartModuleSpec)
		if !ok || found[i].Name != wanted.Name {
			continue
		}
		m := newSmartModule(&found[i])
		if m.Wasm, err = objects.Unpack(spec.Wasm.Payload, maxWasm); err != nil {
			return SmartModule{}, fmt.Errorf("SmartModule '%s': %w", name, err)
		}
		return m, nil
	}
	return SmartModule{}, fmt.Errorf("%w: '%s'", ErrSmartModuleNotFound, name)
}

// WatchSmartModules watches SmartModules, without their code; see Change.
func (a *Admin) WatchSmartModules(ctx context.Context) iter.Seq2[Change[SmartModule], error] {
	return watch(ctx, a, protocol.KindSmartModule, func(object *protocol.Metadata) (SmartModule, bool) { return newSmartModule(object), true })
}

// isVersion tells whether a text begins as a semantic version does; details are the SC's to check.
func isVersion(s string) bool {
	core := s
	if i := strings.IndexAny(s, "-+"); i >= 0 {
		core = s[:i]
	}
	parts := strings.Split(core, ".")
	return len(parts) == 3 && !slices.ContainsFunc(parts, func(part string) bool {
		return part == "" || len(part) > 9 || strings.Trim(part, "0123456789") != ""
	})
}

func (c *SmartModuleConfig) spec() (*protocol.SmartModuleSpec, error) {
	spec := new(protocol.SmartModuleSpec)
	if c.Package == nil {
		if len(c.Params) > 0 {
			return nil, fmt.Errorf("%w: only a package declares parameters", ErrInvalidConfig)
		}
		return spec, nil
	}
	p := c.Package
	if p.Name == "" || p.Group == "" || !isVersion(p.Version) || !isVersion(p.APIVersion) {
		return nil, fmt.Errorf("%w: package %s/%s@%s for API '%s': want a name, a group and semantic versions such as 1.2.0",
			ErrInvalidConfig, p.Group, p.Name, p.Version, p.APIVersion)
	}
	spec.Meta = &protocol.SmartModuleMetadata{
		Package: protocol.SmartModulePackage{
			Name: p.Name, Group: p.Group, Version: p.Version, APIVersion: p.APIVersion,
			Description: optional(p.Description), License: optional(p.License), Repository: optional(p.Repository),
		},
		Params: map[string]protocol.SmartModuleParam{},
	}
	if p.Public {
		spec.Meta.Package.Visibility = protocol.SmartModuleVisibilityPublic
	}
	for name, param := range c.Params {
		spec.Meta.Params[name] = protocol.SmartModuleParam{Description: optional(param.Description), Optional: param.Optional}
	}
	return spec, nil
}

func newSmartModule(object *protocol.Metadata) SmartModule {
	m := SmartModule{Name: object.Name}
	spec, ok := object.Spec.(*protocol.SmartModuleSpec)
	if !ok {
		return m
	}
	m.Size = len(spec.Wasm.Payload)
	if spec.Summary != nil {
		m.Size = int(spec.Summary.WasmLength)
	}
	if spec.Meta == nil {
		return m
	}
	p := &spec.Meta.Package
	m.Package = &SmartModulePackage{
		Name: p.Name, Group: p.Group, Version: p.Version, APIVersion: p.APIVersion,
		Description: text(p.Description), License: text(p.License), Repository: text(p.Repository),
		Public: p.Visibility == protocol.SmartModuleVisibilityPublic,
	}
	m.Params = make(map[string]SmartModuleParam, len(spec.Meta.Params))
	for name, param := range spec.Meta.Params {
		m.Params[name] = SmartModuleParam{Description: text(param.Description), Optional: param.Optional}
	}
	return m
}

func optional(s string) *string {
	if s == "" {
		return nil
	}
	return &s
}

func text(s *string) string {
	if s == nil {
		return ""
	}
	return *s
}
