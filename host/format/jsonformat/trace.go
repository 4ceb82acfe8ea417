package jsonformat

import (
	"errors"
	"slices"

	"github.com/weir-stream/weir/host/batch"
	"github.com/weir-stream/weir/host/format"
)

// trait is what a frame has shown about whether its bytes can go out again. The first number of a trace has them.
type trait uint32

const (
	traitOdd      trait = 1 << iota // a value, or the key of one, does not say just what an encoder would write
	traitWrong                      // a mistake, or a leniency that was off: the frame has to be decoded again
	traitExtra                      // an undeclared member of the record
	traitInner                      // an undeclared member inside of a declared value
	traitReserved                   // a member of the record with a name that a sink gives to a column of its own
	traitMissing                    // a declared member of the record is not there
	traitShuffled                   // the traced fields are not in their order
)

// errProbed ends the reading of a frame that is not well-formed. What is wrong with it the next reading tells.
var errProbed = errors.New("not as it should be")

// tracer is a decoder that reads every frame strictly first, whatever the table tolerates: what passes needs no leniency, so
// its values can be written with the bytes that they have. Only what does not pass is read a second time, as the table wants it.
type tracer struct {
	*decoder
	lenient Strictness // what the table does not tolerate
	traced  []*field
	traits  trait // of the frame that was decoded last
	start   int64 // where it began, counted over all frames
}

var _ format.Tracer = (*tracer)(nil)

func newTracer(c Config, fields []format.Field, traced []int, reserved []string) *tracer {
	t := &tracer{decoder: newDecoder(c, fields), lenient: c.Strictness}
	for _, i := range traced {
		t.traced = append(t.traced, &t.record.fields[i])
	}
	for _, name := range reserved {
		t.record.shape.reserve(name)
	}
	return t
}

// reserve notes a name that no record should have undeclared.
func (s *shape) reserve(name string) {
	if s.names[name] != nil {
		return // it is declared
	}
	n := newNode(name, nil)
	n.next, n.place.shows = s.start, s.shows|traitReserved
	s.names[name] = n
}

// Decode implements format.Decoder.
func (t *tracer) Decode(frame []byte, b *batch.Builder) error {
	d := t.decoder
	if d.builder != b {
		if err := d.bind(b); err != nil {
			return err
		}
	}
	d.probing, d.strict, d.control = true, Strict, highs
	good := d.row(frame, 0) && d.seen&traitWrong == 0
	d.probing, d.strict = false, t.lenient
	d.control = d.controlMask()
	t.traits, t.start = d.seen, d.base
	if good {
		d.frame = nil
		return nil
	}
	b.Rollback()
	t.traits = traitOdd
	return d.decodeFrom(frame, 0, b)
}

// Trace implements format.Tracer: the traits, and where in the frame the value of each traced field begins, 0 where it is not
// there. Of an odd frame nothing else is told.
func (t *tracer) Trace(dst []uint32) []uint32 {
	n := len(dst)
	dst = slices.Grow(dst, 1+len(t.traced))[:n+1+len(t.traced)]
	dst[n] = uint32(t.traits)
	starts := dst[n+1:]
	if t.traits&traitOdd != 0 {
		clear(starts)
		return dst
	}
	last := uint32(0)
	for i, f := range t.traced {
		at := uint32(max(f.at-t.start, 0)) // what was read before the frame is not there
		if at < last {
			dst[n] |= uint32(traitShuffled)
		}
		starts[i], last = at, at
	}
	return dst
}

// valueEnd is the end of the value at p, in a frame that was read strictly.
func valueEnd(b []byte, p int) int {
	switch b[p] {
	case '"':
		return textEnd(b, p)
	case '{', '[':
		return nestedEnd(b, p)
	case 't', 'n':
		return p + len("true")
	case 'f':
		return p + len("false")
	}
	return numberEnd(b, p)
}

func textEnd(b []byte, p int) int {
	for p++; ; p += 2 {
		if p, _ = plainRun(b, p, 0); b[p] == '"' {
			return p + 1
		}
	}
}

func nestedEnd(b []byte, p int) int {
	for depth := 0; ; p++ {
		switch b[p] {
		case '{', '[':
			depth++
		case '}', ']':
			if depth--; depth == 0 {
				return p + 1
			}
		case '"':
			p = textEnd(b, p) - 1
		}
	}
}
