package format_test

import (
	"strings"
	"testing"

	"github.com/weir-stream/weir/host/format"
	"github.com/weir-stream/weir/host/option"
)

func TestLimitOptions(t *testing.T) {
	for _, c := range []struct {
		key, text string
		want      format.Limits
		refused   string
	}{
		{"limit.depth", "1", format.Limits{Depth: 1}, ""},
		{"limit.depth", "1024", format.Limits{Depth: 1024}, ""},
		{"limit.depth", "0", format.Limits{}, "1 to 1024"},
		{"limit.depth", "1025", format.Limits{}, "1 to 1024"},
		{"limit.fields", "67108864", format.Limits{Fields: 1 << 26}, ""},
		{"limit.fields", "67108865", format.Limits{}, "1 to 67108864"},
		{"limit.fields", "many", format.Limits{Fields: 1}, "a whole number"},
		{"limit.string", "64", format.Limits{String: 64}, ""},
		{"limit.string", "2MB", format.Limits{String: 2 << 20}, ""},
		{"limit.string", "63", format.Limits{}, "64 to 1073741824"},
		{"limit.string", "2GB", format.Limits{}, "64 to 1073741824"},
		{"other", "1", format.Limits{}, ""},
	} {
		bag := option.New(option.Pos{})
		if err := bag.Set(c.key, option.Pos{}, option.Value{Text: c.text}); err != nil {
			t.Fatal(err)
		}
		got, err := format.LimitOptions(bag), bag.Err()
		if got != c.want || (err == nil) != (c.refused == "") || err != nil && !strings.Contains(err.Error(), c.refused) {
			t.Errorf("%s = %s: %+v, %v", c.key, c.text, got, err)
		}
	}
	want := format.Limits{Depth: 7, Fields: format.DefaultFields, String: format.DefaultString}
	if got := (format.Limits{}).OrDefault(7); got != want {
		t.Errorf("defaults: %+v", got)
	}
}
