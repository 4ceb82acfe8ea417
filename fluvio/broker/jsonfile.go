package broker

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/google/renameio/v2"

	"github.com/weir-stream/weir/fluvio/broker/internal/commitlog"
)

// writeJSON replaces the file at path by v, whole or not at all, and forces it to the disk. After an error the new file may
// be in place all the same, not forced.
func writeJSON(path string, v any) error {
	if err := replaceJSON(path, v); err != nil {
		return err
	}
	return commitlog.SyncDir(filepath.Dir(path))
}

// replaceJSON is writeJSON, but for the name in the folder, which power loss may still take.
func replaceJSON(path string, v any) error {
	b, err := json.MarshalIndent(v, "", "  ")
	if err != nil {
		return fmt.Errorf("encode %s: %w", path, err)
	}
	if err := renameio.WriteFile(path, append(b, '\n'), 0o644, renameio.WithTempDir(filepath.Dir(path))); err != nil {
		return fmt.Errorf("write %s: %w", path, err)
	}
	return nil
}

// readJSON loads the file at path into v and reports whether there is one. It removes what an interrupted writeJSON left behind.
func readJSON(path string, v any) (found bool, err error) {
	dir, name := filepath.Split(path)
	files, _ := os.ReadDir(dir)
	for _, f := range files {
		if strings.HasPrefix(f.Name(), "."+name) {
			_ = os.Remove(filepath.Join(dir, f.Name())) // only untidy if it stays
		}
	}
	b, err := os.ReadFile(path)
	if errors.Is(err, os.ErrNotExist) {
		return false, nil
	}
	if err != nil {
		return false, err
	}
	if err := json.Unmarshal(b, v); err != nil {
		return false, fmt.Errorf("%s is damaged, restore it from a copy: %w", path, err)
	}
	return true, nil
}
