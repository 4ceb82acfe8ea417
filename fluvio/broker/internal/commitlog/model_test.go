package commitlog

import (
	"bytes"
	"errors"
	"os"
	"testing"
	"time"

	"pgregory.net/rapid"
)

// model is the log as a list of batches in memory.
type model struct {
	batches [][]byte // stamped
	bases   []int64
	end     int64
}

func (m *model) append(set []byte) {
	for len(set) > 0 {
		h, _ := parseHeader(set)
		m.batches = append(m.batches, set[:h.size])
		m.bases = append(m.bases, h.base)
		m.end = h.end()
		set = set[h.size:]
	}
}

// dropBefore forgets what retention removed.
func (m *model) dropBefore(start int64) {
	for len(m.bases) > 0 && m.bases[0] < start {
		m.batches, m.bases = m.batches[1:], m.bases[1:]
	}
}

// batchOf returns which batch holds offset.
func (m *model) batchOf(offset int64) int {
	i := len(m.bases) - 1
	for m.bases[i] > offset {
		i--
	}
	return i
}

func TestLogMatchesItsModel(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		dir, err := os.MkdirTemp("", "commitlog")
		if err != nil {
			t.Fatal(err)
		}
		defer os.RemoveAll(dir)
		now := time.Unix(1_700_000_000, 0)
		plan := &faultPlan{quick: true}
		cfg := Config{
			SegmentBytes: rapid.Int64Range(200, 2000).Draw(t, "segment"),
			MaxBytes:     rapid.Int64Range(500, 8000).Draw(t, "max"),
			Retention:    time.Minute,
			SyncEach:     rapid.Bool().Draw(t, "sync"),
			Logger:       quiet(),
			Now:          func() time.Time { return now },
			OpenFile:     plan.open,
		}
		l, err := Open(dir, cfg)
		if err != nil {
			t.Fatal(err)
		}
		defer func() { _ = l.Close() }()
		var (
			m   model
			cur Cursor
			at  int64 // where the sequential reader is
		)
		drawSet := func(t *rapid.T) []byte {
			var set []byte
			for range rapid.IntRange(1, 3).Draw(t, "batches") {
				set = append(set, batch(rapid.IntRange(1, 5).Draw(t, "records"), rapid.IntRange(0, 60).Draw(t, "size"), rapid.Byte().Draw(t, "fill"))...)
			}
			return set
		}
		// check compares one read at offset with the model.
		check := func(t *rapid.T, cur *Cursor, offset int64) int64 {
			limit := rapid.IntRange(0, 600).Draw(t, "limit")
			out, next, err := read(l, nil, cur, offset, limit)
			start, end := l.Bounds()
			var outside *RangeError
			switch {
			case offset < start || offset > end:
				if !errors.As(err, &outside) || outside.Start != start || outside.End != end {
					t.Fatalf("read at %d of [%d, %d): %v", offset, start, end, err)
				}
				return start
			case err != nil:
				t.Fatalf("read at %d: %v", offset, err)
			case offset == end:
				if len(out) != 0 || next != offset {
					t.Fatalf("read at the end: %d bytes, next %d", len(out), next)
				}
				return next
			}
			i := m.batchOf(offset)
			want := bytes.Clone(m.batches[i])
			for i++; len(want) < len(out) && i < len(m.batches); i++ {
				want = append(want, m.batches[i]...)
			}
			if !bytes.Equal(out, want) || len(want) > limit && len(want) > len(m.batches[m.batchOf(offset)]) {
				t.Fatalf("read at %d with limit %d: %d bytes differ from the model's %d", offset, limit, len(out), len(want))
			}
			if i < len(m.bases) && next != m.bases[i] || i == len(m.bases) && next != m.end {
				t.Fatalf("read at %d: next %d", offset, next)
			}
			return next
		}
		t.Repeat(map[string]func(*rapid.T){
			"append": func(t *rapid.T) {
				set := drawSet(t)
				base, _, err := l.Append(set)
				if err != nil || base != m.end {
					t.Fatalf("append: base %d, %v; want %d", base, err, m.end)
				}
				m.append(set)
			},
			"append and fail": func(t *rapid.T) {
				plan.write = errors.New("no")
				_, _, err := l.Append(drawSet(t))
				plan.write = nil
				if err == nil {
					t.Fatal("no error")
				}
			},
			"read on":       func(t *rapid.T) { at = check(t, &cur, at) },
			"read anywhere": func(t *rapid.T) { check(t, new(Cursor), rapid.Int64Range(-1, m.end+1).Draw(t, "offset")) },
			"time passes":   func(t *rapid.T) { now = now.Add(20 * time.Second) },
			"clean": func(t *rapid.T) {
				if _, err := l.Clean(); err != nil {
					t.Fatal(err)
				}
				start, _ := l.Bounds()
				m.dropBefore(start)
			},
			"reopen": func(t *rapid.T) {
				if err := l.Close(); err != nil {
					t.Fatal(err)
				}
				if l, err = Open(dir, cfg); err != nil {
					t.Fatal(err)
				}
				cur = Cursor{}
			},
			"die in the middle of a write": func(t *rapid.T) {
				set := drawSet(t)
				stamp(set, m.end)
				tail := l.segs[len(l.segs)-1]
				n := rapid.IntRange(0, len(set)).Draw(t, "written")
				if _, err := l.tail.WriteAt(set[:n], tail.size); err != nil {
					t.Fatal(err)
				}
				_ = closeAll(l.segs)
				if l, err = Open(dir, cfg); err != nil {
					t.Fatal(err)
				}
				cur = Cursor{}
				// Batches that were written whole survive, though nobody was told.
				for len(set) > 0 {
					h, _ := parseHeader(set)
					if n -= h.size; n < 0 {
						break
					}
					m.append(set[:h.size])
					set = set[h.size:]
				}
			},
			"": func(t *rapid.T) {
				if _, end := l.Bounds(); end != m.end {
					t.Fatalf("log ends at %d, model at %d", end, m.end)
				}
			},
		})
	})
}

// FuzzOpen gives the log a segment file of any bytes: it opens with whole batches, or refuses, and what it opens it can read.
func FuzzOpen(f *testing.F) {
	two := append(batch(1, 3, 'a'), batch(2, 4, 'b')...)
	stamp(two, 0)
	f.Add([]byte{})
	f.Add(two)
	f.Add(two[:len(two)-1])
	f.Add(append(bytes.Clone(two[:60]), two...))
	f.Fuzz(func(t *testing.T, file []byte) {
		dir := t.TempDir()
		if err := os.WriteFile(segmentPath(dir, 0), file, 0o644); err != nil {
			t.Fatal(err)
		}
		l, err := Open(dir, Config{Logger: quiet()})
		if err != nil {
			return
		}
		defer l.Close()
		if got := contents(t, l, 100); !bytes.HasPrefix(file, got) || int64(len(got)) != l.Size() {
			t.Fatalf("read %d bytes of %d", len(got), l.Size())
		}
		if _, _, err := l.Append(batch(1, 0, 0)); err != nil {
			t.Fatal(err)
		}
	})
}

// FuzzIndex gives the parser any bytes: whatever it accepts is ascending and inside of the log.
func FuzzIndex(f *testing.F) {
	f.Add([]byte(indexMagic), int64(100))
	f.Fuzz(func(t *testing.T, b []byte, size int64) {
		x, end, ok := parseIndex(b, 5, size)
		for _, e := range x {
			if !ok || e.pos >= size || e.offset >= end {
				t.Fatalf("%+v in an index of %d bytes that ends at %d", e, size, end)
			}
		}
	})
}
