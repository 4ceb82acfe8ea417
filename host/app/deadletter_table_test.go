package app

import (
	"fmt"
	"slices"
	"strings"
	"testing"
)

func TestRowsLineUpAPageAtATime(t *testing.T) {
	var out strings.Builder
	table := rowTable{w: &out}
	add := func(cells ...string) {
		t.Helper()
		if err := table.add(cells...); err != nil {
			t.Fatal(err)
		}
	}
	add("A", "B", "C")
	add("1", "übers", "x")
	add("22", "", "y")
	if out.Len() > 0 {
		t.Errorf("printed before the page is full: %q", &out)
	}
	if err := table.flush(); err != nil {
		t.Fatal(err)
	}
	add("4444", strings.Repeat("w", 100), "z")
	add("5", "", "z")
	for i := range mostRows {
		add(fmt.Sprint(i), "", "z")
	}
	lines := strings.Split(out.String(), "\n")
	if want := []string{"A   B      C", "1   übers  x", "22         y"}; !slices.Equal(lines[:3], want) {
		t.Errorf("%q, want %q", lines[:3], want)
	}
	if len(lines)-1 != mostRows+3 || len(lines[4]) != 4+2+mostWide+2+1 || len(table.page) != 2 {
		t.Errorf("%d lines, the one under a wide cell has %d bytes, %d rows wait", len(lines), len(lines[4]), len(table.page))
	}
	if add("", strings.Repeat("w", mostBytes), ""); len(table.page) != 0 {
		t.Error("a page of any size is held")
	}
}
