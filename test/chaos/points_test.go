//go:build linux

package chaos

import (
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// TestEveryPointIsTried holds the places that runs die at against those that the program passes.
func TestEveryPointIsTried(t *testing.T) {
	pass := regexp.MustCompile(`faultpoint\.Pass\("([^"]+)"\)`)
	var passed []string
	err := filepath.WalkDir("../../host", func(path string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() || !strings.HasSuffix(path, ".go") || strings.HasSuffix(path, "_test.go") {
			return err
		}
		text, err := os.ReadFile(path)
		for _, found := range pass.FindAllSubmatch(text, -1) {
			passed = append(passed, string(found[1]))
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	tried := slices.Sorted(slices.Values(points))
	slices.Sort(passed)
	if !slices.Equal(slices.Compact(passed), tried) {
		t.Errorf("the program passes %q, runs die at %q", passed, tried)
	}
}
