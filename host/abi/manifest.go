package abi

import (
	"bytes"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"strings"

	"github.com/apache/arrow-go/v18/arrow"

	"github.com/weir-stream/weir/host/ipc"
	"github.com/weir-stream/weir/host/types"
	"github.com/weir-stream/weir/internal/fault"
	"github.com/weir-stream/weir/internal/visible"
)

// Manifest is what a module says of itself in its section weir.manifest.
type Manifest struct {
	Name             string
	Version          string
	Description      string
	Parameters       *Parameters // nil: nothing is said, any parameter is passed on
	Input            []Column    // the columns to send, in order; nil: all of them
	Outputs          []OutputShape
	BatchIndependent bool
	Text             json.RawMessage // as it stands in the module
}

// Column is a column as a manifest names it.
type Column struct {
	Name     string
	Type     arrow.DataType // nil: any
	Nullable *bool          // nil: either
}

// Fits says that a table's column of a type may be sent for it. A dictionary of texts is sent as texts.
func (c *Column) Fits(t arrow.DataType) bool {
	return c.Type == nil || arrow.TypeEqual(c.Type, ipc.Sent(t))
}

// OutputShape is an output as a manifest names it.
type OutputShape struct {
	Name    string
	Kind    int      // OutputBatch or OutputPatch
	Columns []Column // nil: not said
}

// ParseManifest reads a manifest. It is nil where there is a reason against it.
func ParseManifest(text []byte) (*Manifest, []Reason) {
	if len(text) > LimitManifestBytes {
		return nil, []Reason{{CodeManifestSize, fmt.Sprintf("the manifest has %d bytes; at most %d are allowed", len(text), LimitManifestBytes)}}
	}
	tree, err := parseStrict(text)
	if err != nil {
		return nil, []Reason{{CodeManifestSyntax, fmt.Sprintf("the manifest is not strict JSON: %v", err)}}
	}
	p := &manifestParser{}
	m := p.manifest(tree)
	if p.reasons != nil {
		return nil, p.reasons
	}
	m.Text = bytes.Clone(text)
	return m, nil
}

// manifestParser walks the tree and collects what is wrong with it.
type manifestParser struct{ reasons []Reason }

func (p *manifestParser) add(code, path, layout string, args ...any) {
	if len(p.reasons) < maxReasons {
		p.reasons = append(p.reasons, Reason{code, "manifest: " + path + ": " + fmt.Sprintf(layout, args...)})
	}
}

func (p *manifestParser) manifest(tree any) *Manifest {
	m := &Manifest{}
	o := p.object("the whole", tree, "abi", "name", "version", "description", "parameters", "input", "outputs", "state",
		"batch_independent", "capabilities")
	if o == nil {
		return m
	}
	switch v, _ := o.values["abi"].(json.Number); {
	case o.values["abi"] == nil:
		p.add(CodeManifestValue, "abi", "is missing; write %d", Version)
	case v.String() != fmt.Sprint(Version):
		p.add(CodeManifestABI, "abi", "want %d, the version that this host speaks", Version)
	}
	m.Name, m.Version = p.text(o, "name", ""), p.text(o, "version", "")
	m.Description = p.text(o, "description", "")
	if state := p.text(o, "state", "none"); state != "none" {
		p.add(CodeManifestState, "state", "want \"none\": this host keeps no state for modules yet")
	}
	if v, ok := o.values["parameters"]; ok {
		m.Parameters = p.parameters(v)
	}
	if v, ok := o.values["input"]; ok {
		if input := p.object("input", v, "columns"); input != nil {
			m.Input = p.columns("input", input, false)
		}
	}
	if v, ok := o.values["outputs"]; ok {
		m.Outputs = p.outputs(v)
	}
	m.BatchIndependent = p.boolean(o, "batch_independent")
	if v, ok := o.values["capabilities"]; ok {
		if list := p.list("capabilities", v); len(list) > 0 {
			p.add(CodeManifestValue, "capabilities", "want []: this host has none to grant")
		}
	}
	return m
}

func (p *manifestParser) outputs(v any) []OutputShape {
	list := p.list("outputs", v)
	if len(list) == 0 || len(list) > LimitOutputs {
		p.add(CodeManifestValue, "outputs", "want 1 to %d of them", LimitOutputs)
		return nil
	}
	seen := map[string]bool{}
	outputs := make([]OutputShape, 0, len(list))
	for i, v := range list {
		path := fmt.Sprintf("outputs[%d]", i)
		o := p.object(path, v, "name", "kind", "columns")
		if o == nil {
			continue
		}
		out := OutputShape{Name: p.text(o, "name", "")}
		switch kind := p.text(o, "kind", ""); kind {
		case "batch":
			out.Kind = OutputBatch
		case "patch":
			out.Kind = OutputPatch
		default:
			p.add(CodeManifestValue, path+".kind", "want \"batch\" or \"patch\"")
		}
		out.Columns = p.columns(path, o, true)
		if seen[out.Name] || len(out.Name) > LimitNameBytes {
			p.add(CodeManifestValue, path+".name", "is taken, or longer than %d bytes", LimitNameBytes)
		}
		seen[out.Name] = true
		outputs = append(outputs, out)
	}
	return outputs
}

// columns reads the key "columns" of o; nil where it is absent.
func (p *manifestParser) columns(path string, o *object, output bool) []Column {
	v, ok := o.values["columns"]
	if !ok {
		return nil
	}
	list := p.list(path+".columns", v)
	if len(list) > LimitColumns {
		p.add(CodeManifestValue, path+".columns", "want at most %d", LimitColumns)
		return nil
	}
	keys := []string{"name", "type"}
	if output {
		keys = append(keys, "nullable")
	}
	seen := map[string]bool{}
	columns := make([]Column, 0, len(list))
	for i, v := range list {
		path := fmt.Sprintf("%s.columns[%d]", path, i)
		o := p.object(path, v, keys...)
		if o == nil {
			continue
		}
		c := Column{Name: p.text(o, "name", "")}
		if c.Name == "" || seen[c.Name] {
			p.add(CodeManifestValue, path+".name", "is missing, empty or taken")
		}
		seen[c.Name] = true
		if _, ok := o.values["type"]; ok {
			name, err := p.text(o, "type", ""), error(nil)
			if c.Type, err = parseType(name); err != nil {
				p.add(CodeManifestValue, path+".type", "want a type such as BIGINT, DECIMAL(9, 2) or STRUCT<a TEXT NOT NULL, b DATE[]>, got %q: %v",
					shorten(name), err)
			}
		}
		if _, ok := o.values["nullable"]; ok {
			nullable := p.boolean(o, "nullable")
			c.Nullable = &nullable
		}
		columns = append(columns, c)
	}
	return columns
}

// object is v as an object that has no other keys than these; nil and a reason where it isn't one.
func (p *manifestParser) object(path string, v any, keys ...string) *object {
	o, ok := v.(*object)
	if !ok {
		p.add(CodeManifestValue, path, "want an object")
		return nil
	}
	known := map[string]bool{}
	for _, k := range keys {
		known[k] = true
	}
	for _, k := range o.keys {
		if !known[k] {
			p.add(CodeManifestValue, path, "unknown key %q; known are %s", shorten(k), strings.Join(keys, ", "))
		}
	}
	return o
}

func (p *manifestParser) list(path string, v any) []any {
	list, ok := v.([]any)
	if !ok {
		p.add(CodeManifestValue, path, "want a list")
	}
	return list
}

func (p *manifestParser) text(o *object, key, absent string) string {
	v, ok := o.values[key]
	if !ok {
		return absent
	}
	s, ok := v.(string)
	if !ok {
		p.add(CodeManifestValue, key, "want a string")
		return absent
	}
	if visible.Lines(s) != s {
		p.add(CodeManifestValue, key, "want text without control characters")
		return absent
	}
	return s
}

func (p *manifestParser) boolean(o *object, key string) bool {
	v, ok := o.values[key]
	if !ok {
		return false
	}
	b, ok := v.(bool)
	if !ok {
		p.add(CodeManifestValue, key, "want true or false")
	}
	return b
}

// InputColumns says which columns of a schema the module is to be sent, by index, in the order in which it wants them. A
// nil manifest, and one that doesn't say, want all. The error names every column that is absent or of another type; its
// class is input.
func (m *Manifest) InputColumns(schema *arrow.Schema) ([]int, error) {
	if m == nil || m.Input == nil {
		all := make([]int, schema.NumFields())
		for i := range all {
			all[i] = i
		}
		return all, nil
	}
	indexes := make([]int, 0, len(m.Input))
	var wrong []string
	for _, c := range m.Input {
		found := schema.FieldIndices(c.Name)
		switch {
		case len(found) == 0:
			wrong = append(wrong, fmt.Sprintf("column %q is absent", c.Name))
		case !c.Fits(schema.Field(found[0]).Type):
			wrong = append(wrong, fmt.Sprintf("column %q is %s; the module needs %s", c.Name, types.Name(schema.Field(found[0]).Type), types.Name(c.Type)))
		default:
			indexes = append(indexes, found[0])
		}
	}
	if wrong != nil {
		return nil, fault.Inputf("the input does not fit the module %s: %s", m.Name, strings.Join(wrong, "; "))
	}
	return indexes, nil
}

// AppendManifest returns a copy of a module with the manifest as its only section weir.manifest, at the end. The error
// says why the manifest or the module can't be taken; its class is input.
func AppendManifest(wasm, manifest []byte) ([]byte, error) {
	if _, reasons := ParseManifest(manifest); reasons != nil {
		return nil, fault.Inputf("%s", reasons[0].Message)
	}
	s, err := parseModule(wasm)
	if err != nil {
		return nil, fault.InputError(err)
	}
	out := make([]byte, 0, len(wasm)+len(manifest)+64)
	kept := 0
	for _, d := range s.customs {
		if isManifest(d) {
			out = append(out, wasm[kept:d.start]...)
			kept = d.end
		}
	}
	out = append(out, wasm[kept:]...)
	content := append(binary.AppendUvarint(nil, uint64(len(ManifestSection))), ManifestSection...)
	content = append(content, manifest...)
	out = binary.AppendUvarint(append(out, 0), uint64(len(content)))
	out = append(out, content...)
	if len(out) > LimitModuleBytes {
		return nil, fault.Inputf("the module would have %d bytes; at most %d are allowed", len(out), LimitModuleBytes)
	}
	return out, nil
}
