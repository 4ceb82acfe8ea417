package lines

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"unicode/utf8"
)

// AppendLetter appends a dead letter as a line with its end: a JSON object that has what the key has, which is an object, and
// the value as "value", or as "value_b64" where it is not UTF-8. A key that is no object stands there as "key" or "key_b64".
func AppendLetter(dst, key, value []byte) []byte {
	dst = append(dst, '{')
	if fields := bytes.TrimSpace(key); json.Valid(fields) && fields[0] == '{' {
		var flat bytes.Buffer
		_ = json.Compact(&flat, fields) // it is valid
		if inside := flat.Bytes()[1 : flat.Len()-1]; len(inside) > 0 {
			dst = append(append(dst, inside...), ',')
		}
	} else if key != nil {
		dst = append(appendBytes(dst, "key", key), ',')
	}
	dst = appendBytes(dst, "value", value)
	return append(dst, '}', '\n')
}

// appendBytes appends a member of an object.
func appendBytes(dst []byte, name string, b []byte) []byte {
	if !utf8.Valid(b) {
		dst = append(append(append(dst, '"'), name...), `_b64":"`...)
		return append(base64.StdEncoding.AppendEncode(dst, b), '"')
	}
	var text bytes.Buffer
	enc := json.NewEncoder(&text)
	enc.SetEscapeHTML(false)
	_ = enc.Encode(string(b)) // a text is always fit
	dst = append(append(append(dst, '"'), name...), `":`...)
	return append(dst, bytes.TrimSuffix(text.Bytes(), []byte{'\n'})...)
}
