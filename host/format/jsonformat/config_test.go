package jsonformat

import (
	"strings"
	"testing"

	"github.com/weir-stream/weir/host/option"
	"github.com/weir-stream/weir/host/schemaregistry"
)

func TestOptions(t *testing.T) {
	for _, c := range []struct {
		options string // key=value, with semicolons
		want    Config
		err     string // part of it
	}{
		{"", Config{}, ""},
		{"json.strict=true", Config{Strictness: Strict}, ""},
		{"json.strict=false", Config{}, ""},
		{"json.strict=commas, string_numbers", Config{Strictness: Commas | StringNumbers}, ""},
		{"json.strict=maybe", Config{}, "json.strict"},
		{"json.strict=commas,duplicate_key", Config{}, "did you mean duplicate_keys?"},
		{"json.timestamp_format=RFC3339", Config{}, ""},
		{"json.timestamp_format=unix_millis", Config{TimestampFormat: UnixMillis}, ""},
		{"json.timestamp_format=UnixMillis", Config{TimestampFormat: UnixMillis}, ""},
		{"json.timestamp_format=rfc3339", Config{}, "json.timestamp_format"}, // refused by Arroyo too
		{"json.decimal_encoding=number", Config{}, ""},
		{"json.decimal_encoding=string", Config{DecimalEncoding: DecimalString}, ""},
		{"json.decimal_encoding=bytes", Config{DecimalEncoding: DecimalBytes}, ""},
		{"json.decimal_encoding=text", Config{}, "json.decimal_encoding"},
		{"json.unstructured=true", Config{Unstructured: true}, ""},
		{"json.include_schema=true", Config{IncludeSchema: true}, ""},
		{"json.include_schema=true;json.unstructured=true", Config{}, "json.unstructured leaves them without"},
		{"json.include_schema=true;json.confluent_schema_registry=true", Config{},
			"at most one of `json.confluent_schema_registry` and `json.include_schema` may be set"},
		{"json.confluent_schema_registry=true", Config{Header: true}, ""},
		{"json.confluent_schema_registry=true;json.schema_id=258", Config{Header: true, Registry: schemaregistry.Config{SchemaID: 258}}, ""},
		{"json.confluent_schema_registry=true;json.schema_id=0", Config{}, "from 1 to 2147483647"},
		{"json.schema_id=258", Config{}, "only beside json.confluent_schema_registry"},
		{"json.unstructured=true;json.registry=http://localhost:8081", Config{Unstructured: true}, "not beside json.unstructured"},
		{"json.strickt=true", Config{}, "json.strict"},
	} {
		got, err := configOf(t, FromOptions, c.options)
		if c.err == "" && (err != nil || got != c.want) || c.err != "" && (err == nil || !strings.Contains(err.Error(), c.err)) {
			t.Errorf("%s: %+v, %v; want %+v, %q", c.options, got, err, c.want, c.err)
		}
	}
}

func TestDebeziumOptions(t *testing.T) {
	for options, want := range map[string]Config{
		"": {Debezium: true, TimestampFormat: UnixMillis, DecimalEncoding: DecimalBytes},
		"json.timestamp_format=RFC3339;json.decimal_encoding=number;json.include_schema=true": {Debezium: true, IncludeSchema: true},
	} {
		if got, err := configOf(t, DebeziumFromOptions, options); err != nil || got != want {
			t.Errorf("%s: %+v, %v", options, got, err)
		}
	}
	if _, err := configOf(t, DebeziumFromOptions, "json.unstructured=true"); err == nil {
		t.Error("change events have columns")
	}
}

// configOf reads options.
func configOf(t *testing.T, read func(*option.Bag) Config, options string) (Config, error) {
	t.Helper()
	bag := option.New(option.Pos{})
	for o := range strings.SplitSeq(options, ";") {
		if key, value, ok := strings.Cut(o, "="); ok {
			if err := bag.Set(key, option.Pos{}, option.Value{Text: value, Quoted: true}); err != nil {
				t.Fatal(err)
			}
		}
	}
	c := read(bag)
	return c, bag.Done()
}

func TestStrictnessSpellsItself(t *testing.T) {
	for s, want := range map[Strictness]string{0: "false", Strict: "true", Commas | UncheckedText: "commas,unchecked_text"} {
		if got := s.String(); got != want {
			t.Errorf("%s, want %s", got, want)
		}
		if c, err := configOf(t, FromOptions, "json.strict="+want); err != nil || c.Strictness != s {
			t.Errorf("%s: %v, %v", want, c.Strictness, err)
		}
	}
	if len(strictNames) != 11 || Strict != 1<<len(strictNames)-1 {
		t.Errorf("%d names for the leniencies %b", len(strictNames), Strict)
	}
}
