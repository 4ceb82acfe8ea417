package format_test

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/memory"
	"github.com/twmb/franz-go/pkg/sr"
	"github.com/twmb/franz-go/pkg/sr/srfake"

	"github.com/weir-stream/weir/host/batch"
	"github.com/weir-stream/weir/host/builtin"
	"github.com/weir-stream/weir/host/format"
	"github.com/weir-stream/weir/host/framing"
	"github.com/weir-stream/weir/host/option"
)

// formats are those that tables can name.
var formats = builtin.Formats()

// The options of the vectors are those of weir, with these exceptions.
var (
	// renamed are what Arroyo keeps in its stored configuration, where a table has an option.
	renamed = map[string]string{
		"schema_id":        "json.schema_id",
		"reader_schema":    "avro.reader_schema",
		"message_name":     "protobuf.message",
		"length_delimited": "protobuf.length_delimited",
	}
	// silent say what else there is in a vector's world. Writer schemas go to a registry.
	silent = []string{"sink", "primary_key", "env"}
	// added are the options with which weir does as Arroyo does by default.
	added = map[string][][2]string{
		"frame-004": {{"framing.newline.on_long", "truncate"}}, // by default a line that is too long is bad data
		"proto-011": {{"protobuf.defaults", "arroyo"}},         // by default an absent scalar without presence is 0
	}
	// protoSource has the messages of the Protobuf vectors, of which only some repeat their schema.
	protoSource = `syntax = "proto3";
message TestBasicTypes { bool bool_field = 1; int32 int32_field = 2; int64 int64_field = 3; uint32 uint32_field = 4;
  uint64 uint64_field = 5; float float_field = 6; double double_field = 7; }
message TestRepeatedFields { repeated int32 repeated_int = 1; repeated string repeated_string = 2; }
message TestMapFields { message NestedMessage { int32 inner_field = 1; } map<int32, string> int_to_string_map = 1;
  map<string, NestedMessage> string_to_message_map = 2; }
message TestEnumFields { enum TestEnum { UNKNOWN = 0; VALUE1 = 1; VALUE2 = 2; } TestEnum enum_field = 1; }
message TestNestedMessage { message Inner { int32 inner_field = 1; string text = 2; } Inner inner = 1; Inner other = 2; }
message TestMore { bytes bytes_field = 1; oneof choice { string text = 2; int64 number = 3; } repeated TestEnumFields.TestEnum enums = 4;
  optional int32 presence = 5; }`
)

const (
	firstID    = "writer_schema_id_" // and the id: a schema in the registry
	framesName = "frame"             // the column that takes the frames of vectors without a format
)

// table is a table as a pipeline has it.
type table struct {
	format  format.Format
	framing framing.Config
	policy  format.Policy
	columns []arrow.Field
}

// options are the vector's as the table has them.
func (v *vector) options(t testing.TB) *option.Bag {
	t.Helper()
	bag := option.New(option.Pos{File: v.ID})
	set := func(key, text string) {
		if err := bag.Set(key, option.Pos{}, option.Value{Text: text, Quoted: true}); err != nil {
			t.Fatal(err)
		}
	}
	var fake *srfake.Registry
	for _, key := range v.keys() {
		switch name, isRenamed := renamed[key]; {
		case isRenamed:
			set(name, v.option(key))
		case strings.HasPrefix(key, firstID):
			if fake == nil {
				fake = srfake.New()
				t.Cleanup(fake.Close)
				set("topic", "t")
				set("avro.registry", fake.URL())
			}
			var id int
			if _, err := fmt.Sscanf(key, firstID+"%d", &id); err != nil {
				t.Fatal(err)
			}
			fake.SeedSchema("t-value", id, id, sr.Schema{Schema: v.option(key), Type: sr.TypeAvro})
		case !slices.Contains(silent, key):
			set(key, v.option(key))
		}
	}
	for _, pair := range added[v.ID] {
		set(pair[0], pair[1])
	}
	if v.Format == "protobuf" && v.Options["protobuf.source"] == nil {
		set("protobuf.source", protoSource)
	}
	set("format", strings.Replace(v.Format, "any", "raw_string", 1))
	return bag
}

// table configures the table as a pipeline does; err is what is wrong with its options and columns.
func (v *vector) table(t testing.TB) (*table, error) {
	t.Helper()
	bag := v.options(t)
	c := &table{format: formats.Find(bag)}
	if c.framing = framing.FromOptions(bag); c.format == nil {
		return nil, bag.Err()
	}
	if blanks, ok := c.format.(format.Blanks); ok {
		c.framing.KeepBlank = blanks.BlanksAreRows()
		c.framing.SkipBlank = !c.framing.KeepBlank
	}
	c.policy = format.BadDataOptions(bag).Policy
	bag.Lookup("topic")
	if err := bag.Done(); err != nil {
		return nil, err
	}
	c.columns = v.columns(t)
	if v.Format == "any" {
		c.columns = []arrow.Field{{Name: framesName, Type: arrow.BinaryTypes.String}}
	}
	shaper, ok := c.format.(format.Shaper)
	if !ok {
		return c, nil
	}
	var err error
	c.columns, err = shaper.Shape(context.Background(), c.columns)
	return c, err
}

func (c *table) fields() (fields []format.Field) {
	for i, f := range c.columns {
		fields = append(fields, format.Field{Name: f.Name, Type: f.Type, Nullable: f.Nullable, Column: i})
	}
	return fields
}

func (c *table) builder(t testing.TB) *batch.Builder {
	mem := memory.NewCheckedAllocator(memory.DefaultAllocator)
	b := batch.NewBuilder(arrow.NewSchema(c.columns, nil), mem)
	t.Cleanup(func() { mem.AssertSize(t, 0) })
	t.Cleanup(b.Release)
	return b
}

// frames walks over the rows of a record, as a pipeline does.
type frames struct {
	splitter framing.Splitter
	unpacker format.Unpacker
}

// each tells of every row, or of what is wrong with it, until told to stop.
func (f *frames) each(record []byte, tell func(row []byte, err error) (more bool)) {
	for rest, more := record, true; more; {
		frame, remaining, ok, err := f.splitter.Next(rest)
		if !ok {
			return
		}
		rest = remaining
		if f.unpacker == nil || err != nil {
			more = tell(frame, err)
			continue
		}
		for inside := frame; more; {
			row, remaining, ok, err := f.unpacker.Next(inside)
			if !ok && err == nil {
				break
			}
			more = tell(row, err)
			inside = remaining
		}
	}
}

// rows is the JSON of the vector's rows as weir encode takes them.
func (v *vector) rows(t testing.TB) (out [][]byte) {
	t.Helper()
	var rows []map[string]any
	d := json.NewDecoder(strings.NewReader(*v.Input))
	d.UseNumber()
	if err := d.Decode(&rows); err != nil {
		t.Fatal(err)
	}
	for _, row := range rows {
		for name, value := range row {
			if plain, ok := strings.CutSuffix(name, "_b64"); ok {
				row[plain] = value
				delete(row, name)
			}
		}
		text, err := json.Marshal(row)
		if err != nil {
			t.Fatal(err)
		}
		out = append(out, text)
	}
	return out
}
