// Command fuzzall runs every fuzz target of the Go modules in the named folders and shares one time budget out among them.
//
// Each package's tests are compiled once, with the fuzzer's instrumentation, and run once a target. The budget is for fuzzing alone: compiling
// comes on top, about three seconds a package where its dependencies are in the build cache.
package main

import (
	"bytes"
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"
)

// grace is what a target may take beside its share: to start, to go over its seeds, and to stop.
const grace = time.Minute

func main() {
	seconds := flag.Int("seconds", 300, "time for all targets together, without building them")
	flag.Parse()
	if err := run(time.Duration(*seconds)*time.Second, flag.Args()); err != nil {
		fmt.Fprintln(os.Stderr, "fuzzall:", err)
		os.Exit(1)
	}
}

func run(budget time.Duration, folders []string) (err error) {
	var packages []fuzzed
	targets := 0
	for _, folder := range folders {
		found, err := find(folder)
		if err != nil {
			return fmt.Errorf("list fuzz targets of %s: %w", folder, err)
		}
		for _, p := range found {
			targets += len(p.targets)
		}
		packages = append(packages, found...)
	}
	if targets == 0 {
		return fmt.Errorf("no fuzz targets in %s", strings.Join(folders, " "))
	}
	r := runner{each: (budget / time.Duration(targets)).Truncate(time.Millisecond)}
	if r.scratch, err = os.MkdirTemp("", "fuzzall"); err != nil {
		return err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(r.scratch)) }()
	if r.cache, err = cacheFolder(); err != nil {
		return err
	}
	start := time.Now()
	for _, p := range packages {
		if err := r.fuzz(p); err != nil {
			return err
		}
	}
	fmt.Printf("fuzzed %d targets for %s each in %s, of which %s went to compiling %d packages\n",
		targets, r.each, time.Since(start).Round(time.Second), r.compiling.Round(time.Second), len(packages))
	return nil
}

// cacheFolder is where the go command keeps inputs that reached new code: a later run begins with them.
func cacheFolder() (string, error) {
	out, err := exec.Command("go", "env", "GOCACHE").Output()
	if err != nil {
		return "", fmt.Errorf("go env GOCACHE: %w", err)
	}
	return filepath.Join(strings.TrimSpace(string(out)), "fuzz"), nil
}

type runner struct {
	each           time.Duration // for a target
	compiling      time.Duration // so far
	scratch, cache string        // folders
}

// fuzz compiles the tests of a package and runs its targets, one after the other.
func (r *runner) fuzz(p fuzzed) error {
	binary := filepath.Join(r.scratch, "fuzz.test")
	start := time.Now()
	build := exec.Command("go", "test", "-c", "-fuzz", ".", "-o", binary, p.path)
	build.Dir, build.Stdout, build.Stderr = p.dir, os.Stderr, os.Stderr
	if err := build.Run(); err != nil {
		return fmt.Errorf("compile %s: %w", p.path, err)
	}
	r.compiling += time.Since(start)
	for _, name := range p.targets {
		fmt.Printf("fuzz %s %s for %s\n", p.path, name, r.each)
		if err := r.target(binary, p, name); err != nil {
			return fmt.Errorf("%s %s: %w", p.path, name, err)
		}
	}
	return nil
}

func (r *runner) target(binary string, p fuzzed, name string) error {
	ctx, cancel := context.WithTimeout(context.Background(), r.each+grace)
	defer cancel()
	// Minimising every new input by Go's default takes most of so short a time.
	cmd := exec.CommandContext(ctx, binary, "-test.run=^$", "-test.fuzz=^"+name+"$", "-test.fuzztime="+r.each.String(), "-test.fuzzminimizetime=10x",
		"-test.fuzzcachedir="+filepath.Join(r.cache, filepath.FromSlash(p.path)))
	var said bytes.Buffer
	cmd.Dir, cmd.Stdout, cmd.Stderr, cmd.WaitDelay = p.dir, io.MultiWriter(os.Stdout, &said), os.Stderr, 5*time.Second
	err := cmd.Run()
	switch {
	case ctx.Err() != nil:
		return fmt.Errorf("not done %s after its time was up: one of its inputs hangs", grace)
	case err != nil && onlyTimeUp(name, said.Bytes()):
		fmt.Printf("fuzz %s %s: time was up and no input failed (go.dev/issue/75804)\n", p.path, name)
		return nil
	}
	return err
}

// onlyTimeUp reports that a failed run found nothing: Go's fuzzing coordinator at times returns the end of -fuzztime as an error (go.dev/issue/75804, in every
// release before 1.27). It then prints that error alone; a failing, hanging or dying input always prints more than this one line.
func onlyTimeUp(name string, out []byte) bool {
	at := bytes.Index(out, []byte("--- FAIL: "+name+" ("))
	if at < 0 || bytes.Count(out, []byte("--- FAIL")) != 1 {
		return false
	}
	lines := strings.Split(strings.TrimSpace(string(out[at:])), "\n")
	return len(lines) >= 3 && strings.TrimSpace(lines[1]) == "context deadline exceeded" && lines[2] == "FAIL"
}
