// Package framing cuts the value of one record into frames, each of which a format decodes into a row.
//
// Without framing the whole value is one frame, an empty value included. With newline framing a value holds one frame a
// line:
//
//	value     {"a":1}\n{"a":2}\r\n\n{"a":3}
//	frames    {"a":1}   {"a":2}\r   {"a":3}
//
// The last line needs no newline, and a newline at the end starts no further frame. A carriage return stays in its frame;
// JSON takes it for white space. Blank lines, which hold nothing but spaces, tabs and carriage returns, are no frames
// unless Config.KeepBlank says so: a format for which an empty text is a row wants them. So a frame's index, as in the metadata
// column frame and in dead letters, counts frames and not lines: {"a":3} above has 2. Frames never span records.
package framing

import (
	"errors"
	"math"

	"github.com/weir-stream/weir/host/option"
)

// ErrTooLong is the error for a line that is longer than Config.MaxLength.
var ErrTooLong = errors.New("line is longer than framing.newline.max_length")

// Splitter walks over the frames of a record's value, one record after the other. It is for one goroutine.
type Splitter interface {
	// Next takes the first frame off rest, which is the record's value in the first call and then the remaining of the
	// call before, until ok is false; a walk once begun goes on until then. Frame and remaining alias rest.
	//
	// With an error, which wraps ErrTooLong, ok is true, frame is the whole offending line, and the walk goes on behind
	// it: one long line does not disturb its neighbours.
	Next(rest []byte) (frame, remaining []byte, ok bool, err error)
}

// Method is how the frames of a value are told apart.
type Method uint8

// The methods.
const (
	None    Method = iota // the value is one frame
	Newline               // a frame a line
)

// Config is the framing of a table. The zero Config is no framing.
type Config struct {
	Method    Method
	MaxLength int  // of a line in bytes, without its newline; 0: no limit but the record's
	Truncate  bool // cut a longer line to MaxLength bytes, as Arroyo does, even within a character; otherwise ErrTooLong
	KeepBlank bool // blank lines are frames too
}

// FromOptions takes a table's framing options out of the bag: framing ('newline'; absent: none), and with it
// framing.newline.max_length (a size, at least 1) and framing.newline.on_long ('reject', the default, or 'truncate').
// What is wrong with them the bag keeps. KeepBlank is left to the caller, who knows the format.
func FromOptions(bag *option.Bag) Config {
	if bag.Enum("framing", "", "newline") == "" {
		return Config{}
	}
	c := Config{Method: Newline}
	n := bag.Size("framing.newline.max_length", -1)
	if n == 0 || n > math.MaxInt32 {
		bag.Reject("framing.newline.max_length", "a size from 1 byte to 2 GiB")
	} else if n > 0 {
		c.MaxLength = int(n)
	}
	c.Truncate = bag.Enum("framing.newline.on_long", "reject", "reject", "truncate") == "truncate"
	return c
}

// New makes a splitter.
func New(c Config) Splitter {
	if c.Method == Newline {
		return &lines{c}
	}
	return &whole{}
}

// whole is no framing.
type whole struct{ given bool } // given: the value at hand was handed out

func (w *whole) Next(rest []byte) (frame, remaining []byte, ok bool, err error) {
	w.given = !w.given
	if !w.given {
		return nil, nil, false, nil
	}
	return rest, nil, true, nil
}
