package commitlog

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/weir-stream/weir/fluvio/record"
)

// known describes what a log knows of its writers, in the order of their last appends.
func known(l *Log) string {
	var b strings.Builder
	for e := l.writers.used.Front(); e != nil; e = e.Next() {
		w := e.Value.(*writer)
		fmt.Fprintf(&b, "%d from %d at %d to %d;", w.id, w.start, w.begin, w.next())
	}
	return b.String()
}

// die ends a log as the death of its process does: nothing is finished.
func die(l *Log) { _ = closeAll(l.segs) }

func snapshots(t testing.TB, dir string) []string {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(dir, "*.writers*"))
	if err != nil {
		t.Fatal(err)
	}
	return files // oldest first
}

func TestWritersSurviveRestartsAndRetention(t *testing.T) {
	size := int64(len(numbered(0, 0, 1)))
	cfg := Config{SegmentBytes: 10 * size, MaxBytes: 20 * size, snapshotBytes: 35 * size}
	for _, tc := range []struct {
		name   string
		damage func(t *testing.T, dir string)
		want   string // all, or what of it is still in the log
	}{
		{"killed", func(*testing.T, string) {}, "all"},
		{"killed while a snapshot was written", func(t *testing.T, dir string) {
			if err := os.WriteFile(snapshotPath(dir, 90)+temporarySuffix, []byte(writersMagic), 0o644); err != nil {
				t.Fatal(err)
			}
		}, "all"},
		{"a snapshot from behind the end", func(t *testing.T, dir string) {
			w := newWriters(Config{}.withDefaults())
			w.note(record.Sequence{Writer: 77, Ordinal: 5}, 1, 500, 0)
			if err := w.writeSnapshot(dir, 1000, false); err != nil {
				t.Fatal(err)
			}
		}, "all"},
		{"the newest snapshot is torn", func(t *testing.T, dir string) {
			files := snapshots(t, dir)
			if err := os.Truncate(files[len(files)-1], 50); err != nil {
				t.Fatal(err)
			}
		}, "retained"},
		{"the newest snapshot is changed", func(t *testing.T, dir string) {
			files := snapshots(t, dir)
			if err := flip(files[len(files)-1], writersHeaderSize+9); err != nil {
				t.Fatal(err)
			}
		}, "retained"},
		{"no snapshot", func(t *testing.T, dir string) {
			for _, f := range snapshots(t, dir) {
				if err := os.Remove(f); err != nil {
					t.Fatal(err)
				}
			}
		}, "retained"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			dir := t.TempDir()
			l := open(t, dir, cfg)
			mustAppend(t, l, numbered(7, 50, 1)) // never again: only snapshots tell of it once it is removed
			for i := range int64(99) {
				mustAppend(t, l, numbered(1, i, 1))
			}
			mustAppend(t, l, numbered(2, 0, 1))
			if n, err := l.Clean(); err != nil || n == 0 {
				t.Fatal(n, err)
			}
			if n := len(snapshots(t, dir)); n < 1 || n > keptSnapshots {
				t.Fatalf("%d snapshots", n)
			}
			for i := range int64(5) {
				mustAppend(t, l, numbered(2, 1+i, 1))
			}
			want := known(l)
			start, _ := l.Bounds()
			die(l)
			tc.damage(t, dir)
			l = open(t, dir, cfg)
			if tc.want == "retained" {
				want = fmt.Sprintf("1 from %d at %d to 99;2 from 0 at 100 to 6;", start-1, start)
			}
			if got := known(l); got != want {
				t.Errorf("got  %s\nwant %s", got, want)
			}
			for _, f := range snapshots(t, dir) {
				if strings.HasSuffix(f, temporarySuffix) || f > snapshotPath(dir, 106) {
					t.Errorf("%s is still there", f)
				}
			}
			if got := try(t, l, numbered(2, 6, 1)); got != appended(106) {
				t.Errorf("%+v", got)
			}
		})
	}
}

// Snapshots come every so often, but always before retention removes what only the log tells.
func TestRetentionWaitsForASnapshot(t *testing.T) {
	dir := t.TempDir()
	cfg := Config{SegmentBytes: 100, MaxBytes: 200}
	l := open(t, dir, cfg)
	for w := range int64(10) {
		mustAppend(t, l, numbered(w, 5, 1))
	}
	if n, err := l.Clean(); err != nil || n == 0 {
		t.Fatal(n, err)
	}
	want := known(l)
	die(l)
	if l = open(t, dir, cfg); known(l) != want {
		t.Errorf("got  %s\nwant %s", known(l), want)
	}
}

// A loss of power may take batches that a snapshot has counted. Others get their offsets; the snapshot must not speak for those.
func TestSnapshotOfLostBatchesIsRemoved(t *testing.T) {
	dir := t.TempDir()
	cfg := Config{snapshotBytes: 1}
	l := open(t, dir, cfg)
	for i := range int64(4) {
		mustAppend(t, l, numbered(1, i, 1))
	}
	die(l)
	size := int64(len(numbered(1, 0, 1)))
	if err := os.Truncate(segmentPath(dir, 0), 2*size); err != nil {
		t.Fatal(err)
	}
	l = open(t, dir, Config{})
	for i := range int64(2) {
		if got := try(t, l, numbered(1, 2+i, 1)); got != appended(2+i) {
			t.Fatalf("%+v", got)
		}
	}
	mustAppend(t, l, numbered(3, 0, 1))
	want := known(l)
	die(l)
	if l = open(t, dir, Config{}); known(l) != want {
		t.Errorf("got  %s\nwant %s", known(l), want)
	}
}

// A log of before there were producer sequences, or snapshots, has its headers walked once.
func TestSnapshotsBoundTheWalk(t *testing.T) {
	dir := t.TempDir()
	l := open(t, dir, Config{})
	for i := range int64(50) {
		mustAppend(t, l, numbered(1, i, 1))
	}
	die(l)
	size := int64(len(numbered(1, 0, 1)))
	l = open(t, dir, Config{snapshotBytes: 20 * size})
	if l.unsaved != 0 || l.savedUpTo() != 50 {
		t.Errorf("%d bytes walked and not saved, snapshot at %d", l.unsaved, l.savedUpTo())
	}
	for i := range int64(10) {
		mustAppend(t, l, numbered(1, 50+i, 1))
	}
	die(l)
	if l = open(t, dir, Config{}); l.unsaved != 10*size {
		t.Errorf("%d bytes walked, want %d", l.unsaved, 10*size)
	}
}

func TestAgeOfWritersSurvivesARestart(t *testing.T) {
	now := time.Now()
	dir, cfg := t.TempDir(), Config{WriterRetention: time.Hour, snapshotBytes: 1, Now: func() time.Time { return now }}
	l := open(t, dir, cfg)
	mustAppend(t, l, numbered(1, 0, 1))
	now = now.Add(50 * time.Minute)
	mustAppend(t, l, numbered(2, 0, 1))
	die(l)
	now = now.Add(20 * time.Minute)
	if l = open(t, dir, cfg); known(l) != "2 from 0 at 1 to 1;" {
		t.Errorf("%s", known(l))
	}
}

// event is a batch in the log, for the model: what is known of the writers is a function of the batches in their order.
type event struct {
	writer, ordinal, count, offset, size int64 // writer -1: no sequence
}

// past is what the model knows of a writer.
type past struct {
	id, start, next int64
	at              map[int64]int64 // offsets by ordinal
}

// fold tells the writers after events, by the last append, of which max are remembered.
func fold(events []event, max int) (all []*past) {
	for _, e := range events {
		if e.writer < 0 {
			continue
		}
		var p *past
		for i, known := range all {
			if known.id == e.writer {
				p = known
				all = append(all[:i:i], all[i+1:]...)
				break
			}
		}
		if p == nil || p.next != e.ordinal {
			p = &past{id: e.writer, start: e.ordinal, next: e.ordinal, at: map[int64]int64{}}
		}
		for i := range e.count {
			p.at[e.ordinal+i] = e.offset + i
		}
		p.next += e.count
		if all = append(all, p); len(all) > max {
			all = all[1:]
		}
	}
	return all
}

func find(all []*past, id int64) *past {
	for _, p := range all {
		if p.id == id {
			return p
		}
	}
	return nil
}

// verdict is what the rules say about a set: fresh, or stored at the offset, or refused with what the first writer that does not continue wants.
func verdict(all []*past, set []event) (fresh bool, want outcome) {
	next, first := map[int64]int64{}, map[int64]int64{}
	allNext, allStored := true, true
	var complaint *outcome
	for _, e := range set {
		if e.writer < 0 {
			allStored = false
			continue
		}
		p := find(all, e.writer)
		if _, ok := next[e.writer]; !ok {
			next[e.writer] = e.ordinal
			if p != nil {
				next[e.writer] = p.next
			}
			first[e.writer] = next[e.writer]
		}
		allStored = allStored && p != nil && e.ordinal >= p.start && e.ordinal+e.count <= p.next
		if e.ordinal == next[e.writer] {
			next[e.writer] += e.count
			continue
		}
		allNext = false
		if complaint == nil {
			o := refused(e.writer, first[e.writer])
			complaint = &o
		}
	}
	if allNext {
		return true, outcome{}
	}
	if !allStored {
		return false, *complaint
	}
	base := find(all, set[0].writer).at[set[0].ordinal]
	at := base
	for _, e := range set {
		for i := range e.count {
			if find(all, e.writer).at[e.ordinal+i] != at {
				return false, *complaint
			}
			at++
		}
	}
	return false, appended(base)
}

func TestSequencesMatchTheirModel(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		dir, err := os.MkdirTemp("", "sequences")
		if err != nil {
			t.Fatal(err)
		}
		defer os.RemoveAll(dir)
		cfg := Config{
			SegmentBytes:    rapid.Int64Range(100, 3000).Draw(t, "segment"),
			MaxBytes:        rapid.Int64Range(500, 8000).Draw(t, "max"),
			MaxWriters:      rapid.IntRange(1, 5).Draw(t, "writers"),
			WriterRetention: 1 << 62,
			Files:           NewFiles(rapid.IntRange(1, 3).Draw(t, "files")),
			Logger:          quiet(),
			snapshotBytes:   rapid.Int64Range(1, 1500).Draw(t, "snapshot"),
		}
		l, err := Open(dir, cfg)
		if err != nil {
			t.Fatal(err)
		}
		defer func() { _ = l.Close() }()
		var (
			log  []event // all that was ever appended and not lost
			from int     // the first that the log's knowledge rests on
		)
		end := func() int64 {
			if len(log) == 0 {
				return 0
			}
			return log[len(log)-1].offset + log[len(log)-1].count
		}
		reopen := func(t *rapid.T) {
			usable, start := false, l.segs[0].base
			offsets, _ := snapshotOffsets(dir)
			for _, at := range offsets {
				usable = usable || at >= start && at <= end() && newWriters(cfg).readSnapshot(dir, at)
			}
			if l, err = Open(dir, cfg); err != nil {
				t.Fatal(err)
			}
			if !usable {
				from = 0
				for from < len(log) && log[from].offset < start {
					from++
				}
			}
		}
		draw := func(t *rapid.T) (set []byte, events []event) {
			all := fold(log[from:], cfg.MaxWriters)
			at := end()
			seen := map[int64]int64{}
			for range rapid.IntRange(1, 3).Draw(t, "batches") {
				e := event{writer: rapid.Int64Range(-1, 5).Draw(t, "writer"), count: rapid.Int64Range(1, 4).Draw(t, "records"), offset: at}
				var b []byte
				if e.writer < 0 {
					b = batch(int(e.count), 3, 'u')
				} else {
					next, ok := seen[e.writer]
					if p := find(all, e.writer); !ok && p != nil {
						next = p.next
					}
					switch rapid.IntRange(0, 9).Draw(t, "kind") {
					case 0:
						next += rapid.Int64Range(-3, 3).Draw(t, "off")
					case 1, 2, 3:
						next -= rapid.Int64Range(0, 40).Draw(t, "back")
					}
					e.ordinal = max(0, next)
					seen[e.writer] = e.ordinal + e.count
					b = numbered(e.writer, e.ordinal, int(e.count))
				}
				e.size = int64(len(b))
				at += e.count
				set, events = append(set, b...), append(events, e)
			}
			return set, events
		}
		check := func(t *rapid.T, set []byte, events []event) {
			fresh, want := verdict(fold(log[from:], cfg.MaxWriters), events)
			start, before := l.Bounds()
			base, _, err := l.Append(bytes.Clone(set))
			var got outcome
			if s, ok := err.(*SequenceError); ok {
				got = refused(s.Writer, s.Expected)
			} else if err != nil {
				t.Fatal(err)
			} else {
				got = appended(base)
			}
			if fresh {
				if got != appended(end()) {
					t.Fatalf("%+v: %+v, want it appended at %d", events, got, end())
				}
				log = append(log, events...)
				return
			}
			// Of what retention has removed the offset need not be known.
			gone := !want.refused && want.offset < start && got.refused && got.writer == events[0].writer
			if got != want && !gone {
				t.Fatalf("%+v: %+v, want %+v", events, got, want)
			}
			if _, after := l.Bounds(); after != before {
				t.Fatalf("%+v: something was appended", events)
			}
		}
		t.Repeat(map[string]func(*rapid.T){
			"append": func(t *rapid.T) {
				set, events := draw(t)
				check(t, set, events)
			},
			"append in turns": func(t *rapid.T) {
				for range 10 {
					set, events := draw(t)
					check(t, set, events)
				}
			},
			"repeat": func(t *rapid.T) {
				if len(log) == 0 {
					return
				}
				i := rapid.IntRange(0, len(log)-1).Draw(t, "first")
				var (
					set    []byte
					events []event
				)
				for _, e := range log[i:min(len(log), i+rapid.IntRange(1, 3).Draw(t, "n"))] {
					if e.writer < 0 {
						break
					}
					cut := rapid.Int64Range(0, e.count-1).Draw(t, "cut")
					if cut > 0 {
						set = append(set, numbered(e.writer, e.ordinal, int(cut))...)
						events = append(events, event{writer: e.writer, ordinal: e.ordinal, count: cut})
					}
					set = append(set, numbered(e.writer, e.ordinal+cut, int(e.count-cut))...)
					events = append(events, event{writer: e.writer, ordinal: e.ordinal + cut, count: e.count - cut})
				}
				at, size := end(), int64(len(numbered(0, 0, 1)))
				for i := range events {
					events[i].offset, events[i].size = at, size
					at += events[i].count
				}
				if len(set) > 0 {
					check(t, set, events)
				}
			},
			"clean": func(t *rapid.T) {
				if _, err := l.Clean(); err != nil {
					t.Fatal(err)
				}
			},
			"close": func(t *rapid.T) {
				if err := l.Close(); err != nil {
					t.Fatal(err)
				}
				reopen(t)
			},
			"die in the middle of a write": func(t *rapid.T) {
				set, events := draw(t)
				if fresh, _ := verdict(fold(log[from:], cfg.MaxWriters), events); !fresh {
					return
				}
				stamp(set, end())
				n := rapid.IntRange(0, len(set)).Draw(t, "written")
				if _, err := l.tail.WriteAt(set[:n], l.segs[len(l.segs)-1].size); err != nil {
					t.Fatal(err)
				}
				die(l)
				for _, e := range events {
					if n -= int(e.size); n < 0 {
						break
					}
					log = append(log, e)
				}
				reopen(t)
			},
			"lose power": func(t *rapid.T) {
				die(l)
				s := l.segs[len(l.segs)-1]
				kept := rapid.Int64Range(0, s.size).Draw(t, "kept")
				if err := os.Truncate(s.path, kept); err != nil {
					t.Fatal(err)
				}
				for i, e := range log {
					if e.offset < s.base {
						continue
					}
					if kept -= e.size; kept < 0 {
						log = log[:i]
						break
					}
				}
				if files, _ := filepath.Glob(filepath.Join(dir, "*"+writersSuffix)); len(files) > 0 && rapid.Bool().Draw(t, "torn snapshot") {
					if err := os.Truncate(files[len(files)-1], 30); err != nil {
						t.Fatal(err)
					}
				}
				reopen(t)
			},
			"": func(t *rapid.T) {
				if _, e := l.Bounds(); e != end() {
					t.Fatalf("log ends at %d, model at %d", e, end())
				}
				var want strings.Builder
				for _, p := range fold(log[from:], cfg.MaxWriters) {
					fmt.Fprintf(&want, "%d from %d at %d to %d;", p.id, p.start, p.at[p.start], p.next)
				}
				if known(l) != want.String() {
					t.Fatalf("known %s\nmodel %s", known(l), want.String())
				}
			},
		})
	})
}
