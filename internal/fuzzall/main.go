// Command fuzzall runs every fuzz target of the Go modules in the named folders and shares one time budget out among them.
package main

import (
	"bufio"
	"bytes"
	"flag"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strings"
	"time"
)

type target struct{ folder, pkg, name string }

func main() {
	seconds := flag.Int("seconds", 300, "time for all targets together, without building them")
	flag.Parse()
	if err := run(time.Duration(*seconds)*time.Second, flag.Args()); err != nil {
		fmt.Fprintln(os.Stderr, "fuzzall:", err)
		os.Exit(1)
	}
}

func run(budget time.Duration, folders []string) error {
	var targets []target
	for _, folder := range folders {
		list := exec.Command("go", "test", "-list", "^Fuzz", "./...")
		list.Dir, list.Stderr = folder, os.Stderr
		out, err := list.Output()
		if err != nil {
			return fmt.Errorf("list fuzz targets of %s: %w", folder, err)
		}
		targets = append(targets, parse(folder, out)...)
	}
	if len(targets) == 0 {
		return fmt.Errorf("no fuzz targets in %s", strings.Join(folders, " "))
	}
	each := (budget / time.Duration(len(targets))).Truncate(time.Millisecond)
	for _, t := range targets {
		fmt.Printf("fuzz %s %s for %s\n", t.pkg, t.name, each)
		// Minimising every new input by Go's default takes most of so short a time.
		cmd := exec.Command("go", "test", "-run", "^$", "-fuzz", "^"+t.name+"$", "-fuzztime", each.String(), "-fuzzminimizetime", "10x", t.pkg)
		var said bytes.Buffer
		cmd.Dir, cmd.Stdout, cmd.Stderr = t.folder, io.MultiWriter(os.Stdout, &said), os.Stderr
		if err := cmd.Run(); err != nil {
			if !onlyTimeUp(t.name, said.Bytes()) {
				return fmt.Errorf("%s %s: %w", t.pkg, t.name, err)
			}
			fmt.Printf("fuzz %s %s: time was up and no input failed (go.dev/issue/75804)\n", t.pkg, t.name)
		}
	}
	return nil
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

// parse reads what `go test -list` prints: a package's targets, one a line, and then "ok" and the package.
func parse(folder string, out []byte) (targets []target) {
	var names []string
	for lines := bufio.NewScanner(bytes.NewReader(out)); lines.Scan(); {
		fields := strings.Fields(lines.Text())
		switch {
		case len(fields) == 1 && strings.HasPrefix(fields[0], "Fuzz"):
			names = append(names, fields[0])
		case len(fields) >= 2 && fields[0] == "ok":
			for _, n := range names {
				targets = append(targets, target{folder, fields[1], n})
			}
			names = nil
		}
	}
	return targets
}
