package format_test

import (
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/weir-stream/weir/host/batch"
	"github.com/weir-stream/weir/host/format"
	"github.com/weir-stream/weir/host/format/jsonformat"
	"github.com/weir-stream/weir/host/framing"
)

// deviations are the vectors to which weir has another answer, each with its reason in DEVIATIONS.md. The bank runs them
// too: one that passes is no deviation.
var deviations = []string{
	"frame-009", "verr-010", "jsoncol-001", "jsoncol-025", "avro-009", "e2e-001", "dbz-011", "dbz-022", "dbz-024", "dbz-026",
}

// TestVectors runs what Arroyo does with bytes and rows: testdata/vectors.json.
func TestVectors(t *testing.T) {
	vectors := readVectors(t, "testdata/vectors.json")
	if len(vectors) != 130 {
		t.Errorf("%d vectors, want 130", len(vectors))
	}
	if len(deviations) > 10 {
		t.Errorf("%d deviations, want at most 10", len(deviations))
	}
	why, err := os.ReadFile("DEVIATIONS.md")
	if err != nil {
		t.Fatal(err)
	}
	for _, v := range vectors {
		t.Run(v.ID, func(t *testing.T) {
			problem := v.run(t)
			deviates := slices.Contains(deviations, v.ID)
			switch {
			case deviates && problem == nil:
				t.Error("it passes, and is listed as a deviation")
			case deviates && !strings.Contains(string(why), "| "+v.ID):
				t.Error("it deviates without a reason in DEVIATIONS.md")
			case !deviates && problem != nil:
				t.Error(problem)
			}
		})
	}
}

// TestSiblings runs testdata/siblings.json: cases of the same families, from what is known of Arroyo beside its vectors, and
// of where weir differs on purpose.
func TestSiblings(t *testing.T) {
	for _, v := range readVectors(t, "testdata/siblings.json") {
		t.Run(v.ID, func(t *testing.T) {
			if err := v.run(t); err != nil {
				t.Error(err)
			}
		})
	}
}

// run returns in what weir differs.
func (v *vector) run(t *testing.T) error {
	switch {
	case events[v.ID] != nil:
		v.Schema, v.Inputs, v.Input, v.Direction = events[v.ID].columns, nil, &events[v.ID].rows, "encode"
		for _, row := range v.Expect.Rows {
			text, err := json.Marshal(row)
			if err != nil {
				t.Fatal(err)
			}
			v.Expect.Messages = append(v.Expect.Messages, string(text))
		}
		return v.encode(t)
	case v.Direction == "format":
		return v.convert(t)
	case v.Direction == "encode":
		return v.encode(t)
	}
	return v.decode(t)
}

// events are the rows that the pipelines of some vectors write: weir's sinks of change events are told what a change is.
var events = map[string]*struct {
	columns []column
	rows    string
}{
	"dbz-002": {[]column{{"counter", "Int64", true}}, `[{"before":null,"after":{"counter":0},"op":"c"},{"before":null,"after":{"counter":1},"op":"c"}]`},
	"dbz-003": {[]column{{"subtasks", "Int64", true}}, `[{"before":null,"after":{"subtasks":1},"op":"c"}]`},
}

// outcome is what became of the records.
type outcome struct {
	good     []bool // of each record: all of its rows are
	rejected []*format.DataError
	of       []int // of each rejection, the record
}

func (v *vector) decode(t *testing.T) error {
	c, err := v.table(t)
	want := v.want()
	if err != nil {
		return v.refused(err)
	}
	d, err := c.format.NewDecoder(c.fields())
	if err != nil {
		return err
	}
	b := c.builder(t)
	got, err := c.decode(v.records(t), d, b)
	if err != nil {
		return err
	}
	record := b.NewRecord()
	defer record.Release()
	switch {
	case want.Error != "":
		if len(got.rejected) == 0 {
			return errors.New("nothing is rejected")
		}
		return want.checkCodes(got.rejected)
	case len(got.rejected) > 0 && c.policy == format.Fail:
		return got.rejected[0]
	}
	if err := want.verdicts(got); err != nil {
		return err
	}
	return compareRows(record, want)
}

// refused compares what is wrong with the table's options.
func (v *vector) refused(err error) error {
	if want := v.want(); want.Error != "plan_error" || !strings.Contains(err.Error(), want.Contains) {
		return fmt.Errorf("the table is refused: %w", err)
	}
	return nil
}

// decode decodes records up to the first bad one, where the policy is to fail.
func (c *table) decode(records [][]byte, d format.Decoder, b *batch.Builder) (got outcome, err error) {
	walk := frames{splitter: framing.New(c.framing)}
	walk.unpacker, _ = d.(format.Unpacker)
	for i, record := range records {
		got.good = append(got.good, true)
		walk.each(record, func(row []byte, bad error) (more bool) {
			if bad == nil {
				bad = d.Decode(row, b)
			}
			if bad == nil {
				b.EndRow()
				return true
			}
			got.good[i] = false
			var data *format.DataError
			var cut *framing.Error
			switch {
			case errors.As(bad, &data):
			case errors.As(bad, &cut):
				data = &format.DataError{Code: cut.Code, Message: cut.Message}
			default:
				err = bad
				return false
			}
			got.rejected, got.of = append(got.rejected, data), append(got.of, i)
			return true
		})
		if err != nil || !got.good[i] && c.policy == format.Fail {
			break
		}
	}
	return got, err
}

// codes of weir for what Arroyo's validator calls a failure.
var codes = map[string][]string{
	"parse_failure": {"json.parse", "json.range", "json.type"}, "type_mismatch": {"json.type"},
	"missing_field": {"json.missing"}, "null_value": {"json.null"}, "": nil,
}

// verdicts compares which records are bad, and in what.
func (want *expectation) verdicts(got outcome) error {
	if want.GoodMask != nil && !slices.Equal(got.good, want.GoodMask) {
		return fmt.Errorf("records good %v, want %v", got.good, want.GoodMask)
	}
	seen := map[int]bool{}
	for _, m := range want.Mistaken { // weir names the first of a record
		i := slices.Index(got.of, m.Row)
		if i < 0 {
			return fmt.Errorf("record %d is not rejected", m.Row)
		}
		bad := got.rejected[i]
		if !seen[m.Row] && (!strings.HasSuffix(bad.Path, m.Path) || codes[m.Kind] != nil && !slices.Contains(codes[m.Kind], bad.Code)) {
			return fmt.Errorf("record %d: %v, want %s of %s", m.Row, bad, m.Kind, m.Path)
		}
		seen[m.Row] = true
	}
	return want.checkCodes(got.rejected)
}

// checkCodes compares what our own cases say of rejections.
func (want *expectation) checkCodes(rejected []*format.DataError) error {
	if want.Rejected == nil {
		return nil
	}
	var got []string
	for _, bad := range rejected {
		got = append(got, strings.TrimSpace(bad.Code+" "+bad.Path))
	}
	if !slices.Equal(got, want.Rejected) {
		return fmt.Errorf("rejected %q, want %q", got, want.Rejected)
	}
	return nil
}

func (v *vector) encode(t *testing.T) error {
	c, err := v.table(t)
	if err != nil {
		return v.refused(err)
	}
	e, err := c.format.NewEncoder(c.fields())
	if err != nil {
		return v.refused(err)
	}
	rows, err := jsonformat.New(jsonformat.Config{}).NewDecoder(c.fields())
	if err != nil {
		return err
	}
	b := c.builder(t)
	for _, row := range v.rows(t) {
		if err := rows.Decode(row, b); err != nil {
			return fmt.Errorf("the row %s: %w", row, err)
		}
		b.EndRow()
	}
	record := b.NewRecord()
	defer record.Release()
	if err := e.Bind(record.Columns()); err != nil {
		return err
	}
	want := v.want()
	var rejected []*format.DataError
	var got []string
	for i := range int(record.NumRows()) {
		message, err := e.Append(nil, i)
		var bad *format.DataError
		switch {
		case errors.As(err, &bad):
			rejected = append(rejected, bad)
		case err != nil:
			return err
		default:
			got = append(got, string(message))
		}
	}
	if want.Rejected == nil && len(rejected) > 0 {
		return rejected[0]
	}
	if err := want.checkCodes(rejected); err != nil {
		return err
	}
	return want.compareMessages(got)
}

func (want *expectation) compareMessages(got []string) error {
	messages := want.Messages
	for _, text := range want.Base64 {
		b, err := base64.StdEncoding.DecodeString(text)
		if err != nil {
			return err
		}
		messages = append(messages, string(b))
	}
	if len(got) != len(messages) {
		return fmt.Errorf("messages %q, want %q", got, messages)
	}
	for i, m := range messages {
		if got[i] == m {
			continue
		}
		// The order of members is Arroyo's only in messages that its row writer makes by itself.
		var a, b any
		if want.Same || json.Unmarshal([]byte(got[i]), &a) != nil || json.Unmarshal([]byte(m), &b) != nil || !reflect.DeepEqual(a, b) {
			return fmt.Errorf("message %d is %s, want %s", i, got[i], m)
		}
	}
	return nil
}
