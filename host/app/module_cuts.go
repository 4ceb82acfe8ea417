package app

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"strings"

	"github.com/weir-stream/weir/host/deadletter"
	"github.com/weir-stream/weir/host/option"
	"github.com/weir-stream/weir/internal/fault"
)

// answers is everything of a run that must not depend on where batches are cut: rows by output, and rejected rows.
type answers struct {
	rows     map[string][]string
	rejected []string
	bytes    int
}

// mostAnswers bounds what is kept for comparison, in bytes.
const mostAnswers = 512 << 20

func (a *answers) keep(list []string, line []byte) ([]string, error) {
	const each = 16 // for the text's header
	if a.bytes += len(line) + each; a.bytes > mostAnswers {
		return list, fault.Inputf("--cuts: more than %d MiB came out, too much to compare; take a smaller input", mostAnswers>>20)
	}
	return append(list, string(line)), nil
}

// row is next, but keeps the rows.
func (a *answers) row(next func(string, []byte) error) func(string, []byte) error {
	a.rows = map[string][]string{}
	return func(output string, row []byte) (err error) {
		if a.rows[output], err = a.keep(a.rows[output], row); err != nil {
			return err
		}
		return next(output, row)
	}
}

// reject is next, but keeps the rejected rows.
func (a *answers) reject(next func(*deadletter.Letter) error) func(*deadletter.Letter) error {
	return func(l *deadletter.Letter) (err error) {
		if a.rejected, err = a.keep(a.rejected, rejectedLine(l)); err != nil {
			return err
		}
		return next(l)
	}
}

// difference is the first one between two runs.
type difference struct{ text string }

func (d *difference) Error() string { return d.text }

// comparison holds a run against the answers of another.
type comparison struct {
	want     *answers
	rows     map[string]int // that have come, by output
	rejected int
}

func (c *comparison) row(output string, row []byte) error {
	n := c.rows[output]
	c.rows[output]++
	return differs(row, c.want.rows[output], n, "row "+fmt.Sprint(n)+of(output))
}

func (c *comparison) reject(l *deadletter.Letter) error {
	c.rejected++
	return differs(rejectedLine(l), c.want.rejected, c.rejected-1, fmt.Sprintf("rejected row %d", c.rejected-1))
}

// end finds what has not come.
func (c *comparison) end() error {
	for _, output := range slices.Sorted(maps.Keys(c.want.rows)) {
		if n, rows := c.rows[output], c.want.rows[output]; n < len(rows) {
			return &difference{fmt.Sprintf("row %d%s is missing: %s", n, of(output), excerpt(rows[n]))}
		}
	}
	if rows := c.want.rejected; c.rejected < len(rows) {
		return &difference{fmt.Sprintf("rejected row %d is missing: %s", c.rejected, excerpt(rows[c.rejected]))}
	}
	return nil
}

func differs(got []byte, want []string, n int, what string) error {
	switch {
	case n >= len(want):
		return &difference{fmt.Sprintf("%s comes on top: %s", what, excerpt(string(got)))}
	case string(got) != want[n]:
		return &difference{fmt.Sprintf("%s is %s, where it was %s", what, excerpt(string(got)), excerpt(want[n]))}
	}
	return nil
}

// of names an output; the default one needs no name.
func of(output string) string {
	if output == "" {
		return ""
	}
	return " of output " + option.Show(output)
}

// excerpt cuts a long row.
func excerpt(row string) string {
	const most = 300
	if len(row) <= most {
		return row
	}
	return strings.ToValidUTF8(row[:most], "") + "…"
}

// compare runs the input once more with batches cut at random, and holds what comes out against want.
func (r *rig) compare(ctx context.Context, want *answers, seed uint64) error {
	c := &comparison{want: want, rows: map[string]int{}}
	err := r.run(ctx, &rigRun{row: c.row, reject: c.reject}, rand.New(rand.NewPCG(seed, 0)))
	if err == nil {
		err = c.end()
	}
	var found *difference
	switch {
	case err == nil:
		return nil
	case errors.As(err, &found):
		return fault.Inputf("%s answers otherwise when batches are cut otherwise: %w (rows are counted from 0); --cuts 1 --seed %d shows it again", r.Path, found, seed)
	case fault.Of(err) != fault.Input:
		return err
	}
	return fault.Inputf("%s fails when batches are cut otherwise: %w; --cuts 1 --seed %d shows it again", r.Path, err, seed)
}
