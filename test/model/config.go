package model

// Config is a world to explore: its sizes, which faults strike how often, and the rules that are broken.
type Config struct {
	Name   string
	Lanes  int
	Source []int8      // what each lane reads: ordinals of a writer upstream, which are the names of its records. A repetition is stale.
	Plans  [2][][]int8 // by plan, the keys of the records made of each record of the source
	Keyed  bool        // a record's partition follows from its key, else from the running count
	Parts  int         // of the sink, at first
	Plain  bool        // the broker appends whatever comes, and knows no claims
	Batch  int         // most records in a request
	Queue  int         // most records read and not confirmed, per partition
	Cuts   bool        // a request takes any number of the records that wait, not just as many as there are
	Faults Faults      // how often each may strike
	Broken map[Rule]bool
}

// Faults counts what may go wrong, or change.
type Faults struct {
	Crash   int8 // a process dies
	GiveUp  int8 // a request's time is up: its connection is closed; the request may still arrive
	Damage  int8 // the newest checkpoint is lost
	Forget  int8 // the broker forgets what it has had of a writer
	Restart int8 // the broker dies, and all connections with it; it remembers no claims afterwards
	Zombie  int8 // a process loses its lock and does not know; not beside a plain broker
	Grow    int8 // the sink gets another partition
	Plan    int8 // another module or parameter
	Rewind  int8
	Drain   int8 // an orderly stop in the middle
}

// Rule is one of the protocol's rules. Each can be broken, to see that it is needed.
type Rule string

// The rules.
const (
	FlushFirst       Rule = "a checkpoint is made when everything read has been confirmed"
	SaveBeforeCommit Rule = "the checkpoint is durable before the commit"
	SaveBeforeSend   Rule = "writer ids are durable before they are used"
	DrawnTwice       Rule = "a checkpoint with new writer ids is saved twice before they are used"
	OpenTwice        Rule = "a process has two checkpoints of its writer ids before it sends anything"
	ClaimFirst       Rule = "a process claims its writer before it looks for it"
	ClaimWaits       Rule = "a claim waits for what the broker is appending"
	RevokedStays     Rule = "over a connection that another claim has revoked nothing is appended any more"
	OwnerKept        Rule = "the broker remembers who has a writer, and no other process gets it by claiming it again"
	LockedAtRestart  Rule = "no process goes on without its lock when the broker restarts"
	TakeOverOnce     Rule = "a process takes a writer over when it starts, and only then"
	LookAtStart      Rule = "a process looks before it sends"
	LookAfterDoubt   Rule = "after an ambiguous answer comes a look"
	OneInFlight      Rule = "one request is under way per writer and partition"
	CountKept        Rule = "the running count is kept in the checkpoint"
	SeenKept         Rule = "what was seen at the source is kept in the checkpoint"
	SeenAtNext       Rule = "what was seen at the source is kept as it was before next"
	PlanFinishes     Rule = "the old plan finishes what is in the sink"
	PartsFinish      Rule = "what is in the sink is finished with the old number of partitions"
	RedrawEqual      Rule = "writer ids are drawn anew only where the sink has nothing beyond the checkpoint"
	PositionReplay   Rule = "a position stays while there is something in the sink that is still to be replayed"
)

func (c *Config) keeps(r Rule) bool { return !c.Broken[r] }

// made returns the keys of the records that are made of one.
func (c *Config) made(plan, record int8) []int8 { return c.Plans[plan][record] }

// Start is the state that everything begins with.
func (c *Config) Start() State {
	return State{Parts: int8(c.Parts), Left: c.Faults}
}
