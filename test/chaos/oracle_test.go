//go:build linux

package chaos

import (
	"encoding/json"
	"fmt"
	"math"
	"math/rand/v2"
	"strconv"
	"strings"
)

// oracle knows what was produced and how the pipeline was run, and from that what every sink has to hold.
type oracle struct {
	sources []source // by partition
	// leasts are the values of min_delay that runs had, one after the other. Each lane goes over from one to a later one at some record:
	// which is for the pipeline to say, but all that is before it must be as the earlier ones make it, all behind as the later one does.
	leasts  []int
	through []through
}

// source is what a partition of the source holds that something is due for.
type source struct {
	produced int64
	rows     []want // those that flights that were not early make where min_delay is 0
	letters  []want // those that bad records make
}

// want is a record that is due in a sink.
type want struct {
	offset int64 // of its source record
	late   int   // minutes
	value  string
}

// through is a run that got to its end. By partition: what is below done was made as it says or earlier, what is from end on so or later.
type through struct {
	least     int // index of leasts
	done, end []int64
}

// run says that the next run has this min_delay.
func (o *oracle) run(least int) {
	if n := len(o.leasts); n == 0 || o.leasts[n-1] != least {
		o.leasts = append(o.leasts, least)
	}
}

// ran says that it has got to the end of its source.
func (o *oracle) ran() {
	t := through{least: len(o.leasts) - 1}
	for _, s := range o.sources {
		t.done, t.end = append(t.done, s.produced), append(t.end, s.produced)
	}
	o.through = append(o.through, t)
}

// harmed says that a lane's newest checkpoint is gone. What is in no sink will be made once more then, be it in another way.
func (o *oracle) harmed(lane int) {
	for _, t := range o.through {
		if lane < len(t.done) {
			t.done[lane] = 0
		}
	}
}

// bounds are the first and the last of leasts that a record may have been made with.
func (o *oracle) bounds(lane int, offset int64) (first, last int) {
	last = len(o.leasts) - 1
	for _, t := range o.through {
		if lane < len(t.done) && offset < t.done[lane] {
			last = min(last, t.least)
		}
		if lane >= len(t.end) || offset >= t.end[lane] {
			first = max(first, t.least)
		}
	}
	return first, last
}

// produce takes a record that goes to a source partition.
func (o *oracle) produce(lane int, record string) {
	s := &o.sources[lane]
	offset := s.produced
	s.produced++
	if !json.Valid([]byte(record)) || strings.HasPrefix(field(record, "dep_delay"), `"`) {
		s.letters = append(s.letters, want{offset, math.MaxInt, record})
		return
	}
	minutes, err := strconv.Atoi(field(record, "dep_delay"))
	if err != nil || minutes < 0 { // null, or early
		return
	}
	class := "minor"
	if minutes >= 180 {
		class = "severe"
	} else if minutes >= 60 {
		class = "major"
	}
	s.rows = append(s.rows, want{offset, minutes, fmt.Sprintf(`{"p":%d,"o":%d,"carrier":%s,"flight":%s,"dep_delay":%d,"delay_class":"%s"}`,
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

// due tells which of a lane's rows have to be there, given which are: where min_delay has changed there may be several ways.
func (o *oracle) due(lane int, rows []want, there func(want) bool) (due []want, err error) {
	possible := make([]bool, len(o.leasts)) // that the last row was made with this one of leasts
	possible[0] = true
	for _, w := range rows {
		first, last := o.bounds(lane, w.offset)
		is, can := there(w), false
		for i, earlier := 0, false; i < len(possible); i++ {
			earlier = earlier || possible[i]
			possible[i] = earlier && first <= i && i <= last && (w.late >= o.leasts[i]) == is
			can = can || possible[i]
		}
		switch {
		case !can && is:
			return nil, fmt.Errorf("not to be there: flights-%d offset %d is %d minutes late; min_delay was %v, of which numbers %d to %d may go for it", lane, w.offset, w.late, o.leasts, first, last)
		case !can:
			return nil, fmt.Errorf("lost: flights-%d offset %d is nowhere; it is %d minutes late; min_delay was %v, of which numbers %d to %d may go for it", lane, w.offset, w.late, o.leasts, first, last)
		case is:
			due = append(due, w)
		}
	}
	return due, nil
}
