package format

import "unicode/utf8"

// AppendText appends b to dst as UTF-8: U+FFFD stands for every maximal part of b that begins no character, as the Unicode
// standard recommends (section 3.9, "U+FFFD Substitution of Maximal Subparts") and Rust's String::from_utf8_lossy does.
func AppendText(dst, b []byte) []byte {
	for len(b) > 0 {
		n := 0
		for n < len(b) {
			r, size := utf8.DecodeRune(b[n:])
			if r == utf8.RuneError && size == 1 {
				break
			}
			n += size
		}
		dst = append(dst, b[:n]...)
		if b = b[n:]; len(b) > 0 {
			dst = utf8.AppendRune(dst, utf8.RuneError)
			b = b[subpart(b):]
		}
	}
	return dst
}

// subpart is the length of the part at the start of b, which is no character, that could begin one: at least 1.
func subpart(b []byte) int {
	lead, low, high, size := b[0], byte(0x80), byte(0xbf), 0
	switch { // the Unicode standard, table 3-7
	case lead >= 0xc2 && lead <= 0xdf:
		size = 2
	case lead >= 0xe0 && lead <= 0xef:
		size = 3
	case lead >= 0xf0 && lead <= 0xf4:
		size = 4
	}
	switch lead {
	case 0xe0:
		low = 0xa0
	case 0xed:
		high = 0x9f
	case 0xf0:
		low = 0x90
	case 0xf4:
		high = 0x8f
	}
	n := 1
	for n < len(b) && n < size && b[n] >= low && b[n] <= high {
		n, low, high = n+1, 0x80, 0xbf
	}
	return n
}
