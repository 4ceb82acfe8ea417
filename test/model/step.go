package model

import "fmt"

// Step is what happens between one state and the next.
type Step struct {
	Fault  bool // it need not happen ever
	format string
	args   [4]int8
	used   int8
}

func step(format string, args ...int8) Step {
	s := Step{format: format}
	s.used = int8(copy(s.args[:], args))
	return s
}

func fault(format string, args ...int8) Step {
	s := step(format, args...)
	s.Fault = true
	return s
}

func (s Step) String() string {
	all := []any{s.args[0], s.args[1], s.args[2], s.args[3]}
	return fmt.Sprintf(s.format, all[:s.used]...)
}

// visitor is given a step and the state behind it, which it may keep a copy of.
type visitor func(Step, *State)

// Next calls visit with every step that may come next.
func (c *Config) Next(s *State, visit visitor) {
	for lane := range c.Lanes {
		c.process(s, lane, Current, visit)
		c.process(s, lane, Zombie, visit)
		c.stray(s, lane, visit)
	}
	for i := range s.requests() {
		c.arrive(s, i, visit)
	}
	c.strike(s, visit)
}

// arrive lets a request come to the broker, whose answer comes to who waits for it.
func (c *Config) arrive(s *State, i int, visit visitor) {
	n := *s
	r := n.Requests[i]
	if r.Revoked {
		c.refuse(&n, i, visit)
		return
	}
	if !r.Passed && !c.Plain && !c.keeps(ClaimWaits) {
		n.Requests[i].Passed = true
		n.order()
		visit(step("the broker lets the request of writer %d with ordinal %d to partition %d pass", r.writer().Number, r.Entries[0].Ordinal, r.Part), &n)
		return
	}
	offset, ok := c.receive(&n, &r)
	n.remove(i)
	if r.Owner == Nobody {
		if n != *s {
			visit(step("lane %d: the request of writer %d with ordinal %d arrives late at partition %d", r.writer().Lane, r.writer().Number,
				r.Entries[0].Ordinal, r.Part), &n)
		}
		return
	}
	run, p := n.Lanes[r.writer().Lane].run(r.Owner), int(r.Part)
	if !ok {
		run.Unsure[p] = true
		visit(step("lane %d: partition %d refuses ordinal %d", r.writer().Lane, r.Part, r.Entries[0].Ordinal), &n)
		return
	}
	run.confirm(p, max(run.Confirmed[p], r.Entries[0].Ordinal+r.Len)) // an answer counts for all before, too
	run.Sight[p] = offset + r.Len
	visit(step("lane %d: partition %d takes %d records from ordinal %d on, and the answer arrives", r.writer().Lane, r.Part, r.Len, r.Entries[0].Ordinal), &n)
}

// refuse tells who waits for a request that its connection does not own the writer.
func (c *Config) refuse(n *State, i int, visit visitor) {
	r := n.Requests[i]
	n.remove(i)
	if r.Owner != Nobody {
		n.Lanes[r.writer().Lane].run(r.Owner).Held[r.Part] = false
	}
	visit(step("lane %d: partition %d refuses ordinal %d of writer %d: it is another's", r.writer().Lane, r.Part, r.Entries[0].Ordinal,
		r.writer().Number), n)
}
