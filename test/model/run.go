package model

// process lets a process of a lane take its next step.
func (c *Config) process(s *State, lane int, o Owner, visit visitor) {
	r := s.Lanes[lane].run(o)
	if o == Zombie && r.Phase != Down {
		n := *s
		n.stop(lane, o)
		visit(step("lane %d: the process without the lock ends", int8(lane)), &n)
	}
	switch r.Phase {
	case Down:
		if o == Current && !s.Lanes[lane].Finished {
			c.open(s, lane, visit)
		}
	case Saving:
		c.save(s, lane, visit)
	case Claiming:
		c.claimAtStart(s, lane, visit)
	case Looking:
		c.lookAtStart(s, lane, visit)
	case Running:
		c.read(s, lane, o, visit)
		for p := range int(r.Parts) {
			c.send(s, lane, o, p, visit)
			c.claimAgain(s, lane, o, p, visit)
			c.lookAgain(s, lane, o, p, visit)
		}
		if o == Current {
			c.mark(s, lane, false, visit)
		}
	case Committing:
		c.commit(s, lane, visit)
	}
}

// stop ends a process. Its requests go on by themselves.
func (s *State) stop(lane int, o Owner) {
	s.abandon(lane, o, -1)
	*s.Lanes[lane].run(o) = Run{}
}

// open starts a process with the newest good checkpoint. Before it does anything it has two of its own.
func (c *Config) open(s *State, lane int, visit visitor) {
	n := *s
	l := &n.Lanes[lane]
	k := l.Saved[0]
	saves := int8(2)
	if !c.keeps(OpenTwice) {
		saves = 0
	}
	if !k.Good {
		k = Checkpoint{Good: true}
	}
	if k.Writer.Number == 0 {
		k.Plan, k.Parts = l.Plan, n.Parts
		n.redraw(l, lane, &k)
		saves = 2
		switch {
		case !c.keeps(SaveBeforeSend):
			saves = 0
		case !c.keeps(DrawnTwice):
			saves = 1
		}
	}
	if !c.keeps(PlanFinishes) {
		k.Plan = l.Plan
	}
	if !c.keeps(PartsFinish) {
		k.Parts = n.Parts
	}
	l.Run = Run{Phase: Saving, Checkpoint: k, Saves: saves, Opening: true}
	if saves == 0 {
		l.Run.Phase, l.Damaged = c.behindSaving(), false
	}
	visit(step("lane %d: a process starts at record %d with plan %d and writer %d", int8(lane), k.Next, k.Plan, k.Writer.Number), &n)
}

// behindSaving is what a process does when it has its checkpoints.
func (c *Config) behindSaving() Phase {
	if c.Plain || !c.keeps(ClaimFirst) {
		return Looking
	}
	return Claiming
}

// redraw gives a checkpoint a new writer id, which nothing was written with.
func (s *State) redraw(l *Lane, lane int, k *Checkpoint) {
	k.Writer = l.draw(int8(lane))
	k.Ordinals, k.Positions = [maxParts]int8{}, [maxParts]int8{}
	for p := range int(k.Parts) {
		k.Positions[p] = s.Sink[p].Len
	}
}

// save makes the process's checkpoint durable, once.
func (c *Config) save(s *State, lane int, visit visitor) {
	n := *s
	l := &n.Lanes[lane]
	r := &l.Run
	k := r.Checkpoint
	l.save(k)
	if r.Saves--; r.Saves == 0 {
		r.Phase = Committing
		if r.Opening {
			r.Phase, l.Damaged = c.behindSaving(), false
		}
	}
	visit(step("lane %d: a checkpoint of record %d with writer %d is durable", int8(lane), k.Next, k.Writer.Number), &n)
}

// commit tells the source, and goes on from the checkpoint.
func (c *Config) commit(s *State, lane int, visit visitor) {
	n := *s
	l := &n.Lanes[lane]
	r := &l.Run
	k := r.Checkpoint
	l.Commit = k.Next
	if r.Last {
		l.Finished = int(k.Next) == len(c.Source)
		n.stop(lane, Current)
		visit(step("lane %d: commits %d and ends", int8(lane), k.Next), &n)
		return
	}
	if k.Writer != r.Writer {
		*r = Run{At: r.At, Seen: r.Seen, Plan: k.Plan, Count: r.Count, Parts: k.Parts, Writer: k.Writer, Sight: k.Positions}
		for p := range int(k.Parts) {
			r.Held[p] = !c.Plain // nobody else knows the id
		}
	}
	r.Parts = k.Parts
	r.Phase, r.Checkpoint = Running, Checkpoint{}
	visit(step("lane %d: commits %d", int8(lane), k.Next), &n)
}

// lookAtStart finds out what the sink has beyond the checkpoint.
func (c *Config) lookAtStart(s *State, lane int, visit visitor) {
	n := *s
	r := &n.Lanes[lane].Run
	k := r.Checkpoint
	*r = Run{Phase: Running, At: k.Next, Seen: k.Seen, Plan: k.Plan, Count: k.Count, Parts: k.Parts, Writer: k.Writer, Ordinals: k.Ordinals,
		Held: r.Held, Lost: r.Lost}
	for p := range int(k.Parts) {
		log := &n.Sink[p]
		found, ok := log.follow(k.Writer, k.Ordinals[p], k.Positions[p])
		if !c.keeps(LookAtStart) {
			found = k.Ordinals[p]
		}
		if !ok {
			n.stop(lane, Current)
			visit(step("lane %d: ordinal %d is missing in partition %d: the process fails", int8(lane), found, int8(p)), &n)
			return
		}
		c.look(&n, k.Writer, p)
		r.Confirmed[p], r.Sight[p] = found, log.Len
		if r.replaying(p) {
			r.Position[p] = k.Positions[p]
		}
	}
	visit(step("lane %d: looks what its sink has: ordinals before %d, %d, %d", int8(lane), r.Confirmed[0], r.Confirmed[1], r.Confirmed[2]), &n)
}

// read reads one record and makes what is to be made of it.
func (c *Config) read(s *State, lane int, o Owner, visit visitor) {
	l := &s.Lanes[lane]
	if r := l.run(o); int(r.At) == len(c.Source) || o == Current && r.Plan != l.Plan && c.mayRedraw(r) {
		return
	}
	n := *s
	r := n.Lanes[lane].run(o)
	source := c.Source[r.At]
	r.At++
	if source < r.Seen {
		visit(step("lane %d: reads record %d again, which is stale", int8(lane), source), &n)
		return
	}
	r.Seen = source + 1
	for i, key := range c.made(r.Plan, source) {
		if !c.Keyed {
			key = r.Count
		}
		r.Count++
		p := key % r.Parts
		e := Entry{r.Writer, r.Ordinals[p], Record{source, int8(i), r.Plan}}
		if !r.replaying(int(p)) {
			at := r.waiting(int(p))
			if at == c.Queue {
				return
			}
			r.Queue[p][at] = e
		}
		if r.Ordinals[p]++; !r.replaying(int(p)) {
			r.Position[p] = 0
		}
	}
	visit(step("lane %d: reads record %d", int8(lane), source), &n)
}

// send puts a request on its way.
func (c *Config) send(s *State, lane int, o Owner, p int, visit visitor) {
	r := s.Lanes[lane].run(o)
	first := 0
	for _, sent := range s.requests() {
		if sent.Owner == o && int(sent.Part) == p && int(sent.writer().Lane) == lane {
			first = max(first, int(sent.Entries[0].Ordinal+sent.Len-r.Confirmed[p]))
		}
	}
	if !c.Plain && !r.Held[p] || r.Unsure[p] || first > 0 && c.keeps(OneInFlight) || len(s.requests()) == maxRequests {
		return
	}
	most := min(r.waiting(p)-first, c.Batch)
	least := most
	if c.Cuts {
		least = 1
	}
	for count := max(1, least); count <= most; count++ {
		n := *s
		request := Request{Len: int8(count), Owner: o, Part: int8(p), Revoked: r.Lost[p] && c.keeps(RevokedStays)}
		copy(request.Entries[:], r.Queue[p][first:first+count])
		n.add(request)
		if l := &n.Lanes[lane]; o == Current {
			l.Sent = max(l.Sent, r.Writer.Number)
		}
		visit(step("lane %d: sends %d records to partition %d from ordinal %d on", int8(lane), int8(count), int8(p), request.Entries[0].Ordinal), &n)
	}
}

// lookAgain finds out what became of a request without an answer.
func (c *Config) lookAgain(s *State, lane int, o Owner, p int, visit visitor) {
	if r := s.Lanes[lane].run(o); !r.Unsure[p] || !c.Plain && !r.Held[p] {
		return
	}
	n := *s
	r := n.Lanes[lane].run(o)
	found, ok := n.Sink[p].follow(r.Writer, r.Confirmed[p], r.Sight[p])
	c.look(&n, r.Writer, p)
	if !ok || found > r.Ordinals[p] {
		n.stop(lane, o)
		visit(step("lane %d: looks again and finds in partition %d what it did not send: the process fails", int8(lane), int8(p)), &n)
		return
	}
	r.confirm(p, found)
	r.Unsure[p], r.Sight[p] = false, n.Sink[p].Len
	visit(step("lane %d: looks again: partition %d has the ordinals before %d", int8(lane), int8(p), found), &n)
}

// mayRedraw tells whether writer ids can be drawn anew: the sink has nothing of the writer but what the checkpoint covers.
func (c *Config) mayRedraw(r *Run) bool {
	for p := range int(r.Parts) {
		if r.replaying(p) && c.keeps(RedrawEqual) {
			return false
		}
	}
	return true
}

// flushed tells whether everything that a process has read is known to be in the sink.
func (c *Config) flushed(s *State, lane int) bool {
	r := &s.Lanes[lane].Run
	for p := range int(r.Parts) {
		if c.keeps(FlushFirst) && (r.waiting(p) > 0 || s.inFlight(lane, Current, p)) || r.Unsure[p] {
			return false
		}
	}
	return true
}

// mark makes a checkpoint of what a process has done, the last one if it stops or has come to the end.
func (c *Config) mark(s *State, lane int, stop bool, visit visitor) {
	if !c.flushed(s, lane) {
		return
	}
	n := *s
	l := &n.Lanes[lane]
	r := &l.Run
	r.Last = stop || int(r.At) == len(c.Source)
	k, saves := c.checkpoint(&n, r), int8(1)
	if (l.Plan != r.Plan || n.Parts != r.Parts) && c.mayRedraw(r) {
		k.Plan, k.Parts = l.Plan, n.Parts
		n.redraw(l, lane, &k)
		n.Redrawn = true
		if c.keeps(DrawnTwice) {
			saves = 2
		}
	}
	if k == l.Saved[0] && !r.Last {
		return
	}
	r.Phase, r.Checkpoint, r.Saves = Saving, k, saves
	if !c.keeps(SaveBeforeCommit) {
		l.Commit = k.Next
	}
	visit(step("lane %d: makes a checkpoint of record %d with writer %d", int8(lane), k.Next, k.Writer.Number), &n)
}

// checkpoint is what a process would have to keep now.
func (c *Config) checkpoint(s *State, r *Run) Checkpoint {
	k := Checkpoint{Good: true, Next: r.At, Seen: r.Seen, Plan: r.Plan, Count: r.Count, Parts: r.Parts, Writer: r.Writer, Ordinals: r.Ordinals}
	if !c.keeps(SeenAtNext) && int(r.At) < len(c.Source) {
		k.Seen = max(k.Seen, c.Source[r.At]+1)
	}
	if !c.keeps(SeenKept) {
		k.Seen = 0
	}
	if !c.keeps(CountKept) {
		k.Count = 0
	}
	for p := range int(r.Parts) {
		k.Positions[p] = s.Sink[p].Len
		if r.replaying(p) && c.keeps(PositionReplay) {
			k.Positions[p] = r.Position[p]
		}
	}
	return k
}
