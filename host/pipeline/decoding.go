package pipeline

import (
	"context"
	"errors"
	"fmt"
	"io"
	"time"

	"github.com/weir-stream/weir/host/batch"
	"github.com/weir-stream/weir/host/checkpoint"
	"github.com/weir-stream/weir/host/connector"
	"github.com/weir-stream/weir/host/deadletter"
	"github.com/weir-stream/weir/host/format"
	"github.com/weir-stream/weir/host/framing"
	"github.com/weir-stream/weir/internal/fault"
)

// decoding is the reading side of a lane: records in, batches of rows out. It belongs to the first loop, except for start
// and commit.
type decoding struct {
	c         *Config
	reader    connector.Reader
	topic     string
	partition uint32
	start     int64 // where this run began
	end       int64 // where it ends, -1: never

	frames   frames
	decoder  format.Decoder
	tracer   format.Tracer // decoder, where sinks carry values; else nil
	traced   []uint32      // traces of the rows
	builder  *batch.Builder
	from     *batch.Provenance
	rejected []rejection
	bounds   bounds // of bad data
	raw      int    // bytes of the rows' frames
	before   int    // what of them was there in front of the record at hand
	records  int    // records taken since the last cut
	bytes    int    // and the bytes of their values
	kept     int    // and of their keys and values, which rows keep whole

	next   int64            // first record not wholly taken
	last   *checkpoint.Read // the last record of what was read last
	opened time.Time        // when the open batch got its first row
	marked time.Time        // when the last mark was sent
	dirty  bool             // something was taken since
	waited time.Duration    // spent in sending, within decodeAll
	warned warning
	stats  *LaneStats
	stale  int64 // of what the reader has left out, how much is counted
}

func newDecoding(c *Config, r connector.Reader, topic string, p uint32, start, end int64) (*decoding, error) {
	dec, err := c.Source.Decoder()
	if err != nil {
		return nil, err
	}
	d := &decoding{
		c: c, reader: r, topic: topic, partition: p, start: start, end: end, next: start,
		frames: frames{splitter: c.Source.Splitter()}, decoder: dec,
		builder: batch.NewBuilder(c.Source.Schema, c.Memory), bounds: newBounds(c.Source.Bounds),
		marked: time.Now(),
	}
	d.frames.unpacker, _ = dec.(format.Unpacker)
	if c.Source.Again.Decoder != nil {
		d.tracer = dec.(format.Tracer)
	}
	d.from = &batch.Provenance{Topic: topic, Partition: p}
	return d, nil
}

func (d *decoding) atEnd() bool { return d.end >= 0 && d.next >= d.end }

// read waits for records, but no longer than until the next mark is due where one is needed. It returns none when that
// time has come or reading has ended.
func (d *decoding) read(reading context.Context) ([]connector.Message, error) {
	ctx := reading
	if every := d.every(); every > 0 && !d.reader.Buffered() {
		var cancel context.CancelFunc
		ctx, cancel = context.WithDeadline(reading, d.marked.Add(every))
		defer cancel()
	}
	messages, err := d.reader.Read(ctx)
	if err != nil && ctx.Err() != nil && errors.Is(err, ctx.Err()) {
		return nil, nil
	}
	if err == io.EOF { // what is left before the end was not for this reader
		d.next = max(d.next, d.end)
		return nil, nil
	}
	var gone *connector.OutOfRangeError
	if errors.As(err, &gone) {
		return nil, outOfRange(gone)
	}
	if err != nil {
		return nil, fmt.Errorf("topic %s partition %d, offset %d: %w", d.topic, d.partition, d.next, err)
	}
	return messages, nil
}

// every is the time between two marks, 0 where none is needed. Nothing has to be saved of an idle lane but its places in sinks that go on
// without it.
func (d *decoding) every() time.Duration {
	switch {
	case d.dirty:
		return d.c.CheckpointInterval
	case d.c.exactlyOnce():
		return d.c.IdleInterval
	}
	return 0
}

// sender puts an item on the lane's first queue.
type sender func(ctx context.Context, it item) error

// decodeAll takes records into the open batch, until reading ends: what it leaves is read again another time.
func (d *decoding) decodeAll(ctx, reading context.Context, messages []connector.Message, send sender) error {
	began := time.Now()
	d.waited = 0
	defer func() { d.c.Stats.Decode.Add(int64(time.Since(began) - d.waited)) }()
	taken := 0
	for ; taken < len(messages) && reading.Err() == nil; taken++ {
		if err := d.decode(ctx, messages[taken], send); err != nil {
			return err
		}
	}
	if taken > 0 && messages[taken-1].Offset < d.next {
		d.last = readOf(&messages[taken-1])
	}
	return nil
}

// decode takes one record into the open batch, and sends the batch whenever it is full. A batch that is cut while the
// record has frames left says that the record is not wholly in it (invariant 4).
func (d *decoding) decode(ctx context.Context, m connector.Message, send sender) error {
	if d.end >= 0 && m.Offset >= d.end {
		d.next = max(d.next, d.end)
		return nil
	}
	if m.Offset < d.start { // through before, and read for what its writer has written
		return nil
	}
	d.next, d.dirty, d.before = m.Offset, true, d.raw
	if err := d.walk(ctx, m, send); err != nil {
		return err
	}
	if d.frames.unpacker != nil && d.held() > 0 { // what makes its rows whole keeps all of it
		d.raw = max(d.raw, d.before+len(m.Value))
	}
	d.next = m.Offset + 1
	d.records++
	d.bytes += len(m.Value)
	d.kept += len(m.Key) + len(m.Value)
	if d.full() {
		return d.makeRoom(ctx, send)
	}
	return nil
}

// walk takes the frames of a record into the open batch; what is no record at all is one that is bad.
func (d *decoding) walk(ctx context.Context, m connector.Message, send sender) error {
	if m.Bad != nil {
		return d.reject(m, m.Value, 0, m.Bad)
	}
	d.frames.begin(m.Value)
	for index := int32(0); ; index++ {
		frame, ok, err := d.frames.next()
		if !ok && err == nil {
			return nil
		}
		if d.full() {
			if err := d.makeRoom(ctx, send); err != nil {
				return err
			}
		}
		if err == nil {
			err = d.row(m, frame, index)
		}
		if errors.Is(err, batch.ErrFull) && d.builder.Rows() > 0 {
			if err = d.makeRoom(ctx, send); err == nil {
				err = d.row(m, frame, index)
			}
		}
		if err != nil {
			err = d.reject(m, frame, index, err)
		}
		if err != nil {
			return err
		}
	}
}

// makeRoom sends the open batch.
func (d *decoding) makeRoom(ctx context.Context, send sender) error {
	waiting := time.Now()
	defer func() { d.waited += time.Since(waiting) }()
	return send(ctx, d.cut(none, nil))
}

// row appends one row, or nothing.
func (d *decoding) row(m connector.Message, frame []byte, index int32) error {
	if err := d.decoder.Decode(frame, d.builder); err != nil {
		return err
	}
	for i := range d.c.Source.Metadata {
		if err := d.metadata(&d.c.Source.Metadata[i], m, index); err != nil {
			d.builder.Rollback()
			return err
		}
	}
	d.open(frame)
	if d.bounds.Window > 0 {
		d.bounds.frame(false)
	}
	d.builder.EndRow()
	d.from.Append(m.Offset, index, m.Time, frame)
	if d.frames.unpacker != nil && len(d.c.Letters) > 0 {
		d.from.Whole = append(d.from.Whole, d.frames.whole())
	}
	if d.tracer != nil {
		d.traced = d.tracer.Trace(d.traced)
	}
	return nil
}

// open counts a frame into the open batch, whose age begins with its first.
func (d *decoding) open(frame []byte) {
	if d.held() == 0 {
		d.opened = time.Now()
	}
	d.raw += len(frame)
}

// held is the number of rows, good and rejected, in the open batch.
func (d *decoding) held() int { return d.builder.Rows() + len(d.rejected) }

// reject deals with a frame that can't be decoded as the table's bad-data policy says. Errors of other kinds pass through.
func (d *decoding) reject(m connector.Message, frame []byte, index int32, err error) error {
	var bad *format.DataError
	var cut *framing.Error
	var none *connector.BadRecord
	switch {
	case errors.As(err, &bad):
	case errors.As(err, &none):
		bad = &format.DataError{Code: none.Code, Message: none.Message}
	case errors.As(err, &cut):
		bad = &format.DataError{Code: cut.Code, Message: cut.Message}
	default:
		return fmt.Errorf("topic %s partition %d offset %d frame %d: %w", d.topic, d.partition, m.Offset, index, err)
	}
	letter := deadletter.Letter{
		Topic: d.topic, Partition: d.partition, Offset: m.Offset, Frame: index, Time: m.Time, Value: frame,
		Code: bad.Code, Path: bad.Path, Message: bad.Message, Expected: bad.Expected, Found: bad.Found,
	}
	exceeded := d.bounds.frame(true)
	if none == nil {
		letter.Framing = d.c.Source.Framing.Envelope(err)
	}
	if d.c.Source.BadData == format.Fail || exceeded != "" {
		d.c.Stats.rejected(&rejection{letter: letter})
		return fault.InputError(&BadDataError{Table: d.c.Source.Table, Letter: letter, Exceeded: exceeded})
	}
	r := rejection{letter: letter, letters: -1}
	if d.c.Source.BadData == format.DeadLetter {
		r.letters = d.c.Source.Letters
		r.letter.Whole = d.frames.whole()
	}
	d.warned.log(d.c.Log, "bad record", &r.letter)
	d.open(r.letter.Value)
	d.rejected = append(d.rejected, r)
	return nil
}

// full tells whether the open batch has reached a limit of rows or bytes. Rejected rows and the frames' own bytes count
// too, since they are held as well.
func (d *decoding) full() bool {
	l := d.c.Limits
	return d.held() >= l.Rows || d.builder.Bytes()+4*len(d.traced) >= l.Bytes || d.source() >= rawFactor*l.Bytes
}

// source is how many bytes of the source the open batch holds: its frames, or where they are a small part of their records those, since a frame
// keeps the memory that it lies in.
func (d *decoding) source() int { return max(d.raw, d.kept) }

// rawFactor is how many times the byte limit of a batch its frames may take, which are text where columns are binary.
const rawFactor = 4

// rowCost is about what is held for a row beside its columns and its frame: where it came from, in bytes.
const rowCost = 48

// due tells whether the open batch should go now, between two reads, and with what signal.
func (d *decoding) due() (bool, signal) {
	if every := d.every(); every > 0 && time.Since(d.marked) >= every {
		return true, mark
	}
	if d.held() == 0 {
		return false, none
	}
	return !d.reader.Buffered() || time.Since(d.opened) >= d.c.Limits.Age, none
}

// cut closes the open batch and makes an item of it.
func (d *decoding) cut(s signal, err error) item {
	it := item{rejected: d.rejected, signal: s, err: err, point: point{next: d.next, seen: d.seen(), read: d.last}}
	it.size = int64(d.source() + d.builder.Bytes() + rowCost*d.held() + 4*len(d.traced))
	if rows := d.builder.Rows(); rows > 0 {
		it.batch = &batch.Batch{Record: d.builder.NewRecord(), From: d.from}
		it.traces = traces{d.from, d.traced}
		d.traced = make([]uint32, 0, len(d.traced))
		d.c.Stats.RowsIn.Add(int64(rows))
		d.from = d.from.Next()
	}
	d.c.Stats.RecordsIn.Add(int64(d.records))
	d.c.Stats.BytesIn.Add(int64(d.bytes))
	d.rejected, d.raw, d.before, d.records, d.bytes, d.kept = nil, 0, 0, 0, 0, 0
	d.account()
	if s != none {
		d.marked, d.dirty = time.Now(), false
	}
	return it
}

// close lets go of an open batch.
func (d *decoding) close() { d.builder.Release() }

// commit tells the source that everything before next is durable downstream. It is called from the last loop.
func (d *decoding) commit(ctx context.Context, next int64) error {
	if err := d.reader.Commit(ctx, next); err != nil {
		return fmt.Errorf("topic %s partition %d: committing offset %d: %w", d.topic, d.partition, next, err)
	}
	return nil
}
