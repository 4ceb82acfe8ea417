package app

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/weir-stream/weir/host/engine/enginetest/asm"
	"github.com/weir-stream/weir/internal/fault"
)

func TestModuleTestPrintsWhatComesOut(t *testing.T) {
	for name, tc := range map[string]struct {
		outputs   []string
		process   []asm.Code
		lines     []string
		change    func(c *ModuleTest)
		out, errs string // golden
		want      Tested // fuel, pages and times aside
		fails     string
	}{
		"all": {[]string{""}, []asm.Code{all(0)}, []string{`{"n":1}`, `{ "n" : 2, "m": 3}`}, nil,
			"{\"n\":1}\n{\"n\":2}\n", "", Tested{RowsIn: 2, RowsOut: 2}, ""},
		"nothing in": {[]string{""}, []asm.Code{all(0)}, nil, nil, "", "", Tested{}, ""},
		"several outputs": {[]string{"eu", "us \"1\""}, []asm.Code{one(1), all(0)}, []string{`{"n":1}`, `{"n":2}`}, nil,
			`{"output":"us \"1\"","row":{"n":1}}` + "\n" + `{"output":"eu","row":{"n":1}}` + "\n" + `{"output":"eu","row":{"n":2}}` + "\n", "",
			Tested{RowsIn: 2, RowsOut: 3}, ""},
		"rejected by weir and by the module": {[]string{""}, []asm.Code{rejectFirst}, []string{`{"n":null}`, `{"n":1}`, "{", `{"n":2}`}, nil, "",
			`{"record":0,"frame":0,"code":"json.null","path":"n","message":"MESSAGE"}` + "\n" +
				`{"record":1,"frame":0,"code":"odd.one","path":"","message":"odd"}` + "\n" +
				`{"record":2,"frame":0,"code":"json.syntax","path":"","message":"MESSAGE"}` + "\n",
			Tested{RowsIn: 2, Rejected: 3}, ""},
		"frames": {[]string{""}, []asm.Code{all(0)}, []string{`{"n":1}`}, func(c *ModuleTest) { c.Options = []string{"framing=newline"} },
			"{\"n\":1}\n", "", Tested{RowsIn: 1, RowsOut: 1}, ""},
		"metadata": {[]string{""}, []asm.Code{all(0)}, []string{`{"n":5}`, `{"n":6}`}, func(c *ModuleTest) {
			c.Schema += ", o BIGINT METADATA FROM 'offset', k TEXT METADATA FROM 'key', at TIMESTAMP METADATA FROM 'timestamp'"
		}, `{"n":5,"o":0,"k":null,"at":null}` + "\n" + `{"n":6,"o":1,"k":null,"at":null}` + "\n", "", Tested{RowsIn: 2, RowsOut: 2}, ""},
		"failing on large batches": {[]string{""}, []asm.Code{failAbove(500), all(0)}, numbers(64), nil,
			strings.Join(numbers(64), "\n") + "\n", "", Tested{RowsIn: 64, RowsOut: 64, Traps: 1}, ""},
		"failing on each row": {[]string{""}, []asm.Code{failAbove(0), all(0)}, []string{`{"n":1}`}, nil, "",
			`{"record":0,"frame":0,"code":"trap.unreachable","path":"","message":"the module failed on the row alone: unreachable, in weir_process"}` + "\n",
			Tested{RowsIn: 1, Rejected: 1, Traps: 1}, ""},
		"broken": {[]string{""}, []asm.Code{failAbove(0)}, numbers(40), nil, "", "", Tested{RowsIn: 40}, "failed on 16 rows in a row"},
		"told to fail": {[]string{""}, []asm.Code{failAbove(0)}, numbers(2), func(c *ModuleTest) { c.Params = []string{"weir.on_error=fail"} },
			"", "", Tested{RowsIn: 2, Traps: 1}, "trap.unreachable"},
		"endless": {[]string{""}, []asm.Code{asm.Forever()}, numbers(2), func(c *ModuleTest) { c.Timeout, c.Fuel = "20ms", "1000000000000" },
			"", "", Tested{RowsIn: 2, Traps: 1}, "limit.time"},
		"fuel used up": {[]string{""}, []asm.Code{asm.Forever()}, []string{`{"n":1}`}, func(c *ModuleTest) { c.Fuel = "1000000" }, "",
			`{"record":0,"frame":0,"code":"limit.fuel","path":"","message":"the module failed on the row alone: the call used up its fuel of 1000000 units, in weir_process; raise weir.fuel"}` + "\n",
			Tested{RowsIn: 1, Rejected: 1, Traps: 1}, ""},
		"same with any cuts": {[]string{""}, []asm.Code{all(0)}, numbers(300), func(c *ModuleTest) { c.Cuts = 5 },
			strings.Join(numbers(300), "\n") + "\n", "", Tested{RowsIn: 300, RowsOut: 300}, ""},
		"fewer rows with other cuts": {[]string{"x"}, []asm.Code{one(0)}, numbers(9), func(c *ModuleTest) { c.Cuts, c.Seed = 5, 7 },
			"{\"n\":0}\n", "", Tested{RowsIn: 9, RowsOut: 1}, "row 1 of output 'x' comes on top: {\"n\":"},
		"rejections with other cuts": {[]string{""}, []asm.Code{rejectFirst}, numbers(9), func(c *ModuleTest) { c.Cuts, c.Seed = 5, 7 }, "",
			`{"record":0,"frame":0,"code":"odd.one","path":"","message":"odd"}` + "\n", Tested{RowsIn: 9, Rejected: 1}, "rejected row 1 comes on top: {\"record\":"},
	} {
		t.Run(name, func(t *testing.T) {
			for _, engine := range []string{"", "interpreter"} {
				var out, errs bytes.Buffer
				c := ModuleTest{ModuleRun: tiny(t, tinyGuest(t, tc.outputs, nil, tc.process...), tc.lines...), Out: &out, Err: &errs}
				if c.Engine = engine; tc.change != nil {
					tc.change(&c)
				}
				got, err := TestModule(t.Context(), c)
				if tc.fails == "" && err != nil || tc.fails != "" && (fault.Of(err) != fault.Input || !strings.Contains(err.Error(), tc.fails)) {
					t.Fatalf("%v, want %q", err, tc.fails)
				}
				if tc.fails != "" && c.Cuts > 0 && !strings.Contains(err.Error(), "--cuts 1 --seed ") {
					t.Errorf("no seed in: %v", err)
				}
				if out.String() != tc.out || withoutMessages(errs.String(), tc.errs) != tc.errs {
					t.Errorf("%q\n%q\nwant\n%q\n%q", out.String(), errs.String(), tc.out, tc.errs)
				}
				if (got.Fuel == 0) != (got.RowsIn == 0) || (got.GuestSeconds == 0) != (got.Fuel == 0) || got.MemoryPages < 4 || got.Traps < tc.want.Traps {
					t.Errorf("%+v", *got)
				}
				if got.Traps > tc.want.Traps && tc.want.Traps == 0 && tc.fails == "" {
					t.Errorf("%d calls failed", got.Traps)
				}
				got.Fuel, got.MemoryPages, got.Seconds, got.GuestSeconds, got.Traps = 0, 0, 0, 0, tc.want.Traps
				if *got != tc.want {
					t.Errorf("%+v, want %+v", *got, tc.want)
				}
			}
		})
	}
}

// withoutMessages leaves out messages that the golden text leaves to the format.
func withoutMessages(text, golden string) string {
	var out strings.Builder
	wants := strings.SplitAfter(golden, "\n")
	for i, line := range strings.SplitAfter(text, "\n") {
		if before, _, ok := strings.Cut(line, `"message":"`); ok && i < len(wants) && strings.Contains(wants[i], "MESSAGE") {
			line = before + `"message":"MESSAGE"}` + "\n"
		}
		out.WriteString(line)
	}
	return out.String()
}

// TestCutsAreRepeatable runs the seed that a difference names.
func TestCutsAreRepeatable(t *testing.T) {
	c := ModuleTest{ModuleRun: tiny(t, tinyGuest(t, []string{""}, nil, rejectFirst), numbers(50)...), Out: new(bytes.Buffer), Err: new(bytes.Buffer), Cuts: 20, Seed: 1}
	_, first := TestModule(t.Context(), c)
	if first == nil {
		t.Fatal("no difference is found")
	}
	at := strings.LastIndex(first.Error(), "--seed ")
	if _, err := fmt.Sscanf(first.Error()[at:], "--seed %d", &c.Seed); err != nil {
		t.Fatal(err)
	}
	c.Cuts = 1
	if _, again := TestModule(t.Context(), c); again == nil || again.Error() != first.Error() {
		t.Errorf("%v\nthen\n%v", first, again)
	}
}

// TestFuelIsTheSameEachTime runs twice, and on the other engine.
func TestFuelIsTheSameEachTime(t *testing.T) {
	c := ModuleTest{ModuleRun: tiny(t, tinyGuest(t, []string{""}, nil, failAbove(3000), all(0)), numbers(2000)...), Out: new(bytes.Buffer), Err: new(bytes.Buffer)}
	var fuel int64
	for _, engine := range []string{"wazero", "wazero", "interpreter"} {
		c.Engine = engine
		got, err := TestModule(t.Context(), c)
		if err != nil {
			t.Fatal(err)
		}
		if fuel == 0 {
			fuel = got.Fuel
		}
		if got.Fuel != fuel {
			t.Errorf("%s: %d units, then %d", engine, fuel, got.Fuel)
		}
	}
}

func TestModuleTestRefusesWhatIsWrong(t *testing.T) {
	good := tiny(t, tinyGuest(t, []string{""}, nil, all(0)), numbers(2)...)
	for name, tc := range map[string]struct {
		change func(c *ModuleTest)
		want   string
	}{
		"no schema":       {func(c *ModuleTest) { c.Schema = "" }, "--schema: want the columns"},
		"schema":          {func(c *ModuleTest) { c.Schema = "n BIGNT" }, "--schema:1:3: unexpected 'BIGNT'"},
		"second line":     {func(c *ModuleTest) { c.Schema = "n BIGINT,\n m BIGNT" }, "--schema:2:4: unexpected"},
		"more than that":  {func(c *ModuleTest) { c.Schema = "n BIGINT) WITH (); CREATE TABLE u (n INT" }, "--schema:1:9: unexpected ')'"},
		"no input":        {func(c *ModuleTest) { c.Input = "" }, "--input: want a file"},
		"absent input":    {func(c *ModuleTest) { c.Input = "no-such.ndjson" }, "no-such.ndjson"},
		"folder":          {func(c *ModuleTest) { c.Input = t.TempDir() }, "not a file"},
		"stdin and cuts":  {func(c *ModuleTest) { c.Input, c.Cuts = "-", 1 }, "--cuts: the input"},
		"engine":          {func(c *ModuleTest) { c.Engine = "v8" }, "--engine: option 'weir.engine': want interpreter or wazero"},
		"wasmtime":        {func(c *ModuleTest) { c.Engine = "wasmtime" }, "not in this build"},
		"fuel":            {func(c *ModuleTest) { c.Fuel = "0" }, "--fuel: option 'weir.fuel': want a number from 1"},
		"memory":          {func(c *ModuleTest) { c.Memory = "1GB" }, "--memory: option 'weir.memory': want a size from 128KB to 256MB"},
		"timeout":         {func(c *ModuleTest) { c.Timeout = "2h" }, "--timeout: option 'weir.timeout'"},
		"depth":           {func(c *ModuleTest) { c.Depth = "x" }, "--depth: option 'weir.depth'"},
		"twice":           {func(c *ModuleTest) { c.Fuel, c.Params = "9", []string{"weir.fuel=8"} }, "set twice"},
		"pair":            {func(c *ModuleTest) { c.Params = []string{"=1"} }, "--param: want KEY=VALUE"},
		"host's option":   {func(c *ModuleTest) { c.Params = []string{"weir.fule=8"} }, "did you mean 'weir.fuel'"},
		"format":          {func(c *ModuleTest) { c.Format = "parquet" }, "--format: option 'format'"},
		"format's option": {func(c *ModuleTest) { c.Options = []string{"json.strict=2"} }, "--option: option 'json.strict'"},
		"rejects":         {func(c *ModuleTest) { c.Rejects = filepath.Join(t.TempDir(), "no", "file") }, "--rejects"},
		"module":          {func(c *ModuleTest) { c.Path = saved(t, []byte("text")) }, "module.not_wasm"},
		"absent module":   {func(c *ModuleTest) { c.Path = "no-such.wasm" }, "no-such.wasm"},
		"too little room": {func(c *ModuleTest) { c.Memory = "128KB" }, "module.memory"},
		"fails to open":   {func(c *ModuleTest) { c.Fuel = "1" }, "weir_open"},
	} {
		t.Run(name, func(t *testing.T) {
			c := ModuleTest{ModuleRun: good, Out: new(bytes.Buffer), Err: new(bytes.Buffer)}
			tc.change(&c)
			if _, err := TestModule(t.Context(), c); fault.Of(err) != fault.Input || !strings.Contains(fmt.Sprint(err), tc.want) {
				t.Errorf("%v, want %q", err, tc.want)
			}
		})
	}
}

func TestRejectedRowsGoToAFile(t *testing.T) {
	var errs bytes.Buffer
	path := filepath.Join(t.TempDir(), "rejected")
	c := ModuleTest{ModuleRun: tiny(t, tinyGuest(t, []string{""}, nil, rejectFirst), numbers(1)...), Out: new(bytes.Buffer), Err: &errs, Rejects: path}
	c.In, c.Input = strings.NewReader(numbers(1)[0]), "-"
	if _, err := TestModule(t.Context(), c); err != nil || errs.Len() > 0 {
		t.Errorf("%v, %q", err, errs.String())
	}
	if text, err := os.ReadFile(path); err != nil || string(text) != `{"record":0,"frame":0,"code":"odd.one","path":"","message":"odd"}`+"\n" {
		t.Errorf("%q, %v", text, err)
	}
}

func TestTestedIsForPeopleToo(t *testing.T) {
	var out bytes.Buffer
	s := Tested{RowsIn: 4, RowsOut: 2, Rejected: 1, Traps: 1, Fuel: 100, GuestSeconds: 0.5, MemoryPages: 40, Seconds: 1}
	want := "m.wasm: 4 rows in, 2 rows out, 1 rejected; 1 calls failed; 100 fuel (25 a row), 0.5000 s in the module (125000000 ns a row), 40 pages of memory (2.5 MiB); 1.000 s\n"
	if err := s.Print(&out, "m.wasm"); err != nil || out.String() != want {
		t.Errorf("%q, %v", out.String(), err)
	}
}
