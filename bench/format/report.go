package main

import (
	"cmp"
	"fmt"
	"io"
	"slices"

	"github.com/weir-stream/weir/internal/benchkit"
)

// Measured is what an arm measured, round by round.
type Measured struct {
	Arm string `json:"arm"`
	// NanosecondsPerRecord is of codecs, RecordsPerSecond of both.
	NanosecondsPerRecord *benchkit.Figure `json:"ns_per_record,omitempty"`
	RecordsPerSecond     benchkit.Figure  `json:"records_per_second"`
	AllocationsPerRecord *benchkit.Figure `json:"allocations_per_record,omitempty"` // of arms in Go
	// ShareOfCore is how much of the time the arm had its processor, of codecs. Well below 1 others used it, and its caches.
	ShareOfCore *benchkit.Figure `json:"share_of_core,omitempty"`
}

// Figure is a figure that was asked for.
type Figure struct {
	Name  string           `json:"figure"`
	Unit  string           `json:"unit"`  // of Value, Ours and Peer
	Value benchkit.Figure  `json:"value"` // what Wanted is compared with, round by round; where Peer is another arm: how often it goes into that
	Ours  *benchkit.Figure `json:"ours,omitempty"`
	// Peer is the best of the peers by its median, under its own name.
	Peer     *benchkit.Figure `json:"peer,omitempty"`
	PeerName string           `json:"peer_name,omitempty"`
	Wanted   *float64         `json:"wanted,omitempty"`
	AtMost   bool             `json:"at_most,omitempty"` // Wanted is the most
	Met      *bool            `json:"met,omitempty"`
}

// Units of figures.
const (
	times        = "ns/record"
	rates        = "records/s"
	perRecord    = "allocations/record"
	ratioOfTimes = "ratio of " + times
	ratioOfRates = "ratio of " + rates
)

const allocationsSuffix = ", allocations per record"

// results are those of each arm, one a round.
type results map[string][]Result

func (r results) figure(arm string, number func(Result) float64) benchkit.Figure {
	var runs []float64
	for _, result := range r[arm] {
		runs = append(runs, number(result))
	}
	return benchkit.NewFigure(runs)
}

func rate(r Result) float64        { return float64(r.Records) / r.Seconds }
func nanoseconds(r Result) float64 { return 1e9 * r.Seconds / float64(r.Records) }
func allocations(r Result) float64 { return float64(r.Allocations) / float64(r.Records) }

// measured is an arm's row of the report.
func (r results) measured(name string) Measured {
	took, share := r.figure(name, nanoseconds), r.figure(name, func(r Result) float64 { return r.Seconds / r.Wall })
	m := Measured{Arm: name, NanosecondsPerRecord: &took, RecordsPerSecond: r.figure(name, rate), ShareOfCore: &share}
	if r[name][0].Allocations > 0 {
		f := r.figure(name, allocations)
		m.AllocationsPerRecord = &f
	}
	return m
}

// compare takes the ratio of rates, round by round, to the peer whose median is best.
func (r results) compare(c comparison) (Figure, error) {
	best := slices.MinFunc(c.peers, func(a, b string) int {
		return cmp.Compare(r.figure(a, nanoseconds).Median, r.figure(b, nanoseconds).Median)
	})
	for _, peer := range c.peers {
		one, other := r[c.ours][0], r[peer][0]
		if c.same && (one.Rows != other.Rows || other.Digest != "" && one.Digest != other.Digest) {
			return Figure{}, fmt.Errorf("%s: %s made %s, %s made %s", c.name, c.ours, one.made(), peer, other.made())
		}
	}
	ours, theirs := r.figure(c.ours, nanoseconds), r.figure(best, nanoseconds)
	f := Figure{Name: c.name, Unit: ratioOfTimes, Value: ratio(theirs, ours), Ours: &ours, Peer: &theirs, PeerName: best}
	return f.want(c.wanted, false), nil
}

// ratio divides one figure by another round by round.
func ratio(above, below benchkit.Figure) benchkit.Figure {
	var runs []float64
	for i, n := range above.Runs {
		runs = append(runs, n/below.Runs[i])
	}
	return benchkit.NewFigure(runs)
}

func (r results) allocations(name string) Figure {
	f := Figure{Name: name + allocationsSuffix, Unit: perRecord, Value: r.figure(name, allocations)}
	return f.want(allocationLimit, true)
}

// want says what the figure is to reach; 0: nothing.
func (f Figure) want(wanted float64, atMost bool) Figure {
	if wanted == 0 {
		return f
	}
	met := f.Value.Median >= wanted
	if atMost {
		met = f.Value.Median <= wanted
	}
	f.Wanted, f.AtMost, f.Met = &wanted, atMost, &met
	return f
}

// judge says whether all figures are what they are to be.
func (r *Report) judge() {
	r.AllAreMet = !slices.ContainsFunc(r.Figures, func(f Figure) bool { return f.Met != nil && !*f.Met })
}

// print writes the report for people.
func (r *Report) print(w io.Writer) {
	t := benchkit.Table(w)
	defer t.Flush()
	share := 1.0
	for _, m := range r.Arms {
		if m.NanosecondsPerRecord != nil {
			share = min(share, m.ShareOfCore.Median)
			m.NanosecondsPerRecord.Row(t, m.Arm+", "+times, "%.1f")
		} else {
			m.RecordsPerSecond.Row(t, m.Arm+", "+rates, "%.0f")
		}
	}
	fmt.Fprintf(t, "\nfigure\tmedian\tmin\tmax\twanted\tmet\tpeer\n")
	for _, f := range slices.Concat(r.AA, r.Figures) {
		layout, wanted, met := "%.3f", "", ""
		if f.Unit == rates {
			layout = "%.0f"
		}
		if f.Wanted != nil {
			sign := map[bool]string{false: ">=", true: "<="}[f.AtMost]
			wanted, met = fmt.Sprintf("%s %.10g", sign, *f.Wanted), fmt.Sprint(*f.Met)
		}
		fmt.Fprintf(t, "%s\t"+layout+"\t"+layout+"\t"+layout+"\t%s\t%s\t%s\n", f.Name, f.Value.Median, f.Value.Min, f.Value.Max, wanted, met, f.PeerName)
	}
	fmt.Fprintf(t, "\nload averages before\t%s\nleast share of its core that an arm of codecs had\t%.2f\n", r.Machine.Load, share)
}
