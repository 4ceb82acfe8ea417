package jsonformat

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"slices"

	"github.com/apache/arrow-go/v18/arrow"

	"github.com/weir-stream/weir/host/format"
)

// patcher writes rows with values of their frames. Of a frame it knows the traits and where the traced values begin: where they
// end it looks up, for the few rows that come so far.
type patcher struct {
	encoder
	carry    format.Carry
	against  trait     // frames that have one of them take the ordinary path
	more     trait     // and with one of them they are not the message already
	segments []segment // with carry.All
	order    []int     // with carry.All: the places of the carried fields in traces, in the sink's order
	inOrder  bool      // which is that of traces
	replaced []int     // with passthrough: fields that come in the stead of another
	sorted   []int     // those that the frame has, in its order
}

var _ format.Patcher = (*patcher)(nil)

// segment is a run of the sink's fields that are carried, or one that is encoded.
type segment struct {
	from, to int // the fields
	carried  bool
	key      string // of the first of them, with its colon, where it is carried
}

func newPatcher(c Config, fields []format.Field, carry format.Carry) *patcher {
	p := &patcher{encoder: *newEncoder(c, fields), carry: carry, against: traitOdd | traitInner, more: traitExtra | traitMissing}
	if carry.Passthrough {
		p.against, p.more = traitOdd|traitReserved, traitMissing
	}
	for i, from := range carry.From {
		carried := from >= 0
		if carried {
			p.order = append(p.order, from)
		}
		if last := len(p.segments) - 1; carried && last >= 0 && p.segments[last].carried {
			p.segments[last].to++
		} else {
			s := segment{i, i + 1, carried, ""}
			if carried {
				s.key = string(p.columns[i].key())
			}
			p.segments = append(p.segments, s)
		}
		if !carried && carry.At[i] >= 0 {
			p.replaced = append(p.replaced, i)
		}
	}
	p.inOrder = slices.IsSorted(p.order)
	return p
}

// key is what stands before a value: the key in quotes, and the colon.
func (c *column) key() []byte { return c.before()[1:] }

// before is key with the brace or comma in front.
func (c *column) before() []byte {
	if c.long != "" {
		return []byte(c.long)
	}
	return c.head[:c.size]
}

// Bind implements format.Patcher.
func (p *patcher) Bind(columns []arrow.Array) error {
	if len(columns) != len(p.columns) {
		return fmt.Errorf("json: %d columns for a table with %d fields", len(columns), len(p.columns))
	}
	for i, a := range columns {
		c := &p.columns[i]
		if p.carry.From[i] >= 0 {
			continue
		}
		if !arrow.TypeEqual(a.DataType(), c.dtype) {
			return fmt.Errorf("json: column %q is a %s, the table's field a %s", c.name, a.DataType(), c.dtype)
		}
		c.bind(a.Data())
	}
	return nil
}

// Patch implements format.Patcher.
func (p *patcher) Patch(dst []byte, row int, frame []byte, trace []uint32) ([]byte, format.Way, error) {
	traits, starts := trait(trace[0]), trace[1:]
	switch {
	case traits&p.against != 0:
		return dst, format.Ordinary, nil
	case p.carry.Whole && traits&p.more == 0:
		return dst, format.Verbatim, nil
	case !p.carry.Patch:
		return dst, format.Ordinary, nil
	}
	start, ok := len(dst), false
	only := p.carry.All && traits&(traitExtra|traitMissing) == 0 // the sink's fields and no others
	switch {
	case p.carry.Passthrough:
		dst, ok = p.through(dst, row, frame, starts)
	case only && (p.inOrder && traits&traitShuffled == 0 || p.ordered(starts)) && p.runs(frame, starts):
		dst, ok = p.joined(dst, row, frame, starts)
	default:
		dst, ok = p.picked(dst, row, frame, starts)
	}
	if !ok {
		bad := p.bad
		p.bad = nil
		return dst[:start], format.Ordinary, bad
	}
	return dst, format.Patched, nil
}

// encoded writes the value of an encoded field.
func (p *patcher) encoded(dst []byte, field, row int) ([]byte, bool) {
	dst, ok := p.element(dst, &p.columns[field], row)
	if !ok {
		return dst, p.within(p.columns[field].name)
	}
	return dst, true
}

// carried writes the value that a carried field has in the frame.
func carried(dst, frame []byte, start uint32) []byte {
	if start == 0 {
		return append(dst, "null"...)
	}
	return append(dst, frame[start:valueEnd(frame, int(start))]...)
}

// picked writes the sink's fields one by one.
func (p *patcher) picked(dst []byte, row int, frame []byte, starts []uint32) ([]byte, bool) {
	if len(p.columns) == 0 {
		return append(dst, '{', '}'), true
	}
	for i := range p.columns {
		c, from := &p.columns[i], p.carry.From[i]
		dst = roomy(dst)
		if n := len(dst); from >= 0 && c.long == "" && starts[from] != 0 {
			*(*[headSize]byte)(dst[n:cap(dst)]) = c.head
			if end := putShort(dst[:cap(dst)], n+int(c.size), frame, int(starts[from])); end > 0 {
				dst = dst[:end]
				continue
			}
		}
		dst = append(dst, c.before()...)
		if from >= 0 {
			dst = carried(dst, frame, starts[from])
			continue
		}
		var ok bool
		if dst, ok = p.encoded(dst, i, row); !ok {
			return dst, false
		}
	}
	return append(dst, '}'), true
}

// putShort copies the value at p in the frame to b, where there is room for it, from n on, if it is a text or number of a few bytes, which
// most are. Else end is 0. Bytes behind the value are copied too, to be overwritten.
func putShort(b []byte, n int, frame []byte, p int) (end int) {
	if p+9 > len(frame) {
		return 0
	}
	size := 0
	if w := load(frame, p+1); frame[p] == '"' {
		m := stops(w, 0)
		if m == 0 || frame[p+1+index(m)] != '"' {
			return 0
		}
		size = index(m) + 2
	} else {
		w ^= ones * '0'
		m := (w | (w + ones*(0x80-10))) & highs // bytes that are no digits
		if m == 0 || class[frame[p]]&inNumber == 0 || class[frame[p+1+index(m)]]&inNumber != 0 {
			return 0
		}
		size = index(m) + 1
	}
	out := b[n : n+9]
	binary.LittleEndian.PutUint64(out, load(frame, p))
	out[8] = frame[p+8]
	return n + size
}

// ordered reports whether the carried fields are in the sink's order.
func (p *patcher) ordered(starts []uint32) bool {
	last := uint32(0)
	for _, place := range p.order {
		start := starts[place]
		if start < last {
			return false
		}
		last = start
	}
	return true
}

// runs reports whether joined can write a frame that has all the source's fields, in the sink's order, and no others: if each run of
// them begins with its key and its comma as an encoder writes them.
func (p *patcher) runs(frame []byte, starts []uint32) bool {
	for i := range p.segments {
		s := &p.segments[i]
		if !s.carried {
			continue
		}
		at := int(starts[p.carry.From[s.from]]) - len(s.key)
		if at < 1 || string(frame[at:at+len(s.key)]) != s.key || frame[at-1] != ',' && frame[at-1] != '{' {
			return false
		}
	}
	return true
}

// joined writes the sink's fields in runs: what stands between two carried ones in the frame stays.
func (p *patcher) joined(dst []byte, row int, frame []byte, starts []uint32) ([]byte, bool) {
	for i := range p.segments {
		s := &p.segments[i]
		if !s.carried {
			var ok bool
			if dst, ok = p.encoded(append(dst, p.columns[s.from].before()...), s.from, row); !ok {
				return dst, false
			}
			continue
		}
		from, to := int(starts[p.carry.From[s.from]])-len(s.key), 0
		if next := p.nextRun(i); next != nil {
			to = int(starts[p.carry.From[next.from]]) - len(next.key) - 1
		} else {
			to = closing(frame)
		}
		dst = append(dst, p.columns[s.from].before()[0])
		dst = append(dst, frame[from:to]...)
	}
	return append(dst, '}'), true
}

// nextRun is the first carried segment behind segment i, nil if there is none.
func (p *patcher) nextRun(i int) *segment {
	for i++; i < len(p.segments); i++ {
		if p.segments[i].carried {
			return &p.segments[i]
		}
	}
	return nil
}

// closing is where the brace is that ends the object.
func closing(frame []byte) int { return bytes.LastIndexByte(frame, '}') }

// through writes the frame with the encoded values in it: in the stead of those that they replace, or at the end.
func (p *patcher) through(dst []byte, row int, frame []byte, starts []uint32) ([]byte, bool) {
	p.sorted = p.sorted[:0]
	for _, i := range p.replaced {
		if starts[p.carry.At[i]] != 0 {
			p.sorted = append(p.sorted, i)
		}
	}
	slices.SortFunc(p.sorted, func(a, b int) int { return int(starts[p.carry.At[a]]) - int(starts[p.carry.At[b]]) })
	done, ok := 0, true
	for _, i := range p.sorted {
		at := int(starts[p.carry.At[i]])
		if dst, ok = p.encoded(append(dst, frame[done:at]...), i, row); !ok {
			return dst, false
		}
		done = valueEnd(frame, at)
	}
	end := closing(frame)
	dst = append(dst, frame[done:end]...)
	last := end - 1
	for isSpace(frame[last]) {
		last--
	}
	comma := frame[last] != '{' // the object has members
	for i := range p.columns {
		from := p.carry.From[i]
		if from >= 0 && starts[from] != 0 || from < 0 && p.carry.At[i] >= 0 && starts[p.carry.At[i]] != 0 {
			continue
		}
		if comma {
			dst = append(dst, ',')
		}
		comma = true
		dst = append(dst, p.columns[i].key()...)
		if from >= 0 {
			dst = append(dst, "null"...)
		} else if dst, ok = p.encoded(dst, i, row); !ok {
			return dst, false
		}
	}
	return append(dst, frame[end:]...), true
}
