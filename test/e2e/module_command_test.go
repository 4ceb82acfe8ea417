package e2e

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/weir-stream/weir/test/evil"
)

// tested is the object that weir module test --json ends with.
type tested struct {
	RowsIn       int64   `json:"rows_in"`
	RowsOut      int64   `json:"rows_out"`
	Rejected     int64   `json:"rejected"`
	Traps        int64   `json:"traps"`
	Fuel         int64   `json:"fuel"`
	GuestSeconds float64 `json:"guest_seconds"`
	MemoryPages  int64   `json:"memory_pages"`
	Seconds      float64 `json:"seconds"`
}

// testedBy reads the last line of what module test wrote to stderr, which has these keys and no other.
func testedBy(t *testing.T, r result) (s tested) {
	t.Helper()
	all := lines(r.errOut)
	var keys map[string]any
	if len(all) == 0 || json.Unmarshal([]byte(all[len(all)-1]), &keys) != nil {
		t.Fatalf("the last line of stderr is no object:\n%s", r.errOut)
	}
	d := json.NewDecoder(strings.NewReader(all[len(all)-1]))
	if d.DisallowUnknownFields(); d.Decode(&s) != nil || len(keys) != 8 {
		t.Fatalf("the last line of stderr is %v", keys)
	}
	return s
}

// rejectedLine is a rejected row as module test writes it.
type rejectedLine struct {
	Record, Frame       int
	Code, Path, Message string
}

func rejectedLines(t *testing.T, text []string) (all []rejectedLine) {
	t.Helper()
	for _, line := range text {
		var r rejectedLine
		if err := json.Unmarshal([]byte(line), &r); err != nil {
			t.Fatalf("%q: %v", line, err)
		}
		all = append(all, r)
	}
	return all
}

// late are the rows that late_flights must give for flights with a delay of 60 minutes or more.
func late(t *testing.T, records []string) (rows []string) {
	t.Helper()
	for _, record := range records {
		var f struct {
			Carrier  string
			DepDelay *int64 `json:"dep_delay"`
		}
		if err := json.Unmarshal([]byte(record), &f); err != nil {
			t.Fatal(err)
		}
		if f.DepDelay == nil || *f.DepDelay < 60 {
			continue
		}
		class := "major"
		if *f.DepDelay >= 180 {
			class = "severe"
		}
		rows = append(rows, fmt.Sprintf(`{"carrier":"%s","dep_delay":%d,"delay_class":"%s"}`, f.Carrier, *f.DepDelay, class))
	}
	return rows
}

// TestModuleTestRunsFlightsWithoutABroker compares rows and fuel on both engines, with cuts at random.
func TestModuleTestRunsFlightsWithoutABroker(t *testing.T) {
	t.Parallel()
	records := flights(t, 20_000)
	input, want := file(t, "flights.ndjson", strings.Join(records, "\n")+"\n"), late(t, records)
	var fuel int64
	for _, engine := range []string{"wazero", "interpreter"} {
		r := weir(t, nil, "module", "test", lateFlights, "--schema", "carrier TEXT, dep_delay BIGINT", "--input", input, "--param", "min_delay=60",
			"--engine", engine, "--cuts", "2", "--json")
		s := testedBy(t, r)
		if r.code != 0 || s.RowsIn != 20_000 || s.RowsOut != int64(len(want)) || s.Rejected != 0 || s.Traps != 0 || s.MemoryPages < 30 || s.Seconds <= 0 || s.GuestSeconds <= 0 {
			t.Errorf("code %d, %+v\n%s", r.code, s, r.errOut)
		}
		if !slices.Equal(lines(r.out), want) {
			t.Errorf("%s: %d rows, want %d", engine, len(lines(r.out)), len(want))
		}
		if fuel == 0 {
			fuel = s.Fuel
		}
		if s.Fuel != fuel || fuel < 20_000 {
			t.Errorf("fuel is %d, and %d on %s", fuel, s.Fuel, engine)
		}
	}
	r := weir(t, strings.NewReader(strings.Join(records[:10], "\n")), "module", "test", lateFlights, "--schema", "dep_delay BIGINT", "--input", "-")
	if r.code != 0 || !strings.Contains(r.errOut, "10 rows in, ") || len(lines(r.errOut)) != 1 {
		t.Errorf("code %d\n%s", r.code, r.errOut)
	}
}

// TestModuleTestTakesPoisonOut has rows that the module fails on among others, and bad records: with any cuts the same leave.
func TestModuleTestTakesPoisonOut(t *testing.T) {
	t.Parallel()
	module, err := poisonModule()
	if err != nil {
		t.Fatal(err)
	}
	poison := map[int]int{17: -1, 700: -3, 1999: -2}
	var records, want []string
	for i := range 2000 {
		number, bad := poison[i]
		if !bad {
			number = i
		}
		record := fmt.Sprintf(`{"n":%d,"flight":%d}`, i, number)
		if i == 100 {
			record, bad = "garbage", true
		}
		records = append(records, record)
		if !bad {
			want = append(want, record)
		}
	}
	rejects := filepath.Join(t.TempDir(), "rejects.ndjson")
	args := []string{"module", "test", module, "--schema", "n BIGINT, flight INT", "--memory", "32MB", "--timeout", "1m", "--fuel", "500000000",
		"--input", file(t, "in.ndjson", strings.Join(records, "\n"))}
	r := weir(t, nil, append(args, "--cuts", "4", "--rejects", rejects, "--json")...)
	s := testedBy(t, r)
	if r.code != 0 || s.RowsIn != 1999 || s.RowsOut != 1996 || s.Rejected != 4 || s.Traps < 3 {
		t.Errorf("code %d, %+v\n%s", r.code, s, r.errOut)
	}
	if !slices.Equal(lines(r.out), want) {
		t.Errorf("%d rows, want %d", len(lines(r.out)), len(want))
	}
	text, err := os.ReadFile(rejects)
	if err != nil {
		t.Fatal(err)
	}
	all := rejectedLines(t, lines(string(text)))
	if len(all) != 4 {
		t.Fatalf("%+v", all)
	}
	for i, record := range []int{17, 100, 700, 1999} {
		if all[i].Record != record || all[i].Code == "" || all[i].Message == "" {
			t.Errorf("%+v, want record %d", all[i], record)
		}
	}
	if all[1].Code != "json.syntax" || all[2].Code != "status.error" || !strings.Contains(all[0].Message, "panic: poison") {
		t.Errorf("%+v", all)
	}
	r = weir(t, nil, args...) // rejected rows go to stderr, one a line, before the summary
	if got := lines(r.errOut); len(got) < 5 || !slices.Equal(got[len(got)-5:len(got)-1], lines(string(text))) {
		t.Errorf("%s", r.errOut)
	}
}

// TestModuleTestStopsWhatMisbehaves runs each kind of misbehaviour at one of three rows.
func TestModuleTestStopsWhatMisbehaves(t *testing.T) {
	t.Parallel()
	module, err := evilModule()
	if err != nil {
		t.Fatal(err)
	}
	input := file(t, "in.ndjson", "{\"flight\":1}\n{\"flight\":-7}\n{\"flight\":2}\n")
	for _, tc := range []struct {
		how, code string
		exit      int
		ran       bool
		flags     []string
	}{
		{"trap", "trap.unreachable", 0, true, nil},
		{"spin", "limit.fuel", 0, true, []string{"--fuel", "100000000"}},
		{"spin", "limit.time", 2, true, []string{"--timeout", "200ms", "--fuel", "1000000000000"}},
		{"allocate", "limit.memory", 0, true, []string{"--memory", "32MB"}},
		{"pointer", "emit.", 0, true, nil},
		{"garbage", "emit.", 0, true, nil},
		{"open", "evil in open", 2, false, nil},
	} {
		t.Run(tc.how+" "+tc.code, func(t *testing.T) {
			t.Parallel()
			r := weir(t, nil, append([]string{"module", "test", module, "--schema", "flight INT", "--input", input, "--json",
				"--param", "flight=-7", "--param", "how=" + tc.how}, tc.flags...)...)
			if r.code != tc.exit || !strings.Contains(r.errOut, tc.code) {
				t.Errorf("code %d, want %d and %s\n%s", r.code, tc.exit, tc.code, r.errOut)
			}
			if !tc.ran {
				return
			}
			s := testedBy(t, r)
			if s.RowsIn != 3 || s.Traps == 0 || tc.exit == 0 && (s.RowsOut != 2 || s.Rejected != 1 || r.out != "{\"flight\":1}\n{\"flight\":2}\n") {
				t.Errorf("%+v, %q", s, r.out)
			}
		})
	}
}

// TestModuleCommandsSurviveEvilGuests takes a guest of the evil suite for each end that one may come to, checks those that are
// refused, and runs the others: nothing of them is weir's mistake, and nothing goes on for ever.
func TestModuleCommandsSurviveEvilGuests(t *testing.T) {
	t.Parallel()
	attacks, err := evil.Attacks()
	if err != nil {
		t.Fatal(err)
	}
	input := file(t, "in.ndjson", "{\"id\":1,\"name\":\"a\"}\n{\"id\":2,\"name\":null}\n")
	path := filepath.Join(t.TempDir(), "evil.wasm")
	seen := map[string]bool{}
	for _, a := range attacks {
		if seen[a.Expect()] {
			continue
		}
		seen[a.Expect()] = true
		wasm, err := a.Wasm()
		if err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, wasm, 0o600); err != nil {
			t.Fatal(err)
		}
		if a.Call != "refused" {
			l := a.Limits
			r := weir(t, nil, "module", "test", path, "--schema", "id BIGINT NOT NULL, name TEXT", "--input", input, "--json",
				"--fuel", fmt.Sprint(l.Fuel), "--memory", fmt.Sprint(l.Memory), "--timeout", l.Timeout.String(), "--depth", fmt.Sprint(l.Depth),
				"--param", fmt.Sprintf("weir.host_calls=%d", l.HostCalls))
			if r.code != 0 && r.code != 2 {
				t.Errorf("%s: code %d\n%s", a.Name, r.code, r.errOut)
			}
			continue
		}
		r := weir(t, nil, "module", "check", path, "--json")
		var verdict struct {
			Accepted bool
			Reasons  []struct{ Code, Message string }
		}
		if err := json.Unmarshal([]byte(r.out), &verdict); err != nil || verdict.Accepted != (r.code == 0) || r.code != 0 && r.code != 2 {
			t.Errorf("%s: code %d, %v\n%s%s", a.Name, r.code, err, r.out, r.errOut)
		}
		// A function's limits allow some that the suite's small ones do not.
		if !verdict.Accepted && (len(verdict.Reasons) == 0 || verdict.Reasons[0].Code != a.Code || verdict.Reasons[0].Message == "") {
			t.Errorf("%s: %+v, want %s", a.Name, verdict.Reasons, a.Code)
		}
	}
}

// TestModuleBenchAndInspect runs them on a real module.
func TestModuleBenchAndInspect(t *testing.T) {
	t.Parallel()
	input := file(t, "flights.ndjson", strings.Join(flights(t, 5000), "\n"))
	out := must(t, nil, "module", "bench", lateFlights, "--schema", "dep_delay BIGINT", "--input", input, "--rounds", "3", "--json")
	var b struct {
		Rows       int
		FuelPerRow float64 `json:"fuel_per_row"`
		Metering   struct{ Median float64 }
		NsPerRow   struct{ Low, Median, High float64 } `json:"ns_per_row"`
	}
	if err := json.Unmarshal([]byte(out), &b); err != nil || b.Rows != 5000 || b.FuelPerRow < 1 || b.Metering.Median <= 0 || b.NsPerRow.Low > b.NsPerRow.High || b.NsPerRow.Low <= 0 {
		t.Errorf("%v\n%s", err, out)
	}
	out = must(t, nil, "module", "inspect", lateFlights, "--json")
	var i struct {
		Accepted, Restorable, Progress bool
		Manifest                       struct{ Name string }
		Imports                        struct {
			Weir   []string
			Served []string `json:"wasi_served"`
		}
		Functions int
	}
	if err := json.Unmarshal([]byte(out), &i); err != nil || !i.Accepted || !i.Restorable || !i.Progress || i.Manifest.Name != "late_flights" ||
		!slices.Contains(i.Imports.Weir, "emit") || !slices.Contains(i.Imports.Served, "random_get") || i.Functions < 100 {
		t.Errorf("%v\n%s", err, out)
	}
	if text := must(t, nil, "module", "inspect", lateFlights); !strings.Contains(text, "restorable  yes") || !strings.Contains(text, `"name": "late_flights"`) {
		t.Error(text)
	}
}

func TestModuleCommandsRefuseWhatIsWrong(t *testing.T) {
	t.Parallel()
	input := file(t, "in.ndjson", "{}")
	for _, tc := range []struct{ args, want string }{
		{"test", "FILE.wasm"},
		{"test X", "schema"},
		{"test M --input I", "schema"},
		{"test M --schema a.TEXT", "input"},
		{"test M --schema a --input I", "--schema:1:2"},
		{"test M --schema dep_delay.BIGINT --input I --engine wasmtime", "not in this build"},
		{"test M --schema dep_delay.BIGINT --input I --engine lua", "--engine"},
		{"test M --schema dep_delay.BIGINT --input I --cuts -1", "--cuts"},
		{"test M --schema dep_delay.BIGINT --input I --cuts x", "whole number"},
		{"test M --schema dep_delay.BIGINT --input I --seed 1", "--seed"},
		{"test M --schema dep_delay.BIGINT --input I --param min_delay=soon", "min_delay"},
		{"test M --schema dep_delay.TEXT --input I", "dep_delay"},
		{"bench M --schema dep_delay.BIGINT --input I --rounds 1", "--rounds"},
		{"inspect I", "module.not_wasm"},
		{"inspect absent", "absent"},
		{"bogus", "unknown command"},
	} {
		args := []string{"module"}
		for word := range strings.FieldsSeq(tc.args) {
			switch word {
			case "M":
				word = lateFlights
			case "I":
				word = input
			}
			args = append(args, strings.NewReplacer(".BIGINT", " BIGINT", ".TEXT", " TEXT").Replace(word))
		}
		if r := weir(t, nil, args...); r.code != 2 || !strings.Contains(r.errOut, tc.want) || r.out != "" {
			t.Errorf("%s: code %d, %q, want %q in:\n%s", tc.args, r.code, r.out, tc.want, r.errOut)
		}
	}
}

func TestModuleCommandsAreCompleted(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct{ args, want string }{
		{"module|", "bench build check inspect test :4"},
		{"module|test|", "--input --schema wasm :8"},
		{"module|bench|m.wasm|", "--input --schema :4"},
		{"module|test|--engine|", "wazero interpreter wasmtime :4"},
		{"module|test|--format|", "json :4"},
		{"module|test|--fuel|", ":4"},
		{"module|test|--input|", ":0"},
	} {
		out := must(t, nil, append([]string{"__complete"}, strings.Split(tc.args, "|")...)...)
		var words []string
		for _, line := range lines(out) {
			word, _, _ := strings.Cut(line, "\t")
			words = append(words, word)
		}
		if got := strings.Join(words, " "); got != tc.want {
			t.Errorf("%s: %q, want %q", tc.args, got, tc.want)
		}
	}
}
