package app

import (
	"errors"
	"strings"
	"testing"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/memory"
	"pgregory.net/rapid"

	"github.com/weir-stream/weir/host/batch"
	"github.com/weir-stream/weir/host/builtin"
	"github.com/weir-stream/weir/host/config"
	"github.com/weir-stream/weir/host/format"
	"github.com/weir-stream/weir/host/framing"
	"github.com/weir-stream/weir/host/option"
)

// echoFormats are formats with their options, and pieces that their records are made of; <> stands for a value.
var echoFormats = map[string]struct {
	options map[string]string
	pieces  []string
}{
	"json":          {nil, []string{`{"a":"<>"`, `,"t":"<>"`, `,"d":"<>"`, `,"l":["<>",1]`, `,"b":"<>`, `,"s":{"x":"<>"}`, `}`, `<>`, `"<>"`, `{"a":<>}`, `,"x":"<>\u12"`, `[`}},
	"debezium_json": {nil, []string{`{"before":null,"after":{"a":"<>"},"op":"c"}`, `{"before":null,"after":null,"op":"<>"`, `{"after":"<>"}`, `}`, `<>`}},
	"avro": {map[string]string{"avro.raw_datums": "true", "avro.schema": `{"type":"record","name":"R","fields":[
		{"name":"a","type":"string"},{"name":"b","type":"bytes"},{"name":"l","type":{"type":"array","items":"string"}}]}`},
		[]string{"\x0c<>", "<>", "\x02", "\x00", "\xff\xff", "\x0e<>"}},
	"avro files": {nil, []string{"Obj\x01\x02\x16avro.schema\x0c<>\x00", "Obj\x01", "\x02\x16avro.schema\x0c<>", "\x00", "\x02", "<>"}},
	"protobuf": {map[string]string{"protobuf.source": `syntax = "proto3"; message R { int64 a = 1; string t = 2; repeated string l = 3; }`},
		[]string{"\x12\x06<>", "\x1a\x06<>", "\x08", "<>", "\x12\x07<>\xff", "\x0a\x06<>"}},
	"raw_string": {nil, []string{"<>", "\xff", "\n"}},
}

// TestNoMessageEchoesAValue decodes records with a marker in their values, most of them bad, in each format and framing.
func TestNoMessageEchoesAValue(t *testing.T) {
	for name, f := range echoFormats {
		columns := map[string]string{
			"json": "a BIGINT, t TIMESTAMP, d DECIMAL(8, 2), l BIGINT[], b BYTEA, s STRUCT<x UUID>", "debezium_json": "a BIGINT",
			"avro": "a TEXT, b BYTEA, l TEXT[]", "avro files": "a TEXT", "protobuf": "a BIGINT, t TEXT, l TEXT[]", "raw_string": "v TEXT",
		}[name]
		t.Run(name, func(t *testing.T) {
			kind, _, _ := strings.Cut(name, " ")
			bad := 0
			rapid.Check(t, func(t *rapid.T) {
				text := strings.Join(rapid.SliceOfN(rapid.SampledFrom(f.pieces), 1, 6).Draw(t, "pieces"), "")
				text = strings.ReplaceAll(text, "<>", marker)
				if cut := rapid.IntRange(0, len(text)).Draw(t, "cut"); rapid.Bool().Draw(t, "short") {
					text = text[:cut]
				}
				methods := []string{"none", "newline", "json_array", "json_concat", "length"}
				options := option.New(option.Pos{})
				set := func(key, value string) {
					_ = options.Set(key, option.Pos{}, option.Value{Text: value, Quoted: true}) // each once
				}
				set("format", kind)
				method := rapid.SampledFrom(methods).Draw(t, "framing")
				set("framing", method)
				if method == "length" {
					set("framing.length.prefix", "varint")
				}
				set("framing.compression", rapid.SampledFrom([]string{"none", "none", "gzip", "snappy"}).Draw(t, "compression"))
				for key, value := range f.options {
					set(key, value)
				}
				for _, err := range echoErrors(t, options, columns, []byte(text)) {
					bad++
					if strings.Contains(err.Error(), marker) {
						t.Fatalf("%q: %v", text, err)
					}
				}
			})
			if bad == 0 {
				t.Error("nothing was bad")
			}
		})
	}
}

// echoErrors decodes a record as a pipeline does, and returns what is wrong with its frames.
func echoErrors(t *rapid.T, options *option.Bag, columns string, record []byte) (errs []error) {
	declared, err := config.ParseColumns(columns)
	if err != nil {
		t.Fatal(err)
	}
	f := builtin.Formats().Find(options)
	cutting := framing.FromOptions(options)
	if err := options.Done(); err != nil {
		t.Fatal(err)
	}
	var fields []arrow.Field
	for _, c := range declared {
		fields = append(fields, columnField(c))
	}
	if s, ok := f.(format.Shaper); ok {
		if fields, err = s.Shape(t.Context(), fields); err != nil {
			t.Fatal(err)
		}
	}
	wanted := make([]format.Field, len(fields))
	for i, c := range fields {
		wanted[i] = format.Field{Name: c.Name, Type: c.Type, Nullable: c.Nullable, Column: i}
	}
	d, err := f.NewDecoder(wanted)
	if err != nil {
		t.Fatal(err)
	}
	b := batch.NewBuilder(arrow.NewSchema(fields, nil), batch.NewPool(memory.DefaultAllocator, 0))
	defer b.Release()
	decode := func(row []byte) {
		err := d.Decode(row, b)
		var bad *format.DataError
		if errors.As(err, &bad) {
			errs = append(errs, bad, errors.New(bad.Path+bad.Expected+bad.Found))
		} else if err == nil {
			b.EndRow()
		}
	}
	splitter := framing.New(cutting)
	frame, rest, ok, err := splitter.Next(record)
	for ; ok || err != nil; frame, rest, ok, err = splitter.Next(rest) {
		if err != nil {
			errs = append(errs, err)
			if !ok {
				break
			}
			continue
		}
		u, packed := d.(format.Unpacker)
		if !packed {
			decode(frame)
			continue
		}
		row, left, more, err := u.Next(frame)
		for ; more; row, left, more, err = u.Next(left) {
			if err != nil {
				errs = append(errs, err)
			} else {
				decode(row)
			}
		}
	}
	return errs
}
