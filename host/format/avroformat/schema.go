package avroformat

import (
	"strconv"
	"strings"
)

// kind is what a schema is on the wire.
type kind uint8

const (
	kindNull kind = iota
	kindBoolean
	kindInt
	kindLong
	kindFloat
	kindDouble
	kindBytes
	kindString
	kindFixed
	kindEnum
	kindRecord
	kindArray
	kindMap
	kindUnion
)

var kindNames = [...]string{"null", "boolean", "int", "long", "float", "double", "bytes", "string", "fixed", "enum", "record",
	"array", "map", "union"}

func (k kind) String() string { return kindNames[k] }

// logical is what a schema's values mean (spec: Logical Types). One that does not fit its schema, or that is not known, is
// none: the spec says to read the underlying type then.
type logical uint8

const (
	logicalNone logical = iota
	logicalDecimal
	logicalUUID
	logicalDate
	logicalTimeMillis
	logicalTimeMicros
	logicalTimestampMillis
	logicalTimestampMicros
	logicalTimestampNanos
	logicalLocalMillis
	logicalLocalMicros
	logicalLocalNanos
	logicalDuration
	logicalMap // an array of records of key and value: maps whose keys are no strings
)

var logicalNames = [...]string{"", "decimal", "uuid", "date", "time-millis", "time-micros", "timestamp-millis", "timestamp-micros",
	"timestamp-nanos", "local-timestamp-millis", "local-timestamp-micros", "local-timestamp-nanos", "duration", "map"}

// schema is a type of a parsed schema document. A record that holds itself makes the tree a graph. It is not changed after
// it was parsed.
type schema struct {
	kind    kind
	logical logical

	precision, scale int // logicalDecimal

	name     string   // full name of a fixed, enum or record
	aliases  []string // full names
	size     int      // kindFixed
	symbols  []string // kindEnum
	fallback int      // kindEnum: the symbol for symbols a reader does not know; -1: none
	fields   []field  // kindRecord
	items    *schema  // kindArray: the items; kindMap: the values
	branches []*schema
}

// field is a field of a record.
type field struct {
	name     string
	aliases  []string
	schema   *schema
	fallback string // JSON of the default; empty: none
}

// String names the type for people: "long (timestamp-millis)", "record a.b.Order", "fixed Hash (16 bytes)".
func (s *schema) String() string {
	text := s.kind.String()
	switch s.kind {
	case kindFixed:
		text += " " + s.name + " (" + strconv.Itoa(s.size) + " bytes)"
	case kindEnum, kindRecord:
		text += " " + s.name
	case kindUnion:
		names := make([]string, len(s.branches))
		for i, b := range s.branches {
			names[i] = b.branchName()
		}
		text = "union [" + strings.Join(names, ", ") + "]"
	}
	switch s.logical {
	case logicalNone:
		return text
	case logicalDecimal:
		return text + " (decimal(" + strconv.Itoa(s.precision) + ", " + strconv.Itoa(s.scale) + "))"
	}
	return text + " (" + logicalNames[s.logical] + ")"
}

// branchName is what a union's JSON encoding calls the type (spec: JSON Encoding).
func (s *schema) branchName() string {
	if s.name != "" {
		return s.name
	}
	return s.kind.String()
}

// shortName is a full name without its namespace: what resolution compares (spec: Schema Resolution).
func shortName(name string) string { return name[strings.LastIndexByte(name, '.')+1:] }

// optional takes a union of null and one other type apart. null is the index of null; -1: it is no such union.
func (s *schema) optional() (value *schema, null int) {
	if s.kind != kindUnion || len(s.branches) != 2 {
		return nil, -1
	}
	switch kindNull {
	case s.branches[0].kind:
		return s.branches[1], 0
	case s.branches[1].kind:
		return s.branches[0], 1
	}
	return nil, -1
}

// tagged says that a union's values need the branch beside them: it has several that are not null.
func (s *schema) tagged() bool {
	values := 0
	for _, b := range s.branches {
		if b.kind != kindNull {
			values++
		}
	}
	return values > 1
}

// entries takes an array apart whose items are records of a key and a value, in this order.
func (s *schema) entries() (key, value *field, ok bool) {
	if s.kind != kindArray || s.items.kind != kindRecord || len(s.items.fields) != 2 {
		return nil, nil, false
	}
	key, value = &s.items.fields[0], &s.items.fields[1]
	return key, value, key.name == "key" && value.name == "value"
}

// recursive says whether a value of the type may hold a value of the same type, so that no column type is deep enough.
func (s *schema) recursive() bool { return s.holds(s, map[*schema]bool{}) }

func (s *schema) holds(what *schema, seen map[*schema]bool) bool {
	for _, part := range s.parts() {
		if part == what {
			return true
		}
		if !seen[part] {
			seen[part] = true
			if part.holds(what, seen) {
				return true
			}
		}
	}
	return false
}

// parts are the types a value of the type is made of directly.
func (s *schema) parts() []*schema {
	switch s.kind {
	case kindArray, kindMap:
		return []*schema{s.items}
	case kindUnion:
		return s.branches
	case kindRecord:
		parts := make([]*schema, len(s.fields))
		for i, f := range s.fields {
			parts[i] = f.schema
		}
		return parts
	}
	return nil
}
