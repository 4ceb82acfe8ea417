package abi

import "encoding/binary"

// tableSection is the id of the section that declares a module's tables.
const tableSection = 4

// boundTables gives every table a maximum, LimitTableEntries shared out among them, since engines bound memories but not
// tables: one table.grow could take all of the host's memory. Growing past the maximum fails in the guest, as the
// specification says. A module without a table to bound is returned as it is.
func boundTables(wasm []byte) ([]byte, error) {
	if _, err := parseModule(wasm); err != nil {
		return nil, err
	}
	for c := (&cursor{b: wasm, pos: 8}); c.pos < len(wasm); {
		start := c.pos
		id := c.byte()
		content := c.bytes(c.u32())
		if c.err != nil {
			return nil, c.err
		}
		if id == tableSection {
			bounded, err := boundedTables(content)
			if err != nil {
				return nil, err
			}
			out := append(make([]byte, 0, len(wasm)+len(bounded)), wasm[:start]...)
			out = binary.AppendUvarint(append(out, tableSection), uint64(len(bounded)))
			return append(append(out, bounded...), wasm[c.pos:]...), nil
		}
	}
	return wasm, nil
}

// boundedTables is the content of a table section with a maximum for each table.
func boundedTables(content []byte) ([]byte, error) {
	c := &cursor{b: content}
	n := c.u32()
	out := binary.AppendUvarint(nil, uint64(n))
	share := LimitTableEntries / uint64(max(n, 1))
	for ; n > 0 && c.err == nil; n-- {
		kind, limits := c.byte(), c.memory()
		most := max(limits.least, share)
		if limits.flags&1 != 0 {
			most = min(most, limits.most)
		}
		out = append(out, kind, limits.flags|1)
		out = binary.AppendUvarint(binary.AppendUvarint(out, limits.least), most)
	}
	return out, c.err
}
