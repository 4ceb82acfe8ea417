package pipeline

import (
	"fmt"
	"testing"

	"pgregory.net/rapid"

	"github.com/weir-stream/weir/host/deadletter"
	"github.com/weir-stream/weir/host/format"
)

// TestBounds holds the window against a list of all frames.
func TestBounds(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		f := format.Bounds{Limited: rapid.Bool().Draw(t, "limited"), MaxErrors: rapid.Int64Range(0, 20).Draw(t, "most")}
		if rapid.Bool().Draw(t, "ratio") {
			f.MaxRatio = float64(rapid.IntRange(1, 10).Draw(t, "tenths")) / 10
			f.Window = rapid.IntRange(1, 130).Draw(t, "window")
		}
		b := newBounds(f)
		var frames []bool
		errors := int64(0)
		for range rapid.IntRange(0, 400).Draw(t, "frames") {
			bad := rapid.IntRange(0, 3).Draw(t, "bad") == 0
			frames = append(frames, bad)
			if bad {
				errors++
			}
			inWindow := 0
			for _, bad := range frames[max(0, len(frames)-f.Window):] {
				if bad {
					inWindow++
				}
			}
			want := bad && (f.Limited && errors > f.MaxErrors ||
				f.Window > 0 && len(frames) >= f.Window && float64(inWindow) > f.MaxRatio*float64(f.Window))
			if got := b.frame(bad); (got != "") != want {
				t.Fatalf("%+v: frame %d (%d bad, %d in the window): %q, want an excess: %v", f, len(frames), errors, inWindow, got, want)
			}
		}
	})
}

func TestRecentKeepsTheLast(t *testing.T) {
	var r Recent
	if all := r.All(); all == nil || len(all) != 0 {
		t.Errorf("%v", all)
	}
	for i := range 2*MostRecent + 7 {
		r.add(deadletter.Letter{Code: fmt.Sprint(i), Value: []byte("secret")})
	}
	all := r.All()
	if len(all) != MostRecent {
		t.Fatalf("%d rows", len(all))
	}
	for i, row := range all {
		if row.Code != fmt.Sprint(MostRecent+7+i) || row.Value != nil || row.At.IsZero() {
			t.Errorf("row %d is %+v", i, row)
		}
	}
}
