package pipeline

import (
	"errors"
	"fmt"
	"sort"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/memory"

	"github.com/weir-stream/weir/host/batch"
	"github.com/weir-stream/weir/host/format"
)

// traces are what the decoder has noted of the rows of a batch, one after the other: as many numbers for each.
type traces struct {
	rows    *batch.Provenance
	numbers []uint32
}

// width is how many numbers a row has.
func (t *traces) width() int { return len(t.numbers) / t.rows.Len() }

// before is how many rows lie before those of part, which are some of them in a row: a stage may have run the batch in parts.
func (t *traces) before(part *batch.Provenance) int {
	if part == t.rows || part.Len() == 0 {
		return 0
	}
	offset, frame := part.Offset[0], part.Frame[0]
	return sort.Search(t.rows.Len(), func(i int) bool {
		return t.rows.Offset[i] > offset || t.rows.Offset[i] == offset && t.rows.Frame[i] >= frame
	})
}

// carrier writes a table's rows with bytes of their records. A row whose record does not allow that is decoded again, in all that is
// carried in others, and encoded: so the columns that only pass through need not be kept for all of them.
type carrier struct {
	patcher  format.Patcher
	decoder  format.Decoder // of what is carried
	builder  *batch.Builder // of the decoder's columns
	most     int            // bytes of those, about: the rest of the rows is decoded again behind that
	mem      memory.Allocator
	ordinary []uint32 // rows of the batch at hand that are not carried
	columns  []arrow.Array
	verbatim int64 // how many rows of the batch at hand are
	patched  int64
}

// newCarrier is nil for a sink that carries nothing.
func (c *Config) newCarrier(t Sink) (*carrier, error) {
	if t.Patcher == nil {
		return nil, nil
	}
	p, err := t.Patcher()
	if err != nil {
		return nil, err
	}
	dec, err := c.Source.Again.Decoder()
	if err != nil {
		return nil, err
	}
	return &carrier{
		patcher: p, decoder: dec, builder: batch.NewBuilder(c.Source.Again.Schema, c.Memory), mem: c.Memory,
		most: c.Limits.Bytes, columns: make([]arrow.Array, len(t.Columns)),
	}, nil
}

func (c *carrier) release() {
	if c != nil {
		c.builder.Release()
	}
}

// carry is encode for a table with a carrier. The records of ordinary rows are made last, whatever their places.
func (t *table) carry(b *batch.Batch, rows int, traces *traces) error {
	c := t.carrier
	c.ordinary, c.verbatim, c.patched = c.ordinary[:0], 0, 0
	for i, col := range t.Columns {
		if c.columns[i] = nil; col >= 0 {
			c.columns[i] = b.Record.Column(col)
		}
	}
	if err := c.patcher.Bind(c.columns); err != nil {
		return err
	}
	before, width := traces.before(b.From), traces.width()
	for row := range rows {
		source, from := b.Source(row), len(t.buf)
		trace := traces.numbers[(before+source)*width:][:width]
		var way format.Way
		var err error
		if t.buf, way, err = c.patcher.Patch(t.buf, row, b.From.Raw[source], trace); err != nil {
			if err := t.refuse(b, row, err); err != nil {
				return err
			}
			t.records = append(t.records, nil)
			continue
		}
		record := t.buf[from:]
		switch way {
		case format.Ordinary:
			c.ordinary = append(c.ordinary, uint32(row))
		case format.Verbatim:
			record = b.From.Raw[source]
			c.verbatim++
		case format.Patched:
			c.patched++
		}
		t.records = append(t.records, record)
	}
	if len(c.ordinary) == 0 {
		return nil
	}
	return t.encodeAgain(b)
}

// encodeAgain encodes the ordinary rows of a batch, a part of them at a time where they carry much.
func (t *table) encodeAgain(b *batch.Batch) error {
	c := t.carrier
	for rest := c.ordinary; len(rest) > 0; {
		n := 0
		for _, row := range rest {
			err := c.decoder.Decode(b.From.Raw[b.Source(int(row))], c.builder)
			if errors.Is(err, batch.ErrFull) && n > 0 {
				break
			}
			if err != nil {
				return fmt.Errorf("the record of %s, which was good before, is not when it is decoded again: %w", madeOf(b, int(row)), err)
			}
			c.builder.EndRow()
			if n++; c.builder.Bytes() >= c.most {
				break
			}
		}
		if err := t.encodeDecoded(b, rest[:n]); err != nil {
			return err
		}
		rest = rest[n:]
	}
	return nil
}

// encodeDecoded encodes rows of the batch whose carried columns the builder has.
func (t *table) encodeDecoded(b *batch.Batch, rows []uint32) error {
	c := t.carrier
	decoded := c.builder.NewRecord()
	defer decoded.Release()
	for i, place := range t.Again {
		if place >= 0 {
			t.columns[i] = decoded.Column(place)
			continue
		}
		taken, err := batch.Take(b.Record.Column(t.Columns[i]), rows, c.mem)
		if err != nil {
			return err
		}
		defer taken.Release()
		t.columns[i] = taken
	}
	if err := t.encoder.Bind(t.columns); err != nil {
		return err
	}
	for i, row := range rows {
		record, err := t.append(b, i, int(row))
		if err != nil {
			return err
		}
		t.records[row] = record
	}
	return nil
}
