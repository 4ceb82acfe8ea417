package avroformat

import (
	"bytes"
	"crypto/rand"
	"encoding/binary"
	"errors"
	"math"
	"slices"
	"strings"
	"testing"

	"github.com/apache/arrow-go/v18/arrow"

	"github.com/weir-stream/weir/host/format"
)

const pairSchema = `{"type":"record","name":"P","fields":[{"name":"a","type":"int"},{"name":"s","type":"string"}]}`

var pairColumns = []arrow.Field{declared("a", arrow.PrimitiveTypes.Int32, false), declared("s", arrow.BinaryTypes.String, false)}

var marker = []byte("0123456789abcdef")

// pair is a datum of pairSchema.
func pair(a int64, s string) []byte {
	return append(appendLong(appendLong(nil, a), int64(len(s))), s...)
}

// file is a container of blocks, each of so many datums as it has parts.
func file(t testing.TB, c codec, schema string, blocks ...[][]byte) []byte {
	t.Helper()
	out := appendHeader(nil, []byte(schema), c, marker)
	d, err := newDeflater(c)
	if err != nil {
		t.Fatal(err)
	}
	for _, datums := range blocks {
		packed, err := d.pack(bytes.Join(datums, nil))
		if err != nil {
			t.Fatal(err)
		}
		out = appendLong(appendLong(out, int64(len(datums))), int64(len(packed)))
		out = append(append(out, packed...), marker...)
	}
	return out
}

func TestContainerRows(t *testing.T) {
	for c := range codecNames {
		whole := file(t, codec(c), pairSchema, [][]byte{pair(1, "x"), pair(2, "yy")}, nil, [][]byte{pair(3, "")})
		b := newBench(t, Config{}, pairColumns)
		for range 2 { // a decoder takes one frame after the other
			want := []string{`{"a":1,"s":"x"}`, `{"a":2,"s":"yy"}`, `{"a":3,"s":""}`}
			if got := b.rows(whole); !slices.Equal(got, want) {
				t.Errorf("%s: %q", codecNames[c], got)
			}
		}
	}
}

// A bad datum costs its row, the rest of its block, or the block, as far as places behind it are known.
func TestDamagedContainers(t *testing.T) {
	good := [][]byte{pair(1, "x"), pair(2, "yy")}
	wild := []byte{2, 0x7e} // a length past the end
	for _, c := range []struct {
		name  string
		frame []byte
		want  []string // each the row, or the beginning of the error
	}{
		{"nothing", nil, []string{"avro.empty"}},
		{"no container", []byte("Obj"), []string{"avro.header"}},
		{"header cut", file(t, 0, pairSchema)[:20], []string{"avro.header"}},
		{"no schema", file(t, 0, "{}"), []string{"avro.schema"}},
		{"no blocks", file(t, 0, pairSchema), nil},
		{"bad text in one row", file(t, 0, pairSchema, [][]byte{pair(1, "x"), pair(2, "\xff"), pair(3, "z")}),
			[]string{`{"a":1,"s":"x"}`, "avro.utf8: field 's'", `{"a":3,"s":"z"}`}},
		{"wild datum", file(t, 0, pairSchema, [][]byte{pair(1, "x"), wild, pair(2, "y")}, good),
			[]string{`{"a":1,"s":"x"}`, "avro.syntax: field 's'", `{"a":1,"s":"x"}`, `{"a":2,"s":"yy"}`}},
		{"more data than datums", func() []byte {
			f := appendHeader(nil, []byte(pairSchema), 0, marker)
			f = append(append(append(f, 2, 8), append(pair(1, "x"), 9)...), marker...)
			return f
		}(), []string{"avro.trailing"}},
		{"unpacked badly", func() []byte {
			f := file(t, codecDeflate, pairSchema, good, good)
			f[len(appendHeader(nil, []byte(pairSchema), codecDeflate, marker))+3] ^= 0xff
			return f
		}(), []string{"avro.", `{"a":1,"s":"x"}`, `{"a":2,"s":"yy"}`}},
		{"marker damaged", func() []byte {
			f := file(t, 0, pairSchema, good, good, good)
			f[len(file(t, 0, pairSchema, good))-1] ^= 1
			return f
		}(), []string{"avro.sync", `{"a":1,"s":"x"}`, `{"a":2,"s":"yy"}`}},
		{"cut in the last block", func() []byte {
			f := file(t, 0, pairSchema, good, good)
			return f[:len(f)-3]
		}(), []string{`{"a":1,"s":"x"}`, `{"a":2,"s":"yy"}`, "avro.sync"}},
		{"negative count", append(append(appendHeader(nil, []byte(pairSchema), 0, marker), 1, 0), marker...), []string{"avro.syntax"}},
	} {
		b := newBench(t, Config{}, pairColumns)
		got := b.rows(c.frame)
		ok := len(got) == len(c.want)
		for i := range min(len(got), len(c.want)) {
			ok = ok && strings.HasPrefix(got[i], c.want[i])
		}
		if !ok {
			t.Errorf("%s: %q, want %q", c.name, got, c.want)
		}
		if again := b.rows(file(t, 0, pairSchema, good)); len(again) != 2 || again[1] != `{"a":2,"s":"yy"}` {
			t.Errorf("%s: a good frame behind it gives %q", c.name, again)
		}
	}
}

func TestWholeIsAFrameOfOneRow(t *testing.T) {
	frame := file(t, codecSnappy, pairSchema, [][]byte{pair(1, "x"), pair(2, "\xff"), pair(3, "z")})
	b := newBench(t, Config{}, pairColumns)
	u := b.Decoder.(format.Unpacker)
	var frames [][]byte
	for rest := frame; ; {
		row, remaining, ok, err := u.Next(rest)
		if err != nil {
			t.Fatal(err)
		}
		if !ok {
			break
		}
		if u.Whole()(row); b.Decode(row, b.Builder) == nil {
			b.Rollback()
		}
		frames, rest = append(frames, u.Whole()(row)), remaining
	}
	for i, want := range []string{`{"a":1,"s":"x"}`, "avro.utf8: field 's': not UTF-8 at byte 2", `{"a":3,"s":"z"}`} {
		if got := b.rows(frames[i]); len(got) != 1 || got[0] != want {
			t.Errorf("row %d, walked: %q, want %q", i, got, want)
		}
		if got := b.row(frames[i]); got != want {
			t.Errorf("row %d, decoded: %q, want %q", i, got, want)
		}
	}
}

func TestWholeOfADamagedBlock(t *testing.T) {
	frame := file(t, codecSnappy, pairSchema, [][]byte{pair(1, "x")})
	frame[len(frame)-len(marker)-1] ^= 1 // in the checksum
	b := newBench(t, Config{}, pairColumns)
	u := b.Decoder.(format.Unpacker)
	row, _, ok, err := u.Next(frame)
	if !ok || err == nil || !strings.HasPrefix(err.Error(), "avro.codec") {
		t.Fatal(ok, err)
	}
	if !bytes.Equal(u.Whole()(row), frame) {
		t.Errorf("%q is not the container of the block alone", u.Whole()(row))
	}
}

func TestContainersAreBounded(t *testing.T) {
	for c := range codecNames {
		big := file(t, codec(c), pairSchema, [][]byte{pair(1, strings.Repeat("x", 5000))}, [][]byte{pair(2, strings.Repeat("x", 6000))},
			[][]byte{pair(3, "")})
		got := newBench(t, Config{MaxUncompressed: 8000}, pairColumns).rows(big)
		if len(got) != 3 || !strings.HasPrefix(got[1], "avro.") || got[2] != `{"a":3,"s":""}` {
			t.Errorf("%s: %.100q", codecNames[c], got)
		}
	}
	nulls := `{"type":"record","name":"N","fields":[{"name":"a","type":"null"}]}`
	f := appendHeader(nil, []byte(nulls), 0, marker)
	f = append(appendLong(appendLong(f, 1<<40), 0), marker...)
	got := newBench(t, Config{}, []arrow.Field{declared("a", arrow.BinaryTypes.String, true)}).rows(f)
	if len(got) != maxIdle+1 || !strings.HasPrefix(got[maxIdle], "avro.limit") {
		t.Errorf("%d rows without bytes, the last is %q", len(got), got[len(got)-1])
	}
}

// Blocks that uncompress to much and turn out bad must not cost a frame's length times that; and sizes that are only said cost nothing.
func TestBadBlocksAreBounded(t *testing.T) {
	const most, blocks = 8000, 1000
	for c := codecDeflate; int(c) < len(codecNames); c++ {
		pack, err := newDeflater(c)
		if err != nil {
			t.Fatal(err)
		}
		packed, err := pack.pack(make([]byte, most-100)) // of no datums, which makes it bad
		if err != nil {
			t.Fatal(err)
		}
		frame := appendHeader(nil, []byte(pairSchema), c, marker)
		for range blocks {
			frame = append(append(appendLong(appendLong(frame, 0), int64(len(packed))), packed...), marker...)
		}
		got := newBench(t, Config{MaxUncompressed: most}, pairColumns).rows(frame)
		if n := len(got); n < 3 || n > 10 || !strings.HasPrefix(got[0], "avro.trailing") || !strings.HasPrefix(got[n-1], "avro.limit") {
			t.Errorf("%s: %d bad blocks, the last is %.100q", codecNames[c], n, got[n-1])
		}
	}
	said := append(binary.AppendUvarint(nil, 1<<25), 0, 0, 0, 0, 0, 0) // 32 MB of two bytes
	if out, err := unsnap(said, DefaultMaxUncompressed); err == nil || cap(out) > 0 {
		t.Errorf("%d bytes, %v", cap(out), err)
	}
}

// A header's map may say what it likes.
func TestHostileHeaders(t *testing.T) {
	for _, start := range [][]byte{appendLong(nil, 1<<60), appendLong(nil, math.MinInt64), appendLong(appendLong(nil, -1), 1<<60),
		append(appendLong(nil, 1), appendLong(nil, 1<<60)...), append(appendLong(nil, 1), appendLong(nil, -5)...)} {
		frame := append(append([]byte(nil), magic...), start...)
		frame = append(frame, bytes.Repeat([]byte{2}, 1<<12)...)
		if got := newBench(t, Config{}, pairColumns).rows(frame); len(got) != 1 || !strings.HasPrefix(got[0], "avro.header") {
			t.Errorf("%x: %.200q", start, got)
		}
	}
	many := append([]byte(nil), magic...) // more members than a header may have bytes
	many = append(many, appendLong(nil, 1<<21)...)
	many = append(many, make([]byte, 2*maxHeader)...)
	if got := newBench(t, Config{}, pairColumns).rows(many); len(got) != 1 || !strings.HasPrefix(got[0], "avro.header") {
		t.Errorf("%.200q", got)
	}
}

func TestSchemasOfContainersAreForgotten(t *testing.T) {
	b := newBench(t, Config{}, pairColumns)
	for i := range 3 * maxContainers {
		schema := strings.Replace(pairSchema, `"P"`, `"P`+strings.Repeat("x", i)+`"`, 1)
		if got := b.rows(file(t, 0, schema, [][]byte{pair(1, "x")})); len(got) != 1 || got[0] != `{"a":1,"s":"x"}` {
			t.Fatalf("%q", got)
		}
		if n := len(b.Decoder.(*unpacker).known); n > maxContainers {
			t.Fatalf("%d are kept", n)
		}
	}
}

func TestSingleObject(t *testing.T) {
	c := Config{Mode: Single, Schema: pairSchema}
	b := newBench(t, c, pairColumns)
	if err := b.Decode(append([]byte{0xc3, 1}, make([]byte, 8)...), b.Builder); err == nil || !strings.HasPrefix(err.Error(), "avro.fingerprint") {
		t.Error(err)
	}
	if err := b.Decode([]byte{0xc3}, b.Builder); err == nil || !strings.HasPrefix(err.Error(), "avro.header") {
		t.Error(err)
	}
	s, _ := parse(pairSchema)
	frame := []byte{0xc3, 1}
	for fp := fingerprint(s); len(frame) < singleHeader; fp >>= 8 {
		frame = append(frame, byte(fp))
	}
	if got := b.row(append(frame, pair(7, "x")...)); got != `{"a":7,"s":"x"}` {
		t.Error(got)
	}
}

// Whatever one byte becomes, what comes out are rows and data errors, and the next container is read.
func TestMutatedContainers(t *testing.T) {
	good := file(t, codecSnappy, pairSchema, [][]byte{pair(1, "x"), pair(2, "yy")}, [][]byte{pair(3, "z")})
	b := newBench(t, Config{}, pairColumns)
	noise := make([]byte, 1)
	for i := range good {
		rand.Read(noise)
		for _, c := range []byte{0, 1, 0x7f, 0x80, 0xff, good[i] ^ 1, noise[0]} {
			bad := bytes.Clone(good)
			bad[i] = c
			b.rows(bad)
			b.rows(good[:i])
			if got := b.rows(good); len(got) != 3 || got[2] != `{"a":3,"s":"z"}` {
				t.Fatalf("behind byte %d = %#x: %q", i, c, got)
			}
		}
	}
}

// dataErrors fails the test for an error that a decoder must not have.
func dataErrors(t testing.TB, err error) {
	var bad *format.DataError
	if err != nil && (!errors.As(err, &bad) || !strings.HasPrefix(bad.Code, "avro.") || bad.Message == "") {
		t.Fatalf("%v is no data error", err)
	}
}

// TestWholeIsFreeForGoodRows: where letters may be wanted each row is asked for its Whole, which must not cost it anything.
func TestWholeIsFreeForGoodRows(t *testing.T) {
	const rows = 1000
	datums := make([][]byte, rows)
	for i := range datums {
		datums[i] = pair(int64(i), "x")
	}
	frame := file(t, 0, pairSchema, datums)
	b := newBench(t, Config{}, pairColumns)
	u := b.Decoder.(format.Unpacker)
	walk := func() {
		for rest := frame; ; {
			row, remaining, ok, err := u.Next(rest)
			if !ok {
				return
			}
			if err == nil {
				err = b.Decode(row, b.Builder)
			}
			if err != nil || u.Whole() == nil {
				t.Fatal(err)
			}
			b.Rollback()
			rest = remaining
		}
	}
	walk()
	if allocs := testing.AllocsPerRun(5, walk); allocs > 4 {
		t.Errorf("%.0f allocations for a container of %d rows", allocs, rows)
	}
}
