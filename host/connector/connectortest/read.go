package connectortest

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/weir-stream/weir/host/connector"
)

// many is enough records for several reads and several batches of a writer.
const many = 2000

// value is the value of record i, of some length or other.
func value(i int) []byte {
	return fmt.Appendf(nil, `{"record":%d,"text":"%s"}`, i, strings.Repeat("x", i*37%200))
}

// read reads n records.
func read(ctx context.Context, r connector.Reader, n int) ([]connector.Message, error) {
	var all []connector.Message
	for len(all) < n {
		got, err := r.Read(ctx)
		if err != nil {
			return all, fmt.Errorf("reading after %d of %d records: %w", len(all), n, err)
		}
		if len(got) == 0 {
			return all, errors.New("Read returned no record and no error")
		}
		all = append(all, got...)
	}
	if len(all) > n {
		return all, fmt.Errorf("read %d records where %d were written", len(all), n)
	}
	return all, nil
}

// expect reads the records from, from+1 … to-1, which start at the given offset, and then nothing.
func expect(ctx context.Context, r connector.Reader, offset int64, from, to int) error {
	got, err := read(ctx, r, to-from)
	if err != nil {
		return err
	}
	for i, m := range got {
		if !bytes.Equal(m.Value, value(from+i)) {
			return fmt.Errorf("record %d has value %.60q, want %.60q", from+i, m.Value, value(from+i))
		}
		if m.Key != nil {
			return fmt.Errorf("record %d has the key %q and was written without one", from+i, m.Key)
		}
		if i == 0 && m.Offset != offset {
			return fmt.Errorf("the first record has offset %d, want %d", m.Offset, offset)
		}
		if i > 0 && m.Offset <= got[i-1].Offset {
			return fmt.Errorf("offset %d follows %d", m.Offset, got[i-1].Offset)
		}
	}
	return nothingMore(ctx, r)
}

// nothingMore tells whether a read of all there is waits until its context ends.
func nothingMore(ctx context.Context, r connector.Reader) error {
	if r.Buffered() {
		return errors.New("Buffered is true after the last record")
	}
	short, cancel := context.WithTimeout(ctx, 20*time.Millisecond)
	defer cancel()
	got, err := r.Read(short)
	if err == nil {
		return fmt.Errorf("read %d records more than were written, the first %.60q", len(got), got[0].Value)
	}
	if !errors.Is(err, context.DeadlineExceeded) {
		return fmt.Errorf("a read whose context ended returned %w", err)
	}
	return nil
}

func readsOnceInOrder(ctx context.Context, b *bench) error {
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
	r, err := b.reader(ctx, b.Earliest, 0, -1)
	if err != nil {
		return err
	}
	return expect(ctx, r, start, 0, many)
}

func beginsAtAnyOffset(ctx context.Context, b *bench) error {
	if _, err := b.filled(ctx, many); err != nil {
		return err
	}
	first, err := b.reader(ctx, b.Earliest, 0, -1)
	if err != nil {
		return err
	}
	all, err := read(ctx, first, many)
	if err != nil {
		return err
	}
	for _, i := range []int{0, 1, many / 2, many/2 + 1, many - 1} {
		r, err := b.reader(ctx, b.Earliest, 0, all[i].Offset)
		if err != nil {
			return err
		}
		if err := expect(ctx, r, all[i].Offset, i, many); err != nil {
			return fmt.Errorf("from offset %d: %w", all[i].Offset, err)
		}
	}
	return nil
}

func latestBeginsAtTheEnd(ctx context.Context, b *bench) error {
	w, err := b.filled(ctx, 10)
	if err != nil {
		return err
	}
	s, err := b.source(ctx, b.Latest)
	if err != nil {
		return err
	}
	start, err := s.Start(ctx, 0)
	if err != nil {
		return err
	}
	if end, err := s.End(ctx, 0); err != nil || end != start {
		return fmt.Errorf("latest is offset %d, the end is %d (%w)", start, end, err)
	}
	// The start was resolved: records written from now on are read, whenever reading begins.
	if err := b.fill(ctx, w, 10, 20); err != nil {
		return err
	}
	r, err := b.reader(ctx, b.Latest, 0, start)
	if err != nil {
		return err
	}
	return expect(ctx, r, start, 10, 20)
}

func readIsTakenUpAgain(ctx context.Context, b *bench) error {
	w, err := b.writer(ctx)
	if err != nil {
		return err
	}
	r, err := b.reader(ctx, b.Earliest, 0, -1)
	if err != nil {
		return err
	}
	next := int64(-1)
	for round := range 5 {
		if err := nothingMore(ctx, r); err != nil {
			return fmt.Errorf("round %d: %w", round, err)
		}
		if err := b.fill(ctx, w, round, round+1); err != nil {
			return err
		}
		got, err := read(ctx, r, 1)
		if err != nil {
			return fmt.Errorf("round %d: %w", round, err)
		}
		if !bytes.Equal(got[0].Value, value(round)) || got[0].Offset <= next {
			return fmt.Errorf("round %d: read %.60q at offset %d after %d", round, got[0].Value, got[0].Offset, next)
		}
		next = got[0].Offset
	}
	return nil
}

func bytesStay(ctx context.Context, b *bench) error {
	if _, err := b.filled(ctx, many); err != nil {
		return err
	}
	r, err := b.reader(ctx, b.Earliest, 0, -1)
	if err != nil {
		return err
	}
	all, err := read(ctx, r, many) // the values of all reads are held
	if err != nil {
		return err
	}
	for i, m := range all {
		if !bytes.Equal(m.Value, value(i)) {
			return fmt.Errorf("the value of record %d has become %.60q", i, m.Value)
		}
	}
	return nil
}

// commitsBesideReads commits from one goroutine what another one reads, as a pipeline does.
func commitsBesideReads(ctx context.Context, b *bench) error {
	w, err := b.filled(ctx, many)
	if err != nil {
		return err
	}
	r, err := b.reader(ctx, b.Earliest, 0, -1)
	if err != nil {
		return err
	}
	seen, done := make(chan int64, many+1), make(chan error, 1)
	go func() {
		var failed error
		for offset := range seen {
			if err := r.Commit(ctx, offset+1); err != nil && failed == nil {
				failed = fmt.Errorf("committing %d: %w", offset+1, err)
			}
		}
		done <- failed
	}()
	reading := func() error {
		defer close(seen)
		for got := 0; got < many+1; {
			messages, err := r.Read(ctx)
			if err != nil {
				return err
			}
			for _, m := range messages {
				seen <- m.Offset
			}
			if got += len(messages); got == many { // commits catch up while this read waits
				if err := nothingMore(ctx, r); err != nil {
					return err
				}
				if err := b.fill(ctx, w, many, many+1); err != nil {
					return err
				}
			}
		}
		return nil
	}
	return errors.Join(reading(), <-done)
}

func readersAreIndependent(ctx context.Context, b *bench) error {
	if _, err := b.filled(ctx, 100); err != nil {
		return err
	}
	for range 2 {
		r, err := b.reader(ctx, b.Earliest, 0, -1)
		if err != nil {
			return err
		}
		got, err := read(ctx, r, 100)
		if err != nil {
			return err
		}
		if err := r.Commit(ctx, got[99].Offset+1); err != nil {
			return err
		}
	}
	return nil
}
