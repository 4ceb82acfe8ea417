package commitlog

import (
	"bytes"
	"errors"
	"sync"
	"testing"

	"github.com/weir-stream/weir/fluvio/record"
)

// Writers append, each set twice at the same moment as if an old connection were still delivering, and look now and then for one of long ago.
// Retention, syncs and snapshots go on. Each ordinal is in the log once, and whoever was told an offset was told that one.
func TestHammerSequences(t *testing.T) {
	const writers, sets = 6, 150
	size := int64(len(numbered(0, 0, 1)))
	dir := t.TempDir()
	cfg := Config{SegmentBytes: 30 * size, MaxBytes: 400 * size, Files: NewFiles(2), snapshotBytes: 50 * size}
	l := open(t, dir, cfg)
	var (
		writing, cleaning sync.WaitGroup
		stop              = make(chan struct{})
		told              [writers]map[int64]int64 // offsets by ordinal
	)
	cleaning.Go(func() {
		for {
			select {
			case <-stop:
				return
			default:
			}
			if _, err := l.Clean(); err != nil {
				t.Errorf("clean: %v", err)
			}
			if err := l.Sync(); err != nil {
				t.Errorf("sync: %v", err)
			}
		}
	})
	for w := range int64(writers) {
		told[w] = map[int64]int64{}
		writing.Go(func() { hammerWriter(t, l, w, sets, told[w]) })
	}
	writing.Wait()
	close(stop)
	cleaning.Wait()
	want := known(l)
	check := func() {
		t.Helper()
		at, _ := l.Bounds()
		for set := contents(t, l, 1000); len(set) > 0; {
			b, rest, err := record.Next(set)
			if err != nil {
				t.Fatal(err)
			}
			s, _ := b.Sequence()
			if offset, ok := told[s.Writer][s.Ordinal]; !ok || offset != at || b.BaseOffset() != at {
				t.Fatalf("offset %d holds %+v, which was told to be at %d (%v)", at, s, offset, ok)
			}
			delete(told[s.Writer], s.Ordinal) // once
			at, set = b.NextOffset(), rest
		}
	}
	check()
	die(l)
	if l = open(t, dir, cfg); known(l) != want {
		t.Errorf("restored %s\nwant     %s", known(l), want)
	}
}

// hammerWriter appends sets of one to three batches and notes the offset of each batch.
func hammerWriter(t *testing.T, l *Log, w int64, sets int, told map[int64]int64) {
	next := int64(0)
	for i := range sets {
		var set []byte
		var ordinals []int64
		first := next
		for n := range 1 + i%3 {
			set = append(set, numbered(w, next, 1+n)...)
			ordinals = append(ordinals, next)
			next += int64(1 + n)
		}
		var bases [2]int64
		var both sync.WaitGroup
		for k := range bases {
			mine := bytes.Clone(set)
			both.Go(func() {
				base, _, err := l.Append(mine)
				if err != nil {
					t.Errorf("writer %d at %d: %v", w, first, err)
				}
				bases[k] = base
			})
		}
		both.Wait()
		if bases[0] != bases[1] {
			t.Errorf("writer %d at %d: offsets %v", w, first, bases)
		}
		for _, o := range ordinals {
			told[o] = bases[0] + o - first
		}
		if i%10 == 9 {
			old := ordinals[0] / 2
			for told[old] == 0 && old > 0 { // the batch that holds it
				old--
			}
			base, _, err := l.Append(numbered(w, old, 1))
			var sequence *SequenceError
			if err != nil && !errors.As(err, &sequence) || err == nil && base != told[old] {
				t.Errorf("writer %d, long ago at %d: offset %d, %v", w, old, base, err)
			}
		}
	}
}
