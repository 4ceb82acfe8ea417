package app

import (
	"fmt"
	"os"
	"regexp"
	"strings"
	"testing"
)

var moduleHash = regexp.MustCompile(`sha256:[0-9a-f]+`)

// TestExplain explains the plans of the cases of testdata/explain.txt, which are written as those of plans.txt, in words and as JSON.
func TestExplain(t *testing.T) {
	const path = "testdata/explain.txt"
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	var file strings.Builder
	for _, one := range strings.Split("\n"+string(data), "\n=== ")[1:] {
		name, rest, _ := strings.Cut(one, "\n")
		sql, want, _ := strings.Cut(rest, "----\n")
		t.Run(name, func(t *testing.T) {
			plans, err := planSQL(t, prelude+functions(sql)+sink(sql), planModules)
			var out strings.Builder
			if err != nil {
				out.WriteString(planText(t, nil, err))
			} else {
				for _, asJSON := range []bool{false, true} {
					if err := explain(&out, plans, asJSON); err != nil {
						t.Fatal(err)
					}
				}
			}
			got := strings.TrimSpace(moduleHash.ReplaceAllString(out.String(), "sha256:…"))
			if want = strings.TrimSpace(want); got != want && !*update {
				t.Errorf("got\n%s\nwant\n%s", got, want)
			}
			fmt.Fprintf(&file, "=== %s\n%s----\n%s\n\n", name, sql, got)
		})
	}
	if *update {
		if err := os.WriteFile(path, []byte(strings.TrimSuffix(file.String(), "\n")), 0o644); err != nil {
			t.Fatal(err)
		}
	}
}
