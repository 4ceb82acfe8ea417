package jsonformat

import (
	"fmt"
	"hash/maphash"
	"strconv"

	"github.com/weir-stream/weir/host/format"
)

// structure reads a STRUCT whose brace is at p.
func (d *decoder) structure(f *field, p int) int {
	mark := len(d.mistakes)
	if p = d.members(&f.members, f, p+1); p < 0 {
		return p
	}
	if len(d.mistakes) > mark+1 {
		d.mistakes = d.mistakes[:mark+1] // from here on they have one fate
	}
	if f.column != nil {
		f.column.EndStruct()
	}
	return p
}

// items reads a list whose bracket is at p.
func (d *decoder) items(f *field, p int) int {
	b, item, mark, muted := d.frame, f.item, len(d.mistakes), d.muted
	more := true
	p++
	f.index = 0
	if item.kind == kindText && item.column != nil {
		p = d.shortTexts(f, p)
	}
	for ; ; f.index++ {
		if p+1 < len(b) && b[p] == ',' && f.index > 0 && plainStart[b[p+1]] {
			p++
		} else if p < len(b) && b[p] == ']' {
			p++
			break
		} else if p == len(b) || f.index > 0 || !plainStart[b[p]] {
			if p, more = d.next(p, f.index == 0, ']'); !more {
				break
			}
		}
		if item.cells > 1 && !d.weigh(item, p) {
			return -1
		}
		if p = d.value(item, p); p < 0 {
			return p
		}
		if len(d.mistakes) > mark {
			d.muted = true
		}
	}
	d.muted = muted
	return d.endList(f, p)
}

// shortTexts reads the items of a list as long as they are texts of up to seven bytes and as simple as nearly all are, the
// first at p. It comes to where the next item's comma is, or the end of the list.
func (d *decoder) shortTexts(f *field, p int) int {
	b, c := d.frame, f.item.column
	for start := p; start+9 <= len(b) && b[start] == '"' && c.RoomShort(); start++ {
		w := load(b, start+1)
		m := stops(w, d.control)
		n := index(m)
		if m == 0 || w&(m&-m-1)&highs != 0 || b[start+1+n] != '"' {
			break
		}
		c.PutShort(w, n)
		f.index++
		p = start + n + 2
		if start = p; start == len(b) || b[start] != ',' {
			break
		}
	}
	return p
}

// plainStart has the bytes that begin a value.
var plainStart = func() (t [256]bool) {
	for _, c := range `"-0123456789{[tfn` {
		t[c] = true
	}
	return t
}()

func (d *decoder) endList(f *field, p int) int {
	if p >= 0 && f.column != nil {
		if err := f.column.EndList(); err != nil {
			d.err = err
			return -1
		}
	}
	return p
}

// entries reads a MAP whose brace is at p. Of entries with one key the last counts, and a column takes nothing back from
// its middle. So the frame is given up when a key comes again, and read carefully: then the keys are looked at first.
func (d *decoder) entries(f *field, p int) int {
	b, mark, muted, keys := d.frame, len(d.mistakes), d.muted, len(d.keys)
	var last map[string]int
	if d.careful {
		if last = d.lastEntries(f, p); last == nil {
			return -1
		}
	}
	more := true
	p++
	for f.index = 0; ; f.index++ {
		start := p + 1
		if p >= len(b) || b[p] != ',' || start >= len(b) || b[start] != '"' || f.index == 0 {
			if start, more = d.next(p, f.index == 0, '}'); !more {
				p = start
				break
			}
		}
		if word, n := d.shortKey(f.key, start+1); n >= 0 && !d.careful {
			d.keys = append(d.keys, word)
			if f.key.column != nil {
				if d.err = f.key.column.AppendShort(word, n); d.err != nil {
					return -1
				}
			}
			p = start + n + 3
		} else {
			var key []byte
			if key, p = d.entryKey(start); p < 0 {
				return p
			}
			if d.careful && last[f.key.canonical(key)] != f.index {
				if d.strict.Has(DuplicateKeys) {
					d.mistake(f.item, start, "json.duplicate", fmt.Sprintf("a later entry has the key at byte %d again", start), "")
				}
				if p = d.skip(p, f.depth+1); p < 0 {
					return p
				}
				continue
			}
			d.keys = append(d.keys, d.hash(f.key, key))
			if d.mapKey(f.key, start, key); d.err != nil {
				return -1
			}
		}
		if f.item.cells > 1 && !d.weigh(f.item, start) {
			return -1
		}
		if p = skipSpace(b, p); p == len(b) {
			return d.short()
		}
		if p = d.value(f.item, p); p < 0 {
			return p
		}
		if len(d.mistakes) > mark {
			d.muted = true
		}
	}
	if p >= 0 && !d.careful && format.Repeats(d.keys[keys:]) {
		d.err = errRepeatedKey
		return -1
	}
	d.muted, d.keys = muted, d.keys[:keys]
	return d.endList(f, p)
}

// shortKey is the text of up to eight bytes of ASCII whose content begins at p, if a colon is right behind it, as a word that
// ends in zeros; else n is -1.
func (d *decoder) shortKey(f *field, p int) (word uint64, n int) {
	b := d.frame
	if f.kind != kindText || p+10 > len(b) {
		return 0, -1
	}
	word, n = load(b, p), 8
	if m := stops(word, d.control); m != 0 {
		word, n = word&((m&-m)>>7-1), index(m)
	}
	if word&highs != 0 || b[p+n] != '"' || b[p+n+1] != ':' {
		return 0, -1
	}
	return word, n
}

// entryKey reads the key at p and its colon. The key holds until the next text is read.
func (d *decoder) entryKey(p int) ([]byte, int) {
	b := d.frame
	if end, ascii := plainRun(b, p+1, d.control); ascii && end+1 < len(b) && b[end] == '"' && b[end+1] == ':' {
		return b[p+1 : end], end + 2
	}
	key, _, p := d.text(p)
	if p < 0 {
		return nil, p
	}
	return key, d.colon(p)
}

// lastEntries are the last entries of each key in the map whose brace is at p, by the key's canonical text. It is nil after
// it has set err.
func (d *decoder) lastEntries(f *field, p int) map[string]int {
	last := map[string]int{}
	more := true
	p++
	for i := 0; ; i++ {
		if p, more = d.next(p, i == 0, '}'); !more {
			break
		}
		var key []byte
		if key, p = d.entryKey(p); p < 0 {
			return nil
		}
		last[f.key.canonical(key)] = i
		if p = d.skip(p, f.depth+1); p < 0 {
			return nil
		}
	}
	if p < 0 {
		return nil
	}
	return last
}

// canonical is the one text of all that a MAP takes for the same key.
func (f *field) canonical(key []byte) string {
	if f.kind != kindText && f.kind != kindBool {
		if v, result := f.parseIntText(key); result == good {
			return strconv.FormatInt(v, 10)
		}
	}
	return string(key)
}

// hash is equal for keys whose canonical text is. That of a short text is the word that shortKey makes of it.
func (d *decoder) hash(f *field, key []byte) uint64 {
	switch {
	case f.kind == kindText && len(key) <= 8:
		var word [8]byte
		copy(word[:], key)
		return load(word[:], 0)
	case f.kind != kindText && f.kind != kindBool:
		if v, result := f.parseIntText(key); result == good {
			return uint64(v)
		}
	}
	return maphash.Bytes(d.seed, key)
}

// mapKey appends a key of a MAP, the string at p.
func (d *decoder) mapKey(f *field, p int, key []byte) {
	switch {
	case f.kind == kindText:
		if f.column != nil {
			d.err = f.column.AppendBytes(key)
		}
		return
	case f.kind != kindBool:
		v, result := f.parseIntText(key)
		if result == good && (shortest(key) || !d.strict.Has(TextForms)) {
			f.appendInt(v)
			return
		}
		if result == badRange {
			d.wrong(f, "json.range", p, fmt.Sprintf("map key (length: %d)", len(key)), " - out of range")
			return
		}
	case string(key) == "true" || string(key) == "false":
		if f.column != nil {
			f.column.AppendBool(key[0] == 't')
		}
		return
	}
	d.wrong(f, "json.parse", p, fmt.Sprintf("map key (length: %d)", len(key)), " - parse failure")
}

// verbatim reads the value at p for a JSON column, which takes its text as it stands. No leniency applies: what the column
// holds is JSON.
func (d *decoder) verbatim(f *field, p int) int {
	strict, control := d.strict, d.control
	d.strict, d.control = Strict, highs
	end := d.skip(p, f.depth)
	d.strict, d.control = strict, control
	if end < 0 {
		if e, ok := d.err.(*format.DataError); ok {
			e.Path = f.path()
		}
		return end
	}
	text := d.frame[p:end]
	if d.IncludeSchema && text[0] == '"' {
		text = d.unpacked(text, p, f.depth)
	}
	if err := f.appendText(text); err != nil {
		d.err = err
		return -1
	}
	return end
}
