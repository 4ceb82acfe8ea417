package wazeroengine

import (
	"bytes"
	"fmt"
	"testing"

	"pgregory.net/rapid"
)

const page = 65536

// memories runs a test with each way of keeping an image that this system has.
func memories(t *testing.T, test func(t *testing.T, pages *pagemap)) {
	t.Run("copied", func(t *testing.T) { test(t, nil) })
	for _, scans := range []bool{true, false} {
		if pages := openPagemapThat(scans); pages != nil {
			t.Cleanup(func() { _ = pages.close() })
			t.Run(fmt.Sprintf("mapped, scans %v", scans), func(t *testing.T) { test(t, pages) })
		}
	}
}

// grown makes a memory of a size.
func grown(t interface{ Fatal(...any) }, pages *pagemap, size, most int) *linear {
	l, err := newLinear(most, pages)
	if err != nil {
		t.Fatal(err)
	}
	if l.Reallocate(uint64(size)) == nil {
		t.Fatal("no memory")
	}
	return l
}

// restored is what an instance does: put the image back, and take the size back too.
func restored(t interface{ Fatal(...any) }, l *linear) []byte {
	if err := l.restore(); err != nil {
		t.Fatal(err)
	}
	return l.Reallocate(uint64(l.pinned))
}

func TestMemoryIsWhatWasPinned(t *testing.T) {
	memories(t, func(t *testing.T, pages *pagemap) {
		rapid.Check(t, func(t *rapid.T) {
			most := 200
			size := rapid.IntRange(0, 150).Draw(t, "size")
			l := grown(t, pages, size*page, most*page)
			defer func() {
				if err := l.release(); err != nil {
					t.Fatal(err)
				}
			}()
			var image []byte
			write := func() {
				for range rapid.IntRange(0, 20).Draw(t, "writes") {
					if size > 0 {
						l.space[rapid.IntRange(0, size*page-1).Draw(t, "at")] = rapid.Byte().Draw(t, "byte")
					}
				}
			}
			write()
			for range rapid.IntRange(1, 15).Draw(t, "steps") {
				switch rapid.SampledFrom([]string{"write", "grow", "fill", "pin", "restore"}).Draw(t, "step") {
				case "write":
					write()
				case "grow":
					next := rapid.IntRange(size, most).Draw(t, "next")
					before := size * page
					view := l.Reallocate(uint64(next * page))
					if size = next; !zero(view[before:]) {
						t.Fatal("memory that has grown is not zero")
					}
				case "fill":
					for at := 0; at < size*page; at += 1000 {
						l.space[at] = 0xfe
					}
				case "pin":
					if err := l.pin(); err != nil {
						t.Fatal(err)
					}
					image = bytes.Clone(l.space[:l.size])
				case "restore":
					if image == nil {
						continue
					}
					if got := restored(t, l); !bytes.Equal(got, image) {
						t.Fatal("not the image")
					}
					size = len(image) / page
				}
			}
		})
	})
}

func zero(b []byte) bool { return len(bytes.Trim(b, "\x00")) == 0 }

func TestMemoryBeyondItsBounds(t *testing.T) {
	memories(t, func(t *testing.T, pages *pagemap) {
		l := grown(t, pages, page, 3*page)
		if l.Reallocate(4*page) != nil || l.Reallocate(1<<40) != nil {
			t.Error("a memory grew beyond what it may")
		}
		if view := l.Reallocate(3 * page); len(view) != 3*page || cap(view) != 3*page {
			t.Errorf("%d bytes, room for %d", len(view), cap(view))
		}
		if err := l.release(); err != nil {
			t.Fatal(err)
		}
		if err := l.release(); err != nil {
			t.Errorf("released twice: %v", err)
		}
	})
}

// BenchmarkRestore touches 64 KiB, spread over the memory, and puts the image back. The touching after a restore is in the
// figure too, since a restore may leave faults to it.
func BenchmarkRestore(b *testing.B) {
	for _, size := range []int{1, 4, 16, 100, 256, 1024} {
		b.Run(fmt.Sprintf("%dKiB", size*64), func(b *testing.B) {
			pages := openPagemap()
			defer pages.close()
			l := grown(b, pages, size*page, size*page)
			defer l.release()
			for k := range l.space {
				l.space[k] = byte(k)
			}
			if err := l.pin(); err != nil {
				b.Fatal(err)
			}
			stride := len(l.space) / 16
			b.ReportAllocs()
			for b.Loop() {
				for k := range 16 {
					l.space[k*stride]++
				}
				if err := l.restore(); err != nil {
					b.Fatal(err)
				}
			}
			if l.space[stride] != byte(stride) {
				b.Fatal("not restored")
			}
		})
	}
}
