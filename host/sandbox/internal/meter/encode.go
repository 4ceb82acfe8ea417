package meter

// appendU32 writes an unsigned LEB128 (5.2.2).
func appendU32(b []byte, x uint32) []byte {
	for x >= 0x80 {
		b = append(b, byte(x)|0x80)
		x >>= 7
	}
	return append(b, byte(x))
}

// appendS64 writes a signed LEB128.
func appendS64(b []byte, x int64) []byte {
	for {
		c := byte(x & 0x7f)
		x >>= 7
		if x == 0 && c&0x40 == 0 || x == -1 && c&0x40 != 0 {
			return append(b, c)
		}
		b = append(b, c|0x80)
	}
}

func appendName(b []byte, name string) []byte {
	return append(appendU32(b, uint32(len(name))), name...)
}

// skipLEB is the offset behind the LEB128 at the offset at.
func skipLEB(data []byte, at int) int {
	for data[at] >= 0x80 {
		at++
	}
	return at + 1
}

// readU32 reads an unsigned LEB128 that is known to be one.
func readU32(data []byte, at int) (x uint32) {
	for shift := 0; ; shift += 7 {
		x |= uint32(data[at]&0x7f) << shift
		if data[at] < 0x80 {
			return x
		}
		at++
	}
}

// sized appends what write appends, after its size. The size takes five bytes, more than it needs, which the format allows
// (5.2.2): it is known only afterwards.
func sized(b []byte, write func([]byte) []byte) []byte {
	at := len(b)
	b = write(append(b, 0x80, 0x80, 0x80, 0x80, 0))
	size := len(b) - at - 5
	for i := range 5 {
		b[at+i] |= byte(size>>(7*i)) & 0x7f
	}
	return b
}
