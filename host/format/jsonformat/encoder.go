package jsonformat

import (
	"hash/maphash"
	"slices"

	"github.com/apache/arrow-go/v18/arrow"

	"github.com/weir-stream/weir/host/format"
)

// encoder writes rows of the bound columns. A writer that finds a value that JSON cannot express notes it in bad and
// reports false; whoever called it puts its own part of the path before.
type encoder struct {
	Config
	before, after []byte // what stands around every row
	columns       []column
	check         *decoder // of JSON columns
	seed          maphash.Seed
	hashes        []uint64 // of the keys of a map
	bad           *format.DataError
}

func newEncoder(c Config, fields []format.Field) *encoder {
	columns := make([]arrow.Field, len(fields))
	for i, f := range fields {
		columns[i] = arrow.Field{Name: f.Name, Type: f.Type}
	}
	check := newDecoder(Config{Strictness: Strict, Limits: c.Limits}, nil)
	return &encoder{Config: c, columns: newColumns(columns, 1), check: check, seed: check.seed}
}

// Bind implements format.Encoder.
func (e *encoder) Bind(columns []arrow.Array) error { return bindColumns(e.columns, columns) }

// Append implements format.Encoder.
func (e *encoder) Append(dst []byte, row int) ([]byte, error) {
	start := len(dst)
	if len(e.before) > 0 {
		dst = append(dst, e.before...)
	}
	dst, ok := e.members(dst, e.columns, row)
	if !ok {
		bad := e.bad
		e.bad = nil
		return dst[:start], bad
	}
	if len(e.after) > 0 {
		dst = append(dst, e.after...)
	}
	return dst, nil
}

// room is what a member needs in front of it: its head, and any value but text and what holds others.
const room = headSize + 64

// roomy makes that room.
func roomy(dst []byte) []byte {
	if cap(dst)-len(dst) < room {
		return slices.Grow(dst, room+len(dst)/4)
	}
	return dst
}

// members writes the object that the columns have in the row.
func (e *encoder) members(dst []byte, columns []column, row int) ([]byte, bool) {
	if len(columns) == 0 {
		return append(dst, '{', '}'), true
	}
	for i := 0; i < len(columns); i++ {
		n, plain := putPlain(dst[:cap(dst)], len(dst), columns[i:], row)
		dst = dst[:n]
		if i += plain; i == len(columns) {
			break
		}
		c := &columns[i]
		if c.long != "" {
			dst = roomy(append(dst, c.long...))
		} else {
			dst = roomy(dst)
			*(*[headSize]byte)(dst[n:cap(dst)]) = c.head
			dst = dst[:n+int(c.size)]
		}
		ok := false
		if c.kind == kindTime && e.TimestampFormat == RFC3339 && !c.null(row) { // the next kind worth a look before the call
			n = len(dst)
			if n, ok = c.putTime(dst[:n+valueRoom], n, c.i64[row]); ok {
				dst = dst[:n]
				continue
			}
		}
		if dst, ok = e.element(dst, c, row); !ok {
			return dst, e.within(c.name)
		}
	}
	return append(dst, '}'), true
}

// refuse notes that a value cannot be written.
func (e *encoder) refuse(code, message string) bool {
	e.bad = &format.DataError{Code: code, Message: message}
	return false
}

// within puts a step before the path of the value that cannot be written: a member's name, an item's index in brackets, or a
// map entry's in braces.
func (e *encoder) within(step string) bool {
	rest := e.bad.Path
	if rest != "" && rest[0] != '[' && rest[0] != '{' {
		rest = "." + rest
	}
	e.bad.Path = step + rest
	return false
}
