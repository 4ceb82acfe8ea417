// Package config reads a file of pipelines, in SQL or in YAML, into one typed configuration.
//
// The language is the part of Arroyo's SQL that says what is read, what is written and which module runs in between:
//
//	CREATE TABLE name [(column type [NOT NULL] [PRIMARY KEY] [METADATA FROM 'key'], …, [PRIMARY KEY (column, …)])] WITH (option = value, …)
//	CREATE FUNCTION name LANGUAGE wasm AS 'path' [WITH (option = value, …)]
//	[CREATE PIPELINE name AS] INSERT INTO sink SELECT * | column, … FROM call [OUTPUT 'name'] [AND INSERT …]
//	call: table | function(call)
//
// Statements are separated by semicolons and may stand in any order; comments are -- to the end of the line and /* … */.
// Keywords are read in any case. Names are not folded: flights and Flights are two tables. "Any text" in double quotes is
// a name too, and the words that begin a clause of SQL (FROM, WHERE, ORDER …) are names only so, but in a STRUCT. Text is
// in single quotes. A quote within either is doubled.
//
// Types are those of [types]: BIGINT, DECIMAL(10, 2), TIMESTAMP(3) WITH TIME ZONE, TEXT[], MAP<TEXT, STRUCT<a INT>> and so on.
// What a primary key has is NOT NULL. A table without columns takes those that its format gives.
//
// An option's key is a word, words joined by dots, or text; its value is text, a number, true or false. In a text value
// ${NAME} is replaced by the environment's NAME, which must be set, and $${ stands for ${. Paths of modules are relative
// to the file's folder.
//
// A pipeline is named after its sink, or by CREATE PIPELINE. Plain INSERTs over an equal call (the same functions over the
// same table) are one pipeline with the first one's name, whichever output each reads: the call runs once for all of
// them. CREATE PIPELINE always makes a pipeline of its own; AND gives it more INSERTs over its call.
//
// YAML says the same in mappings and lists; docs/configuration.md shows both. What it says becomes the statements that SQL
// would have, so that whatever is checked is checked once.
//
// A file has at most 1 MiB, a table 4096 columns and fields in all, types nest 32 deep, calls 16. Every error is classed as
// input and tells file, line and column.
package config

import (
	"io"
	"os"
	"path/filepath"
	"strings"

	"github.com/apache/arrow-go/v18/arrow"

	"github.com/weir-stream/weir/host/option"
	"github.com/weir-stream/weir/host/types"
	"github.com/weir-stream/weir/internal/fault"
)

// What a file may hold at most.
const (
	MaxFileBytes = 1 << 20
	MaxColumns   = types.MaxFields // of a table, the items and fields of nested types included
	MaxCallDepth = 16              // functions around one table
)

// Config is what a file says, each list in the file's order.
type Config struct {
	File      string
	Tables    []*Table
	Functions []*Function
	Pipelines []*Pipeline // none is valid: there is nothing to run
}

// Table is a CREATE TABLE.
type Table struct {
	Name    string
	Pos     option.Pos // of the name
	Columns []Column   // names are distinct; nil: the format says which there are

	// Options are the WITH options, none read yet. Whoever may configure the table more than once reads a clone.
	Options *option.Bag
}

// Column is one column of a table.
type Column struct {
	Name     string
	Pos      option.Pos
	Type     arrow.DataType
	NotNull  bool
	Metadata string // the key of METADATA FROM; empty: the column is part of the record

	// PrimaryKey says that the column is part of the table's primary key. It is NOT NULL then.
	PrimaryKey bool
}

// Function is a CREATE FUNCTION.
type Function struct {
	Name       string
	Pos        option.Pos // of the name
	Path       string     // of the module; relative ones are joined to the file's folder
	PathPos    option.Pos
	Host       *option.Bag             // the options beginning with weir., none read yet
	Parameters map[string]option.Value // all others: the module's
}

// Pipeline is what one or several sinks get of one call.
type Pipeline struct {
	Name   string
	Pos    option.Pos // of its name where one is given, else of its first INSERT
	Source *Table
	Calls  []Call   // in the order rows take: g, f for FROM f(g(t)); none: rows pass through
	Sinks  []Insert // at least one
}

// Call is the use of a function in a pipeline.
type Call struct {
	Function *Function
	Pos      option.Pos
}

// Insert is what one sink gets.
type Insert struct {
	Sink    *Table
	Pos     option.Pos // of the sink's name
	Columns []Selected // nil: SELECT *

	// Output is the named output of the last function, as OUTPUT says; empty: its default output.
	Output    string
	OutputPos option.Pos
}

// Selected is a column that a SELECT lists.
type Selected struct {
	Name string
	Pos  option.Pos
}

// Load reads the file at path, with the environment of the process. A file whose name ends in .yaml or .yml is YAML, any
// other is SQL.
func Load(path string) (*Config, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, fault.InputError(err)
	}
	defer f.Close()
	src, err := io.ReadAll(io.LimitReader(f, MaxFileBytes+1))
	if err != nil {
		return nil, fault.InputError(err)
	}
	if IsYAML(path) {
		return ParseYAML(path, src, os.LookupEnv)
	}
	return Parse(path, src, os.LookupEnv)
}

// IsYAML reports whether Load reads a file of that name as YAML.
func IsYAML(path string) bool {
	ext := strings.ToLower(filepath.Ext(path))
	return ext == ".yaml" || ext == ".yml"
}

// Parse reads src, which is SQL. file is its name in errors, and its folder the one that paths of modules are relative to.
// lookup answers for the environment as [os.LookupEnv] does.
func Parse(file string, src []byte, lookup func(string) (string, bool)) (*Config, error) {
	if err := checkSize(file, src); err != nil {
		return nil, err
	}
	tokens, err := scan(string(src), beginning(file))
	if err != nil {
		return nil, err
	}
	statements, err := parse(tokens)
	if err != nil {
		return nil, err
	}
	return resolve(file, statements, lookup, "name this one: CREATE PIPELINE … AS INSERT INTO …")
}

func checkSize(file string, src []byte) error {
	if len(src) > MaxFileBytes {
		return fault.Inputf("%s: the file is larger than 1 MiB, the most that is read", file)
	}
	return nil
}
