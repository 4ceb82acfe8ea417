package e2e

import (
	"fmt"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/weir-stream/weir/internal/guestbuild"
)

// evilModule is the module of testdata/evil, built once.
var evilModule = sync.OnceValues(func() (string, error) {
	path := filepath.Join(filepath.Dir(weirBinary), "evil.wasm")
	return path, guestbuild.BuildFile("testdata/evil", path)
})

func evilSQL(t *testing.T, how, more string) string {
	t.Helper()
	module, err := evilModule()
	if err != nil {
		t.Fatal(err)
	}
	return file(t, "evil.sql", fmt.Sprintf(`
CREATE TABLE flights (%s) WITH (connector = 'fluvio', topic = 'flights', type = 'source', 'source.offset' = 'earliest', format = 'json');
CREATE TABLE late (carrier TEXT, flight INT) WITH (connector = 'fluvio', topic = 'late', type = 'sink', format = 'json');
CREATE FUNCTION evil LANGUAGE wasm AS '%s' WITH (how = '%s', flight = '-7'%s);
INSERT INTO late SELECT carrier, flight FROM evil(flights);
`, columns, module, how, more))
}

// evilRecords are flights with one at which the module misbehaves, far enough in that batches came before it.
func evilRecords(t *testing.T) []string {
	t.Helper()
	records := flights(t, 20_000)
	records[15_000] = `{"carrier":"XX","flight":-7}`
	return records
}

// TestMisbehavingModuleStopsThePipelineWithTheReason runs each kind of misbehaviour under on_error = 'fail'.
func TestMisbehavingModuleStopsThePipelineWithTheReason(t *testing.T) {
	t.Parallel()
	input := strings.Join(evilRecords(t), "\n")
	for _, tc := range []struct{ how, options, want string }{
		{"trap", "", "evil at a row"},
		{"spin", ", 'weir.timeout' = '500ms', 'weir.fuel' = '1000000000000000'", "limit.time"},
		{"spin", ", 'weir.fuel' = '1000000000'", "limit.fuel"},
		{"allocate", ", 'weir.memory' = '32MB'", "out of memory"},
		{"pointer", "", "emit."},
		{"length", "", "emit."},
		{"garbage", "", "emit."},
	} {
		t.Run(tc.how, func(t *testing.T) {
			t.Parallel()
			c := startBroker(t)
			c.topic(t, "flights", 1)
			c.topic(t, "late", 1)
			must(t, strings.NewReader(input), "produce", "flights", "--endpoint", c.sc)
			state := t.TempDir()
			sql := evilSQL(t, tc.how, tc.options)
			r := weir(t, nil, "run", sql, "--until-end", "--endpoint", c.sc, "--state", state)
			for _, want := range []string{tc.want, "function evil", "topic flights partition 0 offsets "} {
				if !strings.Contains(r.errOut, want) {
					t.Errorf("no %q in the reason:\n%s", want, r.errOut)
				}
			}
			if r.code != 2 {
				t.Errorf("code %d, want 2", r.code)
			}
			before := len(c.consume(t, "late"))
			if before == 0 || before > 15_000 {
				t.Errorf("%d rows came out before it", before)
			}
			weir(t, nil, "run", sql, "--until-end", "--endpoint", c.sc, "--state", state)
			if after := len(c.consume(t, "late")); after > 15_000 {
				t.Errorf("%d rows after a second try", after)
			}
		})
	}
}

func TestModuleThatTrapsInOpenIsRefusedAtOnce(t *testing.T) {
	t.Parallel()
	c := startBroker(t)
	c.topic(t, "flights", 1)
	c.topic(t, "late", 1)
	r := weir(t, nil, "run", evilSQL(t, "open", ""), "--until-end", "--endpoint", c.sc)
	if r.code != 2 || !strings.Contains(r.errOut, "evil in open") {
		t.Errorf("code %d\n%s", r.code, r.errOut)
	}
}

// TestDroppedBatchesGoToTheDeadLetter runs a trap under on_error = 'drop_batch'.
func TestDroppedBatchesGoToTheDeadLetter(t *testing.T) {
	t.Parallel()
	records := evilRecords(t)
	c := startBroker(t)
	c.topic(t, "flights", 1)
	c.topic(t, "late", 1)
	must(t, strings.NewReader(strings.Join(records, "\n")), "produce", "flights", "--endpoint", c.sc)
	s := c.run(t, evilSQL(t, "trap", ", 'weir.on_error' = 'drop_batch', 'weir.error_topic' = 'dead'"))
	letters := c.consume(t, "dead", "--json")
	if s.Rejected == 0 || s.Rejected != int64(len(letters)) || s.RowsOut != int64(len(records))-s.Rejected {
		t.Errorf("%+v with %d letters", s, len(letters))
	}
	checkLetters(t, c, records, len(letters))
	if got := len(c.consume(t, "late")); int64(got) != s.RowsOut {
		t.Errorf("%d rows in the sink, want %d", got, s.RowsOut)
	}
}
