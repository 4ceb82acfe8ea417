package app

import (
	"bytes"
	"encoding/json"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/array"
	"github.com/apache/arrow-go/v18/arrow/memory"
	"pgregory.net/rapid"

	"github.com/weir-stream/weir/host/abi"
	"github.com/weir-stream/weir/host/batch"
	"github.com/weir-stream/weir/host/builtin"
	"github.com/weir-stream/weir/host/checkpoint"
	"github.com/weir-stream/weir/host/config"
	"github.com/weir-stream/weir/host/connector"
	"github.com/weir-stream/weir/host/connector/connectortest"
	"github.com/weir-stream/weir/host/format"
	"github.com/weir-stream/weir/host/option"
	"github.com/weir-stream/weir/host/pipeline"
	"github.com/weir-stream/weir/internal/guestbuild"
)

// carryRun is pipelines over topics in memory, for the test of what is carried.
type carryRun struct {
	t      testing.TB
	topics *connectortest.Memory
	plans  map[string]*plan
}

// carryTopics are the topics: read, written, for what is bad.
var carryTopics = []string{"src", "out", "bad"}

// newCarryRun plans every pipeline, with the module late_flights.
func newCarryRun(t testing.TB) *carryRun {
	t.Helper()
	dir := t.TempDir()
	wasm, err := guestbuild.Build("../../modules/late_flights")
	if err != nil {
		t.Fatal(err)
	}
	manifest, err := os.ReadFile("../../modules/late_flights/manifest.json")
	if err != nil {
		t.Fatal(err)
	}
	if wasm, err = abi.AppendManifest(wasm, manifest); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, "late_flights.wasm"), wasm, 0o600); err != nil {
		t.Fatal(err)
	}
	e, err := testEngine()
	if err != nil {
		t.Fatal(err)
	}
	cfg, err := config.Parse(filepath.Join(dir, "carry.sql"), []byte(carrySQL()), os.LookupEnv)
	if err != nil {
		t.Fatal(err)
	}
	r := &carryRun{t: t, topics: new(connectortest.Memory), plans: map[string]*plan{}}
	p := newPlanner(e, nil, slog.New(slog.DiscardHandler))
	p.connectors, p.mem = connector.Registry{"memory": r.topics}, batch.NewPool(memory.DefaultAllocator, 0)
	plans, closePlans, err := p.plan(t.Context(), cfg)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(closePlans)
	for _, pl := range plans {
		r.plans[pl.Config.Name] = pl
	}
	return r
}

// failer is a test, or one draw of it.
type failer interface {
	Fatalf(string, ...any)
}

// produce writes records to the topic src.
func (r *carryRun) produce(records [][]byte) error {
	bag := option.New(option.Pos{})
	if err := bag.Set("topic", option.Pos{}, option.Value{Text: "src", Quoted: true}); err != nil {
		return err
	}
	c, err := r.topics.Configure(connector.RoleSink, bag)
	if err != nil {
		return err
	}
	sink, err := c.OpenSink(r.t.Context(), connector.Env{})
	if err != nil {
		return err
	}
	w, err := sink.Open(r.t.Context(), "test", nil)
	if err != nil {
		return err
	}
	for _, record := range records {
		if err := w.Write(r.t.Context(), 0, connector.Message{Time: 1, Value: record}); err != nil {
			return err
		}
	}
	return w.Flush(r.t.Context())
}

// run runs a pipeline over records to their end.
func (r *carryRun) run(f failer, name string, limits batch.Limits, records [][]byte) carried {
	for _, topic := range carryTopics {
		r.topics.Delete(topic)
		r.topics.Create(topic, 1)
	}
	if err := r.produce(records); err != nil {
		f.Fatalf("%v", err)
	}
	c := r.plans[name].Config
	c.Stats, c.Store, c.UntilEnd, c.Limits = new(pipeline.Stats), checkpoint.Memory{}, true, limits
	c.Log = slog.New(slog.DiscardHandler)
	if err := pipeline.Run(r.t.Context(), c, nil); err != nil {
		f.Fatalf("%s: %v", name, err)
	}
	left := carried{stats: c.Stats}
	for _, m := range r.topics.Records("out", 0) {
		left.rows, left.keys = append(left.rows, string(m.Value)), append(left.keys, string(m.Key))
	}
	for _, m := range r.topics.Records("bad", 0) {
		left.letters = append(left.letters, string(m.Key)+" "+string(m.Value))
	}
	return left
}

// carried is what a pipeline has left behind.
type carried struct {
	rows, keys, letters []string
	stats               *pipeline.Stats
}

// carriedFields are what records hold; more is in the table of the source names.
const carriedFields = "carrier TEXT, dep_delay BIGINT, at TIMESTAMP(3), place STRUCT<lat DOUBLE, name TEXT> NOT NULL, fare DECIMAL(8, 2)"

// carriedSources are the columns of source tables.
var carriedSources = map[string]string{"plain": carriedFields, "more": carriedFields + ", doc JSON, o BIGINT NOT NULL METADATA FROM 'offset'"}

// carriedSinks are sinks over them, with what they select of which source.
var carriedSinks = []struct{ columns, insert, from, options string }{
	{carriedFields, "*", "%s", ""},
	{carriedFields, "carrier, dep_delay, at, place, fare", "late_flights(%s)", ""},
	{carriedFields + ", delay_class TEXT", "*", "late_flights(%s)", ""},
	{"carrier TEXT, dep_delay BIGINT, delay_class TEXT", "carrier, dep_delay, delay_class", "late_flights(%s)", "'sink.key_field' = 'carrier', "},
	{"delay_class TEXT, fare DECIMAL(8, 2), place STRUCT<lat DOUBLE, name TEXT>, doc JSON, o BIGINT, at TIMESTAMP(3)",
		"delay_class, fare, place, doc, o, at", "late_flights(%s)", ""},
	{"who TEXT, dep_delay BIGINT", "carrier, dep_delay", "late_flights(late_flights(%s))", ""},
	{"place STRUCT<lat DOUBLE, name TEXT>", "place", "late_flights(%s)", ""},
}

// carriedSwitches are the ways to set the switches.
var carriedSwitches = map[string]struct{ pruning, verbatim, patching, passthrough bool }{
	"off": {true, false, false, false}, "stored": {false, false, false, false},
	"on": {true, true, true, false}, "on_stored": {false, true, true, false},
	"verbatim": {true, true, false, false}, "patching": {true, false, true, false},
	"through": {true, true, true, true}, "through_patching": {true, false, true, true},
}

func carrySQL() string {
	var sql strings.Builder
	sql.WriteString("CREATE FUNCTION late_flights LANGUAGE wasm AS 'late_flights.wasm' WITH (min_delay = '10');\n")
	for name, columns := range carriedSources {
		for _, pruning := range []bool{false, true} {
			for _, framing := range []string{"none", "newline"} {
				fmt.Fprintf(&sql, "CREATE TABLE %s_%v_%s (%s) WITH (connector = 'memory', type = 'source', topic = 'src', format = 'json', "+
					"'source.offset' = 'earliest', bad_data = 'dead_letter', 'bad_data.topic' = 'bad', 'source.pruning' = %v, framing = '%s');\n",
					name, pruning, framing, columns, pruning, framing)
			}
		}
	}
	for i, sink := range carriedSinks {
		for name, on := range carriedSwitches {
			for _, framing := range []string{"none", "newline"} {
				source := "plain"
				if strings.Contains(sink.columns, "doc") {
					source = "more"
				}
				table := fmt.Sprintf("s%d_%s_%s", i, name, framing)
				fmt.Fprintf(&sql, "CREATE TABLE %s (%s) WITH (connector = 'memory', type = 'sink', topic = 'out', format = 'json', %s'sink.verbatim' = %v, "+
					"'sink.patching' = %v, passthrough = %v);\n", table, sink.columns, sink.options, on.verbatim, on.patching, on.passthrough)
				fmt.Fprintf(&sql, "CREATE PIPELINE %s AS INSERT INTO %s SELECT %s FROM %s;\n", table, table, sink.insert,
					fmt.Sprintf(sink.from, fmt.Sprintf("%s_%v_%s", source, on.pruning, framing)))
			}
		}
	}
	return sql.String()
}

// drawFlight draws a record for carriedSource, in any spelling.
func drawFlight(t *rapid.T) string {
	pick := func(label, usual string, others ...string) string {
		// Small numbers are drawn more often than others.
		if i := rapid.IntRange(0, 12*len(others)).Draw(t, label) - 9*len(others); 0 <= i && i < len(others) {
			return others[i]
		}
		return usual
	}
	members := []string{
		`"carrier":` + pick("carrier", `"UA"`, `null`, `"\u0041"`, `7`, "\"a\tb\""),
		`"dep_delay":` + pick("dep_delay", fmt.Sprint(rapid.IntRange(-20, 300).Draw(t, "minutes")), `"75"`, `75.5`, `075`, `null`, `7e1`, `true`),
		pick("key", `"at"`, `"\u0061t"`) + `:` + pick("at", `"2013-01-02T15:04:05.250Z"`, `"2013-01-02T15:04:05"`, `"2013-01-02T15:04:05.2501Z"`,
			`"2013-01-02T15:04:05+05:00"`, `5`, `null`),
		`"place":` + pick("place", `{"lat": 1.50, "name":"JFK"}`, `{"name":"JFK"}`, `{"lat":1,"name":"x","hidden":1}`, `null`,
			`{"lat":"1","name":null}`, `{"name":"x","lat":1}`),
		`"fare":` + pick("fare", `12.50`, `12.555`, `"12.5"`, `1e2`, `null`, `12.500`),
	}
	if rapid.Bool().Draw(t, "with doc") {
		members = append(members, `"doc":`+pick("doc", `{"a": [1, 2]}`, "[\n1]", `null`))
	}
	if i := rapid.IntRange(0, 40).Draw(t, "absent") - 20; 0 <= i && i < len(members) {
		members = slices.Delete(members, i, i+1)
	}
	for i, extra := range []string{`"hidden":{"deep":[1, "]"]}`, `"delay_class":"none"`, `"who":1`, `"o":-1`, `"hidden":1-2`, `"carrier":"twice"`} {
		if rapid.IntRange(0, 20).Draw(t, "more") == 10+i {
			members = append(members, extra)
		}
	}
	if rapid.IntRange(0, 3).Draw(t, "shuffled") == 0 {
		members = rapid.Permutation(members).Draw(t, "order")
	}
	return "{" + strings.Join(members, pick("comma", ",", ", ", ",,", " ", " ,\t")) + pick("end", "}", ",}", " }", "")
}

// TestSwitchesChangeNoValue runs drawn records through pipelines with every switch on and off, batches cut anywhere. The rows under
// the sink's columns are the same, and so are keys and dead letters; nothing that the sink does not declare comes out unless it
// is passed through; and what is carried does not depend on the cuts.
func TestSwitchesChangeNoValue(t *testing.T) {
	r := newCarryRun(t)
	verbatim, patched, ordinary := int64(0), int64(0), int64(0)
	rapid.Check(t, func(rt *rapid.T) {
		framing := rapid.SampledFrom([]string{"none", "none", "none", "newline"}).Draw(rt, "framing")
		records := make([][]byte, rapid.IntRange(1, 12).Draw(rt, "records"))
		for i := range records {
			if records[i] = []byte(drawFlight(rt)); framing == "newline" {
				records[i] = fmt.Appendf(nil, "%s\n%s", bytes.ReplaceAll(records[i], []byte("\n"), nil), strings.ReplaceAll(drawFlight(rt), "\n", ""))
			}
		}
		sink := rapid.IntRange(0, len(carriedSinks)-1).Draw(rt, "sink")
		cuts := batch.Limits{Rows: rapid.IntRange(1, 5).Draw(rt, "rows")}
		name := func(switches string) string { return fmt.Sprintf("s%d_%s_%s", sink, switches, framing) }
		want := r.run(rt, name("off"), batch.Limits{}, records)
		fields := fieldsOf(r.plans[name("off")].sinks[0].table)
		for switches, on := range carriedSwitches {
			got := r.run(rt, name(switches), cuts, records)
			compareRows(rt, fields, got, want, on.passthrough)
			if switches == "on" {
				whole := r.run(rt, name(switches), batch.Limits{}, records)
				if !slices.Equal(whole.rows, got.rows) {
					rt.Fatalf("batches of %d rows make other records:\n%q\n%q", cuts.Rows, got.rows, whole.rows)
				}
				one, two := whole.stats.Verbatim.Load(), whole.stats.Patched.Load()
				verbatim, patched, ordinary = verbatim+one, patched+two, ordinary+whole.stats.RowsOut.Load()-one-two
			}
		}
	})
	t.Logf("%d rows verbatim, %d patched, %d encoded", verbatim, patched, ordinary)
	if !testing.Short() && (verbatim == 0 || patched == 0 || ordinary == 0) { // short runs draw a fifth, in which one may not come
		t.Error("a way was never taken")
	}
}

// fieldsOf are a table's columns as a decoder takes them.
func fieldsOf(t *table) (fields []format.Field) {
	for i, c := range t.def.Columns {
		fields = append(fields, format.Field{Name: c.Name, Type: c.Type, Nullable: !c.NotNull, Column: i})
	}
	return fields
}

func compareRows(f failer, fields []format.Field, got, want carried, passthrough bool) {
	if !reflect.DeepEqual(got.letters, want.letters) || !slices.Equal(got.keys, want.keys) || len(got.rows) != len(want.rows) {
		f.Fatalf("%d rows, keys %q, dead letters %q\nwant %d rows, keys %q, dead letters %q",
			len(got.rows), got.keys, got.letters, len(want.rows), want.keys, want.letters)
	}
	for i := range got.rows {
		a, err := oneRow(fields, got.rows[i])
		if err != nil {
			f.Fatalf("%s: %v", got.rows[i], err)
		}
		b, err := oneRow(fields, want.rows[i])
		if err != nil {
			f.Fatalf("%s: %v", want.rows[i], err)
		}
		if !array.RecordEqual(a, b) {
			f.Fatalf("%s\ninstead of %s", got.rows[i], want.rows[i])
		}
		var object map[string]json.RawMessage
		if err := json.Unmarshal([]byte(got.rows[i]), &object); err != nil {
			f.Fatalf("%s: %v", got.rows[i], err)
		}
		if !passthrough && (len(object) != len(fields) || strings.Contains(got.rows[i], "hidden")) {
			f.Fatalf("what the sink does not declare leaks: %s", got.rows[i])
		}
	}
}

// oneRow decodes a record strictly.
func oneRow(fields []format.Field, record string) (arrow.RecordBatch, error) {
	bag := option.New(option.Pos{})
	if err := bag.Set("json.strict", option.Pos{}, option.Value{Text: "true"}); err != nil {
		return nil, err
	}
	d, err := builtin.Formats()["json"](bag).NewDecoder(fields)
	if err != nil {
		return nil, err
	}
	var columns []arrow.Field
	for _, f := range fields {
		columns = append(columns, arrow.Field{Name: f.Name, Type: f.Type, Nullable: f.Nullable})
	}
	b := batch.NewBuilder(arrow.NewSchema(columns, nil), memory.DefaultAllocator)
	defer b.Release()
	if err := d.Decode([]byte(record), b); err != nil {
		return nil, err
	}
	b.EndRow()
	return b.NewRecord(), nil
}
