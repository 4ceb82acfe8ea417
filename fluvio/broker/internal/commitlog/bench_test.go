package commitlog

import (
	"fmt"
	"testing"
)

func BenchmarkAppend(b *testing.B) {
	for _, size := range []int{256, 16 << 10, 1 << 20} {
		b.Run(fmt.Sprintf("batch=%d", size), func(b *testing.B) {
			l := open(b, b.TempDir(), Config{MaxBytes: 1 << 30, SegmentBytes: 256 << 20})
			set := batch(50, size, 'x')
			b.SetBytes(int64(len(set)))
			b.ReportAllocs()
			for b.Loop() {
				mustAppend(b, l, set)
				if l.Size() > 1<<30 {
					_, _ = l.Clean()
				}
			}
		})
	}
}

func BenchmarkRead(b *testing.B) {
	l := open(b, b.TempDir(), Config{})
	for range 4000 {
		mustAppend(b, l, batch(50, 16<<10, 'x'))
	}
	_, end := l.Bounds()
	b.Run("sequential", func(b *testing.B) {
		var (
			cur Cursor
			buf []byte
			at  int64
			err error
		)
		b.ReportAllocs()
		for b.Loop() {
			if buf, at, err = l.Read(buf[:0], &cur, at, 1<<20); err != nil || len(buf) == 0 {
				b.Fatal(len(buf), err)
			}
			b.SetBytes(int64(len(buf)))
			if at == end {
				at = 0
			}
		}
	})
	b.Run("lookup", func(b *testing.B) {
		var buf []byte
		b.ReportAllocs()
		for i := int64(0); b.Loop(); i++ {
			var err error
			if buf, _, err = l.Read(buf[:0], new(Cursor), i*7919%end, 17<<10); err != nil || len(buf) == 0 {
				b.Fatal(len(buf), err)
			}
		}
	})
}
