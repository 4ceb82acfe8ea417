package app

import (
	"bytes"
	"context"
	"encoding/base64"
	"errors"
	"io"
	"sync"

	"github.com/weir-stream/weir/host/batch"
	"github.com/weir-stream/weir/host/connector"
	"github.com/weir-stream/weir/host/deadletter"
	"github.com/weir-stream/weir/host/format"
	"github.com/weir-stream/weir/host/framing"
	"github.com/weir-stream/weir/internal/fault"
)

// encoding turns rows into records, a batch of them at a time.
type encoding struct {
	*converter
	lines   connector.Reader
	decoder format.Decoder
	encoder format.Encoder
	rows    *batch.Builder
	numbers []int64 // of the rows, among the lines
	record  []byte
	text    []byte // of a record in base64
	feeds   bool   // the framing ends a record with a line feed
}

// Encode reads rows as Decode prints them, one a line, and prints the records that a sink of the format would write, one a line. A row that
// is not one, or that the format can't express, is rejected, as is one whose record is no line, but for base64; blank lines are none.
func Encode(ctx context.Context, c Convert) (err error) {
	conv, err := c.open()
	if err != nil {
		return err
	}
	defer func() { err = conv.close(err) }()
	e := &encoding{converter: conv}
	if err := e.plan(ctx); err != nil {
		return err
	}
	defer e.rows.Release()
	defer func() { err = errors.Join(err, e.lines.Close()) }()
	reading, stop := untilDrained(ctx, c.Drain)
	defer stop()
	var ended error // why nothing more is read
	for err == nil && ended == nil {
		ended, err = e.take(reading)
	}
	switch {
	case err != nil:
		return err
	case ctx.Err() != nil && errors.Is(ended, ctx.Err()):
		return fault.EnvironmentError(ended)
	case errors.Is(ended, io.EOF), errors.Is(ended, context.Canceled):
		return e.write()
	}
	return errors.Join(e.write(), ended)
}

// untilDrained is a context that ends when drain is closed, or when stop is called.
func untilDrained(ctx context.Context, drain <-chan struct{}) (reading context.Context, stop func()) {
	reading, cancel := context.WithCancel(ctx)
	var watching sync.WaitGroup
	watching.Go(func() {
		select {
		case <-drain:
			cancel()
		case <-reading.Done():
		}
	})
	return reading, func() {
		cancel()
		watching.Wait()
	}
}

// plan makes the decoder of rows and the encoder.
func (e *encoding) plan(ctx context.Context) error {
	columns, err := e.columns()
	if err != nil {
		return err
	}
	sink, err := e.sink(e.given, columns)
	if err != nil {
		return err
	}
	t, err := e.configured(ctx, sink)
	if err != nil {
		return err
	}
	var fields []format.Field
	for i, c := range t.def.Columns {
		fields = append(fields, format.Field{Name: c.Name, Type: c.Type, Nullable: !c.NotNull, Column: i})
	}
	if e.encoder, err = t.newEncoder(fields); err != nil {
		return ofFormat(err)
	}
	e.feeds = t.framing.Compression == framing.Uncompressed && (t.framing.Method == framing.Newline || t.framing.Method == framing.JSONConcat)
	rows, err := own(convertInput, t.def.Columns, map[string]string{"type": connector.RoleSource.String(), "format": "json"})
	if err != nil {
		return err
	}
	if err := e.given.limitLines(rows); err != nil {
		return err
	}
	in, err := e.configured(ctx, rows)
	if err != nil {
		return err
	}
	if e.decoder, err = in.format.NewDecoder(fields); err != nil {
		return ofFormat(err)
	}
	e.rows = batch.NewBuilder(schema(t.def), e.planner.mem)
	if e.lines, err = in.connector.(*lineEnd).openRows(ctx); err != nil {
		e.rows.Release()
	}
	return err
}

// take takes in the rows that are at hand, and prints what there is where nothing more is. ended is why there are no more rows.
func (e *encoding) take(ctx context.Context) (ended, err error) {
	lines, err := e.lines.Read(ctx)
	if err != nil {
		return err, nil
	}
	for i := range lines {
		if err := e.row(&lines[i]); err != nil {
			return nil, err
		}
	}
	if e.lines.Buffered() {
		return nil, nil
	}
	if err := e.write(); err != nil {
		return nil, err
	}
	return nil, e.printed.flush()
}

// row takes in a row.
func (e *encoding) row(line *connector.Message) error {
	if line.Bad != nil {
		return e.rejectRow(line.Offset, &format.DataError{Code: line.Bad.Code, Message: line.Bad.Message})
	}
	if len(bytes.TrimSpace(line.Value)) == 0 {
		return nil
	}
	if e.rows.Rows() >= batch.DefaultLimits.Rows || e.rows.Bytes() >= batch.DefaultLimits.Bytes {
		if err := e.write(); err != nil {
			return err
		}
	}
	err := e.decoder.Decode(line.Value, e.rows)
	if errors.Is(err, batch.ErrFull) && e.rows.Rows() > 0 {
		if err = e.write(); err == nil {
			err = e.decoder.Decode(line.Value, e.rows)
		}
	}
	if err != nil {
		return e.rejectRow(line.Offset, err)
	}
	e.rows.EndRow()
	e.numbers = append(e.numbers, line.Offset)
	return nil
}

// write encodes and prints the rows that have been taken in.
func (e *encoding) write() error {
	if e.rows.Rows() == 0 {
		return nil
	}
	rec := e.rows.NewRecord()
	defer rec.Release()
	numbers := e.numbers
	e.numbers = e.numbers[:0]
	if err := e.encoder.Bind(rec.Columns()); err != nil {
		return err
	}
	for i, number := range numbers {
		line, err := e.line(i)
		if err != nil {
			err = e.reject(number, err)
		} else {
			err = e.printed.row("", line)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// line is the record of a row as a line, without its end: read again, it is that record. A line feed that the framing puts behind a frame is the
// line's own.
func (e *encoding) line(row int) (_ []byte, err error) {
	if e.record, err = e.encoder.Append(e.record[:0], row); err != nil {
		return nil, err
	}
	if e.Base64 {
		e.text = base64.StdEncoding.AppendEncode(e.text[:0], e.record)
		return e.text, nil
	}
	line := e.record
	if e.feeds {
		line = bytes.TrimSuffix(line, []byte{'\n'})
	}
	if bytes.IndexByte(line, '\n') >= 0 || bytes.HasSuffix(line, []byte{'\r'}) {
		return nil, &format.DataError{Code: "line.break", Message: "the record holds a line feed, or has a carriage return at its end, and is no line: use --base64"}
	}
	return line, nil
}

// rejectRow is reject for a row that could not be taken in: what comes before it is printed first.
func (e *encoding) rejectRow(number int64, err error) error {
	if failed := e.write(); failed != nil {
		return failed
	}
	return e.reject(number, err)
}

// reject tells of a row that is bad. Errors of other kinds pass through.
func (e *encoding) reject(number int64, err error) error {
	var bad *format.DataError
	if !errors.As(err, &bad) {
		return err
	}
	l := deadletter.Letter{Offset: number, Code: bad.Code, Path: bad.Path, Message: bad.Message, Expected: bad.Expected, Found: bad.Found}
	if told := e.printed.reject(&l); told != nil || e.given.policy != format.Fail {
		return told
	}
	return failed(&l, "")
}
