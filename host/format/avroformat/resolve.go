package avroformat

import "slices"

// Schema resolution, as the section of that name in the specification (1.11, 1.12) has it: what a reader makes of a
// writer's type. Both may be the same schema.

// matches says whether a value of w can be read as one of r, as far as their top shows. Neither is a union.
func matches(w, r *schema) bool {
	if w == r {
		return true
	}
	switch r.kind {
	case kindRecord, kindEnum:
		return w.kind == r.kind && sameName(w, r)
	case kindFixed:
		return w.kind == kindFixed && w.size == r.size && sameName(w, r)
	}
	return w.kind == r.kind || promotes(w.kind, r.kind)
}

// promotes says whether the writer's primitive type widens to the reader's.
func promotes(w, r kind) bool {
	switch r {
	case kindLong:
		return w == kindInt
	case kindFloat:
		return w == kindInt || w == kindLong
	case kindDouble:
		return w == kindInt || w == kindLong || w == kindFloat
	case kindString:
		return w == kindBytes
	case kindBytes:
		return w == kindString
	}
	return false
}

// sameName compares unqualified names; the reader's aliases count.
func sameName(w, r *schema) bool {
	short := shortName(w.name)
	return short == shortName(r.name) || slices.ContainsFunc(r.aliases, func(alias string) bool { return shortName(alias) == short })
}

// branch is the branch of the reader's union that a writer's type is read as: the first that matches; nil: none does.
func branch(w, union *schema) *schema {
	for _, b := range union.branches {
		if matches(w, b) {
			return b
		}
	}
	return nil
}

// pairs says for each of the writer's fields which of the reader's it is, -1 where the reader has none, and for each of the
// reader's whether the writer has it. A name counts before an alias.
func pairs(w, r *schema) (readers []int, written []bool) {
	readers, written = make([]int, len(w.fields)), make([]bool, len(r.fields))
	at := make(map[string]int, len(w.fields))
	for i, f := range w.fields {
		readers[i], at[f.name] = -1, i
	}
	take := func(reader int, name string) {
		if i, ok := at[name]; ok && !written[reader] && readers[i] < 0 {
			readers[i], written[reader] = reader, true
		}
	}
	for i, f := range r.fields {
		take(i, f.name)
	}
	for i, f := range r.fields {
		for _, alias := range f.aliases {
			take(i, alias)
		}
	}
	return readers, written
}

// symbols is what the reader makes of each of the writer's symbols.
func symbols(w, r *schema) []symbol {
	out := make([]symbol, len(w.symbols))
	for i, text := range w.symbols {
		known := w == r || slices.Contains(r.symbols, text)
		if !known && r.fallback >= 0 {
			text, known = r.symbols[r.fallback], true
		}
		out[i] = symbol{text: text, json: string(appendQuoted(nil, text)), known: known}
	}
	return out
}

// dry says whether the values of a type have no bytes: null, a fixed of none, and records of such. Every other value has
// at least one.
func dry(s *schema) bool { return isDry(s, map[*schema]bool{}) }

func isDry(s *schema, seen map[*schema]bool) bool {
	switch s.kind {
	case kindNull:
		return true
	case kindFixed:
		return s.size == 0
	case kindRecord:
		if is, known := seen[s]; known {
			return is
		}
		seen[s] = true // a record that holds itself outright has no values at all
		for _, f := range s.fields {
			if !isDry(f.schema, seen) {
				seen[s] = false
				return false
			}
		}
		return true
	}
	return false
}

// temporal is the number of nanoseconds that a unit of a date, time or timestamp has, and what kind of time it is; 0: it is
// none of them.
func temporal(l logical) (nanos int64, what logical) {
	switch l {
	case logicalDate:
		return 86400e9, logicalTimestampNanos
	case logicalTimeMillis:
		return 1e6, logicalTimeMicros
	case logicalTimeMicros:
		return 1e3, logicalTimeMicros
	case logicalTimestampMillis, logicalLocalMillis:
		return 1e6, logicalTimestampNanos
	case logicalTimestampMicros, logicalLocalMicros:
		return 1e3, logicalTimestampNanos
	case logicalTimestampNanos, logicalLocalNanos:
		return 1, logicalTimestampNanos
	}
	return 0, logicalNone
}
