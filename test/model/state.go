package model

import "slices"

// How large a State can get. Sizes are fixed, so that a state can be copied, compared and hashed as a plain value.
const (
	maxLanes    = 2
	maxParts    = 3
	maxLog      = 24 // records in a partition
	maxRequests = 6  // under way
	maxQueue    = 4  // records of a lane and partition, read and not confirmed
	kept        = 2  // checkpoints of a lane
)

// State is one moment of the world.
type State struct {
	Lanes    [maxLanes]Lane
	Parts    int8 // of the sink
	Sink     [maxParts]Log
	Forgot   Forgotten
	Requests [maxRequests]Request // in order, those that are none at the end
	Left     Faults               // that may still strike
	Late     bool                 // a plain broker has appended a request after a look for its writer
	Redrawn  bool                 // a lane goes on with another writer id
}

// Writer is a producer sequence's id. In the model it tells where it is from; to the protocol it is nothing but different from all others.
type Writer struct {
	Lane, Life int8 // Life counts the rewinds before
	Number     int8 // of the ids the lane has drawn, from 1; 0: none
}

// Record is one that a lane makes. Records that differ in nothing but Plan are the same one to a reader who counts.
type Record struct {
	Source int8 // the record of the source that it was made of
	Index  int8 // of several made of one
	Plan   int8 // that made it
}

// Entry is a record in a partition of the sink, in a request or in a lane's queue.
type Entry struct {
	Writer  Writer
	Ordinal int8
	Record  Record
}

// Log is a partition of the sink.
type Log struct {
	Len     int8
	Entries [maxLog]Entry
}

func (l *Log) entries() []Entry { return l.Entries[:l.Len] }

// append panics where a partition can't hold what a world makes.
func (l *Log) append(all []Entry) {
	n := copy(l.Entries[l.Len:], all)
	if n < len(all) {
		panic("a world of more records than a partition can hold")
	}
	l.Len += int8(n)
}

// Forgotten is the writer that the broker has forgotten in one partition.
type Forgotten struct {
	Writer Writer
	Part   int8
}

// Owner says which process of its lane waits for a request's answer.
type Owner int8

// The owners. A request without one is nobody's any more, and may still arrive.
const (
	Nobody Owner = iota
	Current
	Zombie
)

// Request is a batch under way to the sink. It arrives some time, or never.
type Request struct {
	Len     int8 // 0: no request
	Owner   Owner
	Part    int8
	Looked  bool // its writer was looked for since it lost its owner
	Revoked bool // its writer was claimed over another connection since
	Passed  bool // the broker has seen that its connection may write, and is about to append it
	Entries [maxQueue]Entry
}

func (r *Request) writer() Writer   { return r.Entries[0].Writer }
func (r *Request) entries() []Entry { return r.Entries[:r.Len] }

// Lane is what outlives a lane's processes, and those.
type Lane struct {
	Saved    [kept]Checkpoint // newest first
	Commit   int8             // what the source was told
	Durable  int8             // the highest Next that was saved in this life
	Drawn    int8             // writer ids
	Sent     int8             // the highest number of a writer that sent anything
	Life     int8
	Plan     int8   // that it is to run
	Stray    Writer // that a process claimed when it died: the claim is still on its way
	Damaged  bool   // a checkpoint, since a process had as many good ones as it wants
	Finished bool   // read, written and saved to the end
	Run      Run
	Zombie   Run // runs on beside its successor, without the lock
}

// Checkpoint is as host/checkpoint has it, for one sink.
type Checkpoint struct {
	Good      bool
	Next      int8 // offset of the first record of the source that is not wholly through
	Seen      int8 // next ordinal of the writer upstream
	Plan      int8
	Count     int8 // records made
	Parts     int8
	Writer    Writer
	Ordinals  [maxParts]int8
	Positions [maxParts]int8
}

// Phase is what a process does.
type Phase int8

// The phases of a process.
const (
	Down     Phase = iota
	Saving         // Checkpoint, Saves times
	Claiming       // its writer, from the broker
	Looking        // what the sink has of the writer, before anything else
	Running
	Committing
)

// Run is a process that carries a lane.
type Run struct {
	Phase      Phase
	At         int8 // offset to read next
	Seen       int8
	Plan       int8
	Count      int8
	Parts      int8
	Writer     Writer
	Ordinals   [maxParts]int8            // of the records read so far: the next
	Confirmed  [maxParts]int8            // all ordinals before are known to be in the sink; above Ordinals when it replays
	Position   [maxParts]int8            // while it replays: that of the checkpoint
	Sight      [maxParts]int8            // everything of the writer from Confirmed on lies from here on
	Held       [maxParts]bool            // its connection has claimed the writer, for all it knows
	Lost       [maxParts]bool            // another process has claimed the writer since
	Unsure     [maxParts]bool            // something was sent that may have been written or not
	Queue      [maxParts][maxQueue]Entry // from Confirmed to Ordinals
	Checkpoint Checkpoint                // that is being saved
	Saves      int8                      // how often yet
	Opening    bool                      // it is the one to begin with
	Last       bool                      // the process ends behind it
}

// waiting is how many records of a partition are read and not confirmed.
func (r *Run) waiting(p int) int { return max(0, int(r.Ordinals[p]-r.Confirmed[p])) }

// replaying tells whether the sink has records that the run has not come to again.
func (r *Run) replaying(p int) bool { return r.Ordinals[p] < r.Confirmed[p] }

// confirm notes that the sink has everything before an ordinal.
func (r *Run) confirm(p int, ordinal int8) {
	n := int(ordinal - r.Confirmed[p])
	copy(r.Queue[p][:], r.Queue[p][n:])
	clear(r.Queue[p][maxQueue-n:])
	r.Confirmed[p] = ordinal
}

// run returns the process of a lane that waits for a request.
func (l *Lane) run(o Owner) *Run {
	if o == Zombie {
		return &l.Zombie
	}
	return &l.Run
}

// save makes a checkpoint the newest.
func (l *Lane) save(c Checkpoint) {
	copy(l.Saved[1:], l.Saved[:])
	l.Saved[0] = c
	l.Durable = max(l.Durable, c.Next)
}

// draw returns a new writer id.
func (l *Lane) draw(lane int8) Writer {
	l.Drawn++
	return Writer{Lane: lane, Life: l.Life, Number: l.Drawn}
}

// requests are those under way.
func (s *State) requests() []Request {
	n := 0
	for n < maxRequests && s.Requests[n].Len > 0 {
		n++
	}
	return s.Requests[:n]
}

// inFlight tells whether a process waits for a request to a partition.
func (s *State) inFlight(lane int, o Owner, part int) bool {
	return slices.ContainsFunc(s.requests(), func(r Request) bool {
		return r.Owner == o && int(r.Part) == part && int(r.writer().Lane) == lane
	})
}

// add puts a request on its way.
func (s *State) add(r Request) {
	s.Requests[len(s.requests())] = r
	s.order()
}

// remove takes a request off.
func (s *State) remove(i int) {
	n := len(s.requests())
	copy(s.Requests[i:], s.Requests[i+1:n])
	s.Requests[n-1] = Request{}
}

// order sorts the requests: which one was sent first makes no difference to what can happen.
func (s *State) order() {
	slices.SortFunc(s.requests(), func(a, b Request) int {
		for _, d := range []int8{
			a.writer().Lane - b.writer().Lane, a.writer().Number - b.writer().Number, a.Part - b.Part,
			a.Entries[0].Ordinal - b.Entries[0].Ordinal, a.Len - b.Len, int8(a.Owner - b.Owner), truth(a.Looked) - truth(b.Looked), truth(a.Revoked) - truth(b.Revoked),
			truth(a.Passed) - truth(b.Passed),
		} {
			if d != 0 {
				return int(d)
			}
		}
		return 0
	})
}

func truth(b bool) int8 {
	if b {
		return 1
	}
	return 0
}

// abandon leaves a process's requests to themselves, those to one partition or (-1) all.
func (s *State) abandon(lane int, o Owner, part int) {
	for i := range s.requests() {
		r := &s.Requests[i]
		if r.Owner == o && int(r.writer().Lane) == lane && (part < 0 || part == int(r.Part)) {
			r.Owner, r.Looked = Nobody, false
		}
	}
	s.order()
}
