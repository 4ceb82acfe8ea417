package format

import "github.com/weir-stream/weir/host/option"

// Policy says what becomes of a record that its format cannot decode. Its neighbours are never touched.
type Policy uint8

// The policies.
const (
	Fail       Policy = iota // the pipeline stops at the record; the default
	Drop                     // the record is counted and left out
	DeadLetter               // the record goes to a dead letter topic, with its original bytes
)

var policies = [...]string{Fail: "fail", Drop: "drop", DeadLetter: "dead_letter"}

// String is the policy as the option bad_data spells it.
func (p Policy) String() string { return policies[p] }

// BadData is what a table says of records that its format cannot decode.
type BadData struct {
	Policy
	Topic string     // of dead letters
	At    option.Pos // where Topic is said
	Bounds
}

// Bounds are how many bad records are too many to go on, for each partition by itself: the zero Bounds are none.
type Bounds struct {
	Limited   bool    // MaxErrors counts
	MaxErrors int64   // bad frames since the run began
	MaxRatio  float64 // of bad frames among the last Window ones, more than 0; 0: any. Nothing is said of fewer frames
	Window    int     // frames, 1 to MaxWindow
}

// DefaultWindow and MaxWindow are frames.
const (
	DefaultWindow = 1000
	MaxWindow     = 1_000_000
)

// BadDataOptions takes what a source says of bad data out of the bag: bad_data ('fail', 'drop' or 'dead_letter'; default 'fail'), for dead
// letters the required bad_data.topic, and for 'drop' and 'dead_letter' the bounds past which the pipeline stops nevertheless:
// bad_data.max_errors (a whole number), bad_data.max_ratio (more than 0, at most 1) and bad_data.window (1 to 1000000, default 1000; the
// frames that the ratio is of). What is wrong with them the bag keeps, as usual.
func BadDataOptions(bag *option.Bag) (b BadData) {
	switch bag.Enum("bad_data", "fail", policies[:]...) {
	case "drop":
		b.Policy = Drop
	case "dead_letter":
		v, _ := bag.Peek("bad_data.topic")
		b.Policy, b.Topic, b.At = DeadLetter, bag.Required("bad_data.topic"), v.Pos
	}
	if b.Policy != DeadLetter {
		reject(bag, "bad_data.topic", "it only beside bad_data = 'dead_letter', as nothing else writes to it")
	}
	if b.Policy == Fail {
		for _, key := range []string{"bad_data.max_errors", "bad_data.max_ratio", "bad_data.window"} {
			reject(bag, key, "it only beside bad_data = 'drop' or 'dead_letter', as with 'fail' the first bad record is one too many")
		}
		return b
	}
	b.Bounds = boundsOptions(bag)
	return b
}

func boundsOptions(bag *option.Bag) (b Bounds) {
	if _, b.Limited = bag.Peek("bad_data.max_errors"); b.Limited {
		if b.MaxErrors = bag.Int("bad_data.max_errors", 0); b.MaxErrors < 0 {
			bag.Reject("bad_data.max_errors", "0 or more")
		}
	}
	if _, given := bag.Peek("bad_data.max_ratio"); !given {
		reject(bag, "bad_data.window", "it only beside bad_data.max_ratio, which is of that many frames")
		return b
	}
	if b.MaxRatio = bag.Float("bad_data.max_ratio", 1); b.MaxRatio <= 0 || b.MaxRatio > 1 {
		bag.Reject("bad_data.max_ratio", "a number above 0, at most 1, such as 0.05")
	}
	n := bag.Int("bad_data.window", DefaultWindow)
	if n < 1 || n > MaxWindow {
		bag.Reject("bad_data.window", "1 to 1000000")
		n = DefaultWindow
	}
	b.Window = int(n)
	return b
}

// reject refuses an option that is of no use here.
func reject(bag *option.Bag, key, want string) {
	if _, given := bag.Lookup(key); given {
		bag.Reject(key, want)
	}
}
