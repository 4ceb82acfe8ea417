package evil

import (
	"embed"
	"fmt"
	"path"
	"slices"
	"strings"
)

//go:embed testdata/*.wat testdata/*.wasm
var files embed.FS

// Attack is one evil guest.
type Attack struct {
	Name   string
	Does   string // what it tries
	Rule   string // what stops it
	Call   string // that fails: an export or "start"; "refused" where none may run, "harmless" where none fails
	Code   string // of the refusal or the failure, "" where harmless
	Limits Limits
	Flags  []string // of wat2wasm
	Wasm   func() ([]byte, error)
}

// Expect is what the host must say, as a guest's first lines write it.
func (a Attack) Expect() string { return strings.TrimSpace(a.Call + " " + a.Code) }

// Attacks are all of them, by name.
func Attacks() ([]Attack, error) {
	names, err := files.ReadDir("testdata")
	if err != nil {
		return nil, err
	}
	attacks := generated()
	for _, entry := range names {
		name, isText := strings.CutSuffix(entry.Name(), ".wat")
		if !isText || name == neighbourName {
			continue
		}
		text, err := files.ReadFile(path.Join("testdata", entry.Name()))
		if err != nil {
			return nil, err
		}
		a, err := parse(name, string(text))
		if err != nil {
			return nil, fmt.Errorf("%s: %w", entry.Name(), err)
		}
		attacks = append(attacks, a)
	}
	slices.SortFunc(attacks, func(a, b Attack) int { return strings.Compare(a.Name, b.Name) })
	return attacks, nil
}

// parse reads a guest's first lines.
func parse(name, text string) (a Attack, err error) {
	a = Attack{Name: name, Limits: DefaultLimits, Wasm: func() ([]byte, error) { return files.ReadFile("testdata/" + name + ".wasm") }}
	for line := range strings.Lines(text) {
		key, value, ok := strings.Cut(strings.TrimPrefix(line, ";; "), ":")
		if !ok || !strings.HasPrefix(line, ";; ") {
			break
		}
		value = strings.TrimSpace(value)
		switch key {
		case "attack":
			a.Does = value
		case "rule":
			a.Rule = value
		case "expect":
			a.Call, a.Code, _ = strings.Cut(value, " ")
		case "limits":
			a.Limits, err = parseLimits(value)
		case "wat2wasm":
			a.Flags = strings.Fields(value)
		default:
			err = fmt.Errorf("what is %q?", key)
		}
		if err != nil {
			return a, err
		}
	}
	if a.Does == "" || a.Rule == "" || a.Call == "" || (a.Code == "") != (a.Call == harmless) {
		return a, fmt.Errorf("the first lines must give attack, rule and expect")
	}
	return a, nil
}

// What may be expected of a guest besides a call that fails.
const (
	refused  = "refused"
	harmless = "harmless"
)
