package e2e

import (
	"fmt"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/weir-stream/weir/fluvio"
)

// TestFluvioExamples runs the programs in examples/fluvio as their comments say, one after the other.
func TestFluvioExamples(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	if out, err := exec.Command("go", "build", "-o", dir, repository+"/examples/fluvio/...").CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	c := startBroker(t)
	example := func(name string, args ...string) []string {
		t.Helper()
		out, err := exec.Command(filepath.Join(dir, name), append([]string{"-endpoint", c.sc}, args...)...).Output()
		if err != nil {
			t.Fatalf("%s %v: %v", name, args, err)
		}
		return lines(string(out))
	}
	listed := []string{"topic greetings: 3 partitions, Provisioned, kept for 24h0m0s",
		"partition greetings-0: Online", "partition greetings-1: Online", "partition greetings-2: Online"}
	if got := example("admin"); !slices.Equal(got, append([]string{"greetings created"}, listed...)) {
		t.Errorf("%q", got)
	}
	if got := example("admin"); !slices.Equal(got, append([]string{"greetings is there already"}, listed...)) {
		t.Errorf("%q", got)
	}

	names := []string{"ann", "bob", "carol", "ann", "dave"}
	next := map[uint32]int{}
	var sent, read []string
	for _, name := range names {
		p := fluvio.PartitionForKey([]byte(name), 3)
		sent = append(sent, fmt.Sprintf("hello %s: partition %d, offset %d", name, p, next[p]))
		read = append(read, fmt.Sprintf("partition %d, offset %d: hello %s", p, next[p], name))
		next[p]++
	}
	if got := example("produce", names...); !slices.Equal(got, sent) {
		t.Errorf("%q, want %q", got, sent)
	}
	slices.Sort(read)
	if got := slices.Sorted(slices.Values(example("consume"))); !slices.Equal(got, read) {
		t.Errorf("%q, want %q", got, read)
	}
	if got := example("consume"); len(got) != 0 {
		t.Errorf("a second time: %q", got)
	}
	if got := example("consume", "-id", "another"); len(got) != len(names) {
		t.Errorf("another consumer: %q", got)
	}
	example("produce", "eve")
	if got := example("consume"); len(got) != 1 || !strings.HasSuffix(got[0], "hello eve") {
		t.Errorf("what is new: %q", got)
	}
	example("admin", "-delete")
	if topics := c.objects(t, "topic", "list"); len(topics) != 0 {
		t.Errorf("%v", topics)
	}
}
