package wire

import (
	"encoding/binary"
	"math"
	"time"
	"unicode/utf8"
)

const (
	// MaxString is the longest string that can be sent, in bytes. Writers put
	// the length into a u16, readers take it as an i16 and read a negative one
	// as "empty" (fluvio-protocol/src/core/decoder.rs).
	MaxString = math.MaxInt16

	// MaxMap is the largest number of entries that a map can be sent with: its
	// count is a u16, unlike the u32 of lists.
	MaxMap = math.MaxUint16
)

// AppendBool appends 1 or 0.
func AppendBool(dst []byte, v bool) []byte {
	if v {
		return append(dst, 1)
	}
	return append(dst, 0)
}

// AppendI8 appends one byte.
func AppendI8(dst []byte, v int8) []byte { return append(dst, byte(v)) }

// AppendU8 appends one byte.
func AppendU8(dst []byte, v uint8) []byte { return append(dst, v) }

// AppendI16 appends two bytes, big-endian.
func AppendI16(dst []byte, v int16) []byte { return binary.BigEndian.AppendUint16(dst, uint16(v)) }

// AppendU16 appends two bytes, big-endian.
func AppendU16(dst []byte, v uint16) []byte { return binary.BigEndian.AppendUint16(dst, v) }

// AppendI32 appends four bytes, big-endian.
func AppendI32(dst []byte, v int32) []byte { return binary.BigEndian.AppendUint32(dst, uint32(v)) }

// AppendU32 appends four bytes, big-endian.
func AppendU32(dst []byte, v uint32) []byte { return binary.BigEndian.AppendUint32(dst, v) }

// AppendI64 appends eight bytes, big-endian.
func AppendI64(dst []byte, v int64) []byte { return binary.BigEndian.AppendUint64(dst, uint64(v)) }

// AppendU64 appends eight bytes, big-endian.
func AppendU64(dst []byte, v uint64) []byte { return binary.BigEndian.AppendUint64(dst, v) }

// AppendString appends a u16 length and the bytes of s. What exceeds MaxString
// is cut off, between characters: a longer length would be misread by the peer
// and put everything after it out of step. Callers check names before.
func AppendString(dst []byte, s string) []byte {
	if len(s) > MaxString {
		end := MaxString
		for end > 0 && !utf8.RuneStart(s[end]) {
			end--
		}
		s = s[:end]
	}
	dst = AppendU16(dst, uint16(len(s)))
	return append(dst, s...)
}

// AppendBytes appends a u32 length and b.
func AppendBytes(dst, b []byte) []byte {
	dst = AppendCount(dst, len(b))
	return append(dst, b...)
}

// AppendCount appends the number of elements of a list.
func AppendCount(dst []byte, n int) []byte { return AppendU32(dst, uint32(n)) }

// AppendMapCount appends the number of entries of a map, MaxMap if there are more.
func AppendMapCount(dst []byte, n int) []byte { return AppendU16(dst, uint16(min(n, MaxMap))) }

// AppendDuration appends whole seconds as u64 and nanoseconds as u32. A
// negative duration, which the peer cannot express, is sent as zero.
func AppendDuration(dst []byte, d time.Duration) []byte {
	d = max(d, 0)
	dst = AppendU64(dst, uint64(d/time.Second))
	return AppendU32(dst, uint32(d%time.Second))
}

// AppendVarint appends v in zig-zag LEB128, one to ten bytes. Upstream's own
// writer is right only within i32 (fluvio-protocol/src/core/varint.rs), so peers
// should not be sent more than that; its reader, like ours, takes 64 bits.
func AppendVarint(dst []byte, v int64) []byte { return binary.AppendVarint(dst, v) }

// SizeVarint is the number of bytes that AppendVarint appends for v.
func SizeVarint(v int64) int {
	z := uint64(v)<<1 ^ uint64(v>>63)
	n := 1
	for z >= 0x80 {
		z >>= 7
		n++
	}
	return n
}
