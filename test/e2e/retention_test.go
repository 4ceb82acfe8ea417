package e2e

import (
	"fmt"
	"os"
	"strings"
	"testing"

	"github.com/weir-stream/weir/fluvio"
)

// TestRetentionThatOvertookTheOffset lets the broker remove records before a pipeline has read them: it fails and says which, or, where its table
// says so, goes on with what is left and counts what is lost.
func TestRetentionThatOvertookTheOffset(t *testing.T) {
	t.Parallel()
	c := startBroker(t)
	client, err := fluvio.Connect(t.Context(), fluvio.WithEndpoint(c.sc))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = client.Close() })
	for _, delivery := range []string{"at_least_once", "exactly_once"} {
		t.Run(delivery, func(t *testing.T) {
			t.Parallel()
			k := newCopier(t, c, delivery[:2], 1, 1, "", ", delivery = '"+delivery+"'")
			c.cmd(t, "", "topic", "delete", k.name+"-in")
			c.cmd(t, "", "topic", "create", k.name+"-in", "--segment-size", "4KB", "--max-partition-size", "8KB")
			k.send(t, 0, 10)
			k.run(t)
			for range 10 { // batches, and so segments
				k.send(t, 0, 200)
			}
			oldest := int64(0)
			eventually(t, "retention", func() bool {
				at, err := client.Offsets(t.Context(), k.name+"-in", 0)
				if err != nil {
					t.Fatal(err)
				}
				oldest = at.Earliest
				return oldest > 10
			})
			k.refused(t, "offset 10", fmt.Sprint("oldest record there is at ", oldest), fmt.Sprint("retention took ", oldest-10), "source.lost")
			if at := k.next(t); at[0] != 10 {
				t.Errorf("the checkpoints are at %v", at)
			}

			text, err := os.ReadFile(k.sql)
			if err != nil {
				t.Fatal(err)
			}
			k.sql = file(t, "skip.sql", strings.Replace(string(text), "bad_data = ", "source.lost = 'skip', bad_data = ", 1))
			p := k.start(t, "--metrics", "127.0.0.1:0")
			k.through(t)
			if lost := p.metric(t, "weir_lost_records_total"); lost != float64(oldest-10) {
				t.Errorf("%v records are counted as lost, %d are", lost, oldest-10)
			}
			if code := p.terminate(t); code != 0 {
				t.Errorf("code %d\n%s", code, p.talk())
			}
			says(t, p.talk(), "records are lost", fmt.Sprint("records=", oldest-10))
			seen := map[int]bool{}
			for _, r := range k.copies(t)[0] {
				seen[r.O] = true
			}
			for o := range k.sent[0] {
				if there := int64(o) >= oldest; there && !seen[o] {
					t.Fatalf("offset %d is lost; retention left those from %d on", o, oldest)
				}
			}
		})
	}
}
