package e2e

import (
	"fmt"
	"testing"
)

// workers starts so many workers of the pipeline.
func (k *copier) workers(t *testing.T, n int) (all []*process) {
	t.Helper()
	for i := range n {
		all = append(all, k.start(t, "--worker", fmt.Sprintf("%d/%d", i, n)))
	}
	return all
}

// TestIdleWorkersStayUp runs one to four workers over two partitions. A third one, which is added while they run, is read from its beginning,
// though the pipeline began at the latest record, and by a worker that was idle, where there is one.
func TestIdleWorkersStayUp(t *testing.T) {
	t.Parallel()
	c := startBroker(t)
	for n := 1; n <= 4; n++ {
		t.Run(fmt.Sprint(n, " workers"), func(t *testing.T) {
			t.Parallel()
			k := newCopier(t, c, fmt.Sprint("w", n), 2, 2, ", source.offset = 'latest'", ", delivery = 'exactly_once'")
			k.sendAll(t, 20)
			all := k.workers(t, n)
			eventually(t, "two checkpoints", func() bool { return len(k.next(t)) == 2 })
			k.sendAll(t, 20)
			k.through(t)
			c.cmd(t, "", "topic", "add-partition", k.name+"-in")
			k.sent = append(k.sent, 0)
			k.sendAll(t, 20)
			k.through(t)
			for i, p := range all {
				if code := p.terminate(t); code != 0 {
					t.Errorf("worker %d of %d ended with code %d\n%s", i, n, code, p.talk())
				}
			}
			k.expect(t, false, 20, 20, 0)
		})
	}
}

// TestLanesGoOnAtOtherWorkers starts again and again with another number of workers, some of which were killed.
func TestLanesGoOnAtOtherWorkers(t *testing.T) {
	t.Parallel()
	k := newCopier(t, startBroker(t), "k", 3, 2, "", ", delivery = 'exactly_once'")
	for round, n := range []int{1, 4, 2, 3, 1} {
		k.sendAll(t, 500)
		before := k.count(t)
		all := k.workers(t, n)
		eventually(t, "some output", func() bool { return k.count(t) > before })
		for i, p := range all {
			if (round+i)%2 == 0 {
				p.kill()
			} else if code := p.terminate(t); code != 0 {
				t.Errorf("worker %d of %d ended with code %d\n%s", i, n, code, p.talk())
			}
		}
	}
	for i := range 2 {
		k.run(t, "--worker", fmt.Sprintf("%d/2", i))
	}
	k.expect(t, false, 0, 0, 0)
}
