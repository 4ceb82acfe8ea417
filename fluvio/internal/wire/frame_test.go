package wire

import (
	"bytes"
	"encoding/binary"
	"errors"
	"io"
	"runtime"
	"testing"
	"testing/iotest"
)

func frame(content []byte) []byte {
	return EndFrame(append(BeginFrame(nil), content...), 0)
}

func TestFramesAreReadOneAfterTheOther(t *testing.T) {
	large := bytes.Repeat([]byte("0123456789abcdef"), 3*frameStep/16)
	contents := [][]byte{[]byte("one"), large, []byte("two"), large[:frameStep+1]}
	var stream []byte
	for _, c := range contents {
		start := len(stream)
		stream = EndFrame(append(BeginFrame(stream), c...), start)
	}
	for name, r := range map[string]io.Reader{
		"whole":     bytes.NewReader(stream),
		"by halves": iotest.HalfReader(bytes.NewReader(stream)),
		"late EOF":  iotest.DataErrReader(bytes.NewReader(stream)),
	} {
		var buf []byte
		var err error
		for i, want := range contents {
			if buf, err = ReadFrame(r, buf, len(large)); err != nil || !bytes.Equal(buf, want) {
				t.Fatalf("%s: frame %d: %v, %d bytes", name, i, err, len(buf))
			}
		}
		if _, err = ReadFrame(r, buf, len(large)); err != io.EOF {
			t.Errorf("%s: %v at the end", name, err)
		}
	}
}

func TestBrokenFramesAreErrors(t *testing.T) {
	for _, c := range []struct {
		name string
		in   []byte
		want error
	}{
		{"nothing", nil, io.EOF},
		{"half a length", []byte{0, 0}, io.ErrUnexpectedEOF},
		{"empty", []byte{0, 0, 0, 0}, ErrFrameEmpty},
		{"negative", []byte{255, 255, 255, 255}, ErrFrameNegative},
		{"too large", []byte{0, 0, 0, 101}, ErrFrameTooLarge},
		{"largest of all", []byte{127, 255, 255, 255}, ErrFrameTooLarge},
		{"no content", []byte{0, 0, 0, 100}, io.ErrUnexpectedEOF},
		{"content cut", frame([]byte("content"))[:8], io.ErrUnexpectedEOF},
	} {
		if _, err := ReadFrame(bytes.NewReader(c.in), nil, 100); !errors.Is(err, c.want) {
			t.Errorf("%s: %v, want %v", c.name, err, c.want)
		}
	}
}

func TestLengthAloneAllocatesLittle(t *testing.T) {
	in := binary.BigEndian.AppendUint32(nil, 1<<30)
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	if _, err := ReadFrame(bytes.NewReader(in), nil, 1<<30); err != io.ErrUnexpectedEOF {
		t.Fatal(err)
	}
	runtime.ReadMemStats(&after)
	if got := after.TotalAlloc - before.TotalAlloc; got > 2*frameStep {
		t.Errorf("%d bytes", got)
	}
}

func FuzzReadFrame(f *testing.F) {
	f.Add(frame([]byte("content")))
	f.Add(append(frame([]byte("a")), frame([]byte("bc"))...))
	f.Add([]byte{255, 255, 255, 255})
	f.Fuzz(func(t *testing.T, stream []byte) {
		r := bytes.NewReader(stream)
		var buf, again []byte
		for {
			var err error
			if buf, err = ReadFrame(r, buf, 1<<20); err != nil {
				break
			}
			again = EndFrame(append(BeginFrame(again), buf...), len(again))
		}
		if !bytes.HasPrefix(stream, again) {
			t.Fatalf("%x written again as %x", stream, again)
		}
	})
}

func BenchmarkReadFrame(b *testing.B) {
	raw := frame(make([]byte, 1<<20))
	r := bytes.NewReader(raw)
	var buf []byte
	b.SetBytes(int64(len(raw)))
	b.ReportAllocs()
	for b.Loop() {
		r.Reset(raw)
		var err error
		if buf, err = ReadFrame(r, buf, 1<<20); err != nil || len(buf) != 1<<20 {
			b.Fatal(err, len(buf))
		}
	}
}
