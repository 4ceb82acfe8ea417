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

// PolicyOption takes bad_data ('fail', 'drop' or 'dead_letter'; default 'fail') and, for dead letters, the required
// bad_data.topic out of the bag; at is that one's place. What is wrong with them the bag keeps, as usual.
func PolicyOption(bag *option.Bag) (p Policy, topic string, at option.Pos) {
	switch bag.Enum("bad_data", "fail", policies[:]...) {
	case "drop":
		p = Drop
	case "dead_letter":
		v, _ := bag.Peek("bad_data.topic")
		return DeadLetter, bag.Required("bad_data.topic"), v.Pos
	}
	if _, given := bag.Lookup("bad_data.topic"); given {
		bag.Reject("bad_data.topic", "it only beside bad_data = 'dead_letter', as nothing else writes to it")
	}
	return p, "", option.Pos{}
}
