package app

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"

	"github.com/weir-stream/weir/host/checkpoint"
	"github.com/weir-stream/weir/host/config"
	"github.com/weir-stream/weir/host/connector"
	"github.com/weir-stream/weir/host/pipeline"
	"github.com/weir-stream/weir/internal/fault"
)

// keptPlan is a pipeline as a state folder keeps it, in JSON: all that decides which records it makes, but for modules and documents, which
// are kept beside it under their hashes.
type keptPlan struct {
	// SQL is config.Pipeline.SQL; the path of a module is "sha256:" and the hash of its file, that of a document relative and a key of
	// Documents, any other absolute.
	SQL string `json:"sql"`
	// Documents has by their paths the hashes of the files that decide what bytes mean: schemas, and what they import.
	Documents map[string]string `json:"documents,omitempty"`
	// Subjects are the schemas that tables have from a registry; SQL names their versions.
	Subjects []*subject `json:"subjects,omitempty"`
	// Environment has, by name, a hash of the value of each variable that SQL uses: values may be secrets.
	Environment map[string]string `json:"environment,omitempty"`
}

// planKeeper keeps the plan of one pipeline in a state folder, and plans it as it was kept before. It is safe for concurrent use.
type planKeeper struct {
	store     checkpoint.Store
	planner   *planner
	functions []*function
	tables    []*table // distinct
	id        string
	text      []byte
	files     map[string][]byte // documents, by their hashes

	mu      sync.Mutex
	kept    bool // the documents are
	earlier map[string]*plan
	close   []func()
}

// newPlanKeeper makes the text of a plan. Nothing is written yet.
func newPlanKeeper(store checkpoint.Store, p *planner, pl *plan) (*planKeeper, error) {
	k := &planKeeper{store: store, planner: p, files: map[string][]byte{}, earlier: map[string]*plan{}}
	for _, c := range pl.calls {
		if !slices.Contains(k.functions, c.fn) {
			k.functions = append(k.functions, c.fn)
		}
	}
	kept := keptPlan{Environment: map[string]string{}, Documents: map[string]string{}}
	kept.SQL = k.settled(pl, &kept).SQL(func(def *config.Function) string { return p.modules.functions[def].hash })
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

// secrets are the options of the plan's tables that are kept as they are and should be nobody else's.
func (k *planKeeper) secrets() (keys []string) {
	for _, t := range k.tables {
		for _, key := range t.def.Options.Keys() {
			secret := strings.HasSuffix(key, ".registry.password") || strings.HasSuffix(key, ".registry.token")
			if v, _ := t.def.Options.Peek(key); secret && v.Text != "" && v.Written == "" {
				keys = append(keys, "table "+t.def.Name+": "+key)
			}
		}
	}
	return keys
}

// settled is a plan's pipeline over tables that name the documents that are kept, which it notes.
func (k *planKeeper) settled(pl *plan, kept *keptPlan) *config.Pipeline {
	settled := map[*config.Table]*config.Table{}
	settle := func(def *config.Table) *config.Table {
		if out := settled[def]; out != nil {
			return out
		}
		t := k.planner.tables[def]
		folder := strconv.Itoa(len(settled))
		for name, content := range t.documents.files {
			sum := sha256.Sum256(content)
			hash := hex.EncodeToString(sum[:])
			k.files[hash], kept.Documents[path.Join(folder, name)] = content, hash
		}
		if t.subject != nil {
			kept.Subjects = append(kept.Subjects, t.subject)
		}
		k.tables = append(k.tables, t)
		settled[def] = t.documents.apply(def, folder)
		return settled[def]
	}
	out := *pl.def
	out.Source, out.Sinks = settle(pl.def.Source), slices.Clone(pl.def.Sinks)
	for i := range out.Sinks {
		out.Sinks[i].Sink = settle(out.Sinks[i].Sink)
	}
	return &out
}

// valueHash tells values of a variable apart. It is short, for a folder keeps blobs by the long hashes that a plan names.
func valueHash(name, value string) string {
	sum := sha256.Sum256([]byte(name + "=" + value))
	return hex.EncodeToString(sum[:8])
}

// keep puts the modules and the documents and then the plan into the folder.
func (k *planKeeper) keep() error {
	for _, f := range k.functions {
		if err := k.keepModule(f); err != nil {
			return err
		}
	}
	if err := k.keepDocuments(); err != nil {
		return err
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

// keepDocuments keeps what was read before the formats read it. Where that is still there the first time, the formats have read the same;
// what becomes of the files later is nothing to them.
func (k *planKeeper) keepDocuments() error {
	k.mu.Lock()
	defer k.mu.Unlock()
	for _, t := range k.tables {
		if k.kept {
			break
		}
		if name := t.documents.changed(readDocuments(t.def.Options)); name != "" {
			return fault.Inputf("table %s: %s has changed since it was read; start again", t.def.Name, name)
		}
	}
	k.kept = true
	for _, content := range k.files {
		if _, err := k.store.PutBlob(content); err != nil {
			return err
		}
	}
	return nil
}

// unpack writes the documents of a kept plan into a folder of their own, under the names that its SQL has for them.
func (k *planKeeper) unpack(kept keptPlan) (folder string, err error) {
	if len(kept.Documents) == 0 {
		return "", nil
	}
	if folder, err = os.MkdirTemp("", "weir-plan-"); err != nil {
		return "", fault.EnvironmentError(err)
	}
	k.close = append(k.close, func() { _ = os.RemoveAll(folder) }) // copies: nothing is lost where they stay
	for _, name := range slices.Sorted(maps.Keys(kept.Documents)) {
		if !fs.ValidPath(name) {
			return "", fault.Inputf("document %q: %w", name, checkpoint.ErrDamaged)
		}
		content, err := k.store.Blob(kept.Documents[name])
		if err != nil {
			return "", fmt.Errorf("document %s: %w", name, err)
		}
		file := filepath.Join(folder, filepath.FromSlash(name))
		if err := os.MkdirAll(filepath.Dir(file), 0o700); err != nil {
			return "", fault.EnvironmentError(err)
		}
		if err := os.WriteFile(file, content, 0o600); err != nil {
			return "", fault.EnvironmentError(err)
		}
	}
	return folder, nil
}

// read reads a module that a kept plan names.
func (k *planKeeper) read(module string) ([]byte, error) {
	return k.store.Blob(strings.TrimPrefix(module, hashPrefix))
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
	folder, err := k.unpack(kept)
	if err != nil {
		return nil, fmt.Errorf("plan %.12s: %w", id, err)
	}
	cfg, err := config.Parse(filepath.Join(folder, fmt.Sprintf("plan %.12s", id)), []byte(kept.SQL), os.LookupEnv)
	if err != nil {
		return nil, err
	}
	for _, s := range kept.Subjects {
		at := slices.IndexFunc(cfg.Tables, func(t *config.Table) bool { return t.Name == s.Table })
		if at < 0 {
			return nil, fault.Inputf("plan %.12s: %w", id, checkpoint.ErrDamaged)
		}
		if err := s.same(ctx, cfg.Tables[at]); err != nil {
			return nil, fmt.Errorf("plan %.12s: %w", id, err)
		}
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
		for _, key := range k.secrets() {
			c.Log.Warn("the state folder holds a secret as the file has it; write it as ${NAME}, for the reference to be kept in its place",
				"pipeline", pl.Config.Name, "option", key)
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
