package option

import (
	"strings"
	"unicode/utf8"
)

// Nearest finds the known word that word is most likely a slip of: equal but for case, or at most a third of its letters
// added, left out, replaced or swapped with a neighbour. Of several equally near ones the first counts.
func Nearest(word string, known []string) (string, bool) {
	const longest = 64 // longer words get no hint: the comparison is quadratic
	n := utf8.RuneCountInString(word)
	if n > longest {
		return "", false
	}
	best, most := "", max(1, n/3)+1
	for _, k := range known {
		if strings.EqualFold(k, word) {
			return k, true
		}
		if utf8.RuneCountInString(k) > longest {
			continue
		}
		// A word that shares no letter with another is no slip of it, however short both are.
		if d := distance([]rune(strings.ToLower(word)), []rune(strings.ToLower(k))); d < most && d < n {
			best, most = k, d
		}
	}
	return best, best != ""
}

// distance is the optimal string alignment distance: the fewest insertions, deletions, replacements and swaps of
// neighbours that make a into b.
func distance(a, b []rune) int {
	before, last, row := make([]int, len(b)+1), make([]int, len(b)+1), make([]int, len(b)+1)
	for j := range last {
		last[j] = j
	}
	for i := 1; i <= len(a); i++ {
		row[0] = i
		for j := 1; j <= len(b); j++ {
			replace := last[j-1]
			if a[i-1] != b[j-1] {
				replace++
			}
			row[j] = min(replace, last[j]+1, row[j-1]+1)
			if i > 1 && j > 1 && a[i-1] == b[j-2] && a[i-2] == b[j-1] {
				row[j] = min(row[j], before[j-2]+1)
			}
		}
		before, last, row = last, row, before
	}
	return last[len(b)]
}
