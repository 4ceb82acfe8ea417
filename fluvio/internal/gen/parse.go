package main

import (
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// Pos is a place in a definition file.
type Pos struct {
	File string
	Line int
}

func (p Pos) errorf(format string, args ...any) error {
	return fmt.Errorf("%s:%d: %s", p.File, p.Line, fmt.Sprintf(format, args...))
}

// parser walks over the lines of one file.
type parser struct {
	pos   Pos
	doc   []string // comment lines that wait for what they describe
	items []*Item
}

// Parse reads the definitions in one file. Its grammar is in the README beside
// the definitions.
func Parse(file, text string) ([]*Item, error) {
	p := &parser{pos: Pos{File: file}}
	for line := range strings.Lines(text) {
		p.pos.Line++
		if err := p.line(strings.TrimRight(line, " \t\r\n")); err != nil {
			return nil, err
		}
	}
	if p.doc != nil {
		return nil, p.pos.errorf("a comment that describes nothing")
	}
	return p.items, nil
}

func (p *parser) line(line string) error {
	body := strings.TrimSpace(line)
	switch {
	case body == "":
		if p.doc != nil {
			return p.pos.errorf("a comment that describes nothing")
		}
		return nil
	case strings.HasPrefix(body, "//"):
		p.doc = append(p.doc, strings.TrimPrefix(strings.TrimPrefix(body, "//"), " "))
		return nil
	case line[0] == ' ' || line[0] == '\t':
		return p.member(body)
	}
	return p.head(strings.Fields(body))
}

// takeDoc returns the comment above the current line.
func (p *parser) takeDoc() []string {
	doc := p.doc
	p.doc = nil
	return doc
}

var goName = regexp.MustCompile(`^[A-Z][A-Za-z0-9]*$`)

// head parses the first line of an item.
func (p *parser) head(words []string) error {
	it := &Item{Pos: p.pos, Doc: p.takeDoc()}
	if words[0] == "typed" {
		it.Typed, words = true, words[1:]
	}
	if len(words) < 2 || !goName.MatchString(words[1]) {
		return p.pos.errorf("want a kind of item and a name with a capital, such as: struct Endpoint")
	}
	it.What, it.Name = words[0], words[1]
	var err error
	switch rest := words[2:]; it.What {
	case "request":
		err = p.request(it, rest)
	case "response":
		it.Name += "Response"
		err = p.noMore(rest)
	case "struct":
		err = p.noMore(rest)
	case "enum", "union":
		if len(rest) != 1 || !tagBase(rest[0]) {
			return p.pos.errorf("want %s %s u8, or i16", it.What, it.Name)
		}
		it.Base = rest[0]
	case "custom":
		if len(rest) != 2 || rest[0] != "min" {
			return p.pos.errorf("want custom %s min N", it.Name)
		}
		it.Min, err = p.number(rest[1])
	default:
		return p.pos.errorf("unknown kind of item %q", it.What)
	}
	if it.Typed && slices.Contains([]string{"enum", "union"}, it.What) {
		return p.pos.errorf("%s cannot be typed", it.What)
	}
	if len(it.Doc) == 0 {
		return p.pos.errorf("%s has no comment", it.Name)
	}
	p.items = append(p.items, it)
	return err
}

func (p *parser) noMore(words []string) error {
	if len(words) > 0 {
		return p.pos.errorf("unexpected %q", words[0])
	}
	return nil
}

func (p *parser) number(s string) (int, error) {
	n, err := strconv.Atoi(s)
	if err != nil {
		return 0, p.pos.errorf("want a number, not %q", s)
	}
	return n, nil
}

var requestLine = regexp.MustCompile(`^key (\d+) server((?: SC| SPU)+) versions (\d+)-(\d+)(?: -> (\w+))?$`)

// request parses what follows a request's name.
func (p *parser) request(it *Item, words []string) error {
	m := requestLine.FindStringSubmatch(strings.Join(words, " "))
	if m == nil {
		return p.pos.errorf("want request %s key N server SC|SPU versions A-B [-> TYPE]", it.Name)
	}
	api := &API{Name: it.Name, Servers: strings.Fields(m[2]), Answer: m[5]}
	for i, dst := range map[int]*int{1: &api.Key, 3: &api.Min, 4: &api.Max} {
		var err error
		if *dst, err = p.number(m[i]); err != nil {
			return err
		}
	}
	if api.Key > 0xffff || api.Max > 0x7fff || api.Min > api.Max {
		return p.pos.errorf("key or versions out of range")
	}
	if api.Answer == "" {
		api.Answer = it.Name + "Response"
	}
	it.API = api
	it.Name += "Request"
	return nil
}

// member parses an indented line.
func (p *parser) member(body string) error {
	if len(p.items) == 0 {
		return p.pos.errorf("an indented line outside of an item")
	}
	it := p.items[len(p.items)-1]
	code, comment, _ := strings.Cut(body, "//")
	code, comment = strings.TrimSpace(code), strings.TrimSpace(comment)
	gate, comment, err := p.gate(comment)
	if err != nil {
		return err
	}
	doc := p.takeDoc()
	if comment != "" {
		doc = append(doc, comment)
	}
	switch it.What {
	case "request", "response", "struct":
		return p.field(it, code, gate, doc)
	case "enum", "union":
		if gate != nil {
			return p.pos.errorf("a version gate on a variant has no effect on the wire")
		}
		return p.variant(it, code, doc)
	}
	return p.pos.errorf("%s %s has no members", it.What, it.Name)
}

var gateWord = regexp.MustCompile(`^v(\d+)(\+|-\d+)?(?:\s+|$)`)

// gate splits the version gate from the front of a comment.
func (p *parser) gate(comment string) (*Gate, string, error) {
	m := gateWord.FindStringSubmatch(comment)
	if m == nil {
		return nil, comment, nil
	}
	low, err := p.number(m[1])
	if err != nil {
		return nil, "", err
	}
	g := &Gate{low, low}
	switch {
	case m[2] == "+":
		g.Max = -1
	case m[2] != "":
		if g.Max, err = p.number(m[2][1:]); err != nil {
			return nil, "", err
		}
		if g.Max < g.Min {
			return nil, "", p.pos.errorf("version gate %d-%d is empty", g.Min, g.Max)
		}
	}
	return g, comment[len(m[0]):], nil
}

var fieldName = regexp.MustCompile(`^[a-z][a-z0-9]*(_[a-z0-9]+)*$`)

func (p *parser) field(it *Item, code string, gate *Gate, doc []string) error {
	name, typ, ok := strings.Cut(code, ":")
	if !ok || !fieldName.MatchString(name) {
		return p.pos.errorf("want name: type")
	}
	t, rest, err := p.typ(strings.Fields(strings.NewReplacer("[", " [ ", "]", " ] ").Replace(typ)))
	if err != nil {
		return err
	}
	if err := p.noMore(rest); err != nil {
		return err
	}
	if gate != nil && t.Form == Scalar && t.Name == "varint" {
		return p.pos.errorf("a version gate on a varint has no effect on the wire")
	}
	it.Fields = append(it.Fields, Field{p.pos, camel(name), doc, t, gate})
	return nil
}

// typ parses a type from the front of words.
func (p *parser) typ(words []string) (*Type, []string, error) {
	if len(words) == 0 {
		return nil, nil, p.pos.errorf("want a type")
	}
	word, words := words[0], words[1:]
	switch {
	case word == "option":
		elem, rest, err := p.typ(words)
		return &Type{Form: Option, Elem: elem}, rest, err
	case word == "[":
		elem, rest, err := p.typ(words)
		if err == nil && (len(rest) == 0 || rest[0] != "]") {
			return nil, nil, p.pos.errorf("want ] after the type of a list's elements")
		}
		if err != nil {
			return nil, nil, err
		}
		return &Type{Form: List, Elem: elem}, rest[1:], nil
	case word == "map":
		key, rest, err := p.typ(words)
		if err != nil {
			return nil, nil, err
		}
		if key.Form != Scalar || (key.Name != "string" && key.Name != "u32") {
			return nil, nil, p.pos.errorf("want string or u32 as the type of a map's keys")
		}
		elem, rest, err := p.typ(rest)
		return &Type{Form: Map, Key: key, Elem: elem}, rest, err
	case goName.MatchString(word):
		return &Type{Form: Named, Name: word}, words, nil
	}
	if _, ok := scalars[word]; !ok {
		return nil, nil, p.pos.errorf("unknown type %q", word)
	}
	return &Type{Form: Scalar, Name: word}, words, nil
}

func (p *parser) variant(it *Item, code string, doc []string) error {
	words := strings.Fields(code)
	if len(words) < 2 || !goName.MatchString(words[1]) {
		return p.pos.errorf("want a number and a name with a capital")
	}
	tag, err := p.number(words[0])
	if err != nil {
		return err
	}
	m := Member{Pos: p.pos, Tag: tag, Name: words[1], Doc: doc}
	if rest := words[2:]; it.What == "union" && len(rest) > 0 {
		m.Payload, words = rest[0], words[1:]
	}
	it.Members = append(it.Members, m)
	return p.noMore(words[2:])
}

// initialisms are the words of field names that Go writes in capitals.
var initialisms = []string{"api", "id", "ip", "hw", "leo", "lsr", "ca", "tls", "os"}

// camel turns a field's name into Go's form: base_offset to BaseOffset.
func camel(name string) string {
	var b strings.Builder
	for word := range strings.SplitSeq(name, "_") {
		if slices.Contains(initialisms, word) {
			b.WriteString(strings.ToUpper(word))
		} else {
			b.WriteString(strings.ToUpper(word[:1]) + word[1:])
		}
	}
	return b.String()
}
