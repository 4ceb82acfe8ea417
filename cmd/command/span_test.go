package command

import (
	"testing"
	"time"

	"pgregory.net/rapid"
)

func TestLengthsOfTimeAreReadInBothWays(t *testing.T) {
	for text, want := range map[string]time.Duration{
		"0": 0, "0s": 0, "150ms": 150 * time.Millisecond, "1h30m": 90 * time.Minute, "1.5h": 90 * time.Minute, "20s": 20 * time.Second,
		"2d 10s": 48*time.Hour + 10*time.Second, "7 days": 7 * 24 * time.Hour, "1 week 1day": 8 * 24 * time.Hour, " 1m ": time.Minute,
		"3 hours 2 minutes 1 second": 3*time.Hour + 2*time.Minute + time.Second, "5us": 5 * time.Microsecond, "5µs": 5 * time.Microsecond,
	} {
		if got, ok := parseSpan(text); !ok || got != want {
			t.Errorf("%q: %v, %v, want %v", text, got, ok, want)
		}
	}
	for _, text := range []string{"", " ", "5", "s", "-1s", "1x", "1 2s", "1..5s", "1h 5", "1e3s", "300000d", "99999999999999999999s"} {
		if got, ok := parseSpan(text); ok {
			t.Errorf("%q is read as %v", text, got)
		}
	}
}

func TestWhatGoWritesIsReadBack(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		d := time.Duration(rapid.Int64Range(0, int64(1000*time.Hour)).Draw(t, "d"))
		if got, ok := parseSpan(d.String()); !ok || got != d {
			t.Fatalf("%v: %v, %v", d, got, ok)
		}
	})
}

func FuzzSpan(f *testing.F) {
	f.Add("2d 10s")
	f.Add("1h30m0.5s")
	f.Fuzz(func(t *testing.T, text string) {
		if d, ok := parseSpan(text); ok && d < 0 {
			t.Errorf("%q is %v", text, d)
		}
	})
}

func TestSizesKeepToTheirType(t *testing.T) {
	var small uint32
	s := size[uint32]{&small, 1, 1<<32 - 1}
	for text, want := range map[string]uint32{"1": 1, "64KB": 64 << 10, "1 MiB": 1 << 20, "4294967295": 1<<32 - 1} {
		if err := s.Set(text); err != nil || small != want {
			t.Errorf("%s: %d, %v", text, small, err)
		}
	}
	for _, text := range []string{"", "0", "-1", "4GB", "8EB", "many"} {
		if err := s.Set(text); err == nil {
			t.Errorf("%q is read as %d", text, small)
		}
	}
}
