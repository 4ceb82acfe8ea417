package wasm

// types reads the type section (5.5.4).
func (m *Module) types(r *reader) {
	n := r.count("types", 2, m.limits.Types)
	m.Types, m.Canon = make([]FuncType, 0, n), make([]uint32, 0, n)
	m.byKey = make(map[string]uint32, n)
	var key []byte
	arity := 0
	for range n {
		at := r.pos
		form := r.byte()
		if form != 0x60 && r.err == nil {
			if proposal, ok := typeProposals[form]; ok {
				r.fail(Unsupported, at, "a type of the proposal %q, which is not supported", proposal)
			} else {
				r.fail(Malformed, at, "%#02x begins no function type", form)
			}
		}
		t := FuncType{r.valueTypes("parameters"), r.valueTypes("results")}
		if arity += len(t.Params) + len(t.Results); arity > maxArities {
			r.fail(Limit, at, "the types up to this one have more than %d parameters and results together", maxArities)
		}
		if r.err != nil {
			return
		}
		key = typeKey(key, t)
		canon, ok := m.byKey[string(key)]
		if !ok {
			canon = uint32(len(m.Types))
			m.byKey[string(key)] = canon
		}
		m.Types, m.Canon = append(m.Types, t), append(m.Canon, canon)
	}
}

// imports reads the import section (5.5.5).
func (m *Module) imports(r *reader) {
	n := r.count("imports", 4, m.limits.Imports)
	m.Imports = make([]Import, 0, n)
	for range n {
		at := r.pos
		i := Import{Module: r.name(maxName), Name: r.name(maxName)}
		if i.Module == "" {
			r.fail(Unsupported, at, "an import from a module without a name, which engines do not resolve")
		}
		at = r.pos
		i.Kind = Kind(r.byte())
		if r.err != nil {
			return
		}
		switch i.Kind {
		case KindFunc:
			i.Index = len(m.Funcs)
			m.addFunc(r)
			m.ImportedFuncs = len(m.Funcs)
		case KindTable:
			i.Index = len(m.Tables)
			m.addTable(r)
			m.ImportedTables = len(m.Tables)
		case KindMemory:
			m.addMemory(r)
			m.ImportedMemory = true
		case KindGlobal:
			i.Index = len(m.Globals)
			m.Globals = append(m.Globals, r.globalType())
			m.ImportedGlobals = len(m.Globals)
		case 4:
			r.fail(Unsupported, at, "an imported tag is of the proposal %q, which is not supported", exceptions)
		default:
			r.fail(Malformed, at, "%#02x is no kind of import", byte(i.Kind))
		}
		m.Imports = append(m.Imports, i)
	}
	m.limitFuncs(r)
}

// functions reads the function section (5.5.6).
func (m *Module) functions(r *reader) {
	n := r.count("functions", 1, m.limits.Functions)
	funcs := make([]uint32, len(m.Funcs), len(m.Funcs)+n)
	copy(funcs, m.Funcs)
	m.Funcs = funcs
	for range n {
		m.addFunc(r)
	}
	m.limitFuncs(r)
}

func (m *Module) addFunc(r *reader) {
	at := r.pos
	t := r.index()
	if t >= len(m.Types) {
		r.fail(Invalid, at, "unknown type %d", t)
	}
	m.Funcs = append(m.Funcs, uint32(t))
}

// limitFuncs makes the marks too: everything that names a function follows.
func (m *Module) limitFuncs(r *reader) {
	if n := len(m.Funcs); r.err == nil && n > m.limits.Functions {
		r.fail(Limit, r.pos, "%d functions, at most %d are allowed", n, m.limits.Functions)
	}
	if r.err == nil {
		m.Marks = make([]Mark, len(m.Funcs))
	}
}

// tables reads the table section (5.5.7).
func (m *Module) tables(r *reader) {
	for range r.count("tables", 3, m.limits.Tables) {
		m.addTable(r)
	}
}

func (m *Module) addTable(r *reader) {
	at := r.pos
	if r.left() > 0 && r.data[r.pos] == 0x40 {
		r.fail(Unsupported, at, "a table with an initial value is of the proposal %q, which is not supported", funcRefs)
	}
	t := r.tableType()
	m.Tables = append(m.Tables, t)
	m.entries += int64(t.Min)
	switch {
	case r.err != nil:
	case len(m.Tables) > m.limits.Tables:
		r.fail(Limit, at, "%d tables, at most %d are allowed", len(m.Tables), m.limits.Tables)
	case m.entries > int64(m.limits.TableEntries):
		r.fail(Limit, at, "the tables begin with %d entries, at most %d are allowed", m.entries, m.limits.TableEntries)
	}
}

// memories reads the memory section (5.5.8).
func (m *Module) memories(r *reader) {
	for range r.count("memories", 2, maxCustoms) {
		m.addMemory(r)
	}
}

func (m *Module) addMemory(r *reader) {
	at := r.pos
	memory := r.memoryType(m.limits.MemoryPages)
	if m.Memory != nil {
		r.fail(Unsupported, at, "a second memory is of the proposal %q, which is not supported", multiMemory)
	}
	m.Memory = memory
}

// globals reads the global section (5.5.9). Initial values see the imported globals only (3.4.12).
func (m *Module) globals(r *reader) {
	n := r.count("globals", 3, m.limits.Globals)
	if n+len(m.Globals) > m.limits.Globals {
		r.fail(Limit, r.pos, "%d globals, at most %d are allowed", n+len(m.Globals), m.limits.Globals)
		return
	}
	m.walkGlobals(r, n, func(g Global) { m.Globals = append(m.Globals, g) }, m.referenced)
}

// referenced marks a function that an element segment or a global names.
func (m *Module) referenced(_ int, f uint32) { m.Marks[f] |= Declared | Referenced }

// walkGlobals reads n globals, calls global for each and function for each function index.
func (m *Module) walkGlobals(r *reader, n int, global func(Global), function func(at int, f uint32)) {
	for range n {
		g := r.globalType()
		global(g)
		m.constExpr(r, g.Type, function)
		if r.err != nil {
			return
		}
	}
}

// exports reads the export section (5.5.10).
func (m *Module) exports(r *reader) {
	n := r.count("exports", 3, m.limits.Exports)
	m.Exports = make([]Export, 0, n)
	names := make(map[string]struct{}, n)
	for range n {
		at := r.pos
		e := Export{Name: r.name(maxName)}
		kindAt := r.pos
		e.Kind, e.Index = Kind(r.byte()), r.index()
		if r.err != nil {
			return
		}
		if _, twice := names[e.Name]; twice {
			r.fail(Invalid, at, "two exports are called %q", e.Name)
		}
		names[e.Name] = struct{}{}
		m.exported(r, e, kindAt)
		m.Exports = append(m.Exports, e)
	}
}

// exported checks that what an export names is there (3.4.10).
func (m *Module) exported(r *reader, e Export, at int) {
	there := 0
	switch e.Kind {
	case KindFunc:
		if there = len(m.Funcs); e.Index < there {
			m.Marks[e.Index] |= Declared
		}
	case KindTable:
		there = len(m.Tables)
	case KindMemory:
		if m.Memory != nil {
			there = 1
		}
	case KindGlobal:
		there = len(m.Globals)
	case 4:
		r.fail(Unsupported, at, "an exported tag is of the proposal %q, which is not supported", exceptions)
	default:
		r.fail(Malformed, at, "%#02x is no kind of export", byte(e.Kind))
	}
	if r.err == nil && e.Index >= there {
		r.fail(Invalid, at, "export %q: there is no %s %d", e.Name, kindNames[e.Kind], e.Index)
	}
}

var kindNames = [...]string{"function", "table", "memory", "global"}

// start reads the start section (5.5.11, 3.4.9).
func (m *Module) start(r *reader) {
	at := r.pos
	f := r.index()
	switch {
	case r.err != nil:
	case f >= len(m.Funcs):
		r.fail(Invalid, at, "the start function %d is not there", f)
	case len(m.TypeOf(f).Params)+len(m.TypeOf(f).Results) > 0:
		r.fail(Invalid, at, "the start function %d has parameters or results", f)
	}
	m.Start = f
}

// code finds the bodies in the code section (5.5.13).
func (m *Module) code(r *reader) {
	n := r.count("function bodies", 2, m.limits.Functions)
	m.Bodies = make([]Span, 0, n)
	for range n {
		at := r.pos
		size := r.index()
		if size > m.limits.BodyBytes && size <= r.left() {
			r.fail(Limit, at, "a function body of %d bytes, at most %d are allowed: split the function, or build with less inlining", size, m.limits.BodyBytes)
		}
		start := r.pos
		r.take(size)
		m.Bodies = append(m.Bodies, Span{start, start + size})
	}
}
