package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"

	"github.com/hamba/avro/v2"

	"github.com/weir-stream/weir/internal/benchkit"
)

const (
	parking  = "bench/format/testdata/parking-citations.ndjson.zst"
	records  = 16_384 // of every set: 5 MB of flights, beyond what branch predictors keep; batches of all sizes come out full
	badEvery = 100
)

// inputs are the files that arms read.
type inputs struct {
	flights, shuffled, bad, parking, nested, floats string // lines of JSON
	refused                                         int    // of bad
	nullable, nullableSchema                        string // datums of Avro, and their schema
	required, requiredSchema                        string
	messages                                        string // of Protobuf
}

// prepare makes the files of all codecs' arms.
func (b *bench) prepare() (in inputs, err error) {
	all, _, err := benchkit.Unpack(benchkit.Flights, b.dir)
	if err != nil {
		return in, err
	}
	lines, err := readLines(all)
	if err != nil {
		return in, err
	}
	few, _, err := benchkit.Unpack(parking, b.dir)
	if err != nil {
		return in, err
	}
	tickets, err := readLines(few)
	if err != nil {
		return in, err
	}
	var flights, citations [][]byte
	for i := range records {
		flights = append(flights, lines[i*len(lines)/records]) // from all over the year
		citations = append(citations, tickets[i%len(tickets)])
	}
	bad, refused := damaged(flights)
	in.refused = refused
	for name, set := range map[string]struct {
		path  *string
		lines [][]byte
	}{
		"sample": {&in.flights, flights}, "shuffled": {&in.shuffled, shuffled(flights)}, "bad": {&in.bad, bad},
		"parking": {&in.parking, citations}, "nested": {&in.nested, nestedDocuments()}, "floats": {&in.floats, floatRecords()},
	} {
		*set.path = filepath.Join(b.dir, name+".ndjson")
		if err := os.WriteFile(*set.path, append(bytes.Join(set.lines, []byte("\n")), '\n'), 0o644); err != nil {
			return in, err
		}
	}
	return in, b.binaries(&in, flights)
}

// binaries makes the files that are not JSON, with libraries that are not weir's.
func (b *bench) binaries(in *inputs, lines [][]byte) error {
	flights := make([]*nullableFlight, len(lines))
	for i, line := range lines {
		if err := json.Unmarshal(line, &flights[i]); err != nil {
			return err
		}
	}
	in.nullable, in.nullableSchema = filepath.Join(b.dir, "nullable.avro"), filepath.Join(b.dir, "nullable.avsc")
	in.required, in.requiredSchema = filepath.Join(b.dir, "required.avro"), filepath.Join(b.dir, "required.avsc")
	in.messages = filepath.Join(b.dir, "flights.pb")
	messages, err := flightMessages(flights)
	if err != nil {
		return err
	}
	return errors.Join(
		datumFile(in.nullable, in.nullableSchema, true, flights, func(f *nullableFlight) any { return f }),
		datumFile(in.required, in.requiredSchema, false, flights, func(f *nullableFlight) any { return f.required() }),
		writeFrames(in.messages, messages))
}

func datumFile(path, schemaPath string, nullable bool, flights []*nullableFlight, value func(*nullableFlight) any) error {
	text, err := avroSchema(nullable)
	if err != nil {
		return err
	}
	schema, err := avro.ParseWithCache(text, "", &avro.SchemaCache{})
	if err != nil {
		return err
	}
	datums := make([][]byte, len(flights))
	for i, f := range flights {
		if datums[i], err = avro.Marshal(schema, value(f)); err != nil {
			return err
		}
	}
	return errors.Join(writeFrames(path, datums), os.WriteFile(schemaPath, []byte(text), 0o644))
}

// shuffled has the members of each record in an order of its own. No value of a flight holds a comma.
func shuffled(lines [][]byte) [][]byte {
	random := rand.New(rand.NewPCG(1, 2))
	out := make([][]byte, len(lines))
	for i, line := range lines {
		members := bytes.Split(line[1:len(line)-1], []byte(","))
		random.Shuffle(len(members), func(i, j int) { members[i], members[j] = members[j], members[i] })
		out[i] = fmt.Appendf(nil, "{%s}", bytes.Join(members, []byte(",")))
	}
	return out
}

// damaged has one record in badEvery spoilt, in five ways by turns.
func damaged(lines [][]byte) (out [][]byte, refused int) {
	out = bytes.Split(bytes.Join(lines, []byte("\n")), []byte("\n"))
	replace := func(old, new string) func([]byte) []byte {
		return func(line []byte) []byte { return bytes.Replace(line, []byte(old), []byte(new), 1) }
	}
	ways := []func(line []byte) []byte{
		replace(`"year":`, `"year":"of the snake",`), // a type that does not fit, and a syntax error behind it
		replace(`"day":`, `"day":true,"night":`),     // a type that does not fit
		replace(`"origin":"`, "\"origin\":\"\xff"),   // not UTF-8
		replace(`"dest":`, `"Dest":`),                // a column that must be there
		func(line []byte) []byte { return line[:len(line)/2] },
	}
	for i := badEvery / 2; i < len(out); i += badEvery {
		out[i] = ways[refused%len(ways)](out[i])
		refused++
	}
	return out, refused
}

// nestedDocuments are orders: structs in structs, a list of structs with lists in them, a map.
func nestedDocuments() [][]byte {
	random := rand.New(rand.NewPCG(7, 8))
	out := make([][]byte, records)
	for i := range out {
		f := fmt.Appendf(nil, `{"id":%d,"user":{"name":"user %d","address":{"city":"Springfield","zip":"%05d"},"verified":%v},"items":[`,
			i, random.IntN(1e6), random.IntN(1e5), random.IntN(3) > 0)
		for j := range 1 + random.IntN(5) {
			if j > 0 {
				f = append(f, ',')
			}
			f = fmt.Appendf(f, `{"sku":"SKU-%d","quantity":%d,"price":%.2f,"tags":["new","sale"]}`, random.IntN(1e5), 1+random.IntN(9), random.Float64()*100)
		}
		out[i] = fmt.Appendf(f, `],"attributes":{"channel":"web","campaign":"c%d"},"total":%.2f}`, random.IntN(100), random.Float64()*1000)
	}
	return out
}

// floatRecords are measurements: half of the numbers with all the digits that a float64 has, the others with few.
func floatRecords() [][]byte {
	random := rand.New(rand.NewPCG(5, 6))
	out := make([][]byte, records)
	for i := range out {
		out[i] = fmt.Appendf(nil, `{"id":%d,"lat":%v,"lon":%v,"alt":%.2f,"speed":%.3f,"x":%v,"y":%v,"z":%v,"tiny":%v,"temperature":%.1f,"ratio":%v}`,
			i, random.Float64()*90, random.Float64()*-180, random.Float64()*1e4, random.Float64()*100, random.NormFloat64(), random.NormFloat64(),
			random.NormFloat64(), random.Float64()*1e-9, random.Float64()*40-10, float32(random.Float64()))
	}
	return out
}
