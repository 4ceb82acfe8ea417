package e2e

import (
	"encoding/json"
	"errors"
	"fmt"
	"path/filepath"
	"strings"
	"testing"

	"github.com/weir-stream/weir/fluvio"
)

// copier is a pipeline that copies numbered records, with their places, from topic NAME-in to topic NAME-out; what is no record of it goes to
// NAME-dead. The record at offset o of a partition has the number o, so the copies tell what was lost, repeated or put out of order.
type copier struct {
	c          *cluster
	name       string
	sql, state string
	sent       []int // by partition of the source, how many records it has
}

// newCopier makes its topics. Options begin with a comma; those of the source begin at the earliest record unless they say otherwise.
func newCopier(t *testing.T, c *cluster, name string, lanes, sinks int, sourceOptions, sinkOptions string) *copier {
	t.Helper()
	if !strings.Contains(sourceOptions, "source.offset") {
		sourceOptions += ", source.offset = 'earliest'"
	}
	k := &copier{c: c, name: name, state: filepath.Join(t.TempDir(), "state"), sent: make([]int, lanes)}
	k.sql = file(t, "copy.sql", fmt.Sprintf(`
CREATE TABLE i (n BIGINT, p INT METADATA FROM 'partition', o BIGINT METADATA FROM 'offset')
  WITH (connector = 'fluvio', topic = '%[1]s-in', type = 'source', format = 'json', bad_data = 'dead_letter', bad_data.topic = '%[1]s-dead'%[2]s);
CREATE TABLE o (p INT, o BIGINT, n BIGINT) WITH (connector = 'fluvio', topic = '%[1]s-out', type = 'sink', format = 'json'%[3]s);
INSERT INTO o SELECT p, o, n FROM i;
`, name, sourceOptions, sinkOptions))
	c.topic(t, name+"-in", lanes)
	c.topic(t, name+"-out", sinks)
	return k
}

// at is the pipeline with its sink in another cluster.
func (k *copier) at(sink *cluster) *copier {
	there := *k
	there.c = sink
	return &there
}

// send sends the next n records to a partition of the source.
func (k *copier) send(t *testing.T, partition, n int) {
	t.Helper()
	client, err := fluvio.Connect(t.Context(), fluvio.WithEndpoint(k.c.sc))
	if err != nil {
		t.Fatal(err)
	}
	defer client.Close()
	producer, err := client.Producer(t.Context(), k.name+"-in")
	if err != nil {
		t.Fatal(err)
	}
	for range n {
		if err := producer.ProduceTo(t.Context(), uint32(partition), fluvio.Record{Value: fmt.Appendf(nil, `{"n":%d}`, k.sent[partition])}); err != nil {
			t.Fatal(err)
		}
		k.sent[partition]++
	}
	if err := producer.Close(t.Context()); err != nil {
		t.Fatal(err)
	}
}

// sendAll sends the next n records to each partition.
func (k *copier) sendAll(t *testing.T, n int) {
	t.Helper()
	for p := range k.sent {
		k.send(t, p, n)
	}
}

func (k *copier) args(more ...string) []string {
	return append([]string{"run", k.sql, "--state", k.state, "--endpoint", k.c.sc, "--checkpoint-interval", "10ms"}, more...)
}

// start starts it for as long as nobody ends it.
func (k *copier) start(t *testing.T, more ...string) *process {
	t.Helper()
	return start(t, nil, k.args(more...)...)
}

// over waits for the end of a process and returns its exit code.
func (p *process) over(t *testing.T) int {
	t.Helper()
	eventually(t, "end of a process", func() bool {
		select {
		case <-p.ended:
			return true
		default:
			return false
		}
	})
	return p.cmd.ProcessState.ExitCode()
}

// run runs it to the end.
func (k *copier) run(t *testing.T, more ...string) summary {
	t.Helper()
	return k.c.run(t, k.sql, append([]string{"--state", k.state}, more...)...)
}

// next is where the checkpoints go on, by partition; those that have none are left out.
func (k *copier) next(t *testing.T) map[int]int {
	t.Helper()
	at := map[int]int{}
	for _, line := range lines(weir(t, nil, "state", "list", "--state", k.state, "--json").out) {
		var l struct{ Partition, Next int }
		if err := json.Unmarshal([]byte(line), &l); err != nil {
			t.Fatalf("%q: %v", line, err)
		}
		if l.Next >= 0 {
			at[l.Partition] = l.Next
		}
	}
	return at
}

// through waits until the checkpoints of all partitions are behind what was sent.
func (k *copier) through(t *testing.T) {
	t.Helper()
	eventually(t, "checkpoints behind everything", func() bool {
		at := k.next(t)
		for p, n := range k.sent {
			if at[p] != n {
				return false
			}
		}
		return true
	})
}

// placed is a record of the sink: where it came from and its number.
type placed struct{ P, O, N int }

// copies is what the sink holds, by partition.
func (k *copier) copies(t *testing.T) map[int][]placed {
	t.Helper()
	all := map[int][]placed{}
	for _, line := range k.c.consume(t, k.name+"-out", "--json") {
		var r struct {
			Partition int
			Value     string
		}
		var at placed
		if err := errors.Join(json.Unmarshal([]byte(line), &r), json.Unmarshal([]byte(r.Value), &at)); err != nil {
			t.Fatalf("%q: %v", line, err)
		}
		all[r.Partition] = append(all[r.Partition], at)
	}
	return all
}

// count is how many records the sink holds.
func (k *copier) count(t *testing.T) (n int) {
	t.Helper()
	return len(k.c.consume(t, k.name+"-out"))
}

// expect wants the copies of what each partition was sent from an offset on, in order: the first copies where repeats are allowed.
func (k *copier) expect(t *testing.T, repeats bool, from ...int) {
	t.Helper()
	got := make([]map[int]bool, len(k.sent))
	for p := range got {
		got[p] = map[int]bool{}
	}
	for at, part := range k.copies(t) {
		last := make([]int, len(k.sent))
		for _, r := range part {
			switch {
			case r.P >= len(k.sent) || r.O < from[r.P] || r.O >= k.sent[r.P] || r.N != r.O:
				t.Fatalf("%s-%d holds %+v, which is no copy that is due", k.name, at, r)
			case got[r.P][r.O] && !repeats:
				t.Fatalf("%s-%d holds %+v, which is there already", k.name, at, r)
			case !got[r.P][r.O] && r.O < last[r.P]:
				t.Fatalf("%s-%d holds %+v behind offset %d", k.name, at, r, last[r.P])
			}
			last[r.P] = max(last[r.P], r.O)
			got[r.P][r.O] = true
		}
	}
	for p, n := range k.sent {
		if missing := n - from[p] - len(got[p]); missing > 0 {
			t.Errorf("%d of the %d records of %s-in-%d are lost", missing, n-from[p], k.name, p)
		}
	}
}
