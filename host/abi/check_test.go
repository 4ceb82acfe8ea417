package abi

import (
	"bytes"
	"fmt"
	"strings"
	"testing"

	"github.com/weir-stream/weir/host/engine/enginetest/asm"
	"github.com/weir-stream/weir/host/ipc"
	"github.com/weir-stream/weir/internal/fault"
)

func TestCheckRefuses(t *testing.T) {
	marked := func(change func(*asm.Module)) []byte {
		m := asm.New()
		change(m)
		return m.Bytes()
	}
	abi := func(m *asm.Module) { // all that is needed, but the memory
		m.Func(Marker, asm.Sig("", ""), "")
		for _, name := range []string{"weir_arena", "weir_open", "weir_process"} {
			m.Func(name, asm.Sig("i", "i"), "", asm.Get(0))
		}
	}
	complete := func(change func(*asm.Module)) []byte {
		return marked(func(m *asm.Module) { change(m); abi(m); m.Memory(1, 0) })
	}
	importing := func(module, name, params, results string) []byte {
		return complete(func(m *asm.Module) { m.Import(module, name, asm.Sig(params, results)) })
	}
	valid := complete(func(*asm.Module) {})
	manifest := func(text string) []byte {
		return complete(func(m *asm.Module) { m.Custom(ManifestSection, []byte(text)) })
	}
	for name, tc := range map[string]struct {
		wasm  []byte
		codes string
		says  string
	}{
		"a valid module":   {valid, "", ""},
		"nothing":          {nil, CodeModuleNotWasm, "not WebAssembly"},
		"text":             {[]byte("(module)"), CodeModuleNotWasm, "not WebAssembly"},
		"ELF":              {[]byte("\x7fELF\x02\x01\x01\x00"), CodeModuleNotWasm, ""},
		"component":        {[]byte("\x00asm\x0d\x00\x01\x00\x00"), CodeModuleComponent, "core module as a reactor"},
		"version 2":        {[]byte("\x00asm\x02\x00\x00\x00"), CodeModuleMalformed, "02 00 00 00"},
		"cut":              {valid[:len(valid)-5], CodeModuleMalformed, "cut short"},
		"too large":        {make([]byte, LimitModuleBytes+1), CodeModuleSize, "67108864"},
		"empty module":     {asm.New().Bytes(), CodeModuleVersion, Marker},
		"command":          {marked(func(m *asm.Module) { m.Func("_start", asm.Sig("", ""), "") }), CodeModuleCommand, "c-shared"},
		"another version":  {marked(func(m *asm.Module) { m.Func("weir_abi_v2", asm.Sig("", ""), "") }), CodeModuleVersion, "weir_abi_v2"},
		"marker only":      {marked(func(m *asm.Module) { m.Func(Marker, asm.Sig("", ""), ""); m.Memory(1, 0) }), strings.Repeat(CodeModuleExport+" ", 3), "weir_arena"},
		"marker is memory": {marked(func(m *asm.Module) { m.MemoryRaw(0, 1); m.ExportRaw(Marker, 2, 0) }), strings.Repeat(CodeModuleExport+" ", 5), "must be a function"},
		"no memory":        {marked(abi), CodeModuleExport, `"memory"`},
		"memory is a function": {marked(func(m *asm.Module) { abi(m); m.MemoryRaw(0, 1); m.ExportRaw("memory", 0, 0) }), CodeModuleExport,
			"must be the memory"},
		"wrong signature": {marked(func(m *asm.Module) {
			m.Func(Marker, asm.Sig("", ""), "")
			m.Func("weir_arena", asm.Sig("i", "i"), "", asm.Get(0))
			m.Func("weir_open", asm.Sig("ii", "i"), "", asm.Get(0))
			m.Func("weir_process", asm.Sig("i", "i"), "", asm.Get(0))
			m.Func("_initialize", asm.Sig("", "i"), "", asm.I32(0))
			m.Memory(1, 0)
		}), CodeModuleExport + " " + CodeModuleExport, "it must be"},
		"export of no function":  {complete(func(m *asm.Module) { m.ExportRaw("weir_progress", 0, 99) }), CodeModuleMalformed, "isn't there"},
		"unknown weir function":  {importing("weir", "open_file", "i", "i"), CodeModuleImport, "does not have"},
		"weir function reshaped": {importing("weir", "emit", "iiii", "i"), CodeModuleImport, "(i32, i32, i32, i32, i32) -> i32"},
		"WASI function reshaped": {importing(WASIModule, "fd_write", "iii", "i"), CodeModuleImport, "(i32, i32, i32, i32) -> i32"},
		"sockets":                {importing(WASIModule, "sock_send", "iiiii", "i"), CodeModuleImport, "no network"},
		"unknown WASI":           {importing(WASIModule, "fd_frobnicate", "", ""), CodeModuleImport, "preview 1"},
		"env":                    {importing("env", "abort", "iiii", ""), CodeModuleImport, "--use abort="},
		"WASI draft":             {importing("wasi_unstable", "fd_write", "iiii", "i"), CodeModuleImport, "draft"},
		"WASI preview 2":         {importing("wasi:cli/stdout@0.2.0", "get-stdout", "", "i"), CodeModuleImport, "preview 2"},
		"Go for browsers":        {importing("gojs", "runtime.wasmExit", "i", ""), CodeModuleImport, "GOOS=wasip1"},
		"served and inert WASI":  {importing(WASIModule, "path_open", "iiiiiIIii", "i"), "", ""},
		"imported memory":        {marked(func(m *asm.Module) { m.ImportRaw("env", "memory", 2, 0, 1); abi(m); m.ExportRaw("memory", 2, 0) }), CodeModuleImport, "the module's own"},
		"shared memory":          {marked(func(m *asm.Module) { abi(m); m.MemoryRaw(3, 1, 2); m.ExportRaw("memory", 2, 0) }), CodeModuleMemory, "shared"},
		"64-bit memory":          {marked(func(m *asm.Module) { abi(m); m.MemoryRaw(4, 1); m.ExportRaw("memory", 2, 0) }), CodeModuleMemory, "wasm32"},
		"two memories":           {marked(func(m *asm.Module) { abi(m); m.Memory(1, 0); m.MemoryRaw(0, 1) }), CodeModuleMemory, "2 memories"},
		"large memory":           {marked(func(m *asm.Module) { abi(m); m.Memory(1025, 0) }), CodeModuleMemory, "1025 pages"},
		"large table":            {complete(func(m *asm.Module) { m.Table(1 << 30) }), CodeModuleMemory, "1073741824 entries"},
		"two manifests": {complete(func(m *asm.Module) { m.Custom(ManifestSection, []byte("{}")); m.Custom(ManifestSection, []byte("{}")) }),
			CodeManifestSyntax, "more than one"},
		"broken manifest":       {manifest(`{"abi":1`), CodeManifestSyntax, "JSON"},
		"manifest with state":   {manifest(`{"abi":1,"state":"memory"}`), CodeManifestState, "state"},
		"several things at all": {complete(func(m *asm.Module) { m.Import("a", "b", asm.Sig("", "")); m.Custom(ManifestSection, []byte(`{}`)) }), CodeModuleImport + " " + CodeManifestValue, ""},
		"many imports": {complete(func(m *asm.Module) {
			for k := range 100 {
				m.Import("env", fmt.Sprint(k), asm.Sig("", ""))
			}
		}), strings.Repeat(CodeModuleImport+" ", maxReasons), ""},
	} {
		info, reasons := Check(tc.wasm, 0)
		codes := ""
		for _, r := range reasons {
			codes += r.Code + " "
		}
		if strings.TrimSpace(codes) != strings.TrimSpace(tc.codes) {
			t.Errorf("%s: %v, want %s", name, reasons, tc.codes)
			continue
		}
		if all := fmt.Sprint(reasons); !strings.Contains(all, tc.says) {
			t.Errorf("%s: %v does not say %q", name, reasons, tc.says)
		}
		if tc.codes == "" && (info == nil || info.MemoryPages != 1) {
			t.Errorf("%s: %+v", name, info)
		}
	}
}

func TestCheckTellsWhatItFound(t *testing.T) {
	g := newGuest("fd_write")
	wasm, err := AppendManifest(g.build(bodies{}), []byte(`{"abi":1,"name":"x"}`))
	if err != nil {
		t.Fatal(err)
	}
	info, reasons := Check(wasm, 8)
	if reasons != nil || !info.Progress || info.Manifest.Name != "x" || info.MemoryPages != 4 || len(info.Imports) != 6 {
		t.Errorf("%+v, %v", info, reasons)
	}
}

func TestAppendManifest(t *testing.T) {
	g := newGuest()
	plain := g.build(bodies{})
	first, err := AppendManifest(plain, []byte(`{"abi":1,"name":"first"}`))
	if err != nil {
		t.Fatal(err)
	}
	more := append(append([]byte{}, first...), asm.Section(0, append([]byte{4}, "tail and more"...))...)
	second, err := AppendManifest(more, []byte(`{"abi":1,"name":"second"}`))
	if err != nil {
		t.Fatal(err)
	}
	info, reasons := Check(second, 0)
	if reasons != nil || info.Manifest.Name != "second" || bytes.Contains(second, []byte("first")) || !bytes.Contains(second, []byte("tail and more")) {
		t.Errorf("%+v, %v", info, reasons)
	}
	if !bytes.HasPrefix(second, plain) {
		t.Error("the module itself changed")
	}
	for name, try := range map[string]func() error{
		"bad manifest": func() error { _, err := AppendManifest(plain, []byte(`{}`)); return err },
		"not wasm":     func() error { _, err := AppendManifest([]byte("x"), []byte(`{"abi":1}`)); return err },
		"too large": func() error {
			_, err := AppendManifest(append(append([]byte{}, plain...), asm.Section(0, make([]byte, LimitModuleBytes-len(plain)-10))...), []byte(`{"abi":1}`))
			return err
		},
	} {
		if err := try(); fault.Of(err) != fault.Input {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// FuzzCheck reads arbitrary modules; what it accepts must be accepted with another manifest too.
func FuzzCheck(f *testing.F) {
	g := newGuest("fd_write", "poll_oneoff")
	wasm := g.build(bodies{})
	with, err := AppendManifest(wasm, []byte(fullManifest))
	if err != nil {
		f.Fatal(err)
	}
	f.Add(wasm)
	f.Add(with)
	f.Add([]byte("\x00asm\x0d\x00\x01\x00"))
	f.Fuzz(func(t *testing.T, wasm []byte) {
		if _, reasons := Check(wasm, 0); len(reasons) > maxReasons+1 {
			t.Fatalf("%d reasons", len(reasons))
		} else if reasons != nil {
			return
		}
		again, err := AppendManifest(wasm, []byte(fullManifest))
		if err != nil {
			t.Fatal(err)
		}
		if info, reasons := Check(again, 0); reasons != nil || info.Manifest.Name != "late_flights" {
			t.Fatalf("%+v, %v", info, reasons)
		}
	})
}

// TestCodesOfMessagesAreThoseOfTheTable ties the codes that host/ipc gives to abi.json's, which it can't import.
func TestCodesOfMessagesAreThoseOfTheTable(t *testing.T) {
	for table, given := range map[string]string{
		CodeIPCFrame: ipc.CodeFrame, CodeIPCMetadata: ipc.CodeMetadata, CodeIPCVersion: ipc.CodeVersion, CodeIPCHeader: ipc.CodeHeader,
		CodeIPCUnsupported: ipc.CodeUnsupported, CodeIPCSchema: ipc.CodeSchema, CodeIPCLimit: ipc.CodeLimit, CodeIPCLayout: ipc.CodeLayout,
		CodeIPCLength: ipc.CodeLength, CodeIPCBuffer: ipc.CodeBuffer, CodeIPCOffsets: ipc.CodeOffsets, CodeIPCValidity: ipc.CodeValidity,
		CodeIPCNull: ipc.CodeNull, CodeIPCUTF8: ipc.CodeUTF8, CodeIPCValue: ipc.CodeValue,
	} {
		if table != given {
			t.Errorf("abi.json says %q, host/ipc %q", table, given)
		}
	}
}
