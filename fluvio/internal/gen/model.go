package main

import "fmt"

// Item is one definition.
type Item struct {
	Pos     Pos
	What    string // request, response, struct, enum, union or custom
	Name    string // Go name
	Doc     []string
	Typed   bool
	Fields  []Field  // request, response, struct
	Members []Member // enum, union
	Base    string   // enum, union: the scalar that holds the tag
	Min     int      // custom: fewest bytes on the wire
	API     *API     // request
	size    *int     // fewest bytes on the wire; filled by Check
}

// API is what only a request has.
type API struct {
	Name     string // without Request
	Key      int
	Servers  []string
	Min, Max int
	Answer   string // Go name of the response
}

// Field is a field of a message or struct.
type Field struct {
	Pos  Pos
	Name string // Go name
	Doc  []string
	Type *Type
	Gate *Gate
}

// Member is a number of an enum or a variant of a union.
type Member struct {
	Pos     Pos
	Tag     int
	Name    string
	Doc     []string
	Payload string // union: Go name of a struct or union, or empty
}

// Gate is a range of versions; Max is -1 if it is open.
type Gate struct{ Min, Max int }

// String is the gate in words, for documentation.
func (g Gate) String() string {
	switch {
	case g.Max < 0:
		return fmt.Sprintf("from version %d on", g.Min)
	case g.Min == g.Max:
		return fmt.Sprintf("at version %d only", g.Min)
	}
	return fmt.Sprintf("at versions %d to %d only", g.Min, g.Max)
}

// Type is the type of a field.
type Type struct {
	Form Form
	Name string // scalar: name in the definition; named: Go name
	Key  *Type  // map
	Elem *Type  // option, list, map
}

// Form is how a Type is made up.
type Form int

// The forms of types.
const (
	Scalar Form = iota
	Named
	Option
	List
	Map
)

// scalar is what is known of a scalar type.
type scalar struct {
	Go   string // type
	Wire string // AppendX in wire, X of its Reader
	Size int    // fewest bytes
}

var scalars = map[string]scalar{
	"bool":     {"bool", "Bool", 1},
	"i8":       {"int8", "I8", 1},
	"u8":       {"uint8", "U8", 1},
	"i16":      {"int16", "I16", 2},
	"u16":      {"uint16", "U16", 2},
	"i32":      {"int32", "I32", 4},
	"u32":      {"uint32", "U32", 4},
	"i64":      {"int64", "I64", 8},
	"u64":      {"uint64", "U64", 8},
	"string":   {"string", "String", 2},
	"bytes":    {"[]byte", "Bytes", 4},
	"duration": {"time.Duration", "Duration", 12},
	"varint":   {"int64", "Varint", 1},
}

// tagBase tells whether a scalar can hold the tag of an enum or union.
func tagBase(name string) bool { return name == "u8" || name == "i16" }
