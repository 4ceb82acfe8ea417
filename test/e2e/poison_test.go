package e2e

import (
	"encoding/json"
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/weir-stream/weir/internal/guestbuild"
)

// poisonModule is the module of testdata/poison, built once.
var poisonModule = sync.OnceValues(func() (string, error) {
	path := filepath.Join(filepath.Dir(weirBinary), "poison.wasm")
	return path, guestbuild.BuildFile("testdata/poison", path)
})

// poisonSQL passes flights through the module; options are of the function.
func poisonSQL(t *testing.T, options string) string {
	t.Helper()
	module, err := poisonModule()
	if err != nil {
		t.Fatal(err)
	}
	return file(t, "poison.sql", fmt.Sprintf(`
CREATE TABLE flights (n BIGINT, flight INT) WITH (connector = 'fluvio', topic = 'flights', type = 'source', 'source.offset' = 'earliest', format = 'json');
CREATE TABLE fine (n BIGINT, flight INT) WITH (connector = 'fluvio', topic = 'fine', type = 'sink', format = 'json');
CREATE FUNCTION poison LANGUAGE wasm AS '%s' WITH ('weir.memory' = '32MB', 'weir.fuel' = '500000000', 'weir.timeout' = '1m'%s);
INSERT INTO fine SELECT n, flight FROM poison(flights);
`, module, options))
}

// poisonBroker has n flights, of which some are poison: place → number.
func poisonBroker(t *testing.T, n int, poison map[int]int) (c *cluster, records, fine []string) {
	t.Helper()
	for i := range n {
		number, bad := poison[i]
		if !bad {
			number = i % 5000
		}
		records = append(records, fmt.Sprintf(`{"flight": %d, "n":%d }`, number, i))
		if !bad {
			fine = append(fine, fmt.Sprintf(`{"n":%d,"flight":%d}`, i, number))
		}
	}
	c = startBroker(t)
	c.topic(t, "flights", 1)
	c.topic(t, "fine", 1)
	must(t, strings.NewReader(strings.Join(records, "\n")), "produce", "flights", "--endpoint", c.sc)
	return c, records, fine
}

// spent are the keys of a summary about failures.
type spent struct {
	RowsOut     int64 `json:"rows_out"`
	Rejected    int64 `json:"rejected"`
	DeadLetters int64 `json:"dead_letters"`
	Traps       int64 `json:"traps"`
	ExtraCalls  int64 `json:"extra_calls"`
	Condemned   int64 `json:"condemned"`
}

// TestPoisonRowsLeaveAloneWithEverythingElseInOrder has three poison rows in 10,000, each of another kind, and one more run
// where fuel runs out; with any progress cell.
func TestPoisonRowsLeaveAloneWithEverythingElseInOrder(t *testing.T) {
	t.Parallel()
	three := map[int]int{17: -1, 5000: -3, 9999: -2}
	for _, tc := range []struct {
		cell   string
		poison map[int]int
		most   int64 // more calls
	}{
		{"honest", three, 9},
		{"honest", map[int]int{400: -4, 401: -1}, 6},
		{"stuck", three, 3 * (1 + 2*13)},
		{"lying", three, 3*(1+2*13) + 6},
	} {
		t.Run(fmt.Sprint(tc.cell, len(tc.poison)), func(t *testing.T) {
			t.Parallel()
			c, records, fine := poisonBroker(t, 10_000, tc.poison)
			out := must(t, nil, "run", poisonSQL(t, ", cell = '"+tc.cell+"', 'weir.error_topic' = 'dead'"), "--until-end", "--json", "--endpoint", c.sc)
			var s spent
			if err := json.Unmarshal([]byte(out), &s); err != nil {
				t.Fatal(err)
			}
			k := int64(len(tc.poison))
			if s.RowsOut != 10_000-k || s.Rejected != k || s.DeadLetters != k || s.Condemned != k || s.Traps < 2*k || s.ExtraCalls > tc.most {
				t.Errorf("%+v", s)
			}
			if got := c.consume(t, "fine"); !slices.Equal(got, fine) {
				t.Errorf("%d rows came out, want %d in order", len(got), len(fine))
			}
			checkPoison(t, c, records, tc.poison)
		})
	}
}

// checkPoison checks that the dead letters are the poison records, byte for byte, and say why.
func checkPoison(t *testing.T, c *cluster, records []string, poison map[int]int) {
	t.Helper()
	codes := map[int]string{-1: "", -2: "", -3: "status.error", -4: "limit.fuel"} // how a runtime gives up is its own matter
	words := map[int]string{-1: "panic: poison", -2: "out of memory", -3: "a batch with poison", -4: "fuel"}
	letters := c.consume(t, "dead", "--json")
	if len(letters) != len(poison) {
		t.Fatalf("%d dead letters, want %d:\n%s", len(letters), len(poison), strings.Join(letters, "\n"))
	}
	for _, line := range letters {
		var l struct{ Key, Value string }
		var key struct {
			Topic, Code, Message, Module, Function string
			Partition, Offset, Frame               int
		}
		if err := json.Unmarshal([]byte(line), &l); err != nil {
			t.Fatal(err)
		}
		if err := json.Unmarshal([]byte(l.Key), &key); err != nil {
			t.Fatal(err)
		}
		number, bad := poison[key.Offset]
		if !bad || l.Value != records[key.Offset] || key.Topic != "flights" || key.Partition != 0 || key.Function != "poison" ||
			!strings.HasPrefix(key.Module, "sha256:") || key.Code == "" || !strings.HasPrefix(key.Code, codes[number]) ||
			!strings.HasPrefix(key.Message, "the module failed on the row alone: ") {
			t.Errorf("letter %s: %q", l.Key, l.Value)
		}
		if !strings.Contains(key.Message, words[number]) {
			t.Errorf("the message %q does not say %q", key.Message, words[number])
		}
	}
}

// TestABrokenModuleStopsTheLaneBeforeItsRowsAreDeadLetters has more poison than a module may have.
func TestABrokenModuleStopsTheLaneBeforeItsRowsAreDeadLetters(t *testing.T) {
	t.Parallel()
	poison := map[int]int{}
	for i := 6000; i < 6040; i++ {
		poison[i] = -3
	}
	c, records, fine := poisonBroker(t, 10_000, poison)
	state := t.TempDir()
	r := weir(t, nil, "run", poisonSQL(t, ", 'weir.error_topic' = 'dead'"), "--until-end", "--endpoint", c.sc, "--state", state)
	for _, want := range []string{"function poison failed on 16 rows in a row", "topic flights partition 0 offset 6015 frame 0", "status.error", "weir.max_poison_run"} {
		if !strings.Contains(r.errOut, want) {
			t.Errorf("no %q in the reason:\n%s", want, r.errOut)
		}
	}
	if letters := c.consume(t, "dead"); r.code != 2 || len(letters) > 0 {
		t.Errorf("code %d, %d dead letters", r.code, len(letters))
	}
	// Somebody raises the limit, and the lane goes on where it stopped.
	out := must(t, nil, "run", poisonSQL(t, ", 'weir.error_topic' = 'dead', 'weir.max_poison_run' = '41'"), "--until-end", "--json", "--endpoint", c.sc, "--state", state)
	if got := c.consume(t, "fine"); !slices.Equal(got, fine) {
		t.Errorf("%d rows came out, want %d: %s", len(got), len(fine), out)
	}
	checkPoison(t, c, records, poison)
}
