// Package visible makes text from strangers fit for a terminal: control characters, which could colour, overwrite or forge
// lines, become visible escapes.
package visible

import (
	"strconv"
	"strings"
	"unicode"
)

// Line is text as part of one line: line breaks are escaped as well.
func Line(text string) string { return escape(text, "") }

// Lines is text of several lines, which may be indented by tabs.
func Lines(text string) string { return escape(text, "\n\t") }

func escape(text, but string) string {
	hidden := func(r rune) bool {
		return !unicode.IsPrint(r) && r != ' ' && !strings.ContainsRune(but, r)
	}
	if !strings.ContainsFunc(text, hidden) {
		return text
	}
	var b strings.Builder
	for _, r := range text {
		if hidden(r) {
			quoted := strconv.QuoteRune(r)
			b.WriteString(quoted[1 : len(quoted)-1])
			continue
		}
		b.WriteRune(r)
	}
	return b.String()
}
