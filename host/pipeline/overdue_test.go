package pipeline

import (
	"context"
	"testing"
	"testing/synctest"
	"time"

	"github.com/weir-stream/weir/host/connector"
)

// TestCheckpointsDoNotWaitForASlowSink reads everything at once, which then takes minutes to write: a run that is killed meanwhile has got on.
func TestCheckpointsDoNotWaitForASlowSink(t *testing.T) {
	for _, d := range deliveries {
		synctest.Test(t, func(t *testing.T) {
			j := simple(numbered("a", 0, 100))
			j.delivery, j.limits.Rows, j.interval = d, 4, time.Second
			b := newBench(t, j)
			c := b.config()
			c.Sinks[0].Connector = &bent{Config: c.Sinks[0].Connector, write: func(ctx context.Context, w connector.Writer, p uint32, m connector.Message) error {
				time.Sleep(time.Second)
				return w.Write(ctx, p, m)
			}}
			ended := make(chan error, 1)
			go func() { ended <- b.run(t.Context(), c, nil) }()
			time.Sleep(30 * time.Second)
			synctest.Wait()
			if at := b.at("p/0"); at < 20 {
				t.Errorf("%s: after half a minute, and some 28 records, the checkpoint is at %d", d, at)
			}
			must(t, <-ended)
		})
	}
}
