package behaviour

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net"
	"regexp"
	"strconv"
	"sync"
	"testing"

	"github.com/weir-stream/weir/fluvio"
	"github.com/weir-stream/weir/fluvio/admin"
)

// semver is how platform versions look (fluvio/src/config/cluster.rs compares them as such).
var semver = regexp.MustCompile(`^\d+\.\d+\.\d+`)

func connects(t *testing.T, s *server) {
	c := s.connect(t)
	if c.Endpoint() != s.endpoint {
		t.Errorf("endpoint %q, want %q", c.Endpoint(), s.endpoint)
	}
	if v := c.PlatformVersion(); !semver.MatchString(v) {
		t.Errorf("platform version %q", v)
	}
	t.Logf("platform version %s", c.PlatformVersion())
}

func closedClient(t *testing.T, s *server) {
	ctx := limited(t)
	c := s.connect(t)
	topic := s.topic(t, c, partitions(1))
	p := producer(t, c, topic)
	r := consumer(t, c, topic, 0, fluvio.Beginning())
	if err := errors.Join(c.Close(), c.Close()); err != nil {
		t.Fatal(err)
	}
	_, polled := r.Poll(ctx)
	_, made := c.Producer(ctx, topic)
	_, offsets := c.Offsets(ctx, topic, 0)
	for what, err := range map[string]error{
		"Produce": p.Produce(ctx, fluvio.Record{Value: []byte("x")}), "Poll": polled, "Producer": made, "Offsets": offsets,
		"Topics": second(admin.New(c).Topics(ctx)),
	} {
		if !errors.Is(err, fluvio.ErrClosed) {
			t.Errorf("%s after Close: %v", what, err)
		}
	}
}

func second[A any](_ A, err error) error { return err }

func nobodyListens(t *testing.T, _ *server) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
	_, err = fluvio.Connect(limited(t), fluvio.WithEndpoint(l.Addr().String()), fluvio.WithRetryBudget(0))
	if !errors.Is(err, fluvio.ErrUnavailable) {
		t.Errorf("%v, want ErrUnavailable", err)
	}
}

func cancelledContext(t *testing.T, s *server) {
	c := s.connect(t)
	topic := s.topic(t, c, partitions(1))
	r := consumer(t, c, topic, 0, fluvio.Beginning())
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := r.Poll(ctx); !errors.Is(err, context.Canceled) {
		t.Errorf("Poll: %v", err)
	}
	produce(t, c, topic, 0, numbered(0, 3, 0))
	wantNumbered(t, poll(t, r, 3), 0, 0, 3, 0) // the consumer goes on
	if _, err := fluvio.Connect(ctx, fluvio.WithEndpoint(s.endpoint)); !errors.Is(err, context.Canceled) {
		t.Errorf("Connect: %v", err)
	}
}

// clients is how many programs use the server at a time.
const clients = 40

func manyConnections(t *testing.T, s *server) {
	topic := s.topic(t, s.connect(t), partitions(4))
	ctx := limited(t)
	var group sync.WaitGroup
	for i := range clients {
		group.Go(func() {
			if err := echo(ctx, s.endpoint, topic, uint32(i%4), fmt.Appendf(nil, "client %d", i)); err != nil {
				t.Errorf("client %d: %v", i, err)
			}
		})
	}
	group.Wait()
	total := int64(0)
	for p := range uint32(4) {
		total += end(t, s.connect(t), topic, p)
	}
	if total != clients {
		t.Errorf("%d records of %d clients", total, clients)
	}
}

// echo produces a record with a client of its own and waits until a consumer of that client sees it.
func echo(ctx context.Context, endpoint, topic string, partition uint32, value []byte) error {
	c, err := fluvio.Connect(ctx, fluvio.WithEndpoint(endpoint))
	if err != nil {
		return err
	}
	defer c.Close()
	r, err := c.Consumer(ctx, topic, partition, fluvio.Beginning())
	if err != nil {
		return err
	}
	p, err := c.Producer(ctx, topic)
	if err != nil {
		return err
	}
	if err := errors.Join(p.ProduceTo(ctx, partition, fluvio.Record{Value: value}), p.Close(ctx)); err != nil {
		return err
	}
	for record, err := range r.Records(ctx) {
		if err != nil {
			return err
		}
		if bytes.Equal(record.Value, value) {
			return nil
		}
	}
	return errors.New("the consumer ended")
}

func spus(t *testing.T, s *server) {
	list, err := admin.New(s.connect(t)).SPUs(limited(t))
	if err != nil {
		t.Fatal(err)
	}
	online := 0
	for _, spu := range list {
		host, port, err := net.SplitHostPort(spu.PublicEndpoint)
		if _, bad := strconv.ParseUint(port, 10, 16); err != nil || bad != nil || host == "" || spu.Name == "" {
			t.Errorf("SPU %+v", spu)
		}
		if spu.Status == "Online" {
			online++
		}
	}
	if online == 0 {
		t.Errorf("no SPU is online: %+v", list)
	}
}
