package config

import (
	"github.com/alecthomas/participle/v2"
	"github.com/alecthomas/participle/v2/lexer"
)

// The grammar. One token decides every choice and nothing is tried twice, so an error stands where the statement went
// wrong. The field tags are participle's notation: @ captures, 'x' is a keyword or sign, Ident and the like are kinds of
// tokens, @@ descends.

type statement struct {
	Create *create `parser:"'CREATE' @@"`
	Insert *insert `parser:"| @@"`
}

type create struct {
	Table    *table    `parser:"'TABLE' @@"`
	Function *function `parser:"| 'FUNCTION' @@"`
	Pipeline *pipeline `parser:"| 'PIPELINE' @@"`
}

type table struct {
	Name    name       `parser:"@@"`
	Columns *columns   `parser:"('(' @@ ')')?"`
	Options []*setting `parser:"'WITH' '(' (@@ (',' @@)*)? ')'"`
}

// columns are what a table has between its parentheses.
type columns struct {
	Elements []*element `parser:"@@ (',' @@)*"`
}

type element struct {
	Primary *primaryKey `parser:"@@"`
	Column  *column     `parser:"| @@"`
}

type primaryKey struct {
	Columns []*name `parser:"'PRIMARY' 'KEY' '(' @@ (',' @@)* ')'"`
}

type column struct {
	Name        name          `parser:"@@"`
	Type        columnType    `parser:"@@"`
	Constraints []*constraint `parser:"@@*"`
}

type constraint struct {
	Pos      lexer.Position
	NotNull  bool    `parser:"@('NOT' 'NULL')"`
	Primary  bool    `parser:"| @('PRIMARY' 'KEY')"`
	Metadata *string `parser:"| 'METADATA' 'FROM' @Text"`
}

type setting struct {
	Key   key   `parser:"@@ '='"`
	Value value `parser:"@@"`
}

type key struct {
	Pos    lexer.Position
	Quoted string `parser:"@(Text | QuotedName)"`
	Word   string `parser:"| @Ident @('.' Ident)*"`
}

type value struct {
	Pos    lexer.Position
	Text   string `parser:"@Text"`
	Number string `parser:"| @('-'? Number)"`
	Bool   string `parser:"| @('true' | 'false')"`

	inside *cursor // where what Text has between its quotes begins, if that is not right behind Pos
}

// text is the place of the text between the quotes.
func (v *value) text() cursor {
	if v.inside != nil {
		return *v.inside
	}
	at := cursor{at: v.Pos}
	at.advance("'")
	return at
}

type function struct {
	Name    name       `parser:"@@ 'LANGUAGE' 'wasm' 'AS'"`
	Path    path       `parser:"@@"`
	Options []*setting `parser:"('WITH' '(' (@@ (',' @@)*)? ')')?"`
}

type path struct {
	Pos  lexer.Position
	Text string `parser:"@Text"`
}

type pipeline struct {
	Name    name      `parser:"@@ 'AS'"`
	Inserts []*insert `parser:"@@ ('AND' @@)*"`
}

type insert struct {
	Pos     lexer.Position
	Sink    name    `parser:"'INSERT' 'INTO' @@"`
	All     bool    `parser:"'SELECT' ( @'*'"`
	Columns []*name `parser:"| @@ (',' @@)* )"`
	From    call    `parser:"'FROM' @@"`
	Output  *path   `parser:"('OUTPUT' @@)?"`
}

type call struct {
	Name name  `parser:"@@"`
	Of   *call `parser:"('(' @@ ')')?"`
}

type name struct {
	Pos  lexer.Position
	Word string `parser:"@(Ident | QuotedName)"`
}

// text is the name without the quotes around it.
func (n name) text() string {
	if n.Word[0] == '"' {
		return unquote(n.Word)
	}
	return n.Word
}

// The texts that there are grammars for: a file, and what stands alone on a command line or in YAML.
var (
	statementGrammar = newGrammar[statement]("end of the file", "';'", asModule)
	columnsGrammar   = newGrammar[columns]("end of the text", "the end", "")
	columnGrammar    = newGrammar[column]("end of the text", "the end", "")
	typeGrammar      = newGrammar[columnType]("end of the text", "the end", "")
	callGrammar      = newGrammar[call]("end of the text", "the end", asModule)
)

// grammar reads one kind of text.
type grammar[T any] struct {
	parser       *participle.Parser[T]
	alternatives []alternative
	end, finish  string // how errors call the text's end: where it is unexpected, and where it is expected
	advice       string // for what looks like other SQL
}

func newGrammar[T any](end, finish, advice string) *grammar[T] {
	p := participle.MustBuild[T](
		participle.Lexer(language{}),
		participle.CaseInsensitive("Ident", "Keyword"),
		participle.UseLookahead(0),
	)
	return &grammar[T]{parser: p, alternatives: grammarTokens(p.String()), end: end, finish: finish, advice: advice}
}
