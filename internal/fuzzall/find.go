package main

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
)

// fuzzed is a package with fuzz targets.
type fuzzed struct {
	path, dir string
	targets   []string
}

// find lists the packages of the module in a folder that have fuzz targets. It reads their sources: asking each package's test binary takes
// longer than all else beside fuzzing.
func find(folder string) (packages []fuzzed, err error) {
	list := exec.Command("go", "list", "-f", `{{.ImportPath}}|{{.Dir}}{{range .TestGoFiles}}|{{.}}{{end}}{{range .XTestGoFiles}}|{{.}}{{end}}`, "./...")
	list.Dir, list.Stderr = folder, os.Stderr
	out, err := list.Output()
	if err != nil {
		return nil, fmt.Errorf("go list: %w", err)
	}
	for line := range strings.Lines(string(out)) {
		words := strings.Split(strings.TrimSpace(line), "|")
		p := fuzzed{path: words[0], dir: words[1]}
		for _, name := range words[2:] {
			source, err := os.ReadFile(filepath.Join(p.dir, name))
			if err != nil {
				return nil, err
			}
			p.targets = append(p.targets, targets(source)...)
		}
		if len(p.targets) > 0 {
			packages = append(packages, p)
		}
	}
	return packages, nil
}

var target = regexp.MustCompile(`(?m)^func (Fuzz\w*)\(\w+ \*testing\.F\)`)

// targets are the fuzz targets of a test file.
func targets(source []byte) (names []string) {
	for _, m := range target.FindAllSubmatch(source, -1) {
		names = append(names, string(m[1]))
	}
	return names
}
