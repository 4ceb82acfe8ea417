//go:build linux

package chaos

import (
	"encoding/json"
	"os"
	"slices"
	"strings"
	"time"
)

// summary is what came of the seeds.
type summary struct {
	OK       bool           `json:"ok"`
	Seeds    int            `json:"seeds"`
	Passed   int            `json:"passed"`
	Failures []failure      `json:"failures"`
	Runs     int            `json:"runs"`
	Flights  int            `json:"flights"`
	Whole    int            `json:"seeds_over_all_flights"`
	Compared int            `json:"records_compared"`
	Struck   map[string]int `json:"struck"`  // faults, by kind
	Untried  []string       `json:"untried"` // kinds that never struck; not asked of few seeds
	Seconds  float64        `json:"seconds"`
}

type failure struct {
	Seed  uint64 `json:"seed"`
	Error string `json:"error"` // its first line
	Said  string `json:"said"`  // the last line of it: what the process said last, where one is to blame
	Kept  string `json:"kept"`  // the folder with everything
}

// outcome is what came of one seed.
type outcome struct {
	seed                    uint64
	flights, runs, compared int
	struck                  map[string]int
	err                     error
	kept                    string
}

func sum(all []outcome, took time.Duration) summary {
	s := summary{Seeds: len(all), Failures: []failure{}, Struck: map[string]int{}, Untried: []string{}, Seconds: took.Seconds()}
	for _, o := range all {
		s.Runs += o.runs
		s.Flights += o.flights
		s.Compared += o.compared
		if o.flights == allFlights {
			s.Whole++
		}
		if o.err != nil {
			lines := strings.Split(strings.TrimSpace(o.err.Error()), "\n")
			s.Failures = append(s.Failures, failure{o.seed, lines[0], lines[len(lines)-1], o.kept})
		}
		for kind, n := range o.struck {
			s.Struck[kind] += n
		}
	}
	s.Passed = s.Seeds - len(s.Failures)
	if s.Seeds >= wholeEvery { // fewer can't be asked for all
		s.Untried = append(s.Untried, slices.DeleteFunc(kinds(), func(kind string) bool { return s.Struck[kind] > 0 })...)
	}
	s.OK = len(s.Failures)+len(s.Untried) == 0
	return s
}

// write writes the summary to a file, where one is named.
func (s *summary) write(path string) error {
	if path == "" {
		return nil
	}
	text, err := json.MarshalIndent(s, "", "  ")
	if err != nil {
		return err
	}
	return os.WriteFile(path, append(text, '\n'), 0o644)
}
