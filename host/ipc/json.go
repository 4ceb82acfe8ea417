package ipc

import (
	"encoding/binary"
	"math/bits"
)

// deepestJSON is how deep objects and arrays may lie in each other, as in encoding/json.
const deepestJSON = 10_000

// isJSON says that a text is one JSON value, by RFC 8259; that it is UTF-8 is known. It is encoding/json.Valid at several times
// the speed, which matters where a guest answers with documents.
func isJSON(text []byte) bool {
	i := jsonValue(text, jsonSpace(text, 0), 0)
	return i >= 0 && jsonSpace(text, i) == len(text)
}

// jsonValue is where the value that begins at i ends; -1: it is none.
func jsonValue(text []byte, i, depth int) int {
	if i >= len(text) {
		return -1
	}
	switch c := text[i]; c {
	case '"':
		return jsonString(text, i+1)
	case '{', '[':
		if depth == deepestJSON {
			return -1
		}
		return jsonParts(text, jsonSpace(text, i+1), depth, c == '{')
	case 't':
		return jsonWord(text, i, "true")
	case 'f':
		return jsonWord(text, i, "false")
	case 'n':
		return jsonWord(text, i, "null")
	}
	return jsonNumber(text, i)
}

// jsonParts is where the object or array ends whose first part begins at i.
func jsonParts(text []byte, i, depth int, object bool) int {
	end := byte(']')
	if object {
		end = '}'
	}
	if i < len(text) && text[i] == end {
		return i + 1
	}
	for {
		if object {
			if i >= len(text) || text[i] != '"' {
				return -1
			}
			if i = jsonString(text, i+1); i < 0 {
				return -1
			}
			if i = jsonSpace(text, i); i >= len(text) || text[i] != ':' {
				return -1
			}
			i = jsonSpace(text, i+1)
		}
		if i = jsonValue(text, i, depth+1); i < 0 {
			return -1
		}
		if i = jsonSpace(text, i); i >= len(text) {
			return -1
		}
		switch text[i] {
		case end:
			return i + 1
		case ',':
			i = jsonSpace(text, i+1)
		default:
			return -1
		}
	}
}

func jsonSpace(text []byte, i int) int {
	for i < len(text) && (text[i] == ' ' || text[i] == '\n' || text[i] == '\t' || text[i] == '\r') {
		i++
	}
	return i
}

func jsonWord(text []byte, i int, word string) int {
	if len(text)-i < len(word) || string(text[i:i+len(word)]) != word {
		return -1
	}
	return i + len(word)
}

// jsonString is where the string ends whose characters begin at i. It looks at eight of them at a time.
func jsonString(text []byte, i int) int {
	for {
		for len(text)-i >= 8 {
			if special := jsonSpecial(binary.LittleEndian.Uint64(text[i:])); special < 8 {
				i += special
				break
			}
			i += 8
		}
		if i >= len(text) || text[i] < ' ' {
			return -1
		}
		switch text[i] {
		case '"':
			return i + 1
		case '\\':
			if i = jsonEscape(text, i+1); i < 0 {
				return -1
			}
		default:
			i++
		}
	}
}

// jsonSpecial is the first of eight characters that is a quote, a backslash or below a space; 8: none is. A byte is flagged for
// nothing only behind one that is flagged rightly.
func jsonSpecial(word uint64) int {
	const ones, tops = 0x0101010101010101, 0x8080808080808080
	quote, backslash := word^('"'*ones), word^('\\'*ones)
	flags := (word - ' '*ones) &^ word
	flags |= (quote - ones) &^ quote
	flags |= (backslash - ones) &^ backslash
	return bits.TrailingZeros64(flags&tops) / 8
}

// jsonEscape is where the escape ends whose letter is at i.
func jsonEscape(text []byte, i int) int {
	if i >= len(text) {
		return -1
	}
	switch text[i] {
	case '"', '\\', '/', 'b', 'f', 'n', 'r', 't':
		return i + 1
	case 'u':
		if len(text)-i < 5 {
			return -1
		}
		for _, c := range text[i+1 : i+5] {
			if c|0x20 < 'a' && !isDigit(c) || c|0x20 > 'f' {
				return -1
			}
		}
		return i + 5
	}
	return -1
}

func isDigit(c byte) bool { return c >= '0' && c <= '9' }

// jsonNumber is where the number ends that begins at i.
func jsonNumber(text []byte, i int) int {
	if text[i] == '-' {
		i++
	}
	if i < len(text) && text[i] == '0' {
		i++
	} else if i = jsonDigits(text, i); i < 0 {
		return -1
	}
	if i < len(text) && text[i] == '.' {
		if i = jsonDigits(text, i+1); i < 0 {
			return -1
		}
	}
	if i < len(text) && text[i]|0x20 == 'e' {
		if i++; i < len(text) && (text[i] == '+' || text[i] == '-') {
			i++
		}
		return jsonDigits(text, i)
	}
	return i
}

// jsonDigits is where the digits end that begin at i; -1: there is none.
func jsonDigits(text []byte, i int) int {
	from := i
	for i < len(text) && isDigit(text[i]) {
		i++
	}
	if i == from {
		return -1
	}
	return i
}
