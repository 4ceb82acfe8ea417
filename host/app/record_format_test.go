package app

import (
	"bytes"
	"encoding/json"
	"strings"
	"testing"

	"github.com/weir-stream/weir/fluvio"
	"github.com/weir-stream/weir/internal/fault"
)

// formatted prints records of a topic t, partition 1, as a configuration says.
func formatted(t testing.TB, c ConsumeConfig, records ...fluvio.Record) string {
	t.Helper()
	var out bytes.Buffer
	c.Topic, c.Out = "t", &out
	p, err := newPrinter(c)
	if err != nil {
		t.Fatal(err)
	}
	for i := range records {
		if err := p.print(1, &records[i]); err != nil {
			t.Fatal(err)
		}
	}
	if err := p.w.Flush(); err != nil {
		t.Fatal(err)
	}
	return out.String()
}

func TestRecordsAreFormatted(t *testing.T) {
	records := []fluvio.Record{
		{Offset: 7, Timestamp: 1_700_000_000_123, Key: []byte("k"), Value: []byte("<a & b>")},
		{Offset: 8, Timestamp: -1, Value: []byte("\xff\n")},
	}
	for name, tc := range map[string]struct {
		config ConsumeConfig
		want   string
	}{
		"values":    {ConsumeConfig{}, "<a & b>\n\xff\n\n"},
		"key-value": {ConsumeConfig{KeyValue: true}, "[k] <a & b>\n[null] \xff\n\n"},
		"template":  {ConsumeConfig{Template: "{{offset}}{{ partition }} {{time}}"}, "71 2023-11-14T22:13:20.123Z\n81 NA\n"},
		"text":      {ConsumeConfig{Template: "}} {key}"}, "}} {key}\n}} {key}\n"},
		"json": {ConsumeConfig{JSON: true}, `{"topic":"t","partition":1,"offset":7,"timestamp":1700000000123,"key":"k","value":"<a & b>"}` + "\n" +
			`{"topic":"t","partition":1,"offset":8,"timestamp":-1,"key":null,"value_b64":"/wo="}` + "\n"},
	} {
		if got := formatted(t, tc.config, records...); got != tc.want {
			t.Errorf("%s: %q, want %q", name, got, tc.want)
		}
	}
}

func FuzzTemplate(f *testing.F) {
	f.Add("{{key}}={{ value }}")
	f.Add("{{}}")
	f.Add("{{{offset}}}")
	f.Fuzz(func(t *testing.T, text string) {
		parsed, err := parseTemplate(text)
		if err != nil {
			if fault.Of(err) != fault.Input {
				t.Error(err)
			}
			return
		}
		places := 0
		for _, piece := range parsed {
			if piece.place != nil {
				places++
			}
		}
		if places != strings.Count(text, "{{") && !strings.Contains(text, "{{{") {
			t.Errorf("%q has %d places", text, places)
		}
	})
}

func FuzzRecordAsJSON(f *testing.F) {
	f.Add([]byte("key"), []byte("value"))
	f.Add([]byte{0xff}, []byte("\u2028</script>"))
	f.Fuzz(func(t *testing.T, key, value []byte) {
		line := formatted(t, ConsumeConfig{JSON: true}, fluvio.Record{Key: key, Value: value})
		var back struct {
			Key, Value *string
			KeyB64     []byte `json:"key_b64"`
			ValueB64   []byte `json:"value_b64"`
		}
		if err := json.Unmarshal([]byte(line), &back); err != nil || strings.Count(line, "\n") != 1 {
			t.Fatalf("%q: %v", line, err)
		}
		got := back.ValueB64
		if back.Value != nil {
			got = []byte(*back.Value)
		}
		if !bytes.Equal(got, value) {
			t.Errorf("%q comes back as %q", value, got)
		}
	})
}
