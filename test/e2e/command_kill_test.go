package e2e

import (
	"bufio"
	"bytes"
	"os/exec"
	"strings"
	"testing"
	"time"
)

// allFlights is how many records the data has.
const allFlights = 336_776

// TestEveryFlightComesOnceAndInOrder sends all records in batches of a megabyte and reads them in fetches of a sixteenth of that, and
// does it once more while the broker is killed every 200 ms.
func TestEveryFlightComesOnceAndInOrder(t *testing.T) {
	t.Parallel()
	records := flights(t, allFlights)
	in := file(t, "flights.ndjson", strings.Join(records, "\n")+"\n")
	for name, kill := range map[string]bool{"calm": false, "killed": true} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c := startBroker(t)
			c.topic(t, "flights", 1)
			kills := c.while(t, kill, func() {
				if r := weir(t, nil, "produce", "flights", "-f", in, "--batch-size", "1MB", "--endpoint", c.sc); r.code != 0 {
					t.Errorf("code %d\n%s", r.code, r.errOut)
				}
			})
			var out []byte
			kills += c.while(t, kill, func() {
				cmd := exec.Command(weirBinary, "consume", "flights", "-d", "--max-bytes", "65536", "--endpoint", c.sc)
				var errOut bytes.Buffer
				cmd.Stderr = &errOut
				var err error
				if out, err = cmd.Output(); err != nil {
					t.Errorf("%v\n%s", err, &errOut)
				}
			})
			if kill && kills < 2 {
				t.Errorf("%d kills: the test tests nothing", kills)
			}
			n := 0
			for lines := bufio.NewScanner(bytes.NewReader(out)); lines.Scan(); n++ {
				if n >= len(records) || lines.Text() != records[n] {
					t.Fatalf("record %d of %d is %.80q", n, len(records), lines.Text())
				}
			}
			if n != len(records) {
				t.Errorf("%d records, want %d", n, len(records))
			}
		})
	}
}

// while runs something, and kills the broker every 200 ms meanwhile where that is wanted. It returns how often.
func (c *cluster) while(t *testing.T, kill bool, do func()) (kills int) {
	t.Helper()
	if !kill {
		do()
		return 0
	}
	done := make(chan struct{})
	go func() {
		defer close(done)
		do()
	}()
	tick := time.NewTicker(200 * time.Millisecond)
	defer tick.Stop()
	for {
		select {
		case <-done:
			return kills
		case <-tick.C:
			c.kill()
			c.start(t)
			kills++
		}
	}
}
