package protoformat

import (
	"math"

	"github.com/apache/arrow-go/v18/arrow"
	"google.golang.org/protobuf/reflect/protoreflect"

	"github.com/weir-stream/weir/host/batch"
	"github.com/weir-stream/weir/host/format"
	"github.com/weir-stream/weir/host/types"
)

// op is what turns a value on the wire into a value of a column.
type op uint8

const (
	opInt         op = iota + 1 // any integer, checked against the column's range
	opDecimal                   // any integer into DECIMAL
	opFloat                     // float into FLOAT
	opFloatDouble               // float into DOUBLE
	opDouble
	opBool
	opText // string into TEXT
	opBytes
	opBase64      // bytes into TEXT
	opDecimalText // string into DECIMAL
	opUUIDText
	opUUIDBytes
	opName      // enum into TEXT by name
	opDigits    // enum into TEXT by number
	opStruct    // message
	opTimestamp // google.protobuf.Timestamp
	opInterval  // google.protobuf.Duration into INTERVAL
	opNanos     // google.protobuf.Duration into BIGINT
	opWrapper   // google.protobuf.Int64Value and its like
	opJSON
)

// value is how one value of a field becomes one of a column.
type value struct {
	op     op
	kind   protoreflect.Kind // how the word is read
	column *batch.Column     // nil: it is only checked
	store  batch.Kind        // opInt: the append

	low, high int64 // opInt: the column's range
	unsigned  bool  // opInt: the column is; high counts up to 2^64-1

	scale, precision int32 // of a DECIMAL
	second, nanos    int64 // of a TIMESTAMP: units in a second, nanoseconds in a unit
	enum             *enum
	sub              *plan
	inner            *value // opWrapper
	wire             uint32 // opWrapper: the tag of the inner value
	initial          piece  // opWrapper: its default
	json             *jsonValue

	fd   protoreflect.FieldDescriptor
	from arrow.Array // of an encoder
	sql  string      // the column's type, for messages
}

// value makes the plan of one value of a field, repeated or not, for type t.
func (p *planner) value(fd protoreflect.FieldDescriptor, t arrow.DataType, loose bool) (v value, err error) {
	v = value{fd: fd, kind: fd.Kind(), sql: types.Name(t)}
	if types.IsJSON(t) {
		v.op, v.json = opJSON, p.jsonValue(fd)
		return v, nil
	}
	if fd.Message() != nil {
		err = p.messageValue(&v, fd, t, loose)
	} else {
		p.scalarValue(&v, fd, t)
	}
	if err == nil && v.op == 0 {
		err = mismatch(fd, t)
	}
	return v, err
}

func (p *planner) scalarValue(v *value, fd protoreflect.FieldDescriptor, t arrow.DataType) {
	text := t.ID() == arrow.STRING || arrow.TypeEqual(t, types.Dictionary())
	decimal, isDecimal := t.(*arrow.Decimal128Type)
	if isDecimal {
		v.precision, v.scale = decimal.Precision, decimal.Scale
	}
	switch fd.Kind() {
	case protoreflect.BoolKind:
		if t.ID() == arrow.BOOL {
			v.op = opBool
		}
	case protoreflect.FloatKind:
		switch t.ID() {
		case arrow.FLOAT32:
			v.op = opFloat
		case arrow.FLOAT64:
			v.op = opFloatDouble
		}
	case protoreflect.DoubleKind:
		if t.ID() == arrow.FLOAT64 {
			v.op = opDouble
		}
	case protoreflect.StringKind:
		switch {
		case text:
			v.op = opText
		case t.ID() == arrow.BINARY:
			v.op = opText // a string is UTF-8, wherever it goes
		case types.IsUUID(t):
			v.op = opUUIDText
		case isDecimal:
			v.op = opDecimalText
		}
	case protoreflect.BytesKind:
		switch {
		case t.ID() == arrow.BINARY:
			v.op = opBytes
		case text:
			v.op = opBase64
		case types.IsUUID(t):
			v.op = opUUIDBytes
		}
	case protoreflect.EnumKind:
		v.enum = newEnum(fd.Enum())
		if text {
			if v.op = opName; p.config.EnumNumbers {
				v.op = opDigits
			}
		} else if arrow.IsInteger(t.ID()) {
			v.integer(t)
		}
	default: // the integers
		if isDecimal {
			v.op = opDecimal
		} else {
			v.integer(t)
		}
	}
}

// integer makes v fill a column that holds an integer; it leaves it alone if t does not.
func (v *value) integer(t arrow.DataType) {
	width := 0
	switch t.ID() {
	case arrow.INT8, arrow.UINT8:
		width, v.store = 8, batch.KindInt8
	case arrow.INT16, arrow.UINT16:
		width, v.store = 16, batch.KindInt16
	case arrow.INT32, arrow.UINT32, arrow.DATE32:
		width, v.store = 32, batch.KindInt32
	case arrow.INT64, arrow.UINT64, arrow.TIMESTAMP:
		width, v.store = 64, batch.KindInt64
	case arrow.TIME32:
		v.op, v.store, v.high = opInt, batch.KindInt32, dayIn(t.(*arrow.Time32Type).Unit)-1
		return
	case arrow.TIME64:
		v.op, v.store, v.high = opInt, batch.KindInt64, dayIn(t.(*arrow.Time64Type).Unit)-1
		return
	default:
		return
	}
	v.op = opInt
	if v.unsigned = arrow.IsUnsignedInteger(t.ID()); v.unsigned {
		v.high = int64(uint64(math.MaxUint64) >> (64 - width))
		return
	}
	v.low, v.high = math.MinInt64>>(64-width), math.MaxInt64>>(64-width)
}

// dayIn is the length of a day.
func dayIn(unit arrow.TimeUnit) int64 { return 86400 * perSecond(unit) }

func perSecond(unit arrow.TimeUnit) int64 {
	n := int64(1)
	for range types.Digits(unit) {
		n *= 10
	}
	return n
}

func (p *planner) messageValue(v *value, fd protoreflect.FieldDescriptor, t arrow.DataType, loose bool) (err error) {
	m := fd.Message()
	if s, ok := t.(*arrow.StructType); ok {
		fields := make([]format.Field, s.NumFields())
		for i, f := range s.Fields() {
			fields[i] = format.Field{Name: f.Name, Type: f.Type, Nullable: f.Nullable, Column: i}
		}
		v.op = opStruct
		v.sub, err = p.plan(m, fields, loose)
		return err
	}
	switch name := m.FullName(); {
	case name == "google.protobuf.Timestamp" && t.ID() == arrow.TIMESTAMP:
		v.op, v.second = opTimestamp, perSecond(t.(*arrow.TimestampType).Unit)
		v.nanos = 1e9 / v.second
	case name == "google.protobuf.Duration" && t.ID() == arrow.INTERVAL_MONTH_DAY_NANO:
		v.op = opInterval
	case name == "google.protobuf.Duration" && t.ID() == arrow.INT64:
		v.op = opNanos
	case isWrapper(m):
		inner := m.Fields().ByNumber(1)
		w, err := p.value(inner, t, loose)
		if err != nil {
			return err
		}
		v.op, v.inner, v.wire, v.initial = opWrapper, &w, 1<<3|wireOf(inner), initial(inner)
	}
	return nil
}

// isWrapper recognises the messages of google/protobuf/wrappers.proto.
func isWrapper(m protoreflect.MessageDescriptor) bool {
	switch m.FullName() {
	case "google.protobuf.DoubleValue", "google.protobuf.FloatValue", "google.protobuf.Int64Value", "google.protobuf.UInt64Value",
		"google.protobuf.Int32Value", "google.protobuf.UInt32Value", "google.protobuf.BoolValue", "google.protobuf.StringValue",
		"google.protobuf.BytesValue":
		fd := m.Fields().ByNumber(1)
		return fd != nil && m.Fields().Len() == 1 && fd.Message() == nil && !fd.IsList()
	}
	return false
}

// fits names the column types that a field can go to, for error messages.
func fits(fd protoreflect.FieldDescriptor) string {
	switch {
	case fd.IsMap():
		return "use MAP<K, V> or JSON"
	case fd.IsList():
		return "use an array or JSON"
	}
	switch fd.Kind() {
	case protoreflect.BoolKind:
		return "use BOOLEAN or JSON"
	case protoreflect.FloatKind:
		return "use FLOAT, DOUBLE or JSON"
	case protoreflect.DoubleKind:
		return "use DOUBLE or JSON"
	case protoreflect.StringKind:
		return "use TEXT, BYTEA, DECIMAL, UUID or JSON"
	case protoreflect.BytesKind:
		return "use BYTEA, TEXT (for base64), UUID or JSON"
	case protoreflect.EnumKind:
		return "use TEXT, an integer type or JSON"
	case protoreflect.MessageKind, protoreflect.GroupKind:
		switch {
		case fd.Message().FullName() == "google.protobuf.Timestamp":
			return "use TIMESTAMP, STRUCT or JSON"
		case fd.Message().FullName() == "google.protobuf.Duration":
			return "use INTERVAL, BIGINT (nanoseconds), STRUCT or JSON"
		case isWrapper(fd.Message()):
			return fits(fd.Message().Fields().ByNumber(1)) + ", or STRUCT"
		}
		return "use STRUCT or JSON"
	}
	return "use an integer type, DECIMAL, TIMESTAMP, DATE, TIME (a number in their unit) or JSON"
}

// how is the shortest way to read a single value.
func (v *value) how() how {
	full := v.op == opInt && v.store == batch.KindInt64 && (v.unsigned || v.high == math.MaxInt64)
	switch {
	case full && !v.unsigned && (v.kind == protoreflect.Int64Kind):
		return asWord
	case full && v.unsigned && v.kind == protoreflect.Uint64Kind:
		return asWord
	case full && !v.unsigned && v.kind == protoreflect.Int32Kind:
		return asHalf
	case v.op == opDouble:
		return asDouble
	case v.op == opText:
		return asText
	}
	return asValue
}

func (v *value) bind(to *batch.Column) {
	v.column = to
	switch v.op {
	case opStruct:
		for i := range v.sub.columns {
			c := &v.sub.columns[i]
			c.bind(child(to, c.target))
		}
	case opWrapper:
		v.inner.bind(to)
	}
}
