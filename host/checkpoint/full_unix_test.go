//go:build unix

package checkpoint

import (
	"fmt"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"strings"
	"testing"

	"golang.org/x/sys/unix"

	"github.com/weir-stream/weir/internal/fault"
)

// TestNoRoom saves in a process that may write files of a few hundred bytes only: a larger one is cut short by the system, as on a full disk.
func TestNoRoom(t *testing.T) {
	if path := os.Getenv("CHECKPOINT_NO_ROOM"); path != "" {
		noRoom(t, path)
		return
	}
	d := Dir{Path: t.TempDir()}
	child := exec.Command(os.Args[0], "-test.run=^TestNoRoom$", "-test.v")
	child.Env = append(os.Environ(), "CHECKPOINT_NO_ROOM="+d.Path)
	if out, err := child.CombinedOutput(); err != nil || !strings.Contains(string(out), "PASS: TestNoRoom") {
		t.Fatalf("%v:\n%s", err, out)
	}
	l := open(t, d, "late", 0)
	defer shut(t, l)
	if last, ok := l.Last(); !ok || last.Next != 3 {
		t.Errorf("last is %+v, %v; want what was saved last", last, ok)
	}
	if left, err := filepath.Glob(filepath.Join(d.Path, "late", "lane-0", ".*")); err != nil || len(left) > 0 {
		t.Errorf("left behind: %v (%v)", left, err)
	}
}

func noRoom(t *testing.T, path string) {
	l := open(t, Dir{Path: path}, "late", 0)
	defer shut(t, l)
	if err := l.SaveTwice(drawn(place("late", 0, 1), 1)); err != nil {
		t.Fatal(err)
	}
	signal.Ignore(unix.SIGXFSZ) // else it is the end
	if err := unix.Setrlimit(unix.RLIMIT_FSIZE, &unix.Rlimit{Cur: 400, Max: 400}); err != nil {
		t.Fatal(err)
	}
	large := drawn(place("late", 0, 3), 1)
	large.Seen = make([]SeenWriter, 100)
	for what, err := range map[string]error{"once": l.Save(large), "twice": l.SaveTwice(large)} {
		if fault.Of(err) != fault.Environment || !strings.Contains(err.Error(), "the one before it stands") {
			t.Errorf("saved %s: %v, want an error of the environment", what, err)
		}
	}
	if last, ok := l.Last(); !ok || last.Next != 1 {
		t.Errorf("last is %+v, %v", last, ok)
	}
	small := drawn(place("late", 0, 3), 1)
	if err := l.SaveTwice(small); err != nil { // there is room for that
		t.Fatal(err)
	}
	fmt.Fprintln(os.Stderr, "saved")
}
