package e2e

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"

	"github.com/weir-stream/weir/internal/guestbuild"
)

// thirstyModule is the module of testdata/thirsty, built once.
var thirstyModule = sync.OnceValues(func() (string, error) {
	path := filepath.Join(filepath.Dir(weirBinary), "thirsty.wasm")
	return path, guestbuild.BuildFile("testdata/thirsty", path)
})

// thirstySQL passes flights through the module, with options of the function.
func thirstySQL(t *testing.T, options string) string {
	t.Helper()
	module, err := thirstyModule()
	if err != nil {
		t.Fatal(err)
	}
	return fmt.Sprintf(`CREATE TABLE flights (flight INT) WITH (connector = 'fluvio', topic = 'flights', type = 'source', 'source.offset' = 'earliest', format = 'json');
CREATE TABLE fine (flight INT) WITH (connector = 'fluvio', topic = 'fine', type = 'sink', format = 'json');
CREATE FUNCTION thirsty LANGUAGE wasm AS '%s' WITH (%s);
INSERT INTO fine SELECT flight FROM thirsty(flights);
`, module, options)
}

// hangup sends SIGHUP and waits for a line with text in what the process says from then on.
func (p *process) hangup(t *testing.T, text string) {
	t.Helper()
	said := len(p.talk())
	if err := p.cmd.Process.Signal(syscall.SIGHUP); err != nil {
		t.Fatal(err)
	}
	eventually(t, text, func() bool { return strings.Contains(p.talk()[said:], text) })
}

// TestLimitsChangeUnderARunningPipeline has a row that needs more fuel than a call may consume, until SIGHUP raises that. What
// SIGHUP must not change stays, with a warning.
func TestLimitsChangeUnderARunningPipeline(t *testing.T) {
	t.Parallel()
	const dead = "'weir.error_topic' = 'dead', 'weir.timeout' = '1m'"
	c := startBroker(t)
	c.topic(t, "flights", 1)
	c.topic(t, "fine", 1)
	sql := file(t, "thirsty.sql", thirstySQL(t, dead+", 'weir.fuel' = '200000000'"))
	rewrite := func(content string) {
		t.Helper()
		if err := os.WriteFile(sql, []byte(content), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	p := start(t, nil, "run", sql, "--endpoint", c.sc, "--state", t.TempDir())
	t.Cleanup(func() {
		if t.Failed() {
			t.Log(p.talk())
		}
	})
	const thirst = 100 // takes some 700 million units
	produce := func(numbers ...int) {
		t.Helper()
		for _, n := range numbers {
			c.send(t, "flights", fmt.Sprintf(`{"flight":%d}`, n))
		}
	}
	wait := func(topic string, want int) {
		t.Helper()
		eventually(t, fmt.Sprint(want, " records in ", topic), func() bool { return len(c.consume(t, topic)) >= want })
	}
	produce(1, thirst, 2)
	wait("fine", 2)
	wait("dead", 1)

	rewrite(thirstySQL(t, dead+", 'weir.fuel' = 'plenty'"))
	p.hangup(t, "thirsty.sql:3:")
	rewrite(strings.Replace(thirstySQL(t, dead+", 'weir.fuel' = '5000000000'"), "topic = 'fine'", "topic = 'other'", 1))
	p.hangup(t, "thirsty.sql:2:")
	produce(thirst, 3)
	wait("fine", 3)
	wait("dead", 2)

	rewrite(thirstySQL(t, dead+", 'weir.fuel' = '5000000000', 'weir.emits' = 7"))
	p.hangup(t, "thirsty: weir.fuel 200000000 → 5000000000, thirsty: weir.emits 4096 → 7")
	produce(thirst, 4)
	wait("fine", 5)
	p.hangup(t, "no limit has changed")
	if code := p.terminate(t); code != 0 {
		t.Errorf("code %d\n%s", code, p.talk())
	}
	want := []string{`{"flight":1}`, `{"flight":2}`, `{"flight":3}`, fmt.Sprintf(`{"flight":%d}`, thirst), `{"flight":4}`}
	if got := c.consume(t, "fine"); !slices.Equal(got, want) {
		t.Errorf("%v, want %v", got, want)
	}
	letters := c.consume(t, "dead", "--json")
	if len(letters) != 2 || !strings.Contains(letters[0], "limit.fuel") || !strings.Contains(letters[1], "limit.fuel") {
		t.Errorf("%v", letters)
	}
}
