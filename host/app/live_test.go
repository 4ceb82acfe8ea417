package app

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"testing"

	"github.com/apache/arrow-go/v18/arrow/memory"
	"github.com/google/renameio/v2"

	"github.com/weir-stream/weir/host/abi"
	"github.com/weir-stream/weir/host/batch"
	"github.com/weir-stream/weir/host/config"
	"github.com/weir-stream/weir/host/connector"
	"github.com/weir-stream/weir/host/connector/connectortest"
	"github.com/weir-stream/weir/host/engine/enginetest/asm"
	"github.com/weir-stream/weir/host/operator"
	"github.com/weir-stream/weir/internal/fault"
)

// heldRun is a planned run of two functions in one file, held by a Live.
type heldRun struct {
	Live
	t       *testing.T
	file    string
	planner *planner
	plan    *plan
	end     func()
}

// spin repeats a loop of five instructions; weir_process need not keep its parameter.
func spin(times int32) asm.Code {
	return asm.Block(asm.I32(times), asm.Set(0), asm.Loop(asm.Get(0), asm.I32(1), asm.Sub, asm.Set(0), asm.Get(0)))
}

const liveSQL = `CREATE TABLE src (n BIGINT NOT NULL) WITH (connector = 'memory', type = 'source', topic = 'src', format = 'json');
CREATE TABLE snk (n BIGINT NOT NULL) WITH (connector = 'memory', type = 'sink', topic = 'snk', format = 'json');
CREATE FUNCTION f LANGUAGE wasm AS 'f.wasm' WITH ('weir.fuel' = 100000);
CREATE FUNCTION g LANGUAGE wasm AS 'g.wasm' WITH ();
INSERT INTO snk SELECT n FROM g(f(src));
`

// newHeldRun plans liveSQL: f is over its fuel with each batch.
func newHeldRun(t *testing.T) *heldRun {
	t.Helper()
	dir := t.TempDir()
	r := &heldRun{t: t, file: filepath.Join(dir, "live.sql")}
	r.write("f.wasm", tinyGuest(t, []string{""}, nil, spin(100_000), all(0)))
	r.write("g.wasm", tinyGuest(t, []string{""}, nil, all(0)))
	r.write("live.sql", []byte(liveSQL))
	e, err := testEngine()
	if err != nil {
		t.Fatal(err)
	}
	r.planner = newPlanner(e, nil, slog.New(slog.DiscardHandler))
	r.planner.connectors = connector.Registry{"memory": new(connectortest.Memory)}
	r.planner.mem = batch.NewPool(memory.DefaultAllocator, 0)
	c, err := config.Load(r.file)
	if err != nil {
		t.Fatal(err)
	}
	plans, closePlans, err := r.planner.plan(t.Context(), c)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(closePlans)
	r.plan = plans[0]
	if _, err := r.Reload(t.Context()); !errors.Is(err, ErrNotRunning) {
		t.Errorf("before it runs: %v", err)
	}
	r.end = sync.OnceFunc(r.begin(c, r.planner, plans))
	t.Cleanup(r.end)
	return r
}

// write writes a file beside the SQL, whole or not at all.
func (r *heldRun) write(name string, content []byte) {
	r.t.Helper()
	if err := renameio.WriteFile(filepath.Join(filepath.Dir(r.file), name), content, 0o600); err != nil {
		r.t.Error(err)
	}
}

// edit replaces texts in liveSQL, in pairs.
func (r *heldRun) edit(pairs ...string) {
	r.t.Helper()
	r.write("live.sql", []byte(strings.NewReplacer(pairs...).Replace(liveSQL)))
}

// limits are those of both functions, in a line.
func (r *heldRun) limits() string {
	of := map[string][]limit{}
	for def, f := range r.planner.modules.functions {
		of[def.Name] = f.limits()
	}
	return fmt.Sprint(of)
}

// TestLimitsOfExactlyOnceStay has a pipeline whose records have to be made again, should it crash.
func TestLimitsOfExactlyOnceStay(t *testing.T) {
	r := newHeldRun(t)
	r.Live.run.exactly["f"] = "snk"
	before := r.limits()
	r.edit("'weir.fuel' = 100000", "'weir.fuel' = 200000")
	_, err := r.Reload(t.Context())
	if fault.Of(err) != fault.Input || !strings.Contains(err.Error(), "live.sql:3:17: function f: its limits can't change while pipeline snk runs") {
		t.Errorf("the reload ended with %v", err)
	}
	if now := r.limits(); now != before {
		t.Errorf("limits were %s and are %s", before, now)
	}
}

func TestReloadChangesLimitsAlone(t *testing.T) {
	const first = "'weir.fuel' = 100000"
	for name, tc := range map[string]struct {
		edit    []string
		changes string // "": none
		fails   string
	}{
		"nothing":          {nil, "", ""},
		"fuel":             {[]string{first, "'weir.fuel' = '200000'"}, "f: weir.fuel 100000 → 200000", ""},
		"back to default":  {[]string{first, ""}, "f: weir.fuel 100000 → 1000000000", ""},
		"in other words":   {[]string{first, first + ", 'weir.memory' = '65536 KiB', 'weir.timeout' = '30000ms'"}, "", ""},
		"comments":         {[]string{"CREATE FUNCTION g", "-- a word\n\n\nCREATE FUNCTION g"}, "", ""},
		"what memory does": {[]string{first, first + ", 'weir.memory' = '1MB'"}, "f: weir.memory 64MB → 1MB, f: weir.depth 1000000 → 16384", ""},
		"every one": {[]string{"WITH ()", `WITH ('weir.memory' = '65MB', 'weir.fuel' = 20000, 'weir.fuel_per_second' = '1000000', 'weir.timeout' = '1m30s', 'weir.depth' = 5000,
			'weir.host_calls' = 77, 'weir.emits' = 5, 'weir.emitted_rows' = 6, 'weir.emitted_bytes' = 2001, 'weir.log_lines' = 8, 'weir.log_bytes' = '2KB')`},
			"g: weir.memory 64MB → 65MB, g: weir.fuel 1000000000 → 20000, g: weir.fuel_per_second none → 1000000, g: weir.timeout 30s → 1m30s, g: weir.depth 1000000 → 5000, " +
				"g: weir.host_calls 1000000 → 77, g: weir.emits 4096 → 5, g: weir.emitted_rows 1048576 → 6, g: weir.emitted_bytes 64MB → 2001, g: weir.log_lines 100 → 8, g: weir.log_bytes 64KB → 2KB", ""},
		"both functions": {[]string{first, "'weir.fuel' = 100001", "WITH ()", "WITH ('weir.fuel' = 100002)"}, "f: weir.fuel 100000 → 100001, g: weir.fuel 1000000000 → 100002", ""},

		"above the ceiling":     {[]string{"WITH ()", "WITH ('weir.fuel' = 1000000000000001)", first, "'weir.fuel' = 5000"}, "", "live.sql:4:65: option 'weir.fuel': want a number from 1 to 1000000000000000"},
		"no number":             {[]string{first, "'weir.fuel' = 'much'"}, "", "live.sql:3:65: option 'weir.fuel'"},
		"unknown":               {[]string{first, "'weir.feul' = 1"}, "", "live.sql:3:65: function 'f': option 'weir.feul' is new"},
		"syntax":                {[]string{"INSERT", "INSET"}, "", "live.sql:5:1:"},
		"a topic":               {[]string{"topic = 'snk'", "topic = 'x'", first, "'weir.fuel' = 5000"}, "", "live.sql:2:89: table 'snk': option 'topic' is not as it was"},
		"a parameter":           {[]string{first, first + ", p = 1"}, "", "live.sql:3:77: function 'f': option 'p' is new"},
		"instances":             {[]string{first, first + ", 'weir.instances' = 1"}, "", "live.sql:3:92: function 'f': option 'weir.instances' is new"},
		"the breaker":           {[]string{first, first + ", 'weir.max_poison_run' = 5"}, "", "option 'weir.max_poison_run' is new"},
		"too little to open":    {[]string{first, "'weir.fuel' = 1"}, "", "live.sql:5:33: function f: "},
		"too little memory":     {[]string{first, "'weir.memory' = '256KB'"}, "", "live.sql:3:36: function f: "},
		"another function":      {[]string{"CREATE FUNCTION g", "CREATE FUNCTION h LANGUAGE wasm AS 'g.wasm'; CREATE FUNCTION g"}, "", "live.sql:4:17: function 'h' is new"},
		"a pipeline without it": {[]string{"g(f(src))", "f(src)"}, "", "live.sql:5:1: pipeline 'snk': what it reads is not as it was"},
	} {
		t.Run(name, func(t *testing.T) {
			r := newHeldRun(t)
			before := r.limits()
			r.edit(tc.edit...)
			changes, err := r.Reload(t.Context())
			if tc.fails != "" {
				if fault.Of(err) != fault.Input || !strings.Contains(err.Error(), tc.fails) || changes != nil || r.limits() != before {
					t.Errorf("%v, %v\nwant %s\nbefore %s\nnow    %s", changes, err, tc.fails, before, r.limits())
				}
				return
			}
			var text []string
			for _, c := range changes {
				text = append(text, c.String())
			}
			if got := strings.Join(text, ", "); err != nil || got != tc.changes {
				t.Errorf("%s, %v\nwant %s", got, err, tc.changes)
			}
			r.edit()
			if back, err := r.Reload(t.Context()); err != nil || len(back) != len(changes) || r.limits() != before {
				t.Errorf("%v, %v\nbefore %s\nnow    %s", back, err, before, r.limits())
			}
		})
	}
}

// TestReloadLooksAtModulesToo has a module that is not the one that runs any more, one that is gone, and one that is broken.
func TestReloadLooksAtModulesToo(t *testing.T) {
	r := newHeldRun(t)
	before := r.limits()
	for _, tc := range []struct {
		wasm []byte
		want string
	}{
		{tinyGuest(t, []string{""}, nil, all(0), all(0)), "live.sql:4:36: function g: "},
		{[]byte("text"), "module.not_wasm"},
	} {
		r.write("g.wasm", tc.wasm)
		r.edit("'weir.fuel' = 100000", "'weir.fuel' = 5000")
		if _, err := r.Reload(t.Context()); fault.Of(err) != fault.Input || !strings.Contains(err.Error(), tc.want) || r.limits() != before {
			t.Errorf("%v, want %s", err, tc.want)
		}
	}
	for _, gone := range [][2]string{{"g.wasm", "live.sql:4:36: function g: "}, {"live.sql", "live.sql"}} {
		name, want := gone[0], gone[1]
		if err := os.Remove(filepath.Join(filepath.Dir(r.file), name)); err != nil {
			t.Fatal(err)
		}
		if _, err := r.Reload(t.Context()); fault.Of(err) != fault.Input || !strings.Contains(err.Error(), want) || r.limits() != before {
			t.Errorf("without %s: %v", name, err)
		}
	}
	if err := os.Mkdir(r.file, 0o700); err != nil {
		t.Fatal(err)
	}
	if _, err := r.Reload(t.Context()); !errors.Is(err, ErrNothingToReload) {
		t.Errorf("a folder: %v", err)
	}
	r.end()
	if _, err := r.Reload(t.Context()); !errors.Is(err, ErrNotRunning) {
		t.Errorf("behind the end: %v", err)
	}
}

// process runs a batch through a chain.
func (r *heldRun) process(ctx context.Context, c *operator.Chain, rows int) (out int, err error) {
	in := sourceBatch(r.plan, rows)
	defer in.Record.Release()
	res, err := c.Process(ctx, in)
	if err != nil {
		return 0, err
	}
	defer operator.Release(res.Batches)
	for _, b := range res.Batches {
		out += int(b.Record.NumRows())
	}
	return out, nil
}

// TestALimitIsInForceFromTheNextCallOn raises and lowers the fuel under an instance that is open.
func TestALimitIsInForceFromTheNextCallOn(t *testing.T) {
	r := newHeldRun(t)
	c, err := r.plan.Config.Chain(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close(context.WithoutCancel(t.Context()))
	for _, fuel := range []int{100_000, 2_000_000, 90_000, 3_000_000} {
		r.edit("100000", fmt.Sprint(fuel))
		if _, err := r.Reload(t.Context()); err != nil {
			t.Fatal(err)
		}
		out, err := r.process(t.Context(), c, 10)
		if enough := fuel > 1_000_000; enough && (err != nil || out != 10) || !enough && (err == nil || !strings.Contains(err.Error(), abi.CodeLimitFuel)) {
			t.Errorf("with %d units: %d rows, %v", fuel, out, err)
		}
	}
}

// TestReloadHammer changes limits while lanes run: no call may fail, and each ends under limits that there were.
func TestReloadHammer(t *testing.T) {
	r := newHeldRun(t)
	r.edit("100000", "2000000")
	if _, err := r.Reload(t.Context()); err != nil {
		t.Fatal(err)
	}
	var lanes sync.WaitGroup
	stop := make(chan struct{})
	for range 3 {
		c, err := r.plan.Config.Chain(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		lanes.Go(func() {
			defer c.Close(context.WithoutCancel(t.Context()))
			for {
				select {
				case <-stop:
					return
				default:
				}
				if out, err := r.process(t.Context(), c, 10); err != nil || out != 10 {
					t.Errorf("%d rows, %v", out, err)
					return
				}
			}
		})
	}
	var reloads sync.WaitGroup
	for i := range 2 {
		reloads.Go(func() {
			for n := range 10 {
				r.edit("100000", fmt.Sprintf("%d, 'weir.memory' = '%dMB', 'weir.emits' = %d", 2_000_000+n, 2+n, 1+n+i))
				if _, err := r.Reload(t.Context()); err != nil {
					t.Error(err)
				}
			}
		})
	}
	reloads.Wait()
	close(stop)
	lanes.Wait()
}

// TestTheEndGivesAReloadUp has a module that never opens.
func TestTheEndGivesAReloadUp(t *testing.T) {
	r := newHeldRun(t)
	opening := asm.New()
	opening.Memory(2, 0)
	opening.Func(abi.Marker, asm.Sig("", ""), "")
	opening.Func("weir_arena", asm.Sig("i", "i"), "", asm.I32(1024))
	opening.Func("weir_open", asm.Sig("i", "i"), "", asm.Forever(), asm.I32(0))
	opening.Func("weir_process", asm.Sig("i", "i"), "", asm.I32(0))
	r.write("f.wasm", opening.Bytes())
	r.edit("'weir.fuel' = 100000", "'weir.fuel' = 1000000000000000, 'weir.timeout' = '1h'")
	reloaded := make(chan error, 1)
	go func() {
		_, err := r.Reload(t.Context())
		reloaded <- err
	}()
	for r.mu.TryLock() { // until the reload has it
		r.mu.Unlock()
		select {
		case err := <-reloaded:
			t.Fatalf("the reload ended before the run did: %v", err)
		default:
			runtime.Gosched()
		}
	}
	r.end()
	if err := <-reloaded; !errors.Is(err, ErrNotRunning) {
		t.Error(err)
	}
}

// TestInstancesOfAFunction takes weir.instances to the stage, from 1 to what the machine has use for.
func TestInstancesOfAFunction(t *testing.T) {
	most := 4 * runtime.GOMAXPROCS(0)
	for value, want := range map[string]int{"": most, "1": 1, "'2'": 2, fmt.Sprint(most): most, "0": 0, "-1": 0, fmt.Sprint(most + 1): 0, "'two'": 0, "99999999999999999999": 0} {
		with := ""
		if value != "" {
			with = "WITH ('weir.instances' = " + value + ")"
		}
		plans, err := planSQL(t, strings.NewReplacer("WITH ('weir.fuel' = 100000)", with, "g(f(src))", "f(src)", "CREATE FUNCTION g LANGUAGE wasm AS 'g.wasm' WITH ();", "").Replace(liveSQL),
			map[string]declared{"f": {outputs: []declaredOutput{{"", abi.OutputPatch, nil}}}})
		if want == 0 {
			if fault.Of(err) != fault.Input || !strings.Contains(err.Error(), "plan.sql:3:70: option 'weir.instances': want ") {
				t.Errorf("%s: %v", value, err)
			}
			continue
		}
		if err != nil || plans[0].stages[0].Instances != want {
			t.Errorf("%s: %v, want %d", value, err, want)
		}
	}
}
