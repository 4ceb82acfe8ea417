package model

// claim makes a process's connection the only one that may write to a partition as a writer, and tells whether the broker grants it.
// fluvio.Client.SequenceEnd and a fluvio.Producer do this before they look.
func (c *Config) claim(s *State, lane int, o Owner, w Writer, part int, takeOver bool) bool {
	l := &s.Lanes[lane]
	r := l.run(o)
	if r.Lost[part] && !takeOver && c.keeps(OwnerKept) {
		return false
	}
	r.Held[part], r.Lost[part] = true, false
	c.revoke(s, lane, o, w, part)
	return true
}

// revoke keeps away what is under way over other connections than the owner's, and what other processes go on to send.
func (c *Config) revoke(s *State, lane int, owner Owner, w Writer, part int) {
	for _, o := range []Owner{Current, Zombie} {
		if r := s.Lanes[lane].run(o); o != owner && r.Writer == w {
			r.Lost[part] = true
		}
	}
	for i := len(s.requests()) - 1; i >= 0; i-- {
		switch r := &s.Requests[i]; {
		case r.writer() != w || int(r.Part) != part || r.Passed || !c.keeps(RevokedStays):
		case r.Owner == Nobody:
			s.remove(i) // nobody learns of it when it is refused
		default:
			r.Revoked = true
		}
	}
	s.order()
}

// claimAtStart takes over what the checkpoint's writer may have written to.
func (c *Config) claimAtStart(s *State, lane int, visit visitor) {
	n := *s
	r := &n.Lanes[lane].Run
	for p := range int(r.Checkpoint.Parts) {
		c.claim(&n, lane, Current, r.Checkpoint.Writer, p, true)
	}
	r.Phase = Looking
	visit(step("lane %d: takes writer %d over", int8(lane), r.Checkpoint.Writer.Number), &n)
}

// claimAgain claims the writer for a new connection. Behind that comes a look.
func (c *Config) claimAgain(s *State, lane int, o Owner, p int, visit visitor) {
	r := s.Lanes[lane].run(o)
	if c.Plain || r.Held[p] || !r.Unsure[p] && r.waiting(p) == 0 {
		return
	}
	n := *s
	r = n.Lanes[lane].run(o)
	first := !c.keeps(ClaimFirst) && o == Current && !r.Lost[p]
	if !c.claim(&n, lane, o, r.Writer, p, first || !c.keeps(TakeOverOnce)) {
		n.stop(lane, o)
		visit(step("lane %d: claims its writer again in partition %d, which another process has: the process fails", int8(lane), int8(p)), &n)
		return
	}
	r.Unsure[p] = r.Unsure[p] || !first
	visit(step("lane %d: claims its writer again in partition %d", int8(lane), int8(p)), &n)
}

// stray lets a claim of a dead process arrive.
func (c *Config) stray(s *State, lane int, visit visitor) {
	w := s.Lanes[lane].Stray
	if w.Number == 0 {
		return
	}
	n := *s
	n.Lanes[lane].Stray = Writer{}
	for p := range int(n.Parts) {
		c.revoke(&n, lane, Nobody, w, p)
	}
	visit(step("lane %d: a dead process's claim of writer %d arrives late", int8(lane), w.Number), &n)
}
