package jsonformat

import (
	"bytes"
	"encoding/base64"
)

// standardBase64 is RFC 4648 section 4, padding required and unused bits zero.
var standardBase64 = base64.StdEncoding.Strict()

// parseBase64 decodes text into dst, which it returns grown as needed and as long as the result. The standard library
// skips line ends, which the RFC allows only where they are asked for (section 3.1); here they are wrong.
func parseBase64(dst, text []byte) ([]byte, bool) {
	if len(text)%4 != 0 || bytes.ContainsAny(text, "\r\n") {
		return dst[:0], false
	}
	if need := len(text) / 4 * 3; cap(dst) < need {
		dst = make([]byte, need)
	}
	n, err := standardBase64.Decode(dst[:cap(dst)], text)
	return dst[:n], err == nil
}
