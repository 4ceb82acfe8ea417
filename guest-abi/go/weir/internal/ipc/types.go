package ipc

// Type is a column's type, as far as guests read or write it.
type Type uint8

// The types. Other is every type that Arrow has beyond these: such a column may be there, but can't be read.
const (
	Other Type = iota
	Bool
	Int8
	Int16
	Int32
	Int64
	Uint8
	Uint16
	Uint32
	Uint64
	Float32
	Float64
	Decimal
	Text
	JSON
	Binary
	UUID
	Date
	TimeSecond
	TimeMilli
	TimeMicro
	TimeNano
	TimestampSecond
	TimestampMilli
	TimestampMicro
	TimestampNano
	TimestampSecondUTC
	TimestampMilliUTC
	TimestampMicroUTC
	TimestampNanoUTC
	Interval
	List
	Struct
	Map
)

// types are the names of types in SQL, and how many bytes a value of a fixed width has.
var types = [...]struct {
	name  string
	width int
}{
	Other:              {"of a type that this SDK does not read", 0},
	Bool:               {"BOOLEAN", 0},
	Int8:               {"TINYINT", 1},
	Int16:              {"SMALLINT", 2},
	Int32:              {"INT", 4},
	Int64:              {"BIGINT", 8},
	Uint8:              {"TINYINT UNSIGNED", 1},
	Uint16:             {"SMALLINT UNSIGNED", 2},
	Uint32:             {"INT UNSIGNED", 4},
	Uint64:             {"BIGINT UNSIGNED", 8},
	Float32:            {"FLOAT", 4},
	Float64:            {"DOUBLE", 8},
	Decimal:            {"DECIMAL", 16},
	Text:               {"TEXT", 0},
	JSON:               {"JSON", 0},
	Binary:             {"BYTEA", 0},
	UUID:               {"UUID", 16},
	Date:               {"DATE", 4},
	TimeSecond:         {"TIME(0)", 4},
	TimeMilli:          {"TIME(3)", 4},
	TimeMicro:          {"TIME(6)", 8},
	TimeNano:           {"TIME(9)", 8},
	TimestampSecond:    {"TIMESTAMP(0)", 8},
	TimestampMilli:     {"TIMESTAMP(3)", 8},
	TimestampMicro:     {"TIMESTAMP(6)", 8},
	TimestampNano:      {"TIMESTAMP(9)", 8},
	TimestampSecondUTC: {"TIMESTAMP(0) WITH TIME ZONE", 8},
	TimestampMilliUTC:  {"TIMESTAMP(3) WITH TIME ZONE", 8},
	TimestampMicroUTC:  {"TIMESTAMP(6) WITH TIME ZONE", 8},
	TimestampNanoUTC:   {"TIMESTAMP(9) WITH TIME ZONE", 8},
	Interval:           {"INTERVAL", 16},
	List:               {"ARRAY", 0},
	Struct:             {"STRUCT", 0},
	Map:                {"MAP", 0},
}

// String is the type's name in SQL.
func (t Type) String() string {
	if int(t) >= len(types) {
		t = Other
	}
	return types[t].name
}

// IsTimestamp tells whether t is one of the eight timestamps.
func (t Type) IsTimestamp() bool { return t >= TimestampSecond && t <= TimestampNanoUTC }

// IsZoned tells whether t is a timestamp with a time zone, which is UTC.
func (t Type) IsZoned() bool { return t >= TimestampSecondUTC && t <= TimestampNanoUTC }

// IsNested tells whether a column of t holds others.
func (t Type) IsNested() bool { return t >= List && t <= Map }

// Width is how many bytes a value has, 0 where that differs from value to value, or is less than one.
func (t Type) Width() int { return types[t].width }

// bits is Width in bits, which BOOLEAN has one of.
func (t Type) bits() int {
	if t == Bool {
		return 1
	}
	return 8 * t.Width()
}

// IsVariable tells whether a column of t has offsets and bytes.
func (t Type) IsVariable() bool { return t == Text || t == JSON || t == Binary }
