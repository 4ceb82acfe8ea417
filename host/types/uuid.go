package types

import "encoding/hex"

// AppendUUID appends the sixteen bytes of id as RFC 9562 writes them: 36 characters in lower case.
func AppendUUID(dst, id []byte) []byte {
	for i, n := range [...]int{4, 2, 2, 2, 6} {
		if i > 0 {
			dst = append(dst, '-')
		}
		dst, id = hex.AppendEncode(dst, id[:n]), id[n:]
	}
	return dst
}

// ParseUUID reads a UUID (RFC 9562 section 4): 32 hexadecimal digits of either case, in groups of 8, 4, 4, 4 and 12 with dashes between,
// or in one.
func ParseUUID(s []byte) (id [16]byte, ok bool) {
	dashes := len(s) == 36
	if !dashes && len(s) != 32 {
		return id, false
	}
	p := 0
	for i := range id {
		if dashes && (i == 4 || i == 6 || i == 8 || i == 10) {
			if s[p] != '-' {
				return id, false
			}
			p++
		}
		high, low := hexValue[s[p]], hexValue[s[p+1]]
		if high|low > 15 {
			return id, false
		}
		id[i] = high<<4 | low
		p += 2
	}
	return id, true
}

// hexValue is what a byte stands for as a hexadecimal digit, 255 if it is none.
var hexValue = func() (t [256]byte) {
	for i := range t {
		t[i] = 255
	}
	for i := range 16 {
		t["0123456789abcdef"[i]], t["0123456789ABCDEF"[i]] = byte(i), byte(i)
	}
	return t
}()
