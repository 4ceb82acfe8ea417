package weirtest

import (
	"encoding/binary"
	"fmt"
	"reflect"

	"github.com/weir-stream/weir/guest-abi/go/weir"
	"github.com/weir-stream/weir/guest-abi/go/weir/internal/ipc"
)

var le = binary.LittleEndian

// zeros are a value of each type of column.
var zeros = map[ipc.Type]any{
	ipc.Bool: false, ipc.Int8: int8(0), ipc.Int16: int16(0), ipc.Int32: int32(0), ipc.Int64: int64(0),
	ipc.Uint8: uint8(0), ipc.Uint16: uint16(0), ipc.Uint32: uint32(0), ipc.Uint64: uint64(0), ipc.Float32: float32(0), ipc.Float64: 0.0,
	ipc.Decimal: weir.Decimal{}, ipc.Text: "", ipc.JSON: "", ipc.Binary: []byte(nil), ipc.UUID: weir.UUID{},
	ipc.Date: int32(0), ipc.TimeSecond: int32(0), ipc.TimeMilli: int32(0), ipc.TimeMicro: int64(0), ipc.TimeNano: int64(0),
	ipc.TimestampSecond: int64(0), ipc.TimestampMilli: int64(0), ipc.TimestampMicro: int64(0), ipc.TimestampNano: int64(0),
	ipc.TimestampSecondUTC: int64(0), ipc.TimestampMilliUTC: int64(0), ipc.TimestampMicroUTC: int64(0), ipc.TimestampNanoUTC: int64(0),
	ipc.Interval: weir.Interval{},
}

func appendUint32(b []byte, values ...uint32) []byte {
	for _, v := range values {
		b = le.AppendUint32(b, v)
	}
	return b
}

// encode writes rows as a record batch message, aligned as the host aligns it.
func encode(w *ipc.Writer, fields []ipc.Field, rows []Row) ([]byte, error) {
	w.Begin(len(rows))
	for i, f := range fields {
		nulls, nullCount := make([]uint64, (len(rows)+63)/64), 0
		offsets, data := appendUint32(nil, 0), []byte(nil)
		if f.Type == ipc.Bool {
			data = make([]byte, (len(rows)+7)/8)
		}
		for r, row := range rows {
			if len(row) != len(fields) {
				return nil, fmt.Errorf("row %d has %d values, the input has %d columns", r, len(row), len(fields))
			}
			if row[i] == nil {
				if !f.Nullable {
					return nil, fmt.Errorf("row %d: column %q is NOT NULL", r, f.Name)
				}
				nulls[r/64] |= 1 << (r % 64)
				nullCount++
			}
			var err error
			if data, err = appendValue(data, f, r, row[i]); err != nil {
				return nil, err
			}
			offsets = appendUint32(offsets, uint32(len(data)))
		}
		w.Node(nullCount)
		if nullCount > 0 {
			w.Validity(nulls)
		} else {
			w.Buffer(nil)
		}
		if f.Type.IsVariable() {
			w.Buffer(offsets)
		}
		w.Buffer(data)
	}
	return w.Finish(), nil
}

func appendValue(data []byte, f ipc.Field, r int, value any) ([]byte, error) {
	if n, ok := value.(int); ok {
		value = int64(n)
	}
	v, ok := fit(value, zeros[f.Type])
	if !ok {
		return nil, fmt.Errorf("row %d: %v (%T) does not fit column %q, which is %v", r, value, value, f.Name, f.Type)
	}
	switch v := v.(type) {
	case bool:
		if v {
			data[r/8] |= 1 << (r % 8)
		}
		return data, nil
	case string:
		return append(data, v...), nil
	case []byte:
		return append(data, v...), nil
	}
	return binary.Append(data, le, v)
}

// fit is a value as one of the column's type, of which there is one: the same, an integer of another size, or nil.
func fit(value, zero any) (any, bool) {
	if value == nil {
		return zero, true
	}
	if reflect.TypeOf(value) == reflect.TypeOf(zero) {
		return value, true
	}
	n, ok := value.(int64)
	if !ok {
		return nil, false
	}
	v := reflect.New(reflect.TypeOf(zero)).Elem()
	switch {
	case v.CanInt() && !v.OverflowInt(n):
		v.SetInt(n)
	case v.CanUint() && n >= 0 && !v.OverflowUint(uint64(n)):
		v.SetUint(uint64(n))
	default:
		return nil, false
	}
	return v.Interface(), true
}

// decode reads a record batch message.
func decode(schema *ipc.Schema, message []byte) ([]Row, error) {
	var b ipc.Batch
	if err := b.Parse(schema, message); err != nil {
		return nil, err
	}
	rows := make([]Row, b.Rows())
	for i, f := range schema.Fields {
		c, err := b.Column(&schema.Fields[i], len(rows))
		if err != nil {
			return nil, err
		}
		for r := range rows {
			var v any
			if c.Validity == nil || c.Validity[r/8]>>(r%8)&1 != 0 {
				if v, err = value(f.Type, c, r); err != nil {
					return nil, err
				}
			} else if !f.Nullable {
				return nil, fmt.Errorf("row %d: column %q is NOT NULL", r, f.Name)
			}
			rows[r] = append(rows[r], v)
		}
	}
	return rows, nil
}

func value(t ipc.Type, c ipc.Column, r int) (any, error) {
	if t == ipc.Bool {
		return c.Data[r/8]>>(r%8)&1 != 0, nil
	}
	if t.IsVariable() {
		bytes := c.Data[le.Uint32(c.Offsets[4*r:]):le.Uint32(c.Offsets[4*r+4:])]
		if t == ipc.Binary {
			return append([]byte{}, bytes...), nil
		}
		return string(bytes), nil
	}
	v := reflect.New(reflect.TypeOf(zeros[t]))
	_, err := binary.Decode(c.Data[t.Width()*r:], le, v.Interface())
	return v.Elem().Interface(), err
}
