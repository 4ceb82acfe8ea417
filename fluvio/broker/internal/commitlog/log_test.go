package commitlog

import (
	"bytes"
	"encoding/binary"
	"errors"
	"hash/crc32"
	"io"
	"log/slog"
	"os"
	"path/filepath"
	"testing"
	"time"
)

// Positions in a batch that only tests change.
const (
	posCRC       = 17
	posLastDelta = 23
	posProducer  = 43
	posEpoch     = 51
	posSequence  = 53
)

// batch makes an uncompressed record batch of n records with size bytes of filling.
func batch(n, size int, fill byte) []byte {
	b := make([]byte, headerSize+4+size)
	binary.BigEndian.PutUint32(b[posLength:], uint32(len(b)-preambleSize))
	b[posMagic] = magic
	binary.BigEndian.PutUint32(b[posLastDelta:], uint32(n-1))
	binary.BigEndian.PutUint64(b[posProducer:], 0x1122334455667788) // stays as it is
	binary.BigEndian.PutUint16(b[posEpoch:], 0xffff)                // and, without an epoch, is no sequence
	binary.BigEndian.PutUint32(b[headerSize:], uint32(n))
	for i := headerSize + 4; i < len(b); i++ {
		b[i] = fill
	}
	seal(b)
	return b
}

func seal(b []byte) {
	binary.BigEndian.PutUint32(b[posCRC:], crc32.Checksum(b[posAttrs:], castagnoli))
}

func quiet() *slog.Logger { return slog.New(slog.NewTextHandler(io.Discard, nil)) }

func open(t testing.TB, dir string, cfg Config) *Log {
	t.Helper()
	if cfg.Logger == nil {
		cfg.Logger = quiet()
	}
	l, err := Open(dir, cfg)
	if err != nil {
		t.Fatalf("open: %v", err)
	}
	t.Cleanup(func() { _ = l.Close() })
	return l
}

func mustAppend(t testing.TB, l *Log, set []byte) int64 {
	t.Helper()
	base, _, err := l.Append(set)
	if err != nil {
		t.Fatalf("append: %v", err)
	}
	return base
}

// read is Log.Read by a caller who takes a batch of any size.
func read(l *Log, dst []byte, cur *Cursor, offset int64, maxBytes int) ([]byte, int64, error) {
	out, next, err := l.Read(dst, cur, offset, maxBytes)
	var large *LargeBatchError
	if errors.As(err, &large) {
		return l.Read(dst, cur, offset, large.Size)
	}
	return out, next, err
}

// contents reads the whole log from its start.
func contents(t testing.TB, l *Log, maxBytes int) []byte {
	t.Helper()
	var (
		out []byte
		cur Cursor
		err error
	)
	at, end := l.Bounds()
	for at < end {
		if out, at, err = read(l, out, &cur, at, maxBytes); err != nil {
			t.Fatalf("read at %d: %v", at, err)
		}
	}
	return out
}

func TestAppendedBatchesComeBackAsTheyWere(t *testing.T) {
	l := open(t, t.TempDir(), Config{})
	first, second := batch(3, 10, 'a'), append(batch(1, 0, 'b'), batch(2, 5, 'c')...)
	if base := mustAppend(t, l, first); base != 0 {
		t.Errorf("first base offset %d, want 0", base)
	}
	if base := mustAppend(t, l, second); base != 3 {
		t.Errorf("second base offset %d, want 3", base)
	}
	want := append(batch(3, 10, 'a'), append(batch(1, 0, 'b'), batch(2, 5, 'c')...)...)
	stamp(want, 0)
	if got := contents(t, l, 1<<20); !bytes.Equal(got, want) {
		t.Errorf("got  %x\nwant %x", got, want)
	}
	if start, end := l.Bounds(); start != 0 || end != 6 {
		t.Errorf("bounds %d, %d; want 0, 6", start, end)
	}
}

func TestReadKeepsWholeBatches(t *testing.T) {
	l := open(t, t.TempDir(), Config{})
	size := len(batch(2, 43, 'x'))
	for range 5 {
		mustAppend(t, l, batch(2, 43, 'x'))
	}
	for _, tc := range []struct {
		name           string
		offset         int64
		max, batches   int
		wantFirst, end int64
	}{
		{"less than a header", 0, 1, 1, 0, 2},
		{"less than a batch", 0, size - 1, 1, 0, 2},
		{"exactly one", 0, size, 1, 0, 2},
		{"cut in the second", 0, 2*size - 1, 1, 0, 2},
		{"two and a half", 2, 2*size + size/2, 2, 2, 6},
		{"from the middle of a batch", 5, size, 1, 4, 6},
		{"more than there is", 6, 100 * size, 2, 6, 10},
		{"zero", 8, 0, 1, 8, 10},
		{"negative", 8, -4, 1, 8, 10},
	} {
		t.Run(tc.name, func(t *testing.T) {
			prefix := []byte("kept")
			out, next, err := read(l, prefix, new(Cursor), tc.offset, tc.max)
			if err != nil {
				t.Fatal(err)
			}
			if !bytes.HasPrefix(out, prefix) || len(out) != len(prefix)+tc.batches*size || next != tc.end {
				t.Fatalf("got %d bytes, next %d; want %d and %d", len(out)-len(prefix), next, tc.batches*size, tc.end)
			}
			if first := int64(binary.BigEndian.Uint64(out[len(prefix):])); first != tc.wantFirst {
				t.Errorf("first batch at offset %d, want %d", first, tc.wantFirst)
			}
		})
	}
}

// A reader may go on behind where it stopped; an index entry at that place must not bring it back.
func TestReadingOnFurtherAheadBeginsThere(t *testing.T) {
	l := open(t, t.TempDir(), Config{})
	const batches = 40
	b := batch(1, 8<<10, 'x')
	for range batches {
		mustAppend(t, l, bytes.Clone(b))
	}
	for stop := int64(1); stop < batches; stop++ {
		for further := stop; further < batches; further++ {
			var cur Cursor
			if _, next, err := l.Read(nil, &cur, stop-1, len(b)); err != nil || next != stop {
				t.Fatalf("read up to %d: next %d, %v", stop, next, err)
			}
			if _, next, err := l.Read(nil, &cur, further, len(b)); err != nil || next != further+1 {
				t.Fatalf("stopped at %d, read on at %d: next %d, %v", stop, further, next, err)
			}
		}
	}
}

func TestReadOutsideOfTheLog(t *testing.T) {
	l := open(t, t.TempDir(), Config{})
	mustAppend(t, l, batch(2, 0, 'x'))
	if out, next, err := read(l, nil, new(Cursor), 2, 100); len(out) != 0 || next != 2 || err != nil {
		t.Errorf("at the end: %d bytes, next %d, %v", len(out), next, err)
	}
	for _, offset := range []int64{-1, 3} {
		var out *RangeError
		if _, _, err := read(l, nil, new(Cursor), offset, 100); !errors.As(err, &out) || out.Start != 0 || out.End != 2 {
			t.Errorf("at %d: %v", offset, err)
		}
	}
}

func TestAppendRefusesWhatIsNoBatch(t *testing.T) {
	change := func(at int, with byte) []byte { b := batch(2, 20, 'x'); b[at] ^= with; return b }
	sealed := func(f func(b []byte)) []byte { b := batch(2, 20, 'x'); f(b); seal(b); return b }
	for _, tc := range []struct {
		name string
		set  []byte
		want error
	}{
		{"nothing", nil, ErrCorruptBatch},
		{"a cut header", batch(1, 0, 0)[:headerSize-1], ErrCorruptBatch},
		{"cut records", batch(1, 9, 0)[:headerSize+5], ErrCorruptBatch},
		{"rubbish behind", append(batch(1, 0, 0), 1, 2, 3), ErrCorruptBatch},
		{"wrong checksum", change(headerSize+6, 1), ErrCorruptBatch},
		{"wrong checksum in the second", append(batch(1, 0, 0), change(posCRC, 1)...), ErrCorruptBatch},
		{"wrong magic", change(posMagic, 1), ErrCorruptBatch},
		{"negative length", change(posLength, 0x80), ErrCorruptBatch},
		{"last offset delta -1", sealed(func(b []byte) { binary.BigEndian.PutUint32(b[posLastDelta:], 0xffffffff) }), ErrCorruptBatch},
		{"last offset delta beyond the count", sealed(func(b []byte) { binary.BigEndian.PutUint32(b[posLastDelta:], 2) }), ErrCorruptBatch},
		{"last offset delta huge, compressed", sealed(func(b []byte) {
			b[posAttrs+1] = 1
			binary.BigEndian.PutUint32(b[posLastDelta:], maxBatchRecords)
		}), ErrCorruptBatch},
		{"too large", batch(1, 1000, 0), ErrBatchTooLarge},
	} {
		t.Run(tc.name, func(t *testing.T) {
			dir := t.TempDir()
			l := open(t, dir, Config{MaxBatchBytes: 500})
			if _, _, err := l.Append(tc.set); !errors.Is(err, tc.want) {
				t.Fatalf("got %v, want %v", err, tc.want)
			}
			if l.Size() != 0 {
				t.Error("something was stored")
			}
		})
	}
	t.Run("larger than a segment", func(t *testing.T) {
		l := open(t, t.TempDir(), Config{SegmentBytes: 500})
		if _, _, err := l.Append(batch(1, 1000, 0)); !errors.Is(err, ErrBatchTooLarge) {
			t.Fatal(err)
		}
	})
}

func TestOffsetsRunOut(t *testing.T) {
	dir := t.TempDir()
	if err := os.WriteFile(segmentPath(dir, 1<<63-3), nil, 0o644); err != nil {
		t.Fatal(err)
	}
	l := open(t, dir, Config{})
	mustAppend(t, l, batch(2, 0, 0))
	if _, _, err := l.Append(batch(1, 0, 0)); !errors.Is(err, ErrCorruptBatch) {
		t.Fatalf("an offset beyond the largest was given out: %v", err)
	}
}

func TestSegmentsRollAndReopen(t *testing.T) {
	dir := t.TempDir()
	size := len(batch(1, 30, 0))
	cfg := Config{SegmentBytes: int64(3*size + 1), Logger: quiet()}
	l := open(t, dir, cfg)
	for i := range 10 {
		mustAppend(t, l, batch(1, 30, byte(i)))
	}
	// An append that is larger than a segment stays in one piece.
	mustAppend(t, l, bytes.Repeat(batch(1, 30, 10), 5))
	want := contents(t, l, 1)
	if len(want) != 15*size || len(l.segs) != 5 {
		t.Fatalf("%d bytes in %d segments", len(want), len(l.segs))
	}
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
	for _, change := range []struct {
		name string
		do   func(path string) error
	}{
		{"as it was", func(string) error { return nil }},
		{"an index is absent", os.Remove},
		{"an index is torn", func(p string) error { return os.Truncate(p, 20) }},
		{"an index is empty", func(p string) error { return os.Truncate(p, 0) }},
		{"an index is another's", func(p string) error {
			return writeIndex(&segment{path: segmentPath(dir, 3), base: 3}, int64(2*size), 5, nil)
		}},
	} {
		t.Run(change.name, func(t *testing.T) {
			if err := change.do(indexPath(segmentPath(dir, 3))); err != nil {
				t.Fatal(err)
			}
			l := open(t, dir, cfg)
			if got := contents(t, l, size); !bytes.Equal(got, want) {
				t.Error("contents differ")
			}
			if err := l.Close(); err != nil {
				t.Fatal(err)
			}
			if !readIndex(&segment{path: segmentPath(dir, 3), base: 3, size: int64(3 * size)}) {
				t.Error("the index was not made again")
			}
		})
	}
}

// A lookup must not believe an index that passes its own checksum and is wrong all the same.
func TestWrongIndexIsNotTrusted(t *testing.T) {
	dir := t.TempDir()
	cfg := Config{SegmentBytes: 1 << 20, Logger: quiet()}
	l := open(t, dir, cfg)
	for range 60 {
		mustAppend(t, l, batch(1, 20_000, 'x'))
	}
	if len(l.segs) < 2 || len(l.segs[0].index) < 5 {
		t.Fatal("test needs an index")
	}
	s := l.segs[0]
	for i := range s.index {
		s.index[i].pos += 7
	}
	if err := writeIndex(s, s.size, s.end, s.index); err != nil {
		t.Fatal(err)
	}
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
	l = open(t, dir, cfg)
	for offset := range int64(60) {
		out, next, err := read(l, nil, new(Cursor), offset, 1)
		if err != nil || next != offset+1 || int64(binary.BigEndian.Uint64(out)) != offset {
			t.Fatalf("offset %d: next %d, %v", offset, next, err)
		}
	}
}

func TestRetentionByAgeAndSize(t *testing.T) {
	dir := t.TempDir()
	size := int64(len(batch(1, 30, 0)))
	now := time.Now()
	cfg := Config{SegmentBytes: size, MaxBytes: 4 * size, Retention: time.Hour, Now: func() time.Time { return now }}
	l := open(t, dir, cfg)
	clean := func(want int, wantStart int64) {
		t.Helper()
		removed, err := l.Clean()
		if err != nil || removed != want {
			t.Fatalf("removed %d, %v; want %d", removed, err, want)
		}
		if start, _ := l.Bounds(); start != wantStart {
			t.Fatalf("log starts at %d, want %d", start, wantStart)
		}
	}
	for range 3 {
		mustAppend(t, l, batch(1, 30, 'x'))
	}
	clean(0, 0)
	now = now.Add(30 * time.Minute)
	var reader Cursor
	if _, _, err := read(l, nil, &reader, 0, 1); err != nil {
		t.Fatal(err)
	}
	for range 3 {
		mustAppend(t, l, batch(1, 30, 'y'))
	}
	clean(2, 2) // six segments, four may stay
	now = now.Add(31 * time.Minute)
	clean(1, 3) // one more of the first three is over an hour old now
	var gone *RangeError
	if _, _, err := read(l, nil, &reader, 1, 1); !errors.As(err, &gone) || gone.Start != 3 {
		t.Errorf("read of what is gone: %v", err)
	}
	now = now.Add(24 * time.Hour)
	clean(2, 5)                                                                // the one that is written to stays
	if left, _ := filepath.Glob(filepath.Join(dir, "*[^s]")); len(left) != 1 { // but for snapshots of writers
		t.Errorf("left over: %v", left)
	}
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
	l = open(t, dir, cfg)
	if start, end := l.Bounds(); start != 5 || end != 6 {
		t.Errorf("reopened: %d to %d", start, end)
	}
}

func TestGrownWakes(t *testing.T) {
	l := open(t, t.TempDir(), Config{})
	waiting := l.Grown(0)
	select {
	case <-waiting:
		t.Fatal("woken with nothing to read")
	default:
	}
	mustAppend(t, l, batch(1, 0, 0))
	<-waiting
	<-l.Grown(0)
	waiting = l.Grown(1)
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
	<-waiting
	if _, _, err := l.Append(batch(1, 0, 0)); !errors.Is(err, ErrClosed) {
		t.Errorf("append after close: %v", err)
	}
	if _, _, err := read(l, nil, new(Cursor), 0, 1); !errors.Is(err, ErrClosed) {
		t.Errorf("read after close: %v", err)
	}
	if err := l.Close(); err != nil {
		t.Errorf("second close: %v", err)
	}
}
