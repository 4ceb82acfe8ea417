package weir

import (
	"errors"
	"fmt"
	"testing"
	"time"
)

func TestDurationsAreReadAsPackageTimeReadsThem(t *testing.T) {
	for _, s := range []string{
		"0s", "1ns", "250ms", "1.5h", "1h30m", "1h30m0.000000001s", ".5s", "5.s", "2562047h47m16.854775807s",
		"9223372036854775807ns", "1.0000000019s", "3us", "0.25000000000000000000000h",
	} {
		want, err := time.ParseDuration(s)
		if err != nil {
			t.Fatal(err)
		}
		if got, ok := parseDuration(s); !ok || got != int64(want) {
			t.Errorf("%s: %d %v, want %d", s, got, ok, want)
		}
	}
	for _, s := range []string{
		"", "1", "s", ".s", "-1s", "+1s", "1 s", "1d", "1h30", "1..5s", "9223372036854775808ns", "2562047h47m16.854775808s",
		"9223372036854775807ns1ns", "99999999999999999999h", "1h.",
	} {
		if got, ok := parseDuration(s); ok {
			t.Errorf("%q: %d", s, got)
		}
	}
}

func FuzzDuration(f *testing.F) {
	f.Add("1h30m0.5s")
	f.Fuzz(func(t *testing.T, s string) {
		got, ok := parseDuration(s)
		if !ok {
			return
		}
		if got < 0 {
			t.Fatalf("%q: %d", s, got)
		}
		want, err := time.ParseDuration(s)
		if diff := got - int64(want); err != nil || diff < -8 || diff > 8 { // package time rounds a fraction by way of a float
			t.Fatalf("%q: %d, package time says %d, %v", s, got, want, err)
		}
	})
}

func TestRegisterTwiceIsAMistake(t *testing.T) {
	defer func() {
		registered = nil
		if recover() == nil {
			t.Error("no panic")
		}
	}()
	op := Filter(nil)
	Register(op)
	Register(op)
}

func TestFindSeesThroughWrapping(t *testing.T) {
	inner := Reject("a.b", "c")
	if r, ok := find[*Rejection](fmt.Errorf("row 3: %w", inner)); !ok || r != inner {
		t.Errorf("%v %v", r, ok)
	}
	if r, ok := find[*Rejection](errors.New("x")); ok {
		t.Error(r)
	}
	if _, ok := find[*Refusal](nil); ok {
		t.Error("found in nil")
	}
}
