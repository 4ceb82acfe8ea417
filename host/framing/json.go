package framing

import (
	"bytes"
	"slices"
)

// array is framing by the elements of one JSON array.
type array struct {
	Config
	at place
}

// place is where in its value an array's walk is.
type place uint8

const (
	before place = iota // nothing was looked at
	within              // an element comes next
	behind              // only white space may come
)

func (a *array) Next(rest []byte) (frame, remaining []byte, ok bool, err error) {
	if a.at == before {
		inner := trimLeft(rest)
		if len(inner) == 0 || inner[0] != '[' {
			a.at = behind
			return rest, nil, true, newError(CodeSyntax, "record is no JSON array")
		}
		a.at, rest = within, inner[1:]
		if inner = trimLeft(rest); len(inner) > 0 && inner[0] == ']' {
			a.at, rest = behind, inner[1:]
		}
	}
	if a.at == within {
		return a.element(rest)
	}
	if trailing := trim(rest); len(trailing) > 0 {
		return trailing, nil, true, newError(CodeSyntax, "JSON array is followed by more than white space")
	}
	a.at = before
	return nil, nil, false, nil
}

// element takes an element and what ends it.
func (a *array) element(rest []byte) (frame, remaining []byte, ok bool, err error) {
	end := elementEnd(rest)
	if end < 0 {
		a.at = behind
		return rest, nil, true, newError(CodeTruncated, "record ends within an element of its JSON array")
	}
	if rest[end] == ']' {
		a.at = behind
	}
	frame, remaining = slices.Clip(trim(rest[:end])), rest[end+1:]
	if len(frame) == 0 {
		return frame, remaining, true, newError(CodeSyntax, "element of the JSON array has no value")
	}
	return frame, remaining, true, a.tooLong(frame)
}

// concat is framing by concatenated JSON values. A value that is not an object, an array or a string ends where white
// space or one of these begins.
type concat struct{ Config }

func (c *concat) Next(rest []byte) (frame, remaining []byte, ok bool, err error) {
	rest = trimLeft(rest)
	if len(rest) == 0 {
		return nil, nil, false, nil
	}
	end := valueEnd(rest)
	if end < 0 {
		return rest, nil, true, newError(CodeTruncated, "record ends within a JSON value")
	}
	frame = rest[:end:end]
	return frame, rest[end:], true, c.tooLong(frame)
}

// valueEnd is the length of the JSON value that text begins with, which is not white space; -1 where it does not end.
func valueEnd(text []byte) int {
	switch text[0] {
	case '{', '[':
		return bracketEnd(text)
	case '"':
		return stringEnd(text, 1)
	}
	for i, c := range text[1:] {
		if space(c) || c == '{' || c == '[' || c == '"' {
			return i + 1
		}
	}
	return len(text)
}

// elementEnd is the index of the comma or bracket that ends the array's element that text begins with, or -1. A } that
// closes nothing is part of the element: that is for its decoder to find wrong.
func elementEnd(text []byte) int {
	for i := 0; i < len(text); i++ {
		skip := 0
		switch text[i] {
		case ',', ']':
			return i
		case '{', '[':
			skip = bracketEnd(text[i:])
		case '"':
			skip = stringEnd(text[i:], 1)
		default:
			continue
		}
		if skip < 0 {
			return -1
		}
		i += skip - 1
	}
	return -1
}

// stringEnd is the index behind the quote that closes the string whose inside begins at from, or -1. It looks at each byte
// once, and at each backslash twice.
func stringEnd(text []byte, from int) int {
	for i := from; ; i++ {
		n := bytes.IndexByte(text[i:], '"')
		if n < 0 {
			return -1
		}
		i += n
		escapes := 0
		for i-1-escapes >= from && text[i-1-escapes] == '\\' {
			escapes++
		}
		if escapes%2 == 0 {
			return i + 1
		}
	}
}
