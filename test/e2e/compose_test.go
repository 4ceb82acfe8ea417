package e2e

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// columns is what the tests declare of a flight; the other fields are checked for syntax only.
const columns = "carrier TEXT, flight INT, origin TEXT, dest TEXT, dep_delay BIGINT, time_hour TIMESTAMP"

// pipelineSQL is late_flights from one topic to another.
func pipelineSQL(sourceOptions, functionOptions, sinkOptions string) string {
	return fmt.Sprintf(`
CREATE TABLE flights (%s) WITH (connector = 'fluvio', topic = 'flights', type = 'source', 'source.offset' = 'earliest', format = 'json'%s);
CREATE TABLE late (carrier TEXT, flight INT, dep_delay BIGINT, delay_class TEXT) WITH (connector = 'fluvio', topic = 'late', type = 'sink', format = 'json'%s);
CREATE FUNCTION late_flights LANGUAGE wasm AS '%s' WITH (min_delay = '60'%s);
INSERT INTO late SELECT carrier, flight, dep_delay, delay_class FROM late_flights(flights);
`, columns, sourceOptions, sinkOptions, lateFlights, functionOptions)
}

// lateRows is what late_flights makes of flights, worked out with the standard library alone.
func lateRows(t *testing.T, records []string) (out []string) {
	t.Helper()
	for _, r := range records {
		delay := field(r, "dep_delay")
		minutes, err := strconv.Atoi(delay)
		if err != nil || minutes < 60 {
			continue
		}
		class := "major"
		if minutes >= 180 {
			class = "severe"
		}
		out = append(out, fmt.Sprintf(`{"carrier":%s,"flight":%s,"dep_delay":%s,"delay_class":"%s"}`, field(r, "carrier"), field(r, "flight"), delay, class))
	}
	return out
}

// field cuts a field's text out of a flat record without spaces.
func field(record, name string) string {
	_, rest, _ := strings.Cut(record, `"`+name+`":`)
	return rest[:strings.IndexAny(rest, ",}")]
}

func TestCommandsCompose(t *testing.T) {
	records := flights(t, 40_000)
	want := lateRows(t, records)
	for _, tc := range []struct{ source, sink int }{{1, 1}, {2, 3}} {
		t.Run(fmt.Sprintf("%dx%d", tc.source, tc.sink), func(t *testing.T) {
			t.Parallel()
			c := startBroker(t)
			c.topic(t, "flights", tc.source)
			c.topic(t, "late", tc.sink)
			must(t, nil, "produce", "flights", "-f", file(t, "flights.ndjson", strings.Join(records, "\n")+"\n"), "--endpoint", c.sc)
			sql := file(t, "late.sql", pipelineSQL("", "", ""))
			state := t.TempDir()

			s := c.run(t, sql, "--state", state)
			if s.Pipeline != "late" || s.RecordsIn != int64(len(records)) || s.RowsOut != int64(len(want)) || s.RecordsOut != int64(len(want)) || s.Rejected != 0 {
				t.Errorf("summary %+v, want %d in and %d out", s, len(records), len(want))
			}
			sameRows(t, c.consume(t, "late"), want, tc.source*tc.sink == 1)

			if s := c.run(t, sql, "--state", state); s.RecordsIn != 0 || s.RecordsOut != 0 {
				t.Errorf("a second run with the same state read %d and wrote %d records", s.RecordsIn, s.RecordsOut)
			}
			if got := len(c.consume(t, "late")); got != len(want) {
				t.Errorf("%d records after a second run, want %d", got, len(want))
			}
			if code := c.terminate(t); code != 0 {
				t.Errorf("the broker ended with code %d", code)
			}
		})
	}
}

// sameRows compares rows, in order or as a set that may hold equal ones.
func sameRows(t *testing.T, got, want []string, ordered bool) {
	t.Helper()
	if !ordered {
		got, want = slices.Sorted(slices.Values(got)), slices.Sorted(slices.Values(want))
	}
	if slices.Equal(got, want) {
		return
	}
	for i := range min(len(got), len(want)) {
		if got[i] != want[i] {
			t.Errorf("row %d:\n%s\nwant\n%s", i, got[i], want[i])
			break
		}
	}
	t.Errorf("%d rows, want %d", len(got), len(want))
}

func TestDrainOnSIGTERMLosesAndRepeatsNothing(t *testing.T) {
	t.Parallel()
	records := flights(t, 20_000)
	c := startBroker(t)
	c.topic(t, "flights", 2)
	c.topic(t, "late", 2)
	sql := file(t, "late.sql", pipelineSQL("", "", ""))
	state := t.TempDir()
	half := len(records) / 2
	for _, part := range [][]string{records[:half], records[half:]} {
		must(t, strings.NewReader(strings.Join(part, "\n")), "produce", "flights", "--endpoint", c.sc)
		before := len(c.consume(t, "late"))
		p := start(t, nil, "run", sql, "--state", state, "--endpoint", c.sc, "--checkpoint-interval", "50ms")
		eventually(t, "some output", func() bool { return len(c.consume(t, "late")) > before })
		if code := p.terminate(t); code != 0 {
			t.Fatalf("code %d\n%s", code, p.talk())
		}
	}
	c.run(t, sql, "--state", state)
	sameRows(t, c.consume(t, "late"), lateRows(t, records), false)
}
