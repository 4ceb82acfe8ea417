package pipeline

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/apache/arrow-go/v18/arrow"

	"github.com/weir-stream/weir/host/batch"
	"github.com/weir-stream/weir/host/checkpoint"
	"github.com/weir-stream/weir/host/connector"
	"github.com/weir-stream/weir/host/format"
	"github.com/weir-stream/weir/internal/fault"
)

// sinks are the pipeline's opened sinks and dead letter topics, shared by its lanes.
type sinks struct {
	c       *Config
	tables  []connector.Sink
	letters []connector.Sink
}

func openSinks(ctx context.Context, c *Config) (*sinks, error) {
	s := &sinks{c: c}
	for _, t := range c.Sinks {
		opened, err := t.Connector.OpenSink(ctx, c.env(PartSinks))
		if err != nil {
			_ = s.close() // the first error is the one to tell
			return nil, fmt.Errorf("table %s: %w", t.Table, err)
		}
		s.tables = append(s.tables, opened)
	}
	for _, l := range c.Letters {
		opened, err := l.Connector.OpenSink(ctx, c.env(PartLetters))
		if err != nil {
			_ = s.close()
			return nil, fmt.Errorf("dead letters %s: %w", l.Name, err)
		}
		s.letters = append(s.letters, opened)
	}
	return s, nil
}

// same tells whether every topic is the one that was opened.
func (s *sinks) same() (err error) {
	for _, opened := range slices.Concat(s.tables, s.letters) {
		err = errors.Join(err, opened.Same())
	}
	if err != nil {
		return fault.Inputf("%w; if that was meant, %s", err, toDraw)
	}
	return nil
}

func (s *sinks) close() (err error) {
	for _, opened := range slices.Concat(s.tables, s.letters) {
		err = errors.Join(err, opened.Close())
	}
	return err
}

// writing is the writing side of a lane. It belongs to the last loop.
type writing struct {
	c            *Config
	tables       []table
	letters      []output
	saved        checkpoint.Lane
	last         checkpoint.Checkpoint
	moved        time.Time // when positions were moved last
	checkpointed time.Time // when a checkpoint was saved last
	mostOnce     bool      // see lane.reserve
	redrawn      bool      // there are writer ids that no checkpoint has
	finishing    bool      // see lane: there won't be any
	unsure       tally     // dead letters that are not confirmed, by code

	bounds  bounds      // of the rows that sinks refuse
	refused []rejection // the item's rows that a sink's format can't express
	warned  warning
}

// output writes records to one sink. A record's partition follows from its key where byKey is set and it has one, and else
// from the running count that the checkpoint keeps, so that where batches are cut changes nothing (invariant 8).
type output struct {
	name       string // in the checkpoint
	topic      string // the sink's place
	byKey      bool
	sink       connector.Sink
	writer     connector.Writer
	partitions int // that records are spread over: the sink may have more by now
	count      int64
	sequence   *sequence // nil: none

	lane    string
	current int64 // offset of the source record that was written for last, -1: none yet
	before  int64 // count before its first row

	begun, begunCurrent, begunBefore int64 // count, current and before as they were before the item that is being written

	records, bytes int64 // written since the last flush
	suppressed     int64 // since then, found in the sink
	lost           int64 // that the writer has given up
}

func (s *sinks) open(ctx context.Context, lane string, saved checkpoint.Lane, last checkpoint.Checkpoint) (*writing, error) {
	w := &writing{c: s.c, saved: saved, last: last, checkpointed: time.Now(), unsure: tally{}, mostOnce: s.c.mostOnce(),
		bounds: newBounds(s.c.Source.Bounds)}
	for i, t := range s.c.Sinks {
		enc, err := t.Encoder()
		if err != nil {
			_ = w.close() // the first error is the one to tell
			return nil, fmt.Errorf("table %s: %w", t.Table, err)
		}
		carrier, err := s.c.newCarrier(t)
		if err != nil {
			_ = w.close()
			return nil, fmt.Errorf("table %s: %w", t.Table, err)
		}
		out, err := s.c.openOutput(ctx, s.tables[i], t.Connector, s.c.countName(t), lane, last)
		if err != nil {
			_ = w.close() // the first error is the one to tell
			return nil, err
		}
		out.byKey = t.Key >= 0
		w.tables = append(w.tables, table{output: out, Sink: t, encoder: enc, carrier: carrier, columns: make([]arrow.Array, len(t.Columns)),
			lenient: s.c.Source.BadData != format.Fail})
	}
	for i, l := range s.c.Letters {
		out, err := s.c.openOutput(ctx, s.letters[i], l.Connector, lettersName(l), lane, last)
		if err != nil {
			_ = w.close() // the first error is the one to tell
			return nil, err
		}
		w.letters = append(w.letters, out)
	}
	return w, nil
}

// countName is a sink's name in the checkpoint. A table that several outputs feed has a count for each.
func (c *Config) countName(t Sink) string {
	same := 0
	for _, other := range c.Sinks {
		if other.Table == t.Table {
			same++
		}
	}
	if same > 1 {
		return fmt.Sprintf("table %s output %d", t.Table, t.Output)
	}
	return "table " + t.Table
}

// lettersName is a dead letter topic's name in the checkpoint.
func lettersName(l Letters) string { return "dead letters " + l.Name }

// openOutput opens a writer at the lane's place in a sink.
func (c *Config) openOutput(ctx context.Context, s connector.Sink, to connector.Config, name, lane string, last checkpoint.Checkpoint) (output, error) {
	place := last.Sinks[name]
	o := output{lane: lane, name: name, topic: placeOf(to), sink: s, partitions: place.Partitions, count: place.Count, current: -1}
	var from *connector.Sequence
	var err error
	if place.Writer != 0 {
		if o.sequence, err = findSequence(ctx, s, place); err != nil {
			return output{}, fmt.Errorf("%s: %w", name, err)
		}
		from = &connector.Sequence{Writer: place.Writer, Next: o.sequence.found}
	}
	if o.writer, err = s.Open(ctx, lane, from); err != nil {
		return output{}, fmt.Errorf("%s: %w", name, err)
	}
	return o, nil
}

// write writes an item's rows and dead letters, in order, and lets go of its batches.
func (w *writing) write(ctx context.Context, it *item) error {
	defer it.release()
	w.each((*output).begin)
	w.refused = w.refused[:0]
	for _, out := range it.outputs {
		for i := range w.tables {
			t := &w.tables[i]
			if t.Output != out.Index {
				continue
			}
			if err := w.rows(ctx, t, out.Batch, it); err != nil {
				return fmt.Errorf("table %s: %w", t.Table, err)
			}
		}
	}
	if err := w.rejectRefused(it); err != nil {
		return err
	}
	for i := range it.rejected {
		w.c.Stats.rejected(&it.rejected[i])
		if err := w.letter(ctx, &it.rejected[i], it); err != nil {
			return err
		}
	}
	return nil
}

func (w *writing) rows(ctx context.Context, t *table, b *batch.Batch, it *item) error {
	rows := int(b.Record.NumRows())
	if rows == 0 {
		return nil
	}
	if t.sequence != nil && b.Derived && lastOffset(b, 0) >= it.next {
		return fault.Inputf("what a module made of %s does not say which rows it is made of, and the batch ends within a record: with exactly_once "+
			"the module has to give its rows origins, or patches", madeOf(b, 0))
	}
	began := time.Now()
	err := t.encode(b, rows, &it.traces)
	w.rejectOf(t, b)
	if err != nil {
		if !t.lenient && len(t.refused) > 0 {
			w.c.Stats.rejected(&w.refused[len(w.refused)-1])
		}
		return err
	}
	if c := t.carrier; c != nil {
		w.c.Stats.Verbatim.Add(c.verbatim)
		w.c.Stats.Patched.Add(c.patched)
	}
	began = spent(&w.c.Stats.Encode, began)
	var key func(row int) []byte
	if t.Key >= 0 {
		key = keys(b.Record.Column(t.Key))
	}
	defer clear(t.records)
	refused := t.refused
	for row, record := range t.records {
		if len(refused) > 0 && refused[0].row == row {
			refused = refused[1:]
			continue
		}
		if w.bounds.Window > 0 {
			w.bounds.frame(false)
		}
		if t.withholds(lastOffset(b, row), it) {
			continue
		}
		m := connector.Message{Time: -1, Value: record}
		if key != nil {
			m.Key = key(row)
		}
		err := t.put(ctx, lastOffset(b, row), m)
		if errors.Is(err, connector.ErrTooLarge) {
			return fault.Inputf("a row made of %s: %w; leave such rows out with a module, or select fewer or shorter columns", madeOf(b, row), err)
		}
		if err != nil {
			return err
		}
	}
	spent(&w.c.Stats.Write, began)
	return nil
}

// madeOf names the record that a row came from.
func madeOf(b *batch.Batch, row int) string {
	from := b.From
	if b.Derived {
		return fmt.Sprintf("topic %s partition %d offsets %d to %d", from.Topic, from.Partition, from.Offset[0], from.Offset[from.Len()-1])
	}
	at := b.Source(row)
	return fmt.Sprintf("topic %s partition %d offset %d frame %d", from.Topic, from.Partition, from.Offset[at], from.Frame[at])
}

// lastOffset is the offset of the record that a row was made of, or of the last of them.
func lastOffset(b *batch.Batch, row int) int64 {
	if b.Derived {
		return b.From.Offset[b.From.Len()-1]
	}
	return b.From.Offset[b.Source(row)]
}

// each calls do with every output.
func (w *writing) each(do func(*output)) {
	for i := range w.tables {
		do(&w.tables[i].output)
	}
	for i := range w.letters {
		do(&w.letters[i])
	}
}

// again says that the item written last will be written again, from its first row on: to the same partitions.
func (w *writing) again() { w.each((*output).again) }

func (w *writing) letter(ctx context.Context, r *rejection, it *item) error {
	if r.letters < 0 || w.letters[r.letters].withholds(r.letter.Offset, it) {
		return nil
	}
	key, err := r.letter.Key()
	if err != nil {
		return err
	}
	out := &w.letters[r.letters]
	if err := out.put(ctx, r.letter.Offset, connector.Message{Time: -1, Key: key, Value: r.letter.Bytes()}); err != nil {
		return fmt.Errorf("%s: %w", out.name, err)
	}
	w.unsure.add(r.letter.Code)
	return nil
}

// begin notes where an item begins.
func (o *output) begin() {
	o.begun, o.begunCurrent, o.begunBefore = o.count, o.current, o.before
	if q := o.sequence; q != nil {
		copy(q.begun, q.next)
		q.begunCurrent = append(q.begunCurrent[:0], q.current...)
	}
}

// again goes back to there.
func (o *output) again() {
	o.count, o.current, o.before = o.begun, o.begunCurrent, o.begunBefore
	if q := o.sequence; q != nil {
		copy(q.next, q.begun)
		q.current = append(q.current[:0], q.begunCurrent...)
	}
}

// put writes a record that was made of the source's record at offset, unless it is in the sink already.
func (o *output) put(ctx context.Context, offset int64, m connector.Message) error {
	q := o.sequence
	if offset != o.current {
		o.current, o.before = offset, o.count
		if q != nil {
			q.current = q.current[:0]
		}
	}
	p := uint32(o.count % int64(o.partitions))
	if o.byKey && m.Key != nil {
		p = o.sink.PartitionOf(m.Key, o.partitions)
	}
	if q != nil && !q.take(p) {
		o.count++
		o.suppressed++
		return nil
	}
	if err := o.writer.Write(ctx, p, m); err != nil {
		if q != nil {
			q.untake(p)
		}
		return err
	}
	o.count++
	o.records++
	o.bytes += int64(len(m.Value))
	return nil
}

// withholds tells whether a row is of the record that a lane stops at, and is to be written when all of the record is: so the sink holds
// nothing beyond the checkpoint, and the run after it may be of another plan.
func (o *output) withholds(offset int64, it *item) bool {
	return o.sequence != nil && it.err != nil && offset >= it.next
}

// place is the lane's place in the sink as it was before anything of the record next was written. A lane that stops inside a record of
// many lines has written the first of them: they are made again, for the same partitions and with the same ordinals.
func (o *output) place(next int64) checkpoint.Sink {
	inside := o.current == next
	c := checkpoint.Sink{Count: o.count, Topic: o.topic, Partitions: o.partitions}
	if inside {
		c.Count = o.before
	}
	if q := o.sequence; q != nil {
		c.Writer, c.Ordinals, c.Positions = q.writer, q.ordinals(inside), slices.Clone(q.positions)
	}
	return c
}

// flush waits until every sink has confirmed everything, and counts what each has.
func (w *writing) flush(ctx context.Context) error {
	defer spent(&w.c.Stats.Write, time.Now())
	w.each(func(o *output) {
		w.c.Stats.Suppressed.Add(o.suppressed)
		o.suppressed = 0
	})
	for i := range w.tables {
		records, bytes, err := w.tables[i].flush(ctx, w.c.Stats)
		if err != nil {
			return err
		}
		w.c.Stats.RowsOut.Add(records)
		w.c.Stats.RecordsOut.Add(records)
		w.c.Stats.BytesOut.Add(bytes)
	}
	for i := range w.letters {
		records, _, err := w.letters[i].flush(ctx, w.c.Stats)
		if err != nil {
			return err
		}
		w.c.Stats.Letters.Add(records)
	}
	w.unsure.settle(&w.c.Stats.LetterCodes)
	return nil
}

// flush waits until the sink has confirmed what was written since the last flush, and tells how much that is. What the sink has given up
// is left out of the records.
func (o *output) flush(ctx context.Context, s *Stats) (records, bytes int64, err error) {
	if err := o.writer.Flush(ctx); err != nil {
		return 0, 0, fmt.Errorf("%s: %w", o.name, err)
	}
	gone := o.writer.Lost() - o.lost
	s.GivenUp.Add(gone)
	records, bytes = o.records-gone, o.bytes
	o.records, o.bytes, o.lost = 0, 0, o.lost+gone
	return records, bytes, nil
}

// positionsEvery is how often a lane asks its sinks where they end, at most: after a crash it reads them from there on.
const positionsEvery = time.Second

// settle brings the places in the sinks up to date with the sinks, before a checkpoint at next. Everything has been flushed; nothing may
// be written before the save.
func (w *writing) settle(ctx context.Context, next int64) error {
	if err := w.movePositions(ctx, next); err != nil || w.finishing {
		return err
	}
	return w.grow(ctx, next)
}

// movePositions moves the positions of sequences, where the lane is not inside the record next.
func (w *writing) movePositions(ctx context.Context, next int64) error {
	if time.Since(w.moved) < positionsEvery {
		return nil
	}
	w.moved = time.Now()
	var err error
	w.each(func(o *output) {
		if o.sequence == nil || o.current == next || err != nil {
			return
		}
		if err = o.sequence.move(ctx, o.sink); err != nil {
			err = fmt.Errorf("%s: %w", o.name, err)
		}
	})
	return err
}

// save makes the lane's checkpoint durable: next, what the source has shown up to there, and the places in the sinks. Where the sinks have
// got more partitions, and everything in them is covered, it is one with new writer ids.
func (w *writing) save(at point) error {
	defer spent(&w.c.Stats.Checkpoint, time.Now())
	c := w.last
	next := at.next
	if w.mostOnce {
		next = max(next, c.Next) // what was reserved is not read again
	}
	seenAt := c.Next
	if c.SeenAt != nil {
		seenAt = *c.SeenAt
	}
	c.Epoch, c.Next, c.Sinks = c.Epoch+1, next, make(map[string]checkpoint.Sink)
	if at.seen != nil {
		seenAt, c.Seen = at.seen.at, at.seen.writers
	}
	if c.SeenAt = nil; seenAt < next {
		c.SeenAt = &seenAt
	}
	if at.read != nil {
		c.Read = at.read
	}
	w.each(func(o *output) { c.Sinks[o.name] = o.place(next) })
	save := w.saved.Save
	if w.redrawn {
		save = w.saved.SaveTwice
	}
	if err := save(c); err != nil {
		return err
	}
	w.redrawn, w.checkpointed = false, time.Now()
	w.last, _ = w.saved.Last()
	return nil
}

// grow spreads records over the partitions that sinks have got; one that has fewer is another topic than it was. A sequence ends there and
// a new one begins, where the sink has nothing beyond what the lane has made (invariant 18).
func (w *writing) grow(ctx context.Context, next int64) (err error) {
	w.each(func(o *output) {
		n := o.sink.Partitions()
		if err == nil && n < o.partitions {
			err = fmt.Errorf("%s: %w", o.name, fewerInSink(o.topic, n, o.partitions))
		}
		if err != nil || n == o.partitions || o.current == next {
			return
		}
		if o.sequence == nil {
			o.partitions = n
			return
		}
		if !o.sequence.equal() {
			return
		}
		if err = o.redraw(ctx, n); err != nil {
			err = fmt.Errorf("%s: %w", o.name, err)
		}
		w.redrawn = true
	})
	return err
}

// redraw begins a new sequence over n partitions.
func (o *output) redraw(ctx context.Context, n int) error {
	q, err := draw(ctx, o.sink, n)
	if err != nil {
		return err
	}
	if err := o.close(); err != nil {
		return err
	}
	writer, err := o.sink.Open(ctx, o.lane, &connector.Sequence{Writer: q.writer})
	if err != nil {
		return err
	}
	o.writer, o.sequence, o.partitions = writer, q, n
	return nil
}

// close closes the writer, if there is one: it may be that no other could be opened.
func (o *output) close() error {
	writer := o.writer
	if o.writer = nil; writer == nil {
		return nil
	}
	return writer.Close()
}

func (w *writing) close() (err error) {
	for i := range w.tables {
		w.tables[i].carrier.release()
		err = errors.Join(err, w.tables[i].close())
	}
	for i := range w.letters {
		err = errors.Join(err, w.letters[i].close())
	}
	return err
}
