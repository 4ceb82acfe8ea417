package app

import (
	"bytes"
	"encoding/json"
	"slices"
	"strings"
	"testing"

	"github.com/weir-stream/weir/host/abi"
	"github.com/weir-stream/weir/host/engine/enginetest/asm"
	"github.com/weir-stream/weir/internal/fault"
)

// TestModuleCheckGivesEveryReason has modules that are refused by the ABI's check, by the sandbox, and by both.
func TestModuleCheckGivesEveryReason(t *testing.T) {
	const atomicFence = "\xfe\x03\x00"
	for name, tc := range map[string]struct {
		wasm  []byte
		codes []string
		says  string // in the last message
	}{
		"good":             {tinyGuest(t, []string{""}, nil, all(0)), []string{}, ""},
		"text":             {[]byte("text"), []string{"module.not_wasm"}, ""},
		"the magic alone":  {[]byte("\x00asm"), []string{"module.malformed", "wasm.malformed"}, ""},
		"component":        {[]byte("\x00asm\x0d\x00\x01\x00"), []string{"module.component"}, "build the core module as a reactor"},
		"damaged":          {tinyGuest(t, nil, nil)[:100], []string{"module.malformed", "wasm.malformed"}, "byte 0x"},
		"no marker":        {asm.New().Bytes(), []string{"module.version"}, "weir_abi_v1"},
		"unknown import":   {tinyGuest(t, nil, func(m *asm.Module) { m.Import("env", "abort", asm.Sig("", "")) }), []string{"module.import"}, "AssemblyScript"},
		"atomics":          {tinyGuest(t, nil, nil, asm.Code(atomicFence)), []string{"wasm.unsupported"}, "function 6"},
		"invalid code":     {tinyGuest(t, nil, nil, asm.Drop), []string{"wasm.invalid"}, `function 6 "weir_process", byte 0x`},
		"the sandbox's":    {tinyGuest(t, nil, func(m *asm.Module) { m.ExportRaw("weir.sandbox.fuel", 2, 0) }), []string{"wasm.reserved"}, "choose another"},
		"import and code":  {tinyGuest(t, nil, func(m *asm.Module) { m.ImportRaw("env", "g", 3, 0x7f, 0) }, asm.Drop), []string{"module.import", "wasm.invalid"}, "byte 0x"},
		"marker and code":  {withCode(asm.Drop), []string{"module.version", "wasm.invalid"}, "byte 0x"},
		"two of the ABI's": {tinyGuest(t, nil, func(m *asm.Module) { m.Import("a", "b", asm.Sig("", "")); m.Func("_start", asm.Sig("", ""), "") }), []string{"module.command", "module.import"}, ""},
	} {
		t.Run(name, func(t *testing.T) {
			v, err := CheckModule(t.Context(), saved(t, tc.wasm), "")
			if err != nil {
				t.Fatal(err)
			}
			codes := []string{}
			last := ""
			for _, r := range v.Reasons {
				codes = append(codes, r.Code)
				last = r.Message
			}
			if !slices.Equal(codes, tc.codes) || v.Accepted != (len(tc.codes) == 0) || !strings.Contains(last, tc.says) {
				t.Errorf("accepted %t: %+v, want %v with %q", v.Accepted, v.Reasons, tc.codes, tc.says)
			}
			var out bytes.Buffer
			if err := json.NewEncoder(&out).Encode(v); err != nil || strings.Contains(out.String(), "null") {
				t.Errorf("%s, %v", out.String(), err)
			}
			out.Reset()
			if err := v.Print(&out); err != nil || strings.Count(out.String(), "\n") != 1+len(tc.codes) {
				t.Errorf("%s, %v", out.String(), err)
			}
		})
	}
}

// TestModuleCheckSaysWhatAManifestLacks prints verdicts on good modules.
func TestModuleCheckSaysWhatAManifestLacks(t *testing.T) {
	for manifest, want := range map[string]string{
		`{"abi":1,"name":"tiny","version":"1.0.0"}`: "m.wasm would be accepted: tiny 1.0.0\n",
		`{"abi":1,"name":"tiny"}`:                   "m.wasm would be accepted: tiny; its manifest says no version\n",
		`{"abi":1,"version":"1.0.0"}`:               "m.wasm would be accepted; its manifest says no name, and version 1.0.0\n",
		`{"abi":1}`:                                 "m.wasm would be accepted; its manifest says neither name nor version\n",
	} {
		v, err := CheckModule(t.Context(), saved(t, tinyGuest(t, []string{""}, func(m *asm.Module) { m.Custom("weir.manifest", []byte(manifest)) }, all(0))), "")
		if err != nil {
			t.Fatal(err)
		}
		var out bytes.Buffer
		if err := v.Print(&out); err != nil || !strings.HasSuffix(out.String(), want) {
			t.Errorf("%s: %q, %v; want %q", manifest, out.String(), err, want)
		}
	}
	v, err := CheckModule(t.Context(), saved(t, []byte("\x00asm")), "")
	if err != nil || !strings.Contains(v.Reasons[0].Message, "cut short") {
		t.Errorf("%+v, %v", v, err)
	}
}

// TestModuleCheckTakesALimitOfMemory has a module that begins with 68 MiB, beside a stack of an eighth of the limit, 8 MiB at most.
func TestModuleCheckTakesALimitOfMemory(t *testing.T) {
	m := asm.New()
	m.Memory(68*16, 0)
	m.Func(abi.Marker, asm.Sig("", ""), "")
	for _, name := range []string{"weir_arena", "weir_open", "weir_process"} {
		m.Func(name, asm.Sig("i", "i"), "", asm.I32(0))
	}
	path := saved(t, m.Bytes())
	for memory, accepted := range map[string]bool{"": false, "64MB": false, "75 MiB": false, "76MB": true, "134217728": true, "256m": true} {
		v, err := CheckModule(t.Context(), path, memory)
		if err != nil || v.Accepted != accepted || !accepted && (len(v.Reasons) != 1 || v.Reasons[0].Code != abi.CodeModuleMemory) {
			t.Errorf("%q: %+v, %v", memory, v, err)
		}
	}
	for _, memory := range []string{"0", "-1", "64", "257MB", "much", "127KB", "99999999999999999999"} {
		v, err := CheckModule(t.Context(), path, memory)
		if v != nil || fault.Of(err) != fault.Input || !strings.HasPrefix(err.Error(), "--memory: option 'weir.memory': want a size") {
			t.Errorf("%q: %+v, %v", memory, v, err)
		}
	}
}

// withCode is a module that has nothing but a function.
func withCode(code asm.Code) []byte {
	m := asm.New()
	m.Func("f", asm.Sig("", ""), "", code)
	return m.Bytes()
}

func TestModuleInspectShowsWhatIsThere(t *testing.T) {
	wasm := tinyGuest(t, []string{""}, func(m *asm.Module) {
		m.Import("wasi_snapshot_preview1", "random_get", asm.Sig("ii", "i"))
		m.Import("wasi_snapshot_preview1", "sched_yield", asm.Sig("", "i"))
		g := m.Global(0)
		m.ExportRaw("g", 3, g)
		m.Start(m.Local("begin", asm.Sig("", ""), "iii", asm.I32(0), asm.If(asm.I32(0), asm.If()), asm.GetGlobal(g), asm.SetGlobal(g)))
	}, all(0), all(0))
	manifest := `{"abi": 1, "name": "tiny", "version": "1.0.0", "outputs": [{"name": "", "kind": "patch", "columns": []}]}`
	wasm, err := abi.AppendManifest(wasm, []byte(manifest))
	if err != nil {
		t.Fatal(err)
	}
	path := saved(t, wasm)
	got, err := InspectModule(t.Context(), path)
	if err != nil {
		t.Fatal(err)
	}
	if got.BytesRewritten <= got.Bytes || got.Bytes != len(wasm) || got.Hash != hash(wasm) || got.File != path || got.Charges == 0 {
		t.Errorf("%+v", got)
	}
	got.File, got.Hash, got.Bytes, got.BytesRewritten, got.Charges, got.Checks, got.DeepFunctions, got.Caps[0].Used = "m.wasm", "sha256:0", 1000, 1500, 9, 8, 0, 1000
	text, err := json.Marshal(got)
	if err != nil {
		t.Fatal(err)
	}
	const want = `{"file":"m.wasm","hash":"sha256:0","accepted":true,"reasons":[],` +
		`"manifest":{"abi":1,"name":"tiny","version":"1.0.0","outputs":[{"name":"","kind":"patch","columns":[]}]},` +
		`"imports":{"weir":["output","emit","reject"],"wasi_served":["random_get"],"wasi_inert":["sched_yield"],"refused":[]},` +
		`"exports":[{"name":"g","kind":"global","type":"i32"},{"name":"memory","kind":"memory"},{"name":"weir_abi_v1","kind":"func","type":"()"},{"name":"weir_arena","kind":"func","type":"(i32) -\u003e i32"},` +
		`{"name":"weir_open","kind":"func","type":"(i32) -\u003e i32"},{"name":"weir_process","kind":"func","type":"(i32) -\u003e i32"}],` +
		`"memory":{"min_pages":4,"max_pages":4096},"progress":false,"start":true,"restorable":true,"bytes":1000,"bytes_rewritten":1500,` +
		`"functions":5,"named_functions":5,"deep_functions":0,"loops":0,"charges":9,"checks":8,` +
		`"largest_body":{"most":30,"function":9,"name":"weir_process"},"most_locals":{"most":3,"function":5,"name":"begin"},` +
		`"deepest_nesting":{"most":2,"function":5,"name":"begin"},` +
		`"caps":[{"name":"module_bytes","used":1000,"most":67108864},{"name":"functions","used":10,"most":200000},{"name":"imports","used":5,"most":10000},` +
		`{"name":"exports","used":6,"most":100000},{"name":"body_bytes","used":30,"most":1048576},{"name":"locals","used":3,"most":49999},` +
		`{"name":"nesting","used":2,"most":8192},{"name":"memory_pages","used":4,"most":4096}]}`
	if string(text) != want {
		t.Errorf("%s\nwant\n%s", text, want)
	}
	var out bytes.Buffer
	if err := got.Print(&out); err != nil {
		t.Fatal(err)
	}
	const printed = `file        m.wasm
hash        sha256:0
accepted    yes
size        1000 bytes, 1500 after rewriting (1.50 times)
functions   5, 5 with a name, 0 that count against the depth
largest     30 bytes, function 9 "weir_process"
locals      3 at most, function 5 "begin"
nesting     2 blocks at most, function 5 "begin"
loops       0
fuel        charged at 9 places, 8 of which may yield
memory      4 to 4096 pages of 64 KiB
progress    no
start       yes
restorable  yes
imports     weir: output, emit, reject
imports     WASI, served: random_get
imports     WASI, inert: sched_yield
export      global g i32
export      memory memory
export      func weir_abi_v1 ()
export      func weir_arena (i32) -> i32
export      func weir_open (i32) -> i32
export      func weir_process (i32) -> i32
cap         module_bytes: 1000 of 67108864
cap         functions: 10 of 200000
cap         imports: 5 of 10000
cap         exports: 6 of 100000
cap         body_bytes: 30 of 1048576
cap         locals: 3 of 49999
cap         nesting: 2 of 8192
cap         memory_pages: 4 of 4096
manifest
`
	if before, _, _ := strings.Cut(out.String(), "{"); before != printed {
		t.Errorf("%s", before)
	}
}

// TestModuleInspectShowsWhatIsRefused shows a module that can be read, and gives the reasons against one that can't.
func TestModuleInspectShowsWhatIsRefused(t *testing.T) {
	refused := tinyGuest(t, []string{""}, func(m *asm.Module) {
		m.Import("env", "abort", asm.Sig("", ""))
		m.Import("wasi_snapshot_preview1", "sock_send", asm.Sig("iiiii", "i"))
	})
	got, err := InspectModule(t.Context(), saved(t, refused))
	if err != nil || got.Accepted || len(got.Reasons) != 2 || !slices.Equal(got.Imports.Refused, []string{"env.abort", "wasi_snapshot_preview1.sock_send"}) {
		t.Errorf("%+v, %v", got, err)
	}
	var out bytes.Buffer
	if err := got.Print(&out); err != nil || !strings.Contains(out.String(), "accepted    no\n            module.import: ") || !strings.HasSuffix(out.String(), "manifest    none\n") {
		t.Errorf("%s, %v", out.String(), err)
	}
	if _, err := InspectModule(t.Context(), saved(t, withCode(asm.Drop))); fault.Of(err) != fault.Input || !strings.Contains(err.Error(), "wasm.invalid") {
		t.Error(err)
	}
}
