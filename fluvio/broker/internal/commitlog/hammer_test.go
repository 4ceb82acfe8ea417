package commitlog

import (
	"encoding/binary"
	"errors"
	"sync"
	"testing"
	"time"

	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// Writers append, readers follow and jump, a cleaner removes: nobody ever sees a gap, a torn batch or another's bytes.
func TestHammer(t *testing.T) {
	const writers, readers, perWriter = 4, 4, 400
	size := int64(len(batch(1, 64, 0)))
	l := open(t, t.TempDir(), Config{SegmentBytes: 20 * size, MaxBytes: 200 * size})
	var writing, following sync.WaitGroup
	for w := range writers {
		writing.Go(func() {
			for i := range perWriter {
				set := batch(1+i%3, 64, byte(w))
				if i%5 == 0 {
					set = append(set, batch(1, 32, byte(w))...)
				}
				if _, _, err := l.Append(set); err != nil {
					t.Errorf("append: %v", err)
					return
				}
			}
		})
	}
	stop := make(chan struct{})
	for range readers {
		following.Go(func() { follow(t, l, stop) })
	}
	following.Go(func() {
		for {
			select {
			case <-stop:
				return
			default:
			}
			if _, err := l.Clean(); err != nil {
				t.Errorf("clean: %v", err)
			}
			if err := l.Sync(); err != nil {
				t.Errorf("sync: %v", err)
			}
			time.Sleep(time.Millisecond)
		}
	})
	writing.Wait()
	close(stop)
	following.Wait()
}

// follow reads to the end until told to stop, checking every batch, and goes on at the log's start when retention overtakes it.
func follow(t *testing.T, l *Log, stop <-chan struct{}) {
	var (
		cur Cursor
		buf []byte
	)
	at, _ := l.Bounds()
	for {
		out, next, err := l.Read(buf[:0], &cur, at, 500)
		var gone *RangeError
		if errors.As(err, &gone) && gone.Start > at {
			at = gone.Start
			continue
		}
		if err != nil {
			t.Errorf("read at %d: %v", at, err)
			return
		}
		if next == at {
			select {
			case <-l.Grown(at):
				continue
			case <-stop:
				return
			}
		}
		buf = out
		for base := at; len(out) > 0; {
			h, err := parseHeader(out)
			if err != nil || h.base != base || checkBatch(out[:h.size]) != nil {
				t.Errorf("bad batch at offset %d", base)
				return
			}
			fill := out[headerSize+4]
			if out[h.size-1] != fill || binary.BigEndian.Uint64(out[posProducer:]) != 0x1122334455667788 {
				t.Errorf("mixed bytes at offset %d", base)
				return
			}
			base, out = h.end(), out[h.size:]
		}
		at = next
	}
}
