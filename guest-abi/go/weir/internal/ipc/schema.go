package ipc

// Type is a column's type, as far as guests read or write it.
type Type uint8

// The types. Other is every type that Arrow has beyond these: such a column may be there, but can't be read.
const (
	Other Type = iota
	Bool
	Int32
	Int64
	Float64
	Text
	TimestampSecond
	TimestampMilli
	TimestampMicro
	TimestampNano
)

// String is the type's name in SQL.
func (t Type) String() string {
	switch t {
	case Bool:
		return "BOOLEAN"
	case Int32:
		return "INT"
	case Int64:
		return "BIGINT"
	case Float64:
		return "DOUBLE"
	case Text:
		return "TEXT"
	case TimestampSecond:
		return "TIMESTAMP(0)"
	case TimestampMilli:
		return "TIMESTAMP(3)"
	case TimestampMicro:
		return "TIMESTAMP(6)"
	case TimestampNano:
		return "TIMESTAMP(9)"
	default:
		return "of a type that this SDK does not read"
	}
}

// IsTimestamp tells whether t is one of the four timestamps.
func (t Type) IsTimestamp() bool { return t >= TimestampSecond && t <= TimestampNano }

// Field is a column of a schema.
type Field struct {
	Name     string
	Type     Type
	Nullable bool

	node, buffer int // the first of its nodes and buffers in a record batch
}

// Schema is what a Schema message says. It describes the record batches that follow it.
type Schema struct {
	Fields []Field

	nodes, buffers int // of all fields
}

// Field ids of the tables in Schema.fbs.
const (
	schemaEndianness, schemaFields                                                     = 0, 1
	fieldName, fieldNullable, fieldTypeType, fieldType, fieldDictionary, fieldChildren = 0, 1, 2, 3, 4, 5
)

// The union Type of Schema.fbs. Those with a layout of validity and values alone are not listed.
const (
	typeNull          = 1
	typeInt           = 2
	typeFloatingPoint = 3
	typeBinary        = 4
	typeUtf8          = 5
	typeBool          = 6
	typeTimestamp     = 10
	typeStruct        = 13
	typeUnion         = 14
	typeFixedSizeList = 16
	typeLargeBinary   = 19
	typeLargeUtf8     = 20
	typeRunEndEncoded = 22
	typeBinaryView    = 23
)

const (
	precisionDouble = 2 // Precision.DOUBLE
	unionDense      = 1 // UnionMode.Dense

	maxNesting = 32      // of one column
	maxNodes   = 1 << 16 // of all columns and their children
)
