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
			s, err := parseStatement(tokens[begin:i], t)
			if err != nil {
				return nil, err
			}
			statements = append(statements, s)
		}
		begin = i + 1
	}
	return statements, nil
}

// parseStatement parses tokens, which end before the token end.
func parseStatement(tokens []lexer.Token, end lexer.Token) (*statement, error) {
	s, at, err := try(append(slices.Clone(tokens), lexer.EOFToken(end.Pos)))
	if err == nil {
		return s, nil
	}
	if at == len(tokens) {
		return nil, explain(tokens, end)
	}
	return nil, explain(tokens[:at], tokens[at])
}

// try parses tokens, the last one EOF, and tells the index of the first token that does not fit.
func try(tokens []lexer.Token) (*statement, int, error) {
	lex, err := lexer.Upgrade(&tokenList{tokens})
	if err != nil {
		return nil, 0, err
	}
	s, err := parser.ParseFromLexer(lex)
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
func explain(before []lexer.Token, bad lexer.Token) error {
	what := "unexpected " + show(bad)
	want := expected(before)
	switch len(want) {
	case 0:
		what += " in a statement too long to tell what is expected"
	case 1:
		what += ", expected " + want[0]
	default:
		what += ", expected " + strings.Join(want[:len(want)-1], ", ") + " or " + want[len(want)-1]
	}
	near, slip := option.Nearest(bad.Value, want)
	if slip && bad.Type == ident {
		return position(bad.Pos).Errorf("%s; did you mean %s?", what, near)
	}
	if len(want) > 0 && want[0] == aName && bad.Type == keyword {
		what += `; as a name it needs double quotes: "` + bad.Value + `"`
	}
	if len(before) == 0 || len(before) == 1 && isWord(before[0], "CREATE") || slices.ContainsFunc(before, selects) {
		what += "; " + asModule
	}
	return position(bad.Pos).Errorf("%s", what)
}

func selects(t lexer.Token) bool { return isWord(t, "SELECT") }

func isWord(t lexer.Token, word string) bool { return strings.EqualFold(t.Value, word) }

// show is a token for an error message.
func show(t lexer.Token) string {
	if t.EOF() {
		return "end of the file"
	}
	if t.Type == text {
		return option.Show(unquote(t.Value))
	}
	return option.Show(t.Value)
}

const (
	aName    = "a name"
	tryLimit = 4096 // tokens of a statement up to which alternatives are tried
)

// An alternative is a token that some place of the grammar takes.
type alternative struct {
	token lexer.Token
	shown string
}

var kinds = []alternative{
	{lexer.Token{Type: ident, Value: "x"}, aName},
	{lexer.Token{Type: text, Value: "''"}, "text in single quotes"},
	{lexer.Token{Type: number, Value: "1"}, "a number"},
}

// alternatives are the kinds of tokens, then every keyword and sign of the grammar in its order.
var alternatives = grammarTokens()

func grammarTokens() []alternative {
	all := slices.Clone(kinds)
	for _, literal := range regexp.MustCompile(`"[^"]+"`).FindAllString(parser.String(), -1) {
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

// expected lists what can follow the tokens before, a prefix of a statement: whatever leads the parser past this place.
// Asking the parser itself keeps the messages true to the grammar; it costs some fifty parses of one statement, which is
// why long statements go without.
func expected(before []lexer.Token) []string {
	if len(before) > tryLimit {
		return nil
	}
	var list []string
	here, end := lexer.Position{Offset: -2}, lexer.EOFToken(lexer.Position{Offset: -1})
	for _, a := range alternatives {
		if slices.ContainsFunc(kinds, func(k alternative) bool { return k.token.Type == a.token.Type && slices.Contains(list, k.shown) }) {
			continue // any token of the kind will do, this word or number is only one of them
		}
		a.token.Pos = here
		if _, at, _ := try(append(slices.Clone(before), a.token, end)); at > len(before) {
			list = append(list, a.shown)
		}
	}
	if _, _, err := try(append(slices.Clone(before), end)); err == nil {
		list = append(list, "';'")
	}
	return list
}
