package sandbox_test

import (
	"crypto/sha256"
	"errors"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/tetratelabs/wazero/api"

	"github.com/weir-stream/weir/host/sandbox"
)

// testdata/modules holds a small module for each place where the rewriter has something to do, testdata/invalid one for each
// rule that its additions could make a guest break unseen. testdata/build.sh makes the binaries.

var update = flag.Bool("update", false, "write the fuel that calls take into testdata/fuel.txt")

func moduleFiles(t testing.TB, folder string) []string {
	t.Helper()
	files, err := filepath.Glob(filepath.Join("testdata", folder, "*.wasm"))
	if err != nil || len(files) == 0 {
		t.Fatalf("no modules in testdata/%s: %v", folder, err)
	}
	return files
}

func TestBinariesAreBuiltFromTheTextBesideThem(t *testing.T) {
	noted, err := os.ReadFile(filepath.Join("testdata", "SHA256SUMS"))
	if err != nil {
		t.Fatal(err)
	}
	want := map[string]string{}
	for line := range strings.Lines(string(noted)) {
		sum, name, _ := strings.Cut(strings.TrimSpace(line), "  ")
		want[name] = sum
	}
	for _, folder := range []string{"modules", "invalid"} {
		files, err := os.ReadDir(filepath.Join("testdata", folder))
		if err != nil {
			t.Fatal(err)
		}
		for _, f := range files {
			data, err := os.ReadFile(filepath.Join("testdata", folder, f.Name()))
			if err != nil {
				t.Fatal(err)
			}
			name := folder + "/" + f.Name()
			if got := fmt.Sprintf("%x", sha256.Sum256(data)); got != want[name] {
				t.Errorf("%s is not what was built: run testdata/build.sh", name)
			}
			delete(want, name)
		}
	}
	for name := range want {
		t.Errorf("%s is gone: run testdata/build.sh", name)
	}
}

func TestInvalidModulesAreRefused(t *testing.T) {
	for _, file := range moduleFiles(t, "invalid") {
		wasm, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		m, err := sandbox.Rewrite(wasm, sandbox.Caps{})
		refusal, ok := err.(*sandbox.Error)
		if !ok || m != nil || refusal.Code != sandbox.CodeInvalid && refusal.Code != sandbox.CodeUnsupported {
			t.Errorf("%s: got %v, want it refused as invalid", file, err)
		}
	}
}

// TestFuel makes the calls of testdata/fuel.txt on both engines, before and after the rewrite, and holds what comes of them
// against what it says.
//
// A section "=== module" makes an instance and gives what its start function took. A line is a call, what it returned or why it
// trapped, the fuel that it took, and the instructions that it executed, end and else not among them:
//
//	=== loops, fuel 0, instructions 0
//	nested i32:3 i32:4 = i32:12, fuel 150, instructions 150
//
// Run with -update after adding calls. A change of the others is a change of what users are charged: it needs another Version.
func TestFuel(t *testing.T) {
	path := filepath.Join("testdata", "fuel.txt")
	golden, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	lines := strings.Split(strings.TrimSuffix(string(golden), "\n"), "\n")
	engines := specEngines(t, api.CoreFeaturesV2)
	fuel, exact := play(t, lines, newWorld(t, engines[0], rewritten)), play(t, lines, newWorld(t, engines[0], instructions))
	for _, other := range [][]played{
		play(t, lines, newWorld(t, engines[0], original)),
		play(t, lines, newWorld(t, engines[1], original)),
		play(t, lines, newWorld(t, engines[1], rewritten)),
		exact,
	} {
		for n, p := range other {
			if p.world != nil && (p.result != fuel[n].result || p.world.form == rewritten && p.units != fuel[n].units) {
				t.Errorf("%s: %s: %q, %d units, want %q, %d", p.world, p.line, p.result, p.units, fuel[n].result, fuel[n].units)
			}
		}
	}
	var out strings.Builder
	for n, p := range fuel {
		out.WriteString(p.line)
		if p.world == nil {
			out.WriteByte('\n')
			continue
		}
		said := fmt.Sprintf("%s, fuel %d", p.result, p.units)
		if p.result != " "+errTooDeep.Error() { // where the counted module goes on to the end of the engine's own stack
			said += fmt.Sprintf(", instructions %d", exact[n].units)
			if p.units < exact[n].units {
				t.Errorf("%s: less fuel than instructions: %s", p.line, said)
			}
		}
		out.WriteString(said + "\n")
	}
	if *update {
		if err := os.WriteFile(path, []byte(out.String()), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	n := 0
	for got := range strings.Lines(out.String()) {
		if want := lines[n] + "\n"; got != want {
			t.Errorf("%s:%d: got  %s%*s want %s", path, n+1, got, len(path)+len(strconv.Itoa(n+1))+2, "", want)
		}
		n++
	}
}

// A played line is a call or an instance made, and what came of it; world is nil for the lines between.
type played struct {
	line, result string
	units        int64
	world        *world
}

// play runs a script in a world.
func play(t *testing.T, lines []string, w *world) (out []played) {
	t.Helper()
	for _, line := range lines {
		name, isModule := strings.CutPrefix(line, "=== ")
		switch {
		case isModule:
			name, _, _ = strings.Cut(name, ",")
			before := w.consumed()
			m, err := readModule(filepath.Join("testdata", "modules", name+".wasm"))
			if err == nil {
				w.last, err = w.instantiate(t.Context(), m, name)
			}
			if err != nil {
				t.Fatalf("%s: %s: %v", w, name, err)
			}
			out = append(out, played{"=== " + name, "", w.consumed() - before, w})
		case line == "" || strings.HasPrefix(line, "#"):
			out = append(out, played{line: line})
		default:
			call, _, _ := strings.Cut(line, " =")
			result, units := w.answer(t, call)
			out = append(out, played{call + " =", result, units, w})
		}
	}
	return out
}

// answer makes a call and says what came of it, with a space before each value.
func (w *world) answer(t *testing.T, call string) (result string, units int64) {
	t.Helper()
	parts := strings.Fields(call)
	action := specAction{Type: "invoke", Field: parts[0]}
	for _, arg := range parts[1:] {
		kind, value, _ := strings.Cut(arg, ":")
		action.Args = append(action.Args, specValue{Type: kind, Value: []byte(strconv.Quote(value))})
	}
	args, err := words(action.Args)
	if err != nil {
		t.Fatalf("%s: %v", call, err)
	}
	o, err := w.act(t.Context(), action, args)
	switch {
	case err != nil:
		t.Fatalf("%s: %s: %v", w, call, err)
	case errors.Is(o.err, errTooDeep), strings.HasSuffix(trap(o.err), "stack overflow"):
		return " " + errTooDeep.Error(), o.fuel
	case o.err != nil:
		return " " + trap(o.err), o.fuel
	}
	for n, kind := range w.last.module.ExportedFunction(action.Field).Definition().ResultTypes() {
		result += " " + show(kind, o.results[n])
	}
	return result, o.fuel
}

func show(kind api.ValueType, bits uint64) string {
	name := api.ValueTypeName(kind)
	switch kind {
	case api.ValueTypeI32:
		return fmt.Sprintf("%s:%d", name, int32(bits))
	case api.ValueTypeI64:
		return fmt.Sprintf("%s:%d", name, int64(bits))
	case api.ValueTypeExternref:
		if bits == 0 {
			return name + ":null"
		}
		return fmt.Sprintf("%s:%d", name, bits-1)
	}
	return fmt.Sprintf("%s:%#x", name, bits)
}
