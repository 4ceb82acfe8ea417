package pipeline

import (
	"io"
	"strings"
	"testing"

	"github.com/weir-stream/weir/host/connector"
	"github.com/weir-stream/weir/internal/fault"
)

// TestTopicMadeAgainIsNoticed has a topic of the same name that is longer than what was read of the one before.
func TestTopicMadeAgainIsNoticed(t *testing.T) {
	for name, c := range map[string]struct {
		now  []connector.Message
		same bool
	}{
		"others":              {numbered("b", 0, 9), false},
		"the last is another": {append(numbered("a", 0, 4), numbered("a", 5, 9)...), false},
		"more of the same":    {numbered("a", 0, 9), true},
		"another time":        {timed(numbered("a", 0, 9), 7), false},
	} {
		t.Run(name, func(t *testing.T) {
			b := newBench(t, simple(numbered("a", 0, 5)))
			must(t, b.run(t.Context(), b.config(), nil))
			again := newBench(t, simple(c.now))
			again.saved = b.saved
			err := again.run(t.Context(), again.config(), nil)
			if c.same {
				must(t, err)
				if got := len(again.values("out", 0)); got != 4 {
					t.Errorf("%d records came out, want those behind the checkpoint", got)
				}
			} else if fault.Of(err) != fault.Input || !strings.Contains(err.Error(), "lane in/0: the record at offset 4 is not the one that was read before") ||
				!strings.Contains(err.Error(), "weir state rewind") {
				t.Errorf("the run ended with %v", err)
			}
		})
	}
}

func timed(records []connector.Message, at int64) []connector.Message {
	for i := range records {
		records[i].Time = at
	}
	return records
}

// TestRecordThatRetentionTookTellsNothing has a topic that begins where the lane goes on.
func TestRecordThatRetentionTookTellsNothing(t *testing.T) {
	b := newBench(t, simple(numbered("a", 0, 5)))
	must(t, b.run(t.Context(), b.config(), nil))
	again := newBench(t, simple(numbered("b", 0, 9)))
	again.saved = b.saved
	again.mem.Trim("in", 0, 5)
	must(t, again.run(t.Context(), again.config(), nil))
}

// TestAConnectionThatEndsIsNoTopicMadeAgain loses it while the record read last is looked for.
func TestAConnectionThatEndsIsNoTopicMadeAgain(t *testing.T) {
	b := newBench(t, simple(numbered("a", 0, 5)))
	must(t, b.run(t.Context(), b.config(), nil))
	c := b.config()
	c.Source.Connector = &failing{c.Source.Connector, func() error {
		return fault.Environmentf("gave up: %w", io.EOF)
	}}
	if err := b.run(t.Context(), c, nil); fault.Of(err) != fault.Environment || !strings.Contains(err.Error(), "gave up") {
		t.Errorf("the run ended with %v", err)
	}
}
