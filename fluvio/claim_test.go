package fluvio_test

import (
	"context"
	"errors"
	"fmt"
	"net"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/weir-stream/weir/fluvio"
	"github.com/weir-stream/weir/fluvio/broker"
	"github.com/weir-stream/weir/fluvio/internal/wire"
	"github.com/weir-stream/weir/fluvio/protocol"
)

// network is connections that can be cut, and ones whose requests are kept on the way, to arrive when nobody waits for them any more.
type network struct {
	server string // whose connections it is about
	kept   chan struct{}

	mu      sync.Mutex
	conns   []*slowConn
	keeping bool
}

type slowConn struct {
	net.Conn
	network *network
	waiting []byte
}

func (n *network) dial(ctx context.Context, network, address string) (net.Conn, error) {
	nc, err := new(net.Dialer).DialContext(ctx, network, address)
	if err != nil || address != n.server {
		return nc, err
	}
	n.mu.Lock()
	defer n.mu.Unlock()
	c := &slowConn{Conn: nc, network: n}
	n.conns = append(n.conns, c)
	return c, nil
}

func (c *slowConn) Write(b []byte) (int, error) {
	c.network.mu.Lock()
	defer c.network.mu.Unlock()
	if !c.network.keeping {
		return c.Conn.Write(b)
	}
	c.waiting = append(c.waiting, b...)
	select {
	case c.network.kept <- struct{}{}:
	default:
	}
	return len(b), nil
}

// Close leaves a connection open on which something is on its way. Whoever reads from it notices nothing of that.
func (c *slowConn) Close() error {
	c.network.mu.Lock()
	defer c.network.mu.Unlock()
	if len(c.waiting) > 0 {
		return c.SetReadDeadline(time.Unix(1, 0))
	}
	return c.Conn.Close()
}

// keep keeps what is sent from now on.
func (n *network) keep() {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.keeping = true
}

// deliver has the one connection on which something was kept deliver it, and returns the answer.
func (n *network) deliver(t *testing.T) protocol.ErrorCode {
	n.mu.Lock()
	defer n.mu.Unlock()
	i := slices.IndexFunc(n.conns, func(c *slowConn) bool { return len(c.waiting) > 0 })
	if i < 0 {
		t.Fatal("nothing was kept")
	}
	c := n.conns[i].Conn
	defer c.Close()
	_, err := c.Write(n.conns[i].waiting)
	err = errors.Join(err, c.SetReadDeadline(time.Now().Add(patience)))
	if err != nil {
		t.Fatal(err)
	}
	frame, err := wire.ReadFrame(c, nil, 1<<20)
	if err != nil {
		t.Fatal(err)
	}
	_, body, err := protocol.SplitResponse(frame)
	if err != nil {
		t.Fatal(err)
	}
	var resp protocol.ProduceResponse
	if err := protocol.DecodeResponse(body, 25, &resp); err != nil {
		t.Fatal(err)
	}
	return resp.Responses[0].Partitions[0].ErrorCode
}

// cut ends all connections.
func (n *network) cut() {
	n.mu.Lock()
	defer n.mu.Unlock()
	for _, c := range n.conns {
		c.Conn.Close()
	}
	n.conns = nil
}

// claimed is how many claims a broker has answered.
func claimed(b *broker.Broker) (n uint64) {
	for _, r := range b.Stats().SPU.Requests {
		if r.Name == "ClaimWriter" {
			n += r.Count
		}
	}
	return n
}

// scene is a broker with a topic t, and a client whose connections to the SPU are a network's.
func scene(t *testing.T) (*broker.Broker, *network, *fluvio.Client) {
	b := startBroker(t, broker.Config{})
	n := &network{server: b.SPU(), kept: make(chan struct{}, 1)}
	c := connect(t, b.SC(), fluvio.WithDialer(n.dial))
	createTopic(t, c, "t", 1)
	return b, n, c
}

func flush(t *testing.T, p *fluvio.Producer) {
	t.Helper()
	if err := p.Flush(soon(t)); err != nil {
		t.Fatal(err)
	}
}

// TestALateRequestIsNotAppendedBehindALook: a process ends with a request on its way; another one looks, finds that its sequence ends before it, and
// writes the record with a writer id of its own. Then the request arrives.
func TestALateRequestIsNotAppendedBehindALook(t *testing.T) {
	b, network, first := scene(t)
	writer := fluvio.NewWriterID()
	p := newProducer(t, first, fluvio.WithSequence(writer))
	mustProduce(t, p, 0, "value 0")
	flush(t, p)
	network.keep()
	mustProduce(t, p, 0, "value 1")
	<-network.kept
	ended, end := context.WithCancel(context.Background())
	end()
	if err := p.Close(ended); !errors.Is(err, fluvio.ErrAmbiguous) {
		t.Errorf("given up: %v", err)
	}
	second := connect(t, b.SC())
	next, at, err := second.SequenceEnd(soon(t), "t", 0, writer, 0, 0)
	if next != 1 || at != 1 || err != nil {
		t.Fatalf("the sequence ends at %d, offset %d: %v", next, at, err)
	}
	another := newProducer(t, second, fluvio.WithSequence(fluvio.NewWriterID()))
	mustProduce(t, another, 0, "value 1")
	if err := another.Close(soon(t)); err != nil {
		t.Fatal(err)
	}
	if code := network.deliver(t); !strings.Contains(fmt.Sprint(code.Err()), "weir.sequence claim needed") {
		t.Errorf("the late request: %v", code.Err())
	}
	if next, at, err := second.SequenceEnd(soon(t), "t", 0, writer, 0, 0); next != 1 || at != 2 || err != nil {
		t.Errorf("the sequence ends at %d, offset %d: %v", next, at, err)
	}
	wantValues(t, newConsumer(t, second, 0, fluvio.Beginning(), fluvio.WithUntil(2)), 0, 2)
}

// TestWhoWasTakenOverFromIsFenced: a process goes on beside another one that has taken its writer over.
func TestWhoWasTakenOverFromIsFenced(t *testing.T) {
	for name, meanwhile := range map[string]func(*network){
		"on its old connection": func(*network) {},
		"on a new connection":   (*network).cut,
	} {
		t.Run(name, func(t *testing.T) {
			b, network, zombie := scene(t)
			writer := fluvio.NewWriterID()
			p := newProducer(t, zombie, fluvio.WithSequence(writer))
			produce(t, p, 0, 2)
			flush(t, p)
			heir := connect(t, b.SC())
			next, _, err := heir.SequenceEnd(soon(t), "t", 0, writer, 0, 0)
			if next != 2 || err != nil {
				t.Fatalf("the sequence ends at %d: %v", next, err)
			}
			meanwhile(network)
			produce(t, p, 2, 3)
			err = p.Close(soon(t))
			if !errors.Is(err, fluvio.ErrFenced) || !errors.Is(err, fluvio.ErrSequence) || errors.Is(err, fluvio.ErrAmbiguous) {
				t.Errorf("the zombie: %v", err)
			}
			heirs := newProducer(t, heir, fluvio.WithSequence(writer, next))
			produce(t, heirs, 2, 4)
			flush(t, heirs)
			if _, _, err := zombie.SequenceEnd(soon(t), "t", 0, writer, 0, 0); !errors.Is(err, fluvio.ErrFenced) {
				t.Errorf("its look: %v", err)
			}
			again := newProducer(t, zombie, fluvio.WithSequence(writer, 4))
			mustProduce(t, again, 0, "no")
			if err := again.Close(soon(t)); !errors.Is(err, fluvio.ErrFenced) {
				t.Errorf("its next producer: %v", err)
			}
			produce(t, heirs, 4, 5)
			if err := heirs.Close(soon(t)); err != nil {
				t.Error(err)
			}
			wantValues(t, newConsumer(t, heir, 0, fluvio.Beginning(), fluvio.WithUntil(5)), 0, 5)
			if at, err := heir.Offsets(soon(t), "t", 0); at.Next != 5 {
				t.Errorf("%+v, %v", at, err)
			}
		})
	}
}

// TestAProducerTakesOver, without SequenceEnd, too.
func TestAProducerTakesOver(t *testing.T) {
	b, _, first := scene(t)
	second := connect(t, b.SC())
	writer := fluvio.NewWriterID()
	p := newProducer(t, first, fluvio.WithSequence(writer))
	produce(t, p, 0, 2)
	flush(t, p)
	q := newProducer(t, second, fluvio.WithSequence(writer, 2))
	produce(t, q, 2, 4)
	if err := q.Close(soon(t)); err != nil {
		t.Fatal(err)
	}
	produce(t, p, 4, 5)
	if err := p.Close(soon(t)); !errors.Is(err, fluvio.ErrFenced) {
		t.Errorf("%v", err)
	}
	wantValues(t, newConsumer(t, second, 0, fluvio.Beginning(), fluvio.WithUntil(4)), 0, 4)
}

// TestAProducerClaimsOnEveryConnectionAndGoesOn when its connection is lost, and when its own client looks beside it.
func TestAProducerClaimsOnEveryConnectionAndGoesOn(t *testing.T) {
	b, network, c := scene(t)
	writer := fluvio.NewWriterID()
	p := newProducer(t, c, fluvio.WithSequence(writer))
	const rounds = 5
	for round := range rounds {
		produce(t, p, 2*round, 2*round+1)
		flush(t, p)
		if next, _, err := c.SequenceEnd(soon(t), "t", 0, writer, 0, 0); next != int64(2*round+1) || err != nil {
			t.Errorf("the sequence ends at %d: %v", next, err)
		}
		produce(t, p, 2*round+1, 2*round+2)
		flush(t, p)
		network.cut()
	}
	if err := p.Close(soon(t)); err != nil {
		t.Fatal(err)
	}
	if n := claimed(b); n < 3*rounds { // for the look, back to the producer, on the next connection
		t.Errorf("%d claims", n)
	}
	wantValues(t, newConsumer(t, c, 0, fluvio.Beginning(), fluvio.WithUntil(2*rounds)), 0, 2*rounds)
}

// TestALookIsFinal: whatever goes wrong, and whatever the client before has under way or goes on to send: what another one finds is all there will be.
func TestALookIsFinal(t *testing.T) {
	fenced := 0
	for seed := range uint64(200) {
		synctest.Test(t, func(t *testing.T) {
			f := newFake(t, 1)
			spu := newFlaky(t, f, seed, 3)
			spu.fence(f)
			first, stop := f.connect(fluvio.WithRetryBudget(time.Hour))
			writer := fluvio.NewWriterID()
			p := newProducer(t, first, fluvio.WithSequence(writer), fluvio.WithBatchSize(200), fluvio.WithMaxRequestSize(1024))
			produce(t, p, 0, 1)
			if err := p.Flush(t.Context()); err != nil { // it has taken the writer over
				t.Fatal(err)
			}
			produce(t, p, 1, 50+spu.draw(100))
			time.Sleep(time.Duration(spu.draw(200)) * time.Millisecond)
			if seed%2 == 0 {
				first.Close() // what it has under way may arrive
			}
			second, stopSecond := f.connect(fluvio.WithRetryBudget(time.Hour))
			next, _, err := second.SequenceEnd(t.Context(), "t", 0, writer, 0, 0)
			if err != nil {
				t.Fatalf("seed %d: %v", seed, err)
			}
			before := len(spu.own())
			err = p.Close(t.Context())
			spu.late.Wait()
			if after := len(spu.own()); int64(before) != next || after != before {
				t.Fatalf("seed %d: found %d, there were %d, and then %d", seed, next, before, after)
			}
			if seed%2 == 1 && err != nil {
				if !errors.Is(err, fluvio.ErrFenced) {
					t.Errorf("seed %d: %v", seed, err)
				}
				fenced++
			}
			stopSecond()
			stop()
		})
	}
	if fenced < 20 {
		t.Errorf("only %d clients were fenced at work", fenced)
	}
}

// TestAnIdleProducerNeedNotFindWhatWasAcknowledged: retention took it, and the connection is a new one.
func TestAnIdleProducerNeedNotFindWhatWasAcknowledged(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newFake(t, 1)
		f.claims = true
		log := newFakeLog(t)
		claims := 0
		f.spu = func(c *fakeConn, h protocol.RequestHeader, req protocol.Request) bool {
			switch req := req.(type) {
			case *protocol.ProduceRequest:
				c.acknowledge(h, req, log.append(req.Topics[0].Partitions[0].Records, 100))
			case *protocol.ClaimWriterRequest:
				if want := claims == 0; req.TakeOver != want {
					t.Errorf("claim %d takes over: %v", claims, req.TakeOver)
				}
				claims++
				c.answer(h, &protocol.ClaimWriterResponse{Granted: true})
			default:
				return log.serve(c, h, req)
			}
			return true
		}
		c, stop := f.connect()
		p := newProducer(t, c, fluvio.WithSequence(1))
		produce(t, p, 0, 1)
		flush(t, p)
		log.append(batchOf(t, 0, "foreign", "foreign"), 1)
		log.start = 2
		f.closeAll(func(c *fakeConn) bool { return c.address == "spu:1" })
		synctest.Wait()
		produce(t, p, 1, 2)
		if err := p.Close(t.Context()); err != nil {
			t.Error(err)
		}
		if claims != 2 {
			t.Errorf("%d claims", claims)
		}
		stop()
	})
}

// TestAnotherUserOfAWriterIsFoundBehindAClaim, where the broker has forgotten who had the writer.
func TestAnotherUserOfAWriterIsFoundBehindAClaim(t *testing.T) {
	b := startBroker(t, broker.Config{MaxWriters: 1})
	c := connect(t, b.SC())
	createTopic(t, c, "t", 1)
	p := newProducer(t, c, fluvio.WithSequence(7))
	produce(t, p, 0, 2)
	flush(t, p)
	other := connect(t, b.SC())
	for _, writer := range []int64{7, 8} { // the second is one more than the broker remembers
		q := newProducer(t, other, fluvio.WithSequence(writer, 2), fluvio.WithLinger(time.Hour))
		mustProduce(t, q, 0, "other", "other") // in one batch
		if err := q.Close(soon(t)); err != nil {
			t.Fatal(err)
		}
	}
	produce(t, p, 2, 3)
	if err := p.Close(soon(t)); !errors.Is(err, fluvio.ErrSequence) || errors.Is(err, fluvio.ErrFenced) {
		t.Errorf("%v", err)
	}
	if at, err := c.Offsets(soon(t), "t", 0); at.Next != 6 {
		t.Errorf("%+v, %v", at, err)
	}
}
