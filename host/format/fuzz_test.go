package format_test

import (
	"bytes"
	"context"
	"errors"
	"slices"
	"strings"
	"testing"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/array"
	"github.com/apache/arrow-go/v18/arrow/memory"

	"github.com/weir-stream/weir/host/batch"
	"github.com/weir-stream/weir/host/config"
	"github.com/weir-stream/weir/host/format"
	"github.com/weir-stream/weir/host/format/jsonformat"
	"github.com/weir-stream/weir/host/framing"
	"github.com/weir-stream/weir/host/option"
)

// target is a table that bytes are thrown at, and what a good record of it must always decode to.
type target struct {
	table
	good []byte            // a record, as weir itself writes it
	want arrow.RecordBatch // its rows
}

// newTarget makes the table of SQL columns and options "key", "value", …; its good record is that of a row in weir's own JSON. Where
// good is given it stands for what the format would write.
func newTarget(t testing.TB, columns, row string, good []byte, options ...string) *target {
	t.Helper()
	bag := option.New(option.Pos{File: "fuzz.sql"})
	for i := 0; i < len(options); i += 2 {
		if err := bag.Set(options[i], option.Pos{}, option.Value{Text: options[i+1], Quoted: true}); err != nil {
			t.Fatal(err)
		}
	}
	c := &target{table: table{format: formats.Find(bag), framing: framing.FromOptions(bag)}}
	if err := bag.Done(); err != nil {
		t.Fatalf("%.300q: %v", options, err)
	}
	c.columns = parseColumns(t, columns)
	if shaper, ok := c.format.(format.Shaper); ok {
		var err error
		if c.columns, err = shaper.Shape(context.Background(), c.columns); err != nil {
			t.Fatalf("%.300q: %v", options, err)
		}
	}
	c.want = c.rowOf(t, row)
	if c.good = good; good == nil {
		c.good = c.encode(t, c.want)
	}
	return c
}

func parseColumns(t testing.TB, text string) (columns []arrow.Field) {
	t.Helper()
	parsed, err := config.ParseColumns(text)
	if err != nil {
		t.Fatal(err)
	}
	for _, p := range parsed {
		columns = append(columns, arrow.Field{Name: p.Name, Type: p.Type, Nullable: !p.NotNull})
	}
	return columns
}

// remembered keeps the targets that were made for some bits: a table is compiled once, its decoders are new for every input.
func remembered(newTarget func(testing.TB, uint32) *target) func(testing.TB, uint32) *target {
	made := map[uint32]*target{}
	return func(t testing.TB, bits uint32) *target {
		const most = 1 << 10
		c := made[bits]
		if c == nil {
			if len(made) == most {
				clear(made)
			}
			c = newTarget(t, bits)
			made[bits] = c
		}
		return c
	}
}

// rowOf is a row in weir's own JSON.
func (c *target) rowOf(t testing.TB, row string) arrow.RecordBatch {
	t.Helper()
	d, err := jsonformat.New(jsonformat.Config{}).NewDecoder(c.fields())
	if err != nil {
		t.Fatal(err)
	}
	b := batch.NewBuilder(arrow.NewSchema(c.columns, nil), memory.DefaultAllocator)
	defer b.Release()
	if err := d.Decode([]byte(row), b); err != nil {
		t.Fatalf("%s: %v", row, err)
	}
	b.EndRow()
	return b.NewRecord()
}

// encode is the record of one row, framed as the table has it.
func (c *target) encode(t testing.TB, row arrow.RecordBatch) []byte {
	t.Helper()
	e, err := c.format.NewEncoder(c.fields())
	if err == nil {
		err = e.Bind(row.Columns())
	}
	var message []byte
	if err == nil {
		message, err = e.Append(nil, 0)
	}
	if err != nil {
		t.Fatal(err)
	}
	if message, err = framing.NewAppender(c.framing).Append(nil, message); err != nil {
		t.Fatal(err)
	}
	return message
}

// mostRows ends the walk over a record: a kilobyte may unpack to a great many rows.
const mostRows = 256

// attack decodes the good record, then the hostile one, its front half and the hostile one again, and the good one, all with one
// decoder. Only data errors may come of it; a refused row leaves nothing behind; the hostile record is the same rows and the same
// errors each time, with no column stored too; and the good record is what it was.
func (c *target) attack(t *testing.T, hostile []byte) {
	t.Helper()
	mem := memory.NewCheckedAllocator(memory.DefaultAllocator)
	defer mem.AssertSize(t, 0)
	d, b := c.opened(t, c.fields()), batch.NewBuilder(arrow.NewSchema(c.columns, nil), mem)
	defer b.Release()
	if errs := d.take(t, c.good, b); errs != "" {
		t.Fatalf("the good record %.300q: %s", c.good, errs)
	}
	good := b.Rows()
	before := bytes.Clone(hostile)
	first := d.take(t, hostile, b)
	bad := b.Rows() - good
	d.take(t, hostile[:len(hostile)/2], b)
	half := b.Rows() - good - bad
	again := d.take(t, hostile, b)
	if again != first || b.Rows() != good+bad+half+bad {
		t.Fatalf("%.300q: %d rows, errors %.300q; the second time %d, %.300q", hostile, bad, first, b.Rows()-good-bad-half, again)
	}
	if errs := d.take(t, c.good, b); errs != "" || b.Rows() != 2*good+2*bad+half {
		t.Fatalf("the good record behind %.300q: %s", hostile, errs)
	}
	if !bytes.Equal(hostile, before) {
		t.Fatalf("%.300q became %.300q", before, hostile)
	}
	record := b.NewRecord()
	defer record.Release()
	c.same(t, record, 0, c.want)
	c.same(t, record, record.NumRows()-int64(good), c.want)
	part := record.NewSlice(int64(good), int64(good+bad))
	defer part.Release()
	c.same(t, record, int64(good+bad+half), part)
	c.prune(t, hostile, first, bad)
}

// same compares rows of a batch with others; NaN is NaN.
func (c *target) same(t *testing.T, record arrow.RecordBatch, from int64, want arrow.RecordBatch) {
	t.Helper()
	if record.NumRows() < from+want.NumRows() {
		t.Fatalf("%d rows, want %d from %d on", record.NumRows(), want.NumRows(), from)
	}
	got := record.NewSlice(from, from+want.NumRows())
	defer got.Release()
	for i := range int(want.NumCols()) {
		if a, b := got.Column(i), want.Column(i); !array.Equal(a, b) && shown(a) != shown(b) {
			t.Fatalf("column %q: %v, want %v", c.columns[i].Name, a, b)
		}
	}
}

// shown are the values of a column. A NaN looks like another one, and dictionaries may have their words in other places.
func shown(a arrow.Array) string {
	d, ok := a.(*array.Dictionary)
	if !ok {
		return a.String()
	}
	var values []string
	for i := range d.Len() {
		value := "NULL"
		if d.IsValid(i) {
			value = d.Dictionary().ValueStr(d.GetValueIndex(i))
		}
		values = append(values, value)
	}
	return strings.Join(values, "|")
}

// prune decodes the hostile record without storing any column.
func (c *target) prune(t *testing.T, hostile []byte, errs string, rows int) {
	t.Helper()
	fields := c.fields()
	for i := range fields {
		fields[i].Column = -1
	}
	b := batch.NewBuilder(arrow.NewSchema(nil, nil), memory.DefaultAllocator)
	defer b.Release()
	if got := c.opened(t, fields).take(t, hostile, b); got != errs || b.Rows() != rows {
		t.Fatalf("%.300q: %d rows, errors %.300q; without columns %d, %.300q", hostile, rows, errs, b.Rows(), got)
	}
}

// opened is a decoder behind its framing.
type opened struct {
	frames
	format.Decoder
}

func (c *target) opened(t *testing.T, fields []format.Field) *opened {
	t.Helper()
	d, err := c.format.NewDecoder(fields)
	if err != nil {
		t.Fatal(err)
	}
	o := &opened{frames{splitter: framing.New(c.framing)}, d}
	o.unpacker, _ = d.(format.Unpacker)
	return o
}

// take ends the good rows of a record, up to mostRows, and returns the errors of the others.
func (o *opened) take(t *testing.T, record []byte, b *batch.Builder) string {
	t.Helper()
	var errs strings.Builder
	turns := 0
	o.each(record, func(row []byte, err error) (more bool) {
		held, long := b.Bytes(), lengths(b)
		if err == nil {
			err = o.Decode(row, b)
		}
		if err == nil {
			b.EndRow()
		} else {
			var data *format.DataError
			var cut *framing.Error
			switch {
			case errors.As(err, &data):
				if !strings.Contains(data.Code, ".") || data.Message == "" {
					t.Fatalf("%.300q: no code or no message: %v", record, err)
				}
			case !errors.As(err, &cut):
				t.Fatalf("%.300q: no data error: %v", record, err)
			}
			errs.WriteString(err.Error() + "\n")
			if b.Bytes() != held || !slices.Equal(lengths(b), long) {
				t.Fatalf("%.300q leaves something behind: %d bytes where there were %d (%v)", record, b.Bytes(), held, err)
			}
			if o.unpacker != nil {
				o.unpacker.Whole()(row)
			}
		}
		turns++
		return turns < mostRows
	})
	return errs.String()
}

// lengths are how many values the columns have.
func lengths(b *batch.Builder) (n []int) {
	for i := range b.Schema().Fields() {
		n = append(n, b.Column(i).Len())
	}
	return n
}
