package main

import (
	"errors"
	"reflect"
	"testing"

	"github.com/weir-stream/weir/guest-abi/go/weir/weirtest"
)

func TestLateFlightsAreKeptAndClassed(t *testing.T) {
	tests := []struct {
		least string
		want  []weirtest.Row
	}{
		{"", []weirtest.Row{{"B6", int64(60), "major"}, {"US", int64(179), "major"}, {"MQ", int64(180), "severe"}}},
		{"15", []weirtest.Row{
			{"DL", int64(15), "minor"}, {"WN", int64(59), "minor"}, {"B6", int64(60), "major"},
			{"US", int64(179), "major"}, {"MQ", int64(180), "severe"},
		}},
		{"181", nil},
	}
	for _, test := range tests {
		params := weirtest.Params{"min_delay": test.least}
		if test.least == "" {
			params = nil
		}
		g, err := weirtest.Open(lateFlights, "carrier TEXT, dep_delay BIGINT", params)
		if err != nil {
			t.Fatal(err)
		}
		for range 2 {
			result, err := g.Process(
				weirtest.Row{"UA", -3}, weirtest.Row{"AA", nil}, weirtest.Row{"DL", 15}, weirtest.Row{"WN", 59},
				weirtest.Row{"B6", 60}, weirtest.Row{"EV", 14}, weirtest.Row{"US", 179}, weirtest.Row{"MQ", 180})
			if err != nil {
				t.Fatal(err)
			}
			if got := result.Rows(""); !reflect.DeepEqual(got, test.want) {
				t.Errorf("min_delay %q: %v, want %v", test.least, got, test.want)
			}
		}
	}
}

// With min_delay 0 a null, whose place in memory holds a zero, is still not late.
func TestAFlightThatDidNotLeaveIsNotLate(t *testing.T) {
	g, err := weirtest.Open(lateFlights, "dep_delay BIGINT", weirtest.Params{"min_delay": "0"})
	if err != nil {
		t.Fatal(err)
	}
	result, err := g.Process(weirtest.Row{nil}, weirtest.Row{0}, weirtest.Row{-1})
	if err != nil {
		t.Fatal(err)
	}
	if want := []int{1}; !reflect.DeepEqual(result.Origins(""), want) {
		t.Fatalf("%v, want %v", result.Origins(""), want)
	}
}

func TestWhatDoesNotFitIsRefused(t *testing.T) {
	tests := []struct {
		name, columns string
		params        weirtest.Params
		status        uint32
	}{
		{"column is absent", "delay BIGINT", nil, 2},
		{"column is of another type", "dep_delay TEXT", nil, 2},
		{"parameter is negative", "dep_delay BIGINT", weirtest.Params{"min_delay": "-1"}, 3},
		{"parameter is no number", "dep_delay BIGINT", weirtest.Params{"min_delay": "an hour"}, 3},
		{"parameter is unknown", "dep_delay BIGINT", weirtest.Params{"max_delay": "1"}, 3},
	}
	for _, test := range tests {
		_, err := weirtest.Open(lateFlights, test.columns, test.params)
		var refusal *weirtest.OpenError
		if !errors.As(err, &refusal) || refusal.Status != test.status {
			t.Errorf("%s: error %v, want status %d", test.name, err, test.status)
		}
	}
}
