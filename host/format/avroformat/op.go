package avroformat

import (
	"time"

	"github.com/apache/arrow-go/v18/arrow"

	"github.com/weir-stream/weir/host/batch"
	"github.com/weir-stream/weir/host/format"
	"github.com/weir-stream/weir/host/types"
)

// code is what an op does with the value at hand.
type code uint8

const (
	opFail    code = iota // refuses it
	opInner               // lets kids[0] do it, behind a union's index
	opUnion               // reads the union's index and lets one of kids do it
	opNothing             // there is nothing to read: null, a fixed of no bytes, a record of such

	// Read and dropped.
	skipBoolean
	skipInt
	skipLong
	skipFixed
	skipBytes
	skipString
	skipEnum
	skipRecord
	skipArray
	skipMap

	// To a column.
	putNull
	putBoolean
	putInt     // an int to a column of 32 bits
	putLong    // an int or long to a column of 64 bits
	putInteger // an int or long to any column of numbers or times, in another unit perhaps
	putFloat32
	putFloat64
	putText // string or bytes that must be UTF-8
	putBytes
	putFixed // to BYTEA
	putSymbol
	putDecimal
	putUUID      // text
	putUUIDBytes // a fixed of 16 bytes
	putUUIDText  // the same, to TEXT
	putInterval
	putStruct
	putList
	putMap
	putEntries // an array of keys and values
	putJSON    // JSON by kids[0]

	// To JSON text.
	jsonNull
	jsonBoolean
	jsonInteger
	jsonFloat
	jsonString
	jsonBytes
	jsonFixed
	jsonSymbol
	jsonDecimal
	jsonUUID
	jsonDuration
	jsonRecord
	jsonArray
	jsonMap
	jsonTag // kids[0], with the name of the branch around it
)

// notOptional is the index of null where a value is no union of null and one other type.
const notOptional = 0xff

// op is a step of a program: it reads one value of the writer's type and puts it in its place. What every value needs comes
// first.
type op struct {
	code    code
	null    byte // the byte that says null, where the value is a union of null and one other type; else notOptional
	value   byte // the byte that says the other type
	notNull bool // the place takes no null
	short   bool // the writer's type is int: 32 bits
	dry     bool // values of the writer's type have no bytes, so that their number is not bounded by the frame's
	column  *batch.Column
	kids    []*op

	size   int      // bytes of a fixed; symbols of an enum that is skipped
	weight int      // of a list or map: values that one item is, 0 for 1
	from   kind     // the writer's type, of floats and decimals
	single bool     // a double that passes through a float on its way (spec: promotion of int and long to float)
	scaled *scale   // putInteger
	number *decimal // putDecimal, jsonDecimal
	texts  []symbol // of an enum, by the writer's index
	fills  []fill   // of a record: fields that the writer does not have
	free   int      // of a struct: what it adds to a row without taking it from the frame, about, in bytes

	name    string // of the field, for paths
	key     string // of a field in JSON: its quoted name and a colon; of jsonTag: what comes before the value
	to      *target
	problem *format.DataError // opFail
}

// symbol is what the reader makes of a symbol of the writer's.
type symbol struct {
	text  string
	json  string // in quotes
	known bool
}

// fill gives a field that the writer does not have its value: op reads datum; where op is nil, it is null.
type fill struct {
	op    *op
	datum []byte
	to    *target
}

// target is a place of the table that values go to.
type target struct {
	name     string
	avro     string // the name as Avro can have it
	dtype    arrow.DataType
	nullable bool
	column   *batch.Column // of the builder at hand; nil: the values are checked and not kept
	kids     []*target     // of the items, of key and value, of the fields
	index    int           // of a top-level field: the builder's column, -1: none
}

func newTarget(name string, t arrow.DataType, nullable bool) *target {
	to := &target{name: name, avro: avroName(name), dtype: t, nullable: nullable, index: -1}
	switch t := t.(type) {
	case *arrow.ListType:
		to.kids = []*target{newTarget("", t.Elem(), t.ElemField().Nullable)}
	case *arrow.MapType:
		to.kids = []*target{newTarget("", t.KeyType(), false), newTarget("", t.ItemType(), t.ItemField().Nullable)}
	case *arrow.StructType:
		for _, f := range t.Fields() {
			to.kids = append(to.kids, newTarget(f.Name, f.Type, f.Nullable))
		}
	}
	return to
}

// cells is how many values one of the target is: a struct with all in it but for what lists and maps hold.
func (t *target) cells() int {
	n := 1
	if t.dtype.ID() == arrow.STRUCT {
		for _, kid := range t.kids {
			n += kid.cells()
		}
	}
	return n
}

// bind takes the column for the target's values, and the columns in it.
func (t *target) bind(c *batch.Column) {
	t.column = c
	for i, kid := range t.kids {
		if c == nil {
			kid.bind(nil)
		} else {
			kid.bind(c.Child(i))
		}
	}
}

// rowTarget is the row as a struct of the table's fields.
func rowTarget(fields []format.Field) *target {
	row := &target{index: -1}
	for _, f := range fields {
		to := newTarget(f.Name, f.Type, f.Nullable)
		to.index = f.Column
		row.kids = append(row.kids, to)
	}
	return row
}

// find is the kid for a field of a record: the one of its name, or one whose name Avro cannot have.
func (t *target) find(name string) *target {
	for _, kid := range t.kids {
		if kid.name == name {
			return kid
		}
	}
	for _, kid := range t.kids {
		if kid.avro == name {
			return kid
		}
	}
	return nil
}

func (t *target) isJSON() bool { return types.IsJSON(t.dtype) }

// program turns datums of one writer's schema into rows.
type program struct {
	root    *op
	walk    *op               // finds where a datum ends
	problem *format.DataError // why no datum can become a row; nil: some can
	until   time.Time         // when to look whether the problem has passed; zero: it stays
	ops     []*op
	builder *batch.Builder // whose columns the ops have
}
