package batch

import (
	"github.com/apache/arrow-go/v18/arrow"

	"github.com/weir-stream/weir/host/types"
)

// Kind is the physical layout of a column: which appends it takes.
type Kind uint8

// The kinds. Unsigned integers are of the kind of the signed ones of the same size and appended as the same bits.
const (
	KindInt64      Kind = iota + 1 // AppendInt64: BIGINT, TIME from microseconds on, TIMESTAMP of any unit
	KindInt32                      // AppendInt32: INT, DATE, TIME up to milliseconds
	KindFloat64                    // AppendFloat64
	KindBool                       // AppendBool
	KindText                       // AppendBytes, AppendString, AppendShort: TEXT, BYTEA, JSON
	KindInt16                      // AppendInt16
	KindInt8                       // AppendInt8
	KindFloat32                    // AppendFloat32
	KindDecimal                    // AppendDecimal
	KindInterval                   // AppendInterval
	KindFixed                      // AppendFixed: UUID
	KindDictionary                 // as KindText
	KindList                       // the items go to Child(0), then EndList
	KindMap                        // the keys go to Child(0), the values to Child(1), then EndList
	KindStruct                     // each field goes to its child, then EndStruct
)

// KindOf tells how values of t are laid out; an error says that no column can hold t.
func KindOf(t arrow.DataType) (Kind, error) {
	if err := types.Check(t); err != nil {
		return 0, err
	}
	return kindOf(t), nil
}

// kindOf is KindOf for a type that is checked. For types that are laid out as none of the kinds it is 0.
func kindOf(t arrow.DataType) Kind {
	switch types.Storage(t).ID() {
	case arrow.INT64, arrow.UINT64, arrow.TIME64, arrow.TIMESTAMP:
		return KindInt64
	case arrow.INT32, arrow.UINT32, arrow.DATE32, arrow.TIME32:
		return KindInt32
	case arrow.FLOAT64:
		return KindFloat64
	case arrow.BOOL:
		return KindBool
	case arrow.STRING, arrow.BINARY:
		return KindText
	case arrow.INT16, arrow.UINT16:
		return KindInt16
	case arrow.INT8, arrow.UINT8:
		return KindInt8
	case arrow.FLOAT32:
		return KindFloat32
	case arrow.DECIMAL128:
		return KindDecimal
	case arrow.INTERVAL_MONTH_DAY_NANO:
		return KindInterval
	case arrow.FIXED_SIZE_BINARY:
		return KindFixed
	case arrow.DICTIONARY:
		return KindDictionary
	case arrow.LIST:
		return KindList
	case arrow.MAP:
		return KindMap
	case arrow.STRUCT:
		return KindStruct
	}
	return 0
}

// bitsOf is what a value of t takes in a column of its own, without validity; texts and lists take an offset.
func bitsOf(t arrow.DataType) int {
	switch kindOf(t) {
	case KindText, KindDictionary, KindList, KindMap:
		return 8 * arrow.Int32SizeBytes
	case KindStruct:
		return 0
	}
	return types.Storage(t).(arrow.FixedWidthDataType).BitWidth()
}
