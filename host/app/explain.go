package app

import (
	"encoding/json"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/weir-stream/weir/internal/fault"
)

// explained is a plan as --explain tells it.
type explained struct {
	Pipeline string          `json:"pipeline"`
	Source   string          `json:"source"`
	Decoded  []string        `json:"decoded"`      // columns that are stored
	Carried  []string        `json:"carried"`      // columns that are checked, and that sinks take from the records
	Checked  []string        `json:"checked_only"` // columns that are checked and then left
	Pruning  bool            `json:"pruning"`      // false: all columns are stored
	BadData  string          `json:"bad_data"`
	Calls    []explainedCall `json:"calls"`
	Sinks    []explainedSink `json:"sinks"`
	Letters  []string        `json:"dead_letters"`
}

type explainedCall struct {
	Function string   `json:"function"`
	Module   string   `json:"module"`
	Sent     []string `json:"sent"`
	Outputs  []string `json:"outputs"`
	OnError  string   `json:"on_error"` // isolate, fail or drop_batch, and what that means here
}

type explainedSink struct {
	Table   string   `json:"table"`
	Sink    string   `json:"sink"`
	Columns []string `json:"columns"`
	// What records permit, each for itself: Verbatim, to go out as they came; Patched, that their values do. The values of the columns
	// Carried are then those of the record. Reason says why neither is possible.
	Verbatim    bool             `json:"verbatim"`
	Patched     bool             `json:"patched"`
	Passthrough bool             `json:"passthrough"`
	Carried     []string         `json:"carried"`
	Encoded     []explainedValue `json:"encoded"`
	Reason      string           `json:"reason,omitempty"`
}

// explainedValue is a column whose values are encoded.
type explainedValue struct {
	Column string `json:"column"`
	Reason string `json:"reason"` // why they are not those of the record
}

func (v explainedValue) String() string { return v.Column + " (" + v.Reason + ")" }

// explain prints plans without running them.
func explain(w io.Writer, plans []*plan, asJSON bool) error {
	for _, p := range plans {
		e := p.explained()
		var err error
		if asJSON {
			err = json.NewEncoder(w).Encode(e)
		} else {
			_, err = io.WriteString(w, e.text())
		}
		if err != nil {
			return fault.EnvironmentError(err)
		}
	}
	return nil
}

func (pl *plan) explained() explained {
	e := explained{
		Pipeline: pl.Config.Name, Source: pl.source.connector.Describe(), BadData: pl.source.badData.String(),
		Decoded: []string{}, Carried: []string{}, Checked: []string{}, Pruning: pl.source.pruning, Calls: []explainedCall{}, Letters: []string{},
	}
	for i, c := range pl.source.def.Columns {
		switch {
		case pl.needs[i]:
			e.Decoded = append(e.Decoded, c.Name)
		case pl.carries(i):
			e.Carried = append(e.Carried, c.Name)
		default:
			e.Checked = append(e.Checked, c.Name)
		}
	}
	for i, c := range pl.calls {
		call := explainedCall{Function: c.fn.def.Name, Module: c.fn.hash, Sent: []string{}, OnError: explainFailure(&pl.stages[i])}
		for _, col := range c.send {
			call.Sent = append(call.Sent, c.input.Field(col).Name)
		}
		for _, o := range c.outputs {
			kind := "batch"
			if o.patch {
				kind = "patch"
			}
			call.Outputs = append(call.Outputs, fmt.Sprintf("'%s' (%s)", o.name, kind))
		}
		e.Calls = append(e.Calls, call)
	}
	for _, s := range pl.sinks {
		e.Sinks = append(e.Sinks, s.explained())
	}
	for _, l := range pl.Config.Letters {
		e.Letters = append(e.Letters, l.Name)
	}
	return e
}

// carries tells whether a sink takes a column of the source from the records.
func (pl *plan) carries(col int) bool {
	return slices.ContainsFunc(pl.sinks, func(s *sinkPlan) bool { return slices.Contains(s.carry.from, col) })
}

func (s *sinkPlan) explained() explainedSink {
	e := explainedSink{
		Table: s.table.def.Name, Sink: s.table.connector.Describe(), Verbatim: s.carry.whole, Patched: s.carry.patch,
		Passthrough: s.table.passthrough, Carried: []string{}, Encoded: []explainedValue{}, Reason: s.carry.why,
	}
	for i, c := range s.table.def.Columns {
		e.Columns = append(e.Columns, c.Name)
		if s.carry.from[i] >= 0 {
			e.Carried = append(e.Carried, c.Name)
		} else {
			e.Encoded = append(e.Encoded, explainedValue{c.Name, s.carry.reason(i)})
		}
	}
	return e
}

// records says how the sink's records are made.
func (e *explainedSink) records() string {
	if !e.Verbatim && !e.Patched {
		return "encoded: " + e.Reason
	}
	how := "encoded"
	if e.Patched {
		how = fmt.Sprintf("patched: as in the record %s; encoded %s", list(e.Carried), list(e.Encoded))
	}
	if e.Verbatim && e.Passthrough {
		how = "verbatim where they have all the sink's columns, else " + how
	} else if e.Verbatim {
		how = "verbatim where they have the sink's columns and no others, else " + how
	}
	if e.Passthrough {
		how += "; what else they hold goes along"
	}
	return how
}

func list[T any](all []T) string {
	if len(all) == 0 {
		return "nothing"
	}
	var b strings.Builder
	for i, one := range all {
		if i > 0 {
			b.WriteString(", ")
		}
		fmt.Fprint(&b, one)
	}
	return b.String()
}

func (e explained) text() string {
	var b strings.Builder
	fmt.Fprintf(&b, "pipeline %s\n  source   %s\n  decodes  %s\n  carries  %s\n  checks   %s\n  bad data %s\n",
		e.Pipeline, e.Source, list(e.Decoded), list(e.Carried), list(e.Checked), e.BadData)
	if !e.Pruning {
		b.WriteString("  pruning  off: all columns are decoded\n")
	}
	for _, c := range e.Calls {
		fmt.Fprintf(&b, "  function %s (%s)\n    sent     %s\n    outputs  %s\n    on error %s\n",
			c.Function, c.Module, list(c.Sent), strings.Join(c.Outputs, ", "), c.OnError)
	}
	for _, s := range e.Sinks {
		fmt.Fprintf(&b, "  sink     %s: %s\n    columns  %s\n    records  %s\n", s.Table, s.Sink, list(s.Columns), s.records())
	}
	for _, l := range e.Letters {
		fmt.Fprintf(&b, "  dead letters to topic %s\n", l)
	}
	return b.String()
}
