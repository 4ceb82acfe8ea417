//go:build linux

package chaos

import (
	"errors"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"
)

var (
	oneSeed    = flag.Uint64("seed", 0, "try this seed only, and tell what strikes; its size is that of CHAOS_SEEDS where that is set")
	weirBinary string    // made with the build tag faults
	modules    [2][]byte // one function, made of C and of Go
)

const (
	seedsVariable = "CHAOS_SEEDS" // how many seeds are tried
	jsonVariable  = "CHAOS_JSON"  // where the summary goes
	keepVariable  = "CHAOS_KEEP"  // where the folders of failed seeds go
	weirVariable  = "CHAOS_WEIR"  // a binary made with the build tag faults
)

func TestMain(m *testing.M) {
	if room := os.Getenv(roomVariable); room != "" {
		code, err := inRoom(room)
		if err != nil {
			fmt.Fprintln(os.Stderr, err)
			code = 1
		}
		os.Exit(code)
	}
	flag.Parse()
	dir, err := os.MkdirTemp("", "weir-chaos-")
	if err == nil {
		err = build(dir)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	code := m.Run()
	if err := os.RemoveAll(dir); err != nil {
		fmt.Fprintln(os.Stderr, err)
	}
	os.Exit(code)
}

// build makes the binary and the modules.
func build(dir string) (err error) {
	if weirBinary = os.Getenv(weirVariable); weirBinary == "" {
		weirBinary = filepath.Join(dir, "weir")
		if err := command("go", "build", "-tags", "faults", "-o", weirBinary, "../../cmd/weir"); err != nil {
			return err
		}
	}
	made := filepath.Join(dir, "go.wasm")
	err = command("env", "-C", "../../modules/late_flights", "GOOS=wasip1", "GOARCH=wasm", "GOWORK=off",
		"go", "build", "-trimpath", "-buildvcs=false", "-buildmode=c-shared", "-o", made, ".")
	if err != nil {
		return err
	}
	for i, raw := range []string{"../../modules/late_flights_c/testdata/late_flights.wasm", made} {
		module := modulePath(dir, i)
		if err := command(weirBinary, "module", "build", raw, "--manifest", "../../modules/late_flights/manifest.json", "--out", module); err != nil {
			return err
		}
		if modules[i], err = os.ReadFile(module); err != nil {
			return err
		}
	}
	return compile(dir)
}

// compile compiles the modules into a cache for all runs: one that is killed soon should not spend its time on compiling.
func compile(dir string) error {
	if err := os.Setenv("XDG_CACHE_HOME", filepath.Join(dir, "cache")); err != nil {
		return err
	}
	rows := filepath.Join(dir, "rows.ndjson")
	if err := os.WriteFile(rows, []byte(`{"dep_delay":60}`), 0o644); err != nil {
		return err
	}
	for i := range modules {
		if err := command(weirBinary, "module", "test", modulePath(dir, i), "--schema", "dep_delay BIGINT", "--input", rows); err != nil {
			return err
		}
	}
	return nil
}

func modulePath(dir string, i int) string {
	return filepath.Join(dir, fmt.Sprintf("late_flights_%d.wasm", i))
}

func command(name string, args ...string) error {
	if out, err := exec.Command(name, args...).CombinedOutput(); err != nil {
		return fmt.Errorf("%s %s: %w\n%s", name, strings.Join(args, " "), err, out)
	}
	return nil
}

// size is how much a seed does.
type size struct{ flights, rounds int }

var (
	small = size{4_000, 4}
	full  = size{20_000, 10}
	whole = size{allFlights, 10}
)

const (
	allFlights = 336_776
	// wholeEvery is how many seeds there are to one that goes over all flights.
	wholeEvery = 30
	// atOnce is how many seeds are tried at a time: their processes wait more than they work.
	atOnce = 4
	// reportLines is how much of what a process said is in a report; all of it is kept in a file.
	reportLines = 40
)

// seeds are how many seeds are to be tried; given says that somebody asked for so many.
func seeds() (n int, given bool, err error) {
	text := os.Getenv(seedsVariable)
	if text == "" {
		return 2, false, nil
	}
	if n, err = strconv.Atoi(text); err != nil || n < 1 {
		return 0, true, fmt.Errorf("%s=%q: want a number of seeds", seedsVariable, text)
	}
	return n, true, nil
}

func sizeOf(seed uint64, given bool) size {
	switch {
	case !given:
		return small
	case seed%wholeEvery == 0:
		return whole
	}
	return full
}

// TestSeeds tries as many seeds as CHAOS_SEEDS says, from 1 on, or two small ones.
func TestSeeds(t *testing.T) {
	n, given, err := seeds()
	if err != nil {
		t.Fatal(err)
	}
	first := uint64(1)
	if *oneSeed != 0 {
		first, n = *oneSeed, 1
	}
	flights, err := readFlights()
	if err != nil {
		t.Fatal(err)
	}
	began := time.Now()
	all := make([]outcome, n)
	free := make(chan struct{}, atOnce)
	var trying sync.WaitGroup
	for i := range n {
		i = n - 1 - i // the last one may be one over all flights, that takes longer than the others
		free <- struct{}{}
		trying.Go(func() {
			all[i] = try(t, first+uint64(i), given, flights)
			<-free
		})
	}
	trying.Wait()
	s := sum(all, time.Since(began))
	if len(s.Untried) > 0 {
		t.Errorf("these never struck, so nothing is known about them: %s", strings.Join(s.Untried, ", "))
		if !roomIsThere() {
			t.Error("a disk can't be filled here: that takes a user namespace in which a file system may be mounted, or root")
		}
	}
	t.Logf("%d of %d seeds passed, %d runs, %d records compared, struck: %v, never: %v", s.Passed, n, s.Runs, s.Compared, s.Struck, s.Untried)
	if err := s.write(os.Getenv(jsonVariable)); err != nil {
		t.Error(err)
	}
}

// try tries a seed.
func try(t *testing.T, seed uint64, given bool, flights []string) outcome {
	much := sizeOf(seed, given)
	hear := func(string) {}
	if *oneSeed != 0 {
		hear = func(line string) { t.Log(line) }
	}
	s := newScenario(newPlan(seed, much.flights, much.rounds), t.TempDir(), hear)
	defer os.RemoveAll(s.dir) // now: there may be many
	s.input = flights[:much.flights]
	err := s.try(t.Context())
	o := outcome{seed: seed, flights: s.flights, runs: s.runs, compared: s.compared, struck: s.struck, err: err}
	if err == nil {
		t.Logf("seed %d: passed, %d flights, %d runs in %.1f s", seed, s.flights, s.runs, time.Since(s.began).Seconds())
		return o
	}
	var bad error
	if o.kept, bad = s.keep(o.err); bad != nil {
		t.Errorf("not all of seed %d is kept: %v", seed, bad)
	}
	again := fmt.Sprintf("go test ./test/chaos -run TestSeeds -count=1 -v -seed %d", seed)
	if given {
		again = fmt.Sprintf("%s=1 %s", seedsVariable, again)
	}
	t.Errorf("seed %d: %v\n\nwhat happened:\n%s\nkept in %s\nagain: %s", seed, o.err, s.story.String(), o.kept, again)
	return o
}

// keep keeps what a failed scenario leaves: its folder, what its processes said, what is in the sinks, and what happened.
func (s *scenario) keep(failure error) (dir string, err error) {
	dir = filepath.Join(os.Getenv(keepVariable), fmt.Sprintf("seed-%d", s.seed))
	if os.Getenv(keepVariable) == "" {
		if dir, err = os.MkdirTemp("", fmt.Sprintf("weir-chaos-seed-%d-", s.seed)); err != nil {
			return "", err
		}
	}
	if err := os.RemoveAll(dir); err != nil {
		return dir, err
	}
	err = copied(dir, s.dir)
	for i, p := range s.processes {
		name := filepath.Join(dir, fmt.Sprintf("process-%02d-%s.log", i, p.cmd.Args[1]))
		err = errors.Join(err, os.WriteFile(name, []byte(p.talk()), 0o644))
	}
	story := fmt.Sprintf("seed %d: %v\n\n%s", s.seed, failure, s.story.String())
	return dir, errors.Join(err, os.WriteFile(filepath.Join(dir, "story.txt"), []byte(story), 0o644))
}
