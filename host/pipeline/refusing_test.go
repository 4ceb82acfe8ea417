package pipeline

import (
	"errors"
	"fmt"
	"maps"
	"strings"
	"testing"

	"github.com/weir-stream/weir/host/batch"
	"github.com/weir-stream/weir/host/connector"
	"github.com/weir-stream/weir/host/format"
	"github.com/weir-stream/weir/internal/fault"
)

// TestRowsThatASinkCannotExpress has a sink refuse every third of nine rows, under each policy.
func TestRowsThatASinkCannotExpress(t *testing.T) {
	var input []connector.Message
	for n := range 9 {
		input = append(input, connector.Message{Time: 1, Value: fmt.Appendf(nil, `{"n":%d,"s":"x"}`, n+1)})
	}
	for name, c := range map[string]struct {
		policy        format.Policy
		bounds        format.Bounds
		rows, letters int
		counted       int64 // as bad data
		err           string
	}{
		"fail":        {format.Fail, format.Bounds{}, 0, 0, 1, "test.refused: not this one; leave such rows out before they reach the sink, give the column another type, or set"},
		"drop":        {format.Drop, format.Bounds{}, 6, 0, 3, ""},
		"dead letter": {format.DeadLetter, format.Bounds{}, 6, 3, 3, ""},
		"as many":     {format.Drop, format.Bounds{Limited: true, MaxErrors: 3}, 6, 0, 3, ""},
		"one more":    {format.Drop, format.Bounds{Limited: true, MaxErrors: 2}, 6, 0, 3, "bad record number 3 of the partition in this run, and bad_data.max_errors is 2"},
		"ratio":       {format.Drop, format.Bounds{MaxRatio: 0.4, Window: 3}, 6, 0, 3, ""},
		"too many":    {format.Drop, format.Bounds{MaxRatio: 0.3, Window: 3}, 2, 0, 1, "1 of the partition's last 3 frames are bad, and bad_data.max_ratio is 0.3"},
	} {
		t.Run(name, func(t *testing.T) {
			j := simple(input)
			j.badData, j.letters, j.limits.Rows = c.policy, 1, 9
			j.sinks[0].refuses = 3
			if name != "fail" {
				j.limits.Rows = 1 // what is before the row that stops the pipeline is in the sink
			}
			b := newBench(t, j)
			config := b.config()
			config.Source.Bounds = c.bounds
			err := b.run(t.Context(), config, nil)
			if (err == nil) != (c.err == "") || err != nil && (!strings.Contains(err.Error(), c.err) || fault.Of(err) != fault.Input) {
				t.Errorf("the run ended with %v, want %q", err, c.err)
			}
			if got := len(b.mem.Records("out", 0)); got != c.rows {
				t.Errorf("%d rows are in the sink, want %d", got, c.rows)
			}
			codes := map[string]int64{}
			if c.counted > 0 {
				codes["test.refused"] = c.counted
			}
			if got := config.Stats.BadData.All(); int64(config.Stats.Rejected.Load()) != c.counted || !maps.Equal(got, codes) {
				t.Errorf("%d rows are counted as rejected, %v, want %d", config.Stats.Rejected.Load(), got, c.counted)
			}
			letters := b.mem.Records("bad", 0)
			if len(letters) != c.letters {
				t.Fatalf("%d letters, want %d", len(letters), c.letters)
			}
			for i, m := range letters {
				l := letterOf(m)
				if want := input[3*i+2].Value; string(l.Value) != string(want) || l.Offset != int64(3*i+2) || l.Message != "table out can't have the row: not this one" {
					t.Errorf("letter %d: %+v %s, want that of %s", i, l, l.Value, want)
				}
			}
		})
	}
}

// TestRefusedRowsOfManyRecordsStop has a sink refuse a row that no record alone is the reason of.
func TestRefusedRowsOfManyRecordsStop(t *testing.T) {
	tb := table{lenient: true}
	bad := &format.DataError{Code: "test.refused", Message: "not this one"}
	b := &batch.Batch{Derived: true, From: &batch.Provenance{Topic: "in"}}
	b.From.Append(4, 0, 1, nil)
	if err := tb.refuse(b, 0, bad); !errors.Is(err, error(bad)) || strings.Contains(err.Error(), "bad_data") || len(tb.refused) > 0 {
		t.Errorf("%v, %d refused", err, len(tb.refused))
	}
	b.Derived = false
	if err := tb.refuse(b, 0, bad); err != nil || len(tb.refused) != 1 {
		t.Errorf("%v, %d refused", err, len(tb.refused))
	}
	other := errors.New("a column is not the sink's")
	if err := tb.refuse(b, 0, other); !errors.Is(err, other) {
		t.Errorf("%v, want %v", err, other)
	}
}
