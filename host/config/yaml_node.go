package config

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/alecthomas/participle/v2/lexer"
	"github.com/goccy/go-yaml"
	"github.com/goccy/go-yaml/ast"
	"github.com/goccy/go-yaml/parser"
	"github.com/goccy/go-yaml/token"

	"github.com/weir-stream/weir/internal/fault"
)

// parseYAML is the tree of a file; nil where there is nothing in it.
func parseYAML(file, src string) (root ast.Node, err error) {
	defer func() {
		if recover() != nil { // the library's mistake; what it was given is at fault all the same
			root, err = nil, fault.Inputf("%s: the file can't be read as YAML", file)
		}
	}()
	tokens, err := scanYAML(file, src)
	if err != nil {
		return nil, err
	}
	tree, err := parser.Parse(tokens, 0, parser.AllowDuplicateMapKey()) // which mappings look for themselves, with places
	if err != nil {
		return nil, yamlError(file, err)
	}
	for _, doc := range tree.Docs {
		if doc.Body == nil {
			continue
		}
		if root != nil {
			return nil, yamlPlace(file, doc.Body.GetToken()).errorf("a second YAML document begins here; a file has one")
		}
		root = doc.Body
	}
	return root, nil
}

// yamlError is an error of the library at its place. Its own text would hold lines of the file.
func yamlError(file string, err error) error {
	var syntax yaml.Error
	if errors.As(err, &syntax) && syntax.GetToken() != nil {
		return yamlPlace(file, syntax.GetToken()).errorf("%s", legible(syntax.GetMessage()))
	}
	return fault.Inputf("%s: the file can't be read as YAML", file)
}

// legible is a message of the library, which may hold whatever the file does: on one line, and not long.
func legible(message string) string {
	shown := fmt.Sprintf("%.200q", message)
	return strings.ReplaceAll(shown[1:len(shown)-1], `\"`, `"`)
}

func yamlPlace(file string, t *token.Token) *cursor {
	at := beginning(file)
	if t != nil && t.Position != nil {
		at.at = lexer.Position{Filename: file, Line: max(1, t.Position.Line), Column: max(1, t.Position.Column)}
	}
	return &at
}

// scalar is a text, a number, true or false.
type scalar struct {
	at     cursor // of the value, with its quotes
	inside cursor // of its text
	text   string
	kind   scalarKind
}

type scalarKind int

const (
	isText scalarKind = iota
	isNumber
	isBool
	isNothing
)

var (
	numberTypes = []token.Type{token.IntegerType, token.BinaryIntegerType, token.OctetIntegerType, token.HexIntegerType,
		token.FloatType, token.InfinityType, token.NanType}
	nothingTypes = []token.Type{token.NullType, token.ImplicitNullType}
)

// scalarOf reads a node; ok is false where it is a list or a mapping.
func scalarOf(file string, n ast.Node) (s scalar, ok bool) {
	if n == nil {
		return s, false
	}
	t := n.GetToken()
	s.at = *yamlPlace(file, t)
	s.inside = s.at
	s.inside.still = true
	switch n := n.(type) {
	case *ast.LiteralNode:
		s.text = n.Value.Value
		return s, true
	case ast.ScalarNode:
	default:
		return s, false
	}
	s.text = t.Value
	switch {
	case slices.Contains(numberTypes, t.Type), t.Type == token.StringType && isNumberOfSQL(s.text): // 089 is text to the library
		s.kind = isNumber
	case slices.Contains(nothingTypes, t.Type):
		s.kind = isNothing
	case t.Type == token.BoolType:
		s.kind = isBool
	}
	s.inside.still = !standsAsRead(t)
	if !s.inside.still && t.Type != token.StringType {
		s.inside.advance("'")
	}
	return s, true
}

// standsAsRead tells whether the text of a token is in the file as it is, but for its quotes.
func standsAsRead(t *token.Token) bool {
	quote := map[token.Type]string{token.SingleQuoteType: "'", token.DoubleQuoteType: `"`}[t.Type]
	return strings.TrimSpace(t.Origin) == quote+t.Value+quote
}
