package jsonformat

import (
	"context"
	"testing"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/memory"

	"github.com/weir-stream/weir/host/batch"
	"github.com/weir-stream/weir/host/format"
	"github.com/weir-stream/weir/internal/fault"
)

var debezium = Config{Debezium: true, TimestampFormat: UnixMillis, DecimalEncoding: DecimalBytes}

const events = "before STRUCT<id BIGINT>, after STRUCT<id BIGINT>, op TEXT NOT NULL"

func TestChangeEventsAreShaped(t *testing.T) {
	for _, c := range []struct {
		declared, want string // want empty: refused
	}{
		{"id BIGINT NOT NULL, v TEXT[]", "before STRUCT<id BIGINT NOT NULL, v TEXT[]>, after STRUCT<id BIGINT NOT NULL, v TEXT[]>, op TEXT NOT NULL"},
		{events, events},
		{"op TEXT, after STRUCT<a BIGINT>, before STRUCT<b BIGINT>", "op TEXT, after STRUCT<a BIGINT>, before STRUCT<b BIGINT>"},
		{"before TEXT, after TEXT", "before STRUCT<before TEXT, after TEXT>, after STRUCT<before TEXT, after TEXT>, op TEXT NOT NULL"},
		{"before TEXT, after TEXT, op TEXT", ""}, {"before STRUCT<a TEXT>, after STRUCT<a TEXT>, op BIGINT", ""}, {"", ""},
	} {
		var declared []arrow.Field
		if c.declared != "" {
			declared = columnsOf(c.declared)
		}
		got, err := New(debezium).(format.Shaper).Shape(context.Background(), declared)
		if c.want == "" {
			if fault.Of(err) != fault.Input {
				t.Errorf("%s: %v, %v", c.declared, got, err)
			}
		} else if err != nil || !arrow.NewSchema(got, nil).Equal(arrow.NewSchema(columnsOf(c.want), nil)) {
			t.Errorf("%s: %v, %v", c.declared, got, err)
		}
	}
	if _, err := New(debezium).NewDecoder(fieldsOf(columnsOf("id BIGINT"))); err == nil {
		t.Error("a decoder without before, after and op")
	}
}

func TestWhatAChangeEventLacks(t *testing.T) {
	for frame, want := range map[string][2]string{
		`{"op":"m","after":{"id":1}}`: {"debezium.op", "op"}, `{"op":"create","after":{"id":1}}`: {"debezium.op", "op"},
		`{"op":"c","before":{"id":1}}`: {"debezium.after", "after"}, `{"op":"u","after":null,"before":{"id":1}}`: {"debezium.after", "after"},
		`{"op":"d","after":{"id":1}}`: {"debezium.before", "before"}, `{"after":{"id":1}}`: {"json.missing", "op"},
		`{"op":null}`: {"json.null", "op"}, `{"op":"c","after":{"id":"x"}}`: {"json.parse", "after.id"}, `null`: {"json.type", ""},
	} {
		if bad := decodeErr(t, New(debezium), events, frame); bad.Code != want[0] || bad.Path != want[1] {
			t.Errorf("%s: %v, want %v", frame, bad, want)
		}
	}
	if bad := decodeErr(t, New(debezium), "before STRUCT<id BIGINT>, after STRUCT<id BIGINT>, op TEXT", `{"op":null}`); bad.Code != "debezium.op" {
		t.Error(bad)
	}
}

func TestTombstonesAreNoRows(t *testing.T) {
	envelope := debezium
	envelope.IncludeSchema = true
	for _, c := range []struct {
		config Config
		frame  string
		rows   int
	}{
		{debezium, "", 0}, {debezium, " \n", 0}, {debezium, "null", 0}, {debezium, ` null `, 0}, {debezium, `{"op":"t"}`, 1}, {debezium, "nul", 1},
		{envelope, "", 1}, {envelope, `{"schema":null,"payload":null}`, 0}, {envelope, `{"payload":{"op":"t"}}`, 1}, {envelope, `{`, 1},
	} {
		if c.frame == "" {
			c.rows = 0
		}
		d, err := New(c.config).NewDecoder(fieldsOf(columnsOf(events)))
		if err != nil {
			t.Fatal(err)
		}
		rows := 0
		for rest := []byte(c.frame); ; rows++ {
			row, remaining, ok, err := d.(format.Unpacker).Next(rest)
			if !ok || err != nil {
				break
			}
			if string(d.(format.Unpacker).Whole()(row)) != c.frame {
				t.Errorf("%q in %q", row, c.frame)
			}
			rest = remaining
		}
		if rows != c.rows {
			t.Errorf("%q: %d rows, want %d", c.frame, rows, c.rows)
		}
	}
}

func TestWrittenChangeEvents(t *testing.T) {
	for _, c := range []struct{ frame, code string }{
		{`{"before":null,"after":{"id":1},"op":"c"}`, ""}, {`{"before":{"id":1},"after":null,"op":"d"}`, ""},
		{`{"before":null,"after":null,"op":"t"}`, ""}, {`{"before":null,"after":null,"op":"c"}`, "debezium.after"},
		{`{"before":null,"after":{"id":1},"op":"d"}`, "debezium.before"}, {`{"before":null,"after":{"id":1},"op":"x"}`, "debezium.op"},
		{`{"before":null,"after":{"id":1},"op":null}`, "debezium.op"},
	} {
		got, err := encodeFrame(t, New(debezium), "before STRUCT<id BIGINT>, after STRUCT<id BIGINT>, op TEXT", c.frame)
		if bad, _ := err.(*format.DataError); c.code == "" && (err != nil || got != c.frame) || c.code != "" && (bad == nil || bad.Code != c.code) {
			t.Errorf("%s: %s, %v", c.frame, got, err)
		}
	}
	got, err := encodeFrame(t, New(debezium), "counter BIGINT, at TIMESTAMP(3)", `{"counter":1,"at":"1970-01-01T00:00:01"}`)
	if want := `{"before":null,"after":{"counter":1,"at":1000},"op":"c"}`; err != nil || got != want {
		t.Errorf("%s, %v; want %s", got, err, want)
	}
	if _, err := New(debezium).NewEncoder(fieldsOf(columnsOf("before STRUCT<a TEXT>, after STRUCT<a TEXT>, op BIGINT"))); err == nil {
		t.Error("op is a number")
	}
}

// FuzzChangeEvents: any bytes are an event or a DataError, leave nothing behind, and an event that is read can be written
// and read again.
func FuzzChangeEvents(f *testing.F) {
	for _, s := range []string{`{"op":"c","after":{"id":1}}`, `{"before":{"id":1},"op":"d",,}`, `null`, `{"op":"\u0072","after":{}}`, `{"op":"c"`,
		`{"schema":null,"payload":{"op":"t"}}`} {
		f.Add([]byte(s), false)
		f.Add([]byte(s), true)
	}
	columns := columnsOf(events)
	f.Fuzz(func(t *testing.T, frame []byte, envelope bool) {
		c := debezium
		c.IncludeSchema = envelope
		d, err := New(c).NewDecoder(fieldsOf(columns))
		if err != nil {
			t.Fatal(err)
		}
		b := batch.NewBuilder(arrow.NewSchema(columns, nil), memory.DefaultAllocator)
		defer b.Release()
		if err := d.Decode(frame, b); err != nil {
			if _, bad := err.(*format.DataError); !bad || b.Column(0).Len()+b.Column(2).Len() != 0 {
				t.Fatalf("%q: %v", frame, err)
			}
			return
		}
		b.EndRow()
		record := b.NewRecord()
		defer record.Release()
		messages, err := encodeAll(t, New(c), record)
		if err != nil {
			t.Fatalf("%q: %v", frame, err)
		}
		if err := d.Decode([]byte(messages[0]), b); err != nil {
			t.Fatalf("%q is written %q: %v", frame, messages[0], err)
		}
	})
}
