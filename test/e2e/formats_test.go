package e2e

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/weir-stream/weir/fluvio"
)

// formatCase is a format as a source and a sink have it.
type formatCase struct {
	columns        string   // of the source
	in, out        []string // options KEY=VALUE of the format, at the source and at the sink
	format         string
	rows           func(i int) string // row i of the source, as weir decode prints it
	bad            []string           // records that hold none
	through        bool               // records pass by late_flights, which leaves out those on time and adds delay_class
	sinkColumns    string             // where they pass by it
	withoutColumns bool               // the source declares none: its schema document does
}

const (
	flightColumns = "carrier TEXT NOT NULL, dep_delay BIGINT, price DECIMAL(10,2), tags TEXT[], at TIMESTAMP(3)"
	lateColumns   = flightColumns + ", delay_class TEXT"
)

func flightRow(i int) string {
	return fmt.Sprintf(`{"carrier":"C%d","dep_delay":%d,"price":"%d.50","tags":["a","t%d"],"at":"2013-01-02T15:04:%02d"}`, i, i%90, i, i, i%60)
}

const avroFlight = `{"type":"record","name":"Flight","fields":[{"name":"carrier","type":"string"},{"name":"dep_delay","type":["null","long"]},` +
	`{"name":"price","type":["null",{"type":"bytes","logicalType":"decimal","precision":10,"scale":2}]},` +
	`{"name":"tags","type":["null",{"type":"array","items":["null","string"]}]},{"name":"at","type":["null",{"type":"long","logicalType":"timestamp-millis"}]}]}`

func protoFlight(more string) string {
	return `syntax = "proto3"; import "google/protobuf/timestamp.proto"; message Flight { string carrier = 1; optional int64 dep_delay = 2; ` +
		`optional string price = 3; repeated string tags = 4; google.protobuf.Timestamp at = 5; ` + more + ` }`
}

var formatCases = map[string]formatCase{
	"json": {
		format: "json", columns: flightColumns, rows: flightRow, through: true, sinkColumns: lateColumns,
		bad: []string{`{"carrier":"x","dep_delay":`, `{"carrier":"x","dep_delay":"soon"}`, "{\"carrier\":\"\xff\"}", `{}`, `null`},
	},
	"avro": {
		format: "avro", columns: flightColumns, rows: flightRow, through: true, sinkColumns: lateColumns,
		in: []string{"avro.raw_datums=true", "avro.schema=" + avroFlight}, out: []string{"avro.raw_datums=true"},
		bad: []string{"", "\x02", "\x02x\x03", "\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff", "\x02x\x00\x00\x00\x00more"},
	},
	"avro container, columns from its schema": {
		format: "avro", through: true, withoutColumns: true, rows: func(i int) string { return strings.Replace(flightRow(i), `"}`, `Z"}`, 1) },
		columns: flightColumns + " WITH TIME ZONE", sinkColumns: flightColumns + " WITH TIME ZONE, delay_class TEXT",
		in: []string{"avro.schema=" + avroFlight}, bad: []string{"", "Obj", "Obj\x01\x00", "no container at all"},
	},
	"protobuf": {
		format: "protobuf", through: true, rows: func(i int) string {
			return fmt.Sprintf(`{"carrier":"C%d","dep_delay":%d,"price":"%d.50","tags":["a","t%d"],"at":"2013-01-02T15:04:%02d"}`, i, i%90, i, i, i%60)
		},
		columns:     "carrier TEXT NOT NULL, dep_delay BIGINT, price TEXT, tags TEXT[], at TIMESTAMP(3)",
		sinkColumns: "carrier TEXT NOT NULL, dep_delay BIGINT, price TEXT, tags TEXT[], at TIMESTAMP(3), delay_class TEXT",
		in:          []string{"protobuf.message=Flight", "protobuf.source=" + protoFlight("")},
		out:         []string{"protobuf.message=Flight", "protobuf.source=" + protoFlight("string delay_class = 6;")},
		bad:         []string{"\x0a", "\x0a\x05ab", "\x0a\x01\xff", "\x07", "\x10\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01"},
	},
	"debezium_json": {
		format: "debezium_json", columns: "id BIGINT NOT NULL, name TEXT",
		rows: func(i int) string {
			after := fmt.Sprintf(`{"id":%d,"name":"n%d"}`, i, i)
			return []string{
				`{"before":null,"after":` + after + `,"op":"c"}`, `{"before":` + after + `,"after":` + after + `,"op":"u"}`,
				`{"before":` + after + `,"after":null,"op":"d"}`,
			}[i%3]
		},
		bad: []string{`{"before":null,"after":null,"op":"c"}`, `{"op":"x"}`, `{"before":null,"after":{"id":null},"op":"c"}`, `[]`},
	},
	"raw_string": {format: "raw_string", columns: "value TEXT NOT NULL", rows: func(i int) string { return fmt.Sprintf(`{"value":"line %d\n"}`, i) }},
	"raw_bytes": {
		format: "raw_bytes", columns: "value BYTEA NOT NULL",
		rows: func(i int) string {
			return `{"value":"` + base64.StdEncoding.EncodeToString([]byte{0, 255, byte(i), '\n'}) + `"}`
		},
	},
}

const formatRows = 300

// TestEveryFormatGoesThroughTheBroker writes good records and bad ones among them, runs a pipeline with each policy, and reads what is there.
func TestEveryFormatGoesThroughTheBroker(t *testing.T) {
	t.Parallel()
	for name, tc := range formatCases {
		records, want, bad := tc.records(t)
		for _, policy := range []string{"fail", "drop", "dead_letter"} {
			t.Run(name+" "+policy, func(t *testing.T) {
				t.Parallel()
				c := startBroker(t)
				for _, topic := range []string{"in", "out", "dead"} {
					c.topic(t, topic, 1)
				}
				c.sendAll(t, "in", records)
				r := weir(t, nil, "run", file(t, "p.sql", tc.sql(policy)), "--until-end", "--json", "--endpoint", c.sc)
				rows, rejected := want, int64(len(bad))
				if policy == "fail" && len(bad) > 0 {
					rows = want[:tc.before(t, bad[0])]
					if r.code != 2 || !strings.Contains(r.errOut, fmt.Sprintf("offset %d frame 0", bad[0])) {
						t.Fatalf("code %d, want 2 and the place of the first bad record\n%s", r.code, r.errOut)
					}
					rejected = 0
				} else if r.code != 0 {
					t.Fatalf("code %d\n%s", r.code, r.errOut)
				}
				if got := tc.decode(t, c.values(t, "out")); !slices.Equal(got, rows) {
					t.Fatalf("%d rows came out, want %d; the first ones are\n%.300s\n%.300s", len(got), len(rows), got, rows)
				}
				if policy == "fail" && len(bad) > 0 {
					return
				}
				var s summary
				if err := json.Unmarshal([]byte(r.out), &s); err != nil {
					t.Fatal(err)
				}
				if s.Rejected != rejected || s.RowsIn != formatRows || s.RowsOut != int64(len(rows)) {
					t.Errorf("%+v; want %d rejected, %d rows in and %d out", s, rejected, formatRows, len(rows))
				}
				if policy == "dead_letter" {
					c.checkDead(t, records, bad, tc.format)
				}
			})
		}
	}
}

// records are the records of the source, the rows that the sink is to have, as weir decode prints them, and which records are bad.
func (tc *formatCase) records(t *testing.T) (records [][]byte, want []string, bad []int) {
	t.Helper()
	var all []string
	for i := range formatRows {
		all = append(all, tc.rows(i))
		if row := all[i]; !tc.through {
			want = append(want, row)
		} else if delay := i % 90; delay >= 60 {
			want = append(want, fmt.Sprintf(`%s,"delay_class":"major"}`, strings.TrimSuffix(row, "}")))
		}
	}
	encoded := lines(must(t, strings.NewReader(strings.Join(all, "\n")), tc.command("encode", tc.columns, tc.in)...))
	if len(encoded) != formatRows {
		t.Fatalf("%d rows were encoded", len(encoded))
	}
	for i, line := range encoded {
		if n := len(tc.bad); n > 0 && i%20 == 15 {
			bad = append(bad, len(records))
			records = append(records, []byte(tc.bad[i/20%n]))
		}
		record, err := base64.StdEncoding.DecodeString(line)
		if err != nil {
			t.Fatal(err)
		}
		records = append(records, record)
	}
	return records, want, bad
}

// before is how many rows of the sink come before a record.
func (tc *formatCase) before(t *testing.T, record int) (n int) {
	t.Helper()
	for i := range record { // the first bad one: all before it are good
		if !tc.through || i%90 >= 60 {
			n++
		}
	}
	return n
}

func (tc *formatCase) command(what, columns string, options []string) []string {
	args := []string{what, "--base64", "--schema", columns, "--format", tc.format}
	for _, o := range options {
		args = append(args, "--option", o)
	}
	return args
}

func (tc *formatCase) decode(t *testing.T, records [][]byte) []string {
	t.Helper()
	var text bytes.Buffer
	for _, r := range records {
		fmt.Fprintln(&text, base64.StdEncoding.EncodeToString(r))
	}
	columns, options := tc.columns, tc.in
	if tc.through {
		columns, options = tc.sinkColumns, tc.out
	}
	if tc.format == "avro" && slices.Contains(tc.out, "avro.raw_datums=true") { // the sink's schema is made of its columns
		schema := must(t, nil, "schema", "--to", "avro", "--schema", columns)
		options = append(slices.Clone(options), "avro.schema="+strings.TrimSpace(schema))
	}
	return lines(must(t, &text, tc.command("decode", columns, options)...))
}

func (tc *formatCase) sql(policy string) string {
	with := func(options []string) (text string) {
		for _, o := range options {
			key, value, _ := strings.Cut(o, "=")
			text += fmt.Sprintf(", '%s' = '%s'", key, strings.ReplaceAll(value, "'", "''"))
		}
		return text
	}
	columns, sinkColumns, call, function := "("+tc.columns+")", tc.columns, "a", ""
	if tc.withoutColumns {
		columns = ""
	}
	if tc.through {
		sinkColumns, call = tc.sinkColumns, "late_flights(a)"
		function = fmt.Sprintf("CREATE FUNCTION late_flights LANGUAGE wasm AS '%s' WITH (min_delay = '60');\n", lateFlights)
	}
	out := tc.out
	if !tc.through {
		out = tc.in
	}
	bad := ", bad_data = '" + policy + "'"
	if policy == "dead_letter" {
		bad += ", 'bad_data.topic' = 'dead'"
	}
	return fmt.Sprintf("CREATE TABLE a %s WITH (connector = 'fluvio', topic = 'in', type = 'source', 'source.offset' = 'earliest', format = '%s'%s%s);\n"+
		"CREATE TABLE b (%s) WITH (connector = 'fluvio', topic = 'out', type = 'sink', format = '%s'%s);\n%sINSERT INTO b SELECT * FROM %s;\n",
		columns, tc.format, with(tc.in), bad, sinkColumns, tc.format, with(out), function, call)
}

// checkDead checks that the dead letters are the bad records, byte for byte and in order, with their places and codes of the format.
func (c *cluster) checkDead(t *testing.T, records [][]byte, bad []int, format string) {
	t.Helper()
	letters := c.records(t, "dead")
	if len(letters) != len(bad) {
		t.Fatalf("%d dead letters, want %d", len(letters), len(bad))
	}
	for i, l := range letters {
		var key struct {
			Topic         string
			Offset        int
			Frame         int
			Code, Message string
		}
		if err := json.Unmarshal(l.Key, &key); err != nil {
			t.Fatal(err)
		}
		if !bytes.Equal(l.Value, records[bad[i]]) || key.Topic != "in" || key.Offset != bad[i] || key.Frame != 0 || key.Message == "" || !strings.Contains(key.Code, ".") {
			t.Errorf("dead letter %d of %s: %s: %q, want %q of offset %d", i, format, l.Key, l.Value, records[bad[i]], bad[i])
		}
	}
}

// sendAll sends records as they are.
func (c *cluster) sendAll(t *testing.T, topic string, values [][]byte) {
	t.Helper()
	client, err := fluvio.Connect(t.Context(), fluvio.WithEndpoint(c.sc))
	if err != nil {
		t.Fatal(err)
	}
	defer client.Close()
	p, err := client.Producer(t.Context(), topic)
	if err != nil {
		t.Fatal(err)
	}
	for _, v := range values {
		if err := p.ProduceTo(t.Context(), 0, fluvio.Record{Value: v}); err != nil {
			t.Fatal(err)
		}
	}
	if err := p.Close(t.Context()); err != nil {
		t.Fatal(err)
	}
}

// records are all records of a topic's partition 0.
func (c *cluster) records(t *testing.T, topic string) (all []fluvio.Record) {
	t.Helper()
	client, err := fluvio.Connect(t.Context(), fluvio.WithEndpoint(c.sc))
	if err != nil {
		t.Fatal(err)
	}
	defer client.Close()
	consumer, err := client.Consumer(t.Context(), topic, 0, fluvio.Beginning(), fluvio.WithUntilEnd())
	if err != nil {
		t.Fatal(err)
	}
	defer consumer.Close()
	for {
		some, err := consumer.Poll(t.Context())
		all = append(all, some...)
		if err != nil {
			return all
		}
	}
}

func (c *cluster) values(t *testing.T, topic string) (all [][]byte) {
	t.Helper()
	for _, r := range c.records(t, topic) {
		all = append(all, r.Value)
	}
	return all
}
