package e2e

import "testing"

// TestTheEndOfARunFlushesItsSinks ends runs whose sinks would wait ten minutes for a batch to fill: told to stop, and at the end of the
// data. Everything is there, before the checkpoint says so.
func TestTheEndOfARunFlushesItsSinks(t *testing.T) {
	t.Parallel()
	c := startBroker(t)
	for _, delivery := range []string{"at_least_once", "exactly_once"} {
		options := ", sink.linger = '10m', delivery = '" + delivery + "'"
		t.Run(delivery+" told to stop", func(t *testing.T) {
			t.Parallel()
			k := newCopier(t, c, "s-"+delivery[:2], 2, 2, "", options)
			p := k.start(t, "--checkpoint-interval", "1h", "--metrics", "127.0.0.1:0")
			k.sendAll(t, 100)
			eventually(t, "records read", func() bool { return p.metric(t, "weir_checkpoint_age_seconds") > 0 })
			if code := p.terminate(t); code != 0 {
				t.Errorf("code %d\n%s", code, p.talk())
			}
			at := k.next(t)
			if got := k.count(t); got == 0 || got != at[0]+at[1] {
				t.Errorf("%d records are there, and the checkpoints are at %v", got, at)
			}
			k.run(t)
			k.expect(t, false, 0, 0)
		})
		t.Run(delivery+" at the end", func(t *testing.T) {
			t.Parallel()
			k := newCopier(t, c, "e-"+delivery[:2], 2, 2, "", options)
			k.sendAll(t, 100)
			k.run(t, "--checkpoint-interval", "1h")
			k.expect(t, false, 0, 0)
			k.through(t)
		})
	}
}
