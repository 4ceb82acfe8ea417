package wazeroengine

import (
	"bytes"
	"context"
	"errors"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/weir-stream/weir/host/engine"
	"github.com/weir-stream/weir/host/engine/enginetest/asm"
	"github.com/weir-stream/weir/host/sandbox"
)

// answering is a module whose function "answer" gives n.
func answering(t testing.TB, n int32) *sandbox.Module {
	t.Helper()
	m := asm.New()
	m.Memory(1, 1)
	m.Func("answer", asm.Sig("", "i"), "", asm.I32(n))
	rewritten, err := sandbox.Rewrite(m.Bytes(), sandbox.Caps{})
	if err != nil {
		t.Fatal(err)
	}
	return rewritten
}

// answer compiles a module with an engine of its own that keeps code in dir, and calls it; what the engine says is returned, too.
func answer(t testing.TB, dir string, m *sandbox.Module) (result int32, said string) {
	t.Helper()
	ctx, log := context.Background(), new(bytes.Buffer)
	e, err := New(Config{CacheDir: dir, Logger: slog.New(slog.NewTextHandler(log, nil))})
	if err != nil {
		t.Fatal(err)
	}
	defer e.Close(ctx)
	module, err := e.Compile(ctx, m, engine.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer module.Close(ctx)
	i, err := module.Instantiate(ctx, nil)
	if err != nil {
		t.Fatal(err)
	}
	defer i.Close(ctx)
	f, err := i.Lookup("answer", engine.FuncType{Results: []engine.ValueType{engine.I32}})
	if err != nil {
		t.Fatal(err)
	}
	stack := make([]uint64, 1)
	if err := f.Call(ctx, stack); err != nil {
		t.Fatal(err)
	}
	return int32(stack[0]), log.String()
}

// files are those in a folder and below, checksums aside.
func files(t testing.TB, dir string) (paths []string) {
	t.Helper()
	err := filepath.WalkDir(dir, func(path string, e fs.DirEntry, err error) error {
		if err == nil && !e.IsDir() && e.Name() != sumFile {
			paths = append(paths, path)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return paths
}

// TestDamagedCodeIsCompiledAnew flips bits all over what is kept. Machine code that is not what was compiled must never run.
func TestDamagedCodeIsCompiledAnew(t *testing.T) {
	dir, m := filepath.Join(t.TempDir(), "code"), answering(t, 42)
	answer(t, dir, m)
	kept := files(t, dir)
	if len(kept) != 1 {
		t.Fatalf("%q", kept)
	}
	good, err := os.ReadFile(kept[0])
	if err != nil {
		t.Fatal(err)
	}
	for at := 0; at <= len(good); at += 1 + len(good)/50 {
		bad := bytes.Clone(good[:at]) // cut short
		if at%2 == 0 && at < len(good) {
			bad = bytes.Clone(good)
			bad[at] ^= 16
		}
		if err := os.WriteFile(kept[0], bad, 0o600); err != nil {
			t.Fatal(err)
		}
		if got, said := answer(t, dir, m); got != 42 || strings.Contains(said, "damaged") != !bytes.Equal(bad, good) {
			t.Fatalf("damaged at %d: %d, %s", at, got, said)
		}
		if got, said := answer(t, dir, m); got != 42 || said != "" {
			t.Fatalf("after damage at %d: %d, %s", at, got, said)
		}
	}
}

// TestAChecksumThatIsNoneIsNotRead has files in its place that hold more than a checksum, and which nothing must read to their end.
func TestAChecksumThatIsNoneIsNotRead(t *testing.T) {
	for name, put := range map[string]func(path string) error{
		"link":   func(path string) error { return os.Symlink(t.TempDir(), path) },
		"folder": func(path string) error { return os.Mkdir(path, 0o700) },
		"large": func(path string) error {
			return errors.Join(os.WriteFile(path, nil, 0o600), os.Truncate(path, 1<<40))
		},
	} {
		t.Run(name, func(t *testing.T) {
			dir, m := filepath.Join(t.TempDir(), "code"), answering(t, 42)
			answer(t, dir, m)
			kept, err := filepath.Glob(filepath.Join(dir, "*"))
			if err != nil || len(kept) != 1 {
				t.Fatalf("%q, %v", kept, err)
			}
			path := filepath.Join(kept[0], sumFile)
			if err := errors.Join(os.Remove(path), put(path)); err != nil {
				t.Fatal(err)
			}
			// What is said names the damaged folder, not the one that takes its place.
			if got, said := answer(t, dir, m); got != 42 || !strings.Contains(said, "no checksum") || !strings.Contains(said, "folder="+kept[0]+" ") {
				t.Errorf("%d, %s", got, said)
			}
			if got, said := answer(t, dir, m); got != 42 || said != "" {
				t.Errorf("afterwards: %d, %s", got, said)
			}
		})
	}
}

// TestCodeOfAnotherModuleIsNotRun puts a module's folder in the place of another's.
func TestCodeOfAnotherModuleIsNotRun(t *testing.T) {
	dir, one, two := t.TempDir(), answering(t, 1), answering(t, 2)
	if err := os.Chmod(dir, 0o700); err != nil {
		t.Fatal(err)
	}
	answer(t, dir, one)
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	first := entries[0].Name()
	answer(t, dir, two)
	entries, _ = os.ReadDir(dir)
	second := entries[0].Name()
	if second == first {
		second = entries[1].Name()
	}
	if err := os.RemoveAll(filepath.Join(dir, second)); err != nil {
		t.Fatal(err)
	}
	if err := os.Rename(filepath.Join(dir, first), filepath.Join(dir, second)); err != nil {
		t.Fatal(err)
	}
	if got, said := answer(t, dir, two); got != 2 || !strings.Contains(said, "damaged") {
		t.Errorf("%d, %s", got, said)
	}
}

// TestManyEnginesShareTheFolder has engines compile the same modules at once, as processes would.
func TestManyEnginesShareTheFolder(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "code")
	var all sync.WaitGroup
	for n := range int32(8) {
		all.Go(func() {
			for k := range int32(6) {
				if got, said := answer(t, dir, answering(t, (n+k)%4)); got != (n+k)%4 || said != "" {
					t.Errorf("%d, %s", got, said)
				}
			}
		})
	}
	all.Wait()
	entries, err := os.ReadDir(dir)
	if err != nil || len(entries) != 4 {
		t.Errorf("%d folders, %v", len(entries), err)
	}
}

// TestTrim keeps no more modules than there may be.
func TestTrim(t *testing.T) {
	c := &codeCache{t.TempDir()}
	for n := range keptModules + 3 {
		if err := os.MkdirAll(filepath.Join(c.folder, strings.Repeat("x", n+1)[:min(n+1, 200)]+string(rune('a'+n%26))+strings.Repeat("y", n/26)), 0o700); err != nil {
			t.Fatal(err)
		}
	}
	before, _ := os.ReadDir(c.folder)
	if err := c.trim(); err != nil {
		t.Fatal(err)
	}
	if after, _ := os.ReadDir(c.folder); len(before) <= keptModules || len(after) != keptModules {
		t.Errorf("%d folders, before %d", len(after), len(before))
	}
}

// TestAFolderThatOthersMayWriteIsRefused: it holds machine code.
func TestAFolderThatOthersMayWriteIsRefused(t *testing.T) {
	dir := t.TempDir()
	if err := os.Chmod(dir, 0o777); err != nil {
		t.Fatal(err)
	}
	if _, err := New(Config{CacheDir: dir}); err == nil || !strings.Contains(err.Error(), "others may write it") {
		t.Errorf("%v", err)
	}
}
