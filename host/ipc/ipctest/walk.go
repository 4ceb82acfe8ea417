package ipctest

import (
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"math/big"
	"unicode/utf8"

	"github.com/apache/arrow-go/v18/arrow"

	"github.com/weir-stream/weir/host/types"
)

// window is n values of an array's data, from one on that is counted from the beginning of the buffers.
type window struct {
	data    arrow.ArrayData
	from, n int
}

// bytes are a buffer's, none where there is no such buffer.
func (w window) bytes(i int) []byte {
	if i < len(w.data.Buffers()) && w.data.Buffers()[i] != nil {
		return w.data.Buffers()[i].Bytes()
	}
	return nil
}

func (w window) null(k int) bool {
	validity := w.bytes(0)
	return len(validity) > 0 && validity[(w.from+k)/8]>>((w.from+k)%8)&1 == 0
}

// offset is where value k begins.
func (w window) offset(k int) int {
	return int(int32(binary.LittleEndian.Uint32(w.bytes(1)[4*(w.from+k):])))
}

// widths are the bytes of a value.
var widths = map[arrow.Type]int{
	arrow.INT8: 1, arrow.UINT8: 1, arrow.INT16: 2, arrow.UINT16: 2, arrow.INT32: 4, arrow.UINT32: 4, arrow.INT64: 8, arrow.UINT64: 8,
	arrow.FLOAT32: 4, arrow.FLOAT64: 8, arrow.DECIMAL128: 16, arrow.DATE32: 4, arrow.TIME32: 4, arrow.TIME64: 8, arrow.TIMESTAMP: 8,
	arrow.INTERVAL_MONTH_DAY_NANO: 16,
}

// walk checks values and everything inside of them by the layouts of Columnar.html. hidden says which values lie in a null
// struct, so that a field without nulls may have one there; nil: none does.
func walk(w window, field arrow.Field, hidden func(k int) bool) error {
	if !arrow.TypeEqual(w.data.DataType(), field.Type) {
		return fmt.Errorf("%s; the field says %s", w.data.DataType(), field.Type)
	}
	if w.from+w.n > w.data.Offset()+w.data.Len() {
		return fmt.Errorf("values up to %d of an array that ends at %d", w.from+w.n, w.data.Offset()+w.data.Len())
	}
	if err := w.nulls(field, hidden); err != nil {
		return err
	}
	dt := types.Storage(field.Type)
	switch dt := dt.(type) {
	case *arrow.StructType:
		for i, child := range w.data.Children() {
			inside := window{child, child.Offset() + w.from, w.n}
			if err := walk(inside, dt.Field(i), w.null); err != nil {
				return fmt.Errorf("field %s: %w", dt.Field(i).Name, err)
			}
		}
		return nil
	case *arrow.ListType:
		return w.list(dt.ElemField())
	case *arrow.MapType:
		return w.list(arrow.Field{Name: "entries", Type: dt.Elem()})
	case *arrow.StringType, *arrow.BinaryType:
		if err := w.offsets(len(w.bytes(2))); err != nil {
			return err
		}
	default:
		bits := 8 * widths[dt.ID()]
		if dt.ID() == arrow.BOOL {
			bits = 1
		} else if binary, ok := dt.(*arrow.FixedSizeBinaryType); ok {
			bits = 8 * binary.ByteWidth
		}
		if need := ((w.from+w.n)*bits + 7) / 8; bits == 0 || len(w.bytes(1)) < need {
			return fmt.Errorf("%d bytes of values where %d are needed", len(w.bytes(1)), need)
		}
	}
	return w.values(field.Type)
}

// nulls checks validity.
func (w window) nulls(field arrow.Field, hidden func(k int) bool) error {
	if length := len(w.bytes(0)); length > 0 && length < (w.from+w.n+7)/8 {
		return fmt.Errorf("%d bytes of validity", length)
	}
	nulls := 0
	for k := range w.n {
		if !w.null(k) {
			continue
		}
		nulls++
		if !field.Nullable && (hidden == nil || !hidden(k)) {
			return fmt.Errorf("value %d is null; the field says that none is", k)
		}
	}
	if w.n == w.data.Len() && nulls != w.data.NullN() {
		return fmt.Errorf("%d nulls; the array says %d", nulls, w.data.NullN())
	}
	return nil
}

// offsets checks that they are there, begin at 0 or above, never descend and end at most at most.
func (w window) offsets(most int) error {
	if w.n == 0 {
		return nil
	}
	if need := 4 * (w.from + w.n + 1); len(w.bytes(1)) < need {
		return fmt.Errorf("%d bytes of offsets where %d are needed", len(w.bytes(1)), need)
	}
	last := 0
	for k := range w.n + 1 {
		if w.offset(k) < last {
			return fmt.Errorf("offset %d is %d behind %d", k, w.offset(k), last)
		}
		last = w.offset(k)
	}
	if last > most {
		return fmt.Errorf("the last value ends at %d of %d", last, most)
	}
	return nil
}

// list checks lists and all items of the child, those too that no list has.
func (w window) list(item arrow.Field) error {
	if len(w.data.Children()) != 1 {
		return errors.New("a list that has not one child")
	}
	child := w.data.Children()[0]
	if err := w.offsets(child.Len()); err != nil {
		return err
	}
	if err := walk(window{child, child.Offset(), child.Len()}, item, nil); err != nil {
		return fmt.Errorf("%s: %w", item.Name, err)
	}
	return nil
}

// values checks each value, text under nulls too.
func (w window) values(dt arrow.DataType) error {
	for k := range w.n {
		if err := w.value(dt, k); err != nil {
			return fmt.Errorf("value %d: %w", k, err)
		}
	}
	return nil
}

// The bits of the NaNs that cross the boundary (guest-abi/SPEC.md, section 7).
const (
	canonical32 = 0x7fc00000
	canonical64 = 0x7ff8000000000000
)

func (w window) value(dt arrow.DataType, k int) error {
	fixed := func(n int) []byte { return w.bytes(1)[n*(w.from+k):][:n] }
	switch t := types.Storage(dt).(type) {
	case *arrow.StringType:
		text := w.bytes(2)[w.offset(k):w.offset(k+1)]
		if !utf8.Valid(text) {
			return fmt.Errorf("%q is not UTF-8", text)
		}
		if types.IsJSON(dt) && !w.null(k) && !json.Valid(text) {
			return fmt.Errorf("%q is not JSON", text)
		}
	case *arrow.Float32Type:
		if bits := binary.LittleEndian.Uint32(fixed(4)); math.Float32frombits(bits) != math.Float32frombits(bits) && bits != canonical32 {
			return fmt.Errorf("a NaN of bits %x", bits)
		}
	case *arrow.Float64Type:
		if bits := binary.LittleEndian.Uint64(fixed(8)); math.IsNaN(math.Float64frombits(bits)) && bits != canonical64 {
			return fmt.Errorf("a NaN of bits %x", bits)
		}
	case *arrow.Decimal128Type:
		low, high := binary.LittleEndian.Uint64(fixed(16)), int64(binary.LittleEndian.Uint64(fixed(16)[8:]))
		number := new(big.Int).Add(new(big.Int).Lsh(big.NewInt(high), 64), new(big.Int).SetUint64(low))
		if most := new(big.Int).Exp(big.NewInt(10), big.NewInt(int64(t.Precision)), nil); !w.null(k) && number.CmpAbs(most) >= 0 {
			return fmt.Errorf("%v has more than %d digits", number, t.Precision)
		}
	case *arrow.Time32Type:
		return w.timeOfDay(k, int64(int32(binary.LittleEndian.Uint32(fixed(4)))), t.Unit)
	case *arrow.Time64Type:
		return w.timeOfDay(k, int64(binary.LittleEndian.Uint64(fixed(8))), t.Unit)
	}
	return nil
}

func (w window) timeOfDay(k int, v int64, unit arrow.TimeUnit) error {
	if day := 24 * 3600 * int64(1e9) / int64(unit.Multiplier()); !w.null(k) && (v < 0 || v >= day) {
		return fmt.Errorf("%d is no time of a day", v)
	}
	return nil
}
