package pipeline

import (
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/weir-stream/weir/host/batch"
	"github.com/weir-stream/weir/host/connector"
	"github.com/weir-stream/weir/host/deadletter"
	"github.com/weir-stream/weir/host/format"
	"github.com/weir-stream/weir/host/operator"
)

var update = flag.Bool("update", false, "write what came out into the scripts")

// A script is a file of cases. A case is its name, the job, a line "----" and what is there afterwards:
//
//	=== even numbers
//	chain even
//	sink out 1
//	in 0 {"n":1,"s":"a"}
//	in 0 {"n":2,"s":"a"}
//	----
//	out/0 {"n":2,"s":"a"}
//	checkpoint 0: next 2, table out 1
//	stats records_in 2, …
//
// In a value \n is a newline. Records of one lane have the same s, so that what comes out can be told apart.
// The order of jobs: newline [LONGEST], bad_data, chain, on_reject letters|drop|stop, drop_batch, isolate, sink TOPIC PARTITIONS
// [output N] [keyed], letters PARTITIONS, rows N (batches have N rows in every run), in PARTITION VALUE.
type script struct {
	name       string
	text, want string
	job        job
	cuts       bool // batches may be cut anywhere
}

func readScripts(t *testing.T, path string) (scripts []*script) {
	t.Helper()
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	for _, one := range strings.Split("\n"+string(data), "\n=== ")[1:] {
		name, rest, _ := strings.Cut(one, "\n")
		text, want, _ := strings.Cut(rest, "----\n")
		s := &script{name: name, text: text, want: strings.TrimSpace(want), cuts: true}
		s.job.onReject = OnReject{Letters: -1}
		for line := range strings.Lines(text) {
			if err := s.order(strings.TrimSuffix(line, "\n")); err != nil {
				t.Fatalf("%s: %s: %q: %v", path, name, line, err)
			}
		}
		scripts = append(scripts, s)
	}
	return scripts
}

func (s *script) order(line string) (err error) {
	word, rest, _ := strings.Cut(line, " ")
	args := strings.Fields(rest)
	j := &s.job
	switch word {
	case "newline":
		j.newline = true
		if rest != "" {
			j.maxLine, err = strconv.Atoi(rest)
		}
	case "bad_data":
		j.badData = map[string]format.Policy{"fail": format.Fail, "drop": format.Drop, "dead_letter": format.DeadLetter}[rest]
	case "chain":
		j.chain = args
	case "on_reject":
		j.onReject = map[string]OnReject{"letters": {Letters: 0}, "drop": {Letters: -1, Drop: true}, "stop": {Letters: -1}}[rest]
	case "drop_batch":
		j.onError = operator.DropBatch
	case "isolate":
		j.onError = operator.Isolate
	case "letters":
		j.letters, err = strconv.Atoi(rest)
	case "rows":
		s.cuts = false
		j.limits.Rows, err = strconv.Atoi(rest)
	case "sink":
		to := target{topic: args[0]}
		to.partitions, err = strconv.Atoi(args[1])
		for i, a := range args {
			if a == "output" {
				to.output, err = strconv.Atoi(args[i+1])
			}
			to.keyed = to.keyed || a == "keyed"
		}
		j.sinks = append(j.sinks, to)
	case "in":
		at, value, _ := strings.Cut(rest, " ")
		var p int
		p, err = strconv.Atoi(at)
		for len(j.input) <= p {
			j.input = append(j.input, nil)
		}
		value = strings.ReplaceAll(value, `\n`, "\n")
		j.input[p] = append(j.input[p], connector.Message{Time: int64(1000 * len(j.input[p])), Value: []byte(value)})
	case "":
	default:
		err = errors.New("unknown order")
	}
	return err
}

// variants are ways to run a job that must make no difference.
func (s *script) variants() (all []job) {
	for _, most := range []int{0, 1, 2} {
		for _, interval := range []time.Duration{0, 1} {
			for _, limits := range []batch.Limits{{}, {Rows: 1}, {Rows: 2}, {Rows: 3}, {Bytes: 1}} {
				j := s.job
				j.most, j.interval = most, interval
				if s.cuts {
					j.limits = limits
				} else if most > 0 || limits != (batch.Limits{}) {
					continue
				}
				all = append(all, j)
			}
		}
	}
	return all
}

func TestScripts(t *testing.T) {
	paths, err := filepath.Glob("testdata/*.txt")
	if err != nil || len(paths) == 0 {
		t.Fatal("no scripts", err)
	}
	for _, path := range paths {
		scripts := readScripts(t, path)
		for _, s := range scripts {
			t.Run(s.name, func(t *testing.T) {
				for _, j := range s.variants() {
					b := newBench(t, j)
					c := b.config()
					err := b.run(t.Context(), c, nil)
					got := b.outcome(c.Stats, err)
					if *update {
						s.want = got
					}
					if got != s.want {
						t.Fatalf("with %+v, reads of %d, checkpoints every %v:\n%s\nwant:\n%s", j.limits, j.most, j.interval, got, s.want)
					}
				}
			})
		}
		if *update {
			var file strings.Builder
			for _, s := range scripts {
				fmt.Fprintf(&file, "=== %s\n%s----\n%s\n\n", s.name, s.text, s.want)
			}
			if err := os.WriteFile(path, []byte(strings.TrimSuffix(file.String(), "\n")), 0o644); err != nil {
				t.Fatal(err)
			}
		}
	}
}

// outcome is all that a run left behind, as a script has it.
func (b *bench) outcome(s *Stats, err error) string {
	var out strings.Builder
	for _, to := range append(slices.Clone(b.job.sinks), target{topic: "bad", partitions: max(b.job.letters, 1)}) {
		for p := range to.partitions {
			records := b.mem.Records(to.topic, uint32(p))
			slices.SortStableFunc(records, func(x, y connector.Message) int { return strings.Compare(origin(x), origin(y)) })
			for _, m := range records {
				fmt.Fprintf(&out, "%s/%d %s\n", to.topic, p, show(m))
			}
		}
	}
	for p := range max(len(b.job.input), 1) {
		c := b.saved[fmt.Sprintf("p/%d", p)]
		fmt.Fprintf(&out, "checkpoint %d: next %d", p, c.Next)
		for _, name := range slices.Sorted(maps.Keys(c.Sinks)) {
			fmt.Fprintf(&out, ", %s %d", name, c.Sinks[name].Count)
		}
		fmt.Fprintf(&out, ", committed %d\n", b.mem.Committed("in", uint32(p)))
	}
	if err != nil {
		fmt.Fprintf(&out, "error %v\n", err)
	}
	fmt.Fprintf(&out, "stats rows_out %d, records_out %d, bytes_out %d, rejected %d, letters %d",
		s.RowsOut.Load(), s.RecordsOut.Load(), s.BytesOut.Load(), s.Rejected.Load(), s.Letters.Load())
	if err == nil { // a lane that stops has read ahead, so far as its queues went
		fmt.Fprintf(&out, ", records_in %d, rows_in %d, bytes_in %d", s.RecordsIn.Load(), s.RowsIn.Load(), s.BytesIn.Load())
	}
	return out.String()
}

// letterOf is a record as a dead letter, nil where it is none.
func letterOf(m connector.Message) *deadletter.Letter {
	l := new(deadletter.Letter)
	if json.Unmarshal(m.Key, l) != nil || l.Code == "" {
		return nil
	}
	l.Value = m.Value
	return l
}

// origin tells lanes apart.
func origin(m connector.Message) string {
	if l := letterOf(m); l != nil {
		return strconv.Itoa(int(l.Partition))
	}
	var r struct{ S string }
	_ = json.Unmarshal(m.Value, &r) // what is no row has no lane
	return r.S
}

func show(m connector.Message) string {
	value := strings.ReplaceAll(string(m.Value), "\n", `\n`)
	if l := letterOf(m); l != nil {
		where := fmt.Sprintf("%s/%d offset %d frame %d", l.Topic, l.Partition, l.Offset, l.Frame)
		if l.Derived {
			where += fmt.Sprintf(" to offset %d", l.LastOffset)
		}
		return fmt.Sprintf("%s time %d by %q: %s %q %q: %s", where, l.Time, l.Function, l.Code, l.Path, l.Message, value)
	}
	if m.Key != nil {
		return fmt.Sprintf("key %s: %s", m.Key, value)
	}
	return value
}
