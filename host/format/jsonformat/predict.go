package jsonformat

import "encoding/binary"

// A shape is what a decoder has learned about the records' keys: for each key the one that followed it last. A record
// that has its keys in the order of the one before is read by comparing bytes where they are expected; any other key
// costs a look-up, and the shape then expects it. Undeclared keys are learned as well, a bounded number of them.
type shape struct {
	names map[string]*node
	start *node // stands before the first key; matches nothing
	other *node // stands for all keys that are not known and not learned
	spare int   // undeclared keys that may still be learned
}

const (
	spareKeys    = 256 // undeclared keys learned at most
	spareKeySize = 128 // and the longest of them, in bytes
)

// node is a key. It matches where the frame holds its pattern, the key in quotes with the colon.
type node struct {
	field *field // nil: undeclared
	next  *node  // what followed it last

	size         int    // of the pattern
	word0, mask0 uint64 // its first eight bytes
	word1, mask1 uint64 // the next eight
	rest         string // and what is behind those
}

// newNode makes the node of a key. A key whose spelling in JSON needs an escape gets a pattern that nothing matches.
func newNode(key string, f *field) *node {
	n := &node{field: f}
	for i := range len(key) {
		if key[i] == '"' || key[i] == '\\' || key[i] < ' ' {
			n.word0 = 1
			return n
		}
	}
	pattern := `"` + key + `":`
	n.size = len(pattern)
	n.word0, n.mask0 = word(pattern)
	if len(pattern) > 8 {
		n.word1, n.mask1 = word(pattern[8:])
	}
	if len(pattern) > 16 {
		n.rest = pattern[16:]
	}
	return n
}

// word is the first eight bytes of s as load reads them, and the mask of those that s has.
func word(s string) (word, mask uint64) {
	var bytes, present [8]byte
	for i := range min(len(s), 8) {
		bytes[i], present[i] = s[i], 0xff
	}
	return binary.LittleEndian.Uint64(bytes[:]), binary.LittleEndian.Uint64(present[:])
}

// matches reports whether the pattern is at p. Near the end of b, where two whole words cannot be read, it says no.
func (n *node) matches(b []byte, p int) bool {
	if p+16 > len(b) || (load(b, p)&n.mask0^n.word0)|(load(b, p+8)&n.mask1^n.word1) != 0 {
		return false
	}
	return n.size <= 16 || p+n.size <= len(b) && string(b[p+16:p+n.size]) == n.rest
}

// newShape expects the fields in their order.
func newShape(fields []field) *shape {
	s := &shape{names: map[string]*node{}, start: &node{word0: 1}, other: &node{word0: 1}, spare: spareKeys}
	s.other.next = s.start
	before := s.start
	for i := range fields {
		n := newNode(fields[i].name, &fields[i])
		s.names[fields[i].name] = n
		before.next = n
		before = n
	}
	before.next = s.start
	return s
}

// find is the node of a key, s.other if there is none. A plain key, one without escapes, is learned if there is room.
func (s *shape) find(key []byte, plain bool) *node {
	if n := s.names[string(key)]; n != nil {
		return n
	}
	if !plain || s.spare == 0 || len(key) > spareKeySize {
		return s.other
	}
	s.spare--
	n := newNode(string(key), nil)
	n.next = s.start
	s.names[string(key)] = n
	return n
}
