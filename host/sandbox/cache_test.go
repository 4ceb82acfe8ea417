package sandbox

import (
	"bytes"
	"encoding/binary"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"reflect"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"
)

// full gives a module no field of which is zero.
func full(t testing.TB, seed int) *Module {
	t.Helper()
	m := new(Module)
	n := seed
	fill(t, reflect.ValueOf(m).Elem(), &n)
	return m
}

func fill(t testing.TB, v reflect.Value, n *int) {
	t.Helper()
	*n++
	switch v.Kind() {
	case reflect.Bool:
		v.SetBool(true)
	case reflect.Int:
		v.SetInt(int64(*n))
	case reflect.Uint8, reflect.Uint32:
		v.SetUint(uint64(*n%127 + 1))
	case reflect.String:
		v.SetString("näme <" + strconv.Itoa(*n) + ">\x00")
	case reflect.Pointer:
		v.Set(reflect.New(v.Type().Elem()))
		fill(t, v.Elem(), n)
	case reflect.Slice:
		v.Set(reflect.MakeSlice(v.Type(), 2, 2))
		fallthrough
	case reflect.Array:
		for i := range v.Len() {
			fill(t, v.Index(i), n)
		}
	case reflect.Struct:
		for i := range v.NumField() {
			fill(t, v.Field(i), n) // panics at an unexported field: the cache would lose it
		}
	default:
		t.Fatalf("the cache does not know fields of kind %s", v.Kind())
	}
}

func openCache(t testing.TB, folder string, limit int64) *Cache {
	t.Helper()
	c, err := OpenCache(folder, limit)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = c.Close() })
	return c
}

func mustPut(t testing.TB, c *Cache, key CacheKey, m *Module) {
	t.Helper()
	if err := c.Put(key, m); err != nil {
		t.Fatal(err)
	}
}

func TestCacheKeepsEveryFieldOfAModule(t *testing.T) {
	folder, key, want := t.TempDir(), KeyOf([]byte("a"), Caps{}), full(t, 0)
	mustPut(t, openCache(t, folder, 0), key, want)
	c := openCache(t, folder, 0)
	got, ok := c.Get(key)
	if !ok || !reflect.DeepEqual(got, want) {
		t.Fatalf("got %+v, %t\nwant %+v", got, ok, want)
	}
	if _, ok := c.Get(KeyOf([]byte("b"), Caps{})); ok {
		t.Error("found a module that was never put")
	}
	if got, want := c.Stats(), (CacheStats{Hits: 1, Misses: 1}); got != want {
		t.Errorf("stats %+v, want %+v", got, want)
	}
}

func TestCacheKeyTellsModulesAndCapsApart(t *testing.T) {
	base := KeyOf([]byte("a"), Caps{})
	if KeyOf([]byte("b"), Caps{}) == base || KeyOf([]byte("a"), Caps{MemoryPages: 1}) == base {
		t.Error("another module or another cap has the same key")
	}
	if KeyOf([]byte("a"), Caps{MemoryPages: 4096}) != base {
		t.Error("a default that is spelt out has another key")
	}
}

func TestCacheRewritesOnce(t *testing.T) {
	c := openCache(t, t.TempDir(), 0)
	wasm := []byte("\x00asm\x01\x00\x00\x00")
	first, err := c.Rewrite(wasm, Caps{})
	if err != nil {
		t.Fatal(err)
	}
	second, err := c.Rewrite(wasm, Caps{})
	if err != nil || !bytes.Equal(first.Wasm, second.Wasm) || first.Hash != second.Hash {
		t.Fatalf("the second module differs: %+v and %+v, %v", first, second, err)
	}
	if _, err := c.Rewrite(wasm[:7], Caps{}); err == nil {
		t.Error("a module cut short was accepted")
	}
	if got, want := c.Stats(), (CacheStats{Hits: 1, Misses: 2}); got != want {
		t.Errorf("stats %+v, want %+v", got, want)
	}
}

// Whatever is wrong with an entry, it counts as absent and the next Put mends it.
func TestCacheIgnoresAndReplacesWhatIsNotTheEntry(t *testing.T) {
	key, want := KeyOf([]byte("a"), Caps{}), full(t, 0)
	good, err := encodeEntry(key, want)
	if err != nil {
		t.Fatal(err)
	}
	other, err := encodeEntry(KeyOf([]byte("b"), Caps{}), want)
	if err != nil {
		t.Fatal(err)
	}
	// A change with the checksum made to fit.
	forged := func(change func(entry []byte)) []byte {
		entry := bytes.Clone(good)
		change(entry)
		sum := entrySum(entry)
		copy(entry[entrySumAt:], sum[:])
		return entry
	}
	bad := map[string][]byte{
		"empty":           nil,
		"foreign":         []byte(strings.Repeat("not an entry ", 100)),
		"longer":          append(bytes.Clone(good), 0),
		"of another key":  other,
		"other magic":     forged(func(e []byte) { e[0]++ }),
		"other format":    forged(func(e []byte) { e[8]++ }),
		"newer rewriter":  forged(func(e []byte) { e[12]++ }),
		"older rewriter":  forged(func(e []byte) { binary.LittleEndian.PutUint32(e[12:], 0) }),
		"long metadata":   forged(func(e []byte) { binary.LittleEndian.PutUint64(e[48:], 1<<63) }),
		"cut metadata":    forged(func(e []byte) { e[48]-- }),
		"broken metadata": forged(func(e []byte) { e[entryDataAt] = '[' }),
	}
	for n := range good {
		flipped := bytes.Clone(good)
		flipped[n] ^= 0x10
		for _, data := range [][]byte{flipped, good[:n]} {
			if _, err := decodeEntry(key, data); !errors.Is(err, errEntry) {
				t.Errorf("flipped or cut at byte %d: %v", n, err)
			}
		}
	}
	folder := t.TempDir()
	c := openCache(t, folder, 0)
	for name, data := range bad {
		if err := os.WriteFile(filepath.Join(folder, key.file()), data, 0o600); err != nil {
			t.Fatal(err)
		}
		if _, ok := c.Get(key); ok {
			t.Errorf("%s: taken for the entry", name)
		}
	}
	if got, want := c.Stats(), (CacheStats{Misses: uint64(len(bad)), Damaged: uint64(len(bad))}); got != want {
		t.Errorf("stats %+v, want %+v", got, want)
	}
	mustPut(t, c, key, want)
	if got, ok := c.Get(key); !ok || !reflect.DeepEqual(got, want) {
		t.Errorf("after the next Put: %+v, %t", got, ok)
	}
}

func TestCacheEvictsWhatWasNotUsedForLongest(t *testing.T) {
	folder, m := t.TempDir(), full(t, 0)
	entry, err := encodeEntry(CacheKey{}, m)
	if err != nil {
		t.Fatal(err)
	}
	c := openCache(t, folder, int64(3*len(entry)))
	age := func(name string, by time.Duration) {
		then := time.Now().Add(-by)
		if err := os.Chtimes(filepath.Join(folder, name), then, then); err != nil {
			t.Fatal(err)
		}
	}
	for n := range 3 {
		mustPut(t, c, CacheKey{byte(n)}, m)
		age(CacheKey{byte(n)}.file(), time.Duration(9-n)*time.Minute)
	}
	if _, ok := c.Get(CacheKey{0}); !ok {
		t.Fatal("the first entry is gone while all three fit")
	}
	left, fresh, foreign := CacheKey{9}.file()+".X"+temporarySuffix, CacheKey{9}.file()+".Y"+temporarySuffix, "README.tmp"
	for _, name := range []string{left, fresh, foreign} {
		if err := os.WriteFile(filepath.Join(folder, name), make([]byte, 1<<16), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	age(left, 2*abandoned)
	age(foreign, 2*abandoned)
	mustPut(t, c, CacheKey{3}, m)
	for key, want := range map[byte]bool{0: true, 1: false, 2: true, 3: true} { // 0 was used since
		if _, ok := c.Get(CacheKey{key}); ok != want {
			t.Errorf("entry %d is there: %t, want %t", key, ok, want)
		}
	}
	for name, want := range map[string]bool{left: false, fresh: true, foreign: true} {
		if _, err := os.Stat(filepath.Join(folder, name)); (err == nil) != want {
			t.Errorf("%s is there: %t, want %t", name, err == nil, want)
		}
	}
	large := *m
	large.Wasm = make([]byte, 4*len(entry))
	if err := c.Put(CacheKey{4}, &large); err == nil {
		t.Error("an entry larger than the cache was stored")
	}
	if _, ok := c.Get(CacheKey{3}); !ok {
		t.Error("an entry that does not fit drove another out")
	}
}

func TestCacheFolder(t *testing.T) {
	above := t.TempDir()
	folder := filepath.Join(above, "weir", "modules")
	if c := openCache(t, folder, 0); c.Close() != nil {
		t.Fatal("close")
	}
	file := filepath.Join(above, "file")
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := OpenCache(file, 0); err == nil {
		t.Error("a file was taken for a folder")
	}
	if _, err := OpenCache(folder, -1); err == nil {
		t.Error("a negative bound was accepted")
	}
}

// A folder that cannot be used any more costs time, not the module.
func TestCacheThatFailsStillRewrites(t *testing.T) {
	folder, wasm := t.TempDir(), []byte("\x00asm\x01\x00\x00\x00")
	c := openCache(t, folder, 0)
	// Not even root can rename a file over a folder.
	if err := os.Mkdir(filepath.Join(folder, KeyOf(wasm, Caps{}).file()), 0o700); err != nil {
		t.Fatal(err)
	}
	if m, err := c.Rewrite(wasm, Caps{}); err != nil || len(m.Wasm) == 0 {
		t.Fatalf("got %+v, %v", m, err)
	}
	if got, want := c.Stats(), (CacheStats{Misses: 1, Damaged: 1, Failed: 1}); got != want {
		t.Errorf("stats %+v, want %+v", got, want)
	}
	if left, err := filepath.Glob(filepath.Join(folder, "*"+temporarySuffix)); err != nil || len(left) > 0 {
		t.Errorf("left behind: %v, %v", left, err)
	}
	if err := c.Close(); err != nil {
		t.Fatal(err)
	}
	if m, err := c.Rewrite(wasm, Caps{}); err != nil || len(m.Wasm) == 0 {
		t.Fatalf("after Close: got %+v, %v", m, err)
	}
}

const cacheProcessFolder = "WEIR_TEST_CACHE_FOLDER"

// hammerCache puts and gets few entries in a cache that holds only half of them, so that writers, readers and eviction meet.
func hammerCache(t *testing.T, folder string) {
	m := full(t, 0)
	m.Wasm = bytes.Repeat([]byte{1}, 1000)
	c := openCache(t, folder, 8<<10)
	var wg sync.WaitGroup
	for w := range 4 {
		wg.Go(func() {
			for n := range 40 {
				key := CacheKey{byte((n + w) % 8)}
				own := *m
				own.Stats.Loops = int(key[0])
				if err := c.Put(key, &own); err != nil {
					t.Error(err)
				}
				if got, ok := c.Get(CacheKey{byte(n % 8)}); ok && got.Stats.Loops != n%8 {
					t.Errorf("entry %d holds entry %d", n%8, got.Stats.Loops)
				}
			}
		})
	}
	wg.Wait()
	if s := c.Stats(); s.Damaged != 0 || s.Failed != 0 || s.Hits == 0 {
		t.Errorf("stats %+v", s)
	}
}

// TestCacheHammer shares one folder between goroutines, caches and processes: nobody ever sees half an entry.
func TestCacheHammer(t *testing.T) {
	if folder := os.Getenv(cacheProcessFolder); folder != "" {
		hammerCache(t, folder)
		return
	}
	folder := t.TempDir()
	var wg sync.WaitGroup
	for range 2 {
		wg.Go(func() {
			child := exec.Command(os.Args[0], "-test.run=^TestCacheHammer$")
			child.Env = append(os.Environ(), cacheProcessFolder+"="+folder)
			if out, err := child.CombinedOutput(); err != nil {
				t.Errorf("%v: %s", err, out)
			}
		})
	}
	hammerCache(t, folder)
	wg.Wait()
	files, err := os.ReadDir(folder)
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range files {
		if !strings.HasSuffix(f.Name(), entrySuffix) {
			t.Errorf("left behind: %s", f.Name())
		}
	}
}

// Any bytes are either the entry, and then exactly what would be written, or refused.
func FuzzCacheEntry(f *testing.F) {
	good, err := encodeEntry(CacheKey{1}, full(f, 0))
	if err != nil {
		f.Fatal(err)
	}
	empty, err := encodeEntry(CacheKey{1}, new(Module))
	if err != nil {
		f.Fatal(err)
	}
	for _, seed := range [][]byte{nil, good, empty, good[:entryDataAt]} {
		f.Add(seed, false)
		f.Add(seed, true)
	}
	f.Fuzz(func(t *testing.T, data []byte, sum bool) {
		if sum && len(data) >= entryDataAt { // a fuzzer does not find a checksum
			data = bytes.Clone(data)
			right := entrySum(data)
			copy(data[entrySumAt:], right[:])
		}
		m, err := decodeEntry(CacheKey{1}, data)
		if err != nil {
			if !errors.Is(err, errEntry) {
				t.Fatal(err)
			}
			return
		}
		again, err := encodeEntry(CacheKey{1}, m)
		if err != nil {
			t.Fatal(err)
		}
		back, err := decodeEntry(CacheKey{1}, again)
		if err != nil || !reflect.DeepEqual(m, back) {
			t.Fatalf("read %+v, written and read again %+v, %v", m, back, err)
		}
	})
}
