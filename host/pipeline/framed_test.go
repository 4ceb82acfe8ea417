package pipeline

import (
	"testing"

	"github.com/weir-stream/weir/host/connector"
	"github.com/weir-stream/weir/host/format"
	"github.com/weir-stream/weir/host/framing"
)

// TestLettersOfFramesGoBack puts each letter's value back into its framing: as a record of the source it becomes the same letter again.
func TestLettersOfFramesGoBack(t *testing.T) {
	c := framing.Config{Method: framing.JSONArray, Compression: framing.Gzip}
	value, err := framing.Enclose("json_array gzip", []byte(`{"n":1,"s":"a"},{"n":"x"},{"n":7,"s":"b"},{"n":2,"s":"c"}`))
	must(t, err)
	torn, err := framing.Enclose("gzip", []byte(`[{"n":3,"s":"d"},{`))
	must(t, err)
	input := []connector.Message{{Time: 1, Value: value}, {Time: 1, Value: torn}, {Time: 1, Value: []byte("no gzip")},
		{Time: 1, Value: []byte("a line"), Bad: &connector.BadRecord{Code: "file.too_long", Message: "too long"}}}
	for round, want := range [][]string{{`{"n":"x"}`, `{"n":7,"s":"b"}`, `{`, "no gzip", "a line"}, {`{"n":"x"}`, `{"n":7,"s":"b"}`, `{`, "no gzip"}} {
		j := simple(input)
		j.badData, j.letters, j.chain, j.onReject = format.DeadLetter, 1, []string{"seven"}, OnReject{Letters: 0}
		b := newBench(t, j)
		config := b.config()
		config.Source.Framing, config.Source.Splitter = c, func() framing.Splitter { return framing.New(c) }
		must(t, b.run(t.Context(), config, nil))
		input = nil
		got := b.mem.Records("bad", 0)
		if len(got) != len(want) {
			t.Fatalf("round %d: %d letters, want %d", round, len(got), len(want))
		}
		for i, m := range got {
			l := letterOf(m)
			if string(l.Value) != want[i] {
				t.Errorf("round %d: letter %q, want %q", round, l.Value, want[i])
			}
			again, err := framing.Enclose(l.Framing, l.Value)
			must(t, err)
			if i < 4 { // a line that the connector could not read is none the second time
				input = append(input, connector.Message{Time: 1, Value: again})
			} else if l.Framing != "" {
				t.Errorf("a record that was never cut has the framing %q", l.Framing)
			}
		}
	}
}
