package app

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"os"
	"slices"
	"strings"
	"sync"

	"github.com/weir-stream/weir/host/checkpoint"
	"github.com/weir-stream/weir/host/config"
	"github.com/weir-stream/weir/host/connector"
	"github.com/weir-stream/weir/host/pipeline"
	"github.com/weir-stream/weir/internal/fault"
)

// keptPlan is a pipeline as a state folder keeps it, in JSON: all that decides which records it makes, but for the modules, which are
// kept beside it under their hashes.
type keptPlan struct {
	// SQL is config.Pipeline.SQL; the path of a module is "sha256:" and the hash of its file.
	SQL string `json:"sql"`
	// Environment has, by name, a hash of the value of each variable that SQL uses: values may be secrets.
	Environment map[string]string `json:"environment,omitempty"`
}

// planKeeper keeps the plan of one pipeline in a state folder, and plans it as it was kept before. It is safe for concurrent use.
type planKeeper struct {
	store     checkpoint.Store
	planner   *planner
	functions []*function
	id        string
	text      []byte

	mu      sync.Mutex
	earlier map[string]*plan
	close   []func()
}

// newPlanKeeper makes the text of a plan. Nothing is written yet.
func newPlanKeeper(store checkpoint.Store, p *planner, pl *plan) (*planKeeper, error) {
	k := &planKeeper{store: store, planner: p, earlier: map[string]*plan{}}
	for _, c := range pl.calls {
		if !slices.Contains(k.functions, c.fn) {
			k.functions = append(k.functions, c.fn)
		}
	}
	kept := keptPlan{Environment: map[string]string{}}
	kept.SQL = pl.def.SQL(func(def *config.Function) string { return p.modules.functions[def].hash })
	_, err := config.Parse("plan", []byte(kept.SQL), func(name string) (string, bool) {
		value, set := os.LookupEnv(name)
		kept.Environment[name] = valueHash(name, value)
		return value, set
	})
	if err != nil { // it became too long, as nothing else is new in it
		return nil, fmt.Errorf("pipeline %s: its plan can't be kept, as exactly_once needs: %w", pl.Config.Name, err)
	}
	if k.text, err = json.Marshal(kept); err != nil {
		return nil, err
	}
	sum := sha256.Sum256(k.text)
	k.id = hex.EncodeToString(sum[:])
	return k, nil
}

// valueHash tells values of a variable apart. It is short, for a folder keeps blobs by the long hashes that a plan names.
func valueHash(name, value string) string {
	sum := sha256.Sum256([]byte(name + "=" + value))
	return hex.EncodeToString(sum[:8])
}

// keep puts the modules and then the plan into the folder.
func (k *planKeeper) keep() error {
	for _, f := range k.functions {
		if err := k.keepModule(f); err != nil {
			return err
		}
	}
	_, err := k.store.PutBlob(k.text)
	return err
}

// keepModule takes the module from the folder, where it is there: its file may be another one by now.
func (k *planKeeper) keepModule(f *function) error {
	want := strings.TrimPrefix(f.hash, hashPrefix)
	wasm, err := k.store.Blob(want)
	if err != nil {
		if wasm, err = readModule(f.def.Path); err != nil {
			return fault.InputError(err)
		}
	}
	got, err := k.store.PutBlob(wasm)
	if err == nil && got != want {
		err = fault.Inputf("function %s: %s has changed since it was read; start again", f.def.Name, f.def.Path)
	}
	return err
}

// read reads a module that a kept plan names.
func (k *planKeeper) read(path string) ([]byte, error) {
	return k.store.Blob(strings.TrimPrefix(path, hashPrefix))
}

// plan is the pipeline as it was kept under an id.
func (k *planKeeper) plan(ctx context.Context, id string) (*pipeline.Config, error) {
	k.mu.Lock()
	defer k.mu.Unlock()
	if pl := k.earlier[id]; pl != nil {
		return &pl.Config, nil
	}
	data, err := k.store.Blob(id)
	if err != nil {
		return nil, fmt.Errorf("plan %.12s: %w", id, err)
	}
	var kept keptPlan
	if err := json.Unmarshal(data, &kept); err != nil {
		return nil, fault.Inputf("plan %.12s: %w: %w", id, checkpoint.ErrDamaged, err)
	}
	for _, name := range slices.Sorted(maps.Keys(kept.Environment)) {
		if value, _ := os.LookupEnv(name); valueHash(name, value) != kept.Environment[name] {
			return nil, fault.Inputf("plan %.12s: the environment variable %s had another value", id, name)
		}
	}
	cfg, err := config.Parse(fmt.Sprintf("plan %.12s", id), []byte(kept.SQL), os.LookupEnv)
	if err != nil {
		return nil, err
	}
	p := k.planner.again()
	p.modules.read, p.modules.log = k.read, k.planner.modules.log
	plans, closePlans, err := p.plan(ctx, cfg)
	if err != nil {
		return nil, err
	}
	k.close = append(k.close, closePlans)
	if len(plans) != 1 {
		return nil, errors.New("a kept plan has several pipelines")
	}
	k.earlier[id] = plans[0]
	return &plans[0].Config, nil
}

// end lets go of the modules of earlier plans.
func (k *planKeeper) end() {
	for _, closePlans := range k.close {
		closePlans()
	}
}

// keepPlans has the plans of pipelines that deliver exactly once kept, and removes what nobody needs any more.
func (c *RunConfig) keepPlans(p *planner, plans []*plan) (end func(), err error) {
	end = func() {}
	for _, pl := range plans {
		if pl.delivery() != connector.ExactlyOnce {
			continue
		}
		k, err := newPlanKeeper(pl.Config.Store, p, pl)
		if err != nil {
			end()
			return nil, err
		}
		others := end
		end = func() {
			k.end()
			others()
		}
		pl.Config.Plan = pipeline.Plan{ID: k.id, Keep: k.keep, Earlier: k.plan}
	}
	if c.State == "" {
		return end, nil
	}
	if _, err := (checkpoint.Dir{Path: c.State, Log: c.Log}).Sweep(); err != nil {
		c.Log.Warn("state folder: modules and plans that are not needed any more stay", "reason", err)
	}
	return end, nil
}
