package admin_test

import (
	"bytes"
	"compress/gzip"
	"errors"
	"io"
	"reflect"
	"strings"
	"testing"

	"github.com/weir-stream/weir/fluvio/admin"
	"github.com/weir-stream/weir/fluvio/protocol"
)

const tinyWasm = "\x00asm\x01\x00\x00\x00"

func unzip(t *testing.T, packed []byte) string {
	t.Helper()
	r, err := gzip.NewReader(bytes.NewReader(packed))
	if err != nil {
		t.Fatal(err)
	}
	plain, err := io.ReadAll(r)
	if err != nil {
		t.Fatal(err)
	}
	return string(plain)
}

// creates makes the fake keep what is created, as a real SC does, and forget what is deleted.
func (f *fake) creates() {
	f.serve(func(req protocol.Request) protocol.Message {
		switch req := req.(type) {
		case *protocol.CreateRequest:
			name := req.Name
			if spec := req.Spec.(*protocol.SmartModuleSpec); spec.Meta != nil {
				p := spec.Meta.Package
				name = p.Name + "-" + p.Group + "-" + p.Version
			}
			f.set(req.Kind, protocol.Metadata{Name: name, Spec: req.Spec})
			return &protocol.Status{Name: name}
		case *protocol.DeleteRequest:
			f.remove(req.Kind, req.Object.Name)
			return &protocol.Status{Name: req.Object.Name}
		}
		return &protocol.Status{}
	})
}

func TestSmartModulesComeBackAsTheyWereCreated(t *testing.T) {
	ctx, f, a := newFake(t)
	f.creates()
	if err := a.CreateSmartModule(ctx, "plain", []byte(tinyWasm), admin.SmartModuleConfig{}); err != nil {
		t.Fatal(err)
	}
	config := admin.SmartModuleConfig{
		Package: &admin.SmartModulePackage{Name: "jolt", Group: "infinyon", Version: "0.1.0", APIVersion: "0.1.0", Description: "reshapes", License: "Apache-2.0", Public: true},
		Params:  map[string]admin.SmartModuleParam{"spec": {Description: "what to do"}, "strict": {Optional: true}},
	}
	if err := a.CreateSmartModule(ctx, "jolt", []byte(tinyWasm+"x"), config); err != nil {
		t.Fatal(err)
	}
	modules, err := a.SmartModules(ctx)
	if err != nil || len(modules) != 2 {
		t.Fatalf("%+v, %v", modules, err)
	}
	jolt, plain := modules[0], modules[1]
	if plain.Name != "plain" || plain.Key() != "plain" || plain.Package != nil || plain.Size < 8 || plain.Wasm != nil {
		t.Errorf("%+v", plain)
	}
	if jolt.Key() != "infinyon/jolt@0.1.0" || !reflect.DeepEqual(jolt.Package, config.Package) || !reflect.DeepEqual(jolt.Params, config.Params) {
		t.Errorf("%+v", jolt)
	}
	for _, name := range []string{"jolt", "infinyon/jolt", "infinyon/jolt@0.1.0", "jolt-infinyon-0.1.0"} {
		m, err := a.SmartModule(ctx, name)
		if err != nil || string(m.Wasm) != tinyWasm+"x" || m.Size < 9 || m.Name != "jolt-infinyon-0.1.0" {
			t.Errorf("%s: %+v, %v", name, m, err)
		}
	}
	for _, name := range []string{"jol", "other/jolt", "infinyon/jolt@0.2.0", "nobody"} {
		if _, err := a.SmartModule(ctx, name); !errors.Is(err, admin.ErrSmartModuleNotFound) || !strings.Contains(err.Error(), name) {
			t.Errorf("%s: %v", name, err)
		}
	}
	config.Package.Version = "0.2.0"
	if err := a.CreateSmartModule(ctx, "jolt", []byte(tinyWasm+"y"), config); err != nil {
		t.Fatal(err)
	}
	if _, err := a.SmartModule(ctx, "jolt"); !errors.Is(err, admin.ErrInvalidName) || !strings.Contains(err.Error(), "infinyon/jolt@0.1.0 or infinyon/jolt@0.2.0") {
		t.Errorf("%v", err)
	}
	if m, err := a.SmartModule(ctx, "infinyon/jolt@0.2.0"); err != nil || string(m.Wasm) != tinyWasm+"y" {
		t.Errorf("%+v, %v", m, err)
	}
	if err := a.DeleteSmartModule(ctx, "plain"); err != nil {
		t.Fatal(err)
	}
	if modules, err := a.SmartModules(ctx, "infinyon/jolt"); err != nil || len(modules) != 2 {
		t.Errorf("%+v, %v", modules, err)
	}
	// A real SC closes the connection on a version that is none, and the client would try again and again.
	for name, want := range map[string]error{"infinyon/jolt": admin.ErrInvalidName, "infinyon/jolt@latest": admin.ErrSmartModuleNotFound} {
		if err := a.DeleteSmartModule(ctx, name); !errors.Is(err, want) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if err := a.DeleteSmartModule(ctx, "infinyon/jolt@0.2.0"); err != nil {
		t.Fatal(err)
	}
	if modules, err := a.SmartModules(ctx); err != nil || len(modules) != 1 || modules[0].Key() != "infinyon/jolt@0.1.0" {
		t.Errorf("%+v, %v", modules, err)
	}
}

// TestASmartModuleIsSentAsFluvioSendsIt compares with what Fluvio's own command line sent for the same file.
func TestASmartModuleIsSentAsFluvioSendsIt(t *testing.T) {
	ctx, f, a := newFake(t)
	f.serve(agree)
	if err := a.CreateSmartModule(ctx, "tiny", []byte(tinyWasm), admin.SmartModuleConfig{}); err != nil {
		t.Fatal(err)
	}
	want := recorded[*protocol.CreateRequest](t, "50-smartmodule-create")
	sent := f.sent().(*protocol.CreateRequest)
	code, wantCode := &sent.Spec.(*protocol.SmartModuleSpec).Wasm, &want.Spec.(*protocol.SmartModuleSpec).Wasm
	if got, want := unzip(t, code.Payload), unzip(t, wantCode.Payload); got != want {
		t.Errorf("%q, want %q", got, want)
	}
	code.Payload, wantCode.Payload = nil, nil // there are many ways to compress
	if !reflect.DeepEqual(sent, want) {
		t.Errorf("%+v, want %+v", sent, want)
	}
}

func TestBadSmartModulesAreNotSent(t *testing.T) {
	ctx, f, a := newFake(t)
	f.serve(func(req protocol.Request) protocol.Message {
		t.Errorf("sent: %+v", req)
		return &protocol.Status{}
	})
	pack := func(change func(*admin.SmartModulePackage)) admin.SmartModuleConfig {
		p := &admin.SmartModulePackage{Name: "n", Group: "g", Version: "1.0.0", APIVersion: "1.0.0-rc.1+b.2"}
		change(p)
		return admin.SmartModuleConfig{Package: p}
	}
	for name, tc := range map[string]struct {
		name   string
		wasm   string
		config admin.SmartModuleConfig
		want   error
	}{
		"no name":           {"", tinyWasm, admin.SmartModuleConfig{}, admin.ErrInvalidName},
		"long name":         {strings.Repeat("x", 64), tinyWasm, admin.SmartModuleConfig{}, admin.ErrInvalidName},
		"no wasm":           {"n", "(module)", admin.SmartModuleConfig{}, admin.ErrInvalidConfig},
		"nothing":           {"n", "", admin.SmartModuleConfig{}, admin.ErrInvalidConfig},
		"params alone":      {"n", tinyWasm, admin.SmartModuleConfig{Params: map[string]admin.SmartModuleParam{"a": {}}}, admin.ErrInvalidConfig},
		"package, no name":  {"n", tinyWasm, pack(func(p *admin.SmartModulePackage) { p.Name = "" }), admin.ErrInvalidConfig},
		"package, no group": {"n", tinyWasm, pack(func(p *admin.SmartModulePackage) { p.Group = "" }), admin.ErrInvalidConfig},
		"package, version":  {"n", tinyWasm, pack(func(p *admin.SmartModulePackage) { p.Version = "1.0" }), admin.ErrInvalidConfig},
		"package, API":      {"n", tinyWasm, pack(func(p *admin.SmartModulePackage) { p.APIVersion = "one.two.three" }), admin.ErrInvalidConfig},
	} {
		if err := a.CreateSmartModule(ctx, tc.name, []byte(tc.wasm), tc.config); !errors.Is(err, tc.want) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestCodeOfAClusterIsNotTrusted(t *testing.T) {
	ctx, f, a := newFake(t)
	for name, payload := range map[string]string{"rubbish": "rubbish", "cut": "\x1f\x8b\x08\x00\x00\x00\x00\x00\x00\xff"} {
		f.set(protocol.KindSmartModule, protocol.Metadata{Name: name, Spec: &protocol.SmartModuleSpec{Wasm: protocol.SmartModuleBinary{Payload: []byte(payload)}}})
		if m, err := a.SmartModule(ctx, name); err == nil || !strings.Contains(err.Error(), name) {
			t.Errorf("%s: %d bytes, %v", name, len(m.Wasm), err)
		}
	}
	modules, err := a.SmartModules(ctx)
	if err != nil || len(modules) != 2 || modules[0].Name != "cut" {
		t.Errorf("%+v, %v", modules, err)
	}
}
