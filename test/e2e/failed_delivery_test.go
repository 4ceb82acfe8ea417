package e2e

import (
	"strings"
	"testing"
)

// TestAFailedDeliveryIsToldBeforeTheCheckpoint takes the sink's cluster away from a pipeline whose source stays. The run ends with the reason,
// no checkpoint is past what the sink has confirmed, and the next run delivers the rest.
func TestAFailedDeliveryIsToldBeforeTheCheckpoint(t *testing.T) {
	t.Parallel()
	for _, delivery := range []string{"at_least_once", "exactly_once"} {
		t.Run(delivery, func(t *testing.T) {
			t.Parallel()
			c, far := startBroker(t), startBroker(t)
			k := newCopier(t, c, "k", 2, 2, "", ", delivery = '"+delivery+"', endpoint = '"+far.sc+"'")
			far.topic(t, "k-out", 2)
			k.sendAll(t, 100)
			p := k.start(t, "--retry-budget", "1s")
			k.through(t)
			confirmed := k.next(t)
			far.kill()
			k.sendAll(t, 100)
			if code := p.over(t); code != 3 || !strings.Contains(p.talk(), far.spu) && !strings.Contains(p.talk(), far.sc) {
				t.Errorf("code %d, want 3 and a word of the sink's cluster:\n%s", code, p.talk())
			}
			if at := k.next(t); at[0] != confirmed[0] || at[1] != confirmed[1] {
				t.Errorf("the checkpoints are at %v; what the sink has is before %v", at, confirmed)
			}
			far.start(t)
			k.run(t)
			k.at(far).expect(t, delivery == "at_least_once", 0, 0)
		})
	}
}
