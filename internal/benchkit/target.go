package benchkit

import (
	"fmt"
	"io"
)

// Target is what a figure is to reach: at least or at most.
type Target struct {
	Figure  string  `json:"figure"`
	AtLeast float64 `json:"at_least,omitempty"`
	AtMost  float64 `json:"at_most,omitempty"`
	Found   float64 `json:"found"`
	Met     bool    `json:"met"`
}

// Targets are those of a report.
type Targets []Target

// AtLeast adds a figure that is to reach least, which is above 0.
func (t *Targets) AtLeast(figure string, least, found float64) {
	*t = append(*t, Target{Figure: figure, AtLeast: least, Found: found, Met: found >= least})
}

// AtMost adds a figure that is to stay within most.
func (t *Targets) AtMost(figure string, most, found float64) {
	*t = append(*t, Target{Figure: figure, AtMost: most, Found: found, Met: found <= most})
}

// Table writes them as rows behind a table.
func (t Targets) Table(w io.Writer) {
	fmt.Fprintf(w, "\ntarget\twant\tfound\tmet\n")
	for _, target := range t {
		want := fmt.Sprintf("<= %.10g", target.AtMost)
		if target.AtLeast > 0 {
			want = fmt.Sprintf(">= %.10g", target.AtLeast)
		}
		fmt.Fprintf(w, "%s\t%s\t%.3f\t%v\n", target.Figure, want, target.Found, target.Met)
	}
}
