package jsonformat

import (
	"slices"
	"strings"

	"github.com/weir-stream/weir/host/option"
)

// Strictness is a set of leniencies that are turned off. The zero Strictness leaves all of them on, as Arroyo has them.
type Strictness uint32

// The leniencies, each by what is tolerated while it is on.
const (
	Commas            Strictness = 1 << iota // commas too many or too few in objects and arrays
	ControlCharacters                        // control characters in strings without an escape
	NumberSyntax                             // numbers with leading zeros, or without digits on one side of the point
	SkippedNumbers                           // a minus or digit and any run of the characters of a number under a key that no column takes
	DuplicateKeys                            // a declared key more than once
	IntegerFractions                         // a fraction or an exponent for an integer column
	DecimalFractions                         // more digits behind the point than a decimal column has
	StringNumbers                            // a string for a number
	TimestampForms                           // for a timestamp, what json.timestamp_format does not say, and odd spellings
	TextForms                                // odd spellings of dates, times, intervals, UUIDs, and of numbers that are the keys of maps
	UncheckedText                            // with json.unstructured, frames that are not JSON or not UTF-8

	Strict Strictness = 1<<iota - 1 // everything off
)

// strictNames are the leniencies as json.strict spells them, in the order of their bits.
var strictNames = [...]string{
	"commas", "control_characters", "number_syntax", "skipped_numbers", "duplicate_keys", "integer_fractions",
	"decimal_fractions", "string_numbers", "timestamp_forms", "text_forms", "unchecked_text",
}

// Has reports whether all leniencies of one are turned off.
func (s Strictness) Has(one Strictness) bool { return s&one == one }

// String lists the leniencies that are turned off as json.strict spells them: "true" for all, "false" for none.
func (s Strictness) String() string {
	switch s & Strict {
	case 0:
		return "false"
	case Strict:
		return "true"
	}
	var names []string
	for i, name := range strictNames {
		if s&(1<<i) != 0 {
			names = append(names, name)
		}
	}
	return strings.Join(names, ",")
}

// strictness takes json.strict out of the bag: a bool, or a list such as 'commas, duplicate_keys' of leniencies to turn off.
func strictness(bag *option.Bag) Strictness {
	v, ok := bag.Lookup("json.strict")
	if !ok {
		return 0
	}
	switch v.Text {
	case "true", "yes":
		return Strict
	case "false", "no":
		return 0
	}
	var s Strictness
	for name := range strings.SplitSeq(v.Text, ",") {
		name = strings.TrimSpace(name)
		i := slices.Index(strictNames[:], name)
		if i < 0 {
			want := "true, false, or a list, with commas, of leniencies to turn off: " + strings.Join(strictNames[:], ", ")
			if near, ok := option.Nearest(name, strictNames[:]); ok {
				want += " (did you mean " + near + "?)"
			}
			bag.Reject("json.strict", want)
			return 0
		}
		s |= 1 << i
	}
	return s
}
