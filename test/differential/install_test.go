//go:build differential

package differential

import (
	"crypto/sha256"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
)

// build holds what is installed; it may be removed at any time.
const build = "../../build/differential"

// install puts what requirements.txt pins into an environment of its own, named for that file, unless it is there. It returns the interpreter.
func install() (python string, err error) {
	pins, err := os.ReadFile("requirements.txt")
	if err != nil {
		return "", err
	}
	dir, err := filepath.Abs(filepath.Join(build, fmt.Sprintf("python-%x", sha256.Sum256(pins))[:len("python-")+8]))
	if err != nil {
		return "", err
	}
	python, done := filepath.Join(dir, "bin", "python"), filepath.Join(dir, "installed")
	if _, err := os.Stat(done); err == nil {
		return python, nil
	}
	if err := tool("python3", "-m", "venv", dir); err != nil {
		return "", err
	}
	if err := tool(python, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--no-deps", "--requirement", "requirements.txt"); err != nil {
		return "", err
	}
	return python, os.WriteFile(done, nil, 0o644)
}

// tool runs a command of somebody else's.
func tool(name string, args ...string) error {
	if out, err := exec.Command(name, args...).CombinedOutput(); err != nil {
		return fmt.Errorf("%s %s: %w\n%s\nthe tests need Python 3.11 with venv (Debian: python3 python3-venv)", name, args[0], err, out)
	}
	return nil
}
