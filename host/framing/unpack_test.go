package framing

import (
	"bytes"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"os"
	"runtime"
	"slices"
	"strings"
	"testing"

	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

var plain = []byte(strings.Repeat("{\"a\":1}\n", 30))

type packed struct {
	how   Compression
	by    string
	value []byte
}

// golden reads testdata/compressed.txt.
func golden(t testing.TB) (all []packed) {
	t.Helper()
	text, err := os.ReadFile("testdata/compressed.txt")
	if err != nil {
		t.Fatal(err)
	}
	for line := range strings.Lines(string(text)) {
		if strings.HasPrefix(line, "#") {
			continue
		}
		fields := strings.Fields(line)
		value, err := hex.DecodeString(fields[2])
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, packed{Compression(slices.Index(compressions, fields[0])), fields[1], value})
	}
	return all
}

// code is the code of an Error, "" of nil.
func code(t testing.TB, err error) string {
	t.Helper()
	var bad *Error
	switch {
	case err == nil:
		return ""
	case !errors.As(err, &bad) || bad.Message == "":
		t.Fatalf("%T: %v", err, err)
	}
	return bad.Code
}

// unpack decompresses one value.
func unpack(t testing.TB, s Splitter, value []byte) ([]byte, string) {
	t.Helper()
	frame, remaining, ok, err := s.Next(value)
	if !ok {
		t.Fatal("no frame")
	}
	if frame2, _, more, _ := s.Next(remaining); more {
		t.Fatalf("a second frame: %q", frame2)
	}
	if err != nil && !bytes.Equal(frame, value) {
		t.Errorf("%v is not about the value as it was", err)
	}
	return frame, code(t, err)
}

func TestWhatOthersCompressed(t *testing.T) {
	for _, p := range golden(t) {
		s := New(Config{Compression: p.how})
		for range 2 {
			if got, code := unpack(t, s, p.value); code != "" || !bytes.Equal(got, plain) {
				t.Errorf("%v by %s: %s, %q", p.how, p.by, code, got)
			}
		}
		s = New(Config{Compression: p.how, Method: Newline})
		if got := split(t, s, p.value); len(got) != 30 || got[29] != `{"a":1}` {
			t.Errorf("%v by %s: %q", p.how, p.by, got)
		}
	}
}

func TestCompressedValuesThatAreNot(t *testing.T) {
	join := func(parts ...[]byte) []byte { return slices.Concat(parts...) }
	for _, p := range golden(t) {
		s := New(Config{Compression: p.how, MaxUncompressed: len(plain)})
		if got, code := unpack(t, s, p.value); code != "" || !bytes.Equal(got, plain) {
			t.Errorf("%v by %s at the limit: %s", p.how, p.by, code)
		}
		if _, code := unpack(t, s, nil); code != CodeTruncated {
			t.Errorf("%v: empty: %s", p.how, code)
		}
		for n := 1; n < len(p.value); n++ {
			got, code := unpack(t, s, p.value[:n])
			if code != CodeTruncated && code != CodeCompression && !(p.how == Snappy && (n == len(streamMagic) || n == xerialHeader) && len(got) == 0) {
				t.Errorf("%v by %s, %d bytes of %d: %q", p.how, p.by, n, len(p.value), code)
			}
		}
		if got, code := unpack(t, s, p.value); code != "" || !bytes.Equal(got, plain) {
			t.Errorf("%v by %s after bad ones: %s", p.how, p.by, code)
		}
		for _, behind := range []string{"x", "garbage that is long enough to be taken for a header"} {
			if _, code := unpack(t, s, join(p.value, []byte(behind))); code != CodeTruncated && code != CodeCompression {
				t.Errorf("%v by %s with %q behind: %q", p.how, p.by, behind, code)
			}
		}
		for _, value := range []string{"{}", "plain text that nobody has compressed"} {
			if _, code := unpack(t, s, []byte(value)); code != CodeCompression && code != CodeTruncated {
				t.Errorf("%v: %q: %q", p.how, value, code)
			}
		}
		tight := New(Config{Compression: p.how, MaxUncompressed: len(plain) - 1})
		if _, code := unpack(t, tight, p.value); code != CodeTooLarge {
			t.Errorf("%v by %s: over the limit: %q", p.how, p.by, code)
		}
	}
}

func TestSeveralMembersAreOneValue(t *testing.T) {
	for _, p := range golden(t) {
		twice := slices.Concat(p.value, p.value)
		if strings.HasSuffix(p.by, "raw") {
			continue // a block is all there is
		}
		if p.by == "cramjam-in-xerial" {
			twice = slices.Concat(p.value, p.value[xerialHeader:])
		}
		if got, code := unpack(t, New(Config{Compression: p.how}), twice); code != "" || len(got) != 2*len(plain) {
			t.Errorf("%v by %s: %q, %d bytes", p.how, p.by, code, len(got))
		}
	}
}

func TestLengthsThatSnappyBlocksClaim(t *testing.T) {
	block := func(n uint64) []byte { return append(binary.AppendUvarint(nil, n), 0, 'x') }
	s := New(Config{Compression: SnappyBlock})
	for _, n := range []uint64{0, 2, 1 << 20, 1<<32 - 1, 1 << 40} {
		if _, code := unpack(t, s, block(n)); code != CodeCompression {
			t.Errorf("a block of one byte that claims %d: %q", n, code)
		}
	}
	if got, code := unpack(t, s, block(1)); code != "" || string(got) != "x" {
		t.Errorf("%q, %q", got, code)
	}
	head := append(slices.Clone(xerialMagic), 0, 0, 0, 1, 0, 0, 0, 1)
	for _, tail := range []string{"\x00", "\x00\x00\x00\x00", "\xff\xff\xff\xffxx", "\x00\x00\x00\x09xx", "\x00\x00\x00\x02xx"} {
		value := append(head[:xerialHeader:xerialHeader], tail...)
		if _, code := unpack(t, New(Config{Compression: Snappy}), value); code != CodeCompression && code != CodeTruncated {
			t.Errorf("%q: %q", tail, code)
		}
	}
}

// What unpacks to far more than its own length stops at the limit, without far more memory than the limit.
func TestBombsStopAtTheLimit(t *testing.T) {
	const limit = 1 << 20
	for how := Gzip; how <= LZ4; how++ {
		bomb, err := NewAppender(Config{Compression: how, MaxUncompressed: 16 << 20}).Append(nil, make([]byte, 16<<20))
		if err != nil {
			t.Fatal(err)
		}
		s := New(Config{Compression: how, MaxUncompressed: limit})
		fits, err := NewAppender(Config{Compression: how}).Append(nil, make([]byte, limit))
		if err != nil {
			t.Fatal(err)
		}
		if _, code := unpack(t, s, fits); code != "" { // makes the decoder
			t.Errorf("%v: %s", how, code)
		}
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		_, code := unpack(t, s, bomb)
		runtime.ReadMemStats(&after)
		if code != CodeTooLarge {
			t.Errorf("%v: %q", how, code)
		}
		if got := after.TotalAlloc - before.TotalAlloc; got > 10*limit { // zstd: a window of 8 MiB
			t.Errorf("%v: %d bytes allocated, limit %d", how, got, limit)
		}
		if got, code := unpack(t, s, fits); code != "" || len(got) != limit {
			t.Errorf("%v after a bomb: %q", how, code)
		}
	}
}

// Rows keep their frames: what one record was unpacked to must not change with the next.
func TestUnpackedFramesAreKept(t *testing.T) {
	for how := Gzip; how <= LZ4; how++ {
		a, s := NewAppender(Config{Compression: how}), New(Config{Compression: how})
		var frames [][]byte
		for _, text := range []string{"first", "second", "third"} {
			value, err := a.Append(nil, []byte(text))
			if err != nil {
				t.Fatal(err)
			}
			frame, code := unpack(t, s, value)
			if clear(value); code != "" {
				t.Errorf("%v: %s", how, code)
			}
			frames = append(frames, frame)
		}
		if got := string(bytes.Join(frames, []byte(" "))); got != "first second third" {
			t.Errorf("%v: %q", how, got)
		}
	}
}

// What is kept of a value is its frames, whatever else it was unpacked to: a megabyte of blank lines around a row is not kept with the row.
func TestFramesKeepNothingElseOfTheirValue(t *testing.T) {
	const values = 64
	blank := bytes.Repeat([]byte("\n"), 1<<19)
	value := slices.Concat(blank, []byte("row"), blank)
	for how := Gzip; how <= LZ4; how++ {
		packed, err := (&compressor{how: how}).pack(value)
		if err != nil {
			t.Fatal(err)
		}
		s := New(Config{Method: Newline, Compression: how})
		var before, after runtime.MemStats
		runtime.GC()
		runtime.ReadMemStats(&before)
		var frames [][]byte
		for range values {
			for frame, rest, ok, err := s.Next(packed); ok; frame, rest, ok, err = s.Next(rest) {
				if err != nil {
					t.Fatal(err)
				}
				frames = append(frames, frame)
			}
		}
		runtime.GC()
		runtime.ReadMemStats(&after)
		if held := int64(after.HeapAlloc) - int64(before.HeapAlloc); held > 16<<20 {
			t.Errorf("%v: %d frames keep %d bytes", how, len(frames), held)
		}
		if got := string(bytes.Join(frames, nil)); got != strings.Repeat("row", values) {
			t.Errorf("%v: %.40q", how, got)
		}
		runtime.KeepAlive(s)
	}
}

// FuzzUnpack: any bytes are frames, of whatever method, that have at most the limit together, or errors; the walk ends, and the next good
// value comes out whole.
func FuzzUnpack(f *testing.F) {
	good := golden(f)
	for i, p := range good {
		f.Add(uint8(p.how), uint8(i), p.value)
	}
	methods := every()
	f.Fuzz(func(t *testing.T, how, method uint8, value []byte) {
		const limit = 4096
		c := methods[int(method)%len(methods)]
		c.Compression, c.MaxUncompressed = Gzip+Compression(how)%LZ4, limit
		s := New(c)
		size, frames := 0, 0
		for rest, more := value, true; more; frames++ {
			frame, remaining, ok, err := s.Next(rest)
			if code := code(t, err); code == "" {
				size += len(frame)
			}
			if rest, more = remaining, ok; size > limit || frames > limit+1 {
				t.Fatalf("%+v: %d bytes in %d frames", c, size, frames)
			}
		}
		if c.Method != None {
			s = New(Config{Compression: c.Compression, MaxUncompressed: limit})
		}
		for _, p := range good {
			if p.how != c.Compression {
				continue
			}
			if got, code := unpack(t, s, p.value); code != "" || !bytes.Equal(got, plain) {
				t.Fatalf("%v: %q, %q", c.Compression, code, got)
			}
		}
	})
}
