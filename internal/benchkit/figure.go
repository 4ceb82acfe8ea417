package benchkit

import (
	"fmt"
	"io"
	"slices"
	"text/tabwriter"
)

// Figure is a measurement of several runs.
type Figure struct {
	Median float64   `json:"median"`
	Min    float64   `json:"min"`
	Max    float64   `json:"max"`
	Runs   []float64 `json:"runs"` // in the order they were made
}

// NewFigure is the figure of one run or more.
func NewFigure(runs []float64) Figure {
	sorted := slices.Sorted(slices.Values(runs))
	return Figure{Median: Quantile(sorted, 0.5), Min: sorted[0], Max: sorted[len(sorted)-1], Runs: runs}
}

// Quantile is the value below which that part of one run or more lies, interpolated between the runs beside it.
func Quantile(sorted []float64, part float64) float64 {
	at := part * float64(len(sorted)-1)
	low := int(at)
	if low+1 == len(sorted) {
		return sorted[low]
	}
	return sorted[low] + (at-float64(low))*(sorted[low+1]-sorted[low])
}

// Table begins a table of figures for people. Its columns come out when it is flushed.
func Table(w io.Writer) *tabwriter.Writer {
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	fmt.Fprintf(t, "\nfigure\tmedian\tmin\tmax\n")
	return t
}

// Row writes the figure as a row of a table, each number in a format such as %.3f.
func (f Figure) Row(t io.Writer, name, format string) {
	fmt.Fprintf(t, "%s\t"+format+"\t"+format+"\t"+format+"\n", name, f.Median, f.Min, f.Max)
}
