package e2e

import (
	"bufio"
	"bytes"
	"io"
	"os/exec"
	"testing"
)

// allFlights is how many records the data has.
const allFlights = 336_776

// TestEveryFlightComesOnceAndInOrder sends all records in batches of a megabyte and reads them in fetches of a sixteenth of that, and
// does it once more while the broker is killed at every quarter of what is sent and of what is read.
func TestEveryFlightComesOnceAndInOrder(t *testing.T) {
	t.Parallel()
	records := flights(t, allFlights)
	for name, kill := range map[string]bool{"calm": false, "killed": true} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c := startBroker(t)
			c.topic(t, "flights", 1)
			c.killing(t, kill, func(quarter func()) {
				in, feed := io.Pipe()
				fed := make(chan struct{})
				go func() {
					defer close(fed)
					for i, r := range records {
						if i > 0 && i%(allFlights/4) == 0 {
							quarter()
						}
						if _, err := io.WriteString(feed, r+"\n"); err != nil {
							return // the producer has ended, and says why
						}
					}
					_ = feed.Close()
				}()
				r := weir(t, in, "produce", "flights", "--batch-size", "1MB", "--endpoint", c.sc)
				_ = in.Close()
				<-fed
				if r.code != 0 {
					t.Errorf("code %d\n%s", r.code, r.errOut)
				}
			})
			c.killing(t, kill, func(quarter func()) {
				cmd := exec.Command(weirBinary, "consume", "flights", "-d", "--max-bytes", "65536", "--endpoint", c.sc)
				var errOut bytes.Buffer
				cmd.Stderr = &errOut
				out, err := cmd.StdoutPipe()
				if err == nil {
					err = cmd.Start()
				}
				if err != nil {
					t.Error(err)
					return
				}
				n := 0
				for lines := bufio.NewScanner(out); lines.Scan(); n++ {
					if n > 0 && n < allFlights && n%(allFlights/4) == 0 {
						quarter()
					}
					if n >= len(records) || lines.Text() != records[n] {
						t.Errorf("record %d of %d is %.80q", n, len(records), lines.Text())
						_ = cmd.Process.Kill()
						break
					}
				}
				if err := cmd.Wait(); err != nil {
					t.Errorf("%v\n%s", err, &errOut)
				}
				if n != len(records) {
					t.Errorf("%d records, want %d", n, len(records))
				}
			})
		})
	}
}

// killing runs something, and where that is wanted kills the broker at every quarter that it tells of, which does not keep it waiting.
func (c *cluster) killing(t *testing.T, wanted bool, do func(quarter func())) {
	t.Helper()
	quarters := make(chan struct{}, 4)
	go func() {
		defer close(quarters)
		do(func() { quarters <- struct{}{} })
	}()
	for range quarters {
		if wanted {
			c.kill()
			c.start(t)
		}
	}
}
