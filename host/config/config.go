// Package config reads a file of pipelines in SQL into one typed configuration.
//
// The language is the part of Arroyo's SQL that says what is read, what is written and which module runs in between:
//
//	CREATE TABLE name (column type [NOT NULL] [METADATA FROM 'key'], …) WITH (option = value, …)
//	CREATE FUNCTION name LANGUAGE wasm AS 'path' [WITH (option = value, …)]
//	[CREATE PIPELINE name AS] INSERT INTO sink SELECT * | column, … FROM call [OUTPUT 'name']
//	call: table | function(call)
//
// Statements are separated by semicolons and may stand in any order; comments are -- to the end of the line and /* … */.
// Keywords are read in any case. Names are not folded: flights and Flights are two tables. "Any text" in double quotes is
// a name too, and the words that begin a clause of SQL (FROM, WHERE, ORDER …) are names only so. Text is in single quotes.
// A quote within either is doubled.
//
// Types are TEXT, BIGINT, INT, DOUBLE, BOOLEAN and TIMESTAMP with the digits of its fraction of a second: TIMESTAMP(0), (3),
// (6) or (9), 9 where not said, always without time zone. VARCHAR, STRING, INT8, INTEGER, INT4, DOUBLE PRECISION, FLOAT8 and
// BOOL are other spellings.
//
// An option's key is a word, words joined by dots, or text; its value is text, a number, true or false. In a text value
// ${NAME} is replaced by the environment's NAME, which must be set, and $${ stands for ${. Paths of modules are relative
// to the file's folder.
//
// A pipeline is named after its sink, or by CREATE PIPELINE. Plain INSERTs over an equal call (the same functions over the
// same table) are one pipeline with the first one's name, whichever output each reads: the call runs once for all of
// them. CREATE PIPELINE always makes a pipeline of its own.
//
// A file has at most 1 MiB, a table 4096 columns, calls nest 16 deep. Every error is classed as input and tells file,
// line and column.
package config

import (
	"io"
	"os"

	"github.com/apache/arrow-go/v18/arrow"

	"github.com/weir-stream/weir/host/option"
	"github.com/weir-stream/weir/internal/fault"
)

// What a file may hold at most.
const (
	MaxFileBytes = 1 << 20
	MaxColumns   = 4096 // of a table
	MaxCallDepth = 16   // functions around one table
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
	Columns []Column   // at least one; names are distinct

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

// Pipeline is one or several INSERTs that share a call.
type Pipeline struct {
	Name   string
	Pos    option.Pos // of its first INSERT, or of the name that CREATE PIPELINE gives
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

// Load reads the file at path, with the environment of the process.
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
	return Parse(path, src, os.LookupEnv)
}

// Parse reads src. file is its name in errors, and its folder the one that paths of modules are relative to. lookup
// answers for the environment as [os.LookupEnv] does.
func Parse(file string, src []byte, lookup func(string) (string, bool)) (*Config, error) {
	if len(src) > MaxFileBytes {
		return nil, fault.Inputf("%s: the file is larger than 1 MiB, the most that is read", file)
	}
	tokens, err := scan(file, string(src))
	if err != nil {
		return nil, err
	}
	statements, err := parse(tokens)
	if err != nil {
		return nil, err
	}
	return resolve(file, statements, lookup)
}
