package main

import (
	"bytes"
	"encoding/binary"
	"fmt"
)

// item is a record that can be told from every other one, and checked without remembering it: all of its value follows from three
// numbers and the seed.
//
//	 0        1          2         10        18
//	+--------+----------+---------+---------+-----------------+
//	|producer|partition | number  | seed    | 0..399 bytes    |
//	+--------+----------+---------+---------+-----------------+
type item struct {
	producer  int
	partition int   // index over the partitions of all topics of the round
	number    int64 // among all that the producer writes to the partition, from 0
}

const itemHead = 18

// append writes the record's value.
func (i item) append(b []byte, seed uint64) []byte {
	b = append(b, byte(i.producer), byte(i.partition))
	b = binary.BigEndian.AppendUint64(b, uint64(i.number))
	b = binary.BigEndian.AppendUint64(b, seed)
	h := mix(seed ^ mix(uint64(i.number)) ^ uint64(i.partition)<<8 ^ uint64(i.producer))
	for n := h % 400; n > 0; n-- {
		h += 0x9e3779b97f4a7c15
		b = append(b, byte(h>>56))
	}
	return b
}

// parseItem reads a value and checks every byte of it.
func parseItem(value []byte, seed uint64, scratch *[]byte) (item, error) {
	if len(value) < itemHead {
		return item{}, fmt.Errorf("a record of %d bytes that nobody wrote", len(value))
	}
	i := item{int(value[0]), int(value[1]), int64(binary.BigEndian.Uint64(value[2:]))}
	*scratch = i.append((*scratch)[:0], seed)
	if !bytes.Equal(*scratch, value) {
		return item{}, fmt.Errorf("a record that nobody wrote: %d bytes that say producer %d, partition %d, number %d",
			len(value), i.producer, i.partition, i.number)
	}
	return i, nil
}

// mix spreads a number over 64 bits (Steele, Lea and Flood, "Fast splittable pseudorandom number generators").
func mix(x uint64) uint64 {
	x ^= x >> 30
	x *= 0xbf58476d1ce4e5b9
	x ^= x >> 27
	x *= 0x94d049bb133111eb
	return x ^ x>>31
}

// placed is a number for a record at an offset; sums of them tell whether two parties saw the same records at the same offsets.
func placed(number, offset int64) uint64 { return mix(mix(uint64(number)) + uint64(offset)) }
