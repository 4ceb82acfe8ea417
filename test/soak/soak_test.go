package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/weir-stream/weir/fluvio"
	"github.com/weir-stream/weir/internal/fault"
)

const repository = "../.."

// weirBinary is the binary under test.
var weirBinary string

// TestMain plays the command where a soak starts itself as a consumer, and builds the binary under test otherwise.
func TestMain(m *testing.M) {
	if len(os.Args) > 1 && os.Args[1] == followCommand {
		err := command(context.Background(), os.Args[1:], os.Stdout, os.Stderr)
		fmt.Fprintln(os.Stderr, err)
		os.Exit(int(fault.Of(err)))
	}
	dir, err := os.MkdirTemp("", "weir-soak-test-")
	if err == nil {
		weirBinary = filepath.Join(dir, "weir")
		cmd := exec.Command("go", "build", "-o", weirBinary, repository+"/cmd/weir")
		if out, failed := cmd.CombinedOutput(); failed != nil {
			err = fmt.Errorf("build weir: %w\n%s", failed, out)
		}
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	code := m.Run()
	if err := os.RemoveAll(dir); err != nil {
		fmt.Fprintln(os.Stderr, err)
	}
	os.Exit(code)
}

// TestShortSoak is a soak of a few seconds; `make soak` takes as long as wanted.
func TestShortSoak(t *testing.T) {
	s := soak(t, "-duration", "6s")
	// How many producers and consumers die by then depends on how far they get.
	if min(s.Rounds, s.BrokerKills, s.ProducerKills+s.ConsumerKills, s.Cuts, s.Acknowledged) == 0 || s.Checked < 2*s.Acknowledged {
		t.Errorf("this was no soak: %+v", s)
	}
}

// TestFlights writes and reads all flights through the binary, in peace and under kills.
func TestFlights(t *testing.T) {
	s := soak(t, "-flights", "336776")
	if s.Rounds != 2 || s.BrokerKills == 0 || s.Checked != 2*336_776 {
		t.Errorf("%+v", s)
	}
}

func soak(t *testing.T, args ...string) (s summary) {
	t.Helper()
	var out, talk bytes.Buffer
	err := command(t.Context(), append(args, "-json", "-weir", weirBinary, "-data", repository+"/examples/data/flights.ndjson.zst"), &out, &talk)
	t.Logf("%s", talk.String())
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(out.Bytes(), &s); err != nil {
		t.Fatalf("summary %q: %v", out.String(), err)
	}
	return s
}

func TestArguments(t *testing.T) {
	for _, args := range [][]string{
		{"-duration", "0s", "-weir", weirBinary},
		{"-duration", "soon", "-weir", weirBinary},
		{"-nonsense"},
		{"-weir", weirBinary, "more"},
		{"-weir", "no such file"},
		{"-weir", weirBinary, "-flights", "1", "-data", "no such file"},
	} {
		var out, talk bytes.Buffer
		if err := command(t.Context(), args, &out, &talk); fault.Of(err) != fault.Input {
			t.Errorf("%q: %v, want an input error", args, err)
		}
	}
}

// checked runs records of one producer with sequences (0) and one without (1) through a checker.
func checked(t *testing.T, records ...item) error {
	t.Helper()
	r := &round{seed: 5, tally: &tally{began: time.Now()}, topics: []topic{{name: "t", partitions: 1}}}
	for id := range 2 {
		p := &producing{round: r, id: id, writer: int64(-id), parts: make([]progress, 1)}
		p.parts[0].sent.Store(3)
		p.parts[0].acknowledged = 2
		r.producers = append(r.producers, p)
	}
	c := newChecker(r, 0)
	for offset, i := range records {
		record := recordOf(i, r.seed, int64(offset))
		if err := c.record(&record); err != nil {
			return err
		}
		if i.producer == 0 && i.number < 2 {
			r.producers[0].parts[0].places += placed(i.number, int64(offset))
		}
	}
	return c.ended()
}

// TestCheckerFindsWhatItIsFor gives it logs that are wrong.
func TestCheckerFindsWhatItIsFor(t *testing.T) {
	for _, tc := range []struct {
		records []item
		want    string // in the violation; empty: there is none
	}{
		{[]item{{0, 0, 0}, {1, 0, 0}, {1, 0, 1}, {0, 0, 1}}, ""},
		{[]item{{0, 0, 0}, {1, 0, 0}, {1, 0, 1}, {1, 0, 0}, {1, 0, 1}, {0, 0, 1}}, ""},
		{[]item{{0, 0, 0}, {0, 0, 0}}, "again"},
		{[]item{{0, 0, 1}}, "lost"},
		{[]item{{1, 0, 0}, {1, 0, 2}}, "lost"},
		{[]item{{0, 0, 0}, {0, 0, 1}, {0, 0, 2}, {0, 0, 3}}, "has not written"},
		{[]item{{0, 0, 0}, {1, 0, 0}, {1, 0, 1}}, "1 records of producer 0, 2 are acknowledged"},
		{[]item{{0, 1, 0}}, "for partition 1"},
		{[]item{{7, 0, 0}}, "of producer 7"},
	} {
		err := checked(t, tc.records...)
		if tc.want == "" && err != nil || tc.want != "" && (!errors.Is(err, errViolation) || !strings.Contains(err.Error(), tc.want)) {
			t.Errorf("%v: %v, want %q", tc.records, err, tc.want)
		}
	}
}

func TestForgedRecordsAreFound(t *testing.T) {
	good := recordOf(item{1, 0, 77}, 5, 0).Value
	var scratch []byte
	if got, err := parseItem(good, 5, &scratch); err != nil || got != (item{1, 0, 77}) {
		t.Fatalf("%+v, %v", got, err)
	}
	for i := range good {
		bad := bytes.Clone(good)
		bad[i] ^= 1
		if _, err := parseItem(bad, 5, &scratch); err == nil {
			t.Errorf("byte %d is wrong and nobody sees it", i)
		}
	}
	if _, err := parseItem(good[:len(good)-1], 5, &scratch); err == nil {
		t.Error("a record is too short and nobody sees it")
	}
}

// recordOf is the record of an item as a consumer gets it.
func recordOf(i item, seed uint64, offset int64) fluvio.Record {
	return fluvio.Record{Offset: offset, Value: i.append(nil, seed)}
}
