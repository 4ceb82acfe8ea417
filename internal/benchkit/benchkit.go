// Package benchkit is what the benchmarks share: the records they run on, a broker as a process of its own, and figures of several runs.
package benchkit

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"

	"github.com/klauspost/compress/zstd"
)

// Flights is the file with the flight records, one a line, seen from the repository's root, which is where benchmarks run.
const Flights = "examples/data/flights.ndjson.zst"

// Machine is what the figures were taken on.
type Machine struct {
	CPUs int    `json:"cpus"`
	Arch string `json:"arch"`
	Go   string `json:"go"`
}

// ThisMachine describes the machine that this process runs on.
func ThisMachine() Machine {
	return Machine{runtime.NumCPU(), runtime.GOOS + "/" + runtime.GOARCH, runtime.Version()}
}

// Unpack writes the records of a zstd file, one a line, to a plain file in dir and counts them.
func Unpack(packed, dir string) (path string, records int, err error) {
	in, err := os.Open(packed)
	if err != nil {
		return "", 0, err
	}
	defer in.Close()
	unpacked, err := zstd.NewReader(in)
	if err != nil {
		return "", 0, err
	}
	defer unpacked.Close()
	path = filepath.Join(dir, strings.TrimSuffix(filepath.Base(packed), ".zst"))
	out, err := os.Create(path)
	if err != nil {
		return "", 0, err
	}
	var lines lineCounter
	_, err = io.Copy(io.MultiWriter(out, &lines), unpacked)
	return path, int(lines), errors.Join(err, out.Close())
}

// lineCounter counts the lines that are written to it.
type lineCounter int

func (n *lineCounter) Write(b []byte) (int, error) {
	*n += lineCounter(bytes.Count(b, []byte("\n")))
	return len(b), nil
}

// Save writes a report as JSON to a file, whose folder it makes, and to w.
func Save(report any, path string, w io.Writer) error {
	text, err := json.MarshalIndent(report, "", "  ")
	if err != nil {
		return err
	}
	text = append(text, '\n')
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		return err
	}
	if err := os.WriteFile(path, text, 0o644); err != nil {
		return err
	}
	_, err = w.Write(text)
	return err
}

// ProcessMiB reads a size from what Linux tells of a process: VmRSS is its resident memory now, VmHWM the most it ever was. It is
// false where the process is gone or the system does not tell.
func ProcessMiB(pid int, size string) (mib float64, ok bool) {
	status, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
	if err != nil {
		return 0, false
	}
	_, rest, ok := strings.Cut(string(status), size+":")
	fields := strings.Fields(rest)
	if !ok || len(fields) == 0 {
		return 0, false
	}
	kib, err := strconv.ParseFloat(fields[0], 64)
	return kib / 1024, err == nil
}
