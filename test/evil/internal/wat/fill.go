package wat

import (
	"fmt"
	"regexp"
	"strings"
)

var (
	comment = regexp.MustCompile(`^(\s*);;= (.*?)(?: \((\d+) bytes\))?$`)
	content = regexp.MustCompile(`^\s*"`)
)

// perLine is how many bytes stand on a line.
const perLine = 32

// Fill returns text with the strings behind every comment written anew. The error names the line.
func Fill(text string) (string, error) {
	lines := strings.Split(text, "\n")
	var out []string
	for i := 0; i < len(lines); i++ {
		m := comment.FindStringSubmatch(lines[i])
		if m == nil {
			out = append(out, lines[i])
			continue
		}
		indent, words := m[1], m[2]
		message, err := Message(words)
		if err != nil {
			return "", fmt.Errorf("line %d: %w", i+1, err)
		}
		out = append(out, fmt.Sprintf("%s;;= %s (%d bytes)", indent, words, len(message)))
		closing := ""
		for ; i+1 < len(lines) && content.MatchString(lines[i+1]); i++ {
			closing = lines[i+1][strings.LastIndexByte(lines[i+1], '"')+1:]
		}
		rows := quoted(message, indent)
		rows[len(rows)-1] += closing
		out = append(out, rows...)
	}
	return strings.Join(out, "\n"), nil
}

// quoted is bytes as lines of strings in the text format.
func quoted(b []byte, indent string) (lines []string) {
	for len(b) > 0 || lines == nil {
		n := min(len(b), perLine)
		line := indent + `"`
		for _, c := range b[:n] {
			if c >= ' ' && c < 0x7f && c != '"' && c != '\\' {
				line += string(rune(c))
			} else {
				line += fmt.Sprintf(`\%02x`, c)
			}
		}
		lines, b = append(lines, line+`"`), b[n:]
	}
	return lines
}
