package schemaregistry

import (
	"bytes"
	"errors"
	"testing"
)

func TestHeaders(t *testing.T) {
	for _, bits := range []uint32{0, 1, 0x01020304, 1<<31 - 1, 1<<32 - 1} {
		id := int(bits)
		frame := append(AppendHeader([]byte("x"), id), "abc"...)[1:]
		got, rest, err := CutHeader(frame)
		if err != nil || got != id || string(rest) != "abc" {
			t.Errorf("%d: %d, %q, %v", id, got, rest, err)
		}
	}
	if got := AppendHeader(nil, 0x01020304); !bytes.Equal(got, []byte{0, 1, 2, 3, 4}) {
		t.Errorf("% x", got)
	}
	if _, rest, err := CutHeader(make([]byte, 5)); err != nil || len(rest) != 0 {
		t.Errorf("%q, %v", rest, err)
	}
	for _, frame := range []string{"", "\x00", "\x00\x00\x00\x01", "\x01abcdef", `{"a":1}`, `[`} {
		_, _, err := CutHeader([]byte(frame))
		var bad *HeaderError
		if !errors.As(err, &bad) || bad.Code != "registry.header" || bad.Message == "" {
			t.Errorf("%q: %v", frame, err)
		}
	}
}

func BenchmarkHeader(b *testing.B) {
	b.ReportAllocs()
	buf := make([]byte, 0, 64)
	for b.Loop() {
		buf = AppendHeader(buf[:0], 7)
		if id, _, err := CutHeader(buf); err != nil || id != 7 {
			b.Fatal(id, err)
		}
	}
}
