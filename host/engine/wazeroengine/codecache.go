package wazeroengine

import (
	"encoding/binary"
	"encoding/hex"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/tetratelabs/wazero"

	"github.com/weir-stream/weir/host/sandbox"
	"github.com/weir-stream/weir/internal/private"
)

// codeCache keeps compiled code between runs. wazero checks little of what it loads, and a flipped bit in machine code is a
// crash of the process or worse, so each module has a folder of its own, with a checksum over all that wazero put there. What
// does not fit its checksum or its module is removed and compiled anew. The checksum finds accidents; other users are kept out by the
// folder's mode.
type codeCache struct{ folder string }

// keptModules bounds the cache. Those that were not used for longest are removed first.
const keptModules = 256

// sumFile is the checksum's file in a module's folder.
const sumFile = "checksum"

// openCodeCache opens the cache in a folder, which it makes where there is none. It fails where others may write there.
func openCodeCache(folder string) (*codeCache, error) {
	if err := os.MkdirAll(folder, 0o700); err != nil {
		return nil, err
	}
	info, err := os.Stat(folder)
	if err == nil {
		err = private.Folder(info)
	}
	return &codeCache{folder}, err
}

// compiledCode is a module's folder in use: the one that is kept, or a new one that seal puts there.
type compiledCode struct {
	cache        wazero.CompilationCache
	kept, folder string
	damaged      error // of what was there before
}

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

// open checks what is kept of a module. The caller closes it.
func (c *codeCache) open(m *sandbox.Module) (*compiledCode, error) {
	kept := filepath.Join(c.folder, hex.EncodeToString(m.Hash[:])+fmt.Sprintf("-%08x", crc32.Checksum(m.Wasm, castagnoli)))
	code := &compiledCode{kept: kept, folder: kept}
	// What is not there is not removed: another process may put it there at this moment, whole.
	if _, err := os.Lstat(kept); errors.Is(err, fs.ErrNotExist) {
		return code, code.begin(c)
	}
	want, err := code.keptSum()
	if err == nil {
		var sum string
		if sum, err = code.sum(); err == nil && sum != want {
			err = errors.New("the checksum is wrong")
		}
	}
	if err != nil {
		if !errors.Is(err, fs.ErrNotExist) {
			code.damaged = err
		}
		if err := os.RemoveAll(kept); err != nil {
			return nil, err
		}
		return code, code.begin(c)
	}
	code.cache, err = wazero.NewCompilationCacheWithDir(code.folder)
	return code, err
}

// begin makes a new folder.
func (c *compiledCode) begin(in *codeCache) (err error) {
	if c.folder, err = os.MkdirTemp(in.folder, "new-*"); err != nil {
		return err
	}
	c.cache, err = wazero.NewCompilationCacheWithDir(c.folder)
	return err
}

// keptSum reads the checksum's file. Neither a link nor a pipe is read, which may never end, nor more than a checksum can be.
func (c *compiledCode) keptSum() (string, error) {
	const longest = 128
	path := filepath.Join(c.kept, sumFile)
	info, err := os.Lstat(path)
	if err != nil {
		return "", err
	}
	if !info.Mode().IsRegular() || info.Size() > longest {
		return "", fmt.Errorf("%s is no checksum", path)
	}
	sum, err := os.ReadFile(path)
	return string(sum), err
}

// sum is over the module's key and the names and contents of all files but the checksum's own.
func (c *compiledCode) sum() (string, error) {
	h := crc32.New(castagnoli)
	io.WriteString(h, filepath.Base(c.kept))
	files, size := 0, int64(0)
	err := filepath.WalkDir(c.folder, func(path string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() || entry.Name() == sumFile {
			return err
		}
		if !entry.Type().IsRegular() {
			return fmt.Errorf("%s is no regular file", path)
		}
		f, err := os.Open(path)
		if err != nil {
			return err
		}
		defer f.Close()
		io.WriteString(h, strings.TrimPrefix(path, c.folder))
		n, err := io.Copy(h, f)
		h.Write(binary.LittleEndian.AppendUint64(nil, uint64(n)))
		files, size = files+1, size+n
		return err
	})
	return fmt.Sprintf("%d files, %d bytes, crc32c %08x\n", files, size, h.Sum32()), err
}

// seal puts a new folder where it is kept, with its checksum, or notes that the kept one was used. Another process may have
// been faster, whose folder then stays.
func (c *compiledCode) seal() error {
	if c.folder == c.kept {
		now := time.Now()
		_ = os.Chtimes(filepath.Join(c.kept, sumFile), now, now) // only the order of removal hangs on it: the folder may be read-only
		return nil
	}
	sum, err := c.sum()
	if err == nil {
		err = os.WriteFile(filepath.Join(c.folder, sumFile), []byte(sum), 0o600)
	}
	if err == nil {
		err = os.Rename(c.folder, c.kept)
	}
	if err != nil {
		_ = os.RemoveAll(c.folder)
	}
	if errors.Is(err, fs.ErrExist) {
		return nil
	}
	return err
}

// drop removes a new folder that nothing came of.
func (c *compiledCode) drop() {
	if c.folder != c.kept {
		_ = os.RemoveAll(c.folder)
	}
}

// trim removes the modules that are too many.
func (c *codeCache) trim() error {
	type kept struct {
		path string
		used time.Time
	}
	entries, err := os.ReadDir(c.folder)
	if err != nil || len(entries) <= keptModules {
		return err
	}
	var all []kept
	for _, e := range entries {
		path := filepath.Join(c.folder, e.Name())
		info, err := os.Stat(filepath.Join(path, sumFile))
		if err != nil {
			info, err = e.Info()
		}
		if err == nil { // else it is gone
			all = append(all, kept{path, info.ModTime()})
		}
	}
	slices.SortFunc(all, func(a, b kept) int { return a.used.Compare(b.used) })
	for _, k := range all[:max(0, len(all)-keptModules)] {
		err = errors.Join(err, os.RemoveAll(k.path))
	}
	return err
}
