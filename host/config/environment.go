package config

import (
	"strings"
	"unicode/utf8"

	"github.com/weir-stream/weir/host/option"
)

// environment answers for ${NAME}.
type environment struct {
	lookup func(string) (string, bool)
	left   int // bytes that it may still put into values
}

// expand reads a token in single quotes as an option's value: ${NAME} becomes the environment's NAME, $${ becomes ${. What
// the environment gives is taken as it is, never expanded again. The value is at v.Pos, the text between its quotes at the
// cursor.
func (e *environment) expand(token string, v option.Value, at cursor) (option.Value, error) {
	v.Quoted = true
	var b strings.Builder
	rest := token[1 : len(token)-1]
	for rest != "" {
		n := 0
		switch {
		case strings.HasPrefix(rest, "''"), strings.HasPrefix(rest, "$${"):
			b.WriteByte(rest[1])
			n = 2
		case strings.HasPrefix(rest, "${"):
			name, _, closed := strings.Cut(rest[2:], "}")
			if !closed || !isVariable(name) {
				return v, at.errorf("expected ${NAME} with the name of an environment variable; write $${ for ${ itself")
			}
			set, ok := e.lookup(name)
			if !ok {
				return v, at.errorf("the environment variable %s is not set", name)
			}
			if e.left -= len(set); e.left < 0 {
				return v, at.errorf("the environment's values in this file have more than 1 MiB together")
			}
			b.WriteString(set)
			v.Written = unquote(token)
			n = len("${}") + len(name)
		default:
			_, n = utf8.DecodeRuneInString(rest)
			b.WriteString(rest[:n])
		}
		at.advance(rest[:n])
		rest = rest[n:]
	}
	v.Text = b.String()
	return v, nil
}

func isVariable(name string) bool {
	for i, r := range name {
		letter := r == '_' || 'a' <= r && r <= 'z' || 'A' <= r && r <= 'Z'
		if !letter && (i == 0 || !isDigit(r)) {
			return false
		}
	}
	return name != ""
}
