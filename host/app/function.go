package app

import (
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"log/slog"
	"strings"

	"github.com/apache/arrow-go/v18/arrow"

	"github.com/weir-stream/weir/host/abi"
	"github.com/weir-stream/weir/host/config"
	"github.com/weir-stream/weir/host/engine"
	"github.com/weir-stream/weir/host/operator"
	"github.com/weir-stream/weir/host/option"
	"github.com/weir-stream/weir/host/sandbox"
	"github.com/weir-stream/weir/internal/fault"
	"github.com/weir-stream/weir/internal/plainfile"
)

// function is a CREATE FUNCTION with its module compiled and its options checked.
type function struct {
	def        *config.Function
	module     engine.Module
	manifest   *abi.Manifest // nil: the module has none
	hash       string        // "sha256:…" of the file
	parameters map[string]string

	engine     string          // by name; "": the one that everything else runs on
	answers    *abi.LiveLimits // of all its instances
	instances  int             // at most, for all lanes of a pipeline
	onFailure  onFailure
	errorTopic deadTopic
}

// modules are the functions of a configuration.
type modules struct {
	engine    engine.Engine            // of functions that name none
	others    map[string]engine.Engine // by their names
	cache     *sandbox.Cache           // of rewritten modules; nil: none
	read      func(path string) ([]byte, error)
	log       *slog.Logger
	functions map[*config.Function]*function
}

func newModules(e engine.Engine, cache *sandbox.Cache, log *slog.Logger) *modules {
	return &modules{engine: e, others: map[string]engine.Engine{}, cache: cache, read: readModule, log: log, functions: map[*config.Function]*function{}}
}

// load reads, checks and compiles a function's module. Nothing of it runs.
func (m *modules) load(ctx context.Context, def *config.Function) error {
	f := &function{def: def, parameters: map[string]string{}}
	for key, v := range def.Parameters {
		f.parameters[key] = v.Text
	}
	limits, err := f.options(def)
	if err != nil {
		return err
	}
	wasm, err := m.read(def.Path)
	if err != nil {
		return fault.InputError(fmt.Errorf("%s: function %s: %w", def.PathPos, def.Name, err))
	}
	info, reasons := abi.Check(wasm, limits.Pages(0))
	if reasons != nil {
		errs := []error{}
		for _, r := range reasons {
			errs = append(errs, def.PathPos.Errorf("function %s: %s is refused: %s: %s", def.Name, def.Path, r.Code, r.Message))
		}
		return errors.Join(errs...)
	}
	f.manifest, f.hash = info.Manifest, hash(wasm)
	e, err := m.engineNamed(f.engine)
	if err != nil {
		return err
	}
	if f.module, err = abi.Compile(ctx, e, m.cache, wasm, limits); err != nil {
		return fault.InputError(fmt.Errorf("%s: function %s: %s: %w", def.PathPos, def.Name, def.Path, err))
	}
	m.functions[def] = f
	return nil
}

// options takes the host's options, those whose keys begin with weir.
func (f *function) options(def *config.Function) (engine.Limits, error) {
	bag := def.Host.Clone()
	limits := f.take(bag)
	return limits.WithDefaults(), bag.Done()
}

// take takes them out of the bag, which keeps what is wrong with them.
func (f *function) take(bag *option.Bag) engine.Limits {
	limits := engineLimits(bag)
	f.engine = engineName(bag)
	f.answers = abi.NewLiveLimits(answerLimits(bag))
	f.instances = instanceOption(bag)
	f.onFailure = failureOptions(bag)
	v, _ := bag.Peek("weir.error_topic")
	f.errorTopic = deadTopic{"weir.error_topic", bag.String("weir.error_topic", ""), v.Pos}
	return limits
}

var errTooLarge = errors.New("is larger than a module may be")

// readModule reads a .wasm file of a bounded size.
func readModule(path string) ([]byte, error) {
	wasm, err := plainfile.Read(path, abi.LimitModuleBytes)
	var large *plainfile.TooLargeError
	if errors.As(err, &large) {
		err = fmt.Errorf("%s %w (%d bytes)", path, errTooLarge, abi.LimitModuleBytes)
	}
	return wasm, err
}

// hashPrefix begins the hash of a module.
const hashPrefix = "sha256:"

func hash(wasm []byte) string {
	sum := sha256.Sum256(wasm)
	return hashPrefix + hex.EncodeToString(sum[:])
}

func (m *modules) close(ctx context.Context) (err error) {
	for _, f := range m.functions {
		err = errors.Join(err, f.module.Close(ctx))
	}
	return errors.Join(err, m.closeOthers(ctx))
}

// open opens an instance over the input to learn its outputs, and closes it.
func (m *modules) open(ctx context.Context, at config.Call, input *arrow.Schema) (*call, error) {
	f := m.functions[at.Function]
	c := &call{fn: f, input: input, feed: -1}
	if err := f.fits(input); err != nil {
		return nil, at.Pos.Errorf("function %s: %w", f.def.Name, err)
	}
	var err error
	if c.send, err = f.manifest.InputColumns(input); err != nil {
		return nil, fault.InputError(fmt.Errorf("%s: function %s: %w", at.Pos, f.def.Name, err))
	}
	instance, err := m.instance(ctx, c)
	if fault.Of(err) == fault.Environment {
		return nil, fmt.Errorf("%s: function %s: %w", at.Pos, f.def.Name, err)
	}
	if err != nil {
		return nil, f.placeOf(err, at.Pos).Errorf("function %s: %w", f.def.Name, err)
	}
	defer instance.Close(ctx)
	for _, o := range instance.Outputs() {
		c.outputs = append(c.outputs, outputOf(input, o))
	}
	return c, nil
}

// fits checks the types of the columns that the module asks for, in the words of the configuration; what else there is to check about
// them the manifest does.
func (f *function) fits(input *arrow.Schema) error {
	if f.manifest == nil {
		return nil
	}
	var wrong []string
	for _, want := range f.manifest.Input {
		i := input.FieldIndices(want.Name)
		if len(i) > 0 && !want.Fits(input.Field(i[0]).Type) {
			wrong = append(wrong, fmt.Sprintf("column %s is %s, the module needs %s",
				want.Name, config.TypeName(input.Field(i[0]).Type), config.TypeName(want.Type)))
		}
	}
	if wrong == nil {
		return nil
	}
	return fmt.Errorf("the input does not fit the module %s: %s", f.manifest.Name, strings.Join(wrong, "; "))
}

// placeOf is where to look for the reason of an error of an instance: at the first parameter that it names, and else at the call.
func (f *function) placeOf(err error, call option.Pos) option.Pos {
	at := option.Pos{}
	for name, v := range f.def.Parameters {
		named := strings.Contains(err.Error(), "parameter '"+name+"'")
		if first := at == (option.Pos{}) || cmp.Or(cmp.Compare(v.Pos.Line, at.Line), cmp.Compare(v.Pos.Col, at.Col)) < 0; named && first {
			at = v.Pos
		}
	}
	if at == (option.Pos{}) {
		return call
	}
	return at
}

// instance opens an instance for a call.
func (m *modules) instance(ctx context.Context, c *call) (*abi.Instance, error) {
	return abi.Open(ctx, c.fn.module, abi.Config{
		Name: c.fn.def.Name, Input: pick(c.input, c.send), Parameters: c.fn.parameters, Manifest: c.fn.manifest,
		Live: c.fn.answers, Logger: m.log.With("hash", c.fn.hash),
	})
}

func pick(s *arrow.Schema, columns []int) *arrow.Schema {
	fields := make([]arrow.Field, len(columns))
	for i, col := range columns {
		fields[i] = s.Field(col)
	}
	return arrow.NewSchema(fields, nil)
}

// outputOf works out all columns of an output. A patch's replace those of the same name and follow the others.
func outputOf(input *arrow.Schema, o abi.Output) callOutput {
	out := callOutput{name: o.Name, patch: o.Kind == abi.OutputPatch}
	var fields []arrow.Field
	if out.patch {
		for i, f := range input.Fields() {
			fields = append(fields, f)
			out.from = append(out.from, operator.Column{Index: i})
		}
	}
	for i, f := range o.Schema.Fields() {
		from := operator.Column{Emitted: true, Index: i}
		at := -1
		if out.patch {
			if found := input.FieldIndices(f.Name); len(found) > 0 {
				at = found[0]
			}
		}
		if at >= 0 {
			fields[at], out.from[at] = f, from
			continue
		}
		fields, out.from = append(fields, f), append(out.from, from)
	}
	out.schema = arrow.NewSchema(fields, nil)
	return out
}
