package config

import "github.com/alecthomas/participle/v2/lexer"

// columnType is a type, and the pairs of brackets behind it: TEXT[][] is a list of lists.
type columnType struct {
	Pos      lexer.Position
	Base     baseType `parser:"@@"`
	Brackets []string `parser:"( @'[' ']' )*"` // the opening ones
}

// baseType is one of its fields, with what belongs to that one below it.
type baseType struct {
	Integer  string `parser:"@('TINYINT' | 'SMALLINT' | 'INT2' | 'INT' | 'INTEGER' | 'INT4' | 'BIGINT' | 'INT8')"`
	Unsigned bool   `parser:"@'UNSIGNED'?"`

	Plain string `parser:"| @('BOOLEAN' | 'BOOL' | 'FLOAT' | 'REAL' | 'FLOAT4' | 'FLOAT8' | 'DATE' | 'INTERVAL' | 'JSON' | 'UUID')"`

	Text string `parser:"| @('TEXT' | 'VARCHAR' | 'STRING' | 'BYTEA' | 'BYTES' | 'BINARY' | 'VARBINARY')"`

	Double string `parser:"| @'DOUBLE' 'PRECISION'?"`

	Decimal   string  `parser:"| @('DECIMAL' | 'NUMERIC')"`
	Precision *digits `parser:"('(' @@"`
	Scale     *digits `parser:"(',' @@)? ')')?"`

	Time         string    `parser:"| @'TIME'"`
	TimeFraction *fraction `parser:"@@? ('WITHOUT' 'TIME' 'ZONE')?"`

	Timestamp         string    `parser:"| @'TIMESTAMP'"`
	TimestampFraction *fraction `parser:"@@?"`
	Zoned             bool      `parser:"(@'WITH' 'TIME' 'ZONE' | 'WITHOUT' 'TIME' 'ZONE')?"`

	TimestampTZ string    `parser:"| @'TIMESTAMPTZ'"`
	TZFraction  *fraction `parser:"@@?"`

	List *item `parser:"| 'ARRAY' '<' @@ '>'"`

	Struct []*field `parser:"| 'STRUCT' '<' @@ (',' @@)* '>'"`

	Key   *columnType `parser:"| 'MAP' '<' @@"`
	Value *item       `parser:"',' @@ '>'"`

	Dictionary string `parser:"| 'DICTIONARY' '<' @('TEXT' | 'VARCHAR' | 'STRING') '>'"`
}

// digits are the digits of a DECIMAL.
type digits struct {
	Pos  lexer.Position
	Text string `parser:"@Number"`
}

// fraction is how many digits the fraction of a second has.
type fraction struct {
	Digits string `parser:"'(' @('0' | '3' | '6' | '9') ')'"`
}

// item is what a list holds, or a map for a key.
type item struct {
	Type    columnType `parser:"@@"`
	NotNull bool       `parser:"@('NOT' 'NULL')?"`
}

// field is one of a struct. Any word is a name there: nothing else can follow what stands before it.
type field struct {
	Name    fieldName  `parser:"@@ ':'?"`
	Type    columnType `parser:"@@"`
	NotNull bool       `parser:"@('NOT' 'NULL')?"`
}

type fieldName struct {
	Pos  lexer.Position
	Word string `parser:"@(Ident | Keyword | QuotedName)"`
}

// typeNames are the words that a type begins with, the canonical ones first.
var typeNames = []string{
	"BOOLEAN", "TINYINT", "SMALLINT", "INT", "BIGINT", "FLOAT", "DOUBLE", "DECIMAL", "TEXT", "BYTEA", "DATE", "TIME", "TIMESTAMP",
	"TIMESTAMPTZ", "INTERVAL", "JSON", "UUID", "ARRAY", "STRUCT", "MAP", "DICTIONARY",
	"BOOL", "INT2", "INTEGER", "INT4", "INT8", "REAL", "FLOAT4", "FLOAT8", "NUMERIC", "VARCHAR", "STRING", "BYTES", "BINARY", "VARBINARY",
}

const canonicalTypes = 21 // of typeNames
