package sandbox_test

import (
	"encoding/json"
	"fmt"
	"math"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"testing"
)

// The WebAssembly specification's test suite comes inside wazero's Go module, as the JSON and binaries that wast2json made of it
// (https://github.com/WebAssembly/wabt/blob/main/docs/wast2json.md), so it is there wherever this module builds.

// specFolder is where the module cache holds the suites: v1, v2, and one folder for each proposal.
var specFolder = sync.OnceValues(func() (string, error) {
	out, err := exec.Command("go", "list", "-m", "-f", "{{.Dir}}", "github.com/tetratelabs/wazero").Output()
	if err != nil {
		return "", fmt.Errorf("find wazero's module folder: %w", err)
	}
	return filepath.Join(strings.TrimSpace(string(out)), "internal", "integration_test", "spectest"), nil
})

func specPath(t testing.TB, elem ...string) string {
	t.Helper()
	dir, err := specFolder()
	if err != nil {
		t.Fatal(err)
	}
	return filepath.Join(append([]string{dir}, elem...)...)
}

// A specCommand is one step of a script: a module to load, a call, or an assertion about either.
type specCommand struct {
	Type       string      `json:"type"`
	Line       int         `json:"line"`
	Name       string      `json:"name"` // that the script gives to a module
	As         string      `json:"as"`   // that other modules import it by
	Filename   string      `json:"filename"`
	ModuleType string      `json:"module_type"`
	Text       string      `json:"text"` // of the trap or refusal expected
	Action     specAction  `json:"action"`
	Expected   []specValue `json:"expected"`
}

type specAction struct {
	Type   string      `json:"type"` // invoke or get
	Module string      `json:"module"`
	Field  string      `json:"field"`
	Args   []specValue `json:"args"`
}

type specValue struct {
	Type  string          `json:"type"`
	Lane  string          `json:"lane_type"`
	Value json.RawMessage `json:"value"`
}

// readScript gives a script's commands.
func readScript(t testing.TB, path string) []specCommand {
	t.Helper()
	raw, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	var script struct {
		Commands []specCommand `json:"commands"`
	}
	if err := json.Unmarshal(raw, &script); err != nil {
		t.Fatalf("%s: %v", path, err)
	}
	return script.Commands
}

// A lane is one number of a value, or a set of numbers where the script names a pattern.
type lane struct {
	width int // bits
	bits  uint64
	match pattern
}

type pattern byte

const (
	exact         pattern = iota
	canonicalNaN          // the quiet bit alone, any sign
	arithmeticNaN         // the quiet bit and any others
	anything              // a reference that the script does not name
)

// lanes reads v. A v128 has two to sixteen, every other value one.
func (v specValue) lanes() ([]lane, error) {
	if v.Type != "v128" {
		l, err := v.scalar()
		return []lane{l}, err
	}
	var texts []string
	if err := json.Unmarshal(v.Value, &texts); err != nil {
		return nil, err
	}
	width, err := strconv.Atoi(v.Lane[1:])
	if err != nil || width*len(texts) != 128 {
		return nil, fmt.Errorf("v128 of %d lanes of type %s", len(texts), v.Lane)
	}
	out := make([]lane, len(texts))
	for i, text := range texts {
		if out[i], err = number(text, width); err != nil {
			return nil, err
		}
	}
	return out, nil
}

func (v specValue) scalar() (lane, error) {
	if len(v.Value) == 0 || string(v.Value) == "null" {
		return lane{width: 64, match: anything}, nil
	}
	var text string
	if err := json.Unmarshal(v.Value, &text); err != nil {
		return lane{}, err
	}
	switch v.Type {
	case "i32", "f32":
		return number(text, 32)
	case "i64", "f64":
		return number(text, 64)
	case "externref", "funcref":
		if text == "null" {
			return lane{width: 64}, nil
		}
		l, err := number(text, 64)
		l.bits++ // 0 is wazero's null
		return l, err
	}
	return lane{}, fmt.Errorf("value of type %q", v.Type)
}

func number(text string, width int) (lane, error) {
	switch text {
	case "nan:canonical":
		return lane{width: width, match: canonicalNaN}, nil
	case "nan:arithmetic":
		return lane{width: width, match: arithmeticNaN}, nil
	}
	if signed, err := strconv.ParseInt(text, 10, 64); err == nil {
		return lane{width: width, bits: uint64(signed) & mask(width)}, nil
	}
	bits, err := strconv.ParseUint(text, 10, width)
	return lane{width: width, bits: bits}, err
}

func mask(width int) uint64 { return math.MaxUint64 >> (64 - width) }

// matches reports whether bits is l or in its pattern.
func (l lane) matches(bits uint64) bool {
	bits &= mask(l.width)
	switch l.match {
	case anything:
		return true
	case exact:
		return bits == l.bits
	}
	quiet, magnitude := uint64(0x7fc00000), uint64(math.MaxInt32)
	if l.width == 64 {
		quiet, magnitude = 0x7ff8000000000000, math.MaxInt64
	}
	if l.match == canonicalNaN {
		return bits&magnitude == quiet
	}
	return bits&quiet == quiet
}

// words gives the values as wazero passes them: one word each, two for a v128.
func words(values []specValue) ([]uint64, error) {
	var out []uint64
	for _, v := range values {
		lanes, err := v.lanes()
		if err != nil {
			return nil, err
		}
		for word, bit := uint64(0), 0; len(lanes) > 0; lanes = lanes[1:] {
			word |= lanes[0].bits << bit
			if bit += lanes[0].width; bit == 64 || len(lanes) == 1 {
				out = append(out, word)
				word, bit = 0, 0
			}
		}
	}
	return out, nil
}

// matchAll says how results differ from what the script expects; "" when they don't.
func matchAll(results []uint64, expected []specValue) string {
	for i, v := range expected {
		lanes, err := v.lanes()
		if err != nil {
			return err.Error()
		}
		for n, bit := 0, 0; n < len(lanes); n++ {
			if len(results) == 0 {
				return fmt.Sprintf("result %d is missing", i)
			}
			if got := results[0] >> bit; !lanes[n].matches(got) {
				return fmt.Sprintf("result %d, lane %d: got %#x, want %+v", i, n, got&mask(lanes[n].width), lanes[n])
			}
			if bit += lanes[n].width; bit == 64 || n == len(lanes)-1 {
				results, bit = results[1:], 0
			}
		}
	}
	if len(results) > 0 {
		return fmt.Sprintf("%d results more than expected", len(results))
	}
	return ""
}
