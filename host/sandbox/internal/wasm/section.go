package wasm

// The ids of sections (5.5.2).
const (
	SectionCustom    = 0
	SectionType      = 1
	SectionImport    = 2
	SectionFunction  = 3
	SectionTable     = 4
	SectionMemory    = 5
	SectionGlobal    = 6
	SectionExport    = 7
	SectionStart     = 8
	SectionElement   = 9
	SectionCode      = 10
	SectionData      = 11
	SectionDataCount = 12
	sectionKinds     = 13
	sectionTag       = 13
)

// SectionRank is a section's place in a module: they appear in the order of their ranks, each at most once, with custom
// sections anywhere between (5.5.2, 5.5.16). 0 is the place before all others.
type SectionRank int

// Order lists the ids of all but custom sections in the order of their ranks.
var Order = [...]byte{
	SectionType, SectionImport, SectionFunction, SectionTable, SectionMemory, SectionGlobal, SectionExport,
	SectionStart, SectionElement, SectionDataCount, SectionCode, SectionData,
}

// rank is 0 for an id that has none.
func rank(id byte) SectionRank {
	for i, other := range Order {
		if id == other {
			return SectionRank(i + 1)
		}
	}
	return 0
}
