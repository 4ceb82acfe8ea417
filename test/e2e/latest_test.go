package e2e

import "testing"

// TestLatestIsPinnedAtTheFirstStart kills a pipeline that begins at the end, before it has read anything, twice. What comes between the first
// start and the first run that reads is not skipped.
func TestLatestIsPinnedAtTheFirstStart(t *testing.T) {
	t.Parallel()
	c := startBroker(t)
	for _, delivery := range []string{"at_least_once", "exactly_once"} {
		t.Run(delivery, func(t *testing.T) {
			t.Parallel()
			k := newCopier(t, c, "k"+delivery[:2], 2, 1, ", source.offset = 'latest'", ", delivery = '"+delivery+"'")
			k.sendAll(t, 20)
			for range 2 {
				p := k.start(t)
				eventually(t, "both checkpoints", func() bool { return len(k.next(t)) == 2 })
				p.kill()
			}
			k.send(t, 0, 30) // nothing to the other one, whose place is as good
			p := k.start(t)
			k.through(t)
			p.kill()
			k.send(t, 1, 30)
			k.run(t)
			k.expect(t, false, 20, 20)
		})
	}
}
