package format_test

import (
	"slices"
	"testing"

	"github.com/weir-stream/weir/host/format"
)

// fuzzed is the table of a vector, with a decoder that lives as long as the test.
type fuzzed struct {
	*table
	decoder format.Decoder
	records [][]byte
	good    []bool // what became of them at first
}

// fuzzedTables are those of all cases that decode, and can.
func fuzzedTables(f *testing.F) (out []fuzzed) {
	for _, file := range []string{"testdata/vectors.json", "testdata/siblings.json"} {
		for _, v := range readVectors(f, file) {
			if v.Direction != "decode" || events[v.ID] != nil {
				continue
			}
			c, err := v.table(f)
			if err != nil {
				continue // TestVectors knows why
			}
			one := fuzzed{table: c, records: v.records(f)}
			if one.decoder, err = c.format.NewDecoder(c.fields()); err != nil {
				f.Fatalf("%s: %v", v.ID, err)
			}
			one.good = one.verdicts(f)
			out = append(out, one)
		}
	}
	return out
}

// verdicts decodes the vector's records.
func (c *fuzzed) verdicts(t testing.TB) []bool {
	b := c.builder(t)
	got, err := c.decode(c.records, c.decoder, b)
	if err != nil {
		t.Fatal(err)
	}
	return got.good
}

// FuzzVectors: in the table of any vector any bytes are rows or bad data, and the vector's records are afterwards what they were.
func FuzzVectors(f *testing.F) {
	tables := fuzzedTables(f)
	for i, c := range tables {
		for _, record := range c.records {
			f.Add(uint16(i), record)
		}
	}
	f.Fuzz(func(t *testing.T, which uint16, record []byte) {
		c := tables[int(which)%len(tables)]
		b := c.builder(t)
		got, err := c.decode([][]byte{record}, c.decoder, b)
		if err != nil {
			t.Fatal(err)
		}
		for _, bad := range got.rejected {
			if bad.Code == "" || bad.Message == "" {
				t.Errorf("%q is rejected without a code or a message: %v", record, bad)
			}
		}
		if again := c.verdicts(t); !slices.Equal(again, c.good) {
			t.Errorf("after %q the vector's records are good %v, before %v", record, again, c.good)
		}
	})
}
