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
