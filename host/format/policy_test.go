package format

import (
	"strings"
	"testing"

	"github.com/weir-stream/weir/host/option"
)

func TestPolicyOption(t *testing.T) {
	for _, c := range []struct {
		bad, topic string
		want       Policy
		wantTopic  string
		err        string // part of it
	}{
		{"", "", Fail, "", ""},
		{"fail", "", Fail, "", ""},
		{"drop", "", Drop, "", ""},
		{"dead_letter", "dead", DeadLetter, "dead", ""},
		{"dead_letter", "", DeadLetter, "", "required option 'bad_data.topic'"},
		{"ignore", "", Fail, "", "'fail'"},
		{"drop", "dead", Drop, "", "3:7: option 'bad_data.topic': want it only beside bad_data = 'dead_letter'"},
		{"", "dead", Fail, "", "only beside"},
	} {
		bag, place := option.New(option.Pos{}), option.Pos{Line: 3, Col: 7}
		for key, value := range map[string]string{"bad_data": c.bad, "bad_data.topic": c.topic} {
			if value == "" {
				continue
			}
			if err := bag.Set(key, option.Pos{}, option.Value{Text: value, Quoted: true, Pos: place}); err != nil {
				t.Fatal(err)
			}
		}
		got, topic, at := PolicyOption(bag)
		err := bag.Done()
		if got != c.want || topic != c.wantTopic || (at == place) != (topic != "") {
			t.Errorf("%q, %q: %v, %q; want %v, %q", c.bad, c.topic, got, topic, c.want, c.wantTopic)
		}
		if c.err == "" && err != nil || c.err != "" && (err == nil || !strings.Contains(err.Error(), c.err)) {
			t.Errorf("%q, %q: %v; want %q", c.bad, c.topic, err, c.err)
		}
		if c.err == "" && c.bad != "" && got.String() != c.bad {
			t.Errorf("%q is spelled %q", c.bad, got)
		}
	}
}

func TestDataErrorText(t *testing.T) {
	for want, e := range map[string]*DataError{
		"json.type: field 'a.b': expected BIGINT": {Code: "json.type", Path: "a.b", Message: "expected BIGINT"},
		"json.empty: nothing":                     {Code: "json.empty", Message: "nothing"},
	} {
		if e.Error() != want {
			t.Errorf("%q, want %q", e.Error(), want)
		}
	}
}
