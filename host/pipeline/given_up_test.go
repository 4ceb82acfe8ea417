package pipeline

import (
	"context"
	"testing"

	"github.com/weir-stream/weir/host/connector"
)

// TestWhatIsGivenUpIsNotCountedAsWritten has a sink that gives up the third of each four records.
func TestWhatIsGivenUpIsNotCountedAsWritten(t *testing.T) {
	j := simple(numbered("a", 0, 12))
	j.limits.Rows, j.most, j.interval = 4, 4, 1
	b := newBench(t, j)
	c := b.config()
	records, lost := 0, int64(0)
	c.Sinks[0].Connector = &bent{
		Config: c.Sinks[0].Connector,
		write: func(ctx context.Context, w connector.Writer, p uint32, m connector.Message) error {
			if records++; records%4 == 3 {
				lost++
				return nil
			}
			return w.Write(ctx, p, m)
		},
		lost: func() int64 { return lost },
	}
	must(t, b.run(t.Context(), c, nil))
	there := int64(len(b.values("out", 0)))
	if s := c.Stats; there >= 12 || s.RecordsOut.Load() != there || s.RowsOut.Load() != there || s.GivenUp.Load() != 12-there {
		t.Errorf("%d of 12 are there, %d records and %d rows are counted, %d given up", there, s.RecordsOut.Load(), s.RowsOut.Load(), s.GivenUp.Load())
	}
}
