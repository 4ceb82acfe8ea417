package fluvio

import (
	"context"
	"errors"
	"fmt"

	"github.com/weir-stream/weir/fluvio/internal/mux"
)

// Why a sequenced producer tries again; and errClaimNeeded.
var (
	errNotCommitted    = errors.New("not committed yet")
	errSequenceRefused = errors.New("the log was not as expected")
)

// sight is what the goroutine of a sequenced writer knows of the log.
type sight struct {
	conn     *mux.Conn // the only one that may be sent on: it has claimed the writer, if the cluster knows claims
	behind   bool      // it has claimed the writer since the last look
	from     int64     // everything of the writer that is not acknowledged lies from here on; -1 before the first look
	unsure   bool      // something was sent since whose outcome is not known
	expected int64     // the ordinal that the broker wants by its own words; -1 if it said nothing
}

// sendSequenced sends a set until it is acknowledged or found in the log, and tells whether it was. What may have been written is looked
// for before anything is sent again.
func (w *writer) sendSequenced(ctx context.Context, set *batchSet) bool {
	attempts := w.producer.client.attempts(w.task)
	for {
		err := w.advance(attempts.bound(ctx), set)
		if err == nil {
			w.recycle(set)
			return true
		}
		if err = attempts.again(ctx, err); err != nil {
			w.giveUp(set, err, w.sight.unsure)
			return false
		}
	}
}

// advance looks if need be, and sends what is not there.
func (w *writer) advance(ctx context.Context, set *batchSet) error {
	if err := w.prepare(ctx, set); err != nil || len(set.batches) == 0 {
		return err
	}
	offset, sent, err := w.tryOn(ctx, w.sight.conn, set)
	if err == nil {
		w.confirm(set.batches, offset)
		w.sight.from = offset + set.count()
		return nil
	}
	if claimNeeded(err) {
		w.sight.conn = nil
		return fmt.Errorf("%w: %v", errClaimNeeded, err)
	}
	if !sent || !mayBeWritten(err) {
		return err
	}
	expected, told := expectedOrdinal(err)
	if !told {
		expected = -1
	}
	w.sight.unsure, w.sight.expected = true, expected
	if !final(err) || ended(ctx) != nil {
		return err // after a pause: what is under way had better arrive before the look
	}
	if lookErr := w.prepare(ctx, set); lookErr != nil || len(set.batches) == 0 {
		return lookErr
	}
	if told {
		return fmt.Errorf("%w: %v", errSequenceRefused, err)
	}
	return err
}

// prepare claims the writer for the connection that is going to be sent on, if that is another one than before, and looks, if need be. In
// that order: once the writer is claimed nothing of the connection before is appended any more, so what the look finds is final.
func (w *writer) prepare(ctx context.Context, set *batchSet) error {
	c, s := w.producer.client, &w.sight
	conn, err := c.connection(ctx, w.replica, w.slot)
	if err != nil {
		return err
	}
	if conn != s.conn {
		claimed, err := c.claim(ctx, conn, w.replica, w.producer.settings.sequence.writer)
		if err != nil {
			return err
		}
		s.conn, s.behind = conn, s.behind || claimed
	}
	return w.look(ctx, set)
}

// look brings what is known of the log up to date: where it ends when the writer starts, and after an outcome that is not known, which
// batches of the set are there. Those are acknowledged and dropped. Behind a claim it looks whether somebody else has used the writer.
func (w *writer) look(ctx context.Context, set *batchSet) error {
	if w.sight.from >= 0 && !w.sight.unsure && !w.sight.behind {
		return nil
	}
	c := w.producer.client
	at, err := c.fetchOffsets(ctx, w.replica)
	if err != nil {
		return err
	}
	if w.sight.from < 0 {
		w.sight.from, w.sight.behind = at.Next, false
		return nil
	}
	found := finder{writer: w, set: set, run: run{w.producer.settings.sequence.writer, w.ordinal(set.batches[0].first)}}
	from := w.sight.from
	if !w.sight.unsure {
		from = max(from, at.Earliest) // all of it is acknowledged: it need not be there any more
	}
	if _, next := w.acknowledged(); next == from && at.Earliest < from && from <= at.Next {
		found.anchor = from
		from-- // the batch that was acknowledged last must still be there
	}
	end, err := c.scan(ctx, w.replica, at, from, found.see)
	if err == nil {
		err = found.judge(w.sight.expected)
	}
	if err != nil {
		return fmt.Errorf("look for what was written: %w", err)
	}
	for i, offset := range found.offsets {
		w.confirm(set.batches[i:i+1], offset)
	}
	set.drop(len(found.offsets))
	w.sight = sight{conn: w.sight.conn, from: end, expected: -1}
	return nil
}

// finder finds the batches of a set in the log.
type finder struct {
	writer  *writer
	set     *batchSet
	run     run
	anchor  int64   // where the batch that was acknowledged last ends; 0 if it is not looked at
	offsets []int64 // of the set's first batches
}

// see takes the next batch of the log. A batch that was sent is there as it was sent, or not at all: what continues the run in any
// other way was written by somebody else.
func (f *finder) see(b Batch) error {
	s, ok := b.Sequence()
	mine := ok && s.Writer == f.run.writer
	if f.anchor > 0 {
		if !mine || b.NextOffset() != f.anchor || s.Ordinal+b.RecordCount() != f.run.next {
			return fmt.Errorf("%w: what was acknowledged at offset %d is not there any more: the topic was made anew, or the cluster lost it",
				ErrSequence, f.anchor-1)
		}
		f.anchor = 0
		return nil
	}
	n, err := f.run.step(b)
	if n == 0 || err != nil {
		return err
	}
	i := len(f.offsets)
	if i == len(f.set.batches) || s.Ordinal != f.writer.ordinal(f.set.batches[i].first) || b.RecordCount() != int64(f.set.batches[i].count) {
		return fmt.Errorf("%w: writer %x has ordinals %d to %d at offset %d in a batch that this producer did not send: "+
			"another one uses its id, or one before it did", ErrSequence, s.Writer, s.Ordinal, s.Ordinal+b.RecordCount()-1, b.BaseOffset())
	}
	f.offsets = append(f.offsets, b.BaseOffset())
	return nil
}

// judge compares what was found with what the broker said that it has.
func (f *finder) judge(expected int64) error {
	first := f.writer.ordinal(f.set.batches[0].first)
	switch {
	case expected < 0:
		return nil
	case expected < first:
		return fmt.Errorf("%w: the broker wants ordinal %d of writer %x, though all before %d are acknowledged: "+
			"it lost records, or another producer uses the id", ErrSequence, expected, f.run.writer, first)
	case expected > f.run.next:
		return fmt.Errorf("%w: the broker has the ordinals before %d of writer %x, but this producer wrote only those before %d: "+
			"another one uses its id, or one before it did", ErrSequence, expected, f.run.writer, f.run.next)
	}
	return nil
}
