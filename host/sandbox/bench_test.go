package sandbox

import (
	"slices"
	"testing"
)

// BenchmarkRewrite rewrites a module of 4,000 functions of a size that compilers make.
func BenchmarkRewrite(b *testing.B) {
	round := []byte{ // a byte loop as LLVM writes it
		0x03, 0x40, 0x20, 0, 0x2d, 0, 0, 0x21, 1, 0x20, 1, 0x41, 0x20, 0x46, 0x04, 0x40, 0x20, 2, 0x41, 1, 0x6a, 0x21, 2, 0x0b,
		0x20, 0, 0x41, 1, 0x6a, 0x22, 0, 0x41, 0x80, 0x80, 4, 0x47, 0x0d, 0, 0x0b, 0x20, 2, 0x10, 1, 0x21, 2,
	}
	functions := make([][]byte, 4000)
	for i := range functions {
		functions[i] = bodyWith(vec(bytesOf(2, 0x7f)), slices.Repeat(round, 1+i%16), 0x20, 2)
	}
	wasm := program(functions...)
	b.SetBytes(int64(len(wasm)))
	b.ReportAllocs()
	for b.Loop() {
		if m, err := Rewrite(wasm, Caps{}); err != nil || m.Stats.Functions != len(functions) {
			b.Fatal(err)
		}
	}
}
