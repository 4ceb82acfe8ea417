package model

// strike lets everything happen that may go wrong or change.
func (c *Config) strike(s *State, visit visitor) {
	for lane := range c.Lanes {
		c.crash(s, lane, visit)
		c.damage(s, lane, visit)
		c.loseLock(s, lane, visit)
		c.change(s, lane, visit)
		c.rewind(s, lane, visit)
		c.drain(s, lane, visit)
	}
	c.giveUp(s, visit)
	c.forget(s, visit)
	c.restart(s, visit)
	if s.Left.Grow > 0 && s.Parts < maxParts {
		n := *s
		n.Left.Grow--
		n.Parts++
		visit(fault("the sink has %d partitions", n.Parts), &n)
	}
}

func (c *Config) crash(s *State, lane int, visit visitor) {
	if s.Left.Crash == 0 || s.Lanes[lane].Run.Phase == Down {
		return
	}
	n := *s
	n.Left.Crash--
	n.stop(lane, Current)
	visit(fault("lane %d: the process is killed", int8(lane)), &n)
	if r := &s.Lanes[lane].Run; r.Phase == Claiming {
		n.Lanes[lane].Stray = r.Checkpoint.Writer
		visit(fault("lane %d: the process is killed, with a claim on its way", int8(lane)), &n)
	}
}

// damage loses the newest checkpoint: one, until a process has made up for it.
func (c *Config) damage(s *State, lane int, visit visitor) {
	l := &s.Lanes[lane]
	if s.Left.Damage == 0 || l.Damaged || l.Run.Phase != Down || l.Finished || !l.Saved[0].Good {
		return
	}
	n := *s
	n.Left.Damage--
	l = &n.Lanes[lane]
	l.Saved[0], l.Saved[1], l.Damaged = l.Saved[1], Checkpoint{}, true
	visit(fault("lane %d: the newest checkpoint is damaged", int8(lane)), &n)
}

// loseLock leaves a process without its lock: a successor starts while it goes on.
func (c *Config) loseLock(s *State, lane int, visit visitor) {
	l := &s.Lanes[lane]
	if s.Left.Zombie == 0 || l.Run.Phase != Running || l.Zombie.Phase != Down {
		return
	}
	n := *s
	n.Left.Zombie--
	l = &n.Lanes[lane]
	l.Zombie, l.Run = l.Run, Run{}
	for i := range n.requests() {
		if r := &n.Requests[i]; r.Owner == Current && int(r.writer().Lane) == lane {
			r.Owner = Zombie
		}
	}
	n.order()
	visit(fault("lane %d: the process loses its lock and goes on", int8(lane)), &n)
}

func (c *Config) change(s *State, lane int, visit visitor) {
	l := &s.Lanes[lane]
	if s.Left.Plan == 0 || l.Run.Phase != Down || l.Finished || l.Plan == 1 {
		return
	}
	n := *s
	n.Left.Plan--
	n.Lanes[lane].Plan = 1
	visit(fault("lane %d: is to run another plan", int8(lane)), &n)
}

func (c *Config) rewind(s *State, lane int, visit visitor) {
	l := &s.Lanes[lane]
	if s.Left.Rewind == 0 || l.Run.Phase != Down || !l.Saved[0].Good {
		return
	}
	for to := range l.Saved[0].Next + 1 {
		n := *s
		n.Left.Rewind--
		l := &n.Lanes[lane]
		l.Life++
		l.Finished, l.Damaged = false, false
		l.Durable, l.Commit = to, to
		k := Checkpoint{Good: true, Next: to, Count: l.Saved[0].Count, Parts: l.Saved[0].Parts, Plan: l.Saved[0].Plan}
		l.save(k)
		l.save(k)
		visit(fault("lane %d: is rewound to record %d", int8(lane), to), &n)
	}
}

// drain stops a process in order.
func (c *Config) drain(s *State, lane int, visit visitor) {
	r := &s.Lanes[lane].Run
	if s.Left.Drain == 0 || r.Phase != Running || int(r.At) == len(c.Source) {
		return
	}
	n := *s
	n.Left.Drain--
	c.mark(&n, lane, true, func(_ Step, n *State) {
		visit(fault("lane %d: is stopped, and makes its last checkpoint", int8(lane)), n)
	})
}

// giveUp closes the connection of a request that takes too long.
func (c *Config) giveUp(s *State, visit visitor) {
	for i, r := range s.requests() {
		if s.Left.GiveUp == 0 || r.Owner == Nobody {
			continue
		}
		n := *s
		n.Left.GiveUp--
		run := n.Lanes[r.writer().Lane].run(r.Owner)
		run.Unsure[r.Part], run.Held[r.Part] = c.keeps(LookAfterDoubt), false
		n.Requests[i].Owner = Nobody
		n.order()
		visit(fault("lane %d: gives up the request to partition %d with ordinal %d", r.writer().Lane, r.Part, r.Entries[0].Ordinal), &n)
	}
}

// forget makes the broker forget a writer in one partition.
func (c *Config) forget(s *State, visit visitor) {
	if s.Left.Forget == 0 || s.Forgot != (Forgotten{}) {
		return
	}
	for p := range int(s.Parts) {
		for lane := range int8(c.Lanes) {
			for number := range s.Lanes[lane].Drawn {
				c.forgetWriter(s, p, lane, number+1, visit)
			}
		}
	}
}

func (c *Config) forgetWriter(s *State, p int, lane, number int8, visit visitor) {
	for _, e := range s.Sink[p].entries() {
		if e.Writer.Lane == lane && e.Writer.Number == number {
			n := *s
			n.Left.Forget--
			n.Forgot = Forgotten{e.Writer, int8(p)}
			visit(fault("partition %d forgets writer %d of lane %d", int8(p), number, lane), &n)
			return
		}
	}
}

// restart has the broker die and come back with what it has in its logs.
func (c *Config) restart(s *State, visit visitor) {
	if s.Left.Restart == 0 {
		return
	}
	n := *s
	n.Left.Restart--
	for _, r := range n.requests() {
		if r.Owner != Nobody {
			n.Lanes[r.writer().Lane].run(r.Owner).Unsure[r.Part] = true
		}
	}
	n.Requests = [maxRequests]Request{}
	for lane := range n.Lanes {
		l := &n.Lanes[lane]
		if l.Zombie.Phase != Down && c.keeps(LockedAtRestart) {
			return
		}
		l.Stray = Writer{}
		for _, r := range []*Run{&l.Run, &l.Zombie} {
			r.Held, r.Lost = [maxParts]bool{}, [maxParts]bool{}
		}
	}
	visit(fault("the broker dies and starts again"), &n)
}
