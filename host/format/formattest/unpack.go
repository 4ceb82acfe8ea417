package formattest

import (
	"context"
	"errors"
	"slices"
	"testing"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/array"

	"github.com/weir-stream/weir/host/batch"
	"github.com/weir-stream/weir/host/format"
)

// walk decodes every row of a frame, of which there is one unless the decoder is a format.Unpacker, and tells end how each
// went. It returns the first error.
func walk(d format.Decoder, frame []byte, b *batch.Builder, end func(row []byte, err error)) (first error) {
	u, unpacks := d.(format.Unpacker)
	if !unpacks {
		first = d.Decode(frame, b)
		end(frame, first)
		return first
	}
	for rest := frame; ; {
		row, remaining, ok, err := u.Next(rest)
		if !ok {
			return errors.Join(first, err)
		}
		if err == nil {
			err = d.Decode(row, b)
		}
		end(row, err)
		if first == nil {
			first = err
		}
		rest = remaining
	}
}

// keep ends the good rows of a frame.
func keep(d format.Decoder, frame []byte, b *batch.Builder) error {
	return walk(d, frame, b, func(_ []byte, err error) {
		if err == nil {
			b.EndRow()
		}
	})
}

// leave takes the good rows of a frame back.
func leave(d format.Decoder, frame []byte, b *batch.Builder) error {
	return walk(d, frame, b, func(_ []byte, err error) {
		if err == nil {
			b.Rollback()
		}
	})
}

// wholeRowsStandAlone takes each row of a frame as a frame of its own: it is that row.
func (s Suite) wholeRowsStandAlone(t *testing.T) {
	d := s.decoder(t, s.Fields)
	u, unpacks := d.(format.Unpacker)
	if !unpacks {
		return
	}
	want := s.decode(t, s.Good)
	var rows, wholes [][]byte
	var whole []format.Whole
	b := batch.NewBuilder(s.schema(), checked(t))
	defer b.Release()
	for _, frame := range s.Good {
		walk(d, frame, b, func(row []byte, _ error) {
			b.Rollback()
			rows, whole = append(rows, row), append(whole, u.Whole())
		})
	}
	for i, row := range rows { // when the decoder is somewhere else
		wholes = append(wholes, whole[i](row))
	}
	if len(wholes) != int(want.NumRows()) {
		t.Fatalf("%d rows alone, %d in their frames", len(wholes), want.NumRows())
	}
	if got := s.decode(t, wholes); !array.RecordEqual(got, want) {
		t.Errorf("%q is\n%v\nwant\n%v", wholes, got, want)
	}
}

// walksEnd walks over frames cut short anywhere: each walk comes to its end, with no more rows than bytes.
func (s Suite) walksEnd(t *testing.T) {
	d, b := s.decoder(t, s.Fields), batch.NewBuilder(s.schema(), checked(t))
	defer b.Release()
	for _, frame := range slices.Concat(s.Good, s.Bad) {
		for end := range len(frame) + 1 {
			rows := 0
			_ = walk(d, frame[:end:end], b, func([]byte, error) {
				b.Rollback()
				if rows++; rows > end+1 {
					t.Fatalf("%d rows in the %d bytes %q", rows, end, frame[:end])
				}
			})
		}
	}
}

// columnsAreShaped asks a Shaper for the columns, of what the suite's table declares and of the columns themselves: those
// are what a table may declare too.
func (s Suite) columnsAreShaped(t *testing.T) {
	shaper, shapes := s.Format.(format.Shaper)
	if !shapes {
		return
	}
	want := s.schema().Fields()
	tables := [][]arrow.Field{want}
	if s.Declared != nil {
		tables = append(tables, s.Declared)
	}
	for _, declared := range tables {
		before := slices.Clone(declared)
		got, err := shaper.Shape(context.Background(), declared)
		if err != nil || !arrow.NewSchema(got, nil).Equal(arrow.NewSchema(want, nil)) {
			t.Errorf("%v becomes %v, %v; want %v", declared, got, err, want)
		}
		if !slices.EqualFunc(declared, before, arrow.Field.Equal) {
			t.Errorf("%v was changed to %v", before, declared)
		}
	}
}
