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
	Columns []*column  `parser:"'(' @@ (',' @@)* ')'"`
	Options []*setting `parser:"'WITH' '(' (@@ (',' @@)*)? ')'"`
}

type column struct {
	Name        name          `parser:"@@"`
	Type        columnType    `parser:"@@"`
	Constraints []*constraint `parser:"@@*"`
}

type columnType struct {
	Word   string `parser:"@('TEXT' | 'VARCHAR' | 'STRING' | 'BIGINT' | 'INT8' | 'INT' | 'INTEGER' | 'INT4' | 'FLOAT8' | 'BOOLEAN' | 'BOOL')"`
	Double string `parser:"| @'DOUBLE' 'PRECISION'?"`
	Time   string `parser:"| @'TIMESTAMP'"`
	Digits string `parser:"('(' @('0' | '3' | '6' | '9') ')')? ('WITHOUT' 'TIME' 'ZONE')?"`
}

type constraint struct {
	Pos      lexer.Position
	NotNull  bool    `parser:"@('NOT' 'NULL')"`
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
	Name   name   `parser:"@@ 'AS'"`
	Insert insert `parser:"@@"`
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

var parser = participle.MustBuild[statement](
	participle.Lexer(language{}),
	participle.CaseInsensitive("Ident", "Keyword"),
	participle.UseLookahead(0),
)
