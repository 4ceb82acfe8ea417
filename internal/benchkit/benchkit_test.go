package benchkit

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"os/signal"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"

	"github.com/klauspost/compress/zstd"
)

// TestMain lets the test's own binary stand for weir. Of a broker the folder above its data says how it behaves.
func TestMain(m *testing.M) {
	switch {
	case len(os.Args) > 1 && os.Args[1] == "run":
		os.Exit(pretend(os.Args[2:]))
	case len(os.Args) < 2 || os.Args[1] != "broker":
		os.Exit(m.Run())
	}
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM)
	defer stop()
	switch folder := filepath.Base(filepath.Dir(os.Args[3])); folder {
	case "mute":
		return
	case "odd":
		fmt.Fprintln(os.Stdout, "at your service")
	default:
		fmt.Fprintln(os.Stdout, "ready sc=127.0.0.1:1 spu=127.0.0.1:2")
	}
	<-ctx.Done()
}

func TestBrokerServesUntilItIsStopped(t *testing.T) {
	b, err := StartBroker(t.Context(), os.Args[0], t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	b.Stop()
	if b.SC != "127.0.0.1:1" || !b.cmd.ProcessState.Success() {
		t.Errorf("it was at %q and ended with %v", b.SC, b.cmd.ProcessState)
	}
}

func TestBrokerThatDoesNotServe(t *testing.T) {
	for _, kind := range []string{"mute", "odd"} {
		if b, err := StartBroker(t.Context(), os.Args[0], filepath.Join(t.TempDir(), kind)); err == nil {
			b.Stop()
			t.Errorf("a broker that is %s counts as started", kind)
		}
	}
	if _, err := StartBroker(t.Context(), filepath.Join(t.TempDir(), "absent"), t.TempDir()); err == nil {
		t.Error("a broker without a binary counts as started")
	}
}

func TestFigures(t *testing.T) {
	for _, tc := range []struct {
		runs             []float64
		median, min, max float64
	}{
		{[]float64{3}, 3, 3, 3},
		{[]float64{4, 1}, 2.5, 1, 4},
		{[]float64{5, 1, 2}, 2, 1, 5},
		{[]float64{8, 1, 2, 4}, 3, 1, 8},
	} {
		f := NewFigure(slices.Clone(tc.runs))
		if f.Median != tc.median || f.Min != tc.min || f.Max != tc.max || !slices.Equal(f.Runs, tc.runs) {
			t.Errorf("%v: %+v", tc.runs, f)
		}
	}
	if q := Quantile([]float64{0, 10, 20}, 0.9); q != 18 {
		t.Errorf("nine tenths of 0, 10, 20 lie below %v", q)
	}
	if q := Quantile([]float64{0, 10, 20}, 1); q != 20 {
		t.Errorf("all of 0, 10, 20 lie below %v", q)
	}
}

func TestTable(t *testing.T) {
	var out strings.Builder
	table := Table(&out)
	NewFigure([]float64{1, 2, 4}).Row(table, "one, s", "%.1f")
	if err := table.Flush(); err != nil {
		t.Fatal(err)
	}
	if want := "\nfigure  median  min  max\none, s  2.0     1.0  4.0\n"; out.String() != want {
		t.Errorf("%q, want %q", out.String(), want)
	}
}

func TestUnpackCountsLines(t *testing.T) {
	const text = "{\"a\":1}\n{\"a\":2}\n"
	packer, err := zstd.NewWriter(nil)
	if err != nil {
		t.Fatal(err)
	}
	packed := filepath.Join(t.TempDir(), "some.ndjson.zst")
	if err := os.WriteFile(packed, packer.EncodeAll([]byte(text), nil), 0o644); err != nil {
		t.Fatal(err)
	}
	path, records, err := Unpack(packed, t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	got, err := os.ReadFile(path)
	if err != nil || string(got) != text || records != 2 || filepath.Base(path) != "some.ndjson" {
		t.Errorf("%s: %d records, %q, %v", path, records, got, err)
	}
	if err := os.WriteFile(packed, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
	if _, _, err := Unpack(packed, t.TempDir()); err == nil {
		t.Error("a file that is not packed counts as unpacked")
	}
}

func TestSaveWritesTwice(t *testing.T) {
	path := filepath.Join(t.TempDir(), "folder", "report.json")
	var out bytes.Buffer
	if err := Save(map[string]int{"runs": 5}, path, &out); err != nil {
		t.Fatal(err)
	}
	text, err := os.ReadFile(path)
	if err != nil || !bytes.Equal(text, out.Bytes()) || out.String() != "{\n  \"runs\": 5\n}\n" {
		t.Errorf("the file holds %q (%v), printed is %q", text, err, out.String())
	}
	if err := Save(func() {}, path, &out); err == nil {
		t.Error("a report that is no JSON counts as saved")
	}
}

func TestProcessMemory(t *testing.T) {
	now, ok := ProcessMiB(os.Getpid(), "VmRSS")
	peak, told := ProcessMiB(os.Getpid(), "VmHWM")
	if _, err := os.Stat("/proc/self/status"); err != nil {
		if ok || told {
			t.Error("a system that tells nothing told something")
		}
		return
	}
	if !ok || !told || now <= 0 || peak < now/2 {
		t.Errorf("%v MiB now (%v), %v at the most (%v)", now, ok, peak, told)
	}
	if _, ok := ProcessMiB(os.Getpid(), "VmNothing"); ok {
		t.Error("a size that there is not")
	}
}
