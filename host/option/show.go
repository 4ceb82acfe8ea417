package option

import (
	"fmt"
	"strings"
)

// Show is a user's text for an error message, on one line: in single quotes, at most 64 characters of it, control
// characters escaped.
func Show(text string) string {
	const most = 64
	if r := []rune(text[:min(len(text), 4*(most+1))]); len(r) > most {
		text = string(r[:most]) + "…"
	}
	quoted := fmt.Sprintf("%q", text)
	return "'" + strings.ReplaceAll(quoted[1:len(quoted)-1], `\"`, `"`) + "'"
}

// mostShown is how many texts of a list an error message shows.
const mostShown = 32

// ShowAll is a list of texts for an error message: 'a', 'b'. Of more than 32 it shows the first 32 and how many there are
// besides.
func ShowAll(texts []string) string {
	shown := make([]string, 0, mostShown)
	for _, t := range texts[:min(len(texts), mostShown)] {
		shown = append(shown, Show(t))
	}
	list := strings.Join(shown, ", ")
	if len(texts) > mostShown {
		list += fmt.Sprintf(" and %d more", len(texts)-mostShown)
	}
	return list
}
