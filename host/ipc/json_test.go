package ipc

import (
	"encoding/json"
	"math/rand/v2"
	"strings"
	"testing"
)

var jsonSeeds = []string{
	"", " ", "null", "nul", "nulll", "true", "false ", "tru\x00", "0", "-0", "00", "01", "-", "+1", "1.", ".5", "1.5e", "1.5e+",
	"1E-07", "1e5 ", "- 1", "0x1",
	`""`, `"`, `"a`, `"\`, `"\"`, `"\""`, `"\u12"`, `"\u12G4"`,
	`"\uABcd"`, `"\u00:0"`, `"\x"`, "\"a\nb\"", "\"\x1f\"", "\"\x7f\"", `"später 日本, eight and more"`,
	`"1234567"`, `"12345678"`, `"123456\"89012345"`, "\"1234567\x01\"", "[]", "[ ]", "[", "]", "[1,]", "[,1]", "[1 2]", "[1,2 ]",
	"{}", "{ }", "{", `{"a"}`,
	`{"a":}`, `{"a":1,}`, `{"a":1 , "b":[{}]}`, `{a:1}`, `{1:1}`, `{"a":1}}`, "[1][2]", "\ufeff1", "[[[[[[]]]]]]", `{"k":"v\n","n":[-1.25e3,null,true]}`,
}

func TestJSONIsWhatEncodingJSONSays(t *testing.T) {
	for _, seed := range jsonSeeds {
		if got, want := isJSON([]byte(seed)), json.Valid([]byte(seed)); got != want {
			t.Errorf("%q: %t, want %t", seed, got, want)
		}
	}
	for _, n := range []int{9_999, 10_000, 10_001, 1_000_000} {
		for _, text := range []string{strings.Repeat("[", n) + strings.Repeat("]", n), strings.Repeat(`{"":`, n) + "1" + strings.Repeat("}", n)} {
			if got, want := isJSON([]byte(text)), json.Valid([]byte(text)); got != want {
				t.Errorf("%d deep: %t, want %t", n, got, want)
			}
		}
	}
	random := rand.New(rand.NewPCG(1, 9))
	const signs = `"\{}[]:,0123456789.eE+-truefalsn uAx` + "\n\x01ü"
	for range 200_000 { // some of them broken in a place
		text := []byte(jsonSeeds[random.IntN(len(jsonSeeds))] + jsonSeeds[random.IntN(len(jsonSeeds))])
		for range random.IntN(3) {
			if len(text) > 0 {
				text[random.IntN(len(text))] = signs[random.IntN(len(signs))]
			}
		}
		if got, want := isJSON(text), json.Valid(text); got != want {
			t.Fatalf("%q: %t, want %t", text, got, want)
		}
	}
}

func FuzzIsJSON(f *testing.F) {
	for _, seed := range jsonSeeds {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		if got, want := isJSON(text), json.Valid(text); got != want {
			t.Fatalf("%q: %t, want %t", text, got, want)
		}
	})
}

func BenchmarkIsJSON(b *testing.B) {
	text := []byte(`{"id":12345,"name":"a flight over the sea","tags":["a","bc",null,true,-1.25e3],"nested":{"k":"v\n","u":"` +
		strings.Repeat("x", 100) + `"}}`)
	b.SetBytes(int64(len(text)))
	b.ReportAllocs()
	for b.Loop() {
		if !isJSON(text) {
			b.Fatal("it is")
		}
	}
}
