package jsonformat

import "encoding/binary"

// A shape is what a decoder has learned about the records' keys: for each key the one that followed it last. A record
// that has its keys in the order of the one before is read by comparing bytes where they are expected; any other key
// costs a look-up, and the shape then expects it. Undeclared keys are learned as well, a bounded number of them; when others keep coming
// they are forgotten, and those that come then are learned.
type shape struct {
	names map[string]*node
	table [tableSize]*node // the same by their first bytes, see keyHash: a few with each hash
	start *node            // stands before the first key; matches nothing
	other *node            // stands for all keys that are not known and not learned
	spare int              // undeclared keys that may still be learned
	lost  int              // those that came since there is no room, and could not be
	shows trait            // what a record has shown that has one of them
}

const (
	spareKeys    = 256     // undeclared keys learned at most
	spareKeySize = 128     // and the longest of them, in bytes
	patience     = 1 << 14 // undeclared keys that are not learned before all are forgotten
)

// node is a key. It matches where the frame holds its pattern: the key, the quote that ends it, and the colon.
type node struct {
	field   *field // nil: undeclared
	place   *place // the field's, or a node's own
	next    *node  // what followed it last
	chained *node  // another with the same hash
	learned bool   // a record brought it

	run          bool // decoder.plain knows the kind, and that of the one declared next
	pattern      string
	size         int    // of the pattern
	word0, mask0 uint64 // its first eight bytes; if nothing matches, these can't
	word1, mask1 uint64 // the next eight
	last         uint64 // its last eight, of which some may be among the others
	rest         string // and what is between those
}

// newNode makes the node of a key. A key whose spelling in JSON needs an escape gets a pattern that nothing matches.
func newNode(key string, f *field) *node {
	n := nothing()
	if f != nil {
		n.field, n.place = f, &f.place
	}
	for i := range len(key) {
		if key[i] == '"' || key[i] == '\\' || key[i] < ' ' {
			return n
		}
	}
	pattern := key + `":`
	n.pattern = pattern
	n.size = len(pattern)
	n.word0, n.mask0 = word(pattern)
	if len(pattern) > 8 {
		n.word1, n.mask1 = word(pattern[8:])
	}
	if len(pattern) > 16 {
		n.last, _ = word(pattern[len(pattern)-8:])
		n.rest = pattern[16:max(16, len(pattern)-8)]
	}
	return n
}

// nothing makes a node that matches nothing.
func nothing() *node { return &node{word0: 1, place: &place{at: -1}} }

// word is the first eight bytes of s as load reads them, and the mask of those that s has.
func word(s string) (word, mask uint64) {
	var bytes, present [8]byte
	for i := range min(len(s), 8) {
		bytes[i], present[i] = s[i], 0xff
	}
	return binary.LittleEndian.Uint64(bytes[:]), binary.LittleEndian.Uint64(present[:])
}

// matchesRest reports whether the pattern, of which two words are at p, goes on there as it should.
func (n *node) matchesRest(b []byte, p int) bool {
	p += n.size - 8
	return p+8 <= len(b) && load(b, p) == n.last && (n.rest == "" || string(b[p-len(n.rest):p]) == n.rest)
}

// newShape expects the fields in their order. A record that has an undeclared key here has shown so.
func newShape(fields []field, shows trait) *shape {
	s := &shape{names: map[string]*node{}, start: nothing(), other: nothing(), spare: spareKeys, shows: shows}
	s.other.next, s.other.place.shows = s.start, shows
	before := s.start
	for i := range fields {
		n := newNode(fields[i].name, &fields[i])
		s.add(fields[i].name, n)
		before.next = n
		before = n
		n.run = i+1 < len(fields) && fields[i].kind.plain() && fields[i+1].kind.plain()
	}
	before.next = s.start
	return s
}

// find is the node of a key, s.other if there is none. A plain key, one without escapes, is learned if there is room. What is learned from a
// record of many strange keys must not keep out those that the stream has, so a full shape begins anew every once in a while.
func (s *shape) find(key []byte, plain bool) *node {
	if n := s.names[string(key)]; n != nil {
		return n
	}
	if !plain || len(key) > spareKeySize {
		return s.other
	}
	if s.spare == 0 {
		if s.lost++; s.lost < patience {
			return s.other
		}
		s.forget()
	}
	s.spare--
	n := newNode(string(key), nil)
	n.next, n.place.shows, n.learned = s.start, s.shows, true
	s.add(string(key), n)
	return n
}

// expect notes what the value under an undeclared key begins with, for decoder.plain to expect the like of it.
func (n *node) expect(c byte) {
	n.run = true
	switch {
	case c == '"':
		n.place.kind = kindText
	case c == '-' || c-'0' <= 9:
		n.place.kind = kindBigint
	default:
		n.run = false
	}
}

// forget forgets the undeclared keys that were learned.
func (s *shape) forget() {
	for key, n := range s.names {
		if n.learned {
			delete(s.names, key)
		}
	}
	for _, n := range s.names {
		s.unlink(n)
	}
	s.unlink(s.start)
	s.unlink(s.other)
	for i := range s.table {
		for place := &s.table[i]; *place != nil; {
			if (*place).learned {
				*place = (*place).chained
			} else {
				place = &(*place).chained
			}
		}
	}
	s.spare, s.lost = spareKeys, 0
}

// unlink lets n expect nothing if it expects a key that is forgotten.
func (s *shape) unlink(n *node) {
	if n.next.learned {
		n.next = s.start
	}
}

const (
	tableBits = 7
	tableSize = 1 << tableBits
	mostChain = 4 // nodes with one hash; what comes later only names has
)

// add makes the node of a key known.
func (s *shape) add(key string, n *node) {
	s.names[key] = n
	if n.pattern == "" {
		return
	}
	var padded [16]byte
	copy(padded[:], n.pattern)
	place := &s.table[keyHash(load(padded[:], 0), load(padded[:], 8))]
	for range mostChain {
		if *place == nil {
			*place = n
			return
		}
		place = &(*place).chained
	}
}

// lookUp is the node whose pattern is at p, where there are 16 bytes; nil if it does not know.
func (s *shape) lookUp(b []byte, p int) *node {
	w0, w1 := load(b, p), load(b, p+8)
	for n := s.table[keyHash(w0, w1)]; n != nil; n = n.chained {
		if (w0&n.mask0^n.word0)|(w1&n.mask1^n.word1) == 0 && (n.size <= 16 || n.matchesRest(b, p)) {
			return n
		}
	}
	return nil
}

// keyHash hashes a key, of which the first 16 bytes are given: as many of them as there are before a quote.
func keyHash(w0, w1 uint64) uint64 {
	m0, m1 := quotes(w0), quotes(w1)
	more := (m0|-m0)>>63 - 1 // all ones if the key goes on in the second word
	w0 &= m0&-m0 - 1         // all ones without a quote
	w1 &= (m1&-m1 - 1) & more
	return (w0*0x9e3779b97f4a7c15 ^ w1*0xc2b2ae3d27d4eb4f) * 0xd6e8feb86659fd93 >> (64 - tableBits)
}

// quotes marks the first quote of w.
func quotes(w uint64) uint64 {
	w ^= ones * '"'
	return (w - ones) &^ w & highs
}
