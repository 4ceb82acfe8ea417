//go:build clients

package clients

import (
	"crypto/sha256"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
)

// build holds what is installed; it may be removed at any time.
const build = "../../build"

// installRust builds the crate's program, which the benchmark uses too. Here it need not be fast, and a debug build takes half as long.
func installRust() (program, error) {
	target, err := filepath.Abs(filepath.Join(build, "peers"))
	if err != nil {
		return program{}, err
	}
	err = tool("Cargo with Rust 1.89 or newer, and a C compiler (rustup; Debian: gcc)", []string{"CARGO_TARGET_DIR=" + target}, "",
		"cargo", "build", "--locked", "--quiet", "--manifest-path", "../../bench/peers/Cargo.toml")
	return program{command: []string{filepath.Join(target, "debug", "official")}}, err
}

// installPython puts the wheel into an environment of its own.
func installPython() (program, error) {
	const need = "Python 3.11 with venv (Debian: python3 python3-venv)"
	dir, _, err := folder("python", "requirements.txt")
	if err != nil {
		return program{}, err
	}
	if err := tool(need, nil, "", "python3", "-m", "venv", dir); err != nil {
		return program{}, err
	}
	python := filepath.Join(dir, "bin", "python")
	err = tool(need, nil, "", python, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--requirement", "requirements.txt")
	return program{command: []string{python, "python_client.py"}, env: []string{"PYTHONDONTWRITEBYTECODE=1"}}, err
}

// installNPM installs what the lock file names and translates the client, which its own install script does only where a
// TypeScript compiler happens to be.
func installNPM() (program, error) {
	const need = "Node 20 with npm (Debian: nodejs npm)"
	dir, done, err := folder("npm", "package-lock.json", "package.json")
	p := program{command: []string{"node", "npm_client.js"}, env: []string{"NODE_PATH=" + filepath.Join(dir, "node_modules")}}
	if err != nil || done {
		return p, err
	}
	if err := tool(need, nil, dir, "npm", "ci", "--ignore-scripts", "--no-audit", "--no-fund"); err != nil {
		return p, err
	}
	if err := tool(need, nil, dir, "node", "node_modules/typescript/bin/tsc", "-p", "node_modules/@fluvio/client"); err != nil {
		return p, err
	}
	return p, os.WriteFile(filepath.Join(dir, installed), nil, 0o644)
}

// installed is the file that marks a folder whose install came to its end.
const installed = "installed"

// folder makes a folder below build that is named for the files that pin a client, and copies them there.
func folder(name string, pins ...string) (dir string, done bool, err error) {
	hash := sha256.New()
	for _, pin := range pins {
		text, err := os.ReadFile(pin)
		if err != nil {
			return "", false, err
		}
		hash.Write(text)
	}
	if dir, err = filepath.Abs(filepath.Join(build, "clients", fmt.Sprintf("%s-%x", name, hash.Sum(nil)[:4]))); err != nil {
		return "", false, err
	}
	if _, err := os.Stat(filepath.Join(dir, installed)); err == nil {
		return dir, true, nil
	}
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return "", false, err
	}
	for _, pin := range pins {
		text, err := os.ReadFile(pin)
		if err != nil {
			return "", false, err
		}
		if err := os.WriteFile(filepath.Join(dir, pin), text, 0o644); err != nil {
			return "", false, err
		}
	}
	return dir, false, nil
}

// tool runs a command of somebody else's.
func tool(need string, env []string, dir, name string, args ...string) error {
	cmd := exec.Command(name, args...)
	cmd.Env, cmd.Dir = append(os.Environ(), env...), dir
	if out, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("%s %s: %w\n%s\nthe test needs %s", name, args[0], err, out, need)
	}
	return nil
}
