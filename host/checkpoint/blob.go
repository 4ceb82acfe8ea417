package checkpoint

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"time"

	"github.com/weir-stream/weir/internal/fault"
)

// MaxBlob is the most bytes that a blob may have.
const MaxBlob = 64 << 20

const (
	blobFolder = "blobs"
	blobPrefix = "sha256-"
	// blobAge is how long a blob stays that nothing refers to (yet).
	blobAge = time.Hour
	// blobTries is how often the lock is tried for.
	blobTries = 1000
)

// hashOf returns the name that data is kept under.
func hashOf(data []byte) (string, error) {
	if len(data) > MaxBlob {
		return "", fault.Inputf("a module or plan of %d bytes, at most %d can be kept", len(data), MaxBlob)
	}
	sum := sha256.Sum256(data)
	return hex.EncodeToString(sum[:]), nil
}

func (d Dir) blob(hash string) string { return filepath.Join(d.Path, blobFolder, blobPrefix+hash) }

// PutBlob writes a file, if there is no whole one; where there is, it is as if it had been written now.
func (d Dir) PutBlob(data []byte) (hash string, err error) {
	hash, err = hashOf(data)
	if err != nil {
		return "", err
	}
	if err := d.putBlob(disk{}, hash, data); err != nil {
		return "", fault.Environmentf("state folder: %w", err)
	}
	return hash, nil
}

func (d Dir) putBlob(files files, hash string, data []byte) error {
	path := d.blob(hash)
	if err := files.mkdir(filepath.Dir(path)); err != nil {
		return err
	}
	renewed, err := d.renew(path)
	if err != nil {
		return err
	}
	if renewed {
		if _, err := readBlob(files, path, hash); err == nil {
			return nil
		}
	}
	if err := files.write(path, data); err != nil {
		return err
	}
	return files.sync(filepath.Dir(path))
}

// renew makes a file as new as if it were written now, if it is there. No Sweep removes it for an hour then.
func (d Dir) renew(path string) (ok bool, err error) {
	lock, err := lockFile(d.blobLock(), blobTries)
	if err != nil {
		return false, err
	}
	now := time.Now()
	err = os.Chtimes(path, now, now)
	if errors.Is(err, fs.ErrNotExist) {
		return false, lock.Unlock()
	}
	return true, errors.Join(err, lock.Unlock())
}

// removeOld removes a file that nobody has written or renewed for long.
func (d Dir) removeOld(path string) (ok bool, err error) {
	lock, err := lockFile(d.blobLock(), blobTries)
	if err != nil {
		return false, err
	}
	if info, err := os.Stat(path); err != nil || time.Since(info.ModTime()) < blobAge {
		return false, lock.Unlock()
	}
	return true, errors.Join(os.Remove(path), lock.Unlock())
}

// blobLock is held for as long as it takes to look at one file and renew or remove it.
func (d Dir) blobLock() string { return filepath.Join(d.Path, blobFolder, "lock") }

// Blob reads a file and checks it against its name.
func (d Dir) Blob(hash string) ([]byte, error) {
	if !isHash(hash) {
		return nil, fault.Inputf("%w: %q is no SHA-256 in hex", ErrNoBlob, hash)
	}
	data, err := readBlob(disk{}, d.blob(hash), hash)
	return data, fault.EnvironmentError(err)
}

func readBlob(files files, path, hash string) ([]byte, error) {
	data, err := files.read(path, MaxBlob)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("%w: %s", ErrNoBlob, path)
	}
	if err != nil {
		return nil, err
	}
	if is, err := hashOf(data); err != nil || is != hash {
		return nil, fmt.Errorf("%w: %s: it is not what its name says; restore it from a copy", ErrDamaged, path)
	}
	return data, nil
}

var hashes = regexp.MustCompile(`[0-9a-f]{64}`)

// Sweep removes the blobs that nothing refers to and that were not put within the last hour, and tells how many those were. A kept
// checkpoint refers to its plan, a plan to every blob whose hash is in its text. Lanes may run meanwhile, in other processes too. Where a
// checkpoint or a plan can't be read nothing is removed; the error, of class environment, names it.
func (d Dir) Sweep() (removed int, err error) {
	names, err := disk{}.list(filepath.Join(d.Path, blobFolder))
	if err != nil {
		return 0, fault.Environmentf("state folder: %w", err)
	}
	if len(names) == 0 {
		return 0, nil
	}
	used, err := d.referred()
	if err != nil {
		return 0, fault.Environmentf("modules and plans that are not needed stay: %w", err)
	}
	for _, name := range names {
		// a file that a crash left behind is ".sha256-HASH" and a number
		hash, blob := strings.CutPrefix(name, blobPrefix)
		if used[hash] || !blob && !strings.HasPrefix(name, "."+blobPrefix) {
			continue
		}
		old, err := d.removeOld(filepath.Join(d.Path, blobFolder, name))
		if err != nil {
			return removed, fault.Environmentf("state folder: %w", err)
		}
		if old && blob {
			removed++
		}
	}
	return removed, nil
}

// referred returns the hashes of all blobs that kept checkpoints refer to.
func (d Dir) referred() (map[string]bool, error) {
	used := map[string]bool{}
	lanes, err := d.lanes()
	if err != nil {
		return nil, err
	}
	for _, l := range lanes {
		files, _, err := d.checkpoints(l)
		if err != nil {
			return nil, err
		}
		for _, path := range files {
			c, err := readFile(disk{}, path)
			if errors.Is(err, fs.ErrNotExist) { // made way for a newer one, whose plan was put within the hour
				continue
			}
			if err != nil {
				return nil, fmt.Errorf("%s: %w", path, err)
			}
			used[c.Plan] = true
		}
	}
	delete(used, "")
	return used, d.planned(used)
}

// planned adds the hashes that plans name.
func (d Dir) planned(used map[string]bool) error {
	var plans []string
	for plan := range used {
		plans = append(plans, plan)
	}
	for _, plan := range plans {
		data, err := d.Blob(plan)
		if errors.Is(err, ErrNoBlob) {
			continue
		}
		if err != nil {
			return err
		}
		for _, hash := range hashes.FindAll(data, -1) {
			used[string(hash)] = true
		}
	}
	return nil
}
