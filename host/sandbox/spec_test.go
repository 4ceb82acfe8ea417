package sandbox_test

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/tetratelabs/wazero"
	"github.com/tetratelabs/wazero/api"

	"github.com/weir-stream/weir/host/sandbox"
)

// Every module of the suite behaves after the rewrite as it did before: same results bit by bit, same traps, same refusals
// to link, on both engines; and what the suite calls invalid or malformed never gets past Rewrite.
func TestSpecSuite(t *testing.T) {
	for _, suite := range []struct {
		version  string
		features api.CoreFeatures
		counts   map[string]int // of the assertions that must have run
	}{
		{"v2", api.CoreFeaturesV2, map[string]int{
			"module": 1599, "register": 22, "action": 155, "assert_return": 45734, "assert_trap": 2408, "assert_exhaustion": 15,
			"assert_invalid": 2146, "assert_malformed": 719, "assert_unlinkable": 83, "assert_uninstantiable": 34,
		}},
		{"v1", api.CoreFeaturesV1, map[string]int{
			"module": 780, "register": 10, "action": 42, "assert_return": 15788, "assert_trap": 458, "assert_exhaustion": 15,
			"assert_invalid": 989, "assert_malformed": 661, "assert_unlinkable": 95, "assert_uninstantiable": 2,
		}},
	} {
		if underRace && suite.version == "v2" {
			continue // its minutes would show no race that the other, a quarter of it, does not
		}
		t.Run(suite.version, func(t *testing.T) {
			t.Parallel()
			engines := specEngines(t, suite.features)
			scripts, err := filepath.Glob(specPath(t, suite.version, "testdata", "*.json"))
			if err != nil {
				t.Fatal(err)
			}
			var (
				mu  sync.Mutex
				ran = map[string]int{}
			)
			t.Run("scripts", func(t *testing.T) {
				for _, path := range scripts {
					t.Run(strings.TrimSuffix(filepath.Base(path), ".json"), func(t *testing.T) {
						t.Parallel()
						s := &script{version: suite.version, folder: filepath.Dir(path), engines: engines, ran: map[string]int{}}
						s.run(t, readScript(t, path))
						mu.Lock()
						defer mu.Unlock()
						for kind, n := range s.ran {
							ran[kind] += n
						}
					})
				}
			})
			for _, kind := range slices.Sorted(maps.Keys(suite.counts)) {
				if ran[kind] < suite.counts[kind] {
					t.Errorf("%d of %d %s ran", ran[kind], suite.counts[kind], kind)
				}
			}
		})
	}
}

// A script runs its commands in step in five worlds: on each engine the original and the rewritten modules, and on one of them
// the counted ones.
type script struct {
	version string
	folder  string
	engines []*specEngine
	pairs   []pair
	counted *world
	ran     map[string]int
}

// A pair is both versions of everything on one engine.
type pair struct{ original, rewritten *world }

func (s *script) run(t *testing.T, commands []specCommand) {
	for _, e := range s.engines {
		s.pairs = append(s.pairs, pair{newSpecWorld(t, e, original), newSpecWorld(t, e, rewritten)})
	}
	s.counted = newSpecWorld(t, s.engines[0], instructions)
	for n, c := range commands {
		if c.ModuleType == "text" {
			continue // about the text format's grammar
		}
		as := "" // a registered name must be given when the module is made
		if c.Type == "module" && n+1 < len(commands) && commands[n+1].Type == "register" {
			as = commands[n+1].As
		}
		if err := s.step(t.Context(), c, as); err != nil {
			t.Errorf("line %d: %s %s%s: %v", c.Line, c.Type, c.Filename, c.Action.Field, err)
		}
		s.ran[c.Type]++
	}
}

func (s *script) step(ctx context.Context, c specCommand, as string) error {
	switch c.Type {
	case "module":
		return s.load(ctx, c, as)
	case "register":
		return nil // done when the module was loaded
	case "assert_return", "action", "assert_trap", "assert_exhaustion":
		return s.act(ctx, c)
	case "assert_invalid", "assert_malformed":
		return s.refused(ctx, c)
	case "assert_unlinkable", "assert_uninstantiable":
		return s.unlinkable(ctx, c)
	}
	return errors.New("unknown command")
}

func (s *script) load(ctx context.Context, c specCommand, as string) error {
	m, err := readModule(filepath.Join(s.folder, c.Filename))
	if err != nil {
		return err
	}
	var fuel []int64
	for _, w := range s.worlds() {
		before := w.consumed()
		if w.last, err = w.instantiate(ctx, m, as); err != nil {
			return fmt.Errorf("%s: %w", w, err)
		}
		fuel = append(fuel, w.consumed()-before)
		if c.Name != "" {
			w.named[c.Name] = w.last
		}
	}
	return s.meter(fuel[1], fuel[3], fuel[4])
}

func (s *script) worlds() (all []*world) {
	for _, p := range s.pairs {
		all = append(all, p.original, p.rewritten)
	}
	return append(all, s.counted)
}

// meter checks the fuel that the same thing took on the two engines: equal, and at least a unit for each instruction.
func (s *script) meter(first, second, instructions int64) error {
	if first != second {
		return fmt.Errorf("fuel is %d on the %s and %d on the %s", first, s.engines[0].name, second, s.engines[1].name)
	}
	if first < instructions {
		return fmt.Errorf("fuel is %d for %d instructions", first, instructions)
	}
	return nil
}

// act compares one action between the worlds and with what the script expects of it.
func (s *script) act(ctx context.Context, c specCommand) error {
	args, err := words(c.Action.Args)
	if err != nil {
		return err
	}
	fuel := make([]int64, len(s.pairs))
	for n, p := range s.pairs {
		before, err := p.original.act(ctx, c.Action, args)
		if err != nil {
			return fmt.Errorf("%s: %w", p.original, err)
		}
		after, err := p.rewritten.act(ctx, c.Action, args)
		if err != nil {
			return fmt.Errorf("%s: %w", p.rewritten, err)
		}
		if err := expect(c, before, "stack overflow"); err != nil {
			return fmt.Errorf("%s: %w", p.original, err)
		}
		if err := expect(c, after, errTooDeep.Error()); err != nil {
			return fmt.Errorf("%s: %w", p.rewritten, err)
		}
		if err := same(c, before, after); err != nil {
			return fmt.Errorf("%s: %w", p.rewritten, err)
		}
		fuel[n] = after.fuel
	}
	if c.Type == "assert_exhaustion" {
		return s.meter(fuel[0], fuel[1], 0) // uncounted: each engine's own stack ends elsewhere
	}
	exact, err := s.counted.act(ctx, c.Action, args)
	if err != nil {
		return fmt.Errorf("%s: %w", s.counted, err)
	}
	return s.meter(fuel[0], fuel[1], exact.fuel)
}

// traps are wazero's words for the suite's. What the suite says may go on with a number.
var traps = []struct{ suite, wazero string }{
	{"out of bounds memory access", "wasm error: out of bounds memory access"},
	{"out of bounds table access", "wasm error: invalid table access"},
	{"undefined", "wasm error: invalid table access"},
	{"uninitialized", "wasm error: invalid table access"},
	{"indirect call", "wasm error: indirect call type mismatch"},
	{"integer overflow", "wasm error: integer overflow"},
	{"invalid conversion to integer", "wasm error: invalid conversion to integer"},
	{"integer divide by zero", "wasm error: integer divide by zero"},
	{"unreachable", "wasm error: unreachable"},
}

// expect holds an outcome against the script; exhausted is how the trap of endless recursion ends.
func expect(c specCommand, o outcome, exhausted string) error {
	switch {
	case c.Type == "assert_exhaustion":
		if !strings.Contains(trap(o.err), exhausted) {
			return fmt.Errorf("got %q, want %q", trap(o.err), exhausted)
		}
		return nil
	case c.Type == "assert_trap":
		for _, t := range traps {
			if strings.HasPrefix(c.Text, t.suite) {
				if trap(o.err) != t.wazero {
					return fmt.Errorf("got %q, want the trap %q", trap(o.err), t.wazero)
				}
				return nil
			}
		}
		return fmt.Errorf("no such trap: %q", c.Text)
	case o.err != nil:
		return o.err
	case c.Type == "assert_return":
		if difference := matchAll(o.results, c.Expected); difference != "" {
			return errors.New(difference)
		}
	}
	return nil
}

// same holds the outcomes before and after the rewrite against each other.
func same(c specCommand, before, after outcome) error {
	if c.Type != "assert_exhaustion" && trap(before.err) != trap(after.err) {
		return fmt.Errorf("traps with %q, before with %q", trap(after.err), trap(before.err))
	}
	for n, v := range c.Expected {
		if v.Type == "funcref" && before.err == nil { // an address
			before.results[n], after.results[n] = min(before.results[n], 1), min(after.results[n], 1)
		}
	}
	if !slices.Equal(before.results, after.results) {
		return fmt.Errorf("returns %#x, before %#x", after.results, before.results)
	}
	return nil
}

// refused checks that Rewrite itself refuses what the suite calls invalid or malformed.
func (s *script) refused(ctx context.Context, c specCommand) error {
	m, err := readModule(filepath.Join(s.folder, c.Filename))
	if err != nil {
		var refusal *sandbox.Error
		if !errors.As(err, &refusal) || refusal.Code == "" || refusal.Message == "" {
			return fmt.Errorf("refused by %#v, want a *sandbox.Error that says why", err)
		}
		return nil
	}
	if s.version == "v1" && compiles(ctx, m.original) == nil {
		return nil // version 2 of the specification allows it
	}
	return fmt.Errorf("accepted, want a refusal: %s", c.Text)
}

// compiles reports whether wazero takes a module with the features of version 2.
func compiles(ctx context.Context, wasm []byte) error {
	r := wazero.NewRuntimeWithConfig(ctx, wazero.NewRuntimeConfigInterpreter().WithCoreFeatures(api.CoreFeaturesV2))
	_, err := r.CompileModule(ctx, wasm)
	return errors.Join(err, r.Close(ctx))
}

// unlinkable checks that an instantiation which fails fails after the rewrite too, and with the same words. Where it can only
// fail, because a segment lies outside of the module's own memory or table, Rewrite may say so already.
func (s *script) unlinkable(ctx context.Context, c specCommand) error {
	m, err := readModule(filepath.Join(s.folder, c.Filename))
	var refusal *sandbox.Error
	refused := errors.As(err, &refusal) && refusal.Code == sandbox.CodeInvalid && strings.Contains(refusal.Message, "segment")
	if err != nil && !refused {
		return err
	}
	_, _ = s.counted.instantiate(ctx, m, "") // for what it leaves in others' memories and tables
	for _, p := range s.pairs {
		_, before := p.original.instantiate(ctx, m, "")
		// wazero lets an instance live whose element segments do not fit its table, for what they have set until then.
		if before == nil && c.Text != "out of bounds table access" {
			return fmt.Errorf("%s: instantiated", p.original)
		}
		if refused {
			continue
		}
		_, after := p.rewritten.instantiate(ctx, m, "")
		if b, a := trap(before), trap(after); a != b {
			return fmt.Errorf("%s: says %q, before %q", p.rewritten, a, b)
		}
	}
	return nil
}

// Modules of the proposals are refused by name, unless they use nothing of the proposal.
func TestSpecProposalsAreRefused(t *testing.T) {
	ctx := t.Context()
	for _, proposal := range []string{"exception-handling", "extended-const", "tail-call", "threads", "typed-function-references"} {
		scripts, err := filepath.Glob(specPath(t, proposal, "testdata", "*.json"))
		if err != nil || len(scripts) == 0 {
			t.Fatalf("%s: %d scripts, %v", proposal, len(scripts), err)
		}
		for _, path := range scripts {
			for _, c := range readScript(t, path) {
				if c.Type != "module" || c.Filename == "" {
					continue
				}
				where := fmt.Sprintf("%s/%s", proposal, c.Filename)
				m, err := readModule(filepath.Join(filepath.Dir(path), c.Filename))
				var refusal *sandbox.Error
				if errors.As(err, &refusal) {
					if refusal.Code != "wasm.unsupported" {
						t.Errorf("%s: refused with %v, want wasm.unsupported", where, err)
					}
					continue
				}
				if err != nil {
					t.Errorf("%s: %v", where, err)
					continue
				}
				if err := compiles(ctx, m.original); err != nil {
					t.Errorf("%s: accepted, and wazero refuses it without the proposal: %v", where, err)
				}
			}
		}
	}
}
