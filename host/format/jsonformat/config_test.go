package jsonformat

import (
	"strings"
	"testing"

	"github.com/weir-stream/weir/host/option"
)

func TestOptions(t *testing.T) {
	for _, c := range []struct {
		key, value string
		want       Config
		err        string // part of it
	}{
		{"", "", Config{}, ""},
		{"json.strict", "true", Config{Strict: true}, ""},
		{"json.strict", "false", Config{}, ""},
		{"json.strict", "maybe", Config{}, "json.strict"},
		{"json.timestamp_format", "RFC3339", Config{}, ""},
		{"json.timestamp_format", "unix_millis", Config{TimestampFormat: UnixMillis}, ""},
		{"json.timestamp_format", "UnixMillis", Config{TimestampFormat: UnixMillis}, ""},
		{"json.timestamp_format", "rfc3339", Config{}, "json.timestamp_format"}, // refused by Arroyo too
		{"json.strickt", "true", Config{}, "json.strict"},
	} {
		bag := option.New(option.Pos{})
		if c.key != "" {
			if err := bag.Set(c.key, option.Pos{}, option.Value{Text: c.value, Quoted: true}); err != nil {
				t.Fatal(err)
			}
		}
		got, err := FromOptions(bag), bag.Done()
		if c.err == "" && (err != nil || got != c.want) || c.err != "" && (err == nil || !strings.Contains(err.Error(), c.err)) {
			t.Errorf("%s = %s: %+v, %v; want %+v, %q", c.key, c.value, got, err, c.want, c.err)
		}
	}
}
