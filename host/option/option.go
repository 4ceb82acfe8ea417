// Package option is the bag of WITH options a table or function is configured from: each reader takes its options out,
// and what is left at the end is an error.
//
// Readers return plain values and the bag keeps what went wrong, so a configuration reads as a list of options:
//
//	cfg := Config{
//		Topic:  bag.Required("topic"),
//		Offset: bag.Enum("source.offset", "latest", "earliest", "latest"),
//		Linger: bag.Duration("sink.linger", 5*time.Millisecond),
//	}
//	return cfg, bag.Err()
//
// Whoever owns the bag ends with [Bag.Done], which also refuses options nobody asked for. Every error is classed as input
// and carries the position of what it is about.
package option

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/weir-stream/weir/internal/fault"
)

// Pos is a place in a configuration file. Line and Col start at 1, Col counts characters; the zero Pos is "nowhere", for
// options that come from no file.
type Pos struct {
	File      string
	Line, Col int
}

// String is "file.sql:3:14", without the parts that are not known.
func (p Pos) String() string {
	switch {
	case p.Line == 0:
		return p.File
	case p.File == "":
		return fmt.Sprintf("%d:%d", p.Line, p.Col)
	}
	return fmt.Sprintf("%s:%d:%d", p.File, p.Line, p.Col)
}

// Errorf is an input error whose text begins with the position.
func (p Pos) Errorf(format string, args ...any) error {
	err := fmt.Errorf(format, args...)
	if p != (Pos{}) {
		err = fmt.Errorf("%s: %w", p, err)
	}
	return fault.InputError(err)
}

// Value is the value of one option.
type Value struct {
	Text   string // as written, quotes removed and ${NAME} replaced
	Quoted bool   // 'text' rather than a bare number, true or false
	Pos    Pos
	// Written is the text before ${NAME} was replaced, empty where nothing was. Errors show it in place of Text, so that
	// what the environment holds stays out of logs.
	Written string
}

// String is the value for an error message, as [Show] shows it; a bare one without quotes, as it was written.
func (v Value) String() string {
	text := v.Text
	if v.Written != "" {
		text = v.Written
	}
	shown := Show(text)
	if !v.Quoted && v.Written == "" {
		return shown[1 : len(shown)-1]
	}
	return shown
}

type entry struct {
	keyPos Pos
	value  Value
}

// Bag holds options until they are read. The zero Bag is empty and ready; it belongs to one goroutine.
type Bag struct {
	at      Pos
	entries map[string]entry  // not read yet
	known   map[string]entry  // asked for so far; the zero entry where it was not set
	unread  map[string]string // why an option is not asked for
	errs    []error
}

// New returns an empty bag. at is what a missing option is reported at: the statement the options belong to.
func New(at Pos) *Bag { return &Bag{at: at} }

// Pos is the place of the statement the options belong to.
func (b *Bag) Pos() Pos { return b.at }

// Set puts an option in. An option that is there already is refused, with both positions.
func (b *Bag) Set(key string, keyPos Pos, v Value) error {
	if first, ok := b.entries[key]; ok {
		return keyPos.Errorf("option %s is set twice, first at %s", Show(key), first.keyPos)
	}
	if b.entries == nil {
		b.entries = map[string]entry{}
	}
	b.entries[key] = entry{keyPos, v}
	return nil
}

// Clone copies the options not read yet into a new bag, so that one table can be configured more than once.
func (b *Bag) Clone() *Bag {
	c := New(b.at)
	for key, e := range b.entries {
		_ = c.Set(key, e.keyPos, e.value) // keys of a map are distinct
	}
	return c
}

// Prefix takes every option whose key begins with prefix into a bag of its own. Keys keep their full names.
func (b *Bag) Prefix(prefix string) *Bag {
	sub := New(b.at)
	for key, e := range b.entries {
		if strings.HasPrefix(key, prefix) {
			_ = sub.Set(key, e.keyPos, e.value)
			delete(b.entries, key)
		}
	}
	return sub
}

// Keys lists the options not read yet, sorted.
func (b *Bag) Keys() []string {
	keys := make([]string, 0, len(b.entries))
	for key := range b.entries {
		keys = append(keys, key)
	}
	slices.Sort(keys)
	return keys
}

// Rest takes every option that is left.
func (b *Bag) Rest() map[string]Value {
	rest := make(map[string]Value, len(b.entries))
	for key, e := range b.entries {
		rest[key] = e.value
	}
	clear(b.entries)
	return rest
}

// Peek looks at an option without taking it.
func (b *Bag) Peek(key string) (Value, bool) {
	e, ok := b.entries[key]
	return e.value, ok
}

// Lookup takes one option as it is. It is for values that no other reader parses; see [Bag.Reject].
func (b *Bag) Lookup(key string) (Value, bool) {
	e, ok := b.entries[key]
	delete(b.entries, key)
	if b.known == nil {
		b.known = map[string]entry{}
	}
	if _, again := b.known[key]; ok || !again {
		b.known[key] = e
	}
	return e.value, ok
}

// Reject records that the value of an option that has been read is wrong: "option 'x': want …, got '…'". It is for checks
// beyond what a reader does, such as a range.
func (b *Bag) Reject(key, want string) {
	e := b.known[key]
	at := e.value.Pos
	if at == (Pos{}) {
		at = b.at
	}
	b.errs = append(b.errs, at.Errorf("option %s: want %s, got %s", Show(key), want, e.value))
}

// Hide keeps the value of an option that has been read out of errors, since it holds a secret.
func (b *Bag) Hide(key string) {
	if e := b.known[key]; e.value.Written == "" {
		e.value.Written = "***"
		b.known[key] = e
	}
}

// Unread says why an option is not read here, "needs 'other'": what is said should it be set, and nobody reads it.
func (b *Bag) Unread(key, why string) {
	if b.unread == nil {
		b.unread = map[string]string{}
	}
	b.unread[key] = why
}

// Wrong tells whether there is a mistake that Err has yet to report.
func (b *Bag) Wrong() bool { return len(b.errs) > 0 }

// Err reports every wrong or missing option found since the last call, one a line, in the order they were asked for. So of
// several who read from one bag each reports its own mistakes, and none is reported twice.
func (b *Bag) Err() error {
	err := errors.Join(b.errs...)
	b.errs = nil
	return err
}

// Done reports what [Bag.Err] does, and the options nobody asked for.
func (b *Bag) Done() error {
	errs := []error{b.Err()}
	var keys []string
	for _, key := range b.Keys() {
		if why := b.unread[key]; why != "" {
			errs = append(errs, b.entries[key].keyPos.Errorf("option %s %s", Show(key), why))
		} else {
			keys = append(keys, key)
		}
	}
	return errors.Join(append(errs, b.unknown(keys))...)
}

// unknown is the error about options, sorted, that mean nothing: at the place of the one written first, with the nearest known
// option for each.
func (b *Bag) unknown(keys []string) error {
	if len(keys) == 0 {
		return nil
	}
	known := b.Known()
	near := append(slices.Sorted(maps.Keys(b.unread)), known...)
	var hints []string
	for _, key := range keys[:min(len(keys), mostShown)] {
		if near, ok := Nearest(key, near); ok {
			hints = append(hints, fmt.Sprintf("did you mean %s for %s?", Show(near), Show(key)))
		}
	}
	text := "unknown options: " + ShowAll(keys)
	switch {
	case len(hints) > 0:
		text += "; " + strings.Join(hints, " ")
	case len(known) > 0:
		text += "; known are " + ShowAll(known)
	}
	return b.first(keys).Errorf("%s", text)
}

func (b *Bag) first(keys []string) Pos {
	at := b.entries[keys[0]].keyPos
	for _, key := range keys[1:] {
		if p := b.entries[key].keyPos; p.Line < at.Line || p.Line == at.Line && p.Col < at.Col {
			at = p
		}
	}
	return at
}
