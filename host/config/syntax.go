package config

import (
	"errors"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/alecthomas/participle/v2"
	"github.com/alecthomas/participle/v2/lexer"

	"github.com/weir-stream/weir/host/option"
)

// parse reads the statements one by one, so that an error's context is one statement.
func parse(tokens []lexer.Token) ([]*statement, error) {
	var statements []*statement
	begin := 0
	for i, t := range tokens {
		if !t.EOF() && t.Value != ";" {
			continue
		}
		if i > begin {
			s, err := statementGrammar.parse(tokens[begin:i], t)
			if err != nil {
				return nil, err
			}
			statements = append(statements, s)
		}
		begin = i + 1
	}
	return statements, nil
}

// read reads a text that stands alone and begins at the cursor.
func (g *grammar[T]) read(src string, at cursor) (*T, error) {
	tokens, err := scan(src, at)
	if err != nil {
		return nil, err
	}
	last := len(tokens) - 1
	return g.parse(tokens[:last], tokens[last])
}

// parse parses tokens, which end before the token end.
func (g *grammar[T]) parse(tokens []lexer.Token, end lexer.Token) (*T, error) {
	s, at, err := g.try(append(slices.Clone(tokens), lexer.EOFToken(end.Pos)))
	if err == nil {
		return s, nil
	}
	if at == len(tokens) {
		return nil, g.explain(tokens, end)
	}
	return nil, g.explain(tokens[:at], tokens[at])
}

// try parses tokens, the last one EOF, and tells the index of the first token that does not fit.
func (g *grammar[T]) try(tokens []lexer.Token) (*T, int, error) {
	lex, err := lexer.Upgrade(&tokenList{tokens})
	if err != nil {
		return nil, 0, err
	}
	s, err := g.parser.ParseFromLexer(lex)
	if err == nil {
		return s, len(tokens), nil
	}
	at := lex.Cursor()
	if unexpected := (*participle.UnexpectedTokenError)(nil); errors.As(err, &unexpected) {
		at = slices.IndexFunc(tokens, func(t lexer.Token) bool { return t.Pos == unexpected.Unexpected.Pos })
	}
	return nil, max(0, min(at, len(tokens)-1)), err
}

// asModule is where to go with the SQL that there is not.
const asModule = "conditions, expressions, joins, aliases, views and windows are written as a module: " +
	"CREATE FUNCTION f LANGUAGE wasm AS 'f.wasm', then SELECT … FROM f(table)"

// explain says that the token bad cannot follow the tokens before it, and what can.
func (g *grammar[T]) explain(before []lexer.Token, bad lexer.Token) error {
	what := "unexpected " + g.show(bad)
	want := g.expected(before)
	switch len(want) {
	case 0:
		what += " in a statement too long to tell what is expected"
	case 1:
		what += ", expected " + want[0]
	default:
		what += ", expected " + strings.Join(want[:len(want)-1], ", ") + " or " + want[len(want)-1]
	}
	known := want
	if slices.Contains(want, aType) {
		known = append(slices.Clone(want), typeNames...)
	}
	near, slip := option.Nearest(bad.Value, known)
	if slip && bad.Type == ident {
		return position(bad.Pos).Errorf("%s; did you mean %s?", what, near)
	}
	if slices.Contains(want, aType) {
		what += "; types are " + strings.Join(typeNames[:canonicalTypes], ", ")
	}
	if len(want) > 0 && want[0] == aName && bad.Type == keyword {
		what += `; as a name it needs double quotes: "` + bad.Value + `"`
	}
	if g.advice != "" && (len(before) == 0 || len(before) == 1 && isWord(before[0], "CREATE") || slices.ContainsFunc(before, selects)) {
		what += "; " + g.advice
	}
	return position(bad.Pos).Errorf("%s", what)
}

func selects(t lexer.Token) bool { return isWord(t, "SELECT") }

func isWord(t lexer.Token, word string) bool { return strings.EqualFold(t.Value, word) }

// show is a token for an error message.
func (g *grammar[T]) show(t lexer.Token) string {
	if t.EOF() {
		return g.end
	}
	if t.Type == text {
		return option.Show(unquote(t.Value))
	}
	return option.Show(t.Value)
}

const (
	aName    = "a name"
	aType    = "a type"
	tryLimit = 1024 // tokens of a shortened statement up to which alternatives are tried
)

// An alternative is a token that some place of the grammar takes.
type alternative struct {
	token lexer.Token
	shown string
}

// kinds are the alternatives that stand for many tokens: where one of them does, so do all others of its kind.
var kinds = []alternative{
	{lexer.Token{Type: ident, Value: "x"}, aName},
	{lexer.Token{Type: keyword, Value: "ALL"}, aName}, // a keyword that no statement has: it does where any word is a name
	{lexer.Token{Type: text, Value: "''"}, "text in single quotes"},
	{lexer.Token{Type: number, Value: "1"}, "a number"},
	{lexer.Token{Type: ident, Value: "BIGINT"}, aType},
}

// covers tells whether a is nothing new where the kind does.
func (kind alternative) covers(a alternative) bool {
	if kind.shown == aType {
		return slices.Contains(typeNames, a.token.Value)
	}
	return kind.token.Type == a.token.Type
}

// grammarTokens are the kinds of tokens, then every keyword and sign of a grammar in its order. ebnf is the grammar as participle
// prints it.
func grammarTokens(ebnf string) []alternative {
	all := slices.Clone(kinds)
	for _, literal := range regexp.MustCompile(`"[^"]+"`).FindAllString(ebnf, -1) {
		word, _ := strconv.Unquote(literal)
		kind, _, _ := next(word)
		a := alternative{lexer.Token{Type: kind, Value: word}, word}
		if kind == punctuation {
			a.shown = option.Show(word)
		}
		if !slices.Contains(all, a) {
			all = append(all, a)
		}
	}
	return all
}

// expected lists what can follow the tokens before, a prefix of a text: whatever leads the parser past this place. Asking the
// parser itself keeps the messages true to the grammar; it costs some eighty parses of one statement, which is why long
// statements are shortened, or go without.
func (g *grammar[T]) expected(before []lexer.Token) []string {
	if before = shorten(before); len(before) > tryLimit {
		return nil
	}
	return g.expectedAfter(before)
}

func (g *grammar[T]) expectedAfter(before []lexer.Token) []string {
	var list []string
	var fit []alternative
	here, end := lexer.Position{Offset: -2}, lexer.EOFToken(lexer.Position{Offset: -1})
	for _, a := range g.alternatives {
		if slices.ContainsFunc(fit, func(f alternative) bool { return slices.Contains(kinds, f) && f.covers(a) }) {
			continue
		}
		token := a.token
		token.Pos = here
		if _, at, _ := g.try(append(slices.Clone(before), token, end)); at <= len(before) {
			continue
		}
		fit = append(fit, a)
		if !slices.Contains(list, a.shown) {
			list = append(list, a.shown)
		}
	}
	if _, _, err := g.try(append(slices.Clone(before), end)); err == nil {
		list = append(list, g.finish)
	}
	return list
}

// shorten leaves out the middle of a statement's lists in parentheses, which are as many columns or options as one likes: what can
// follow does not depend on it. The first entry stays, since some lists may be empty.
func shorten(tokens []lexer.Token) []lexer.Token {
	var short []lexer.Token
	var nest nesting
	first, done := -1, 0 // the list's first comma, and the tokens that are in short or left out
	for i, t := range tokens {
		nest.take(t.Type, t.Value)
		switch list := nest.calls == 1 && nest.types == 0; {
		case list && t.Value == "(":
			first = -1
		case list && t.Value == "," && first < 0:
			first = i
			short, done = append(short, tokens[done:i]...), i
		case list && t.Value == ",":
			done = i
		}
	}
	return append(short, tokens[done:]...)
}
