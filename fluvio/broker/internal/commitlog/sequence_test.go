package commitlog

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"math"
	"testing"
	"time"

	"github.com/weir-stream/weir/fluvio/record"
)

// numbered makes a batch of n records whose first has the ordinal, with 8 bytes of filling or as many as size says.
func numbered(writer, ordinal int64, n int, size ...int) []byte {
	b := batch(n, append(size, 8)[0], 'x')
	binary.BigEndian.PutUint64(b[posProducer:], uint64(writer))
	binary.BigEndian.PutUint16(b[posEpoch:], uint16(ordinal>>32))
	binary.BigEndian.PutUint32(b[posSequence:], uint32(ordinal))
	seal(b)
	return b
}

func join(batches ...[]byte) []byte { return bytes.Join(batches, nil) }

// outcome is what Append answered: an offset, or the ordinal that it wants.
type outcome struct {
	offset  int64
	want    int64
	writer  int64
	refused bool
}

func appended(offset int64) outcome { return outcome{offset: offset} }
func refused(writer, want int64) outcome {
	return outcome{writer: writer, want: want, refused: true}
}

func try(t testing.TB, l *Log, set []byte) outcome {
	t.Helper()
	offset, _, err := l.Append(bytes.Clone(set))
	var sequence *SequenceError
	switch {
	case err == nil:
		return appended(offset)
	case errors.As(err, &sequence):
		return refused(sequence.Writer, sequence.Expected)
	}
	t.Fatal(err)
	return outcome{}
}

func TestSequencedSets(t *testing.T) {
	const a, b, c = 1, 2, math.MaxInt64
	before := [][]byte{ // offsets 0 to 11
		numbered(a, 100, 3),
		join(numbered(b, 0, 2), batch(1, 5, 'u'), numbered(b, 2, 1)),
		numbered(a, 103, 2),
		join(numbered(a, 105, 1), numbered(a, 106, 2)),
	}
	for _, tc := range []struct {
		name string
		set  []byte
		want outcome
		end  int64
	}{
		{"the next", numbered(a, 108, 4), appended(12), 16},
		{"the next in two batches", join(numbered(a, 108, 1), numbered(a, 109, 2)), appended(12), 15},
		{"the next of two writers, in turns", join(numbered(a, 108, 1), numbered(b, 3, 2), numbered(a, 109, 1), numbered(b, 5, 1)), appended(12), 17},
		{"an unknown writer in the middle of its sequence", numbered(c, 1<<40, 2), appended(12), 14},
		{"an unknown writer in two batches", join(numbered(c, 7, 2), numbered(c, 9, 2)), appended(12), 16},
		{"with batches that have no sequence", join(batch(1, 1, 'n'), numbered(a, 108, 1), batch(1, 1, 'n')), appended(12), 15},
		{"the last ordinals", numbered(c, record.MaxOrdinal-1, 2), appended(12), 14},

		{"the first batch again", before[0], appended(0), 12},
		{"the last set again", before[3], appended(9), 12},
		{"a part of a batch again", numbered(a, 101, 1), appended(1), 12},
		{"cut otherwise", join(numbered(a, 103, 1), numbered(a, 104, 3), numbered(a, 107, 1)), appended(7), 12},
		{"two writers again that follow each other", join(numbered(b, 2, 1), numbered(a, 103, 1)), appended(6), 12},

		{"again, but not together in the log", numbered(a, 102, 2), refused(a, 108), 12},
		{"again in another order", join(numbered(a, 105, 1), numbered(a, 103, 1)), refused(a, 108), 12},
		{"a set that had a batch without a sequence", before[1], refused(b, 3), 12},
		{"a gap", numbered(a, 109, 1), refused(a, 108), 12},
		{"an overlap", numbered(a, 107, 2), refused(a, 108), 12},
		{"before the first that is known", numbered(a, 99, 1), refused(a, 108), 12},
		{"an overlap with the first that is known", numbered(a, 99, 2), refused(a, 108), 12},
		{"stored, then the next", join(numbered(a, 106, 2), numbered(a, 108, 1)), refused(a, 108), 12},
		{"the next, then stored", join(numbered(a, 108, 1), numbered(b, 0, 1)), refused(b, 3), 12},
		{"the next twice", join(numbered(a, 108, 1), numbered(a, 108, 1)), refused(a, 108), 12},
		{"a gap in the set", join(numbered(a, 108, 1), numbered(b, 3, 1), numbered(a, 110, 1)), refused(a, 108), 12},
		{"an unknown writer with a gap", join(numbered(c, 7, 2), numbered(c, 10, 2)), refused(c, 7), 12},
		{"a gap behind what is good", join(numbered(b, 3, 1), batch(1, 0, 0), numbered(a, 0, 1)), refused(a, 108), 12},
	} {
		t.Run(tc.name, func(t *testing.T) {
			for _, reopened := range []bool{false, true} {
				dir := t.TempDir()
				l := open(t, dir, Config{})
				for _, set := range before {
					mustAppend(t, l, bytes.Clone(set))
				}
				if reopened {
					_ = closeAll(l.segs)
					l = open(t, dir, Config{})
				}
				size := l.Size()
				if got := try(t, l, tc.set); got != tc.want {
					t.Fatalf("reopened %v: %+v, want %+v", reopened, got, tc.want)
				}
				if _, end := l.Bounds(); end != tc.end || (end == 12) != (l.Size() == size) {
					t.Fatalf("reopened %v: log ends at %d with %d bytes after %d, want %d", reopened, end, l.Size(), size, tc.end)
				}
			}
		})
	}
}

func TestOrdinalsEnd(t *testing.T) {
	l := open(t, t.TempDir(), Config{})
	for _, set := range [][]byte{numbered(1, record.MaxOrdinal, 2), join(numbered(1, 5, 1), numbered(2, record.MaxOrdinal-1, 3))} {
		if _, _, err := l.Append(set); !errors.Is(err, ErrCorruptBatch) {
			t.Errorf("got %v", err)
		}
	}
	if base := mustAppend(t, l, numbered(1, record.MaxOrdinal, 1)); base != 0 {
		t.Errorf("base %d", base)
	}
	if got := try(t, l, numbered(1, 0, 1)); got != refused(1, record.MaxOrdinal+1) {
		t.Errorf("behind the last: %+v", got)
	}
	if l.Size() != int64(len(numbered(1, 0, 1))) {
		t.Error("refused batches are in the log")
	}
}

func TestWritersAreForgotten(t *testing.T) {
	now := time.Unix(1_700_000_000, 0)
	cfg := Config{MaxWriters: 3, WriterRetention: time.Hour, Now: func() time.Time { return now }}
	steps := func(t *testing.T, l *Log, steps map[string]outcome, order ...string) {
		t.Helper()
		for _, step := range order {
			var writer, ordinal int64
			if _, err := fmt.Sscanf(step, "%d@%d", &writer, &ordinal); err != nil {
				t.Fatal(err)
			}
			if got := try(t, l, numbered(writer, ordinal, 1)); got != steps[step] {
				t.Errorf("%s: %+v, want %+v", step, got, steps[step])
			}
		}
	}
	t.Run("over their number", func(t *testing.T) {
		l := open(t, t.TempDir(), cfg)
		for i, w := range []int64{1, 2, 3, 1, 4} { // 4 takes the place of 2
			mustAppend(t, l, numbered(w, map[bool]int64{true: 1}[i == 3], 1))
		}
		steps(t, l, map[string]outcome{"1@1": appended(3), "3@0": appended(2), "4@0": appended(4), "3@5": refused(3, 1),
			"2@70": appended(5), "3@80": appended(6)},
			"1@1", "3@0", "4@0", "3@5", "2@70", "3@80")
	})
	t.Run("over their age", func(t *testing.T) {
		l := open(t, t.TempDir(), cfg)
		mustAppend(t, l, numbered(1, 0, 1))
		now = now.Add(40 * time.Minute)
		mustAppend(t, l, numbered(2, 0, 1))
		now = now.Add(21 * time.Minute)
		steps(t, l, map[string]outcome{"2@0": appended(1), "1@0": appended(2), "1@1": appended(3)}, "2@0", "1@0", "1@1")
	})
	t.Run("what a forgotten writer wrote is never the original", func(t *testing.T) {
		l := open(t, t.TempDir(), Config{MaxWriters: 1})
		mustAppend(t, l, numbered(1, 0, 9)) // 0
		mustAppend(t, l, numbered(2, 0, 1)) // 9
		mustAppend(t, l, numbered(1, 3, 1)) // 10
		if got := try(t, l, numbered(1, 2, 1)); got != refused(1, 4) {
			t.Errorf("an ordinal from before: %+v", got)
		}
		if got := try(t, l, numbered(1, 3, 1)); got != appended(10) {
			t.Errorf("an ordinal from before and after: %+v", got)
		}
		for i := range int64(2 * maxRuns) { // what is looked for in the log
			mustAppend(t, l, batch(1, 0, 0))
			mustAppend(t, l, numbered(1, 4+i, 1))
		}
		if got := try(t, l, numbered(1, 4, 1)); got != appended(12) {
			t.Errorf("an ordinal from before and after, found in the log: %+v", got)
		}
	})
}

// With several writers in turns only the last runs of each are kept; what is older is found in the log.
func TestOriginalOffsetsOfLongAgo(t *testing.T) {
	dir := t.TempDir()
	cfg := Config{SegmentBytes: 8 << 10, MaxBytes: 40 << 10, Files: NewFiles(1)}
	l := open(t, dir, cfg)
	const writers, rounds = 3, 400
	for i := range int64(rounds) {
		for w := range int64(writers) {
			if base := mustAppend(t, l, numbered(w, 2*i, 2)); base != 2*(writers*i+w) {
				t.Fatalf("base %d", base)
			}
		}
	}
	check := func() {
		t.Helper()
		start, _ := l.Bounds()
		for i := range int64(rounds) {
			for w := range int64(writers) {
				base := 2 * (writers*i + w)
				got := try(t, l, numbered(w, 2*i+1, 1))
				if want := appended(base + 1); base+1 >= start && got != want {
					t.Fatalf("writer %d, ordinal %d: %+v, want %+v", w, 2*i+1, got, want)
				} else if got != want && got != refused(w, 2*rounds) {
					t.Fatalf("writer %d, ordinal %d, which is gone: %+v", w, 2*i+1, got)
				}
				if i+1 == rounds {
					continue
				}
				// Two that lie apart have no one offset.
				if got := try(t, l, numbered(w, 2*i+1, 2)); got != refused(w, 2*rounds) {
					t.Fatalf("writer %d, ordinals from %d: %+v", w, 2*i+1, got)
				}
			}
			all := join(numbered(0, 2*i, 2), numbered(1, 2*i, 1), numbered(1, 2*i+1, 1), numbered(2, 2*i, 1))
			if got, base := try(t, l, all), 2*writers*i; base >= start && got != appended(base) {
				t.Fatalf("all writers at %d: %+v", base, got)
			}
		}
	}
	check()
	if removed, err := l.Clean(); err != nil || removed == 0 {
		t.Fatal(removed, err)
	}
	check()
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
	l = open(t, dir, cfg)
	check()
}

// In a large segment the search goes from one index entry to the one before.
func TestOriginalOffsetsInALargeSegment(t *testing.T) {
	l := open(t, t.TempDir(), Config{})
	const rounds = 200
	for i := range int64(rounds) {
		mustAppend(t, l, numbered(1, i, 1, 4<<10))
		mustAppend(t, l, numbered(2, i, 1, 4<<10))
	}
	if len(l.segs[0].index) < 5 {
		t.Fatal("test needs an index")
	}
	for i := range int64(rounds) {
		for w := range int64(2) {
			if got := try(t, l, numbered(1+w, i, 1)); got != appended(2*i+w) {
				t.Errorf("writer %d, ordinal %d: %+v", 1+w, i, got)
			}
		}
	}
}

func TestLookingForAnOriginalIsBounded(t *testing.T) {
	l := open(t, t.TempDir(), Config{})
	mustAppend(t, l, numbered(1, 0, 1))
	between := bytes.Repeat(batch(1, 0, 0), maxSeek/16)
	for i := range int64(maxRuns) {
		for range 32 {
			mustAppend(t, l, bytes.Clone(between))
		}
		mustAppend(t, l, numbered(1, 1+i, 1))
	}
	if got := try(t, l, numbered(1, 0, 1)); got != refused(1, 1+maxRuns) {
		t.Errorf("%+v", got)
	}
	if got := try(t, l, numbered(1, 1, 1)); got != appended(1+2*maxSeek) {
		t.Errorf("%+v", got)
	}
}

func TestRepetitionsNeedNoRoom(t *testing.T) {
	plan := &faultPlan{}
	l := open(t, t.TempDir(), Config{OpenFile: plan.open})
	mustAppend(t, l, numbered(1, 0, 1))
	plan.write = errors.New("no")
	if _, _, err := l.Append(numbered(1, 1, 1)); err == nil {
		t.Fatal("no error")
	}
	if got := try(t, l, numbered(1, 0, 1)); got != appended(0) {
		t.Errorf("%+v", got)
	}
	plan.write = nil
	if got := try(t, l, numbered(1, 1, 1)); got != appended(1) { // what failed was not taken down
		t.Errorf("%+v", got)
	}
}

func TestQuotaOfWriters(t *testing.T) {
	quota := NewQuota(20)
	cfg := Config{Quota: quota}
	one, two := open(t, t.TempDir(), cfg), open(t, t.TempDir(), cfg)
	for w := range int64(50) {
		mustAppend(t, one, numbered(w, 0, 1))
	}
	if n := one.writers.used.Len(); n != 20 {
		t.Errorf("the first log remembers %d", n)
	}
	for w := range int64(50) {
		mustAppend(t, two, numbered(w, 0, 1))
	}
	if n := two.writers.used.Len(); n != quotaFloor {
		t.Errorf("the second log remembers %d", n)
	}
	if got := try(t, two, numbered(49, 0, 1)); got != appended(49) {
		t.Errorf("the newest: %+v", got)
	}
	mustAppend(t, one, numbered(50, 0, 1))
	if n := quota.used.Load(); n != 20+quotaFloor {
		t.Errorf("%d in all", n)
	}
	if err := errors.Join(one.Close(), two.Close()); err != nil || quota.used.Load() != 0 {
		t.Errorf("%d left, %v", quota.used.Load(), err)
	}
}
