package wire

import (
	"bytes"
	"encoding/hex"
	"errors"
	"math"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"
)

// TestValuesHaveTheirBytes appends each value behind others and reads it back.
func TestValuesHaveTheirBytes(t *testing.T) {
	for _, c := range []struct {
		name string
		got  []byte
		hex  string
		read func(r *Reader) bool
	}{
		{"bool", AppendBool(nil, true), "01", func(r *Reader) bool { return r.Bool() }},
		{"i8", AppendI8(nil, -2), "fe", func(r *Reader) bool { return r.I8() == -2 }},
		{"u8", AppendU8(nil, 200), "c8", func(r *Reader) bool { return r.U8() == 200 }},
		{"i16", AppendI16(nil, -2), "fffe", func(r *Reader) bool { return r.I16() == -2 }},
		{"u16", AppendU16(nil, 0xbeef), "beef", func(r *Reader) bool { return r.U16() == 0xbeef }},
		{"i32", AppendI32(nil, -2), "fffffffe", func(r *Reader) bool { return r.I32() == -2 }},
		{"u32", AppendU32(nil, 0xdeadbeef), "deadbeef", func(r *Reader) bool { return r.U32() == 0xdeadbeef }},
		{"i64", AppendI64(nil, -2), "fffffffffffffffe", func(r *Reader) bool { return r.I64() == -2 }},
		{"u64", AppendU64(nil, 1<<63), "8000000000000000", func(r *Reader) bool { return r.U64() == 1<<63 }},
		{"string", AppendString(nil, "süß"), "000573c3bcc39f", func(r *Reader) bool { return r.String() == "süß" }},
		{"no string", AppendString(nil, ""), "0000", func(r *Reader) bool { return r.String() == "" }},
		{"bytes", AppendBytes(nil, []byte{1, 2}), "000000020102", func(r *Reader) bool { return bytes.Equal(r.Bytes(), []byte{1, 2}) }},
		{"no bytes", AppendBytes(nil, nil), "00000000", func(r *Reader) bool { return r.Bytes() == nil }},
		{"duration", AppendDuration(nil, 1500*time.Millisecond), "0000000000000001" + "1dcd6500",
			func(r *Reader) bool { return r.Duration() == 1500*time.Millisecond }},
		{"negative duration", AppendDuration(nil, -1), "000000000000000000000000", func(r *Reader) bool { return r.Duration() == 0 }},
	} {
		if hex.EncodeToString(c.got) != c.hex {
			t.Errorf("%s: %x, want %s", c.name, c.got, c.hex)
		}
		r := NewReader(append([]byte{0, 0, 7}, c.got...))
		r.take(3)
		if !c.read(r) || r.Err() != nil || r.Len() != 0 {
			t.Errorf("%s: not read back: %v, %d bytes left", c.name, r.Err(), r.Len())
		}
	}
}

// The numbers are those of upstream's own test (fluvio-protocol/src/core/varint.rs).
func TestVarintsHaveUpstreamsBytes(t *testing.T) {
	for v, want := range map[int64]string{
		0: "00", -1: "01", 1: "02", 4: "08", 7: "0e", 10: "14", 63: "7e", 8191: "fe7f", -134217729: "8180808001",
	} {
		if got := hex.EncodeToString(AppendVarint(nil, v)); got != want {
			t.Errorf("%d is %s, want %s", v, got, want)
		}
	}
}

func TestVarintsOf64BitsSurvive(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		v := rapid.OneOf(rapid.Int64(), rapid.SampledFrom([]int64{math.MinInt64, math.MaxInt64, math.MinInt32, math.MaxInt32})).Draw(t, "v")
		b := AppendVarint(nil, v)
		if SizeVarint(v) != len(b) {
			t.Fatalf("%d takes %d bytes, not %d", v, len(b), SizeVarint(v))
		}
		if got := NewReader(b).Varint(); got != v {
			t.Fatalf("%d became %d", v, got)
		}
	})
}

// TestQuirksOfUpstreamsReader pins what is neither an error nor what one expects.
func TestQuirksOfUpstreamsReader(t *testing.T) {
	if s := NewReader([]byte{0xff, 0xff, 'a'}).String(); s != "" {
		t.Errorf("a string of negative length is %q", s)
	}
	if s := NewReader([]byte{0x80, 0, 'a'}).String(); s != "" {
		t.Errorf("a string of more than 32,767 bytes is %q", s)
	}
	if n := NewReader([]byte{0xff, 0xff, 0xff, 0xff}).Count(1); n != 0 {
		t.Errorf("a list of -1 elements has %d", n)
	}
	if b := NewReader([]byte{0x80, 0, 0, 0, 'a'}).Bytes(); b != nil {
		t.Errorf("bytes of negative length are %q", b)
	}
	forever := append(bytes.Repeat([]byte{0xff}, 8), 0xff, 0xff, 0xff, 0xff)
	if d := NewReader(forever).Duration(); d != math.MaxInt64 {
		t.Errorf("the longest duration is %v", d)
	}
	if d := NewReader([]byte{0, 0, 0, 0, 0, 0, 0, 1, 0xff, 0xff, 0xff, 0xff}).Duration(); d != time.Second+math.MaxUint32 {
		t.Errorf("nanoseconds above a second give %v", d)
	}
}

func TestWrongBytesAreErrors(t *testing.T) {
	for _, c := range []struct {
		name string
		hex  string
		read func(r *Reader)
		want error
	}{
		{"bool of 2", "02", func(r *Reader) { r.Bool() }, ErrInvalid},
		{"string not UTF-8", "0002c328", func(r *Reader) { _ = r.String() }, ErrInvalid},
		{"string cut", "000361", func(r *Reader) { _ = r.String() }, ErrShort},
		{"bytes cut", "7fffffff00", func(r *Reader) { r.Bytes() }, ErrShort},
		{"number cut", "000000", func(r *Reader) { r.U32() }, ErrShort},
		{"list too long", "00000003000000000000", func(r *Reader) { r.Count(4) }, ErrShort},
		{"map too long", "0003000000", func(r *Reader) { r.MapCount(2) }, ErrShort},
		{"varint cut", "8080", func(r *Reader) { r.Varint() }, ErrShort},
		{"varint too long", "ffffffffffffffffffff01", func(r *Reader) { r.Varint() }, ErrInvalid},
		{"varint bytes cut", "08000000", func(r *Reader) { r.VarBytes() }, ErrShort},
		{"varint bytes huge", "feffffffffffffffff01", func(r *Reader) { r.VarBytes() }, ErrShort},
		{"tag", "", func(r *Reader) { r.BadTag("Isolation", 7) }, ErrInvalid},
		{"nested", "000000020000", func(r *Reader) { s := r.Sub(); s.U64(); r.Fail(s.Err()) }, ErrShort},
	} {
		b, _ := hex.DecodeString(c.hex)
		r := NewReader(b)
		c.read(r)
		first := r.Err()
		if !errors.Is(first, c.want) {
			t.Errorf("%s: %v, want %v", c.name, first, c.want)
		}
		if r.U64() != 0 || r.String() != "" || r.Bytes() != nil || r.Bool() || r.Count(0) != 0 || r.Varint() != 0 || r.Duration() != 0 || r.Len() != 0 {
			t.Errorf("%s: something is read after the error", c.name)
		}
		if r.Err() != first {
			t.Errorf("%s: the error became %v", c.name, r.Err())
		}
	}
}

func TestTooLongTextIsCutBetweenCharacters(t *testing.T) {
	long := strings.Repeat("ü", MaxString) // two bytes each; the limit is odd
	b := AppendU8(AppendString(nil, long), 42)
	r := NewReader(b)
	if s := r.String(); s != long[:MaxString-1] {
		t.Errorf("%d bytes left", len(s))
	}
	if r.U8() != 42 {
		t.Error("what follows is out of step")
	}
	if n := NewReader(AppendMapCount(nil, MaxMap+5)).U16(); n != MaxMap {
		t.Errorf("a map of too many entries says %d", n)
	}
}

func TestBytesAliasAndStringsDoNot(t *testing.T) {
	frame := AppendString(AppendBytes(nil, []byte{1}), "a")
	r := NewReader(frame)
	b, s := r.Bytes(), r.String()
	frame[4], frame[len(frame)-1] = 2, 'b'
	if b[0] != 2 || cap(b) != 1 || s != "a" {
		t.Error(b, cap(b), s)
	}
}
