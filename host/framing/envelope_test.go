package framing

import (
	"bytes"
	"errors"
	"testing"
)

// TestAFrameInItsEnvelopeIsARecord puts back every frame that a splitter cuts, good ones and such that no format takes: it comes out again, alone.
func TestAFrameInItsEnvelopeIsARecord(t *testing.T) {
	for _, c := range every() {
		for how := Uncompressed; how <= LZ4; how++ {
			c.Compression, c.MaxLength = how, 9
			s := New(c)
			for name, frame := range map[string]string{"good": `{"a":1}`, "bad JSON": `{"a":}`, "too long": `{"a":"0123456789"}`} {
				value, err := Enclose(c.Envelope(nil), []byte(frame))
				if err != nil {
					t.Fatal(err)
				}
				again := value
				for range 2 {
					got, rest, ok, err := s.Next(again)
					var bad *Error
					if !ok || string(got) != frame || errors.As(err, &bad) && bad.Code != CodeTooLong {
						t.Fatalf("%v, %v, %s: %q, %v", c.Method, how, name, got, err)
					}
					if got, _, ok, _ := s.Next(rest); ok {
						t.Fatalf("%v, %v, %s: another frame: %q", c.Method, how, name, got)
					}
					if again, err = Enclose(c.Envelope(err), got); err != nil || !bytes.Equal(again, value) {
						t.Fatalf("%v, %v, %s: %q came back as %q, %v", c.Method, how, name, value, again, err)
					}
				}
			}
		}
	}
}

// TestWhatCouldNotBeCutComesBackAsItCame has the same reason again.
func TestWhatCouldNotBeCutComesBackAsItCame(t *testing.T) {
	for _, c := range every() {
		if c.Method != Length && c.Method != JSONArray {
			continue
		}
		for how := Uncompressed; how <= LZ4; how++ {
			c.Compression = how
			torn, err := Enclose(Config{Compression: how}.Envelope(nil), []byte("\x80"))
			if err != nil {
				t.Fatal(err)
			}
			for _, value := range [][]byte{torn, []byte("\x80no such data")} {
				frame, _, _, was := New(c).Next(value)
				again, err := Enclose(c.Envelope(was), frame)
				if err != nil {
					t.Fatal(err)
				}
				if got, _, _, is := New(c).Next(again); was == nil || is == nil || was.Error() != is.Error() || !bytes.Equal(got, frame) {
					t.Errorf("%v, %v: %q, %v; it was %q, %v", c.Method, how, got, is, frame, was)
				}
			}
		}
	}
}

func TestEnvelopesThatAreNone(t *testing.T) {
	for _, envelope := range []string{"length", "length u9", "json_array u16_be", "gzip gzip", "none", "newline"} {
		if value, err := Enclose(envelope, []byte("x")); err == nil {
			t.Errorf("%s: %q", envelope, value)
		}
	}
	if _, err := Enclose("length u16_be", make([]byte, 1<<16)); err == nil {
		t.Error("a prefix says more than it can")
	}
}
