package app

import (
	"log/slog"
	"os"
	"path/filepath"

	"github.com/weir-stream/weir/host/sandbox"
)

// cacheDir is where compiled modules are kept between runs: weir/wasm in the user's cache folder. A user without one
// compiles each time.
func cacheDir() string { return userCache("wasm") }

// openRewritten opens the cache of rewritten modules: weir/rewritten in the user's cache folder. nil, which means that each
// run rewrites anew, where there is none or it can't be used; log is told why.
func openRewritten(log *slog.Logger) *sandbox.Cache {
	dir := userCache("rewritten")
	if dir == "" {
		return nil
	}
	cache, err := sandbox.OpenCache(dir, 0)
	if err != nil {
		log.Warn("rewritten modules are not kept", "folder", dir, "reason", err)
		return nil
	}
	return cache
}

func userCache(name string) string {
	dir, err := os.UserCacheDir()
	if err != nil {
		return ""
	}
	return filepath.Join(dir, "weir", name)
}
