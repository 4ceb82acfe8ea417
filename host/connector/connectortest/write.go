package connectortest

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"time"

	"github.com/weir-stream/weir/host/connector"
)

func partitionsApart(ctx context.Context, b *bench) error {
	s, err := b.source(ctx, b.Earliest)
	if err != nil {
		return err
	}
	if got := fmt.Sprint(s.Partitions()); got != "[0 1 2]" {
		return fmt.Errorf("the partitions are %s, want [0 1 2]", got)
	}
	w, err := b.writer(ctx)
	if err != nil {
		return err
	}
	for i := range many {
		if err := w.Write(ctx, uint32(i%3), connector.Message{Time: -1, Value: value(i)}); err != nil {
			return err
		}
	}
	if err := w.Flush(ctx); err != nil {
		return err
	}
	for p := range 3 {
		r, err := b.reader(ctx, b.Earliest, uint32(p), -1)
		if err != nil {
			return err
		}
		got, err := read(ctx, r, (many-p+2)/3)
		if err != nil {
			return fmt.Errorf("partition %d: %w", p, err)
		}
		for i, m := range got {
			if want := value(i*3 + p); !bytes.Equal(m.Value, want) {
				return fmt.Errorf("partition %d: record %d is %.60q, want %.60q", p, i, m.Value, want)
			}
		}
		if err := nothingMore(ctx, r); err != nil {
			return fmt.Errorf("partition %d: %w", p, err)
		}
	}
	return nil
}

func equalKeysShareAPartition(ctx context.Context, b *bench) error {
	sink, err := b.sink(ctx)
	if err != nil {
		return err
	}
	w, err := b.writerOf(ctx, sink, nil)
	if err != nil {
		return err
	}
	const records, distinct = 300, 20
	for i := range records {
		m := connector.Message{Time: -1, Key: fmt.Appendf(nil, "key %d", i%distinct), Value: value(i)}
		for n := range 8 {
			if p := sink.PartitionOf(m.Key, n+1); p > uint32(n) {
				return fmt.Errorf("%q goes to partition %d of %d", m.Key, p, n+1)
			}
		}
		if err := w.Write(ctx, sink.PartitionOf(m.Key, sink.Partitions()), m); err != nil {
			return err
		}
	}
	if err := w.Flush(ctx); err != nil {
		return err
	}
	s, err := b.source(ctx, b.Earliest)
	if err != nil {
		return err
	}
	home := map[string]uint32{}
	total := 0
	for _, p := range s.Partitions() {
		got, err := b.all(ctx, s, p)
		if err != nil {
			return err
		}
		total += len(got)
		for _, m := range got {
			if first, known := home[string(m.Key)]; known && first != p {
				return fmt.Errorf("%q is in partitions %d and %d", m.Key, first, p)
			}
			home[string(m.Key)] = p
		}
	}
	if total != records || len(home) != distinct {
		return fmt.Errorf("%d records with %d keys arrived, want %d with %d", total, len(home), records, distinct)
	}
	return nil
}

// all reads a partition from its start to its end.
func (b *bench) all(ctx context.Context, s connector.Source, partition uint32) (all []connector.Message, err error) {
	start, err := s.Start(ctx, partition)
	if err != nil {
		return nil, err
	}
	end, err := s.End(ctx, partition)
	if err != nil {
		return nil, err
	}
	r, err := s.Open(ctx, partition, start, end, nil)
	if err != nil {
		return nil, err
	}
	b.closers = append(b.closers, r.Close)
	for {
		got, err := r.Read(ctx)
		if err == io.EOF {
			return all, nil
		}
		if err != nil {
			return nil, err
		}
		all = append(all, got...)
	}
}

func emptyKeyIsAKey(ctx context.Context, b *bench) error {
	w, err := b.writer(ctx)
	if err != nil {
		return err
	}
	written := [][]byte{nil, {}, []byte("k"), {0, 0xff}, nil}
	for i, key := range written {
		if err := w.Write(ctx, 0, connector.Message{Time: -1, Key: key, Value: value(i)}); err != nil {
			return err
		}
	}
	if err := w.Flush(ctx); err != nil {
		return err
	}
	r, err := b.reader(ctx, b.Earliest, 0, -1)
	if err != nil {
		return err
	}
	got, err := read(ctx, r, len(written))
	if err != nil {
		return err
	}
	for i, m := range got {
		if (m.Key == nil) != (written[i] == nil) || !bytes.Equal(m.Key, written[i]) {
			return fmt.Errorf("record %d has key %#v, want %#v", i, m.Key, written[i])
		}
	}
	return nil
}

func timesAreKept(ctx context.Context, b *bench) error {
	w, err := b.writer(ctx)
	if err != nil {
		return err
	}
	written := []int64{1_700_000_000_123, 1_700_000_000_123, 1_600_000_000_000, 1_800_000_000_456}
	for i, at := range written {
		if err := w.Write(ctx, 0, connector.Message{Time: at, Value: value(i)}); err != nil {
			return err
		}
	}
	if err := w.Flush(ctx); err != nil {
		return err
	}
	r, err := b.reader(ctx, b.Earliest, 0, -1)
	if err != nil {
		return err
	}
	got, err := read(ctx, r, len(written))
	if err != nil {
		return err
	}
	for i, m := range got {
		if m.Time != written[i] {
			return fmt.Errorf("record %d has time %d, want %d", i, m.Time, written[i])
		}
	}
	return nil
}

// flushConfirms looks at the topic after each flush: what was written is there, in order, before anything later.
func flushConfirms(ctx context.Context, b *bench) error {
	w, err := b.writer(ctx)
	if err != nil {
		return err
	}
	if err := w.Flush(ctx); err != nil {
		return fmt.Errorf("flushing nothing: %w", err)
	}
	s, err := b.source(ctx, b.Earliest)
	if err != nil {
		return err
	}
	written := 0
	for _, n := range []int{1, 2, 500, 1, many} {
		if err := b.fill(ctx, w, written, written+n); err != nil {
			return err
		}
		written += n
		got, err := b.all(ctx, s, 0)
		if err != nil {
			return err
		}
		if len(got) != written {
			return fmt.Errorf("%d records are there after a flush, %d were written", len(got), written)
		}
		for i, m := range got {
			if !bytes.Equal(m.Value, value(i)) {
				return fmt.Errorf("record %d is %.60q, want %.60q", i, m.Value, value(i))
			}
		}
	}
	return nil
}

func writerCopies(ctx context.Context, b *bench) error {
	w, err := b.writer(ctx)
	if err != nil {
		return err
	}
	var buf []byte
	for i := range 100 {
		buf = append(buf[:0], value(i)...)
		if err := w.Write(ctx, 0, connector.Message{Time: -1, Value: buf}); err != nil {
			return err
		}
		clear(buf)
	}
	if err := w.Flush(ctx); err != nil {
		return err
	}
	r, err := b.reader(ctx, b.Earliest, 0, -1)
	if err != nil {
		return err
	}
	got, err := read(ctx, r, 100)
	if err != nil {
		return err
	}
	for i, m := range got {
		if !bytes.Equal(m.Value, value(i)) {
			return fmt.Errorf("record %d is %.60q: the writer kept the caller's buffer", i, m.Value)
		}
	}
	return nil
}

// mostHeld is far more than any writer may hold.
const mostHeld = 256 << 20

func blockedWriteEnds(ctx context.Context, b *bench) error {
	w, err := b.writer(ctx)
	if err != nil || b.Stall == nil {
		return err
	}
	defer b.Stall()()
	short, cancel := context.WithTimeout(ctx, 300*time.Millisecond)
	defer cancel()
	block := bytes.Repeat([]byte("x"), 64<<10)
	for held := 0; held < mostHeld; held += len(block) {
		err := w.Write(short, 0, connector.Message{Time: -1, Value: block})
		if errors.Is(err, context.DeadlineExceeded) {
			return nil
		}
		if err != nil {
			return fmt.Errorf("a blocked write whose context ended returned %w", err)
		}
		if short.Err() != nil && held > mostHeld/2 {
			break
		}
	}
	return fmt.Errorf("a writer held %d MiB that nobody confirmed", mostHeld>>20)
}

func blockedFlushEnds(ctx context.Context, b *bench) error {
	w, err := b.writer(ctx)
	if err != nil || b.Stall == nil {
		return err
	}
	defer b.Stall()()
	if err := w.Write(ctx, 0, connector.Message{Time: -1, Value: value(0)}); err != nil {
		return err
	}
	short, cancel := context.WithTimeout(ctx, 50*time.Millisecond)
	defer cancel()
	if err := w.Flush(short); !errors.Is(err, context.DeadlineExceeded) {
		return fmt.Errorf("a blocked flush whose context ended returned %w", err)
	}
	return nil
}

func rolesAreKept(ctx context.Context, b *bench) error {
	for _, c := range []connector.Config{b.Earliest, b.Latest, b.Sink} {
		if c.Describe() == "" {
			return errors.New("a table does not describe itself")
		}
	}
	if b.Earliest.Role() != connector.RoleSource || b.Latest.Role() != connector.RoleSource || b.Sink.Role() != connector.RoleSink {
		return fmt.Errorf("roles are %v, %v and %v", b.Earliest.Role(), b.Latest.Role(), b.Sink.Role())
	}
	if s, err := b.Sink.OpenSource(ctx, b.h.Env); err == nil {
		return errors.Join(errors.New("a sink was opened as a source"), s.Close())
	}
	if s, err := b.Earliest.OpenSink(ctx, b.h.Env); err == nil {
		return errors.Join(errors.New("a source was opened as a sink"), s.Close())
	}
	return nil
}

// closesInTheMiddle leaves records unread and unflushed, and a read given up; closing and the search for goroutines follow.
func closesInTheMiddle(ctx context.Context, b *bench) error {
	w, err := b.filled(ctx, many)
	if err != nil {
		return err
	}
	r, err := b.reader(ctx, b.Earliest, 0, -1)
	if err != nil {
		return err
	}
	if _, err := r.Read(ctx); err != nil {
		return err
	}
	gone, cancel := context.WithCancel(ctx)
	cancel()
	if _, err := r.Read(gone); err != nil && !errors.Is(err, context.Canceled) {
		return fmt.Errorf("a read with a cancelled context returned %w", err)
	}
	if _, err := b.reader(ctx, b.Earliest, 0, -1); err != nil { // never read
		return err
	}
	return w.Write(ctx, 0, connector.Message{Time: -1, Value: value(many)})
}
