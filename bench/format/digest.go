package main

import (
	"fmt"
	"math"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/array"
)

// digest is a checksum of the values in record batches, however rows were cut into batches. bench/peers/arrow has its twin in Rust.
type digest struct {
	sum    uint64
	rows   int
	column uint64 // leaves and lists are numbered as they come
}

func (d *digest) String() string { return fmt.Sprintf("%016x", d.sum) }

func (d *digest) add(batch arrow.RecordBatch) error {
	d.column = 0
	d.rows += int(batch.NumRows())
	return d.arrays(batch.Columns())
}

func (d *digest) arrays(columns []arrow.Array) error {
	for _, c := range columns {
		if err := d.array(c); err != nil {
			return err
		}
	}
	return nil
}

func (d *digest) array(a arrow.Array) error {
	switch a := a.(type) {
	case *array.Struct:
		for i := range a.NumField() {
			if err := d.array(a.Field(i)); err != nil {
				return err
			}
		}
	case *array.Map:
		d.values(a, lengths(a))
		return d.arrays([]arrow.Array{a.Keys(), a.Items()})
	case *array.List:
		d.values(a, lengths(a))
		return d.array(a.ListValues())
	case *array.Boolean:
		d.values(a, func(i int) uint64 {
			if a.Value(i) {
				return 1
			}
			return 0
		})
	case *array.String:
		d.values(a, func(i int) uint64 { return textDigest(a.Value(i)) })
	case *array.Int32:
		d.values(a, func(i int) uint64 { return uint64(int64(a.Value(i))) })
	case *array.Int64:
		d.values(a, func(i int) uint64 { return uint64(a.Value(i)) })
	case *array.Float32:
		d.values(a, func(i int) uint64 { return uint64(math.Float32bits(a.Value(i))) })
	case *array.Float64:
		d.values(a, func(i int) uint64 { return math.Float64bits(a.Value(i)) })
	case *array.Decimal128:
		d.values(a, func(i int) uint64 { return a.Value(i).LowBits() })
	case *array.Timestamp:
		d.values(a, func(i int) uint64 { return uint64(a.Value(i)) })
	default:
		return fmt.Errorf("no digest of %s", a.DataType())
	}
	return nil
}

// lengths are those of lists.
func lengths(a array.ListLike) func(int) uint64 {
	return func(i int) uint64 {
		start, end := a.ValueOffsets(i)
		return uint64(end - start)
	}
}

func (d *digest) values(a arrow.Array, bits func(int) uint64) {
	d.column++
	for i := range a.Len() {
		if a.IsValid(i) {
			mixed := (bits(i) ^ d.column*0x9E37_79B9_7F4A_7C15) * 0xD6E8_FEB8_6659_FD93
			d.sum += mixed ^ mixed>>32
		}
	}
}

// textDigest is FNV-1a.
func textDigest[T string | []byte](text T) uint64 {
	sum := uint64(0xCBF2_9CE4_8422_2325)
	for i := range len(text) {
		sum = (sum ^ uint64(text[i])) * 0x0100_0000_01B3
	}
	return sum
}
