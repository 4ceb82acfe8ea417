package app

import (
	"os"
	"path/filepath"
)

// cacheDir is where compiled modules are kept between runs: weir/wasm in the user's cache folder. A user without one
// compiles each time.
func cacheDir() string {
	dir, err := os.UserCacheDir()
	if err != nil {
		return ""
	}
	return filepath.Join(dir, "weir", "wasm")
}
