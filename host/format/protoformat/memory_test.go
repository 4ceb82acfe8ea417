package protoformat

import (
	"bytes"
	"errors"
	"runtime"
	"strings"
	"testing"

	"github.com/apache/arrow-go/v18/arrow"

	"github.com/weir-stream/weir/host/format"
	"github.com/weir-stream/weir/host/types"
)

// TestRecordsOfFieldsThatComeAgain reads records of millions of fields: what is held of them meanwhile is bounded, and given back
// before the next record comes.
func TestRecordsOfFieldsThatComeAgain(t *testing.T) {
	const source = `syntax = "proto3"; message M { int64 a = 1; int64 b = 2; oneof o { int64 c = 3; string d = 4; N e = 5; } N n = 6; repeated int64 l = 7;
		map<int32, int64> m = 8; } message N { int64 x = 1; int64 y = 2; }`
	message := types.Struct(nullable("x", bigint), nullable("y", bigint))
	columns := []arrow.Field{
		nullable("a", bigint), nullable("b", bigint), nullable("c", bigint), nullable("d", text), nullable("e", message), nullable("n", message),
		nullable("l", list(bigint)), nullable("m", types.Map(integer32, bigint, true)),
	}
	const times = 1 << 20
	many := func(parts ...string) []byte { return bytes.Repeat([]byte(strings.Join(parts, "")), times) }
	for name, c := range map[string]struct {
		config Config
		record []byte
		want   string // that it has, or a code
	}{
		"numbers":             {Config{}, append(many("\x10\x01", "\x08\x01"), "\x08\x07"...), `"a":7,"b":1,`},
		"in JSON":             {Config{Unstructured: true}, append(many("\x10\x01", "\x08\x01"), "\x08\x07"...), `{"a":7,"b":1}`},
		"members of a oneof":  {Config{}, append(many("\x18\x01", "\x22\x01x"), "\x2a\x02\x08\x03"...), `"c":null,"d":null,"e":{"x":3,"y":0}`},
		"in a message":        {Config{}, append([]byte{6<<3 | 2, 0x82, 0x80, 0x80, 2}, append(many("\x10\x01", "\x08\x01"), "\x08\x07"...)...), `"n":{"x":7,"y":1}`},
		"messages":            {Config{}, many("\x32\x00"), "protobuf.fields"},
		"messages of a oneof": {Config{}, many("\x2a\x00"), "protobuf.fields"},
		"no items":            {Config{}, append(many("\x3a\x00"), 8, 1, 8, 1), "protobuf.fields"},
		"items":               {Config{}, append(many("\x38\x01"), 8, 1, 8, 1), "protobuf.fields"},
		"entries of one key":  {Config{}, many("\x42\x00"), "protobuf.fields"},
		"messages in JSON":    {Config{Unstructured: true}, many("\x32\x00"), "protobuf.fields"},
	} {
		c.config.Source, c.config.Message, c.config.Limits = source, "M", format.Limits{Fields: times / 16}
		declared := columns
		if c.config.Unstructured {
			declared = []arrow.Field{nullable("value", jsonText)}
		}
		table := newTable(t, c.config, declared...)
		d := table.Decoder.(*decoder)
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		err := d.Decode(c.record, table.Builder)
		runtime.ReadMemStats(&after)
		if made := after.TotalAlloc - before.TotalAlloc; made > 48<<20 {
			t.Errorf("%s: %d bytes of memory for a record of %d", name, made, len(c.record))
		}
		if most := max(cap(d.pieces), cap(d.winners), cap(d.joined), cap(d.text), len(d.keys)); most > keepScratch {
			t.Errorf("%s: scratch of %d entries is kept", name, most)
		}
		var bad *format.DataError
		if errors.As(err, &bad) {
			if bad.Code != c.want {
				t.Errorf("%s: %v, want %s", name, err, c.want)
			}
		} else if got := table.ended(t); err != nil || !strings.Contains(got, c.want) {
			t.Errorf("%s: %.200s (%v), want %s", name, got, err, c.want)
		}
	}
}
