// Package lines is records as lines of text, which the connectors file and stdio read and write.
//
// A line ends in a line feed, or in a carriage return and a line feed, which are no part of the record. So a record that
// holds a line feed, or has a carriage return at its end, is no line as it is; base64 makes one of any record.
package lines

import (
	"bytes"
	"encoding/base64"
	"errors"
	"fmt"
	"math"

	"github.com/weir-stream/weir/host/connector"
	"github.com/weir-stream/weir/host/option"
	"github.com/weir-stream/weir/internal/fault"
)

// DefaultMax is Config.Max where that is 0.
const DefaultMax = 16 << 20

// Config says how a record is a line. The zero Config is the default: text, as it is.
type Config struct {
	Base64 bool // a line is the record in base64, with padding
	Max    int  // bytes of a line that is read, without its end; 0: DefaultMax
}

// The options.
const (
	encodingKey = "line.encoding"
	maxKey      = "line.max_length"
)

// SourceOptions and SinkOptions describe what FromOptions and SinkFromOptions take.
var (
	SinkOptions = []option.Spec{{
		Key: encodingKey, Type: option.Word, Values: []string{"text", "base64"}, Default: "text",
		Help: "a line is a record as it is, or in base64",
	}}
	SourceOptions = append(SinkOptions[:1:1], option.Spec{
		Key: maxKey, Type: option.Size, Default: "16MB", Help: "bytes of a line at most; a longer one is bad data",
	})
)

// FromOptions takes the options of a table that is read out of the bag: line.encoding ('text', the default, or 'base64')
// and line.max_length.
func FromOptions(bag *option.Bag) Config {
	c := SinkFromOptions(bag)
	most := bag.Size(maxKey, DefaultMax)
	if most < 1 || most > 2<<30 {
		bag.Reject(maxKey, "a size from 1 byte to 2GB")
	}
	c.Max = int(min(most, math.MaxInt32))
	return c
}

// SinkFromOptions takes line.encoding out of the bag. It refuses sink.key_field: a line has no key.
func SinkFromOptions(bag *option.Bag) Config {
	if _, given := bag.Peek("sink.key_field"); given {
		bag.Lookup("sink.key_field")
		bag.Reject("sink.key_field", "no key, as a line is the value of a record alone")
	}
	return Config{Base64: bag.Enum(encodingKey, "text", "text", "base64") == "base64"}
}

// errNoLine says that a record is no line.
var errNoLine = errors.New("a record that holds a line feed, or a carriage return at its end, is no line: set 'line.encoding' = 'base64'")

// Append appends a record as a line with its end. A record that is none is an error of the input class, and dst returned as
// it was.
func (c Config) Append(dst, record []byte) ([]byte, error) {
	if c.Base64 {
		return append(base64.StdEncoding.AppendEncode(dst, record), '\n'), nil
	}
	if bytes.IndexByte(record, '\n') >= 0 || bytes.HasSuffix(record, []byte{'\r'}) {
		return dst, fault.InputError(errNoLine)
	}
	return append(append(dst, record...), '\n'), nil
}

// record makes the record of a line; text stays where it is.
func (c Config) record(line []byte) ([]byte, *connector.BadRecord) {
	if !c.Base64 {
		return line, nil
	}
	record := make([]byte, base64.StdEncoding.DecodedLen(len(line)))
	n, err := base64.StdEncoding.Strict().Decode(record, line)
	if err != nil { // which says where
		return line, &connector.BadRecord{Code: "line.base64", Message: fmt.Sprintf("the line is not base64, with padding: %v", err)}
	}
	return record[:n], nil
}

func (c Config) tooLong(size int) *connector.BadRecord {
	return &connector.BadRecord{Code: "line.too_long", Message: fmt.Sprintf(
		"the line has %d bytes with its end, more than the %d of '%s'; of its bytes those are kept", size, c.Max, maxKey)}
}

// Cutter cuts what is read into records. In this order, again and again: Room and Filled, then Next until there is no line.
// At the end of what is read, Last.
type Cutter struct {
	config Config
	rest   []byte // read, and not cut yet
	looked int    // so many bytes of rest hold no line feed
	long   []byte // the beginning of a line that is too long
	gone   int    // bytes of that line that were before rest; 0: there is none
}

// NewCutter returns a cutter that holds nothing.
func NewCutter(c Config) *Cutter {
	if c.Max == 0 {
		c.Max = DefaultMax
	}
	return &Cutter{config: c}
}

// Room returns memory for at least n more bytes, n above 0. Records that were cut keep theirs.
func (c *Cutter) Room(n int) []byte {
	n = max(n, len(c.rest)) // twice as much each time, so that a long line is not copied often
	grown := make([]byte, len(c.rest), len(c.rest)+n)
	copy(grown, c.rest)
	c.rest = grown
	return grown[len(grown):cap(grown)]
}

// Filled says how many bytes of Room have been read.
func (c *Cutter) Filled(n int) { c.rest = c.rest[:len(c.rest)+n] }

// Held is how many bytes are not cut yet, those of a line that is too long among them.
func (c *Cutter) Held() int { return c.gone + len(c.rest) }

// SkipLine drops what is held of a line that is to be left out: size bytes, its end with them where ok says that it is there.
func (c *Cutter) SkipLine() (size int, ok bool) {
	if size = bytes.IndexByte(c.rest, '\n') + 1; size == 0 {
		size = len(c.rest)
		c.drop(size)
		return size, false
	}
	c.drop(size)
	return size, true
}

// Next takes the record of the next whole line; size is that of the line with its end. Nobody writes to the record's memory
// again. ok is false where more has to be read. bad says that the line is no record, which it then is as far as it is kept.
func (c *Cutter) Next() (record []byte, size int, ok bool, bad *connector.BadRecord) {
	end := bytes.IndexByte(c.rest[c.looked:], '\n')
	if end < 0 {
		if c.looked = len(c.rest); c.looked > c.config.Max+1 || c.gone > 0 { // a carriage return may be the last byte
			c.swallow()
		}
		return nil, 0, false, nil
	}
	end += c.looked
	record, size, bad = c.cut(bytes.TrimSuffix(c.rest[:end], []byte{'\r'}), end+1)
	return record, size, true, bad
}

// swallow keeps no more of a line that is too long than its beginning.
func (c *Cutter) swallow() {
	if c.gone == 0 {
		c.long = bytes.Clone(c.rest[:c.config.Max])
	}
	c.gone += len(c.rest)
	c.rest, c.looked = nil, 0
}

// Last takes what is held, if anything, as the record of a line without an end.
func (c *Cutter) Last() (record []byte, size int, bad *connector.BadRecord) {
	return c.cut(c.rest, len(c.rest))
}

// cut takes a line of so many bytes of rest.
func (c *Cutter) cut(line []byte, size int) (record []byte, whole int, bad *connector.BadRecord) {
	defer c.drop(size)
	switch {
	case c.gone > 0:
		record, whole = c.long, c.gone+size
		c.long, c.gone = nil, 0
		return record, whole, c.config.tooLong(whole)
	case len(line) > c.config.Max:
		return line[:c.config.Max:c.config.Max], size, c.config.tooLong(size)
	}
	record, bad = c.config.record(line[:len(line):len(line)])
	return record, size, bad
}

func (c *Cutter) drop(n int) { c.rest, c.looked = c.rest[n:], 0 }
