package checkpoint

import (
	"bytes"
	"errors"
	"log/slog"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/weir-stream/weir/internal/fault"
)

// logged is a Dir whose log is kept.
func logged(t *testing.T) (Dir, *bytes.Buffer) {
	var log bytes.Buffer
	return Dir{Path: t.TempDir(), Log: slog.New(slog.NewTextHandler(&log, nil))}, &log
}

// put writes a file of the lane late/0, whatever it is; a name that is a path goes beside the lane's folder.
func put(t *testing.T, d Dir, name string, file []byte) {
	t.Helper()
	path := filepath.Join(d.Path, "late", "lane-0", name)
	if err := errors.Join(os.MkdirAll(filepath.Dir(path), 0o755), os.WriteFile(path, file, 0o644)); err != nil {
		t.Fatal(err)
	}
}

// at is the file of an epoch under a writer id.
func at(t *testing.T, epoch int64, writer int64) (name string, file []byte) {
	c := place("late", 0, epoch)
	if writer != 0 {
		c = drawn(c, writer)
	}
	return fileName(c.Epoch), encoded(t, c)
}

// TestFallback opens folders of three files: the epochs 5, 6 and 7 with these writer ids, those in damaged torn.
func TestFallback(t *testing.T) {
	for _, c := range []struct {
		name    string
		writers [3]int64 // by epoch; -1: there is none
		damaged []int    // epochs
		opens   uint64   // epoch of Last; 0: refused
		is      int64    // its next offset
		left    []uint64
		log     []string
	}{
		{"all whole", [3]int64{1, 1, 1}, nil, 7, 7, []uint64{5, 6, 7}, nil},
		{"the newest", [3]int64{1, 1, 1}, []int{7}, 6, 6, []uint64{5, 6},
			[]string{"level=ERROR", "going on from an older one", "safe", fileName(7), "checksum", "epoch_damaged=7 epoch_taken=6 next=6", ".damaged"}},
		{"the newest two", [3]int64{1, 1, 1}, []int{6, 7}, 6, 5, []uint64{5, 6}, []string{"epoch_damaged=7 epoch_taken=5", "epoch_damaged=6 epoch_taken=5"}},
		{"the oldest", [3]int64{1, 1, 1}, []int{5}, 7, 7, []uint64{6, 7}, []string{"a newer one is whole", "epoch_damaged=5 epoch_taken=7"}},
		{"all", [3]int64{1, 1, 1}, []int{5, 6, 7}, 0, 0, []uint64{5, 6, 7}, nil},
		{"drawn twice, one damaged", [3]int64{-1, 2, 2}, []int{7}, 7, 6, []uint64{6, 7}, []string{"epoch_damaged=7 epoch_taken=6"}},
		{"drawn twice, both damaged", [3]int64{-1, 2, 2}, []int{6, 7}, 0, 0, []uint64{6, 7}, nil},
		{"drawn once only", [3]int64{1, 1, 2}, nil, 8, 7, []uint64{7, 8}, nil},
		{"drawn twice, the older not gone", [3]int64{1, 2, 2}, nil, 7, 7, []uint64{6, 7}, nil},
		{"drawn once only, damaged", [3]int64{1, 1, 2}, []int{7}, 6, 6, []uint64{5, 6}, []string{"epoch_damaged=7 epoch_taken=6"}},
		{"drawn twice, the older not gone, both damaged", [3]int64{1, 2, 2}, []int{6, 7}, 6, 5, []uint64{5, 6}, []string{"epoch_taken=5"}},
		{"ids given up", [3]int64{1, 1, 0}, nil, 8, 7, []uint64{7, 8}, nil},
		{"a single one", [3]int64{-1, -1, 0}, nil, 8, 7, []uint64{7, 8}, nil},
	} {
		t.Run(c.name, func(t *testing.T) {
			d, log := logged(t)
			for i, writer := range c.writers {
				if writer < 0 {
					continue
				}
				name, file := at(t, int64(5+i), writer)
				if slices.Contains(c.damaged, 5+i) {
					file = file[:len(file)-3]
				}
				put(t, d, name, file)
			}
			var got Checkpoint
			for range 2 { // it stays that way
				l, err := d.Open("late", "flights", 0)
				if c.opens == 0 {
					if !errors.Is(err, ErrDamaged) || fault.Of(err) != fault.Environment {
						t.Fatalf("open: %v, want ErrDamaged", err)
					}
					for _, epoch := range c.damaged {
						if !strings.Contains(err.Error(), fileName(uint64(epoch))) || !strings.Contains(err.Error(), "remove") {
							t.Errorf("%v does not name epoch %d, or what to do", err, epoch)
						}
					}
					continue
				}
				if err != nil {
					t.Fatal(err)
				}
				got, _ = l.Last()
				shut(t, l)
			}
			if got.Epoch != c.opens || got.Next != c.is {
				t.Errorf("opened epoch %d at %d, want epoch %d at %d", got.Epoch, got.Next, c.opens, c.is)
			}
			var left, aside []uint64
			for _, name := range names(t, d) {
				if epoch, ok := epochOf(name); ok {
					left = append(left, epoch)
				} else if epoch, ok := epochOf(strings.TrimSuffix(name, damagedSuffix)); ok {
					aside = append(aside, epoch)
				}
			}
			if !slices.Equal(left, c.left) {
				t.Errorf("left are %v, want %v", left, c.left)
			}
			if want := len(c.damaged); c.opens != 0 && len(aside) != want {
				t.Errorf("set aside are %v, want %v", aside, c.damaged)
			}
			for _, want := range c.log {
				if !strings.Contains(log.String(), want) {
					t.Errorf("the log does not say %q:\n%s", want, log)
				}
			}
			if lines := strings.Count(log.String(), "\n"); c.opens != 0 && lines != len(c.damaged) {
				t.Errorf("%d damaged files are told in %d lines:\n%s", len(c.damaged), lines, log)
			}
		})
	}
}

func TestOpenSaysWhatIsWrong(t *testing.T) {
	name := fileName(1)
	for _, c := range []struct {
		what    string
		file    []byte
		want    []string
		damaged bool
		class   fault.Class
	}{
		{"torn", []byte("12345678\n{"), []string{name, "checksum", "remove"}, true, fault.Environment},
		{"empty", nil, []string{name, "checksum"}, true, fault.Environment},
		{"too long", make([]byte, maxFile+1), []string{"longer than"}, true, fault.Environment},
		{"other lane", encoded(t, place("early", 0, 1)), []string{`"early"`}, true, fault.Environment},
		{"other partition", encoded(t, place("late", 1, 1)), []string{"partition 1"}, true, fault.Environment},
		{"other epoch", encoded(t, place("late", 0, 2)), []string{"it holds epoch 2"}, true, fault.Environment},
		{"negative count", summed(`{"version":2,"epoch":1,"pipeline":"late","topic":"flights","sinks":{"table a":{"count":-1}}}`),
			[]string{"table a"}, true, fault.Environment},
		{"other topic", summed(`{"version":2,"epoch":1,"pipeline":"late","topic":"trains"}`),
			[]string{`"trains"`, `"flights"`, "another"}, false, fault.Input},
		{"other version", summed(`{"version":9}`), []string{name, "version 9", "build"}, false, fault.Input},
	} {
		t.Run(c.what, func(t *testing.T) {
			d, log := logged(t)
			put(t, d, name, c.file)
			for range 2 { // the lock was given back
				_, err := d.Open("late", "flights", 0)
				if err == nil || errors.Is(err, ErrDamaged) != c.damaged || fault.Of(err) != c.class {
					t.Fatalf("%v of class %d, want class %d", err, fault.Of(err), c.class)
				}
				for _, want := range c.want {
					if !strings.Contains(err.Error(), want) {
						t.Errorf("%q does not say %q", err, want)
					}
				}
			}
			if got, err := os.ReadFile(filepath.Join(d.Path, "late", "lane-0", name)); err != nil || !bytes.Equal(got, c.file) || log.Len() > 0 {
				t.Errorf("the file was touched (%v), or the log has %s", err, log)
			}
		})
	}
}

func TestWhatIsNotDamagedIsNoReasonToFallBack(t *testing.T) {
	d, _ := logged(t)
	for epoch := range int64(3) {
		name, file := at(t, epoch, 0)
		put(t, d, name, file)
	}
	put(t, d, fileName(3), summed(`{"version":3,"epoch":3}`))
	if _, err := d.Open("late", "flights", 0); fault.Of(err) != fault.Input || !errors.Is(err, errVersion) {
		t.Errorf("a newer build's: %v", err)
	}
	if err := os.Chmod(filepath.Join(d.Path, "late", "lane-0", fileName(3)), 0); err != nil {
		t.Fatal(err)
	}
	if os.Getuid() != 0 { // who may read everything
		if _, err := d.Open("late", "flights", 0); fault.Of(err) != fault.Environment || !errors.Is(err, os.ErrPermission) {
			t.Errorf("one that can't be read: %v", err)
		}
	}
	if got := names(t, d); len(got) != 4 {
		t.Errorf("there are %v", got)
	}
}

// TestWhatIsToBeRemovedBeginsTheLaneAnew does what the error says.
func TestWhatIsToBeRemovedBeginsTheLaneAnew(t *testing.T) {
	v1 := summed(`{"version":1,"epoch":30,"pipeline":"late","topic":"flights","partition":0,"next":42,"sinks":{"table late":84}}`)
	for name, c := range map[string]struct {
		v1            []byte
		file          string
		folder, older bool // what is to be removed
	}{
		"version 1 alone":                   {v1[1:], "", false, true},
		"version 1, and damage":             {v1[1:], fileName(30), true, true},
		"version 1, and what was set aside": {v1[1:], fileName(30) + damagedSuffix, true, true},
		"newer than its take-over":          {v1, fileName(32), true, true},
		"no version 1":                      {nil, fileName(3), true, false},
		"only what was set aside":           {nil, fileName(3) + damagedSuffix, true, false},
	} {
		t.Run(name, func(t *testing.T) {
			d, _ := logged(t)
			lane := filepath.Join(d.Path, "late", "lane-0")
			var want []string
			if c.folder {
				want = append(want, lane)
			}
			if c.older {
				want = append(want, lane+".json")
			}
			if c.v1 != nil {
				put(t, d, "../lane-0.json", c.v1)
			}
			if c.file != "" {
				put(t, d, c.file, []byte("torn"))
			}
			_, err := d.Open("late", "flights", 0)
			if !errors.Is(err, ErrDamaged) || fault.Of(err) != fault.Environment {
				t.Fatalf("open: %v, want ErrDamaged", err)
			}
			_, what, _ := strings.Cut(err.Error(), "or remove ")
			what, _, _ = strings.Cut(what, " to start over")
			if got := strings.Split(what, " and "); !slices.Equal(got, want) {
				t.Fatalf("%v is to be removed, want %v", got, want)
			}
			for _, path := range want {
				if err := os.RemoveAll(path); err != nil {
					t.Fatal(err)
				}
			}
			l := open(t, d, "late", 0)
			defer shut(t, l)
			if c, ok := l.Last(); ok {
				t.Errorf("it goes on from %+v", c)
			}
		})
	}
}

func TestALaneOfWhichOnlyDamageIsLeftIsNotNew(t *testing.T) {
	d, _ := logged(t)
	put(t, d, fileName(3)+damagedSuffix, []byte("torn"))
	if _, err := d.Open("late", "flights", 0); !errors.Is(err, ErrDamaged) || !strings.Contains(err.Error(), fileName(3)+damagedSuffix) {
		t.Errorf("open: %v, want ErrDamaged", err)
	}
}

func TestOfWhatWasSetAsideTheNewestStay(t *testing.T) {
	d, _ := logged(t)
	for epoch := range int64(20) {
		l := open(t, d, "late", 0)
		last, _ := l.Last()
		c := place("late", 0, epoch)
		c.Epoch = last.Epoch + 1
		save(t, l, c)
		c.Epoch++
		save(t, l, c)
		shut(t, l)
		put(t, d, fileName(c.Epoch), []byte("torn"))
	}
	aside := 0
	for _, name := range names(t, d) {
		if strings.HasSuffix(name, damagedSuffix) {
			aside++
		}
	}
	if aside > defaultKeep+1 {
		t.Errorf("there are %v", names(t, d))
	}
}

func TestVersion1IsTakenOver(t *testing.T) {
	v1 := summed(`{"version":1,"epoch":30,"pipeline":"late","topic":"flights","partition":0,"next":42,"sinks":{"table late":84}}`)
	want := place("late", 0, 42)
	want.Epoch = 31 // the second of two
	whole := want
	whole.Epoch = 30
	for name, beside := range map[string][]byte{"alone": nil, "taken over half": encoded(t, whole), "taken over half, and damaged": []byte("torn")} {
		t.Run(name, func(t *testing.T) {
			d, log := logged(t)
			put(t, d, "../lane-0.json", v1)
			if beside != nil {
				put(t, d, fileName(30), beside)
			}
			for range 2 {
				l := open(t, d, "late", 0)
				if got, ok := l.Last(); !ok || !reflect.DeepEqual(got, want) {
					t.Errorf("last is %+v, %v; want %+v", got, ok, want)
				}
				shut(t, l)
			}
			if _, err := os.Stat(filepath.Join(d.Path, "late", "lane-0.json")); !errors.Is(err, os.ErrNotExist) {
				t.Errorf("its file is still there: %v", err)
			}
			if strings.Contains(log.String(), "ERROR") != (string(beside) == "torn") {
				t.Errorf("the log has %s", log)
			}
		})
	}
	d, _ := logged(t)
	put(t, d, "../lane-0.json", v1)
	put(t, d, fileName(32), []byte("torn"))
	if _, err := d.Open("late", "flights", 0); !errors.Is(err, ErrDamaged) || !strings.Contains(err.Error(), fileName(32)) {
		t.Errorf("a damaged one that is newer than its take-over: %v", err)
	}
	if err := os.Remove(filepath.Join(d.Path, "late", "lane-0", fileName(32))); err != nil {
		t.Fatal(err)
	}
	if _, err := d.Open("late", "trains", 0); fault.Of(err) != fault.Input {
		t.Errorf("one of another topic: %v", err)
	}
}
