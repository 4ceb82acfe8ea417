//go:build linux

package chaos

import (
	"encoding/json"
	"fmt"
	"strconv"
	"strings"
	"testing"

	"github.com/weir-stream/weir/fluvio"
)

// origin tells which source record a sink's record was made of.
type origin func(fluvio.Record) (lane int, offset int64, err error)

func rowOrigin(r fluvio.Record) (int, int64, error) {
	var at struct {
		P int
		O int64
	}
	err := json.Unmarshal(r.Value, &at)
	return at.P, at.O, err
}

func letterOrigin(r fluvio.Record) (int, int64, error) {
	var at struct {
		Partition int
		Offset    int64
	}
	err := json.Unmarshal(r.Key, &at)
	return at.Partition, at.Offset, err
}

// comparison holds what a topic holds against what is due.
type comparison struct {
	topic string
	from  origin
	found []map[int64]found // by lane and offset
}

// found is where a record was found that is made of a source record.
type found struct {
	partition int
	offset    int64
	value     string
}

// compare looks for the first difference between what a topic holds, by partition, and what is due. It began with so many partitions.
func compare(o *oracle, topic string, got [][]fluvio.Record, began int) error {
	c := comparison{topic: topic, from: rowOrigin}
	if topic == letterTopic {
		c.from = letterOrigin
	}
	for range o.sources {
		c.found = append(c.found, map[int64]found{})
	}
	for p, records := range got {
		if err := c.partition(p, records); err != nil {
			return err
		}
	}
	for lane, s := range o.sources {
		rows := s.rows
		if topic == letterTopic {
			rows = s.letters
		}
		due, err := o.due(lane, rows, func(w want) bool { _, ok := c.found[lane][w.offset]; return ok })
		if err != nil {
			return fmt.Errorf("%s: %w", topic, err)
		}
		if err := c.lane(lane, due, began, len(got)); err != nil {
			return err
		}
	}
	return nil
}

// partition takes what a partition holds.
func (c *comparison) partition(p int, records []fluvio.Record) error {
	last := make([]int64, len(c.found))
	for _, r := range records {
		lane, offset, err := c.from(r)
		if err != nil || lane < 0 || lane >= len(c.found) {
			return fmt.Errorf("%s-%d offset %d: not a record of the pipeline: %v: %.200q", c.topic, p, r.Offset, err, r.Value)
		}
		if at, twice := c.found[lane][offset]; twice {
			return fmt.Errorf("doubled: flights-%d offset %d is in %s-%d at %d and in %s-%d at %d", lane, offset, c.topic, at.partition, at.offset, c.topic, p, r.Offset)
		}
		if offset < last[lane] {
			return fmt.Errorf("out of order: flights-%d offset %d is in %s-%d at %d, behind offset %d", lane, offset, c.topic, p, r.Offset, last[lane])
		}
		last[lane], c.found[lane][offset] = offset, found{p, r.Offset, string(r.Value)}
	}
	return nil
}

// lane compares what was found of a lane with what is due.
func (c *comparison) lane(lane int, due []want, spread, partitions int) error {
	for i, w := range due {
		at := c.found[lane][w.offset]
		if at.value != w.value {
			return fmt.Errorf("changed: flights-%d offset %d is in %s-%d at %d as %q, want %q", lane, w.offset, c.topic, at.partition, at.offset, at.value, w.value)
		}
		delete(c.found[lane], w.offset)
		// A lane spreads over the partitions in turn, and over more only from some row on.
		for i%spread != at.partition {
			if spread++; spread > partitions {
				return fmt.Errorf("misplaced: flights-%d offset %d, the lane's record %d, is in %s-%d at %d", lane, w.offset, i, c.topic, at.partition, at.offset)
			}
		}
	}
	for offset, at := range c.found[lane] {
		return fmt.Errorf("invented: %s-%d at %d says it is of flights-%d offset %d: %q", c.topic, at.partition, at.offset, lane, offset, at.value)
	}
	return nil
}

// TestOracle shows that each difference is seen. A record is written as its lane, its offset and a letter, that stands for its value and,
// where it is a capital, for 45 minutes, else for 90.
func TestOracle(t *testing.T) {
	const was, both = "00a 02b 03c 04d 05e|11z", "00a 01B 02c 03D 04e 05F|10z"
	for _, c := range []struct {
		due, runs, got, says string
	}{
		// The first lane spreads over two partitions, and over three from some row on.
		{was, "0", "00a 03c 05e 11z|02b 04d", ""},
		{was, "0", "00a 05e 11z|02b 04d", "lost: flights-0 offset 3"},
		{was, "0", "00a 03c 05e 11z|02b 04d 03c", "doubled: flights-0 offset 3"},
		{was, "0", "03c 00a 05e 11z|02b 04d", "out of order: flights-0 offset 0"},
		{was, "0", "00a 03x 05e 11z|02b 04d", "changed: flights-0 offset 3"},
		{was, "0", "00a 03c 05e 11z|02b 04d 07q", "invented"},
		{was, "0", "00a 04d 11z|02b 05e|03c", ""},
		{was, "0", "00a 03c 05e|02b 04d 11z", "misplaced: flights-1 offset 1"},
		{was, "0", "00a 03c 05e 11z|02b x", "not a record of the pipeline"},

		// min_delay changes: what is shorter has to be there before some record, and must not be behind.
		{both, "0", "00a 01B 02c 03D 04e 05F 10z", ""},
		{both, "60", "00a 02c 04e 10z", ""},
		{both, "60", "00a 01B 02c 04e 10z", "not to be there: flights-0 offset 1"},
		{both, "0 60", "00a 01B 02c 03D 04e 05F 10z", ""},
		{both, "0 60", "00a 01B 02c 04e 10z", ""},
		{both, "0 60", "00a 02c 04e 10z", ""},
		{both, "0 60", "00a 02c 03D 04e 10z", "not to be there: flights-0 offset 3"},
		{both, "0 60", "00a 01B 04e 10z", "lost: flights-0 offset 2"},
		{both, "60 0", "00a 02c 03D 04e 05F 10z", ""},
		{both, "60 0", "00a 01B 02c 04e 05F 10z", "lost: flights-0 offset 3"},
		{both, "0 60 0", "00a 01B 02c 04e 05F 10z", ""},
		{both, "0 60 30", "00a 02c 03D 04e 05F 10z", ""},

		// A run that was through, with so many records in the first partition, bounds that, as long as the lane's checkpoint is there.
		{both, "0 through=2 60", "00a 01B 02c 04e 10z", ""},
		{both, "0 through=2 60", "00a 02c 04e 10z", "lost: flights-0 offset 1"},
		{both, "0 through=2 harmed=0 60", "00a 02c 04e 10z", ""},
		{both, "0 60 through=2", "00a 01B 02c 04e 10z", ""},
		{both, "0 60 through=2", "00a 01B 02c 03D 04e 10z", "not to be there: flights-0 offset 3"},
		{both, "0 60 through=2 harmed=0", "00a 01B 02c 03D 04e 10z", "not to be there: flights-0 offset 3"},
	} {
		o := oracle{sources: make([]source, 2)}
		for lane, rows := range strings.Split(c.due, "|") {
			for _, r := range strings.Fields(rows) {
				w := want{int64(r[1] - '0'), 90, r[2:]}
				if strings.ToUpper(w.value) == w.value {
					w.late = 45
				}
				o.sources[lane].rows = append(o.sources[lane].rows, w)
			}
		}
		for _, run := range strings.Fields(c.runs) {
			switch what, n, _ := strings.Cut(run, "="); what {
			case "through":
				o.sources[0].produced = number(t, n)
				o.ran()
			case "harmed":
				o.harmed(int(number(t, n)))
			default:
				o.run(int(number(t, run)))
			}
		}
		var got [][]fluvio.Record
		for _, part := range strings.Split(c.got, "|") {
			var records []fluvio.Record
			for i, r := range strings.Fields(part) {
				value := r
				if len(r) == 3 {
					value = fmt.Sprintf(`{"p":%c,"o":%c,"is":"%s"}`, r[0], r[1], r[2:])
				}
				records = append(records, fluvio.Record{Offset: int64(i), Value: []byte(value)})
			}
			got = append(got, records)
		}
		for lane := range o.sources {
			for i, w := range o.sources[lane].rows {
				o.sources[lane].rows[i].value = fmt.Sprintf(`{"p":%d,"o":%d,"is":"%s"}`, lane, w.offset, w.value)
			}
		}
		err := compare(&o, sinkTopic, got, min(2, len(got)))
		if c.says == "" && err != nil || c.says != "" && (err == nil || !strings.Contains(err.Error(), c.says)) {
			t.Errorf("%s, run with %s: %v, want %q", c.got, c.runs, err, c.says)
		}
	}
}

func number(t *testing.T, text string) int64 {
	n, err := strconv.ParseInt(text, 10, 64)
	if err != nil {
		t.Fatal(err)
	}
	return n
}
