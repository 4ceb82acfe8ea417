package main

import (
	"fmt"
	"os"

	"github.com/weir-stream/weir/internal/benchkit"
)

// Coefficients are those of the formula for the time of a recovery:
//
//	start + bytes of the sink behind the checkpoint's position / look + source records behind the checkpoint / replay
type Coefficients struct {
	Start  map[string]benchkit.Figure `json:"start_seconds"`             // by job: of a recovery with nothing to look at
	Look   benchkit.Figure            `json:"look_bytes_per_second"`     // of a look alone, without a pipeline and another writer
	Replay map[string]benchkit.Figure `json:"replay_records_per_second"` // by job: of a run in which everything is in the sink already
}

// replayed is how many source records the replay is measured over.
const replayed = 600_000

// coefficients takes them from recoveries with nothing to look at, from looks by themselves, and from runs that only replay, by job.
func coefficients(found map[string][]recovered, replays map[string][]float64) (k Coefficients) {
	k.Start, k.Replay = map[string]benchkit.Figure{}, map[string]benchkit.Figure{}
	var looks []float64
	for _, s := range situations {
		var starts []float64
		for _, r := range found[s.name] {
			starts = append(starts, r.seconds)
			if s.name != bare(s.job) { // else it is over too soon to be timed
				looks = append(looks, r.look)
			}
		}
		if s.name == bare(s.job) {
			k.Start[s.job.name] = benchkit.NewFigure(starts)
		}
	}
	for name, rates := range replays {
		k.Replay[name] = benchkit.NewFigure(rates)
	}
	k.Look = benchkit.NewFigure(looks)
	return k
}

// replay kills a lane that has written everything and has no checkpoint of it, and runs it to the end.
func (b *bench) replay(j job) (perSecond float64, err error) {
	c := &crash{bench: b, situation: situation{job: j, behind: replayed}, source: "source", sink: sinkOf(small), state: b.state()}
	defer os.RemoveAll(c.state)
	defer func() { _ = c.close() }() // there is no neighbour
	if err := c.happen(); err != nil {
		return 0, err
	}
	// What came while it was dead is written, too: it is little.
	s, _, err := b.Pipeline(b.ctx, j.env(c.source, c.sink, exactlyOnce), j.sql, "--state", c.state)
	if err != nil {
		return 0, err
	}
	if s.RecordsIn != replayed+fresh {
		return 0, fmt.Errorf("%d records were read, want %d", s.RecordsIn, replayed+fresh)
	}
	return float64(s.RecordsIn) / s.Seconds, nil
}

// seconds is what the formula says.
func (k *Coefficients) seconds(j job, r recovered) float64 {
	return k.Start[j.name].Median + float64(r.bytes)/k.Look.Median + float64(r.replayed)/k.Replay[j.name].Median
}

func (k *Coefficients) figures(s situation, all []recovered) *Figures {
	of := func(number func(recovered) float64) benchkit.Figure {
		var runs []float64
		for _, r := range all {
			runs = append(runs, number(r))
		}
		return benchkit.NewFigure(runs)
	}
	return &Figures{
		Seconds:  of(func(r recovered) float64 { return r.seconds }),
		Planned:  of(func(r recovered) float64 { return r.planned }),
		Opened:   of(func(r recovered) float64 { return r.opened }),
		Bytes:    of(func(r recovered) float64 { return float64(r.bytes) }),
		Replayed: of(func(r recovered) float64 { return float64(r.replayed) }),
		Formula:  of(func(r recovered) float64 { return k.seconds(s.job, r) }),
		Limit:    s.limit,
	}
}
