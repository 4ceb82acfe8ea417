package format

import (
	"strings"
	"testing"

	"github.com/weir-stream/weir/host/option"
)

func TestBadDataOptions(t *testing.T) {
	place := option.Pos{Line: 3, Col: 7}
	for _, c := range []struct {
		options string // KEY=VALUE, separated by blanks
		want    BadData
		err     string // part of it
	}{
		{"", BadData{}, ""},
		{"bad_data=fail", BadData{}, ""},
		{"bad_data=drop", BadData{Policy: Drop}, ""},
		{"bad_data=dead_letter bad_data.topic=dead", BadData{Policy: DeadLetter, Topic: "dead", At: place}, ""},
		{"bad_data=dead_letter", BadData{Policy: DeadLetter}, "required option 'bad_data.topic'"},
		{"bad_data=ignore", BadData{}, "'fail'"},
		{"bad_data=drop bad_data.topic=dead", BadData{Policy: Drop}, "3:7: option 'bad_data.topic': want it only beside bad_data = 'dead_letter'"},
		{"bad_data.topic=dead", BadData{}, "only beside"},
		{"bad_data=drop bad_data.max_errors=0", BadData{Policy: Drop, Bounds: Bounds{Limited: true}}, ""},
		{"bad_data=drop bad_data.max_errors=10", BadData{Policy: Drop, Bounds: Bounds{Limited: true, MaxErrors: 10}}, ""},
		{"bad_data=drop bad_data.max_errors=-1", BadData{Policy: Drop, Bounds: Bounds{Limited: true, MaxErrors: -1}}, "0 or more"},
		{"bad_data=drop bad_data.max_ratio=0.05", BadData{Policy: Drop, Bounds: Bounds{MaxRatio: 0.05, Window: DefaultWindow}}, ""},
		{"bad_data=drop bad_data.max_ratio=1 bad_data.window=20", BadData{Policy: Drop, Bounds: Bounds{MaxRatio: 1, Window: 20}}, ""},
		{"bad_data=drop bad_data.max_ratio=0", BadData{Policy: Drop, Bounds: Bounds{Window: DefaultWindow}}, "above 0"},
		{"bad_data=drop bad_data.max_ratio=5", BadData{Policy: Drop, Bounds: Bounds{MaxRatio: 5, Window: DefaultWindow}}, "above 0"},
		{"bad_data=drop bad_data.max_ratio=NaN", BadData{Policy: Drop, Bounds: Bounds{MaxRatio: 1, Window: DefaultWindow}}, "a number"},
		{"bad_data=drop bad_data.max_ratio=1 bad_data.window=0", BadData{Policy: Drop, Bounds: Bounds{MaxRatio: 1, Window: DefaultWindow}}, "1 to 1000000"},
		{"bad_data=drop bad_data.window=10", BadData{Policy: Drop}, "only beside bad_data.max_ratio"},
		{"bad_data.max_errors=10", BadData{}, "the first bad record is one too many"},
	} {
		bag := option.New(option.Pos{})
		for pair := range strings.FieldsSeq(c.options) {
			key, value, _ := strings.Cut(pair, "=")
			if err := bag.Set(key, option.Pos{}, option.Value{Text: value, Quoted: true, Pos: place}); err != nil {
				t.Fatal(err)
			}
		}
		got := BadDataOptions(bag)
		err := bag.Done()
		if got != c.want {
			t.Errorf("%s: %+v; want %+v", c.options, got, c.want)
		}
		if c.err == "" && err != nil || c.err != "" && (err == nil || !strings.Contains(err.Error(), c.err)) {
			t.Errorf("%s: %v; want %q", c.options, err, c.err)
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
