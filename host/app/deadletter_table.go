package app

import (
	"io"
	"strings"
	"unicode/utf8"
)

// rowTable prints rows of which there may be any number in columns that line up. It holds a page of them: a column is as wide as its widest
// cell until the end of the page, a cell that is wider than a column gets sticks out.
type rowTable struct {
	w      io.Writer
	page   [][]string
	bytes  int // in its cells
	widths []int
}

const (
	mostRows  = 256 // of a page
	mostBytes = 1 << 18
	mostWide  = 64 // of a column, in characters
)

// add prints a row when its page is full, at the latest with flush.
func (t *rowTable) add(cells ...string) error {
	if t.widths == nil {
		t.widths = make([]int, len(cells))
	}
	for i, c := range cells {
		t.bytes += len(c)
		t.widths[i] = max(t.widths[i], min(utf8.RuneCountInString(c), mostWide))
	}
	if t.page = append(t.page, cells); len(t.page) < mostRows && t.bytes < mostBytes {
		return nil
	}
	return t.flush()
}

func (t *rowTable) flush() error {
	var text strings.Builder
	for _, cells := range t.page {
		for i, c := range cells {
			text.WriteString(c)
			if i < len(cells)-1 {
				text.WriteString(strings.Repeat(" ", max(t.widths[i]-utf8.RuneCountInString(c), 0)+2))
			}
		}
		text.WriteByte('\n')
	}
	clear(t.page)
	t.page, t.bytes = t.page[:0], 0
	_, err := io.WriteString(t.w, text.String())
	return err
}
