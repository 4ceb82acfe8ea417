package model

import "fmt"

// Violation is a property that a state does not have.
type Violation struct {
	Property int // its number in the package documentation
	Text     string
}

func (v *Violation) Error() string {
	return fmt.Sprintf("property %d is violated: %s", v.Property, v.Text)
}

func violation(property int, format string, args ...any) *Violation {
	return &Violation{property, fmt.Sprintf(format, args...)}
}

// Check judges a state by properties 2 to 7; nil if it has them all.
func (c *Config) Check(s *State) *Violation {
	if c.Plain {
		if !s.Late {
			if err := s.once(3, false); err != nil {
				return err
			}
		} else if !s.Redrawn {
			if err := s.once(3, true); err != nil {
				return err
			}
		}
	} else if err := s.once(2, false); err != nil {
		return err
	}
	for lane := range c.Lanes {
		l := &s.Lanes[lane]
		for i := range l.Saved {
			if err := c.covered(s, lane, &l.Saved[i]); err != nil {
				return err
			}
		}
		if l.Commit > l.Durable {
			return violation(5, "lane %d has committed %d, and no checkpoint is beyond %d", lane, l.Commit, l.Durable)
		}
		if r := &l.Run; r.Phase == Running && r.Writer.Number < l.Sent {
			return violation(7, "lane %d runs with writer %d and has sent with writer %d", lane, r.Writer.Number, l.Sent)
		}
	}
	return s.same()
}

// Done tells whether all lanes have come to their end.
func (c *Config) Done(s *State) bool {
	for lane := range c.Lanes {
		if !s.Lanes[lane].Finished {
			return false
		}
	}
	return true
}

// How many names there can be.
const (
	maxSource = 12
	maxMade   = 3
	maxLives  = 2
	maxDrawn  = 12
)

// once judges whether a reader sees no record twice, each in one plan's form only, and in order.
func (s *State) once(property int, dropStale bool) *Violation {
	var (
		seen [maxLanes][maxLives][maxSource][maxMade]bool
		plan [maxLanes][maxLives][maxSource]int8 // that made it, from 1
	)
	for p := range s.Sink {
		var (
			last  [maxLanes][maxLives]Record
			begun [maxLanes][maxLives]bool
			wrong *Violation
		)
		s.Sink[p].view(dropStale, func(e Entry) {
			lane, life, r := e.Writer.Lane, e.Writer.Life, e.Record
			before := last[lane][life]
			switch made := &plan[lane][life][r.Source]; {
			case wrong != nil:
			case seen[lane][life][r.Source][r.Index]:
				wrong = violation(property, "record %d.%d of lane %d is seen twice, once in partition %d", r.Source, r.Index, lane, p)
			case *made > 0 && *made != r.Plan+1:
				wrong = violation(property, "record %d of lane %d is seen as two plans made it", r.Source, lane)
			case begun[lane][life] && (r.Source < before.Source || r.Source == before.Source && r.Index < before.Index):
				wrong = violation(property, "record %d.%d of lane %d is seen behind %d.%d", r.Source, r.Index, lane, before.Source, before.Index)
			default:
				*made = r.Plan + 1
			}
			seen[lane][life][r.Source][r.Index], last[lane][life], begun[lane][life] = true, r, true
		})
		if wrong != nil {
			return wrong
		}
	}
	return nil
}

// covered judges whether everything before a checkpoint is in the sink, and everything of its writer from its ordinals on behind its
// positions. To a plain broker a request may come again in between; what is then sent once more is stale.
func (c *Config) covered(s *State, lane int, k *Checkpoint) *Violation {
	var there [len(c.Plans)][maxSource][maxMade]bool
	for p := range s.Sink {
		for offset, e := range s.Sink[p].entries() {
			if int(e.Writer.Lane) != lane {
				continue
			}
			there[e.Record.Plan][e.Record.Source][e.Record.Index] = true
			if !c.Plain && e.Writer == k.Writer && e.Ordinal >= k.Ordinals[p] && offset < int(k.Positions[p]) {
				return violation(4, "a checkpoint of lane %d with writer %d says that ordinals from %d on are behind offset %d of partition %d; %d is at %d",
					lane, k.Writer.Number, k.Ordinals[p], k.Positions[p], p, e.Ordinal, offset)
			}
		}
	}
	for _, source := range c.Source[:k.Next] {
		if !c.whole(&there[0], 0, source) && !c.whole(&there[1], 1, source) {
			return violation(4, "a checkpoint of lane %d is at %d, and what was made of record %d is not in the sink", lane, k.Next, source)
		}
	}
	return nil
}

// whole tells whether all that a plan makes of a record is there.
func (c *Config) whole(there *[maxSource][maxMade]bool, plan, source int8) bool {
	for i := range c.made(plan, source) {
		if !there[source][i] {
			return false
		}
	}
	return true
}

// names is what the ordinals of all writers mean.
type names [maxLanes][maxDrawn + 1][maxParts][maxLog]Record

// same judges whether an ordinal means one record only, wherever it is.
func (s *State) same() *Violation {
	var all names
	for p := range s.Sink {
		for _, e := range s.Sink[p].entries() {
			if err := all.add(p, e); err != nil {
				return err
			}
		}
	}
	for i := range s.requests() {
		r := &s.Requests[i]
		for _, e := range r.entries() {
			if err := all.add(int(r.Part), e); err != nil {
				return err
			}
		}
	}
	for lane := range s.Lanes {
		for _, r := range []*Run{&s.Lanes[lane].Run, &s.Lanes[lane].Zombie} {
			for p := range r.Queue {
				for _, e := range r.Queue[p][:r.waiting(p)] {
					if err := all.add(p, e); err != nil {
						return err
					}
				}
			}
		}
	}
	return nil
}

func (n *names) add(p int, e Entry) *Violation {
	known := &n[e.Writer.Lane][e.Writer.Number][p][e.Ordinal]
	name := Record{e.Record.Source + 1, e.Record.Index, e.Record.Plan} // not zero
	if *known != (Record{}) && *known != name {
		return violation(6, "ordinal %d of writer %d of lane %d in partition %d is record %d.%d of plan %d and record %d.%d of plan %d", e.Ordinal,
			e.Writer.Number, e.Writer.Lane, p, known.Source-1, known.Index, known.Plan, e.Record.Source, e.Record.Index, e.Record.Plan)
	}
	*known = name
	return nil
}
