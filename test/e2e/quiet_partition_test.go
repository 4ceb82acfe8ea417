package e2e

import "testing"

// TestAQuietPartitionGoesOnAtItsExactOffset restarts a pipeline twice while one of its partitions gets nothing. What that gets then is read, and
// nothing else, though the other one's checkpoints have gone on meanwhile.
func TestAQuietPartitionGoesOnAtItsExactOffset(t *testing.T) {
	t.Parallel()
	c := startBroker(t)
	for name, end := range map[string]func(t *testing.T, p *process){
		"killed": func(_ *testing.T, p *process) { p.kill() },
		"ended": func(t *testing.T, p *process) {
			if code := p.terminate(t); code != 0 {
				t.Errorf("code %d\n%s", code, p.talk())
			}
		},
	} {
		for offset, from := range map[string]int{"earliest": 0, "latest": 10} {
			t.Run(name+" "+offset, func(t *testing.T) {
				t.Parallel()
				k := newCopier(t, c, "q-"+name+"-"+offset, 2, 1, ", source.offset = '"+offset+"'", "")
				k.sendAll(t, 10)
				p := k.start(t)
				eventually(t, "both checkpoints", func() bool { return len(k.next(t)) == 2 })
				k.sendAll(t, 7)
				k.through(t)
				end(t, p)
				for range 2 {
					k.send(t, 0, 20)
					p := k.start(t)
					k.through(t)
					end(t, p)
				}
				k.send(t, 1, 5)
				if s := k.run(t); s.RecordsIn != 5 {
					t.Errorf("the last run read %d records, want 5", s.RecordsIn)
				}
				k.expect(t, false, from, from)
			})
		}
	}
}
