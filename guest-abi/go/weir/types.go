package weir

import "github.com/weir-stream/weir/guest-abi/go/weir/internal/ipc"

// Type is the type of a column. Its String is the name in SQL.
type Type = ipc.Type

// The types of columns. A column of any other type is OtherType: it can be seen in [Open.Columns] but not read.
const (
	OtherType   = ipc.Other
	BoolType    = ipc.Bool
	Int8Type    = ipc.Int8
	Int16Type   = ipc.Int16
	Int32Type   = ipc.Int32
	Int64Type   = ipc.Int64
	Uint8Type   = ipc.Uint8
	Uint16Type  = ipc.Uint16
	Uint32Type  = ipc.Uint32
	Uint64Type  = ipc.Uint64
	Float32Type = ipc.Float32
	Float64Type = ipc.Float64
	DecimalType = ipc.Decimal
	TextType    = ipc.Text
	JSONType    = ipc.JSON
	BinaryType  = ipc.Binary
	UUIDType    = ipc.UUID
	DateType    = ipc.Date

	TimeSecond = ipc.TimeSecond
	TimeMilli  = ipc.TimeMilli
	TimeMicro  = ipc.TimeMicro
	TimeNano   = ipc.TimeNano

	TimestampSecond = ipc.TimestampSecond
	TimestampMilli  = ipc.TimestampMilli
	TimestampMicro  = ipc.TimestampMicro
	TimestampNano   = ipc.TimestampNano

	// With a time zone, which is UTC.
	TimestampSecondUTC = ipc.TimestampSecondUTC
	TimestampMilliUTC  = ipc.TimestampMilliUTC
	TimestampMicroUTC  = ipc.TimestampMicroUTC
	TimestampNanoUTC   = ipc.TimestampNanoUTC

	IntervalType = ipc.Interval
	ListType     = ipc.List
	StructType   = ipc.Struct
	MapType      = ipc.Map
)

// Field is a column's name and type. Of a DECIMAL it has the precision and the scale, and its Fields are what an ARRAY, a MAP or
// a STRUCT holds.
type Field = ipc.Field
