//go:build linux

package chaos

import (
	"bufio"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"os"
	"strconv"
	"strings"
	"testing"

	"github.com/klauspost/compress/zstd"

	"github.com/weir-stream/weir/fluvio"
)

// lanes is how many partitions the source has.
const lanes = 2

// leastDelay is the pipeline's min_delay.
const leastDelay = 0

// oracle knows what was produced and from that what every sink has to hold.
type oracle struct {
	produced [lanes]int64
	rows     [lanes][]want // of the table late
	letters  [lanes][]want // of the dead letters
}

// want is a record due in a sink.
type want struct {
	offset int64 // of its source record
	value  string
}

// produce takes a record that goes to a source partition.
func (o *oracle) produce(lane int, record string) {
	offset := o.produced[lane]
	o.produced[lane]++
	if !json.Valid([]byte(record)) || strings.HasPrefix(field(record, "dep_delay"), `"`) {
		o.letters[lane] = append(o.letters[lane], want{offset, record})
		return
	}
	minutes, err := strconv.Atoi(field(record, "dep_delay"))
	if err != nil || minutes < leastDelay { // null, or early
		return
	}
	class := "minor"
	if minutes >= 180 {
		class = "severe"
	} else if minutes >= 60 {
		class = "major"
	}
	o.rows[lane] = append(o.rows[lane], want{offset, fmt.Sprintf(`{"p":%d,"o":%d,"carrier":%s,"flight":%s,"dep_delay":%d,"delay_class":"%s"}`,
		lane, offset, field(record, "carrier"), field(record, "flight"), minutes, class)})
}

// field cuts a field's text out of a flat record without spaces.
func field(record, name string) string {
	_, rest, _ := strings.Cut(record, `"`+name+`":`)
	return rest[:strings.IndexAny(rest, ",}")]
}

// spoil makes a bad record of some.
func spoil(r *rand.Rand, record string) string {
	switch r.IntN(150) {
	case 0:
		return record[:1+r.IntN(len(record)-2)]
	case 1:
		return strings.Replace(record, `"dep_delay":`, `"dep_delay":"late","was":`, 1)
	}
	return record
}

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

// compare looks for the first difference between what a topic holds, by partition, and what is due. It began with so many partitions.
func compare(topic string, got [][]fluvio.Record, due *[lanes][]want, from origin, began int) error {
	type place struct {
		partition int
		offset    int64
	}
	var found [lanes]map[int64]place
	for i := range found {
		found[i] = map[int64]place{}
	}
	values := map[place]string{}
	for p, records := range got {
		last := [lanes]int64{}
		for i := range last {
			last[i] = -1
		}
		for _, r := range records {
			lane, offset, err := from(r)
			if err != nil || lane < 0 || lane >= lanes {
				return fmt.Errorf("%s-%d offset %d: not a record of the pipeline: %v: %.200q", topic, p, r.Offset, err, r.Value)
			}
			if at, twice := found[lane][offset]; twice {
				return fmt.Errorf("doubled: flights-%d offset %d is in %s-%d at %d and in %s-%d at %d", lane, offset, topic, at.partition, at.offset, topic, p, r.Offset)
			}
			if offset < last[lane] {
				return fmt.Errorf("out of order: flights-%d offset %d is in %s-%d at %d, behind offset %d", lane, offset, topic, p, r.Offset, last[lane])
			}
			at := place{p, r.Offset}
			last[lane], found[lane][offset], values[at] = offset, at, string(r.Value)
		}
	}
	for lane := range due {
		spread := began
		for i, w := range due[lane] {
			at, ok := found[lane][w.offset]
			if !ok {
				return fmt.Errorf("lost: flights-%d offset %d is nowhere in %s", lane, w.offset, topic)
			}
			if values[at] != w.value {
				return fmt.Errorf("changed: flights-%d offset %d is in %s-%d at %d as %q, want %q", lane, w.offset, topic, at.partition, at.offset, values[at], w.value)
			}
			delete(found[lane], w.offset)
			// A lane spreads over the partitions in turn, and over more only from some row on.
			for i%spread != at.partition {
				if spread++; spread > len(got) {
					return fmt.Errorf("misplaced: flights-%d offset %d, the lane's record %d, is in %s-%d at %d", lane, w.offset, i, topic, at.partition, at.offset)
				}
			}
		}
		for offset, at := range found[lane] {
			return fmt.Errorf("invented: %s-%d at %d says it is of flights-%d offset %d: %q", topic, at.partition, at.offset, lane, offset, values[at])
		}
	}
	return nil
}

// readFlights returns the first n of the flight records.
func readFlights(n int) ([]string, error) {
	f, err := os.Open("../../examples/data/flights.ndjson.zst")
	if err != nil {
		return nil, err
	}
	defer f.Close()
	unpacked, err := zstd.NewReader(f)
	if err != nil {
		return nil, err
	}
	defer unpacked.Close()
	var out []string
	for in := bufio.NewScanner(unpacked); len(out) < n && in.Scan(); {
		out = append(out, in.Text())
	}
	if len(out) != n {
		return nil, fmt.Errorf("%d flights, want %d", len(out), n)
	}
	return out, nil
}

// TestOracle shows that each difference is seen.
func TestOracle(t *testing.T) {
	// The first lane spreads over two partitions, and over three from some row on.
	due := [lanes][]want{{{0, "a"}, {2, "b"}, {3, "c"}, {4, "d"}, {5, "e"}}, {{1, "z"}}}
	for given, says := range map[string]string{
		"00a 03c 05e 11z|02b 04d":     "",
		"00a 05e 11z|02b 04d":         "lost: flights-0 offset 3",
		"00a 03c 05e 11z|02b 04d 03c": "doubled: flights-0 offset 3",
		"03c 00a 05e 11z|02b 04d":     "out of order: flights-0 offset 0",
		"00a 03x 05e 11z|02b 04d":     "changed: flights-0 offset 3",
		"00a 03c 05e 11z|02b 04d 07q": "invented",
		"00a 04d 11z|02b 05e|03c":     "",
		"00a 03c 05e|02b 04d 11z":     "misplaced: flights-1 offset 1",
		"00a 03c 05e 11z|02b x":       "not a record of the pipeline",
	} {
		var got [][]fluvio.Record
		for _, part := range strings.Split(given, "|") {
			var records []fluvio.Record
			for i, r := range strings.Fields(part) {
				records = append(records, fluvio.Record{Offset: int64(i), Key: []byte(r), Value: []byte(r[len(r)-1:])})
			}
			got = append(got, records)
		}
		err := compare("t", got, &due, func(r fluvio.Record) (int, int64, error) {
			n, err := strconv.Atoi(strings.TrimRight(string(r.Key), "abcdexyzq"))
			return n / 10, int64(n % 10), err
		}, 2)
		if says == "" && err != nil || says != "" && (err == nil || !strings.Contains(err.Error(), says)) {
			t.Errorf("%s: %v, want %q", given, err, says)
		}
	}
}
