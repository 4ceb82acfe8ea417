package main

import (
	"slices"
	"testing"
)

func TestTargetsBelongToThePackageThatFollowsThem(t *testing.T) {
	got := parse("f", []byte("FuzzA\nFuzzB\nok  \tm/a\t0.01s\n?   \tm/b\t[no test files]\nok  \tm/c\t0.02s\nFuzzC\nok  \tm/d\t(cached)\n"))
	want := []target{{"f", "m/a", "FuzzA"}, {"f", "m/a", "FuzzB"}, {"f", "m/d", "FuzzC"}}
	if !slices.Equal(got, want) {
		t.Errorf("targets %v, want %v", got, want)
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
