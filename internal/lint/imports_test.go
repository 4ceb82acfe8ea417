package lint

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os/exec"
	"slices"
	"strings"
	"testing"
)

// A rule says what a package may import of this module, directly, and what it must not reach, directly or not; tests are
// free. Packages are named by their path in the module, x/* is every package right below x, x/... x and everything below
// it. Of several rules for a package the first counts.
type rule struct {
	packages string
	may      string
	never    string // of this module or any other
}

const (
	arrow  = " github.com/apache/arrow-go/..."
	wazero = " github.com/tetratelabs/wazero/..."
	guests = " host/... guest-abi/..." + arrow + wazero
	base   = " host/option internal/..."
)

// rules follow the data: contracts are in the parent folder, implementations in children, and only host/builtin knows
// those.
var rules = []rule{
	{"internal/...", "internal/...", "fluvio/..." + guests},

	{"fluvio/internal/wire", "", "net" + guests},
	{"fluvio/record", "fluvio/internal/wire fluvio/protocol", "net" + guests},
	{"fluvio/protocol", "fluvio/internal/wire fluvio/record", "net" + guests},
	{"fluvio/internal/...", "fluvio/internal/wire fluvio/protocol internal/...", guests},
	{"fluvio/config", "internal/...", guests},
	{"fluvio", "fluvio/protocol fluvio/record fluvio/config fluvio/internal/wire fluvio/internal/mux fluvio/internal/objects internal/...", "fluvio/broker/... fluvio/admin/..." + guests},
	{"fluvio/admin", "fluvio fluvio/protocol fluvio/internal/objects internal/...", "fluvio/broker/..." + guests},
	// The broker and the client agree through bytes, so they share nothing above the codec.
	{"fluvio/broker", "fluvio/protocol fluvio/record fluvio/internal/wire fluvio/broker/internal/... internal/...", "fluvio fluvio/admin fluvio/internal/mux" + guests},
	{"fluvio/broker/internal/...", "fluvio/protocol fluvio/record fluvio/internal/wire internal/...", "fluvio fluvio/admin fluvio/internal/mux" + guests},

	{"host/option", "internal/fault", "fluvio/..." + arrow + wazero},
	{"host/engine", "host/sandbox" + base, "host/connector/... host/framing" + arrow + wazero},
	{"host/connector", base, "host/engine/... host/framing fluvio/..." + arrow + wazero},
	{"host/framing", base, "host/engine/... host/connector/..." + arrow + wazero},
	{"host/sandbox", "host/sandbox/internal/... internal/...", "fluvio/..." + arrow + wazero},
	{"host/sandbox/internal/wasm", "", "host/sandbox/internal/meter fluvio/..." + arrow + wazero},
	{"host/sandbox/internal/meter", "host/sandbox/internal/wasm", "fluvio/..." + arrow + wazero},
	{"host/pool", "internal/...", "host/engine/... host/connector/... fluvio/..." + arrow + wazero},
	{"host/batch", "host/types" + base, "host/engine/... host/connector/... host/pipeline" + wazero},
	{"host/ipc", "host/batch host/types" + base, "host/engine/... host/connector/... host/pipeline" + wazero},
	{"host/ipc/ipctest", "host/batch host/ipc host/types" + base, "host/engine/... host/connector/... host/pipeline" + wazero},
	{"host/format", "host/batch host/types" + base, "host/engine/... host/connector/... host/pipeline" + wazero},
	{"host/deadletter", "host/batch" + base, "host/engine/... host/connector/... host/format/..." + wazero},
	{"host/checkpoint", base, "host/connector/... host/engine/..." + arrow + wazero},
	{"host/metrics", base, "host/connector/... host/engine/..." + arrow + wazero},
	{"host/config", "host/types" + base, "host/connector/... host/engine/... host/pipeline" + wazero},
	{"host/abi", "host/types host/engine host/sandbox host/batch host/ipc" + base, "host/connector/... host/format/..." + wazero},
	{"host/operator", "host/types host/pool host/engine host/batch host/ipc host/abi host/deadletter" + base, "host/connector/... host/format/..." + wazero},
	{"host/pipeline", "host/connector host/framing host/format host/batch host/operator host/deadletter host/checkpoint host/metrics" + base,
		"host/api host/config host/connector/* host/format/* host/engine/*" + wazero},

	{"host/connector/fluvioconn", "host/connector fluvio fluvio/admin" + base, "host/format/... host/pipeline" + arrow + wazero},
	{"host/connector/fileconn", "host/connector host/connector/lines" + base, "fluvio/... host/format/... host/pipeline" + arrow + wazero},
	{"host/connector/stdioconn", "host/connector host/connector/lines" + base, "fluvio/... host/format/... host/pipeline" + arrow + wazero},
	{"host/connector/*", "host/connector" + base, "fluvio/... host/format/... host/pipeline" + arrow + wazero},
	{"host/types", "internal/...", "fluvio/..." + wazero},
	{"host/schemaregistry", base, "host/connector/... host/engine/... host/pipeline" + arrow + wazero},
	{"host/format/*", "host/format host/batch host/types host/schemaregistry" + base, "fluvio/... host/connector/... host/pipeline" + wazero},
	{"host/engine/enginetest/...", "host/engine host/sandbox host/engine/enginetest/..." + base, "host/connector/... host/pipeline" + arrow + wazero},
	{"host/engine/*", "host/engine host/sandbox" + base, "fluvio/... host/connector/... host/pipeline" + arrow},

	{"host/builtin", "host/connector host/connector/* host/format host/format/* host/engine host/engine/* host/framing" + base, "host/app host/pipeline"},
	{"host/app", "host/builtin host/pipeline host/operator host/abi host/config host/connector host/format host/framing host/batch " +
		"host/engine host/sandbox host/checkpoint host/deadletter host/types host/schemaregistry host/metrics host/registry host/api fluvio fluvio/admin fluvio/record fluvio/broker fluvio/config" + base, ""},
	{"cmd/...", "cmd/command cmd/early host/app host/config fluvio/... guest-abi/..." + base, ""},

	{"guest-abi/gen", "internal/...", "host/... fluvio/..." + arrow + wazero},
	{"test/...", "...", ""},
	{"bench/...", "...", ""},
	{"modules/...", "...", ""},
	{"examples/...", "...", ""},
}

// listed is what go list says of a package.
type listed struct {
	ImportPath    string
	Imports, Deps []string
}

func TestImports(t *testing.T) {
	packages := list(t)
	if len(packages) < 10 {
		t.Fatalf("go list names %d packages only", len(packages))
	}
	for _, p := range packages {
		for _, problem := range judge(p) {
			t.Error(problem)
		}
	}
}

func list(t *testing.T) (packages []listed) {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), "go", "list", "-e", "-json=ImportPath,Imports,Deps", "./...")
	cmd.Dir = root(t)
	out, err := cmd.Output()
	if err != nil {
		t.Fatal(err)
	}
	decoder := json.NewDecoder(strings.NewReader(string(out)))
	for {
		var p listed
		err := decoder.Decode(&p)
		if errors.Is(err, io.EOF) {
			return packages
		}
		if err != nil {
			t.Fatal(err)
		}
		packages = append(packages, p)
	}
}

// local is a package's path in the module; of others it is the whole path.
func local(path string) string { return strings.TrimPrefix(path, module+"/") }

// judge applies the rules to one package.
func judge(p listed) (problems []string) {
	name := local(p.ImportPath)
	i := slices.IndexFunc(rules, func(r rule) bool { return matchesAny(r.packages, name) })
	if i < 0 {
		return []string{fmt.Sprintf("%s: no rule says what it may import; add one", name)}
	}
	r := rules[i]
	for _, path := range p.Imports {
		imported := local(path)
		if imported == path {
			continue
		}
		if !matchesAny(r.may, imported) {
			problems = append(problems, fmt.Sprintf("%s imports %s; it may import of this module: %s", name, imported, orNothing(r.may)))
		} else if strings.HasPrefix(imported, name+"/") && r.may == "..." {
			problems = append(problems, fmt.Sprintf("%s imports its child %s", name, imported))
		}
		if strings.HasSuffix(imported, "test") && !strings.Contains(name, "test") {
			problems = append(problems, fmt.Sprintf("%s imports %s, which is for tests", name, imported))
		}
	}
	for pattern := range strings.FieldsSeq(r.never) {
		i := slices.IndexFunc(p.Deps, func(path string) bool { return matchesPattern(pattern, local(path)) })
		if i >= 0 {
			problems = append(problems, fmt.Sprintf("%s reaches %s, which it must not; see: go list -deps", name, local(p.Deps[i])))
		}
	}
	return problems
}

func orNothing(patterns string) string {
	if fields := strings.Fields(patterns); len(fields) > 0 {
		return strings.Join(fields, ", ")
	}
	return "nothing"
}

func matchesAny(patterns, path string) bool {
	for pattern := range strings.FieldsSeq(patterns) {
		if matchesPattern(pattern, path) {
			return true
		}
	}
	return false
}

func matchesPattern(pattern, path string) bool {
	if parent, ok := strings.CutSuffix(pattern, "/..."); ok {
		return path == parent || strings.HasPrefix(path, parent+"/")
	}
	if parent, ok := strings.CutSuffix(pattern, "/*"); ok {
		child, below := strings.CutPrefix(path, parent+"/")
		return below && !strings.Contains(child, "/")
	}
	return pattern == "..." || pattern == path
}
