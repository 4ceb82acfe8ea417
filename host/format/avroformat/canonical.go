package avroformat

import (
	"encoding/json"
	"strconv"
)

// canonical appends the schema's parsing canonical form (spec: Parsing Canonical Form for Schemas), which is what
// fingerprints are of. It is for nothing else: logical types, defaults and aliases are not in it. The parser's own form
// keeps logical types, against the spec, so that its fingerprints differ from everyone's.
func canonical(dst []byte, s *schema) []byte { return appendCanonical(dst, s, map[*schema]bool{}) }

func appendCanonical(dst []byte, s *schema, named map[*schema]bool) []byte {
	if s.name != "" {
		if named[s] {
			return appendQuoted(dst, s.name)
		}
		named[s] = true
		dst = append(dst, `{"name":`...)
		dst = append(appendQuoted(dst, s.name), ',')
		dst = append(dst, `"type":"`+s.kind.String()+`",`...)
	}
	switch s.kind {
	case kindFixed:
		dst = append(dst, `"size":`...)
		return append(strconv.AppendInt(dst, int64(s.size), 10), '}')
	case kindEnum:
		dst = append(dst, `"symbols":[`...)
		for i, symbol := range s.symbols {
			dst = appendQuoted(comma(dst, i), symbol)
		}
		return append(dst, "]}"...)
	case kindRecord:
		dst = append(dst, `"fields":[`...)
		for i, f := range s.fields {
			dst = append(comma(dst, i), `{"name":`...)
			dst = append(appendQuoted(dst, f.name), `,"type":`...)
			dst = append(appendCanonical(dst, f.schema, named), '}')
		}
		return append(dst, "]}"...)
	case kindArray:
		dst = appendCanonical(append(dst, `{"type":"array","items":`...), s.items, named)
		return append(dst, '}')
	case kindMap:
		dst = appendCanonical(append(dst, `{"type":"map","values":`...), s.items, named)
		return append(dst, '}')
	case kindUnion:
		dst = append(dst, '[')
		for i, b := range s.branches {
			dst = appendCanonical(comma(dst, i), b, named)
		}
		return append(dst, ']')
	}
	return appendQuoted(dst, s.kind.String())
}

// appendQuoted writes s as JSON, for names and symbols.
func appendQuoted(dst []byte, s string) []byte {
	quoted, _ := json.Marshal(s) // a string always can be
	return append(dst, quoted...)
}

func comma(dst []byte, i int) []byte {
	if i > 0 {
		dst = append(dst, ',')
	}
	return dst
}

// rabinEmpty is the fingerprint of nothing (spec: Schema Fingerprints).
const rabinEmpty = 0xc15d213aa4d7a795

var rabinTable = func() (table [256]uint64) {
	for i := range table {
		fp := uint64(i)
		for range 8 {
			fp = fp>>1 ^ rabinEmpty&-(fp&1)
		}
		table[i] = fp
	}
	return table
}()

// fingerprint is the CRC-64-AVRO of the schema's canonical form.
func fingerprint(s *schema) uint64 {
	fp := uint64(rabinEmpty)
	for _, c := range canonical(nil, s) {
		fp = fp>>8 ^ rabinTable[byte(fp)^c]
	}
	return fp
}
