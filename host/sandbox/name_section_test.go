package sandbox_test

import (
	"bytes"
	"encoding/binary"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/tetratelabs/wazero/api"

	"github.com/weir-stream/weir/host/sandbox"
)

func namedModule(t testing.TB) []byte {
	t.Helper()
	wasm, err := os.ReadFile(filepath.Join("testdata", "modules", "names.wasm"))
	if err != nil {
		t.Fatal(err)
	}
	return wasm
}

// runNamed runs the guest of names.wat, rewritten, and gives the trap with its stack trace.
func runNamed(t *testing.T, wasm []byte) string {
	t.Helper()
	m, err := sandbox.Rewrite(wasm, sandbox.Caps{})
	if err != nil {
		t.Fatal(err)
	}
	w := newWorld(t, specEngines(t, api.CoreFeaturesV2)[1], rewritten)
	i, err := w.instantiate(t.Context(), &specModule{wasm, m}, "")
	if err != nil {
		t.Fatal(err)
	}
	_, err = i.module.ExportedFunction("run").Call(t.Context())
	if err == nil {
		t.Fatal("run returned, want the trap of unreachable")
	}
	return err.Error()
}

const namedTrace = "wasm error: unreachable\nwasm stack trace:\n\t%.main.helper(i32)\n\t%.main.run()"

func TestTrapsNameTheGuestsFunctions(t *testing.T) {
	wasm := namedModule(t)
	if got, want := runNamed(t, wasm), strings.ReplaceAll(namedTrace, "%", "guest"); got != want {
		t.Errorf("got %q\nwant %q", got, want)
	}
}

// A name section says nothing about how a module runs, so whatever is in it is no reason to refuse the module; what cannot be
// read is dropped (https://webassembly.github.io/spec/core/appendix/custom.html#name-section).
func TestOddNameSectionsAreNoReasonToRefuse(t *testing.T) {
	section := func(id byte, parts ...[]byte) []byte {
		body := bytes.Join(parts, nil)
		return append(binary.AppendUvarint([]byte{id}, uint64(len(body))), body...)
	}
	str := func(s string) []byte { return append(binary.AppendUvarint(nil, uint64(len(s))), s...) }
	custom := func(parts ...[]byte) []byte { return section(0, str("name"), bytes.Join(parts, nil)) }
	// wat2wasm puts the names last.
	named := namedModule(t)
	names := custom([]byte{})[2:]
	at := bytes.Index(named, names) - 2
	bare, good := named[:at], named[at:]
	function := func(index byte, name string) []byte { return append([]byte{index}, str(name)...) }
	for what, sections := range map[string][][]byte{
		"none":                      {},
		"twice":                     {good, good},
		"empty":                     {custom()},
		"half a subsection":         {custom([]byte{1, 50, 1})},
		"no vector":                 {custom(section(1, []byte{0xff, 0xff, 0xff, 0xff, 0x0f}))},
		"an endless number":         {custom(section(1, bytes.Repeat([]byte{0x80}, 20)))},
		"an index behind the last":  {custom(section(1, []byte{1}, function(99, "nobody")))},
		"the index of an addition":  {custom(section(1, []byte{1}, function(2, "stolen")))},
		"one index twice":           {custom(section(1, []byte{2}, function(0, "a"), function(0, "b")))},
		"indices going down":        {custom(section(1, []byte{2}, function(1, "b"), function(0, "a")))},
		"one subsection twice":      {custom(section(1, []byte{1}, function(0, "a")), section(1, []byte{1}, function(0, "b")))},
		"subsections going down":    {custom(section(1, []byte{1}, function(0, "a")), section(0, str("m")))},
		"not UTF-8":                 {custom(section(1, []byte{1}, function(0, "\xff\xfe")))},
		"a module name not UTF-8":   {custom(section(0, str("\xc0")))},
		"control characters":        {custom(section(1, []byte{1}, function(0, "\x00\n\x1b[31m")))},
		"locals of no function":     {custom(section(2, []byte{1, 77, 1}, function(0, "x")))},
		"a subsection from later":   {custom(section(42, []byte("whatever")), section(7, []byte{1}, function(0, "global")))},
		"bytes behind the names":    {custom(section(0, str("m"), []byte{1, 2, 3}))},
		"a name as long as it gets": {custom(section(1, []byte{1}, function(0, strings.Repeat("n", 1<<20))))},
		"a name that is not there":  {custom(section(1, []byte{1, 0, 100}))},
	} {
		t.Run(what, func(t *testing.T) {
			wasm := append(bytes.Clone(bare), bytes.Join(sections, nil)...)
			if got := runNamed(t, wasm); !strings.HasPrefix(got, "wasm error: unreachable\n") {
				t.Errorf("got %q", got)
			}
			// The same in front of all other sections.
			front := append(append(bytes.Clone(bare[:8]), bytes.Join(sections, nil)...), bare[8:]...)
			if got := runNamed(t, front); !strings.HasPrefix(got, "wasm error: unreachable\n") {
				t.Errorf("in front: got %q", got)
			}
		})
	}
}
