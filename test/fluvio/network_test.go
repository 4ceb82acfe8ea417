package behaviour

import (
	"context"
	"errors"
	"net"
	"sync/atomic"
	"testing"
	"time"

	"github.com/weir-stream/weir/fluvio"
)

// counted counts what a client reads from the network.
type counted struct {
	net.Conn
	read *atomic.Int64
}

func (c counted) Read(b []byte) (int, error) {
	n, err := c.Conn.Read(b)
	c.read.Add(int64(n))
	return n, err
}

// slowReader opens a consumer on 24 MiB and takes nothing: it may receive no more than it was allowed to queue.
func slowReader(t *testing.T, s *server) {
	const chunk, total = 64 << 10, 24 << 20
	c := s.connect(t)
	topic := s.topic(t, c, partitions(1))
	produce(t, c, topic, 0, numbered(0, total>>12, 4096))

	var received atomic.Int64
	slow := s.connect(t, fluvio.WithDialer(func(ctx context.Context, network, address string) (net.Conn, error) {
		conn, err := dial(ctx, network, address)
		return counted{conn, &received}, err
	}))
	r := consumer(t, slow, topic, 0, fluvio.Beginning(), fluvio.WithMaxBytes(chunk), fluvio.WithMaxQueued(4*chunk))
	first, err := r.Poll(limited(t))
	if err != nil {
		t.Fatal(err)
	}
	wantNumbered(t, first, 0, 0, len(first), 4096)
	settled(t, &received)
	if n := received.Load(); n > 8*chunk { // what is queued, one chunk being read, one on its way, metadata
		t.Errorf("%d bytes received by a consumer that reads nothing", n)
	}
	rest := int(r.Position())
	wantNumbered(t, poll(t, r, total>>12-rest), int64(rest), rest, total>>12, 4096)
}

// settled waits until a counter stands still.
func settled(t *testing.T, n *atomic.Int64) {
	t.Helper()
	tick := time.NewTicker(200 * time.Millisecond)
	defer tick.Stop()
	for before := int64(-1); before != n.Load(); <-tick.C {
		before = n.Load()
	}
}

// scissors cut the connections of a client.
type scissors struct{ left atomic.Int64 }

// dialer makes connections that break after that many bytes in both directions, as long as there are cuts left.
func (s *scissors) dialer(bytes int64) fluvio.Option {
	return fluvio.WithDialer(func(ctx context.Context, network, address string) (net.Conn, error) {
		conn, err := dial(ctx, network, address)
		if err != nil {
			return nil, err
		}
		f := &fragile{Conn: conn, scissors: s}
		f.bytes.Store(bytes)
		return f, nil
	})
}

type fragile struct {
	net.Conn
	scissors *scissors
	bytes    atomic.Int64
}

func (f *fragile) Read(b []byte) (int, error) {
	n, err := f.Conn.Read(b)
	f.wear(n)
	return n, err
}

func (f *fragile) Write(b []byte) (int, error) {
	n, err := f.Conn.Write(b)
	f.wear(n)
	return n, err
}

func (f *fragile) wear(n int) {
	if f.bytes.Add(int64(-n)) <= 0 && f.scissors.left.Load() > 0 && f.scissors.left.Add(-1) >= 0 {
		_ = f.Conn.Close() // the next call on it fails
	}
}

// cutReader loses its connections and no record.
func cutReader(t *testing.T, s *server) {
	const records = 4000
	c := s.connect(t)
	topic := s.topic(t, c, partitions(1))
	produce(t, c, topic, 0, numbered(0, records, 500), fluvio.WithBatchSize(8<<10))
	var cuts scissors
	cuts.left.Store(12)
	flaky := s.connect(t, cuts.dialer(150_000))
	wantNumbered(t, read(t, flaky, topic, 0, fluvio.Beginning(), fluvio.WithMaxBytes(32<<10)), 0, 0, records, 500)
	if left := cuts.left.Load(); left > 0 {
		t.Errorf("%d cuts were not made", left)
	}
}

// cutWriter loses its connections and no record; what was in flight may be there twice, later than the first time.
func cutWriter(t *testing.T, s *server) {
	const records = 4000
	c := s.connect(t)
	topic := s.topic(t, c, partitions(1))
	var cuts scissors
	cuts.left.Store(12)
	flaky := s.connect(t, cuts.dialer(100_000))
	produce(t, flaky, topic, 0, numbered(0, records, 500),
		fluvio.WithBatchSize(8<<10), fluvio.WithMaxRequestSize(64<<10), fluvio.WithMaxBuffered(256<<10))
	if left := cuts.left.Load(); left > 0 {
		t.Errorf("%d cuts were not made", left)
	}
	wantEach(t, read(t, c, topic, 0, fluvio.Beginning()), records, 500)
}

// wantEach checks that all numbers are there, the first appearance of each in order.
func wantEach(t *testing.T, got []fluvio.Record, records, size int) {
	t.Helper()
	next := 0
	for _, r := range got {
		if string(r.Value) == string(number(next, size)) {
			next++
		} else if r.Value == nil || string(r.Value) > string(number(next, size)) {
			t.Fatalf("%.20q at %d where %d is due", r.Value, r.Offset, next)
		}
	}
	if next != records {
		t.Fatalf("%d of %d records", next, records)
	}
}

// giveUp says that a cluster that stays away is not available, and says what may be written all the same.
func giveUp(t *testing.T, s *server) {
	ctx := limited(t)
	topic := s.topic(t, s.connect(t), partitions(1))
	var away atomic.Bool
	dialer := fluvio.WithDialer(func(ctx context.Context, network, address string) (net.Conn, error) {
		if away.Load() {
			return nil, errors.New("away")
		}
		conn, err := dial(ctx, network, address)
		return &leaving{conn, &away}, err
	})
	c := s.connect(t, fluvio.WithRetryBudget(200*time.Millisecond), dialer)
	p, r := producer(t, c, topic), consumer(t, c, topic, 0, fluvio.Beginning())
	if err := errors.Join(p.Produce(ctx, fluvio.Record{Value: []byte("x")}), p.Flush(ctx)); err != nil {
		t.Fatal(err)
	}
	poll(t, r, 1)
	away.Store(true)
	err := errors.Join(p.Produce(ctx, fluvio.Record{Value: []byte("y")}), p.Flush(ctx))
	var named *fluvio.ProduceError
	if !errors.As(err, &named) || named.First != 1 || named.Record != 1 || !errors.Is(err, fluvio.ErrUnavailable) {
		t.Errorf("Flush: %v", err)
	}
	if _, err := c.Offsets(ctx, topic, 0); !errors.Is(err, fluvio.ErrUnavailable) {
		t.Errorf("Offsets: %v", err)
	}
}

// leaving is a connection that ends, at its next use, when the server is away.
type leaving struct {
	net.Conn
	away *atomic.Bool
}

func (l *leaving) Write(b []byte) (int, error) {
	if l.away.Load() {
		_ = l.Conn.Close() // its reader ends too
	}
	return l.Conn.Write(b)
}
