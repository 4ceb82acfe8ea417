package app

import (
	"fmt"
	"slices"
	"strings"

	"github.com/weir-stream/weir/host/format"
	"github.com/weir-stream/weir/host/framing"
	"github.com/weir-stream/weir/host/pipeline"
	"github.com/weir-stream/weir/internal/fault"
)

// carrying is what a sink takes of the records as it stands there.
type carrying struct {
	from    []int    // by column of the sink: the column of the source whose value it takes; -1: it is encoded
	whole   bool     // records that are the sink's already go out as they are
	patch   bool     // the values of others do
	all     bool     // the sink takes every column of the records, once, under its own name
	reasons []string // by column of the sink: why it is encoded
	why     string   // why nothing is carried
}

func (c *carrying) any() bool { return c.whole || c.patch }

// reason is why a column of the sink is encoded.
func (c *carrying) reason(column int) string {
	if !c.any() {
		return c.why
	}
	return c.reasons[column]
}

// none carries nothing.
func none(columns int, why string) carrying {
	return carrying{from: slices.Repeat([]int{-1}, columns), why: why}
}

// carry decides what a sink carries. Each record has yet to confirm it.
func (pl *plan) carry(s *sinkPlan) error {
	s.carry = pl.carrying(s)
	if s.table.passthrough && !s.carry.any() {
		return s.table.passthroughAt.Errorf("passthrough: nothing of a record can be passed through to table %s: %s", s.table.def.Name, s.carry.why)
	}
	return nil
}

func (pl *plan) carrying(s *sinkPlan) carrying {
	t := s.table
	if why := pl.barred(s); why != "" {
		return none(len(s.columns), why)
	}
	c := carrying{reasons: make([]string, len(s.columns))}
	count := 0
	for i, name := range t.def.Columns {
		from, why := pl.carried(s, s.columns[i])
		if from >= 0 && t.passthrough && pl.source.def.Columns[from].Name != name.Name {
			from, why = -1, "it has another name in the record"
		}
		c.from = append(c.from, from)
		if c.reasons[i] = why; from >= 0 {
			count++
		}
	}
	own := pl.ownNames(t, c.from)
	c.all = own && count == len(pl.source.fields())
	c.whole = t.verbatim && own && count == len(s.columns) && (c.all || t.passthrough) && pl.source.framing.Plain()
	c.patch = t.patching && (count > 0 || t.passthrough)
	switch {
	case c.whole || c.patch:
		return c
	case !t.patching:
		return none(len(s.columns), "sink.patching is off, and a record is not the sink's row as a whole")
	}
	return none(len(s.columns), "no column is as it is in the records: "+strings.Join(slices.Compact(slices.Sorted(slices.Values(c.reasons))), "; "))
}

// barred says why a sink cannot carry anything; "": it can.
func (pl *plan) barred(s *sinkPlan) string {
	t := s.table
	if !t.verbatim && !t.patching {
		return "sink.verbatim and sink.patching are off"
	}
	carrier, ok := pl.source.format.(format.Carrier)
	if !ok {
		return "records of the source's format are not carried"
	}
	if err := carrier.Carries(nil, t.format); err != nil {
		return err.Error()
	}
	if t.framing != (framing.Config{}) {
		return "the sink has a framing or a compression of its own"
	}
	for k, c := range pl.calls {
		if c.fn.manifest == nil {
			return "function " + c.fn.def.Name + " has no manifest"
		}
		if !pl.read(s, k).patch {
			return "function " + c.fn.def.Name + " gives rows of its own"
		}
	}
	return ""
}

// read is the output of call k that a sink's rows come through.
func (pl *plan) read(s *sinkPlan, k int) *callOutput {
	if c := pl.calls[k]; c.feed >= 0 {
		return &c.outputs[c.feed]
	}
	return &pl.calls[k].outputs[s.output]
}

// carried follows a column of what the sink reads back to the column of the source whose value it still is; -1 and why, where it is
// none that can be carried.
func (pl *plan) carried(s *sinkPlan, col int) (from int, why string) {
	for k := len(pl.calls) - 1; k >= 0; k-- {
		origin := pl.read(s, k).from[col]
		if origin.Emitted {
			return -1, "function " + pl.calls[k].fn.def.Name + " gives it"
		}
		col = origin.Index
	}
	def := pl.source.def.Columns[col]
	if def.Metadata != "" {
		return -1, "it is not in the record but about it"
	}
	if err := pl.source.format.(format.Carrier).Carries(def.Type, s.table.format); err != nil {
		return -1, err.Error()
	}
	return col, ""
}

// ownNames tells whether no column of the source is carried twice or under another name.
func (pl *plan) ownNames(t *table, from []int) bool {
	for i, col := range from {
		if col >= 0 && (pl.source.def.Columns[col].Name != t.def.Columns[i].Name || slices.Contains(from[:i], col)) {
			return false
		}
	}
	return true
}

// fields are the columns of a table that records have, by number.
func (t *table) fields() (columns []int) {
	for i, c := range t.def.Columns {
		if c.Metadata == "" {
			columns = append(columns, i)
		}
	}
	return columns
}

// tracing is what the source's decoder notes for all sinks that carry something.
type tracing struct {
	traced   []int    // columns of the source, in the order of their places in traces
	again    []int    // and those that are carried, in the order of their places in what is decoded again
	reserved []string // names of columns that are added to records of which everything is kept
}

// tracing is nil where no sink carries anything.
func (pl *plan) tracing() *tracing {
	t := &tracing{}
	carries := false
	for _, s := range pl.sinks {
		if !s.carry.any() {
			continue
		}
		carries = true
		for i, from := range s.carry.from {
			name := s.table.def.Columns[i].Name
			at := pl.source.field(name)
			switch {
			case from >= 0:
				t.traced, t.again = with(t.traced, from), with(t.again, from)
			case s.table.passthrough && at >= 0:
				t.traced = with(t.traced, at)
			case s.table.passthrough:
				t.reserved = with(t.reserved, name)
			}
		}
	}
	if !carries {
		return nil
	}
	return t
}

func with[T comparable](all []T, one T) []T {
	if slices.Contains(all, one) {
		return all
	}
	return append(all, one)
}

// field is the column of a name that records have, -1 where there is none.
func (t *table) field(name string) int {
	if i := columnIndex(t.def, name); i >= 0 && t.def.Columns[i].Metadata == "" {
		return i
	}
	return -1
}

// trace has the source's decoder note what the sinks carry, and what those rows need that take the ordinary path.
func (pl *plan) trace(src *pipeline.Source, fields []format.Field) error {
	t := pl.tracing()
	if t == nil {
		return nil
	}
	columns := pl.source.fields()
	var numbers []int
	for _, col := range t.traced {
		numbers = append(numbers, slices.Index(columns, col))
	}
	again := slices.Clone(fields)
	for i := range again {
		again[i].Column = slices.Index(t.again, columns[i])
	}
	f := pl.source.format
	carrier := f.(format.Carrier)
	if _, err := carrier.NewTracer(fields, numbers, t.reserved); err != nil {
		return fault.InputError(fmt.Errorf("%s: table %s: %w", pl.source.def.Pos, pl.source.def.Name, err))
	}
	src.Decoder = func() (format.Decoder, error) { return carrier.NewTracer(fields, numbers, t.reserved) }
	src.Again = pipeline.Again{
		Decoder: func() (format.Decoder, error) { return f.NewDecoder(again) },
		Schema:  pick(schema(pl.source.def), t.again),
	}
	return nil
}

// patcher has a sink carry what was decided.
func (pl *plan) patcher(s *sinkPlan, out *pipeline.Sink, fields []format.Field) {
	if !s.carry.any() {
		return
	}
	t := pl.tracing()
	c := format.Carry{Whole: s.carry.whole, Patch: s.carry.patch, All: s.carry.all, Passthrough: s.table.passthrough}
	for i, from := range s.carry.from {
		c.From, out.Again = append(c.From, slices.Index(t.traced, from)), append(out.Again, slices.Index(t.again, from))
		at := -1
		if from >= 0 {
			out.Columns[i] = -1
		} else if s.table.passthrough {
			at = slices.Index(t.traced, pl.source.field(fields[i].Name))
		}
		c.At = append(c.At, at)
	}
	carrier := s.table.format.(format.Carrier)
	out.Patcher = func() (format.Patcher, error) { return carrier.NewPatcher(fields, c) }
}
