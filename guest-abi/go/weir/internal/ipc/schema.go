package ipc

// Field is a column of a schema, or what is inside of one.
type Field struct {
	Name     string
	Type     Type
	Nullable bool

	Precision, Scale int // of a DECIMAL

	node, buffer int      // the first of its nodes and buffers in a record batch
	item         bool     // it holds what is in lists, which may be more than they point to
	inside       *[]Field // behind a pointer, so that fields can be compared
}

// Fields are what a column holds: "item" in an ARRAY, "key" and "value" in a MAP, the fields of a STRUCT; nil in any other.
func (f *Field) Fields() []Field {
	if f.inside == nil {
		return nil
	}
	return *f.inside
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
	fieldMetadata                                                                      = 6
	pairKey, pairValue                                                                 = 0, 1
)

// The union Type of Schema.fbs. Those with a layout of validity and values alone, which aren't read, are not listed.
const (
	typeNull            = 1
	typeInt             = 2
	typeFloatingPoint   = 3
	typeBinary          = 4
	typeUtf8            = 5
	typeBool            = 6
	typeDecimal         = 7
	typeDate            = 8
	typeTime            = 9
	typeTimestamp       = 10
	typeInterval        = 11
	typeList            = 12
	typeStruct          = 13
	typeUnion           = 14
	typeFixedSizeBinary = 15
	typeFixedSizeList   = 16
	typeMap             = 17
	typeLargeBinary     = 19
	typeLargeUtf8       = 20
	typeRunEndEncoded   = 22
	typeBinaryView      = 23
)

const (
	precisionSingle = 1 // Precision
	precisionDouble = 2
	dateDay         = 0 // DateUnit
	unitMillisecond = 1 // the default of a Date's and a Time's unit
	monthDayNano    = 2 // IntervalUnit
	unionDense      = 1 // UnionMode

	decimalBits = 128 // of the one Decimal that is read, and the default
	timeBits    = 32  // the default of a Time
	utc         = "UTC"

	extensionName = "ARROW:extension:name" // the key in a field's metadata
	extensionData = "ARROW:extension:metadata"
	extensionJSON = "arrow.json"
	extensionUUID = "arrow.uuid"

	maxNesting = 64      // of one column: the host's 32, in which a map counts once, and its entries not
	maxNodes   = 1 << 16 // of all columns and their children
)
