package app

import (
	"encoding/json"
	"fmt"
	"io"
	"strings"

	"github.com/weir-stream/weir/internal/fault"
)

// explained is a plan as --explain tells it.
type explained struct {
	Pipeline string          `json:"pipeline"`
	Source   string          `json:"source"`
	Decoded  []string        `json:"decoded"`      // columns that are stored
	Checked  []string        `json:"checked_only"` // columns that are checked and then left
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
}

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
		Decoded: []string{}, Checked: []string{}, Calls: []explainedCall{}, Letters: []string{},
	}
	for i, c := range pl.source.def.Columns {
		if pl.needs[i] {
			e.Decoded = append(e.Decoded, c.Name)
		} else {
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
		sink := explainedSink{Table: s.table.def.Name, Sink: s.table.connector.Describe()}
		for _, c := range s.table.def.Columns {
			sink.Columns = append(sink.Columns, c.Name)
		}
		e.Sinks = append(e.Sinks, sink)
	}
	for _, l := range pl.Config.Letters {
		e.Letters = append(e.Letters, l.Name)
	}
	return e
}

func (e explained) text() string {
	var b strings.Builder
	list := func(names []string) string {
		if len(names) == 0 {
			return "nothing"
		}
		return strings.Join(names, ", ")
	}
	fmt.Fprintf(&b, "pipeline %s\n  source   %s\n  decodes  %s\n  checks   %s\n  bad data %s\n", e.Pipeline, e.Source, list(e.Decoded), list(e.Checked), e.BadData)
	for _, c := range e.Calls {
		fmt.Fprintf(&b, "  function %s (%s)\n    sent     %s\n    outputs  %s\n    on error %s\n",
			c.Function, c.Module, list(c.Sent), strings.Join(c.Outputs, ", "), c.OnError)
	}
	for _, s := range e.Sinks {
		fmt.Fprintf(&b, "  sink     %s: %s\n    columns  %s\n", s.Table, s.Sink, list(s.Columns))
	}
	for _, l := range e.Letters {
		fmt.Fprintf(&b, "  dead letters to topic %s\n", l)
	}
	return b.String()
}
