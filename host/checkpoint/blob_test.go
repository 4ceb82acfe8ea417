package checkpoint

import (
	"bytes"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/weir-stream/weir/internal/fault"
)

// emptyHash is the SHA-256 of nothing (FIPS 180-4).
const emptyHash = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"

func putBlob(t *testing.T, s Store, data string) string {
	t.Helper()
	hash, err := s.PutBlob([]byte(data))
	if err != nil {
		t.Fatal(err)
	}
	return hash
}

func TestABlobIsWhatWasPut(t *testing.T) {
	d := Dir{Path: filepath.Join(t.TempDir(), "state")}
	for _, data := range []string{"", "a plan", strings.Repeat("module", 1<<18)} {
		hash := putBlob(t, d, data)
		got, err := d.Blob(hash)
		if err != nil || string(got) != data {
			t.Errorf("%d bytes came back as %d (%v)", len(data), len(got), err)
		}
		if other := putBlob(t, Memory{}, data); other != hash || data == "" && hash != emptyHash {
			t.Errorf("hashes %s and %s", hash, other)
		}
	}
}

func TestABlobThatIsNotThereOrDamaged(t *testing.T) {
	d := Dir{Path: t.TempDir()}
	for _, s := range []Store{d, Memory{}} {
		for _, hash := range []string{emptyHash, "", "../../etc/passwd", strings.Repeat("../", 20) + "abcd", strings.ToUpper(emptyHash)} {
			if _, err := s.Blob(hash); !errors.Is(err, ErrNoBlob) {
				t.Errorf("%q: %v, want ErrNoBlob", hash, err)
			}
		}
		if _, err := s.PutBlob(make([]byte, MaxBlob+1)); fault.Of(err) != fault.Input {
			t.Errorf("a blob longer than the limit: %v", err)
		}
	}
	hash := putBlob(t, d, "a plan")
	for name, spoil := range map[string]func() error{
		"torn":     func() error { return os.Truncate(d.blob(hash), 3) },
		"longer":   func() error { return os.Truncate(d.blob(hash), 30) },
		"too long": func() error { return os.Truncate(d.blob(hash), MaxBlob+2) },
	} {
		if err := spoil(); err != nil {
			t.Fatal(err)
		}
		if _, err := d.Blob(hash); !errors.Is(err, ErrDamaged) || fault.Of(err) != fault.Environment || !strings.Contains(err.Error(), hash) {
			t.Errorf("%s: %v, want ErrDamaged", name, err)
		}
		putBlob(t, d, "a plan") // mends it
		if got, err := d.Blob(hash); err != nil || string(got) != "a plan" {
			t.Errorf("%s: put again it is %q (%v)", name, got, err)
		}
	}
	if err := errors.Join(os.RemoveAll(d.Path), os.WriteFile(d.Path, nil, 0o644)); err != nil {
		t.Fatal(err)
	}
	if _, err := d.PutBlob(nil); fault.Of(err) != fault.Environment {
		t.Errorf("a file for a folder: %v", err)
	}
}

// age makes everything that is there older than what Sweep spares.
func age(t *testing.T, d Dir) {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(d.Path, blobFolder, "*"))
	hidden, err2 := filepath.Glob(filepath.Join(d.Path, blobFolder, ".*"))
	if err := errors.Join(err, err2); err != nil {
		t.Fatal(err)
	}
	old := time.Now().Add(-2 * blobAge)
	for _, path := range slices.Concat(files, hidden) {
		if err := os.Chtimes(path, old, old); err != nil {
			t.Fatal(err)
		}
	}
}

func TestSweepRemovesWhatNothingRefersTo(t *testing.T) {
	d := Dir{Path: t.TempDir()}
	if n, err := d.Sweep(); n != 0 || err != nil {
		t.Errorf("of an empty folder: %d, %v", n, err)
	}
	module, other := putBlob(t, d, "module"), putBlob(t, d, "other module")
	plan, old := putBlob(t, d, `{"modules":["`+module+`"]}`), putBlob(t, d, `{"modules":["`+other+`"]}`)
	l := open(t, d, "late", 0)
	for epoch := range int64(defaultKeep) {
		c := place("late", 0, epoch)
		c.Plan = old
		if epoch == 1 {
			c.Plan = plan
		}
		save(t, l, c)
	}
	if err := os.WriteFile(filepath.Join(d.Path, blobFolder, "."+blobPrefix+plan+"77"), nil, 0o600); err != nil {
		t.Fatal(err)
	}
	left := func(when string, removed int, want ...string) {
		t.Helper()
		n, err := d.Sweep()
		if err != nil || n != removed {
			t.Errorf("%s: %d removed (%v), want %d", when, n, err, removed)
		}
		names, err := disk{}.list(filepath.Join(d.Path, blobFolder))
		if err != nil {
			t.Fatal(err)
		}
		var got []string
		for _, name := range names {
			if name != "lock" {
				got = append(got, strings.TrimPrefix(name, blobPrefix))
			}
		}
		slices.Sort(want)
		slices.Sort(got)
		if !slices.Equal(got, want) {
			t.Errorf("%s: left are %v, want %v", when, got, want)
		}
	}
	left("young", 0, plan, old, module, other, "."+blobPrefix+plan+"77")
	age(t, d)
	left("all referred to", 0, plan, old, module, other)
	for epoch := range int64(defaultKeep) {
		c := place("late", 0, defaultKeep+epoch)
		c.Plan = old
		save(t, l, c)
	}
	putBlob(t, d, "module") // renews it
	left("the module was put again", 1, old, module, other)
	age(t, d)
	left("nothing refers to it", 1, old, other)

	put(t, d, "../lane-7.json", []byte("torn"))
	if n, err := d.Sweep(); n != 0 || fault.Of(err) != fault.Environment || !strings.Contains(err.Error(), "lane-7.json") {
		t.Errorf("beside a damaged checkpoint: %d, %v", n, err)
	}
	if err := os.Remove(filepath.Join(d.Path, "late", "lane-7.json")); err != nil {
		t.Fatal(err)
	}
	if err := os.Truncate(d.blob(old), 3); err != nil {
		t.Fatal(err)
	}
	if n, err := d.Sweep(); n != 0 || !errors.Is(err, ErrDamaged) {
		t.Errorf("beside a damaged plan: %d, %v", n, err)
	}
	shut(t, l)
}

// TestPutAndSweepHammer: what was put stays, whoever sweeps meanwhile.
func TestPutAndSweepHammer(t *testing.T) {
	d := Dir{Path: t.TempDir()}
	data := []byte("a plan")
	hash := putBlob(t, d, string(data))
	var hammers sync.WaitGroup
	for range 4 {
		hammers.Go(func() {
			for range 20 {
				old := time.Now().Add(-2 * blobAge)
				if err := os.Chtimes(d.blob(hash), old, old); err != nil && !errors.Is(err, os.ErrNotExist) {
					t.Error(err)
				}
				if _, err := d.Sweep(); err != nil {
					t.Error(err)
				}
			}
		})
		hammers.Go(func() {
			for range 20 {
				if _, err := d.PutBlob(data); err != nil {
					t.Error(err)
				}
			}
		})
	}
	hammers.Wait()
	putBlob(t, d, string(data))
	if _, err := d.Sweep(); err != nil {
		t.Error(err)
	}
	if got, err := d.Blob(hash); err != nil || !bytes.Equal(got, data) {
		t.Errorf("it is %q (%v)", got, err)
	}
}
