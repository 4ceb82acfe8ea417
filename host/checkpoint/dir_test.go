package checkpoint

import (
	"bufio"
	"errors"
	"fmt"
	"hash/crc32"
	"os"
	"os/exec"
	"path/filepath"
	"reflect"
	"strconv"
	"strings"
	"testing"

	"go.uber.org/goleak"

	"github.com/weir-stream/weir/internal/fault"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func summed(body string) []byte {
	return fmt.Appendf(nil, "%08x\n%s\n", crc32.ChecksumIEEE([]byte(body)), body)
}

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
		Sinks: map[string]int64{"table late": 2 * next}}
}

func TestLastIsWhatWasSavedLast(t *testing.T) {
	for name, s := range map[string]Store{"dir": Dir{t.TempDir()}, "memory": Memory{}} {
		t.Run(name, func(t *testing.T) {
			l := open(t, s, "late", 0)
			defer shut(t, l)
			if _, ok := l.Last(); ok {
				t.Error("a new lane has a checkpoint")
			}
			for next := range int64(5) {
				c := place("late", 0, next)
				save(t, l, c)
				if got, ok := l.Last(); !ok || !reflect.DeepEqual(got, c) {
					t.Errorf("last is %+v, %v; want %+v", got, ok, c)
				}
			}
		})
	}
}

func TestDirKeepsLanesApart(t *testing.T) {
	root := t.TempDir()
	s := Dir{filepath.Join(root, "a", "state")} // both folders are made
	names := []string{"late", "..", ".", ".late", "%2E.", "a/b", "a b", "über", "LATE%2F", "lane-0.json"}
	for round := range int64(2) {
		var lanes []Lane
		for _, name := range names {
			for p := range uint32(11) {
				l := open(t, s, name, p)
				lanes = append(lanes, l)
				next := round + int64(p)*100 + int64(len(name))
				if got, ok := l.Last(); ok != (round > 0) || ok && !reflect.DeepEqual(got, place(name, p, next-1)) {
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
	s := Dir{t.TempDir()}
	l := open(t, s, "late", 0)
	_, err := s.Open("late", "flights", 0)
	if !errors.Is(err, ErrLocked) || fault.Of(err) != fault.Environment || !strings.Contains(err.Error(), strconv.Itoa(os.Getpid())) {
		t.Errorf("a second open: %v, want ErrLocked of class environment with the holder", err)
	}
	shut(t, open(t, s, "late", 1))
	shut(t, l)
	shut(t, open(t, s, "late", 0))
}

func TestOpenSaysWhatIsWrong(t *testing.T) {
	for _, c := range []struct {
		name    string
		file    []byte
		want    []string
		damaged bool
		class   fault.Class
	}{
		{"torn", []byte("12345678\n{"), []string{"lane-0.json", "checksum", "remove it"}, true, fault.Environment},
		{"empty", nil, []string{"lane-0.json", "checksum"}, true, fault.Environment},
		{"too long", make([]byte, maxFile+1), []string{"longer than"}, true, fault.Environment},
		{"other lane", encoded(t, place("early", 0, 1)), []string{`"early"`}, true, fault.Environment},
		{"other partition", encoded(t, place("late", 1, 1)), []string{"partition 1"}, true, fault.Environment},
		{"negative offset", encoded(t, place("late", 0, -1)), []string{"-1"}, true, fault.Environment},
		{"negative count", summed(`{"version":1,"pipeline":"late","topic":"flights","sinks":{"table a":-1}}`), []string{"table a"}, true, fault.Environment},
		{"other topic", summed(`{"version":1,"pipeline":"late","topic":"trains"}`), []string{`"trains"`, `"flights"`, "another"}, false, fault.Input},
		{"other version", summed(`{"version":9}`), []string{"version 9", "build"}, false, fault.Input},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := Dir{t.TempDir()}
			path := filepath.Join(s.Path, "late", "lane-0.json")
			if err := errors.Join(os.Mkdir(filepath.Dir(path), 0o755), os.WriteFile(path, c.file, 0o644)); err != nil {
				t.Fatal(err)
			}
			for range 2 { // the lock was given back
				_, err := s.Open("late", "flights", 0)
				if err == nil || errors.Is(err, ErrDamaged) != c.damaged || fault.Of(err) != c.class {
					t.Fatalf("%v of class %d, want class %d", err, fault.Of(err), c.class)
				}
				for _, want := range c.want {
					if !strings.Contains(err.Error(), want) {
						t.Errorf("%q does not say %q", err, want)
					}
				}
			}
			if got, err := os.ReadFile(path); err != nil || string(got) != string(c.file) {
				t.Errorf("the file was touched (%v)", err)
			}
		})
	}
}

func encoded(t *testing.T, c Checkpoint) []byte {
	file, err := encode(c)
	if err != nil {
		t.Fatal(err)
	}
	return file
}

func TestWithoutAFolderOpenAndSaveFail(t *testing.T) {
	root := t.TempDir()
	file := filepath.Join(root, "file")
	if err := os.WriteFile(file, nil, 0o644); err != nil {
		t.Fatal(err)
	}
	if _, err := (Dir{file}).Open("late", "flights", 0); fault.Of(err) != fault.Environment {
		t.Errorf("a file for a folder: %v, want an error of the environment", err)
	}
	l := open(t, Dir{filepath.Join(root, "state")}, "late", 0)
	defer shut(t, l)
	save(t, l, place("late", 0, 1))
	if err := os.RemoveAll(filepath.Join(root, "state")); err != nil {
		t.Fatal(err)
	}
	if err := l.Save(place("late", 0, 2)); fault.Of(err) != fault.Environment {
		t.Errorf("saving without the folder: %v, want an error of the environment", err)
	}
	if last, _ := l.Last(); last.Next != 1 {
		t.Errorf("a save that failed counts: %+v", last)
	}
}

func TestWhatACrashLeftBehindDoesNoHarm(t *testing.T) {
	s := Dir{t.TempDir()}
	for p := range uint32(11) {
		l := open(t, s, "late", p)
		save(t, l, place("late", p, 5))
		shut(t, l)
	}
	dir := filepath.Join(s.Path, "late")
	for _, name := range []string{".lane-1.json123", ".lane-1.json-9", ".lane-10.json77"} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte("torn"), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	l := open(t, s, "late", 1)
	defer shut(t, l)
	if last, ok := l.Last(); !ok || last.Next != 5 {
		t.Errorf("last is %+v, %v", last, ok)
	}
	left, err := filepath.Glob(filepath.Join(dir, ".*"))
	if err != nil || len(left) != 1 || filepath.Base(left[0]) != ".lane-10.json77" {
		t.Errorf("left are %v (%v), want what is another lane's", left, err)
	}
}

// TestKilledWhileSaving kills a process that saves without pause: what it said was saved is there.
func TestKilledWhileSaving(t *testing.T) {
	if path := os.Getenv("CHECKPOINT_CHILD"); path != "" {
		l := open(t, Dir{path}, "late", 0)
		last, _ := l.Last()
		for next := last.Next + 1; ; next++ {
			save(t, l, place("late", 0, next))
			fmt.Fprintln(os.Stdout, next)
		}
	}
	s := Dir{t.TempDir()}
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
		if last, ok := l.Last(); !ok || last.Next < said || said == 0 {
			t.Errorf("the checkpoint is at %+v, the child said %d", last, said)
		}
		shut(t, l)
		if left, _ := filepath.Glob(filepath.Join(s.Path, "late", ".*")); len(left) > 0 {
			t.Errorf("left behind: %v", left)
		}
	}
}
