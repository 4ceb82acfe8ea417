package main

import (
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
)

func TestTargetsOfAFile(t *testing.T) {
	source := "package p\n\nfunc FuzzA(f *testing.F) {\n}\n\n// func FuzzNo(f *testing.F)\nfunc FuzzB_2(tt *testing.F) { one(tt) }\nfunc fuzz(f *testing.F) {}\n" +
		"func FuzzHelper(t *testing.T) {}\n"
	if got, want := targets([]byte(source)), []string{"FuzzA", "FuzzB_2"}; !slices.Equal(got, want) {
		t.Errorf("targets %v, want %v", got, want)
	}
}

// A target that runs for a second or two finds nothing. Who adds the one too many raises FUZZ_SECONDS, or drops another.
func TestEveryTargetHasItsTime(t *testing.T) {
	const least = 4 // seconds
	makefile, err := os.ReadFile("../../Makefile")
	if err != nil {
		t.Fatal(err)
	}
	_, after, _ := strings.Cut(string(makefile), "\nFUZZ_SECONDS ?= ")
	text, _, _ := strings.Cut(after, "\n")
	seconds, err := strconv.Atoi(text)
	if err != nil {
		t.Fatal(err)
	}
	_, after, _ = strings.Cut(string(makefile), "./internal/fuzzall -seconds $(FUZZ_SECONDS) ")
	line, _, _ := strings.Cut(after, "\n")
	n := 0
	for _, folder := range strings.Fields(line) {
		packages, err := find(filepath.Join("../..", folder))
		if err != nil {
			t.Fatal(err)
		}
		for _, p := range packages {
			n += len(p.targets)
		}
	}
	if n == 0 || n*least > seconds {
		t.Errorf("%d targets share %d seconds, want at least %d for each", n, seconds, least)
	}
}

func TestOnlyTimeUpIsToldFromAFailingInput(t *testing.T) {
	for _, c := range []struct {
		out  string
		want bool
	}{
		{"fuzz: elapsed: 20s\n--- FAIL: FuzzA (20.10s)\n    context deadline exceeded\nFAIL\nexit status 1\nFAIL\tm/a\t20.109s\n", true},
		{"--- FAIL: FuzzA (2.10s)\n    --- FAIL: FuzzA (0.00s)\n        a_test.go:9: wrong\n    \n    Failing input written to testdata/fuzz/FuzzA/0a\nFAIL\n", false},
		{"--- FAIL: FuzzA (9.10s)\n    fuzzing process hung or terminated unexpectedly: context deadline exceeded\nFAIL\n", false},
		{"--- FAIL: FuzzA (9.10s)\n    context deadline exceeded\n    Failing input written to testdata/fuzz/FuzzA/0a\nFAIL\n", false},
		{"# m/a\na.go:1: syntax error\nFAIL\tm/a [build failed]\n", false},
	} {
		if got := onlyTimeUp("FuzzA", []byte(c.out)); got != c.want {
			t.Errorf("onlyTimeUp = %v, want %v, for\n%s", got, c.want, c.out)
		}
	}
}
