package app

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/weir-stream/weir/host/checkpoint"
	"github.com/weir-stream/weir/internal/fault"
)

// keptLanes is a state folder with lanes of the pipeline late, at offset 42.
func keptLanes(t *testing.T, lanes uint32, sink checkpoint.Sink) string {
	t.Helper()
	dir := checkpoint.Dir{Path: t.TempDir()}
	for p := range lanes {
		l, err := dir.Open("late", "flights", p)
		if err != nil {
			t.Fatal(err)
		}
		err = l.SaveTwice(checkpoint.Checkpoint{
			Pipeline: "late", Topic: "flights", Partition: p, Next: 42, Sinks: map[string]checkpoint.Sink{"table late": sink},
		})
		if err != nil {
			t.Fatal(err)
		}
		if err := l.Close(); err != nil {
			t.Fatal(err)
		}
	}
	return dir.Path
}

func TestALaneThatCanNotBeOpenedIsListedWithTheReason(t *testing.T) {
	dir := keptLanes(t, 4, checkpoint.Sink{Count: 7})
	file := func(lane, epoch int) string {
		return filepath.Join(dir, "late", fmt.Sprint("lane-", lane), fmt.Sprintf("%020d.json", epoch))
	}
	for path, content := range map[string]string{
		file(0, 9): "b9e9103b\n{\"version\":9}\n",
		file(2, 0): "torn", file(2, 1): "torn",
		file(3, 1): "torn",
	} {
		if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	for epoch := range 2 {
		if err := os.Remove(file(1, epoch)); err != nil {
			t.Fatal(err)
		}
	}
	want := []struct {
		next    int64
		damaged int
		problem string
	}{{-1, 0, "version 9"}, {-1, 0, "gone"}, {-1, 2, "no checkpoint of the lane can be read"}, {42, 1, ""}}
	var out, text, whole bytes.Buffer
	if err := ListState(dir, Output{W: &out, JSON: true}); err != nil {
		t.Fatal(err)
	}
	if err := ListState(dir, Output{W: &text}); err != nil {
		t.Fatal(err)
	}
	lines, rows := strings.Split(out.String(), "\n"), strings.Split(text.String(), "\n")
	if len(rows) != len(want)+2 {
		t.Fatalf("listed:\n%s", &text)
	}
	for i, w := range want {
		var l shownLane
		if err := json.Unmarshal([]byte(lines[i]), &l); err != nil {
			t.Fatal(err)
		}
		if l.Next != w.next || l.Damaged != w.damaged || l.Saved.IsZero() != (w.next < 0) ||
			!strings.Contains(l.Problem, w.problem) || (l.Problem == "") != (w.problem == "") {
			t.Errorf("lane %d: %+v, want %+v", i, l, w)
		}
		if !strings.Contains(rows[i+1], w.problem) || strings.Contains(rows[i+1], "  42  ") != (w.next == 42) {
			t.Errorf("lane %d: %s", i, rows[i+1])
		}
	}
	if err := ShowState(dir, "late", 0, Output{W: &whole}); err != nil {
		t.Fatal(err)
	}
	head, _, _ := strings.Cut(whole.String(), "00000000000000000009.json")
	if !strings.Contains(head, "next offset -") || !strings.Contains(head, "can't be opened") || strings.Contains(whole.String(), "table late") {
		t.Errorf("shown:\n%s", &whole)
	}
}

func TestManyPartitionsOfASinkAreShownInColumns(t *testing.T) {
	sink := checkpoint.Sink{Count: 7, Topic: "late", Partitions: 64, Writer: 255}
	for p := range int64(64) {
		sink.Ordinals, sink.Positions = append(sink.Ordinals, p*p), append(sink.Positions, 10*p)
	}
	var out bytes.Buffer
	if err := ShowState(keptLanes(t, 1, sink), "late", -1, Output{W: &out}); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{
		"  table late: 7 records to late over 64 partitions, as writer ff\n",
		"\n     0:    0 from   0     1:    1 from  10     2:    4 from  20     3:    9 from  30\n",
		"\n    60: 3600 from 600    61: 3721 from 610    62: 3844 from 620    63: 3969 from 630\n",
	} {
		if !strings.Contains(out.String(), want) {
			t.Errorf("it does not say %q:\n%s", want, &out)
		}
	}
	for line := range strings.Lines(out.String()) {
		if len(line) > 100 {
			t.Errorf("a long line: %s", line)
		}
	}
}

func TestAPipelineOfWhichThereIsNothingIsBadInput(t *testing.T) {
	dir := keptLanes(t, 1, checkpoint.Sink{})
	for pipeline, partition := range map[string]int64{"none": -1, "late": 1} {
		err := ShowState(dir, pipeline, partition, Output{W: new(bytes.Buffer)})
		if fault.Of(err) != fault.Input || !strings.Contains(err.Error(), "weir state list") {
			t.Errorf("%s/%d: %v", pipeline, partition, err)
		}
	}
}
