//go:build differential

// Package differential compares weir's formats with other people's on data drawn at random, in both directions. README.md tells with what.
package differential

import (
	"hash/fnv"
	"math/rand/v2"
	"os"
	"strconv"
	"testing"

	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// random is a source of numbers that follow from the test's name and the seed, which DIFFERENTIAL_SEED sets.
type random struct{ *rand.Rand }

func newRandom(t *testing.T) random {
	t.Helper()
	seed := uint64(1)
	if text := os.Getenv("DIFFERENTIAL_SEED"); text != "" {
		var err error
		if seed, err = strconv.ParseUint(text, 10, 64); err != nil {
			t.Fatalf("DIFFERENTIAL_SEED: %v", err)
		}
	}
	t.Logf("DIFFERENTIAL_SEED=%d", seed)
	name := fnv.New64a()
	_, _ = name.Write([]byte(t.Name())) // a hash takes anything
	return random{rand.New(rand.NewPCG(seed, name.Sum64()))}
}

// oneIn is true once in n times.
func (r random) oneIn(n int) bool { return r.IntN(n) == 0 }

// pick is one of some.
func pick[T any](r random, some ...T) T { return some[r.IntN(len(some))] }

// digits are n decimal digits, the first of which is not zero.
func (r random) digits(n int) string {
	text := make([]byte, n)
	for i := range text {
		text[i] = byte('0' + r.IntN(10))
	}
	if n > 0 && text[0] == '0' {
		text[0] = '7'
	}
	return string(text)
}

// text is a string of characters of every length in UTF-8, of those that JSON escapes, and of none.
func (r random) text() string {
	some := []rune{'a', 'B', '7', ' ', '"', '\\', '/', '\n', '\t', 0, 0x1f, 0x7f, 'é', 0x2028, '語', 0xfffd, 0x1f600, 0x10ffff}
	text := make([]rune, pick(r, 0, 1, 3, 7, 8, 9, 40))
	for i := range text {
		text[i] = pick(r, some...)
		if r.oneIn(4) {
			text[i] = rune('a' + r.IntN(26))
		}
	}
	return string(text)
}

// bytes are n of any.
func (r random) bytes(n int) []byte {
	b := make([]byte, n)
	for i := range b {
		b[i] = byte(r.Uint32())
	}
	return b
}
