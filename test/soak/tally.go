package main

import (
	"fmt"
	"strings"
	"sync/atomic"
	"time"
)

// tally counts what happened.
type tally struct {
	Seed  uint64
	began time.Time

	rounds, brokerKills, producerKills, consumerKills atomic.Int64
	cuts                                              atomic.Int64 // of connections
	acknowledged, checked                             atomic.Int64 // records
	duplicates                                        atomic.Int64 // of the producer without sequences
	repeats                                           atomic.Int64 // records that a killed consumer was given again
}

// summary is what is printed in the end.
type summary struct {
	Seed          uint64  `json:"seed"`
	Seconds       float64 `json:"seconds"`
	Rounds        int64   `json:"rounds"`
	BrokerKills   int64   `json:"broker_kills"`
	ProducerKills int64   `json:"producer_kills"`
	ConsumerKills int64   `json:"consumer_kills"`
	Cuts          int64   `json:"cut_connections"`
	Acknowledged  int64   `json:"acknowledged"` // records, of all producers
	Checked       int64   `json:"checked"`      // records read, of all consumers
	Duplicates    int64   `json:"duplicates"`   // records of the producer without sequences that are there again
	Repeats       int64   `json:"repeats"`      // records that killed consumers were given again
	Failure       string  `json:"failure,omitempty"`
}

func (t *tally) summary(err error) summary {
	s := summary{
		Seed: t.Seed, Seconds: time.Since(t.began).Seconds(), Rounds: t.rounds.Load(),
		BrokerKills: t.brokerKills.Load(), ProducerKills: t.producerKills.Load(), ConsumerKills: t.consumerKills.Load(), Cuts: t.cuts.Load(),
		Acknowledged: t.acknowledged.Load(), Checked: t.checked.Load(), Duplicates: t.duplicates.Load(), Repeats: t.repeats.Load(),
	}
	if err != nil {
		s.Failure = err.Error()
	}
	return s
}

// String is the summary as text, a line each.
func (s summary) String() string {
	var b strings.Builder
	line := func(name string, value any) { fmt.Fprintf(&b, "%-28s %v\n", name, value) }
	line("seed", s.Seed)
	line("seconds", fmt.Sprintf("%.1f", s.Seconds))
	line("rounds", s.Rounds)
	line("kills of the broker", s.BrokerKills)
	line("kills of producers", s.ProducerKills)
	line("kills of consumers", s.ConsumerKills)
	line("cut connections", s.Cuts)
	line("acknowledged records", s.Acknowledged)
	line("records read and checked", s.Checked)
	line("duplicates, unsequenced", s.Duplicates)
	line("repeats after kills", s.Repeats)
	if s.Failure == "" {
		line("result", "all records are where they should be")
	} else {
		line("FAILED", s.Failure)
	}
	return b.String()
}
