package pipeline

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"testing/synctest"
	"time"

	"github.com/apache/arrow-go/v18/arrow/memory"

	"github.com/weir-stream/weir/host/checkpoint"
	"github.com/weir-stream/weir/host/connector"
)

// TestGoesOnFromAFolder runs with checkpoints in files: each run begins where the one before ended.
func TestGoesOnFromAFolder(t *testing.T) {
	j := simple(nil, nil)
	j.sinks[0].partitions = 3
	b := newBench(t, j)
	dir := checkpoint.Dir{Path: t.TempDir()}
	b.saved["p/0"], b.saved["p/1"] = checkpoint.Checkpoint{}, checkpoint.Checkpoint{} // not asked: the folder is
	for round := range 4 {
		b.produce("in", uint32(round%2), numbered(fmt.Sprint(round%2), 10*round, 10*round+5)...)
		c := b.config()
		c.Store, c.Source.Connector = dir, b.table("in", connector.RoleSource)
		must(t, b.run(t.Context(), c, nil))
		held, err := dir.Open("p", "in", 0)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := dir.Open("p", "in", 0); !errors.Is(err, checkpoint.ErrLocked) {
			t.Errorf("a second open: %v", err)
		}
		if err := b.run(t.Context(), c, nil); !errors.Is(err, checkpoint.ErrLocked) {
			t.Errorf("a run over a lane in use: %v", err)
		}
		if last, ok := held.Last(); !ok || last.Next != int64(5*(round/2+1)) || last.Sinks["table out"].Count != last.Next {
			t.Errorf("round %d: lane 0 is at %+v", round, last)
		}
		must(t, held.Close())
	}
	if got := []int{len(b.values("out", 0)), len(b.values("out", 1)), len(b.values("out", 2))}; fmt.Sprint(got) != "[8 6 6]" {
		t.Errorf("the partitions have %v records, want those of two lanes, each spread by its own count", got)
	}
}

// BenchmarkRun carries records from memory to memory.
func BenchmarkRun(b *testing.B) {
	for _, chain := range [][]string{nil, {"pass"}, {"even", "inc"}} {
		b.Run(fmt.Sprint(chain), func(b *testing.B) {
			j := simple(numbered("lane", 0, 20_000))
			j.chain = chain
			bench := newBench(b, j)
			c := bench.config()
			c.Memory = memory.DefaultAllocator
			c.Source.Connector = bench.table("in", connector.RoleSource)
			b.ReportAllocs()
			for b.Loop() {
				c.Store, c.Stats = checkpoint.Memory{}, new(Stats)
				if err := Run(b.Context(), c, nil); err != nil || c.Stats.RowsIn.Load() != 20_000 {
					b.Fatal(err, c.Stats.RowsIn.Load())
				}
				b.SetBytes(c.Stats.BytesIn.Load())
			}
		})
	}
}

// slow is a table whose source takes an hour to close.
type slow struct{ connector.Config }

type slowSource struct{ connector.Source }

func (c slow) OpenSource(ctx context.Context, env connector.Env) (connector.Source, error) {
	s, err := c.Config.OpenSource(ctx, env)
	return slowSource{s}, err
}

func (s slowSource) Close() error {
	<-time.After(time.Hour)
	return s.Source.Close()
}

func TestSecondsEndWithTheLanes(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBench(t, simple(numbered("a", 0, 10)))
		c := b.config()
		c.Source.Connector = slow{c.Source.Connector}
		must(t, b.run(t.Context(), c, nil))
		if got := c.Stats.Seconds(); got > 60 {
			t.Errorf("%v seconds: closing was counted", got)
		}
	})
}
