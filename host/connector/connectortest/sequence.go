package connectortest

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"time"

	"github.com/weir-stream/weir/host/connector"
	"github.com/weir-stream/weir/internal/fault"
)

// The writers of the bank's sequences.
const (
	one   = int64(1)<<62 + 1
	other = int64(1)<<62 + 2
)

// write writes records from, from+1 … to-1 of partition 0, whose ordinals these are, as a writer that begins with the first.
func (b *bench) write(ctx context.Context, s connector.Sink, writer int64, from, to int) error {
	w, err := b.writerOf(ctx, s, &connector.Sequence{Writer: writer, Next: []int64{int64(from)}})
	if err != nil {
		return err
	}
	return b.fill(ctx, w, from, to)
}

// sequenceGoesOn has a writer give up in the middle of things, and another one go on with its sequence, again and again.
func sequenceGoesOn(ctx context.Context, b *bench) error {
	const rounds, each = 8, 150
	first, err := b.sink(ctx)
	if err != nil {
		return err
	}
	from, err := first.End(ctx, 0)
	if err != nil {
		return err
	}
	for written, round := 0, 0; written < rounds*each; round++ {
		s, err := b.Sink.OpenSink(ctx, b.h.Env) // as another process would
		if err != nil {
			return err
		}
		goal := min(written+each, rounds*each)
		next, err := b.goOn(ctx, s, from, goal, round%3 == 2 || goal == rounds*each)
		if err = errors.Join(err, s.Close()); err != nil && !errors.Is(err, connector.ErrSequence) {
			return fmt.Errorf("round %d: %w", round, err)
		}
		// Else what the one before had on its way came after the look, and was noticed: that is another crash.
		if err == nil {
			written = max(written, next)
		}
		if ctx.Err() != nil {
			return ctx.Err()
		}
	}
	r, err := b.reader(ctx, b.Earliest, 0, -1)
	if err != nil {
		return err
	}
	return expect(ctx, r, from, 0, rounds*each)
}

// goOn writes from the end of the sequence up to a goal, and crashes unless it is to flush. It returns how many records there
// are at least.
func (b *bench) goOn(ctx context.Context, s connector.Sink, from int64, goal int, flush bool) (int, error) {
	next, _, err := s.SequenceEnd(ctx, 0, one, 0, from)
	if err != nil {
		return 0, err
	}
	w, err := s.Open(ctx, "lane", &connector.Sequence{Writer: one, Next: []int64{next}})
	if err != nil {
		return 0, err
	}
	for i := int(next); i < goal && err == nil; i++ {
		err = w.Write(ctx, 0, connector.Message{Time: -1, Value: value(i)})
	}
	if flush && err == nil {
		if err = w.Flush(ctx); err == nil {
			next = max(next, int64(goal))
		}
	}
	return int(next), errors.Join(err, w.Close())
}

// ordinalsAreWrittenOnce has a writer that did not look: the sink may take what it has for written, or refuse it.
func ordinalsAreWrittenOnce(ctx context.Context, b *bench) error {
	s, err := b.sink(ctx)
	if err != nil {
		return err
	}
	if err := s.ExactlyOnce(ctx); err != nil {
		return fmt.Errorf("a topic that carries sequences says it does not: %w", err)
	}
	for range 3 {
		if err := b.write(ctx, s, one, 0, 10); err != nil && !errors.Is(err, connector.ErrSequence) {
			return err
		}
	}
	r, err := b.reader(ctx, b.Earliest, 0, -1)
	if err != nil {
		return err
	}
	got, err := read(ctx, r, 10)
	if err != nil {
		return err
	}
	for i, m := range got {
		if !bytes.Equal(m.Value, value(i)) {
			return fmt.Errorf("record %d is %.60q, want %.60q", i, m.Value, value(i))
		}
	}
	if n := r.Stale(); n != 0 {
		return fmt.Errorf("the topic holds %d records twice", n)
	}
	return nothingMore(ctx, r)
}

func sequenceEndIsFound(ctx context.Context, b *bench) error {
	s, err := b.sink(ctx)
	if err != nil {
		return err
	}
	start, err := s.End(ctx, 0)
	if err != nil {
		return err
	}
	var middle int64 // everything of one from ordinal 10 on lies behind it
	for _, part := range []struct {
		writer   int64
		from, to int
	}{{one, 0, 10}, {other, 0, 5}, {one, 10, 20}, {other, 5, 9}} {
		if err := b.write(ctx, s, part.writer, part.from, part.to); err != nil {
			return err
		}
		if part.writer == other && part.from == 0 {
			if middle, err = s.End(ctx, 0); err != nil {
				return err
			}
		}
	}
	end, err := s.End(ctx, 0)
	if err != nil {
		return err
	}
	for _, look := range []struct{ writer, ordinal, from, next int64 }{
		{one, 0, start, 20}, {one, 5, start, 20}, {one, 20, start, 20}, {one, 10, middle, 20}, {one, 20, end, 20},
		{other, 0, start, 9}, {other, 5, middle, 9}, {3, 0, start, 0}, {3, 17, end, 17},
	} {
		next, at, err := s.SequenceEnd(ctx, 0, look.writer, look.ordinal, look.from)
		if err != nil || next != look.next || at != end {
			return fmt.Errorf("the sequence of %x goes on with %d behind %d (%w), want %d behind %d: looked for %d from %d",
				look.writer, next, at, err, look.next, end, look.ordinal, look.from)
		}
	}
	_, _, err = s.SequenceEnd(ctx, 0, one, 20, end+1)
	var gone *connector.OutOfRangeError
	if !errors.As(err, &gone) || gone.Offset != end+1 || gone.Earliest != start || gone.End != end || fault.Of(err) != fault.Input {
		return fmt.Errorf("looking behind the end: %w, want an OutOfRangeError of the input class", err)
	}
	return nil
}

func gapsAreErrors(ctx context.Context, b *bench) error {
	s, err := b.sink(ctx)
	if err != nil {
		return err
	}
	start, err := s.End(ctx, 0)
	if err != nil {
		return err
	}
	if err := b.write(ctx, s, one, 0, 10); err != nil {
		return err
	}
	if err := b.write(ctx, s, one, 20, 30); !errors.Is(err, connector.ErrSequence) {
		return fmt.Errorf("writing behind a gap: %w, want ErrSequence", err)
	}
	if next, _, err := s.SequenceEnd(ctx, 0, one, 0, start); err != nil || next != 10 {
		return fmt.Errorf("the sequence goes on with %d (%w), want 10: nothing behind a gap is written", next, err)
	}
	if err := b.write(ctx, s, other, 0, 1); err != nil {
		return err
	}
	if err := b.write(ctx, s, one, 20, 30); err != nil {
		return fmt.Errorf("writing as a writer that the topic does not remember: %w", err)
	}
	if next, _, err := s.SequenceEnd(ctx, 0, one, 0, start); !errors.Is(err, connector.ErrSequence) {
		return fmt.Errorf("behind a gap the sequence is said to go on with %d (%w), want ErrSequence", next, err)
	}
	return nil
}

// twice writes records 0 to 299 as two writers that alternate, so that many of them are there twice, and some at the end. It
// returns which records the log holds, by offset from its start, each once.
func (b *bench) twice(ctx context.Context, s connector.Sink) (fresh map[int64]int, length int64, err error) {
	fresh = map[int64]int{}
	next := map[int64]int{}
	for _, part := range []struct {
		writer   int64
		from, to int
	}{{one, 0, 120}, {other, 0, 3}, {one, 60, 180}, {other, 1, 90}, {one, 170, 300}, {other, 40, 60}, {one, 250, 300}} {
		if err := b.write(ctx, s, part.writer, part.from, part.to); err != nil {
			return nil, 0, err
		}
		for i := part.from; i < part.to; i++ {
			if i >= next[part.writer] {
				fresh[length] = i
				next[part.writer] = i + 1
			}
			length++
		}
	}
	return fresh, length, nil
}

// staleRecordsAreLeftOut reads a log that holds records twice, stops within what a Read returned, and goes on there with what
// was seen.
func staleRecordsAreLeftOut(ctx context.Context, b *bench) error {
	s, err := b.sink(ctx)
	if err != nil {
		return err
	}
	start, err := s.End(ctx, 0)
	if err != nil {
		return err
	}
	fresh, length, err := b.twice(ctx, s)
	if err != nil {
		return err
	}
	for _, stride := range []int{len(fresh) + 1, 1, 7, 40, 99, 100, 101} {
		if err := b.readWithStops(ctx, start, length, fresh, stride); err != nil {
			return fmt.Errorf("stopping after every %d records: %w", stride, err)
		}
	}
	return nil
}

func (b *bench) readWithStops(ctx context.Context, start, length int64, fresh map[int64]int, stride int) error {
	s, err := b.source(ctx, b.Earliest)
	if err != nil {
		return err
	}
	var seen []connector.SeenWriter
	got, at := 0, start
	for done := false; !done; {
		r, err := s.Open(ctx, 0, at, start+length, seen)
		if err != nil {
			return err
		}
		from := at
		for taken := 0; taken < stride && !done; {
			messages, err := r.Read(ctx)
			if done = err == io.EOF; done {
				err = nil
			}
			if err != nil {
				return errors.Join(err, r.Close())
			}
			for _, m := range messages {
				want, ok := fresh[m.Offset-start]
				if !ok || !bytes.Equal(m.Value, value(want)) {
					return errors.Join(fmt.Errorf("having begun at offset %d: offset %d is read, %.60q, which came before", from, m.Offset, m.Value), r.Close())
				}
				got++
				at = m.Offset + 1
				if taken++; taken == stride {
					break
				}
			}
		}
		seen = r.Seen(at)
		if err := r.Close(); err != nil {
			return err
		}
	}
	if got != len(fresh) {
		return fmt.Errorf("%d records were read, want %d", got, len(fresh))
	}
	return nil
}

// readingEndsBehindStaleRecords reads to an end before which nothing is left to read.
func readingEndsBehindStaleRecords(ctx context.Context, b *bench) error {
	sink, err := b.sink(ctx)
	if err != nil {
		return err
	}
	start, err := sink.End(ctx, 0)
	if err != nil {
		return err
	}
	fresh, length, err := b.twice(ctx, sink)
	if err != nil {
		return err
	}
	s, err := b.source(ctx, b.Earliest)
	if err != nil {
		return err
	}
	r, err := s.Open(ctx, 0, start, start+length, nil)
	if err != nil {
		return err
	}
	b.closers = append(b.closers, r.Close)
	n, err := readToEnd(ctx, r)
	if err != nil || n != len(fresh) {
		return fmt.Errorf("%d records (%w), want %d", n, err, len(fresh))
	}
	if stale := r.Stale(); stale != length-int64(len(fresh)) {
		return fmt.Errorf("%d records were left out, want %d", stale, length-int64(len(fresh)))
	}
	return nil
}

// readToEnd reads until there is nothing more to come, and tells how many records there were.
func readToEnd(ctx context.Context, r connector.Reader) (n int, err error) {
	for {
		messages, err := r.Read(ctx)
		if err == io.EOF {
			return n, nil
		}
		if err != nil {
			return n, err
		}
		n += len(messages)
	}
}

func readingEnds(ctx context.Context, b *bench) error {
	if _, err := b.filled(ctx, many); err != nil {
		return err
	}
	s, err := b.source(ctx, b.Earliest)
	if err != nil {
		return err
	}
	start, err := s.Start(ctx, 0)
	if err != nil {
		return err
	}
	if earliest, err := s.Earliest(ctx, 0); err != nil || earliest != start {
		return fmt.Errorf("the earliest offset is %d (%w), the start is %d", earliest, err, start)
	}
	all, err := b.all(ctx, s, 0)
	if err != nil || len(all) != many {
		return fmt.Errorf("%d records, want %d (%w)", len(all), many, err)
	}
	end, err := s.End(ctx, 0)
	if err != nil {
		return err
	}
	all = append(all, connector.Message{Offset: end})
	for _, span := range [][2]int64{{0, many}, {0, 0}, {5, 6}, {0, many / 2}, {many / 3, many - 1}} {
		r, err := s.Open(ctx, 0, all[span[0]].Offset, all[span[1]].Offset, nil)
		if err != nil {
			return err
		}
		n, err := readToEnd(ctx, r)
		if err = errors.Join(err, r.Close()); err != nil || int64(n) != span[1]-span[0] {
			return fmt.Errorf("%d records from %d to %d (%w)", n, span[0], span[1], err)
		}
	}
	return nil
}

func addedPartitionsAreSeen(ctx context.Context, b *bench) error {
	if b.Grow == nil {
		return nil
	}
	source, err := b.source(ctx, b.Latest)
	if err != nil {
		return err
	}
	sink, err := b.sink(ctx)
	if err != nil {
		return err
	}
	w, err := b.writerOf(ctx, sink, nil)
	if err != nil {
		return err
	}
	if err := b.Grow(3); err != nil {
		return err
	}
	for sink.Partitions() != 3 || len(source.Partitions()) != 3 {
		select {
		case <-time.After(time.Millisecond):
		case <-ctx.Done():
			return fmt.Errorf("the sink has %d partitions, the source %v, want 3", sink.Partitions(), source.Partitions())
		}
	}
	if err := w.Write(ctx, 2, connector.Message{Time: -1, Value: value(0)}); err != nil {
		return err
	}
	if err := w.Flush(ctx); err != nil {
		return err
	}
	earliest, err := source.Earliest(ctx, 2)
	if err != nil {
		return err
	}
	r, err := source.Open(ctx, 2, earliest, connector.NoEnd, nil)
	if err != nil {
		return err
	}
	b.closers = append(b.closers, r.Close)
	return expect(ctx, r, earliest, 0, 1)
}

func isolationIsKept(ctx context.Context, b *bench) error {
	if b.Uncommitted == nil {
		return nil
	}
	w, err := b.filled(ctx, 10)
	if err != nil {
		return err
	}
	commit := func() {}
	if b.Withhold != nil {
		commit = b.Withhold()
		defer commit()
	}
	if err := w.Write(ctx, 0, connector.Message{Time: -1, Value: value(10)}); err != nil {
		return err
	}
	dirty, err := b.reader(ctx, b.Uncommitted, 0, -1)
	if err != nil {
		return err
	}
	if err := expect(ctx, dirty, 0, 0, 11); err != nil {
		return fmt.Errorf("uncommitted: %w", err)
	}
	clean, err := b.reader(ctx, b.Earliest, 0, -1)
	if err != nil {
		return err
	}
	if b.Withhold != nil {
		if err := expect(ctx, clean, 0, 0, 10); err != nil {
			return fmt.Errorf("committed: %w", err)
		}
		commit()
		return expect(ctx, clean, 10, 10, 11)
	}
	return expect(ctx, clean, 0, 0, 11)
}
