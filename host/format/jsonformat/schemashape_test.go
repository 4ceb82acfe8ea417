package jsonformat

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/twmb/franz-go/pkg/sr"
	"github.com/twmb/franz-go/pkg/sr/srfake"

	"github.com/weir-stream/weir/host/format"
	"github.com/weir-stream/weir/host/option"
	"github.com/weir-stream/weir/host/schemaregistry"
	"github.com/weir-stream/weir/internal/fault"
)

const tripSchema = `{"type":"object","properties":{
	"carrier":{"type":"string"}, "n":{"type":"integer"}, "at":{"type":"string","format":"date-time"}, "x":{"type":"number"},
	"legs":{"type":"array","items":{"type":"object","properties":{"to":{"type":"string"}}}}, "tags":{"type":"object","additionalProperties":{"type":"string"}}},
	"required":["carrier"], "additionalProperties":false}`

const tripColumns = "carrier TEXT NOT NULL, n BIGINT, at TIMESTAMP, x DOUBLE, legs ARRAY<STRUCT<to TEXT> NOT NULL>, tags MAP<TEXT, TEXT NOT NULL>"

func shapeOf(c Config, declared ...arrow.Field) ([]arrow.Field, error) {
	return New(c).(format.Shaper).Shape(context.Background(), declared)
}

func TestTablesHaveTheColumnsOfTheirSchema(t *testing.T) {
	got, err := shapeOf(Config{Schema: tripSchema})
	if err != nil || spell(got) != tripColumns {
		t.Errorf("%s, %v; want %s", spell(got), err, tripColumns)
	}
	got, err = shapeOf(Config{Schema: tripSchema, Debezium: true})
	if err != nil || len(got) != 3 || spell(got[2:]) != "op TEXT NOT NULL" || !strings.Contains(spell(got[:1]), "n BIGINT") {
		t.Errorf("%s, %v", spell(got), err)
	}
	row := `{"type":["object","null"],"properties":{"n":{"type":"integer"}}}`
	events := `{"type":"object","properties":{"op":{"type":"string"},"source":{"type":"object"},"before":` + row + `,"after":` + row + `}}`
	const want = "before STRUCT<n BIGINT>, after STRUCT<n BIGINT>, op TEXT NOT NULL"
	if got, err = shapeOf(Config{Schema: events, Debezium: true}); err != nil || spell(got) != want {
		t.Errorf("%s, %v", spell(got), err)
	}
}

func TestDeclaredColumnsFitTheSchema(t *testing.T) {
	for declared, wrong := range map[string]string{
		"carrier TEXT, n BIGINT":                         "",
		"carrier JSON, n SMALLINT UNSIGNED, at TEXT":     "",
		"n DECIMAL(10, 2), at DATE, x BIGINT, tags JSON": "",
		"legs LIST<STRUCT<to TEXT, other BIGINT>>":       "",
		"tags STRUCT<a TEXT>":                            "",
		"legs LIST<MAP<TEXT, TEXT>>":                     "",
		"carrier BIGINT":                                 `column "carrier" is declared BIGINT, and by the schema it is TEXT`,
		"n BOOLEAN":                                      `column "n" is declared BOOLEAN`,
		"legs STRUCT<to TEXT>":                           `column "legs" is declared STRUCT<to TEXT>, and by the schema it is ARRAY<STRUCT<to TEXT> NOT NULL>`,
		"legs LIST<STRUCT<to BIGINT>>":                   `column "legs[].to" is declared BIGINT`,
		"legs LIST<MAP<TEXT, BIGINT>>":                   `column "legs[].to" is declared BIGINT`,
		"tags STRUCT<a BIGINT>":                          `column "tags.a" is declared BIGINT`,
		"tags MAP<TEXT, BIGINT>":                         `column "tags{}" is declared BIGINT`,
		"tags LIST<TEXT>":                                `column "tags" is declared`,
		"carier TEXT":                                    `no property "carier" for the column, and allows no others: it has carrier, n, at`,
	} {
		columns := columnsOf(declared)
		got, err := shapeOf(Config{Schema: tripSchema}, columns...)
		if wrong == "" && (err != nil || spell(got) != spell(columns)) || wrong != "" && (err == nil || !strings.Contains(err.Error(), wrong)) {
			t.Errorf("%s: %v, want %q", declared, err, wrong)
		}
		if err != nil && fault.Of(err) != fault.Input {
			t.Errorf("%s: class %v", declared, fault.Of(err))
		}
	}
	if _, err := shapeOf(Config{Schema: tripSchema, Strictness: IntegerFractions}, columnsOf("x BIGINT")...); err == nil {
		t.Error("a fraction fits no BIGINT where none is dropped")
	}
}

func TestColumnsFromARegistry(t *testing.T) {
	reg := srfake.New()
	defer reg.Close()
	config := Config{Registry: schemaregistry.Config{URL: reg.URL(), Subject: "trips"}}
	if _, err := shapeOf(config); !errors.Is(err, schemaregistry.ErrNotFound) || fault.Of(err) != fault.Input {
		t.Errorf("nothing is registered: %v", err)
	}
	client, err := sr.NewClient(sr.URLs(reg.URL()))
	if err != nil {
		t.Fatal(err)
	}
	ctx := context.Background()
	if _, err := client.CreateSchema(ctx, "leg", sr.Schema{Type: sr.TypeJSON, Schema: `{"type":"object","properties":{"to":{"type":"string"}}}`}); err != nil {
		t.Fatal(err)
	}
	trip := `{"type":"object","properties":{"n":{"type":"integer"},"leg":{"$ref":"leg.json"}}}`
	if _, err = client.CreateSchema(ctx, "trips", sr.Schema{Type: sr.TypeJSON, Schema: trip,
		References: []sr.SchemaReference{{Name: "leg.json", Subject: "leg", Version: 1}}}); err != nil {
		t.Fatal(err)
	}
	const want = "n BIGINT, leg STRUCT<to TEXT>"
	if got, err := shapeOf(config); err != nil || spell(got) != want {
		t.Errorf("%s, %v", spell(got), err)
	}
	if _, err := shapeOf(config, columnsOf("leg TEXT")...); err == nil || !strings.Contains(err.Error(), `column "leg"`) {
		t.Errorf("declared otherwise: %v", err)
	}
	config.Header, config.Registry.Subject = true, "yet to come"
	if _, err := shapeOf(config, columnsOf("leg TEXT")...); err != nil {
		t.Errorf("headers of a subject that is registered later: %v", err)
	}
	config.Registry.URL, config.Registry.Timeout = "http://127.0.0.1:1", 100*time.Millisecond
	if _, err := shapeOf(config); fault.Of(err) != fault.Environment {
		t.Errorf("a registry that is not there: %v", err)
	}
}

func TestSchemaOptions(t *testing.T) {
	folder := t.TempDir()
	if err := os.WriteFile(filepath.Join(folder, "trip.json"), []byte(tripSchema), 0o600); err != nil {
		t.Fatal(err)
	}
	for options, want := range map[string]string{
		"json.schema=" + tripSchema:                         "",
		"json.schema_file=trip.json":                        "",
		"json.schema_file=" + folder + "/trip.json":         "",
		"json.schema_file=trips.json":                       "a file that can be read",
		"json.schema_file=trip.json;json.schema={}":         "only one of",
		`json.schema={"type":"array"}`:                      "want a JSON Schema of an object (its root is not an object",
		"json.schema={}":                                    "its root is not an object",
		"json.schema_file=trip.json;json.unstructured=true": "json.unstructured",
		"limit.depth=0":                                     "limit.depth",
		"limit.depth=5;limit.fields=7;limit.string=64KB":    "",
	} {
		bag := option.New(option.Pos{})
		at := option.Pos{File: filepath.Join(folder, "pipeline.sql")}
		for o := range strings.SplitSeq(options, ";") {
			key, value, _ := strings.Cut(o, "=")
			if err := bag.Set(key, at, option.Value{Text: value, Quoted: true, Pos: at}); err != nil {
				t.Fatal(err)
			}
		}
		c := FromOptions(bag)
		err := bag.Done()
		if want == "" && err != nil || want != "" && (err == nil || !strings.Contains(err.Error(), want)) {
			t.Errorf("%s: %v, want %q", options, err, want)
		}
		if got := c.Schema; strings.Contains(options, "schema") && want == "" && got != tripSchema {
			t.Errorf("%s: %q", options, got)
		}
	}
}
