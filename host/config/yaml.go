package config

import (
	"errors"
	"reflect"
	"slices"
	"strings"

	"github.com/goccy/go-yaml/ast"

	"github.com/weir-stream/weir/host/option"
)

// ParseYAML reads src, which is YAML, as [Parse] reads SQL: what it says is the same configuration.
func ParseYAML(file string, src []byte, lookup func(string) (string, bool)) (*Config, error) {
	if err := checkSize(file, src); err != nil {
		return nil, err
	}
	at := beginning(file)
	text, err := checkText(string(src), &at)
	if err != nil {
		return nil, err
	}
	root, err := parseYAML(file, text)
	if err != nil {
		return nil, err
	}
	r := yamlReader{file: file}
	var doc document
	if root != nil {
		r.read(root, reflect.ValueOf(&doc).Elem(), "the file")
	}
	statements := doc.statements(&r)
	if len(r.errs) > 0 {
		return nil, errors.Join(r.errs[:min(len(r.errs), maxProblems)]...)
	}
	return resolve(file, statements, lookup, "give this one another name")
}

// The document. The tags name the keys, and which of them have to be there. A type with a method fromYAML reads itself.

type document struct {
	Tables    []*tableDoc    `yaml:"tables"`
	Functions []*functionDoc `yaml:"functions"`
	Pipelines []*pipelineDoc `yaml:"pipelines"`
}

type tableDoc struct {
	Name    textDoc      `yaml:"name,required"`
	Columns []*columnDoc `yaml:"columns"`
	With    optionsDoc   `yaml:"with"`
}

type columnDoc struct {
	Name       textDoc `yaml:"name,required"`
	Type       textDoc `yaml:"type,required"`
	NotNull    boolDoc `yaml:"not_null"`
	PrimaryKey boolDoc `yaml:"primary_key"`
	Metadata   textDoc `yaml:"metadata"`

	short *scalar // the column in one text, in place of all that
}

type functionDoc struct {
	Name     textDoc    `yaml:"name,required"`
	Language textDoc    `yaml:"language"`
	Module   textDoc    `yaml:"module,required"`
	With     optionsDoc `yaml:"with"`
}

type pipelineDoc struct {
	Name textDoc  `yaml:"name"`
	From textDoc  `yaml:"from,required"`
	Into sinksDoc `yaml:"into,required"`
}

type sinkDoc struct {
	Table   textDoc    `yaml:"table,required"`
	Columns []*textDoc `yaml:"columns"`
	Output  textDoc    `yaml:"output"`
}

type (
	textDoc    struct{ *scalar }
	boolDoc    struct{ *scalar }
	optionsDoc []*setting
	sinksDoc   []*sinkDoc
)

// yamlReader fills documents from a tree. It goes on after a mistake, so that a file's mistakes come together.
type yamlReader struct {
	file string
	errs []error
}

func (r *yamlReader) fail(err error) {
	if err != nil && len(r.errs) < maxProblems {
		r.errs = append(r.errs, err)
	}
}

func (r *yamlReader) failAt(n ast.Node, format string, args ...any) {
	r.fail(r.place(n).errorf(format, args...))
}

// place is where a node begins.
func (r *yamlReader) place(n ast.Node) *cursor {
	if m, ok := n.(*ast.MappingNode); ok && !m.IsFlowStyle && len(m.Values) > 0 {
		n = m.Values[0].Key
	}
	return yamlPlace(r.file, n.GetToken())
}

// fromYAML is a document that comes in more than one shape. what names it in errors.
type fromYAML interface {
	fromYAML(r *yamlReader, n ast.Node, what string)
}

// read fills v from n.
func (r *yamlReader) read(n ast.Node, v reflect.Value, what string) {
	if own, ok := v.Addr().Interface().(fromYAML); ok {
		own.fromYAML(r, n, what)
		return
	}
	switch v.Kind() {
	case reflect.Pointer:
		v.Set(reflect.New(v.Type().Elem()))
		r.read(n, v.Elem(), what)
	case reflect.Slice:
		r.list(n, v, what)
	default:
		r.mapping(n, v, what)
	}
}

func (r *yamlReader) list(n ast.Node, v reflect.Value, what string) {
	list, ok := n.(*ast.SequenceNode)
	if !ok {
		r.failAt(n, "%s: want a list, got %s", what, showNode(r.file, n))
		return
	}
	if len(list.Values) == 0 {
		r.failAt(n, "%s: want at least one entry; leave the key out where there is none", what)
	}
	for _, entry := range list.Values {
		e := reflect.New(v.Type().Elem()).Elem()
		r.read(entry, e, "an entry of "+what)
		v.Set(reflect.Append(v, e))
	}
}

// mapping fills a struct, whose tags say which keys there are.
func (r *yamlReader) mapping(n ast.Node, v reflect.Value, what string) {
	m, ok := n.(*ast.MappingNode)
	if !ok {
		r.failAt(n, "%s: want a mapping with the keys %s, got %s", what, option.ShowAll(keysOf(v.Type())), showNode(r.file, n))
		return
	}
	seen := map[string]*cursor{}
	for _, entry := range m.Values {
		key, at, ok := r.key(entry)
		if !ok {
			continue
		}
		if first := seen[key]; first != nil {
			r.fail(at.errorf("the key %s is there twice, first at %s", option.Show(key), position(first.at)))
			continue
		}
		seen[key] = at
		if i := fieldOf(v.Type(), key); i >= 0 {
			r.read(entry.Value, v.Field(i), key)
		} else {
			r.unknown(at, key, what, keysOf(v.Type()))
		}
	}
	for i := range v.NumField() {
		key, rest, _ := strings.Cut(v.Type().Field(i).Tag.Get("yaml"), ",")
		if rest == "required" && seen[key] == nil {
			r.failAt(n, "%s: the key %s is not there", what, option.Show(key))
		}
	}
}

// key is the key of an entry and its place.
func (r *yamlReader) key(entry *ast.MappingValueNode) (string, *cursor, bool) {
	s, ok := scalarOf(r.file, entry.Key)
	if !ok || s.kind == isNothing {
		r.failAt(entry.Key, "want a key, got %s", showNode(r.file, entry.Key))
		return "", nil, false
	}
	return s.text, &s.at, true
}

func (r *yamlReader) unknown(at *cursor, key, what string, known []string) {
	hint := "; known are " + option.ShowAll(known)
	if near, ok := option.Nearest(key, known); ok {
		hint = "; did you mean " + option.Show(near) + "?"
	} else if slices.Contains(known, "with") {
		hint += "; options stand under 'with'"
	}
	r.fail(at.errorf("%s: unknown key %s%s", what, option.Show(key), hint))
}

// fieldOf is the number of the field that a key fills, -1 where there is none.
func fieldOf(t reflect.Type, key string) int {
	for i := range t.NumField() {
		if name, _, _ := strings.Cut(t.Field(i).Tag.Get("yaml"), ","); name != "" && name == key {
			return i
		}
	}
	return -1
}

// keysOf are the keys that a document has, in order.
func keysOf(t reflect.Type) (keys []string) {
	for i := range t.NumField() {
		if name, _, _ := strings.Cut(t.Field(i).Tag.Get("yaml"), ","); name != "" {
			keys = append(keys, name)
		}
	}
	return keys
}

// showNode is a node for an error message.
func showNode(file string, n ast.Node) string {
	s, ok := scalarOf(file, n)
	switch {
	case ok && s.kind == isNothing:
		return "nothing"
	case ok:
		return option.Show(s.text)
	}
	if _, list := n.(*ast.SequenceNode); list {
		return "a list"
	}
	return "a mapping"
}

func (d *textDoc) fromYAML(r *yamlReader, n ast.Node, what string) {
	s, ok := scalarOf(r.file, n)
	switch {
	case !ok || s.kind == isNothing:
		r.failAt(n, "%s: want text, got %s", what, showNode(r.file, n))
	case s.kind != isText:
		r.failAt(n, `%s: want text, got %s; as text it needs quotes`, what, s.text)
	case s.text == "":
		r.failAt(n, "%s: want text, got ''", what)
	default:
		d.scalar = &s
	}
}

func (d *boolDoc) fromYAML(r *yamlReader, n ast.Node, what string) {
	s, ok := scalarOf(r.file, n)
	if !ok || s.kind != isBool {
		r.failAt(n, "%s: want true or false, got %s", what, showNode(r.file, n))
		return
	}
	d.scalar = &s
}

// true tells whether it is there and says so.
func (d *boolDoc) true() bool { return d.scalar != nil && strings.EqualFold(d.text, "true") }

func (c *columnDoc) fromYAML(r *yamlReader, n ast.Node, what string) {
	if s, ok := scalarOf(r.file, n); ok && s.kind == isText && s.text != "" {
		c.short = &s
		return
	}
	if m, ok := n.(*ast.MappingNode); ok && len(m.Values) == 1 {
		if key, at, _ := r.key(m.Values[0]); strings.Contains(key, " ") {
			r.fail(at.errorf("%s: a column in one text needs quotes where it has a colon in it", what))
			return
		}
	}
	r.mapping(n, reflect.ValueOf(c).Elem(), what)
}

func (s *sinkDoc) fromYAML(r *yamlReader, n ast.Node, what string) {
	if _, ok := scalarOf(r.file, n); ok {
		s.Table.fromYAML(r, n, what)
		return
	}
	r.mapping(n, reflect.ValueOf(s).Elem(), what)
}

func (list *sinksDoc) fromYAML(r *yamlReader, n ast.Node, what string) {
	if _, ok := n.(*ast.SequenceNode); ok {
		r.list(n, reflect.ValueOf(list).Elem(), what)
		return
	}
	var one sinkDoc
	one.fromYAML(r, n, what)
	*list = sinksDoc{&one}
}

func (list *optionsDoc) fromYAML(r *yamlReader, n ast.Node, what string) {
	m, ok := n.(*ast.MappingNode)
	if !ok {
		r.failAt(n, "%s: want options as key: value, got %s", what, showNode(r.file, n))
		return
	}
	for _, entry := range m.Values {
		key, at, ok := r.key(entry)
		if !ok {
			continue
		}
		v, ok := scalarOf(r.file, entry.Value)
		switch {
		case !ok:
			r.failAt(entry.Value, "option %s: want one value, got %s; the words of an option's name are joined by dots, as in source.offset: earliest",
				option.Show(key), showNode(r.file, entry.Value))
		case v.kind == isNothing:
			r.failAt(entry.Value, "option %s: want a value, got nothing; the empty text is ''", option.Show(key))
		default:
			*list = append(*list, v.setting(key, at))
		}
	}
}

// setting is an option as SQL has it. A number that SQL does not write so, such as 0x10, is text: it stays what it is.
func (s *scalar) setting(key string, at *cursor) *setting {
	v := value{Pos: s.at.at}
	switch {
	case s.kind == isBool:
		v.Bool = s.text
	case s.kind == isNumber && isNumberOfSQL(s.text):
		v.Number = s.text
	default:
		v.Text, v.inside = inSingle(s.text), &s.inside
		s.inside.still = s.inside.still || strings.Contains(s.text, "'") // which is one character more in SQL
	}
	set := &setting{Value: v}
	set.Key.Pos, set.Key.Quoted = at.at, inSingle(key)
	return set
}

func isNumberOfSQL(text string) bool {
	digits := strings.TrimPrefix(text, "-")
	return digits != "" && isDigit(rune(digits[0])) && numberLength(digits) == len(digits)
}
