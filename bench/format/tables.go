package main

import (
	"fmt"
	"slices"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/memory"

	"github.com/weir-stream/weir/host/batch"
	"github.com/weir-stream/weir/host/config"
	"github.com/weir-stream/weir/host/format"
)

// tables are the columns of the JSON files, as bench/peers/arrow has them too. Those of the flights are the pipelines'.
var tables = map[string]string{
	"flights": `year INT NOT NULL, month INT NOT NULL, day INT NOT NULL, dep_time INT, sched_dep_time INT, dep_delay BIGINT, arr_time INT,
		sched_arr_time INT, arr_delay BIGINT, carrier TEXT NOT NULL, flight INT, tailnum TEXT, origin TEXT NOT NULL, dest TEXT NOT NULL, air_time INT,
		distance INT, hour INT, minute INT, time_hour TIMESTAMP`,
	"flights in part": `carrier TEXT NOT NULL, dep_delay BIGINT, time_hour TIMESTAMP`,
	"parking": `"Ticket" TEXT, "IssueData" TEXT, "IssueTime" TEXT, "MeterId" TEXT, "MarkedTime" TEXT, "RPState" TEXT, "PlateExpiry" TEXT, "VIN" TEXT,
		"Make" TEXT, "BodyStyle" TEXT, "Color" TEXT, "Location" TEXT, "Route" TEXT, "Agency" TEXT, "ViolationCode" TEXT, "ViolationDescr" TEXT,
		"Fine" TEXT, "Latitude" TEXT, "Longitude" TEXT`,
	"nested": `id BIGINT, user STRUCT<name TEXT, address STRUCT<city TEXT, zip TEXT>, verified BOOLEAN>,
		items ARRAY<STRUCT<sku TEXT, quantity INT, price DECIMAL(10, 2), tags TEXT[]>>, attributes MAP<TEXT, TEXT>, total DOUBLE`,
	"floats": `id BIGINT, lat DOUBLE, lon DOUBLE, alt DOUBLE, speed DOUBLE, x DOUBLE, y DOUBLE, z DOUBLE, tiny DOUBLE, temperature FLOAT, ratio FLOAT`,
}

// columnsOf are the columns of one of the tables.
func columnsOf(table string) ([]arrow.Field, error) {
	parsed, err := config.ParseColumns(tables[table])
	if err != nil {
		return nil, fmt.Errorf("table %q: %w", table, err)
	}
	columns := make([]arrow.Field, len(parsed))
	for i, c := range parsed {
		columns[i] = arrow.Field{Name: c.Name, Type: c.Type, Nullable: !c.NotNull}
	}
	return columns, nil
}

// fieldsOf are what a decoder is to do with columns, and the schema of what comes out: those kept, or all where none are named.
func fieldsOf(columns []arrow.Field, keep []string) ([]format.Field, *arrow.Schema) {
	var fields []format.Field
	var kept []arrow.Field
	for _, c := range columns {
		f := format.Field{Name: c.Name, Type: c.Type, Nullable: c.Nullable, Column: -1}
		if len(keep) == 0 || slices.Contains(keep, c.Name) {
			f.Column = len(kept)
			kept = append(kept, c)
		}
		fields = append(fields, f)
	}
	return fields, arrow.NewSchema(kept, nil)
}

// poolBytes is what a pipeline keeps of the memory of batches that are done with.
const poolBytes = 64 << 20

// decodeArm decodes frames into batches as a pipeline does, over and over.
func (t Task) decodeArm(f format.Format, columns []arrow.Field, frames [][]byte) (Result, error) {
	fields, schema := fieldsOf(columns, t.Keep)
	d, err := f.NewDecoder(fields)
	if err != nil {
		return Result{}, err
	}
	builder := batch.NewBuilder(schema, batch.NewPool(memory.DefaultAllocator, poolBytes))
	defer builder.Release()
	var found digest
	refused, err := decode(d, builder, frames, found.add)
	if err == nil && refused != t.Refused {
		err = fmt.Errorf("%d records are refused, want %d", refused, t.Refused)
	}
	if err != nil {
		return Result{}, err
	}
	r, err := t.times(len(frames), func() error {
		_, err := decode(d, builder, frames, func(arrow.RecordBatch) error { return nil })
		return err
	})
	r.Rows, r.Digest = found.rows, found.String()
	return r, err
}

// decode makes batches of frames. Every batch is gone when each returns.
func decode(d format.Decoder, builder *batch.Builder, frames [][]byte, each func(arrow.RecordBatch) error) (refused int, err error) {
	for _, frame := range frames {
		if err := d.Decode(frame, builder); err != nil {
			refused++
			continue
		}
		builder.EndRow()
		if builder.Rows() == batch.DefaultLimits.Rows {
			if err := flush(builder, each); err != nil {
				return refused, err
			}
		}
	}
	if builder.Rows() == 0 {
		return refused, nil
	}
	return refused, flush(builder, each)
}

func flush(builder *batch.Builder, each func(arrow.RecordBatch) error) error {
	record := builder.NewRecord()
	defer record.Release()
	return each(record)
}

// batches are the rows of frames in batches as pipelines have them.
func batches(f format.Format, columns []arrow.Field, frames [][]byte) (all []arrow.RecordBatch, err error) {
	fields, schema := fieldsOf(columns, nil)
	d, err := f.NewDecoder(fields)
	if err != nil {
		return nil, err
	}
	builder := batch.NewBuilder(schema, batch.NewPool(memory.DefaultAllocator, poolBytes))
	defer builder.Release()
	refused, err := decode(d, builder, frames, func(record arrow.RecordBatch) error {
		record.Retain()
		all = append(all, record)
		return nil
	})
	if err == nil && refused > 0 {
		err = fmt.Errorf("%d records are refused", refused)
	}
	return all, err
}

// encodeArm encodes batches, the messages behind each other, each with what ends it.
func (t Task) encodeArm(f format.Format, columns []arrow.Field, all []arrow.RecordBatch, end string) (Result, error) {
	fields, _ := fieldsOf(columns, nil)
	e, err := f.NewEncoder(fields)
	if err != nil {
		return Result{}, err
	}
	rows := 0
	var text, out []byte
	for _, record := range all {
		rows += int(record.NumRows())
		if out, err = encode(e, record, out[:0], end); err != nil {
			return Result{}, err
		}
		text = append(text, out...)
	}
	r, err := t.times(rows, func() (err error) {
		for _, record := range all {
			if out, err = encode(e, record, out[:0], end); err != nil {
				return err
			}
		}
		return nil
	})
	r.Rows, r.Digest = rows, fmt.Sprintf("%016x", textDigest(text))
	return r, err
}

func encode(e format.Encoder, record arrow.RecordBatch, dst []byte, end string) (_ []byte, err error) {
	if err := e.Bind(record.Columns()); err != nil {
		return nil, err
	}
	for row := range int(record.NumRows()) {
		if dst, err = e.Append(dst, row); err != nil {
			return nil, err
		}
		dst = append(dst, end...)
	}
	return dst, nil
}
