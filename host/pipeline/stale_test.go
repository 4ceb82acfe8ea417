package pipeline

import (
	"testing"

	"github.com/weir-stream/weir/host/connector"
)

// TestARunEndsWhereTheLastRecordsAreStale reads a topic to its end whose last records are all there for the second time.
func TestARunEndsWhereTheLastRecordsAreStale(t *testing.T) {
	b := newBench(t, simple())
	b.mem.MostWriters = 1
	b.mem.Delete("in")
	b.mem.Create("in", 1)
	sink, err := b.table("in", connector.RoleSink).OpenSink(t.Context(), connector.Env{})
	must(t, err)
	records := numbered("lane", 0, 250)
	for _, part := range []struct {
		writer   int64
		from, to int
	}{{1, 0, 200}, {2, 0, 50}, {1, 0, 200}} {
		w, err := sink.Open(t.Context(), "test", &connector.Sequence{Writer: part.writer, Next: []int64{int64(part.from)}})
		must(t, err)
		for i := part.from; i < part.to; i++ {
			must(t, w.Write(t.Context(), 0, records[(int(part.writer)-1)*200+i]))
		}
		must(t, w.Close())
	}
	must(t, b.run(t.Context(), b.config(), nil))
	if got := len(b.values("out", 0)); got != 250 {
		t.Errorf("%d records came through, want 250", got)
	}
	if last := b.saved["p/0"]; last.Next != 450 {
		t.Errorf("the run ended at offset %d, want 450", last.Next)
	}
}
