package framing

import (
	"strings"
	"testing"
)

// record is about what a JSON record of some twenty fields looks like.
var record = []byte(`{` + strings.Repeat(`"some_field":12345,"other":"text \"x\"",`, 10) + `"last":[1,2]}`)

const perValue = 1000

func value(b *testing.B, c Config) (*Appender, []byte) {
	a := NewAppender(c)
	dst := a.Begin(nil)
	for range perValue {
		var err error
		if dst, err = a.Frame(dst, record); err != nil {
			b.Fatal(err)
		}
	}
	dst, err := a.End(dst)
	if err != nil {
		b.Fatal(err)
	}
	return a, dst
}

var benched = map[string]Config{
	"newline":     {Method: Newline},
	"delimiter":   {Method: Delimiter, Delimiter: "\r\n"},
	"length":      {Method: Length, Prefix: U32BE},
	"json_array":  {Method: JSONArray},
	"json_concat": {Method: JSONConcat},
	"gzip":        {Method: Newline, Compression: Gzip},
	"zstd":        {Method: Newline, Compression: Zstd},
	"snappy":      {Method: Newline, Compression: Snappy},
	"lz4":         {Method: Newline, Compression: LZ4},
}

func BenchmarkCut(b *testing.B) {
	for name, c := range benched {
		b.Run(name, func(b *testing.B) {
			_, value := value(b, c)
			s := New(c)
			b.SetBytes(int64(perValue * len(record)))
			b.ReportAllocs()
			for b.Loop() {
				n := 0
				for rest, ok := value, true; ; n++ {
					var err error
					if _, rest, ok, err = s.Next(rest); err != nil {
						b.Fatal(err)
					}
					if !ok {
						break
					}
				}
				if n != perValue {
					b.Fatal(n)
				}
			}
		})
	}
}

func BenchmarkAppend(b *testing.B) {
	for name, c := range benched {
		b.Run(name, func(b *testing.B) {
			a, dst := value(b, c)
			b.SetBytes(int64(len(record)))
			b.ReportAllocs()
			for b.Loop() {
				var err error
				if dst, err = a.Append(dst[:0], record); err != nil || len(dst) == 0 {
					b.Fatal(len(dst), err)
				}
			}
		})
	}
}
