package schemaregistry

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/weir-stream/weir/host/option"
	"github.com/weir-stream/weir/internal/fault"
)

func bag(t *testing.T, pairs ...string) *option.Bag {
	t.Helper()
	b := option.New(option.Pos{File: "t.sql", Line: 1, Col: 1})
	for i := 0; i < len(pairs); i += 2 {
		at := option.Pos{File: "t.sql", Line: i/2 + 2, Col: 5}
		if err := b.Set(pairs[i], at, option.Value{Text: pairs[i+1], Quoted: true, Pos: at}); err != nil {
			t.Fatal(err)
		}
	}
	return b
}

func TestOptions(t *testing.T) {
	const u = "http://localhost:8081"
	for _, tc := range []struct {
		options []string
		given   bool
		want    Config
		err     string // part of it
	}{
		{nil, false, Config{}, ""},
		{[]string{"avro.registry", u}, true, Config{URL: u, Timeout: DefaultTimeout, Prefix: "avro."}, ""},
		{[]string{"avro.registry", u, "avro.registry.user", "u", "avro.registry.password", "p", "avro.registry.ca_file", "f", "avro.registry.timeout", "1s",
			"avro.subject", "s", "avro.subject_strategy", "topic_record_name", "avro.topic", "t", "avro.register", "true",
			"avro.schema_version", "4"}, true,
			Config{URL: u, User: "u", Password: "p", CAFile: "f", Timeout: time.Second, Subject: "s", Strategy: TopicRecordName, Topic: "t", Register: true,
				SchemaVersion: 4, Prefix: "avro."}, ""},
		{[]string{"avro.registry", u, "avro.schema_id", "3"}, true, Config{URL: u, Timeout: DefaultTimeout, SchemaID: 3, Prefix: "avro."}, ""},
		{[]string{"avro.registry", u, "avro.schema_id", "3", "avro.schema_version", "4"}, true, Config{},
			"option 'avro.schema_version': want no version beside 'avro.schema_id', which names a schema already, got '4'"},
		{[]string{"avro.registry", u, "avro.registry.token", "x"}, true, Config{URL: u, Token: "x", Timeout: DefaultTimeout, Prefix: "avro."}, ""},
		{[]string{"avro.registry", ""}, true, Config{}, "t.sql:2:5: option 'avro.registry': want text"},
		{[]string{"avro.registry", "localhost:8081"}, true, Config{},
			"want the URL of a schema registry such as 'http://localhost:8081', got 'localhost:8081'"},
		{[]string{"avro.registry", "ftp://x"}, true, Config{}, "want the URL"},
		{[]string{"avro.registry", u + "/?key=hunter2"}, true, Config{}, "want the URL of a schema registry such as 'http://localhost:8081', got '***'"},
		{[]string{"avro.registry.user", "u"}, false, Config{}, "option 'avro.registry.user' needs 'avro.registry'"},
		{[]string{"avro.registy", u}, false, Config{}, "did you mean 'avro.registry'"},
		{[]string{"avro.registry", u, "avro.registry.password", "hunter2"}, true, Config{}, "required option 'avro.registry.user'"},
		{[]string{"avro.registry", u, "avro.registry.user", "u", "avro.registry.token", "hunter2"}, true, Config{}, "no user beside 'avro.registry.token'"},
		{[]string{"avro.registry", u, "avro.registry.timeout", "0s"}, true, Config{}, "avro.registry.timeout"},
		{[]string{"avro.registry", u, "avro.subject_strategy", "topic"}, true, Config{}, "'topic_name', 'record_name', 'topic_record_name'"},
		{[]string{"avro.registry", u, "avro.schema_id", "0"}, true, Config{}, "avro.schema_id"},
		{[]string{"avro.registry", u, "avro.schema_version", "2147483648"}, true, Config{}, "avro.schema_version"},
		{[]string{"avro.registry", u, "avro.schema_version", "x"}, true, Config{}, "avro.schema_version"},
	} {
		b := bag(t, tc.options...)
		got, given := FromOptions(b, "avro")
		switch err := b.Done(); {
		case tc.err == "" && (err != nil || got != tc.want):
			t.Errorf("%q: %+v, %v", tc.options, got, err)
		case tc.err != "" && (err == nil || !strings.Contains(err.Error(), tc.err) || strings.Contains(err.Error(), "hunter2")):
			t.Errorf("%q: %v; want an error with %q", tc.options, err, tc.err)
		}
		if given != tc.given {
			t.Errorf("%q: given %v", tc.options, given)
		}
	}
	b := bag(t, "json.registry", u, "topic", "flights")
	if got, _ := FromOptions(b, "json"); got.Topic != "flights" || len(b.Keys()) != 1 {
		t.Errorf("%+v, left %q", got, b.Keys())
	}
}

func TestSecretsDoNotShow(t *testing.T) {
	c := Config{URL: "http://x", User: "u", Password: "hunter2", Token: "hunter2"}
	marshalled, err := json.Marshal(c)
	if err != nil {
		t.Fatal(err)
	}
	shown := fmt.Sprintf("%v %+v %#v %s %q %s", c, c, c, c.Password, c.Token, marshalled)
	if strings.Contains(shown, "hunter2") {
		t.Error(shown)
	}
	b := bag(t, "avro.registry", "http://u:hunter2@h:1")
	got, _ := FromOptions(b, "avro")
	if err := b.Done(); err != nil {
		t.Error(err)
	}
	b.Reject("avro.registry", "another") // as formats do whose client can't be made
	if err := b.Err(); !strings.HasSuffix(err.Error(), "want another, got '***'") {
		t.Error(err)
	}
	_, err = New(got)
	if wantErr(t, err, fault.Input, "it holds a user; use the options"); strings.Contains(err.Error(), "hunter2") {
		t.Error(err)
	}
}

func TestConfigurationsThatCanNotWork(t *testing.T) {
	for text, c := range map[string]Config{
		"can't be parsed":      {URL: "http://a b/%zz"},
		"begin with http":      {URL: ""},
		"no host":              {URL: "http:///x"},
		"a query":              {URL: "http://x/?a"},
		"registry.token holds": {URL: "http://x", Token: "hunter2\n"},
		"without":              {URL: "http://x", Password: "hunter2"},
		"both":                 {URL: "http://x", User: "u", Token: "hunter2"},
		"colon":                {URL: "http://x", User: "u:v"},
	} {
		_, err := New(c)
		if wantErr(t, err, fault.Input, text); err != nil && strings.Contains(err.Error(), "hunter2") {
			t.Error(err)
		}
	}
}
