package app

import (
	"encoding/json"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/memory"
	"go.uber.org/goleak"

	"github.com/weir-stream/weir/host/abi"
	"github.com/weir-stream/weir/host/batch"
	"github.com/weir-stream/weir/host/builtin"
	"github.com/weir-stream/weir/host/config"
	"github.com/weir-stream/weir/host/connector"
	"github.com/weir-stream/weir/host/connector/connectortest"
	"github.com/weir-stream/weir/host/engine"
	"github.com/weir-stream/weir/host/engine/enginetest/asm"
	"github.com/weir-stream/weir/host/ipc"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// declared is a module that declares outputs, and asks for columns in its manifest; it answers nothing.
type declared struct {
	input      []string // as "name" or "name TYPE"; nil: all columns
	outputs    []declaredOutput
	parameters string // their schema; "": none
}

type declaredOutput struct {
	name    string
	kind    int
	columns []arrow.Field
}

// wasm assembles the module. Constants lie from 1,024 on, the arena at 131,072.
func (d declared) wasm(t testing.TB) []byte {
	m := asm.New()
	output := m.Import("weir", "output", asm.Sig("iiiii", "i"))
	for name, params := range map[string]string{"emit": "iiiii", "reject": "iiiii"} {
		m.Import("weir", name, asm.Sig(params, "i"))
	}
	m.Memory(4, 0)
	free := int32(1024)
	put := func(b []byte) asm.Code {
		at := free
		m.Data(uint32(at), b)
		free = (at + int32(len(b)) + 7) / 8 * 8
		return asm.Block(asm.I32(at), asm.I32(int32(len(b))))
	}
	var open []asm.Code
	for _, o := range d.outputs {
		message, err := ipc.AppendSchema(nil, arrow.NewSchema(o.columns, nil))
		if err != nil {
			t.Fatal(err)
		}
		open = append(open, put([]byte(o.name)), asm.I32(int32(o.kind)), put(message), asm.Call(output), asm.Drop)
	}
	m.Func(abi.Marker, asm.Sig("", ""), "")
	m.Func("weir_arena", asm.Sig("i", "i"), "", asm.I32(131072))
	m.Func("weir_open", asm.Sig("i", "i"), "", append(open, asm.I32(0))...)
	m.Func("weir_process", asm.Sig("i", "i"), "", asm.I32(0))
	if d.input == nil {
		return m.Bytes()
	}
	columns := []map[string]string{}
	for _, column := range d.input {
		name, kind, typed := strings.Cut(column, " ")
		columns = append(columns, map[string]string{"name": name})
		if typed {
			columns[len(columns)-1]["type"] = kind
		}
	}
	fields := map[string]any{
		"abi": 1, "name": "test", "version": "1.0.0", "input": map[string]any{"columns": columns},
		"state": "none", "batch_independent": true, "capabilities": []string{},
	}
	if d.parameters != "" {
		fields["parameters"] = json.RawMessage(d.parameters)
	}
	manifest, err := json.Marshal(fields)
	if err != nil {
		t.Fatal(err)
	}
	wasm, err := abi.AppendManifest(m.Bytes(), manifest)
	if err != nil {
		t.Fatal(err)
	}
	return wasm
}

var testEngine = sync.OnceValues(func() (engine.Engine, error) { return builtin.Engine("", slog.New(slog.DiscardHandler)) })

// planSQL plans a text in SQL whose modules are d, by name without .wasm, with a connector named memory.
func planSQL(t testing.TB, sql string, modules map[string]declared) ([]*plan, error) {
	t.Helper()
	dir := t.TempDir()
	for name, d := range modules {
		if err := os.WriteFile(filepath.Join(dir, name+".wasm"), d.wasm(t), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	cfg, err := config.Parse(filepath.Join(dir, "plan.sql"), []byte(sql), func(string) (string, bool) { return "", false })
	if err != nil {
		return nil, err
	}
	e, err := testEngine()
	if err != nil {
		t.Fatal(err)
	}
	p := newPlanner(e, nil, slog.New(slog.DiscardHandler))
	p.connectors = connector.Registry{"memory": new(connectortest.Memory)}
	p.mem = batch.NewPool(memory.DefaultAllocator, 0)
	plans, closePlans, err := p.plan(t.Context(), cfg)
	if err == nil {
		t.Cleanup(closePlans)
	}
	return plans, err
}

func field(name string, nullable bool) arrow.Field {
	return arrow.Field{Name: name, Type: arrow.PrimitiveTypes.Int64, Nullable: nullable}
}

// consistent checks that every place in a plan is one that there is, of the type that is expected there, and that nothing
// is carried that nobody reads.
func consistent(pl *plan) error {
	c := &pl.Config
	for _, m := range c.Source.Metadata {
		if m.Column < 0 {
			if at := c.Source.Schema.FieldIndices(m.Name); at != nil {
				return fmt.Errorf("metadata %s, which is read, is only checked", m.Name)
			}
			continue
		}
		if got := c.Source.Schema.Field(m.Column); got.Name != m.Name || !arrow.TypeEqual(got.Type, m.Type) {
			return fmt.Errorf("metadata %s is at column %s", m.Name, got)
		}
	}
	if declared := len(metadata(pl.source.def)); len(c.Source.Metadata) != declared {
		return fmt.Errorf("%d of %d metadata columns are checked", len(c.Source.Metadata), declared)
	}
	input := c.Source.Schema
	for i, s := range pl.stages {
		read := map[int]bool{}
		for k, place := range s.Send {
			if place < 0 || place >= input.NumFields() || !input.Field(place).Equal(s.Input.Field(k)) {
				return fmt.Errorf("stage %d is sent %s from place %d of %s", i, s.Input.Field(k), place, input)
			}
			read[place] = true
		}
		var next *arrow.Schema
		for n, o := range s.Outputs {
			if len(o.Columns) != o.Schema.NumFields() {
				return fmt.Errorf("stage %d output %d has %d places for %s", i, n, len(o.Columns), o.Schema)
			}
			if o.To == 0 && len(o.Columns) > 0 {
				return fmt.Errorf("stage %d output %d goes nowhere and has columns: %s", i, n, o.Schema)
			}
			for k, from := range o.Columns {
				if from.Emitted {
					continue
				}
				if from.Index < 0 || from.Index >= input.NumFields() || !input.Field(from.Index).Equal(o.Schema.Field(k)) {
					return fmt.Errorf("stage %d output %d takes %s from place %d of %s", i, n, o.Schema.Field(k), from.Index, input)
				}
				read[from.Index] = true
			}
			if pl.calls[i].feed == n {
				next = o.Schema
			}
		}
		if len(read) != input.NumFields() {
			return fmt.Errorf("stage %d reads %d of the columns %s", i, len(read), input)
		}
		input = next
	}
	for _, s := range c.Sinks {
		from := input
		if n := len(pl.stages); n > 0 {
			from = pl.stages[n-1].Outputs[s.Output].Schema
		}
		for i, place := range s.Columns {
			if place < 0 && s.Patcher != nil {
				if again := s.Again[i]; again < 0 || again >= c.Source.Again.Schema.NumFields() {
					return fmt.Errorf("sink %s carries what is at %d of %s", s.Table, again, c.Source.Again.Schema)
				}
				continue
			}
			if place < 0 || place >= from.NumFields() {
				return fmt.Errorf("sink %s takes place %d of %s", s.Table, place, from)
			}
		}
	}
	return nil
}
