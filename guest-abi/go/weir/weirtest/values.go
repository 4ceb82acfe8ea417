package weirtest

import (
	"encoding/binary"
	"fmt"
	"math"

	"github.com/weir-stream/weir/guest-abi/go/weir/internal/ipc"
)

var le = binary.LittleEndian

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
		if f.Type == ipc.Text {
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
	switch f.Type {
	case ipc.Bool:
		if v, ok := value.(bool); ok || value == nil {
			if v {
				data[r/8] |= 1 << (r % 8)
			}
			return data, nil
		}
	case ipc.Text:
		if v, ok := value.(string); ok || value == nil {
			return append(data, v...), nil
		}
	case ipc.Float64:
		if v, ok := value.(float64); ok || value == nil {
			return le.AppendUint64(data, math.Float64bits(v)), nil
		}
	case ipc.Int32:
		switch v := value.(type) {
		case nil:
			return le.AppendUint32(data, 0), nil
		case int32:
			return le.AppendUint32(data, uint32(v)), nil
		case int64:
			if v == int64(int32(v)) {
				return le.AppendUint32(data, uint32(v)), nil
			}
		}
	default:
		if v, ok := value.(int64); ok || value == nil {
			return le.AppendUint64(data, uint64(v)), nil
		}
	}
	return nil, fmt.Errorf("row %d: %v (%T) does not fit column %q, which is %v", r, value, value, f.Name, f.Type)
}

// decode reads a record batch message.
func decode(schema *ipc.Schema, message []byte) ([]Row, error) {
	var b ipc.Batch
	if err := b.Parse(schema, message); err != nil {
		return nil, err
	}
	rows := make([]Row, b.Rows())
	for i, f := range schema.Fields {
		c, err := b.Column(i)
		if err != nil {
			return nil, err
		}
		for r := range rows {
			var v any
			if c.Validity == nil || c.Validity[r/8]>>(r%8)&1 != 0 {
				v = value(f.Type, c, r)
			} else if !f.Nullable {
				return nil, fmt.Errorf("row %d: column %q is NOT NULL", r, f.Name)
			}
			rows[r] = append(rows[r], v)
		}
	}
	return rows, nil
}

func value(t ipc.Type, c ipc.Column, r int) any {
	switch t {
	case ipc.Bool:
		return c.Data[r/8]>>(r%8)&1 != 0
	case ipc.Text:
		return string(c.Data[le.Uint32(c.Offsets[4*r:]):le.Uint32(c.Offsets[4*r+4:])])
	case ipc.Float64:
		return math.Float64frombits(le.Uint64(c.Data[8*r:]))
	case ipc.Int32:
		return int32(le.Uint32(c.Data[4*r:]))
	default:
		return int64(le.Uint64(c.Data[8*r:]))
	}
}
