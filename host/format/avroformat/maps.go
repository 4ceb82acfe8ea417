package avroformat

import (
	"errors"
	"hash/maphash"

	"github.com/weir-stream/weir/host/format"
)

// The kids of an op for a map: what puts the key and the value of an entry, what passes over a value, and, where a map is an array of
// entries, what makes the key JSON.
const (
	mapKey = iota
	mapValue
	mapSkip
	mapKeyJSON
)

// errRepeatedKey ends the first reading of a datum in which a key of a map comes again.
var errRepeatedKey = errors.New("a key of a map comes again")

// putEntries reads a map. Of entries with one key the last counts, and a column takes nothing back from its middle. So the datum is
// given up when a key comes again, and read carefully: then the keys are looked at first.
func (m *machine) putEntries(o *op, p int) int {
	mark := len(m.keys)
	m.maps = true
	var last map[string]int
	if m.careful {
		if last = m.lastEntries(o, p); last == nil {
			return -1
		}
	}
	for i := 0; ; {
		n, end, start := m.itemsOf(o, p)
		if p = start; p < 0 {
			return -1
		}
		if n == 0 {
			break
		}
		for ; n > 0; n-- {
			if p = m.entry(o, p, i, last); p < 0 {
				if m.err == errRepeatedKey {
					return -1
				}
				return m.item(i)
			}
			i++
		}
		if p = m.closeBlock(p, end); p < 0 {
			return -1
		}
	}
	if format.Repeats(m.keys[mark:]) {
		m.err = errRepeatedKey
		return -1
	}
	m.keys = m.keys[:mark]
	return m.endList(o, p)
}

// entry reads the entry i of a map, which is passed over where last says that its key comes again.
func (m *machine) entry(o *op, p, i int, last map[string]int) int {
	key, behind := m.key(o, p)
	if behind < 0 {
		return m.value(o.kids[mapKey], p) // to say what is wrong
	}
	if last == nil {
		m.keys = append(m.keys, maphash.Bytes(m.seed, key))
	} else if last[string(key)] != i {
		return m.value(o.kids[mapSkip], behind)
	}
	if p = m.value(o.kids[mapKey], p); p < 0 {
		return -1
	}
	return m.value(o.kids[mapValue], p)
}

// key is what tells the key at p from others, and where it ends. It holds until the next value is read.
func (m *machine) key(o *op, p int) (key []byte, end int) {
	if o.code == putMap {
		n, start := m.length(p)
		if start < 0 {
			return nil, -1
		}
		return m.frame[start : start+n], start + n
	}
	m.json = m.json[:0]
	end = m.value(o.kids[mapKeyJSON], p)
	return m.json, end
}

// lastEntries are the last entries of each key in the map at p, by what tells the key. It is nil after it has set err. What it walks over
// is counted when it is read.
func (m *machine) lastEntries(o *op, p int) map[string]int {
	items, idle, free, depth := m.items, m.idle, m.free, m.depth
	last := map[string]int{}
	for i := 0; ; {
		n, end, start := m.itemsOf(o, p)
		if p = start; p < 0 {
			return nil
		}
		if n == 0 {
			break
		}
		for ; n > 0; n-- {
			var key []byte
			if key, p = m.key(o, p); p < 0 {
				return nil
			}
			last[string(key)] = i
			if p = m.value(o.kids[mapSkip], p); p < 0 {
				return nil
			}
			i++
		}
		if p = m.closeBlock(p, end); p < 0 {
			return nil
		}
	}
	m.items, m.idle, m.free, m.depth = items, idle, free, depth
	return last
}
