// Package guestbuild builds Go guests with the stock toolchain, for tests.
package guestbuild

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"sync"
	"time"
)

// Timeout bounds one build. The first one on a machine compiles the standard library for WebAssembly, which takes seconds.
const Timeout = 5 * time.Minute

// ErrNoToolchain is in the chain of an error where there is no go command.
var ErrNoToolchain = errors.New("there is no go command")

// build is one guest, built once in a process.
type build struct {
	once sync.Once
	wasm []byte
	err  error
}

var builds sync.Map // absolute folder → *build

// Build builds the guest in a folder, a main package in a Go module, as a WebAssembly reactor and returns it as the toolchain
// made it, without a manifest. A folder is built once in a process, however many ask for it at once: an error is kept
// too. The result is shared and must not be changed. The go command is the one in PATH;
// it reads and writes its usual build cache and nothing else outside of a temporary folder.
func Build(folder string) ([]byte, error) {
	folder, err := filepath.Abs(folder)
	if err != nil {
		return nil, fmt.Errorf("building a guest: %w", err)
	}
	entry, _ := builds.LoadOrStore(folder, &build{})
	b := entry.(*build)
	b.once.Do(func() {
		if b.wasm, b.err = compile(folder); b.err != nil {
			b.err = fmt.Errorf("building the guest in %s: %w", folder, b.err)
		}
	})
	return b.wasm, b.err
}

// BuildFile is Build into a file, which it creates or overwrites.
func BuildFile(folder, file string) error {
	wasm, err := Build(folder)
	if err != nil {
		return err
	}
	if err := os.WriteFile(file, wasm, 0o644); err != nil {
		return fmt.Errorf("storing the guest built in %s: %w", folder, err)
	}
	return nil
}

func compile(folder string) ([]byte, error) {
	if _, err := os.Stat(filepath.Join(folder, "go.mod")); errors.Is(err, fs.ErrNotExist) {
		return nil, errors.New("it has no go.mod; a guest is a Go module of its own")
	} else if err != nil {
		return nil, err
	}
	goCommand, err := exec.LookPath("go")
	if err != nil {
		return nil, fmt.Errorf("%w in PATH: install Go 1.26", ErrNoToolchain)
	}
	temp, err := os.MkdirTemp("", "weir-guest-")
	if err != nil {
		return nil, err
	}
	defer os.RemoveAll(temp)
	file := filepath.Join(temp, "guest.wasm")

	ctx, cancel := context.WithTimeout(context.Background(), Timeout)
	defer cancel()
	cmd := exec.CommandContext(ctx, goCommand, "build", "-trimpath", "-buildvcs=false", "-buildmode=c-shared", "-o", file, ".")
	cmd.Dir = folder
	// A workspace, flags or a race build of the caller are none of the guest's business; and nothing is downloaded for it.
	cmd.Env = append(os.Environ(), "PWD="+folder, "GOOS=wasip1", "GOARCH=wasm", "CGO_ENABLED=0",
		"GOWORK=off", "GOFLAGS=", "GOTOOLCHAIN=local", "GOPROXY=off")
	if output, err := cmd.CombinedOutput(); err != nil {
		if ctx.Err() != nil {
			err = fmt.Errorf("not done within %v", Timeout)
		}
		return nil, fmt.Errorf("go build: %w\n%s", err, bytes.TrimSpace(output))
	}
	return os.ReadFile(file)
}
