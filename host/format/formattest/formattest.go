// Package formattest is the bank of tests that every format runs: what host/format promises of decoders and encoders.
package formattest

import (
	"bytes"
	"errors"
	"slices"
	"strings"
	"testing"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/array"
	"github.com/apache/arrow-go/v18/arrow/memory"

	"github.com/weir-stream/weir/host/batch"
	"github.com/weir-stream/weir/host/format"
)

// Suite is a format, a table, and frames for it.
type Suite struct {
	Format format.Format
	Fields []format.Field // field i goes to column i
	Good   [][]byte       // frames whose rows all decode; at least one, and the first of one row
	Bad    [][]byte       // frames that have a row that does not
	// Encodes says that the format has an encoder, and that every good row comes back equal after it was encoded.
	Encodes bool
	// Rows is how many rows the good frames have together; 0: one each.
	Rows int
	// Declared is what the table declares for a format.Shaper to make Fields of; nil: Fields.
	Declared []arrow.Field
}

// Run runs the bank.
func Run(t *testing.T, s Suite) {
	t.Run("good frames decode", s.goodFramesDecode)
	t.Run("a bad frame leaves no trace", s.badFrameLeavesNoTrace)
	t.Run("a damaged frame leaves no trace", s.damagedFrameLeavesNoTrace)
	t.Run("a frame is neither kept nor changed", s.frameIsNotKept)
	t.Run("a pruned field is checked", s.prunedFieldIsChecked)
	t.Run("rows stand alone", s.wholeRowsStandAlone)
	t.Run("walks end", s.walksEnd)
	t.Run("columns are shaped", s.columnsAreShaped)
	t.Run("columns of the caller come after the decoder's", s.callersColumns)
	if s.Encodes {
		t.Run("rows come back from their messages", s.rowsComeBack)
		t.Run("an encoder reads slices", s.encoderReadsSlices)
		t.Run("an encoder refuses other columns", s.encoderRefusesOtherColumns)
	}
}

func (s Suite) schema() *arrow.Schema {
	columns := make([]arrow.Field, len(s.Fields))
	for i, f := range s.Fields {
		columns[i] = arrow.Field{Name: f.Name, Type: f.Type, Nullable: f.Nullable}
	}
	return arrow.NewSchema(columns, nil)
}

func (s Suite) decoder(t *testing.T, fields []format.Field) format.Decoder {
	t.Helper()
	d, err := s.Format.NewDecoder(fields)
	if err != nil {
		t.Fatal(err)
	}
	return d
}

// checked is an allocator that the test fails on if it leaks.
func checked(t *testing.T) memory.Allocator {
	mem := memory.NewCheckedAllocator(memory.DefaultAllocator)
	t.Cleanup(func() { mem.AssertSize(t, 0) })
	return mem
}

// decode decodes frames that must be good.
func (s Suite) decode(t *testing.T, frames [][]byte) arrow.RecordBatch {
	t.Helper()
	d, b := s.decoder(t, s.Fields), batch.NewBuilder(s.schema(), checked(t))
	defer b.Release()
	for i, frame := range frames {
		if err := keep(d, frame, b); err != nil {
			t.Fatalf("frame %d: %v", i, err)
		}
	}
	record := b.NewRecord()
	t.Cleanup(record.Release)
	return record
}

func (s Suite) goodFramesDecode(t *testing.T) {
	record := s.decode(t, s.Good)
	rows := s.Rows
	if rows == 0 {
		rows = len(s.Good)
	}
	if int(record.NumRows()) != rows {
		t.Fatalf("%d rows in %d frames, want %d", record.NumRows(), len(s.Good), rows)
	}
	for i, f := range s.Fields {
		if !f.Nullable && record.Column(i).NullN() > 0 {
			t.Errorf("column %q is not nullable and has %d nulls", f.Name, record.Column(i).NullN())
		}
	}
}

func (s Suite) badFrameLeavesNoTrace(t *testing.T) {
	for i, bad := range s.Bad {
		if !s.leavesNoTrace(t, bad) {
			t.Errorf("bad frame %d decodes: %q", i, bad)
		}
	}
}

// damagedFrameLeavesNoTrace cuts every good frame short, and changes it, everywhere; a good frame follows each time.
func (s Suite) damagedFrameLeavesNoTrace(t *testing.T) {
	d, b := s.decoder(t, s.Fields), batch.NewBuilder(s.schema(), checked(t))
	defer b.Release()
	try := func(damaged []byte) {
		_ = leave(d, damaged, b)
		if err := keep(d, s.Good[0], b); err != nil {
			t.Fatalf("the good frame after %q: %v", damaged, err)
		}
	}
	for _, good := range s.Good {
		for i := range good {
			try(good[:i:i])
			for _, c := range []byte{0, '"', ' ', 0x7f, 0x80, 0xff, good[i] ^ 1} {
				damaged := bytes.Clone(good)
				damaged[i] = c
				try(damaged)
			}
		}
	}
	want := s.decode(t, slices.Repeat(s.Good[:1], b.Rows()))
	got := b.NewRecord()
	defer got.Release()
	if !array.RecordEqual(got, want) {
		t.Fatal("a damaged frame changed its neighbours")
	}
}

// leavesNoTrace decodes a good frame, the frame, and all good ones. If the frame is refused, the result must be as if it
// had not been there.
func (s Suite) leavesNoTrace(t *testing.T, frame []byte) (refused bool) {
	t.Helper()
	mem := memory.NewCheckedAllocator(memory.DefaultAllocator)
	defer mem.AssertSize(t, 0)
	d, b := s.decoder(t, s.Fields), batch.NewBuilder(s.schema(), mem)
	defer b.Release()
	good := append([][]byte{s.Good[0]}, s.Good...)
	for i, g := range good {
		if err := keep(d, g, b); err != nil {
			t.Fatalf("good frame %d after %q: %v", i, frame, err)
		}
		if i > 0 {
			continue
		}
		bytesBefore := b.Bytes()
		if err := leave(d, frame, b); err != nil {
			refused = true
			var bad *format.DataError
			if !errors.As(err, &bad) || !strings.Contains(bad.Code, ".") || bad.Message == "" {
				t.Fatalf("%q: want a DataError with code and message, got %v", frame, err)
			}
		}
		for j := range s.Fields {
			if n := b.Column(j).Len(); n != 1 {
				t.Fatalf("%q: column %d has %d values after it, want 1", frame, j, n)
			}
		}
		if b.Bytes() != bytesBefore {
			t.Fatalf("%q: %d bytes in the batch after it, %d before", frame, b.Bytes(), bytesBefore)
		}
	}
	got := b.NewRecord()
	defer got.Release()
	if want := s.decode(t, good); !array.RecordEqual(got, want) {
		t.Fatalf("%q changed its neighbours:\n%v\nwant\n%v", frame, got, want)
	}
	return refused
}

func (s Suite) frameIsNotKept(t *testing.T) {
	d, b := s.decoder(t, s.Fields), batch.NewBuilder(s.schema(), checked(t))
	defer b.Release()
	for _, good := range s.Good {
		frame := bytes.Clone(good)
		if err := keep(d, frame, b); err != nil {
			t.Fatal(err)
		}
		if !bytes.Equal(frame, good) {
			t.Fatalf("frame changed from %q to %q", good, frame)
		}
		for i := range frame {
			frame[i] = '#'
		}
	}
	got := b.NewRecord()
	defer got.Release()
	if !array.RecordEqual(got, s.decode(t, s.Good)) {
		t.Fatal("rows changed with the bytes of their frames")
	}
}

// prunedFieldIsChecked prunes each field in turn: the same frames are refused for the same reasons, and the other columns
// do not change.
func (s Suite) prunedFieldIsChecked(t *testing.T) {
	for i := range s.Fields {
		fields := slices.Clone(s.Fields)
		fields[i].Column = -1
		var columns []arrow.Field
		for j := range fields {
			if j != i {
				fields[j].Column = len(columns)
				columns = append(columns, s.schema().Field(j))
			}
		}
		whole, wholeRows := s.decoder(t, s.Fields), batch.NewBuilder(s.schema(), checked(t))
		pruned, prunedRows := s.decoder(t, fields), batch.NewBuilder(arrow.NewSchema(columns, nil), checked(t))
		for _, frame := range slices.Concat(s.Good, s.Bad) {
			want, got := keep(whole, frame, wholeRows), keep(pruned, frame, prunedRows)
			if (want == nil) != (got == nil) || want != nil && got.Error() != want.Error() {
				t.Errorf("%q without %q: %v, with it: %v", frame, fields[i].Name, got, want)
			}
		}
		want, got := wholeRows.NewRecord(), prunedRows.NewRecord()
		for j, f := range fields {
			if j != i && !array.Equal(want.Column(j), got.Column(f.Column)) {
				t.Errorf("column %q differs without %q", f.Name, fields[i].Name)
			}
		}
		want.Release()
		got.Release()
	}
}

func (s Suite) callersColumns(t *testing.T) {
	extra := arrow.Field{Name: "the caller's", Type: arrow.PrimitiveTypes.Int64}
	schema := arrow.NewSchema(append(s.schema().Fields(), extra), nil)
	d, b := s.decoder(t, s.Fields), batch.NewBuilder(schema, checked(t))
	defer b.Release()
	rows := 0
	for _, frame := range slices.Concat(s.Bad, s.Good, s.Bad) {
		_ = walk(d, frame, b, func(_ []byte, err error) {
			if err == nil {
				b.Column(len(s.Fields)).AppendInt64(int64(rows))
				b.EndRow()
				rows++
			}
		})
	}
	record := b.NewRecord()
	defer record.Release()
	for i, v := range record.Column(len(s.Fields)).(*array.Int64).Int64Values() {
		if v != int64(i) {
			t.Fatalf("row %d has the caller's value %d", i, v)
		}
	}
}

func (s Suite) encoder(t *testing.T) format.Encoder {
	t.Helper()
	e, err := s.Format.NewEncoder(s.Fields)
	if err != nil {
		t.Fatal(err)
	}
	return e
}

// messages encodes all rows, each behind bytes that must stay.
func (s Suite) messages(t *testing.T, record arrow.RecordBatch) [][]byte {
	t.Helper()
	e := s.encoder(t)
	if err := e.Bind(record.Columns()); err != nil {
		t.Fatal(err)
	}
	var out [][]byte
	for row := range int(record.NumRows()) {
		m, err := e.Append([]byte("before"), row)
		if err != nil {
			t.Fatalf("row %d: %v", row, err)
		}
		if !bytes.HasPrefix(m, []byte("before")) {
			t.Fatalf("row %d: %q does not begin with what was there", row, m)
		}
		out = append(out, m[len("before"):])
	}
	return out
}

func (s Suite) rowsComeBack(t *testing.T) {
	want := s.decode(t, s.Good)
	messages := s.messages(t, want)
	if got := s.decode(t, messages); !array.RecordEqual(got, want) {
		t.Fatalf("%q is\n%v\nwant\n%v", messages, got, want)
	}
	if again := s.messages(t, s.decode(t, messages)); !slices.EqualFunc(again, messages, bytes.Equal) {
		t.Fatalf("encoded again %q, before %q", again, messages)
	}
}

func (s Suite) encoderReadsSlices(t *testing.T) {
	record := s.decode(t, append(slices.Clone(s.Good), s.Good...))
	want := s.messages(t, record)
	for from := range want {
		part := record.NewSlice(int64(from), record.NumRows())
		if got := s.messages(t, part); !slices.EqualFunc(got, want[from:], bytes.Equal) {
			t.Errorf("from row %d on %q, want %q", from, got, want[from:])
		}
		part.Release()
	}
}

func (s Suite) encoderRefusesOtherColumns(t *testing.T) {
	record := s.decode(t, s.Good)
	if err := s.encoder(t).Bind(record.Columns()[1:]); err == nil {
		t.Error("bound one column too few")
	}
	other := array.NewNull(1)
	defer other.Release()
	columns := slices.Clone(record.Columns())
	columns[0] = other
	if err := s.encoder(t).Bind(columns); err == nil {
		t.Error("bound a column of another type")
	}
}
