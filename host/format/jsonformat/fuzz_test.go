package jsonformat

import (
	"encoding/json"
	"errors"
	"testing"

	"github.com/apache/arrow-go/v18/arrow/array"
	"github.com/apache/arrow-go/v18/arrow/memory"

	"github.com/weir-stream/weir/host/batch"
	"github.com/weir-stream/weir/host/format"
)

// nestedTable has every type, at some level.
const nestedTable = "i TINYINT, j SMALLINT UNSIGNED, k BIGINT UNSIGNED, f FLOAT, d DECIMAL(20, 3), b BYTEA, t DATE, c TIME(6), " +
	"z TIMESTAMPTZ(3), v INTERVAL, w JSON, u UUID, y DICTIONARY<TEXT>, l LIST<INT NOT NULL>, " +
	"s STRUCT<a BIGINT NOT NULL, b TEXT[], c STRUCT<d DOUBLE>>, m MAP<TEXT, STRUCT<x DECIMAL(5, 2)>>, n MAP<INT, MAP<TEXT, JSON>>"

const nestedRecord = `{"i":-5,"j":65535,"k":18446744073709551615,"f":1.5,"d":-12.345,"b":"AAEC","t":"2013-01-02","c":"12:34:56.5",` +
	`"z":"2013-01-02T15:04:05+01:00","v":"P1M2DT3S","w":{"a":[1,null]},"u":"f81d4fae-7dec-11d0-a765-00a0c91e6bf6","y":"word",` +
	`"l":[1,2,3],"s":{"a":1,"b":["x",null],"c":{"d":2.5}},"m":{"p":{"x":1.25},"q":null},"n":{"1":{"a":[]},"2":{}}}`

// FuzzDecodeNested: any bytes are a row or a DataError, the same with and without columns; a good record decodes as ever
// afterwards; what strict mode accepts is JSON, and lenient mode accepts it too.
func FuzzDecodeNested(f *testing.F) {
	f.Add([]byte(nestedRecord))
	for _, r := range nestedRules {
		f.Add([]byte(`{"l":` + r.value + `,"s":` + r.value + `,"m":` + r.value + `,"n":` + r.value + `}`))
	}
	for _, r := range forms {
		f.Add([]byte(`{"i":` + r.value + `,"d":` + r.value + `,"v":` + r.value + `,"u":` + r.value + `}`))
	}
	fields, schema := table(nestedTable)
	f.Fuzz(func(t *testing.T, frame []byte) {
		mem := memory.NewCheckedAllocator(memory.DefaultAllocator)
		defer mem.AssertSize(t, 0)
		accepted := map[bool]bool{}
		for _, strict := range []bool{false, true} {
			d, pruned := newDecoder(Config{Strictness: strictIf(strict)}, fields), newDecoder(Config{Strictness: strictIf(strict)}, prune(fields))
			b := batch.NewBuilder(schema, mem)
			for i, bytes := range [][]byte{[]byte(nestedRecord), frame, []byte(nestedRecord)} {
				err := d.Decode(bytes, b)
				if err == nil {
					b.EndRow()
				} else if bad := (*format.DataError)(nil); !errors.As(err, &bad) || i != 1 {
					t.Errorf("frame %d of the good one, %q and the good one: %v", i, frame, err)
				}
				again := pruned.Decode(bytes, b)
				b.Rollback()
				if (err == nil) != (again == nil) || err != nil && err.Error() != again.Error() {
					t.Errorf("%q: %v, pruned %v", bytes, err, again)
				}
			}
			accepted[strict] = b.Rows() == 3
			record := b.NewRecord()
			first, last := record.NewSlice(0, 1), record.NewSlice(record.NumRows()-1, record.NumRows())
			if !array.RecordEqual(first, last) {
				t.Fatalf("%q changes the record after it", frame)
			}
			first.Release()
			last.Release()
			record.Release()
			b.Release()
		}
		if accepted[true] && (!accepted[false] || !json.Valid(frame)) {
			t.Fatalf("strict mode accepts %q, lenient mode: %v, encoding/json: %v", frame, accepted[false], json.Valid(frame))
		}
	})
}
