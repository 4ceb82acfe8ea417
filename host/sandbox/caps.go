package sandbox

// Caps bound the shape of a module. A zero field takes its default, a larger one than the ceiling is cut to it. What goes
// beyond a cap is refused with CodeLimit, unless the field says otherwise.
//
// The defaults are far above what compilers make of real programs and keep to the limits that browsers agree on
// (https://webassembly.github.io/spec/js-api/#limits) or below.
type Caps struct {
	ModuleBytes int // size of the binary; default 64 MiB, ceiling 256 MiB
	BodyBytes   int // size of one function's body, and half of what it may be rewritten to; default 1 MiB, ceiling 8 MiB
	Locals      int // of one function, parameters included; default 49,999, ceiling 49,999: engines take 50,000, and one may be added
	Nesting     int // of blocks within one function; default 8,192, ceiling 16,384

	Types        int // default 100,000, ceiling 1,000,000; each with at most 1,000 parameters and 1,000 results
	Functions    int // imported ones included; default 200,000, ceiling 1,000,000
	Imports      int // default 10,000, ceiling 100,000
	Exports      int // default 100,000, ceiling 1,000,000
	Globals      int // imported ones included; default 100,000, ceiling 1,000,000
	Tables       int // imported ones included; default 100, ceiling 10,000
	Elements     int // segments; default 100,000, ceiling 1,000,000
	DataSegments int // default 100,000, ceiling 1,000,000

	TableEntries int // of all tables together; default 1,000,000, ceiling 10,000,000. A larger initial size is refused, a larger maximum cut
	MemoryPages  int // of 64 KiB; default 4,096, ceiling 65,536. A larger initial size is refused, a larger maximum cut
	NameBytes    int // size of the name section; default 16 MiB, ceiling 64 MiB. A larger one is dropped, as is a malformed one
}

// WithDefaults fills zero fields in and cuts the others at their ceilings.
func (c Caps) WithDefaults() Caps {
	const mib = 1 << 20
	fix := func(field *int, normal, ceiling int) {
		if *field <= 0 {
			*field = normal
		}
		*field = min(*field, ceiling)
	}
	fix(&c.ModuleBytes, 64*mib, 256*mib)
	fix(&c.BodyBytes, mib, 8*mib)
	fix(&c.Locals, 49_999, 49_999)
	fix(&c.Nesting, 8192, 16_384)
	fix(&c.Types, 100_000, 1_000_000)
	fix(&c.Functions, 200_000, 1_000_000)
	fix(&c.Imports, 10_000, 100_000)
	fix(&c.Exports, 100_000, 1_000_000)
	fix(&c.Globals, 100_000, 1_000_000)
	fix(&c.Tables, 100, 10_000)
	fix(&c.Elements, 100_000, 1_000_000)
	fix(&c.DataSegments, 100_000, 1_000_000)
	fix(&c.TableEntries, 1_000_000, 10_000_000)
	fix(&c.MemoryPages, 4096, 65_536)
	fix(&c.NameBytes, 16*mib, 64*mib)
	return c
}
