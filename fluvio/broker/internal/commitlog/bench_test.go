package commitlog

import (
	"encoding/binary"
	"fmt"
	"testing"

	"github.com/weir-stream/weir/fluvio/record"
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

// BenchmarkAppendSequenced appends batches of 16 KiB by so many writers in turns, each with its producer sequence.
func BenchmarkAppendSequenced(b *testing.B) {
	for _, writers := range []int64{1, 100, 10_000} {
		b.Run(fmt.Sprintf("writers=%d", writers), func(b *testing.B) {
			l := open(b, b.TempDir(), Config{MaxBytes: 1 << 30, SegmentBytes: 256 << 20})
			set := record.Batch(batch(50, 16<<10, 'x'))
			next := make([]int64, writers)
			b.SetBytes(int64(len(set)))
			b.ReportAllocs()
			for i := int64(0); b.Loop(); i++ {
				w := i % writers
				set.SetSequence(record.Sequence{Writer: w, Ordinal: next[w]})
				next[w] += 50
				mustAppend(b, l, set)
				if l.Size() > 1<<30 {
					_, _ = l.Clean()
				}
			}
		})
	}
}

// BenchmarkJudge is what producer sequences add to an append.
func BenchmarkJudge(b *testing.B) {
	for _, writers := range []int64{1, 10_000} {
		b.Run(fmt.Sprintf("writers=%d", writers), func(b *testing.B) {
			t := newWriters(Config{}.withDefaults())
			set := record.Batch(numbered(0, 0, 50))
			next := make([]int64, writers)
			b.ReportAllocs()
			for i := int64(0); b.Loop(); i++ {
				w := i % writers
				binary.BigEndian.PutUint64(set[posProducer:], uint64(w))
				binary.BigEndian.PutUint32(set[posSequence:], uint32(next[w]))
				next[w] = int64(uint32(next[w] + 50))
				if fresh, err := t.judge(set); !fresh || err != nil {
					b.Fatal(fresh, err)
				}
				t.noteSet(set, 50*i, 0)
			}
		})
	}
}

// BenchmarkRecordCount is what counting the records of compressed batches adds to an append.
func BenchmarkRecordCount(b *testing.B) {
	for _, codec := range []record.Codec{record.Gzip, record.Snappy, record.LZ4, record.Zstd} {
		for _, records := range []int{50, 3500} { // of 300 bytes: 16 KiB and 1 MiB
			one := compressed(b, codec, records, 300)
			b.Run(fmt.Sprintf("%v/records=%d", codec, records), func(b *testing.B) {
				b.ReportAllocs()
				for b.Loop() {
					if n, known, err := recordCount(one); n != int64(records) || !known || err != nil {
						b.Fatal(n, known, err)
					}
				}
			})
		}
	}
}

// BenchmarkRestore brings 10,000 writers back, from a snapshot and from the headers of 64 MiB of batches of 16 KiB.
func BenchmarkRestore(b *testing.B) {
	for _, how := range []string{"snapshot", "headers"} {
		b.Run(how, func(b *testing.B) {
			l := open(b, b.TempDir(), Config{SegmentBytes: 8 << 20})
			for i := range int64(snapshotBytes / (16 << 10)) {
				mustAppend(b, l, numbered(i, 0, 50, 16<<10))
			}
			if how == "snapshot" {
				l.saveWriters()
			} else {
				for _, at := range l.snapshots {
					l.removeSnapshot(at)
				}
			}
			b.ReportAllocs()
			for b.Loop() {
				l.writers, l.snapshots = newWriters(l.cfg), nil
				if err := l.restore(); err != nil || l.writers.used.Len() == 0 {
					b.Fatal(err)
				}
				if how == "headers" {
					for _, at := range l.snapshots {
						l.removeSnapshot(at)
					}
				}
			}
		})
	}
}
