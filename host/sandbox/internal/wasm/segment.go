package wasm

// elements reads the element section (5.5.12).
func (m *Module) elements(r *reader) {
	n := r.count("element segments", 2, m.limits.Elements)
	m.Elements = make([]Element, 0, n)
	m.walkElements(r, n, func(e Element) { m.Elements = append(m.Elements, e) }, m.referenced)
}

// FuncIndices calls found with the offset and the value of each function index in the element or global section.
func (m *Module) FuncIndices(section byte, found func(at int, f uint32)) {
	s := m.Sections[section]
	r := &reader{data: m.Data, pos: s.Start, end: s.End}
	if n := r.index(); section == SectionElement {
		m.walkElements(r, n, func(Element) {}, found)
	} else {
		m.walkGlobals(r, n, func(Global) {}, found)
	}
}

// The bits of an element segment's flags.
const (
	elemNotActive  = 1 // passive, or declarative with elemExplicit
	elemExplicit   = 2 // an active one names its table
	elemExpression = 4 // its items are expressions, not function indices
)

// walkElements reads n segments, calls segment for each with its type and function for each function index.
func (m *Module) walkElements(r *reader, n int, segment func(Element), function func(at int, f uint32)) {
	for range n {
		at := r.pos
		flags := r.u32()
		if flags > 7 {
			r.fail(Malformed, at, "%d are no flags of an element segment", flags)
		}
		active, table := flags&elemNotActive == 0, 0
		if active && flags&elemExplicit != 0 {
			table = r.index()
		}
		offset := int64(-1)
		if active {
			offset = m.constExpr(r, I32, function)
		}
		t := FuncRef
		if flags&(elemNotActive|elemExplicit) != 0 {
			t = r.elemType(flags&elemExpression != 0)
		}
		if r.err == nil && active {
			m.fits(r, at, table, t)
		}
		if r.err != nil {
			return
		}
		n := m.items(r, t, flags&elemExpression != 0, function)
		segment(Element{t, uint32(n)})
		if r.err == nil && table >= m.ImportedTables && table < len(m.Tables) {
			r.inside(at, offset, n, int64(m.Tables[table].Min), "table")
		}
	}
}

// elemType reads the type of a segment: a reference type before expressions, else the kind 0 (functions).
func (r *reader) elemType(expressions bool) Type {
	at := r.pos
	if expressions {
		return r.refType()
	}
	if kind := r.byte(); kind != 0 {
		r.fail(Malformed, at, "%#02x is no kind of element", kind)
	}
	return FuncRef
}

// fits checks an active segment against its table (3.4.7).
func (m *Module) fits(r *reader, at, table int, t Type) {
	switch {
	case table >= len(m.Tables):
		r.fail(Invalid, at, "unknown table %d", table)
	case m.Tables[table].Type != t:
		r.fail(Invalid, at, "a segment of %s for table %d of %s", t, table, m.Tables[table].Type)
	}
}

// inside refuses a segment that ends behind what it is for, as it is to begin with: no instance could be made, and engines
// don't agree on what happens then. What is imported may be larger than it says; an offset may be unknown.
func (r *reader) inside(at int, offset int64, n int, size int64, what string) {
	if offset >= 0 && offset+int64(n) > size {
		r.fail(Invalid, at, "a segment at %d to %d is outside of the %s, which has a size of %d", offset, offset+int64(n), what, size)
	}
}

// items reads the elements of a segment and gives their number.
func (m *Module) items(r *reader, t Type, expressions bool, function func(at int, f uint32)) int {
	n := r.count("elements", 1, noLimit)
	for range n {
		if expressions {
			m.constExpr(r, t, function)
		} else {
			m.funcIndex(r, function)
		}
		if r.err != nil {
			break
		}
	}
	return n
}

// funcIndex reads the index of a function.
func (m *Module) funcIndex(r *reader, function func(at int, f uint32)) {
	at := r.pos
	f := r.index()
	switch {
	case r.err != nil:
	case f >= len(m.Funcs):
		r.fail(Invalid, at, "unknown function %d", f)
	default:
		function(at, uint32(f))
	}
}

// countData reads the data count section (5.5.15).
func (m *Module) countData(r *reader) {
	at := r.pos
	m.dataCount = r.index()
	if m.dataCount > m.limits.DataSegments {
		r.fail(Limit, at, "%d data segments, at most %d are allowed", m.dataCount, m.limits.DataSegments)
	}
}

// data reads the data section (5.5.14, 3.4.8). No function index can appear in it but in an expression that is invalid.
func (m *Module) data(r *reader) {
	count := r.count("data segments", 2, m.limits.DataSegments)
	m.DataSizes = make([]uint32, 0, count)
	for range count {
		at := r.pos
		flags, memory, offset := r.u32(), uint32(0), int64(-1)
		if flags > 2 {
			r.fail(Malformed, at, "%d are no flags of a data segment", flags)
		}
		if flags == 2 {
			memory = r.u32()
		}
		if r.err == nil && flags != 1 {
			if memory != 0 {
				r.fail(Invalid, at, "unknown memory %d (several are of the proposal %q, which is not supported)", memory, multiMemory)
			} else if m.Memory == nil {
				r.fail(Invalid, at, "unknown memory 0")
			}
			offset = m.constExpr(r, I32, func(int, uint32) {})
		}
		n := r.index()
		r.take(n)
		if r.err != nil {
			return
		}
		m.DataSizes = append(m.DataSizes, uint32(n))
		if !m.ImportedMemory && m.Memory != nil {
			r.inside(at, offset, n, int64(m.Memory.Min)*65536, "memory")
		}
	}
}
