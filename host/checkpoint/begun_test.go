package checkpoint

import (
	"errors"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/weir-stream/weir/internal/fault"
)

// begin opens the lane late/0, which must be new.
func begin(t *testing.T, d Dir) Lane {
	t.Helper()
	l := open(t, d, "late", 0)
	if c, ok := l.Last(); ok {
		t.Errorf("a new lane has %+v", c)
	}
	return l
}

// wipe removes all of the lane's files, as rm lane-0/* does.
func wipe(t *testing.T, d Dir) {
	t.Helper()
	for _, name := range names(t, d) {
		if err := os.Remove(filepath.Join(d.Path, "late", "lane-0", name)); err != nil {
			t.Fatal(err)
		}
	}
}

func TestALaneWhoseFilesAreGoneIsNotNew(t *testing.T) {
	for name, first := range map[string]func(Lane) error{
		"saved once":  func(l Lane) error { return l.Save(place("late", 0, 5)) },
		"saved twice": func(l Lane) error { return l.SaveTwice(drawn(place("late", 0, 5), 1)) },
	} {
		t.Run(name, func(t *testing.T) {
			d, _ := logged(t)
			for range 2 { // a crash before the first save
				shut(t, begin(t, d))
			}
			l := begin(t, d)
			if err := first(l); err != nil {
				t.Fatal(err)
			}
			shut(t, l)
			lane := filepath.Join(d.Path, "late", "lane-0")
			newest := names(t, d)[0]
			copied, err := os.ReadFile(filepath.Join(lane, newest))
			if err != nil {
				t.Fatal(err)
			}
			wipe(t, d)
			for range 2 {
				_, err := d.Open("late", "flights", 0)
				if !errors.Is(err, ErrDamaged) || fault.Of(err) != fault.Environment {
					t.Fatalf("open: %v, want ErrDamaged of class environment", err)
				}
				for _, want := range []string{"gone from " + lane, "restore", "or remove " + lane + " to start over", "once more"} {
					if !strings.Contains(err.Error(), want) {
						t.Errorf("%v does not say %q", err, want)
					}
				}
			}
			if _, err := d.Rewind("late", 0, 0); !errors.Is(err, ErrDamaged) {
				t.Errorf("rewind: %v, want ErrDamaged", err)
			}
			put(t, d, newest, copied)
			l = open(t, d, "late", 0)
			if c, ok := l.Last(); !ok || c.Next != 5 {
				t.Errorf("of a copy it has %+v, %v", c, ok)
			}
			shut(t, l)
		})
	}
}

func TestALaneWhoseFolderWasRemovedBeginsAnew(t *testing.T) {
	d, _ := logged(t)
	for range 2 {
		l := begin(t, d)
		save(t, l, place("late", 0, 5))
		shut(t, l)
		if err := os.RemoveAll(filepath.Join(d.Path, "late", "lane-0")); err != nil {
			t.Fatal(err)
		}
		if all, err := d.List(); err != nil || len(all) != 0 {
			t.Errorf("listed %+v, %v", all, err)
		}
		if _, err := d.Rewind("late", 0, 3); fault.Of(err) != fault.Input {
			t.Errorf("rewind: %v", err)
		}
		shut(t, begin(t, d)) // and for good: there may be a crash before the first save
		shut(t, begin(t, d))
	}
}

// TestALinkToAFolderThatIsAwayIsNoNewLane: a disk may come back.
func TestALinkToAFolderThatIsAwayIsNoNewLane(t *testing.T) {
	d, _ := logged(t)
	l := begin(t, d)
	save(t, l, place("late", 0, 5))
	shut(t, l)
	lane := filepath.Join(d.Path, "late", "lane-0")
	if err := errors.Join(os.RemoveAll(lane), os.Symlink(filepath.Join(d.Path, "away"), lane)); err != nil {
		t.Fatal(err)
	}
	if _, err := d.Open("late", "flights", 0); !errors.Is(err, ErrDamaged) {
		t.Errorf("open: %v, want ErrDamaged", err)
	}
}

// TestALaneOfBeforeIsMarked: it was saved by a build that made no marks.
func TestALaneOfBeforeIsMarked(t *testing.T) {
	d, _ := logged(t)
	for epoch := range int64(3) {
		name, file := at(t, epoch, 0)
		put(t, d, name, file)
	}
	put(t, d, "../lane-0.lock", []byte("4711\n"))
	l := open(t, d, "late", 0)
	save(t, l, place("late", 0, 3))
	shut(t, l)
	wipe(t, d)
	if _, err := d.Open("late", "flights", 0); !errors.Is(err, ErrDamaged) {
		t.Errorf("open: %v, want ErrDamaged", err)
	}
}

// TestAFailedSaveSaysWhatStands fails at each step of a save.
func TestAFailedSaveSaysWhatStands(t *testing.T) {
	lane := func(m *memoryDisk) *dirLane {
		l := &dirLane{id: laneID{"late", "flights", 0}, dir: "lane-0", keep: 3, files: m, log: slog.New(slog.DiscardHandler)}
		if err := l.load(); err != nil {
			t.Fatal(err)
		}
		return l
	}
	fails := func(l *dirLane, m *memoryDisk, save func(Checkpoint) error, want string) {
		t.Helper()
		c := place("late", 0, 1)
		if l.ok {
			c = place("late", 0, 9)
		}
		err := save(c)
		if m.left = -1; fault.Of(err) != fault.Environment || !strings.Contains(err.Error(), want) {
			t.Errorf("%v, want an error of the environment that says %q", err, want)
		}
	}
	m := newMemoryDisk()
	m.do(change{{"lane-0.json", goldenFile(t, 1)}})
	m.left = 2 // behind the folders that are synced
	l := &dirLane{id: laneID{"late", "flights", 0}, dir: "lane-0", keep: 3, files: m, log: slog.New(slog.DiscardHandler)}
	if err := l.load(); fault.Of(err) != fault.Environment || !strings.Contains(err.Error(), "the one before it stands") {
		t.Errorf("taking over version 1: %v", err)
	}
	for step := range 4 { // the file, its folder, the mark, its folder
		for _, twice := range []bool{false, true} {
			m := newMemoryDisk()
			l := lane(m)
			save := l.Save
			if twice {
				save = l.SaveTwice
			}
			m.left = step
			fails(l, m, save, "nothing was read")
			if err := l.SaveTwice(place("late", 0, 1)); err != nil {
				t.Fatal(err)
			}
			m.left = step % 2
			fails(l, m, save, "the one before it stands")
		}
	}
}

// TestAMarkThatIsFoundIsDurable: it was made right before a crash, so it is not made again.
func TestAMarkThatIsFoundIsDurable(t *testing.T) {
	m := newMemoryDisk()
	for epoch := range int64(2) {
		name, file := at(t, epoch, 0)
		m.do(change{{name, file}})
	}
	m.do(change{{"lane-0" + begunSuffix, []byte(begunText)}})
	load := func() error {
		return (&dirLane{id: laneID{"late", "flights", 0}, dir: "lane-0", keep: 3, files: m, log: slog.New(slog.DiscardHandler)}).load()
	}
	if err := load(); err != nil {
		t.Fatal(err)
	}
	m.losePower(func() bool { return false })
	m.wipe()
	if err := load(); !errors.Is(err, ErrDamaged) {
		t.Errorf("load: %v, want ErrDamaged", err)
	}
}
