package wasm

import "bytes"

const (
	magic     = "\x00asm"
	version1  = "\x01\x00\x00\x00"
	component = "\x0d\x00\x01\x00"
)

// Decode reads a module and validates all of it but the bodies of its functions (5.5.16, 3.4).
func Decode(data []byte, l Limits) (*Module, *Error) {
	m := &Module{Data: data, Start: -1, dataCount: -1, limits: l}
	r := &reader{data: data, end: len(data)}
	if len(data) > l.ModuleBytes {
		r.fail(Limit, 0, "the module has %d bytes, at most %d are allowed", len(data), l.ModuleBytes)
		return nil, r.err
	}
	preamble(r)
	last := SectionRank(0)
	for r.pos < r.end {
		last = m.section(r, last)
	}
	if r.err == nil {
		m.consistent(r)
	}
	if r.err != nil {
		return nil, r.err
	}
	return m, nil
}

func preamble(r *reader) {
	switch head := r.data[:min(8, len(r.data))]; {
	case bytes.Equal(head, []byte(magic+version1)):
		r.pos = 8
	case bytes.Equal(head, []byte(magic+component)):
		r.fail(Unsupported, 4, "a component, not a core module: unwrap it (wasm-tools component unbundle), or build for wasip1 or wasm32-unknown-unknown")
	case !bytes.HasPrefix(head, []byte(magic)):
		r.fail(Malformed, 0, "no WebAssembly binary: it does not begin with \\0asm")
	default:
		r.fail(Malformed, 4, "no WebAssembly binary of version 1")
	}
}

// section reads one section and returns the rank of the last one that has a rank.
func (m *Module) section(r *reader, last SectionRank) SectionRank {
	at := r.pos
	id := r.byte()
	s := r.sub(r.index())
	body := Span{s.pos, s.end}
	switch current := rank(id); {
	case r.err != nil:
		return last
	case id == SectionCustom:
		m.custom(&s, last)
	case id == sectionTag:
		s.fail(Unsupported, at, "a tag section is of the proposal %q, which is not supported", exceptions)
	case current == 0:
		s.fail(Malformed, at, "unknown section %d", id)
	case current <= last:
		s.fail(Malformed, at, "the %s section is out of order or there twice", sectionNames[id])
	default:
		last = current
		m.Sections[id] = body
		decoders[id](m, &s)
		s.finish(sectionNames[id] + " section")
	}
	if s.err != nil {
		r.err, r.pos = s.err, r.end
	}
	return last
}

func (m *Module) custom(s *reader, after SectionRank) {
	whole := Span{s.pos, s.end}
	name := s.name(maxName)
	if s.err == nil && len(m.Customs) >= maxCustoms {
		s.fail(Limit, whole.Start, "more than %d custom sections", maxCustoms)
	}
	m.Customs = append(m.Customs, Custom{Name: name, Body: Span{s.pos, s.end}, Whole: whole, After: after})
}

// maxCustoms bounds what is remembered of custom sections; compilers write about ten.
const maxCustoms = 10_000

var sectionNames = [sectionKinds]string{
	"custom", "type", "import", "function", "table", "memory", "global", "export", "start", "element", "code", "data", "data count",
}

var decoders = [sectionKinds]func(*Module, *reader){
	SectionType: (*Module).types, SectionImport: (*Module).imports, SectionFunction: (*Module).functions,
	SectionTable: (*Module).tables, SectionMemory: (*Module).memories, SectionGlobal: (*Module).globals,
	SectionExport: (*Module).exports, SectionStart: (*Module).start, SectionElement: (*Module).elements,
	SectionDataCount: (*Module).countData, SectionCode: (*Module).code, SectionData: (*Module).data,
}

// consistent checks what lies between sections (5.5.16).
func (m *Module) consistent(r *reader) {
	if defined := len(m.Funcs) - m.ImportedFuncs; defined != len(m.Bodies) {
		r.fail(Malformed, r.end, "%d functions are declared, %d have a body", defined, len(m.Bodies))
	}
	if m.dataCount >= 0 && m.dataCount != len(m.DataSizes) {
		r.fail(Malformed, r.end, "%d data segments are announced, %d are there", m.dataCount, len(m.DataSizes))
	}
}
