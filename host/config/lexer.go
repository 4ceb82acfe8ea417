package config

import (
	"fmt"
	"io"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/alecthomas/participle/v2/lexer"

	"github.com/weir-stream/weir/host/option"
	"github.com/weir-stream/weir/host/types"
)

// The kinds of tokens. A token's value is its text as it stands in the file, quotes included, so that 'FROM' or "FROM" is
// never taken for the keyword.
const (
	ident       lexer.TokenType = iota + 1 // a word that may be a name
	keyword                                // a word that may not, unless in double quotes
	quotedName                             // "…"
	text                                   // '…'
	number                                 // digits, possibly with a fraction; the sign is a token of its own
	punctuation                            // any other character
)

// language is participle's view of the tokens.
type language struct{}

var _ lexer.Definition = language{}

func (language) Symbols() map[string]lexer.TokenType {
	return map[string]lexer.TokenType{"EOF": lexer.EOF, "Ident": ident, "Keyword": keyword, "QuotedName": quotedName,
		"Text": text, "Number": number, "Punctuation": punctuation}
}

func (language) Lex(file string, r io.Reader) (lexer.Lexer, error) {
	src, err := io.ReadAll(io.LimitReader(r, MaxFileBytes))
	if err != nil {
		return nil, err
	}
	tokens, err := scan(string(src), beginning(file))
	return &tokenList{tokens}, err
}

// tokenList is a lexer over tokens that are there already; the last one is EOF.
type tokenList struct{ rest []lexer.Token }

func (l *tokenList) Next() (lexer.Token, error) {
	next := l.rest[0]
	if !next.EOF() {
		l.rest = l.rest[1:]
	}
	return next, nil
}

// reserved are the words that cannot be names: those that begin a clause, here or in the SQL that people paste. Sorted.
var reserved = []string{"ALL", "AND", "AS", "BY", "CASE", "CREATE", "CROSS", "DISTINCT", "FROM", "FULL", "GROUP", "HAVING",
	"INNER", "INSERT", "INTO", "JOIN", "LEFT", "LIMIT", "NOT", "NULL", "ON", "OR", "ORDER", "OUTER", "PRIMARY", "RIGHT", "SELECT",
	"UNION", "VALUES", "WHERE", "WINDOW", "WITH"}

// cursor is a place in a file that moves along a text. One that stands still keeps its line and column: it is for a text that
// is not in the file as it is read, such as one over several lines of YAML.
type cursor struct {
	at    lexer.Position
	still bool
}

func beginning(file string) cursor {
	return cursor{at: lexer.Position{Filename: file, Line: 1, Column: 1}}
}

func (c *cursor) advance(past string) {
	if c.still {
		c.at.Offset += len(past)
	} else {
		c.at.Advance(past)
	}
}

func (c *cursor) errorf(format string, args ...any) error {
	return position(c.at).Errorf(format, args...)
}

// scan cuts a text that begins at the cursor into tokens, without comments and space, EOF at the end. It refuses parentheses
// nested deeper than calls may be, and angle brackets nested deeper than types, so that the parser's recursion is bounded.
func scan(src string, at cursor) ([]lexer.Token, error) {
	src, err := checkText(src, &at)
	if err != nil {
		return nil, err
	}
	var tokens []lexer.Token
	var nest nesting
	for src != "" {
		kind, n, problem := next(src)
		if problem == "" {
			problem = nest.take(kind, src[:n])
		}
		if problem != "" {
			return nil, at.errorf("%s", problem)
		}
		if kind != 0 {
			tokens = append(tokens, lexer.Token{Type: kind, Value: src[:n], Pos: at.at})
		}
		at.advance(src[:n])
		src = src[n:]
	}
	return append(tokens, lexer.EOFToken(at.at)), nil
}

// checkText refuses what is not UTF-8, and takes a byte order mark off.
func checkText(src string, at *cursor) (string, error) {
	if bad := invalidUTF8(src); bad >= 0 {
		at.advance(src[:bad])
		return "", at.errorf("the file is not UTF-8 text: byte 0x%02x", src[bad])
	}
	rest, marked := strings.CutPrefix(src, "\ufeff")
	if marked {
		at.at.Offset += len(src) - len(rest)
	}
	return rest, nil
}

// nesting counts what is open in a statement.
type nesting struct {
	calls, types int
	holder       bool // the last token is a word that a type in angle brackets follows
}

// holders are the types that hold others. Behind any other word < is a mistake, which the parser tells.
var holders = []string{"ARRAY", "STRUCT", "MAP", "DICTIONARY"}

func (n *nesting) take(kind lexer.TokenType, token string) (problem string) {
	switch {
	case kind == 0:
		return ""
	case token == "(":
		n.calls++
	case token == ")":
		n.calls = max(0, n.calls-1)
	case token == "<" && n.holder:
		n.types++
	case token == ">":
		n.types = max(0, n.types-1)
	case token == ";":
		*n = nesting{}
	}
	n.holder = kind == ident && slices.Contains(holders, strings.ToUpper(token))
	switch {
	case n.calls > MaxCallDepth:
		return fmt.Sprintf("parentheses nest deeper than %d, the most that calls may", MaxCallDepth)
	case n.types > types.MaxDepth:
		return fmt.Sprintf("types nest deeper than %d, the most that is read", types.MaxDepth)
	}
	return ""
}

// next measures the token at the start of src. Kind 0 is space or a comment; a problem says why there is no token.
func next(src string) (kind lexer.TokenType, n int, problem string) {
	first, size := utf8.DecodeRuneInString(src)
	switch {
	case strings.HasPrefix(src, "--"):
		return 0, run(src, func(r rune) bool { return r != '\n' }), ""
	case strings.HasPrefix(src, "/*"):
		end := strings.Index(src[2:], "*/")
		if end < 0 {
			return 0, 0, "this comment does not end, expected */"
		}
		return 0, end + 4, ""
	case unicode.IsSpace(first):
		return 0, run(src, unicode.IsSpace), ""
	case first == '\'' || first == '"':
		return quoted(src)
	case isDigit(first):
		return number, numberLength(src), ""
	case first == '_' || unicode.IsLetter(first):
		n := run(src, func(r rune) bool { return r == '_' || unicode.IsLetter(r) || unicode.IsDigit(r) })
		if _, is := slices.BinarySearch(reserved, strings.ToUpper(src[:n])); is {
			return keyword, n, ""
		}
		return ident, n, ""
	case !unicode.IsGraphic(first):
		return 0, 0, fmt.Sprintf("unexpected character %U", first)
	}
	return punctuation, size, ""
}

func quoted(src string) (kind lexer.TokenType, n int, problem string) {
	kind, what := text, "text"
	if src[0] == '"' {
		kind, what = quotedName, "name"
	}
	for n := 1; n < len(src); n++ {
		if src[n] != src[0] {
			continue
		}
		if n+1 < len(src) && src[n+1] == src[0] {
			n++
			continue
		}
		return kind, n + 1, ""
	}
	return 0, 0, fmt.Sprintf("this %s does not end, expected %c", what, src[0])
}

// unquote is the text between a token's quotes, doubled ones made single.
func unquote(token string) string {
	quote := token[:1]
	return strings.ReplaceAll(token[1:len(token)-1], quote+quote, quote)
}

func numberLength(src string) int {
	n := run(src, isDigit)
	if n+1 < len(src) && src[n] == '.' && isDigit(rune(src[n+1])) {
		n += 1 + run(src[n+1:], isDigit)
	}
	return n
}

func isDigit(r rune) bool { return '0' <= r && r <= '9' }

// run is the length of the prefix of src whose characters all belong.
func run(src string, belongs func(rune) bool) int {
	if n := strings.IndexFunc(src, func(r rune) bool { return !belongs(r) }); n >= 0 {
		return n
	}
	return len(src)
}

func invalidUTF8(s string) int {
	for i, r := range s {
		if r != utf8.RuneError {
			continue
		}
		if _, size := utf8.DecodeRuneInString(s[i:]); size == 1 {
			return i
		}
	}
	return -1
}

func position(p lexer.Position) option.Pos {
	return option.Pos{File: p.Filename, Line: p.Line, Col: p.Column}
}
