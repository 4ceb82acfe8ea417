package checkpoint

import (
	"errors"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/weir-stream/weir/internal/fault"
)

func TestList(t *testing.T) {
	d, _ := logged(t)
	if all, err := d.List(); err != nil || len(all) != 0 {
		t.Errorf("an empty folder: %v, %v", all, err)
	}
	nowhere := Dir{Path: filepath.Join(d.Path, "nowhere")}
	if _, err := nowhere.List(); fault.Of(err) != fault.Input || !errors.Is(err, os.ErrNotExist) {
		t.Errorf("a folder that is not there: %v", err)
	}
	if _, err := nowhere.Rewind("late", 0, 1); fault.Of(err) != fault.Input || !errors.Is(err, os.ErrNotExist) {
		t.Errorf("a rewind in a folder that is not there: %v", err)
	}
	putBlob(t, d, "plan")
	held := open(t, d, "late", 10)
	defer shut(t, held)
	for epoch := range int64(5) {
		c := place("late", 10, epoch)
		save(t, held, c)
	}
	for _, lane := range []struct {
		pipeline  string
		partition uint32
	}{{"..", 3}, {"late", 2}, {"late", 0}} {
		l := open(t, d, lane.pipeline, lane.partition)
		if err := l.SaveTwice(drawn(place(lane.pipeline, lane.partition, 1), 5)); err != nil {
			t.Fatal(err)
		}
		shut(t, l)
	}
	put(t, d, fileName(9), []byte("torn"))
	put(t, d, fileName(8)+damagedSuffix, []byte("torn"))
	put(t, d, "../lane-1.json", summed(`{"version":1,"epoch":3,"pipeline":"late","topic":"flights","partition":1,"next":42,"sinks":{"table late":7}}`))
	put(t, d, "../lane-001.json", nil) // no lane
	put(t, d, "../lane-x/y", nil)

	all, err := d.List()
	if err != nil {
		t.Fatal(err)
	}
	type lane struct {
		pipeline  string
		partition uint32
		locked    bool
		epoch     uint64
		next      int64
		files     int
	}
	var got []lane
	for _, s := range all {
		if !s.OK || s.Err != nil || s.Locked != (s.Holder != 0) || s.Locked && s.Holder != os.Getpid() {
			t.Errorf("%+v", s)
		}
		got = append(got, lane{s.Pipeline, s.Partition, s.Locked, s.Last.Epoch, s.Last.Next, len(s.Files)})
	}
	want := []lane{
		{"..", 3, false, 2, 1, 2}, {"late", 0, false, 2, 1, 4}, {"late", 1, false, 3, 42, 1}, {"late", 2, false, 2, 1, 2}, {"late", 10, true, 4, 4, 3},
	}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("listed %+v, want %+v", got, want)
	}
	for i, f := range all[1].Files { // epoch 9, 2, 1, and 8 set aside
		damaged := i == 0 || i == 3
		if errors.Is(f.Err, ErrDamaged) != damaged || (f.Epoch == uint64(3-i) && f.Next == 1) == damaged || time.Since(f.Time) > time.Hour {
			t.Errorf("file %d is %+v", i, f)
		}
	}
	if left := names(t, d); len(left) != 4 {
		t.Errorf("listing changed the folder: %v", left)
	}
}

// TestListTellsWhatCanNotBeOpened breaks one lane of three, which says why, and the others are as they were.
func TestListTellsWhatCanNotBeOpened(t *testing.T) {
	for name, c := range map[string]struct {
		harm func(t *testing.T, d Dir, lane string) error
		want string
		is   fault.Class
	}{
		"a newer version": {func(t *testing.T, d Dir, _ string) error {
			put(t, d, fileName(9), summed(`{"version":9,"epoch":9}`))
			return nil
		}, "version 9", fault.Input},
		"nothing whole": {func(t *testing.T, _ Dir, lane string) error {
			return errors.Join(os.WriteFile(filepath.Join(lane, fileName(1)), nil, 0o644), os.WriteFile(filepath.Join(lane, fileName(2)), nil, 0o644))
		}, "no checkpoint of the lane can be read", fault.Environment},
		"nothing left": {func(t *testing.T, _ Dir, lane string) error {
			return errors.Join(os.Remove(filepath.Join(lane, fileName(1))), os.Remove(filepath.Join(lane, fileName(2))))
		}, "are gone", fault.Environment},
		"no folder": {func(t *testing.T, _ Dir, lane string) error {
			return errors.Join(os.RemoveAll(lane), os.WriteFile(lane, nil, 0o644))
		}, "lane-0", fault.Environment},
	} {
		t.Run(name, func(t *testing.T) {
			d, _ := logged(t)
			for _, partition := range []uint32{0, 1} {
				l := open(t, d, "late", partition)
				if err := l.SaveTwice(place("late", partition, 1)); err != nil {
					t.Fatal(err)
				}
				shut(t, l)
			}
			if err := c.harm(t, d, filepath.Join(d.Path, "late", "lane-0")); err != nil {
				t.Fatal(err)
			}
			all, err := d.List()
			if err != nil || len(all) != 2 || all[1].Err != nil || all[1].Last.Next != 1 {
				t.Fatalf("listed %+v, %v", all, err)
			}
			if err := all[0].Err; err == nil || !strings.Contains(err.Error(), c.want) || fault.Of(err) != c.is {
				t.Errorf("the lane says %v, want %q of class %d", err, c.want, c.is)
			}
			if _, err := d.Open("late", "flights", 0); fault.Of(err) != c.is {
				t.Errorf("it is opened: %v", err)
			}
		})
	}
}

// TestListGoesOnBehindAFolderThatCanNotBeRead needs a user who may not read everything.
func TestListGoesOnBehindAFolderThatCanNotBeRead(t *testing.T) {
	d, _ := logged(t)
	for _, pipeline := range []string{"early", "late"} {
		l := open(t, d, pipeline, 0)
		save(t, l, place(pipeline, 0, 1))
		shut(t, l)
	}
	folder := filepath.Join(d.Path, "early")
	if err := os.Chmod(folder, 0); err != nil {
		t.Fatal(err)
	}
	defer os.Chmod(folder, 0o755)
	all, err := d.List()
	if os.Getuid() == 0 {
		return
	}
	if len(all) != 1 || all[0].Pipeline != "late" || !errors.Is(err, os.ErrPermission) || fault.Of(err) != fault.Environment {
		t.Errorf("listed %+v, %v", all, err)
	}
}

func TestRewind(t *testing.T) {
	d, _ := logged(t)
	for name, c := range map[string]struct {
		pipeline string
		to       int64
		want     string
	}{
		"no such pipeline": {"lat", 3, "weir state list"},
		"before the start": {"late", -1, "-1"},
	} {
		if _, err := d.Rewind(c.pipeline, 0, c.to); fault.Of(err) != fault.Input || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if entries, err := os.ReadDir(d.Path); err != nil || len(entries) != 0 {
		t.Errorf("a rewind of nothing made %v (%v)", entries, err)
	}
	l := open(t, d, "late", 0)
	at := drawn(place("late", 0, 50), 7)
	at.Plan, at.Seen, at.Read = strings.Repeat("ab", 32), []SeenWriter{{Writer: 1, Next: 2}}, &Read{Offset: 49, Sum: "0123"}
	if err := l.SaveTwice(at); err != nil {
		t.Fatal(err)
	}
	if _, err := d.Rewind("late", 0, 3); !errors.Is(err, ErrLocked) {
		t.Errorf("a lane that runs: %v", err)
	}
	shut(t, l)
	was, err := d.Rewind("late", 0, 3)
	if err != nil || !reflect.DeepEqual(was, saved(at)) {
		t.Errorf("it was at %+v (%v), want %+v", was, err, saved(at))
	}
	want := at
	want.Epoch, want.Next, want.Seen, want.Read = 53, 3, nil, nil
	want.Sinks = map[string]Sink{"table late": {Count: 100, Partitions: 2}}
	for range 2 { // the second time after the newest was damaged
		l = open(t, d, "late", 0)
		got, _ := l.Last()
		if !reflect.DeepEqual(got, want) {
			t.Errorf("it is at %+v, want %+v", got, want)
		}
		shut(t, l)
		put(t, d, fileName(53), nil)
	}
	put(t, d, fileName(52), nil)
	put(t, d, fileName(53), nil)
	if _, err := d.Rewind("late", 0, 3); !errors.Is(err, ErrDamaged) {
		t.Errorf("a damaged one: %v", err)
	}
}
