package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"path/filepath"
	"strings"
	"testing"

	"github.com/weir-stream/weir/internal/guestbuild"
)

// TestRowsAndFuelAreThoseOfTheOtherEngines runs a module that stock Go makes.
func TestRowsAndFuelAreThoseOfTheOtherEngines(t *testing.T) {
	module := filepath.Join(t.TempDir(), "late_flights.wasm")
	if err := guestbuild.BuildFile("../../../../../modules/late_flights", module); err != nil {
		t.Fatal(err)
	}
	var input strings.Builder
	for n := range 20_000 {
		fmt.Fprintf(&input, `{"carrier":"C%d","dep_delay":%d}`+"\n", n%7, n*37%400-100)
	}
	test := func(flags ...string) (rows string, fuel int64) {
		t.Helper()
		args := append([]string{"module", "test", module, "--schema", "carrier TEXT, dep_delay BIGINT", "--input", "-", "--param", "min_delay=60", "--json"}, flags...)
		var out, errs bytes.Buffer
		if code := run(args, strings.NewReader(input.String()), &out, &errs); code != 0 {
			t.Fatalf("%s: code %d\n%s", flags, code, errs.String())
		}
		lines := strings.Split(strings.TrimSpace(errs.String()), "\n")
		var summary struct{ Fuel int64 }
		if err := json.Unmarshal([]byte(lines[len(lines)-1]), &summary); err != nil {
			t.Fatal(err)
		}
		return out.String(), summary.Fuel
	}
	want, units := test("--engine", "wazero")
	if n := strings.Count(want, "\n"); n < 5000 || units < 20_000 {
		t.Fatalf("%d rows, %d units", n, units)
	}
	for _, flags := range [][]string{{"--engine", "wasmtime"}, {"--param", "weir.engine=wasmtime"}, {"--engine", "interpreter"}} {
		if rows, fuel := test(flags...); rows != want || fuel != units {
			t.Errorf("%s: %d rows with %d units, want %d with %d", flags, strings.Count(rows, "\n"), fuel, strings.Count(want, "\n"), units)
		}
	}
}

func TestAnEngineThatThereIsNot(t *testing.T) {
	var out, errs bytes.Buffer
	code := run([]string{"module", "test", "x.wasm", "--schema", "a BIGINT", "--input", "-", "--engine", "v8"}, strings.NewReader(""), &out, &errs)
	if code != 2 || !strings.Contains(errs.String(), "wasmtime") {
		t.Errorf("code %d: %s", code, errs.String())
	}
}
