package sandbox

import (
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"slices"
	"strings"
	"sync/atomic"
	"time"

	"github.com/weir-stream/weir/internal/private"
)

// DefaultCacheBytes bounds a Cache that is opened with 0.
const DefaultCacheBytes = 1 << 30

// maxEntry bounds one entry, in bytes, whatever the cache may hold: it is read into memory whole.
const maxEntry = 1 << 29

// A Cache keeps rewritten modules in a folder, so that a machine rewrites a module once for each version of the rewriter.
//
// Any number of processes may share the folder: an entry appears whole, by a rename, and is checked whole when it is read.
// What is damaged, cut short, foreign or of another version counts as absent and is overwritten. The checksum finds accidents, not
// attacks: who can write the folder can run code unmetered, so OpenCache refuses a folder that others may write.
//
// A Cache is safe for concurrent use and starts no goroutine.
type Cache struct {
	root *os.Root
	max  int64

	hits, misses, damaged, failed atomic.Uint64
}

// CacheStats counts what a Cache did since it was opened.
type CacheStats struct {
	Hits    uint64 // entries found and good
	Misses  uint64 // entries absent, or present and not good
	Damaged uint64 // the misses among them where a file was there that did not hold the entry
	Failed  uint64 // rewritten modules that could not be stored; each was used all the same
}

// CacheKey names an entry: the module before the rewrite, the caps it had to meet, and the rewriter's version.
type CacheKey [sha256.Size]byte

// KeyOf gives the key under which the rewrite of wasm under the caps is kept.
func KeyOf(wasm []byte, caps Caps) CacheKey {
	return sha256.Sum256(fmt.Appendf(nil, "%x version %d caps %+v", sha256.Sum256(wasm), Version, caps.WithDefaults()))
}

// OpenCache opens the cache in the folder, which it creates with its parents where absent, for the owner alone. It keeps at most
// maxBytes there (0: DefaultCacheBytes) and removes first what was not used for longest.
// It fails where the folder is not a folder, belongs to somebody else, or can be written by others.
func OpenCache(folder string, maxBytes int64) (*Cache, error) {
	if maxBytes == 0 {
		maxBytes = DefaultCacheBytes
	}
	if maxBytes < 0 {
		return nil, fmt.Errorf("module cache %s: a bound of %d bytes; give a positive one, or 0 for %d", folder, maxBytes, int64(DefaultCacheBytes))
	}
	if err := os.MkdirAll(folder, 0o700); err != nil {
		return nil, fmt.Errorf("create module cache: %w", err)
	}
	root, err := os.OpenRoot(folder)
	if err != nil {
		return nil, fmt.Errorf("open module cache: %w", err)
	}
	// Asked of the folder that is open: the name may have come to mean another one.
	info, err := root.Stat(".")
	if err == nil {
		err = private.Folder(info)
	}
	if err != nil {
		return nil, errors.Join(fmt.Errorf("module cache %s: %w", folder, err), root.Close())
	}
	return &Cache{root: root, max: maxBytes}, nil
}

// Close lets go of the folder. Afterwards every Get misses and every Put fails.
func (c *Cache) Close() error { return c.root.Close() }

// Stats gives the counts so far.
func (c *Cache) Stats() CacheStats {
	return CacheStats{Hits: c.hits.Load(), Misses: c.misses.Load(), Damaged: c.damaged.Load(), Failed: c.failed.Load()}
}

// Rewrite is the function Rewrite, except that it takes the result from the cache where it can and puts it there where not.
// A cache that cannot be read or written costs time only: Stats counts it.
func (c *Cache) Rewrite(wasm []byte, caps Caps) (*Module, error) {
	key := KeyOf(wasm, caps)
	if m, ok := c.Get(key); ok {
		return m, nil
	}
	m, err := Rewrite(wasm, caps)
	if err != nil {
		return nil, err
	}
	_ = c.Put(key, m) // counted
	return m, nil
}

// Get gives the module kept under the key, a copy of the caller's own, and false where there is none that is good.
func (c *Cache) Get(key CacheKey) (*Module, bool) {
	m, err := c.read(key)
	if err == nil {
		c.hits.Add(1)
		now := time.Now()
		_ = c.root.Chtimes(key.file(), now, now) // only the order of eviction hangs on it
		return m, true
	}
	c.misses.Add(1)
	if !errors.Is(err, fs.ErrNotExist) {
		c.damaged.Add(1)
	}
	return nil, false
}

func (c *Cache) read(key CacheKey) (*Module, error) {
	f, err := c.root.Open(key.file())
	if err != nil {
		return nil, err
	}
	defer func() { _ = f.Close() }()
	info, err := f.Stat()
	if err != nil {
		return nil, err
	}
	if most := min(c.max, maxEntry); !info.Mode().IsRegular() || info.Size() > most {
		return nil, fmt.Errorf("%w: not a file of at most %d bytes", errEntry, most)
	}
	data := make([]byte, info.Size())
	if _, err := io.ReadFull(f, data); err != nil {
		return nil, err
	}
	return decodeEntry(key, data)
}

// Put keeps m, which must be the rewrite that the key names, and evicts what no longer fits beside it.
// It fails where the folder cannot be written and where m alone is larger than the whole cache may be.
func (c *Cache) Put(key CacheKey, m *Module) error {
	err := c.write(key, m)
	if err != nil {
		c.failed.Add(1)
		return fmt.Errorf("store rewritten module: %w", err)
	}
	return nil
}

func (c *Cache) write(key CacheKey, m *Module) error {
	data, err := encodeEntry(key, m)
	if err != nil {
		return err
	}
	if most := min(c.max, maxEntry); int64(len(data)) > most {
		return fmt.Errorf("%d bytes are more than the %d that the cache takes", len(data), most)
	}
	// Nothing is synced: what a power failure leaves behind fails its checksum and is written anew.
	temporary := key.file() + "." + rand.Text() + temporarySuffix
	if err := c.root.WriteFile(temporary, data, 0o600); err != nil {
		return errors.Join(err, c.remove(temporary))
	}
	if err := c.root.Rename(temporary, key.file()); err != nil {
		return errors.Join(err, c.remove(temporary))
	}
	return c.evict(key)
}

// remove takes it as done where another process was faster.
func (c *Cache) remove(name string) error {
	if err := c.root.Remove(name); !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	return nil
}

const (
	entrySuffix     = ".weirbox"
	temporarySuffix = ".tmp"
	// abandoned is the age at which a temporary file belongs to no living writer any more.
	abandoned = time.Hour
)

func (k CacheKey) file() string { return hex.EncodeToString(k[:]) + entrySuffix }

// evict removes entries, the longest unused first, until the rest fits. The one just written stays. Two processes may evict
// at the same time and remove more than needed; files of other names are not touched.
func (c *Cache) evict(written CacheKey) error {
	entries, err := c.entries()
	if err != nil {
		return err
	}
	total := int64(0)
	for _, e := range entries {
		total += e.Size()
	}
	slices.SortFunc(entries, func(a, b fs.FileInfo) int { return a.ModTime().Compare(b.ModTime()) })
	for _, e := range entries {
		if total <= c.max {
			return nil
		}
		if e.Name() == written.file() {
			continue
		}
		if err := c.remove(e.Name()); err != nil {
			return err
		}
		total -= e.Size()
	}
	return nil
}

// entries lists the entries and removes, on the way, what writers that died have left.
func (c *Cache) entries() ([]fs.FileInfo, error) {
	listed, err := fs.ReadDir(c.root.FS(), ".")
	if err != nil {
		return nil, err
	}
	var out []fs.FileInfo
	for _, e := range listed {
		name := e.Name()
		entry := strings.HasSuffix(name, entrySuffix)
		if !entry && !(strings.Contains(name, entrySuffix+".") && strings.HasSuffix(name, temporarySuffix)) {
			continue
		}
		info, err := e.Info()
		switch {
		case errors.Is(err, fs.ErrNotExist): // gone since it was listed
		case err != nil:
			return nil, err
		case entry:
			out = append(out, info)
		case time.Since(info.ModTime()) > abandoned:
			if err := c.remove(name); err != nil {
				return nil, err
			}
		}
	}
	return out, nil
}
