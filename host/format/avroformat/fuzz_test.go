package avroformat

import (
	"testing"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/memory"

	"github.com/weir-stream/weir/host/batch"
	"github.com/weir-stream/weir/host/format"
	"github.com/weir-stream/weir/host/schemaregistry"
	"github.com/weir-stream/weir/host/types"
)

// fuzzSchema has every op.
const fuzzSchema = `{"type":"record","name":"R","fields":[
{"name":"b","type":["null","boolean"]},{"name":"i","type":"int"},{"name":"l","type":["long","null"]},{"name":"f","type":"float"},
{"name":"t","type":"string"},{"name":"y","type":["null","bytes"]},
{"name":"skipped","type":{"type":"map","values":["string",{"type":"array","items":"null"}]}},
{"name":"d","type":{"type":"bytes","logicalType":"decimal","precision":20,"scale":4}},
{"name":"id","type":["null",{"type":"string","logicalType":"uuid"}]},
{"name":"e","type":{"type":"enum","name":"E","symbols":["A","B"]}},{"name":"x","type":{"type":"fixed","name":"X","size":12,"logicalType":"duration"}},
{"name":"n","type":{"type":"array","items":{"type":"record","name":"N","fields":[{"name":"p","type":"double"},
{"name":"m","type":{"type":"map","values":["null","int"]}}]}}},
{"name":"u","type":["null","int","string",{"type":"record","name":"T","fields":[{"name":"next","type":["null","T"]},{"name":"e","type":"E"}]}]},
{"name":"ts","type":{"type":"long","logicalType":"timestamp-millis"}}]}`

func fuzzColumns(t testing.TB) []arrow.Field {
	var columns []arrow.Field
	for _, c := range table(t, fuzzSchema) {
		if c.Name != "skipped" {
			columns = append(columns, c)
		}
	}
	return append(columns, declared("none", types.List(arrow.PrimitiveTypes.Int64, true), true))
}

var fuzzDatum = []byte("\x02\x01\x07\x00\x09\x00\x00\x80\x3f\x04hi\x02\x02\xff\x02\x02k\x00\x02v\x00\x04\x30\x39\x00\x02" +
	"\x01\x00\x00\x00\x02\x00\x00\x00\x03\x00\x00\x00\x02\x00\x00\x00\x00\x00\x00\x00\x00\x02\x02k\x02\x08\x00\x00\x06\x02\x00\x02\x00\x0a")

// fuzz decodes any bytes, and then the good frame, which must give the row that it always gives.
func fuzz(f *testing.F, c Config, good []byte) {
	columns := fuzzColumns(f)
	made, err := New(c)
	if err != nil {
		f.Fatal(err)
	}
	d, err := made.NewDecoder(fieldsFor(columns))
	if err != nil {
		f.Fatal(err)
	}
	b := bench{d, batch.NewBuilder(arrow.NewSchema(columns, nil), memory.DefaultAllocator)}
	want := b.rows(good)
	if len(want) == 0 || want[0] == "" || want[0][0] != '{' {
		f.Fatalf("the good frame gives %q", want)
	}
	f.Add(good)
	f.Add(good[:len(good)/2])
	f.Add([]byte{})
	f.Fuzz(func(t *testing.T, frame []byte) {
		walk(t, b, frame)
		if got := b.rows(good); len(got) != len(want) || got[0] != want[0] {
			t.Fatalf("the good frame gives %q, want %q", got, want)
		}
	})
}

// walk decodes a frame; only data errors may come of it.
func walk(t testing.TB, b bench, frame []byte) {
	decode := func(row []byte) {
		err := b.Decode(row, b.Builder)
		if err == nil {
			b.EndRow()
		}
		dataErrors(t, err)
	}
	if u, ok := b.Decoder.(format.Unpacker); ok {
		for rest := frame; ; {
			row, remaining, ok, err := u.Next(rest)
			if !ok {
				break
			}
			if dataErrors(t, err); err == nil {
				decode(row)
			}
			u.Whole()(row)
			rest = remaining
		}
	}
	decode(frame)
	b.NewRecord().Release()
}

func FuzzDatum(f *testing.F) { fuzz(f, Config{Mode: Raw, Schema: fuzzSchema}, fuzzDatum) }

func FuzzConfluent(f *testing.F) {
	fuzz(f, Config{Mode: Confluent, Schema: fuzzSchema, SchemaID: 5}, append(schemaregistry.AppendHeader(nil, 5), fuzzDatum...))
}

func FuzzContainer(f *testing.F) {
	for c := range codecNames {
		f.Add(file(f, codec(c), pairSchema, [][]byte{pair(1, "x"), pair(2, "y")}, [][]byte{pair(3, "z")}))
	}
	fuzz(f, Config{MaxUncompressed: 1 << 20}, file(f, codecDeflate, fuzzSchema, [][]byte{fuzzDatum}))
}

// FuzzSchema parses any text. What parses can be read as itself, and has a canonical form that means the same.
func FuzzSchema(f *testing.F) {
	for _, s := range []string{fuzzSchema, pairSchema, `"int"`, `["null","int"]`,
		`{"type":"record","name":"R","fields":[{"name":"r","type":["null","R"]}]}`} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, text string) {
		s, err := parse(text)
		if err != nil {
			return
		}
		_ = checkDefaults(s)
		form := canonical(nil, s)
		again, err := parse(string(form))
		if err != nil {
			t.Fatalf("%s: its canonical form %s: %v", text, form, err)
		}
		if fingerprint(again) != fingerprint(s) {
			t.Fatalf("%s: the canonical form of %s is %s", text, form, canonical(nil, again))
		}
		if columns, err := columnsOf(s); err == nil {
			made, err := New(Config{Mode: Raw, Schema: text})
			if err != nil {
				return // a default that is none
			}
			if _, err := made.NewDecoder(fieldsFor(columns)); err != nil {
				t.Fatalf("%s: its own columns: %v", text, err)
			}
		}
	})
}
