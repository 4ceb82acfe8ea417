package checkpoint

import (
	"bufio"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"testing"

	"go.uber.org/goleak"

	"github.com/weir-stream/weir/internal/fault"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func open(t *testing.T, s Store, pipeline string, partition uint32) Lane {
	t.Helper()
	l, err := s.Open(pipeline, "flights", partition)
	if err != nil {
		t.Fatal(err)
	}
	return l
}

func save(t *testing.T, l Lane, c Checkpoint) {
	t.Helper()
	if err := l.Save(c); err != nil {
		t.Fatal(err)
	}
}

func shut(t *testing.T, l Lane) {
	t.Helper()
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
}

func place(pipeline string, partition uint32, next int64) Checkpoint {
	return Checkpoint{Version: Version, Epoch: uint64(next), Pipeline: pipeline, Topic: "flights", Partition: partition, Next: next,
		Sinks: map[string]Sink{"table late": {Count: 2 * next}}}
}

// drawn is c with a writer id for its sink.
func drawn(c Checkpoint, writer int64) Checkpoint {
	s := c.Sinks["table late"]
	s.Partitions, s.Writer, s.Ordinals, s.Positions = 2, writer, []int64{s.Count, 0}, []int64{c.Next, 7}
	c.Sinks = map[string]Sink{"table late": s}
	return c
}

// saved is what Last is after SaveTwice.
func saved(c Checkpoint) Checkpoint {
	c.Epoch++
	return c
}

func TestLastIsWhatWasSavedLast(t *testing.T) {
	for name, s := range map[string]Store{"dir": Dir{Path: t.TempDir()}, "memory": Memory{}} {
		t.Run(name, func(t *testing.T) {
			l := open(t, s, "late", 0)
			defer shut(t, l)
			if _, ok := l.Last(); ok {
				t.Error("a new lane has a checkpoint")
			}
			for next := range int64(5) {
				c := place("late", 0, next)
				save(t, l, c)
				c.Sinks["table late"] = Sink{Count: -1} // the lane has kept nothing of it
				if got, ok := l.Last(); !ok || !reflect.DeepEqual(got, place("late", 0, next)) {
					t.Errorf("last is %+v, %v; want %+v", got, ok, place("late", 0, next))
				}
			}
			c := drawn(place("late", 0, 5), 1)
			if err := l.SaveTwice(c); err != nil {
				t.Fatal(err)
			}
			if got, ok := l.Last(); !ok || !reflect.DeepEqual(got, saved(c)) {
				t.Errorf("last is %+v, %v; want %+v", got, ok, saved(c))
			}
		})
	}
}

func TestDirKeepsLanesApart(t *testing.T) {
	root := t.TempDir()
	s := Dir{Path: filepath.Join(root, "a", "state")} // both folders are made
	names := []string{"late", "..", ".", ".late", "%2E.", "a/b", "a b", "über", "LATE%2F", "lane-0.json"}
	for round := range int64(2) {
		var lanes []Lane
		for _, name := range names {
			for _, p := range []uint32{0, 1, 10} {
				l := open(t, s, name, p)
				lanes = append(lanes, l)
				next := 10*round + int64(p)*100 + int64(len(name))
				want := place(name, p, next-10)
				want.Epoch++ // a second one was made when there was only one
				if got, ok := l.Last(); ok != (round > 0) || ok && !reflect.DeepEqual(got, want) {
					t.Errorf("%s/%d: last is %+v, %v", name, p, got, ok)
				}
				save(t, l, place(name, p, next))
			}
		}
		for _, l := range lanes {
			shut(t, l)
		}
	}
	for _, above := range []string{root, filepath.Join(root, "a")} {
		if entries, err := os.ReadDir(above); err != nil || len(entries) != 1 {
			t.Errorf("%s holds %v (%v), want one folder", above, entries, err)
		}
	}
}

func TestALaneIsOpenOnce(t *testing.T) {
	s := Dir{Path: t.TempDir()}
	l := open(t, s, "late", 0)
	none, err := s.Open("late", "flights", 0)
	if none != nil || !errors.Is(err, ErrLocked) || fault.Of(err) != fault.Environment || !strings.Contains(err.Error(), strconv.Itoa(os.Getpid())) ||
		!strings.Contains(err.Error(), "end that process, or wait") || strings.Contains(err.Error(), "--state") {
		t.Errorf("a second open: %v, want ErrLocked of class environment with the holder, and what to do", err)
	}
	shut(t, open(t, s, "late", 1))
	shut(t, l)
	shut(t, open(t, s, "late", 0))
}

func TestWhatCanNotFollowIsRefused(t *testing.T) {
	for name, s := range map[string]Store{"dir": Dir{Path: t.TempDir()}, "memory": Memory{}} {
		t.Run(name, func(t *testing.T) {
			l := open(t, s, "late", 0)
			defer shut(t, l)
			refuse := func(what string, err error, want string) {
				t.Helper()
				if err == nil || fault.Of(err) != fault.Bug || !strings.Contains(err.Error(), want) {
					t.Errorf("%s: %v, want a bug that says %q", what, err, want)
				}
			}
			refuse("ids in the first", l.Save(drawn(place("late", 0, 0), 1)), "epoch 0 saved once")
			if err := l.SaveTwice(drawn(place("late", 0, 3), 1)); err != nil {
				t.Fatal(err)
			}
			refuse("an old epoch", l.Save(drawn(place("late", 0, 4), 1)), "epoch 4 after 4")
			refuse("an old epoch twice", l.SaveTwice(drawn(place("late", 0, 4), 2)), "epoch 4 after 4")
			refuse("other ids", l.Save(drawn(place("late", 0, 5), 2)), "epoch 5 saved once")
			refuse("no ids", l.Save(place("late", 0, 5)), "epoch 5 saved once")
			refuse("no next epoch", l.SaveTwice(Checkpoint{Epoch: maxEpoch}), "epoch 9223372036854775807 after 4")
			refuse("nonsense", l.Save(Checkpoint{Epoch: 5, Next: -1}), "next offset -1")
			save(t, l, drawn(place("late", 0, 5), 1))
		})
	}
}

// names are the files of a lane, sorted.
func names(t *testing.T, d Dir) (all []string) {
	t.Helper()
	all, err := disk{}.list(filepath.Join(d.Path, "late", "lane-0"))
	if err != nil {
		t.Fatal(err)
	}
	slices.Sort(all)
	return all
}

func TestTheNewestFewAreKept(t *testing.T) {
	for keep, want := range map[int]int{0: 3, -1: 2, 1: 2, 2: 2, 5: 5} {
		d := Dir{Path: t.TempDir(), Keep: keep}
		l := open(t, d, "late", 0)
		var all []string
		for next := range int64(9) {
			save(t, l, place("late", 0, next))
			all = append(all, fileName(uint64(next)))
			if got := names(t, d); !slices.Equal(got, all[max(0, len(all)-want):]) {
				t.Errorf("keep %d: after %d there are %v", keep, next, got)
			}
		}
		shut(t, l)
		d.Keep = 2
		l = open(t, d, "late", 0)
		if got := names(t, d); !slices.Equal(got, all[7:]) {
			t.Errorf("keep %d, then 2: there are %v", keep, got)
		}
		shut(t, l)
	}
}

func TestWithoutAFolderOpenAndSaveFail(t *testing.T) {
	root := t.TempDir()
	file := filepath.Join(root, "file")
	if err := os.WriteFile(file, nil, 0o644); err != nil {
		t.Fatal(err)
	}
	if _, err := (Dir{Path: file}).Open("late", "flights", 0); fault.Of(err) != fault.Environment {
		t.Errorf("a file for a folder: %v, want an error of the environment", err)
	}
	l := open(t, Dir{Path: filepath.Join(root, "state")}, "late", 0)
	defer shut(t, l)
	save(t, l, place("late", 0, 1))
	if err := os.RemoveAll(filepath.Join(root, "state")); err != nil {
		t.Fatal(err)
	}
	if err := l.Save(place("late", 0, 2)); fault.Of(err) != fault.Environment || !strings.Contains(err.Error(), "state/late/lane-0") {
		t.Errorf("saving without the folder: %v, want an error of the environment that names it", err)
	}
	if err := l.SaveTwice(place("late", 0, 2)); fault.Of(err) != fault.Environment {
		t.Errorf("saving twice without the folder: %v, want an error of the environment", err)
	}
	if last, _ := l.Last(); last.Next != 1 {
		t.Errorf("a save that failed counts: %+v", last)
	}
}

func TestWhatACrashLeftBehindIsRemoved(t *testing.T) {
	d := Dir{Path: t.TempDir()}
	l := open(t, d, "late", 0)
	save(t, l, place("late", 0, 5))
	save(t, l, place("late", 0, 6))
	shut(t, l)
	for _, name := range []string{"." + fileName(7) + "123", "." + fileName(6) + "-9", ".mine", "notes.txt", "12.json"} {
		if err := os.WriteFile(filepath.Join(d.Path, "late", "lane-0", name), []byte("torn"), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	l = open(t, d, "late", 0)
	defer shut(t, l)
	if last, ok := l.Last(); !ok || last.Next != 6 {
		t.Errorf("last is %+v, %v", last, ok)
	}
	if got := names(t, d); !slices.Equal(got, []string{".mine", fileName(5), fileName(6), "12.json", "notes.txt"}) {
		t.Errorf("left are %v", got)
	}
}

// TestKilledWhileSaving kills a process that saves without pause: what it said was saved is there.
func TestKilledWhileSaving(t *testing.T) {
	if path := os.Getenv("CHECKPOINT_CHILD"); path != "" {
		l := open(t, Dir{Path: path}, "late", 0)
		last, _ := l.Last()
		for {
			c := last
			c.Epoch, c.Next = last.Epoch+1, last.Next+1
			if c.Next%5 == 1 { // the first one, too
				c = drawn(place("late", 0, c.Next), c.Next)
				c.Epoch = last.Epoch + 1
				if err := l.SaveTwice(c); err != nil {
					t.Fatal(err)
				}
			} else {
				save(t, l, c)
			}
			last, _ = l.Last()
			fmt.Fprintln(os.Stdout, last.Next)
		}
	}
	s := Dir{Path: t.TempDir()}
	for kill := range 5 {
		child := exec.Command(os.Args[0], "-test.run=^TestKilledWhileSaving$")
		child.Env = append(os.Environ(), "CHECKPOINT_CHILD="+s.Path)
		out, err := child.StdoutPipe()
		if err != nil {
			t.Fatal(err)
		}
		if err := child.Start(); err != nil {
			t.Fatal(err)
		}
		said, lines := int64(0), bufio.NewScanner(out)
		for range 3 + 7*kill {
			if lines.Scan() {
				said, _ = strconv.ParseInt(lines.Text(), 10, 64)
			}
		}
		if err := child.Process.Kill(); err != nil {
			t.Fatal(err)
		}
		_ = child.Wait()
		l := open(t, s, "late", 0)
		if last, ok := l.Last(); !ok || last.Next < said || said == 0 || last.Sinks["table late"].Writer != (last.Next-1)/5*5+1 {
			t.Errorf("the checkpoint is at %+v, the child said %d", last, said)
		}
		shut(t, l)
		if left := names(t, s); len(left) < 2 || len(left) > 3 || left[0][0] == '.' {
			t.Errorf("left are %v", left)
		}
	}
}
