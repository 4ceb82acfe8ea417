//go:build linux

package chaos

import (
	"encoding/json"
	"flag"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"
)

var (
	oneSeed    = flag.Uint64("seed", 0, "try this seed only, and tell what strikes; the size is that of CHAOS_SEEDS where that is set")
	weirBinary string // made with the build tag faults
	module     string // late_flights
)

func TestMain(m *testing.M) {
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

func build(dir string) error {
	if weirBinary = os.Getenv("CHAOS_WEIR"); weirBinary == "" {
		weirBinary = filepath.Join(dir, "weir")
		cmd := exec.Command("go", "build", "-tags", "faults", "-o", weirBinary, "../../cmd/weir")
		if out, err := cmd.CombinedOutput(); err != nil {
			return fmt.Errorf("build weir: %w\n%s", err, out)
		}
	}
	// The module in C is small: a run that is killed soon should not spend its time on compiling.
	module = filepath.Join(dir, "late_flights.wasm")
	cmd := exec.Command(weirBinary, "module", "build", "../../modules/late_flights_c/testdata/late_flights.wasm",
		"--manifest", "../../modules/late_flights/manifest.json", "--out", module)
	if out, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("append the manifest: %w\n%s", err, out)
	}
	return nil
}

// size is how much a seed does.
type size struct{ flights, rounds int }

var (
	small = size{4_000, 4}
	full  = size{20_000, 10}
	whole = size{336_776, 10} // all flights
)

// wholeEvery is how many seeds there are to one that goes over all flights.
const wholeEvery = 30

// summary is what CHAOS_JSON gets.
type summary struct {
	OK       bool           `json:"ok"`
	Seeds    []outcome      `json:"seeds"`
	Passed   int            `json:"passed"`
	Runs     int            `json:"runs"`
	Struck   map[string]int `json:"struck"`
	Untried  []string       `json:"untried"` // faults that never struck
	Duration float64        `json:"seconds"`
}

type outcome struct {
	Seed    uint64         `json:"seed"`
	OK      bool           `json:"ok"`
	Flights int            `json:"flights"`
	Runs    int            `json:"runs"`
	Struck  map[string]int `json:"struck"`
	Seconds float64        `json:"seconds"`
	Error   string         `json:"error,omitempty"`
}

// TestSeeds tries as many seeds as CHAOS_SEEDS says, from 1 on, or two small ones.
func TestSeeds(t *testing.T) {
	seeds, each, given := 2, small, os.Getenv("CHAOS_SEEDS")
	if given != "" {
		n, err := strconv.Atoi(given)
		if err != nil || n < 1 {
			t.Fatalf("CHAOS_SEEDS=%q: want a number of seeds", given)
		}
		seeds, each = n, full
	}
	first := uint64(1)
	if *oneSeed != 0 {
		first, seeds = *oneSeed, 1
	}
	began := time.Now()
	all := make([]outcome, seeds)
	free := make(chan struct{}, max(1, min(4, runtime.NumCPU())))
	var trying sync.WaitGroup
	for i := range all {
		free <- struct{}{}
		trying.Go(func() {
			seed, much := first+uint64(i), each
			if given != "" && seed%wholeEvery == 0 {
				much = whole
			}
			all[i] = try(t, seed, much)
			<-free
		})
	}
	trying.Wait()
	s := sum(all)
	s.Duration = time.Since(began).Seconds()
	if seeds >= 30 && len(s.Untried) > 0 {
		s.OK = false
		t.Errorf("these never struck, so nothing is known about them: %s", strings.Join(s.Untried, ", "))
	}
	t.Logf("%d of %d seeds passed, %d runs, struck: %v, never: %v", s.Passed, seeds, s.Runs, s.Struck, s.Untried)
	if path := os.Getenv("CHAOS_JSON"); path != "" {
		text, err := json.MarshalIndent(s, "", "  ")
		if err == nil {
			err = os.WriteFile(path, append(text, '\n'), 0o644)
		}
		if err != nil {
			t.Error(err)
		}
	}
}

func try(t *testing.T, seed uint64, much size) outcome {
	began := time.Now()
	s := scenario{
		plan: newPlan(seed, much.flights, much.rounds), dir: t.TempDir(), random: rand.New(rand.NewPCG(seed, 1)),
		struck: map[string]int{}, talk: func(string, ...any) {},
	}
	if *oneSeed != 0 {
		s.talk = func(format string, args ...any) {
			t.Logf("%6.3f "+format, append([]any{time.Since(began).Seconds()}, args...)...)
		}
	}
	var err error
	if s.input, err = readFlights(much.flights); err == nil {
		err = s.try(t.Context())
	}
	o := outcome{Seed: seed, OK: err == nil, Flights: much.flights, Runs: s.runs, Struck: s.struck, Seconds: time.Since(began).Seconds()}
	if err != nil {
		o.Error = err.Error()
		sizes := ""
		if much != small {
			sizes = fmt.Sprintf("CHAOS_SEEDS=%s ", os.Getenv("CHAOS_SEEDS"))
		}
		t.Errorf("seed %d: %v\nagain: %sgo test ./test/chaos -run TestSeeds -count=1 -v -seed %d", seed, err, sizes, seed)
	}
	return o
}

func sum(all []outcome) summary {
	s := summary{Seeds: all, Struck: map[string]int{}, Untried: []string{}}
	for _, o := range all {
		s.Runs += o.Runs
		if o.OK {
			s.Passed++
		}
		for kind, n := range o.Struck {
			s.Struck[kind] += n
		}
	}
	s.OK = s.Passed == len(all)
	for _, kind := range kinds() {
		if s.Struck[kind] == 0 {
			s.Untried = append(s.Untried, kind)
		}
	}
	return s
}
