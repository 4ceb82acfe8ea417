package fluvio_test

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"math/big"
	"net"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/weir-stream/weir/fluvio"
	"github.com/weir-stream/weir/fluvio/admin"
	"github.com/weir-stream/weir/fluvio/broker"
	"github.com/weir-stream/weir/fluvio/config"
	"github.com/weir-stream/weir/fluvio/protocol"
)

func TestConnectReadsTheProfile(t *testing.T) {
	b := startBroker(t, broker.Config{})
	path := filepath.Join(t.TempDir(), "config")
	text := fmt.Sprintf("current_profile = 'one'\n[profile.one]\ncluster = 'c'\n[profile.two]\ncluster = 'lost'\n[cluster.c]\nendpoint = '%s'\n", b.SC())
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	t.Setenv(config.PathVariable, path)
	c, err := fluvio.Connect(soon(t))
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	if c.Endpoint() != b.SC() || c.PlatformVersion() == "" {
		t.Errorf("%q, %q", c.Endpoint(), c.PlatformVersion())
	}
	if _, err := fluvio.Connect(soon(t), fluvio.WithProfile("two")); !errors.Is(err, fluvio.ErrNoEndpoint) || !errors.Is(err, config.ErrUnknownCluster) {
		t.Errorf("%v", err)
	}
	t.Setenv(config.PathVariable, path+"x")
	if _, err := fluvio.Connect(soon(t)); !errors.Is(err, fluvio.ErrNoEndpoint) || !errors.Is(err, config.ErrNoFile) {
		t.Errorf("%v", err)
	}
}

func TestBadOptionsAreNamed(t *testing.T) {
	for says, option := range map[string]fluvio.Option{
		"want HOST:PORT":      fluvio.WithEndpoint("nowhere"),
		"retry budget":        fluvio.WithRetryBudget(-1),
		"request timeout":     fluvio.WithRequestTimeout(0),
		"largest frame":       fluvio.WithMaxFrame(100),
		"produce connections": fluvio.WithProduceConnections(0),
		"nil logger":          fluvio.WithLogger(nil),
	} {
		if _, err := fluvio.Connect(soon(t), fluvio.WithEndpoint("127.0.0.1:1"), option); err == nil || !strings.Contains(err.Error(), says) {
			t.Errorf("%s: %v", says, err)
		}
	}
}

func TestConnectTriesForAsLongAsTheBudgetLasts(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newFake(t, 1)
		refusals := 5
		f.dialled = func(string) error {
			if refusals--; refusals >= 0 {
				return errors.New("refused")
			}
			return nil
		}
		f.connect()
		refusals = 1 << 30
		began := time.Now()
		_, err := fluvio.Connect(t.Context(), fluvio.WithEndpoint("sc:1"), fluvio.WithDialer(f.dial), fluvio.WithRetryBudget(time.Hour))
		if !errors.Is(err, fluvio.ErrUnavailable) || !strings.Contains(err.Error(), "refused") || time.Since(began) != time.Hour {
			t.Errorf("%v after %v", err, time.Since(began))
		}
		ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
		defer cancel()
		_, err = fluvio.Connect(ctx, fluvio.WithEndpoint("sc:1"), fluvio.WithDialer(f.dial), fluvio.WithRetryBudget(time.Hour))
		if !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("%v", err)
		}
	})
}

func TestAServerThatIsNotFluvioIsNotTriedAgain(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	go func() {
		for {
			nc, err := l.Accept()
			if err != nil {
				return
			}
			nc.Write([]byte("HTTP/1.1 400 Bad Request\r\n\r\n"))
			defer nc.Close()
		}
	}()
	if _, err := fluvio.Connect(soon(t), fluvio.WithEndpoint(l.Addr().String())); err == nil || !strings.Contains(err.Error(), "no Fluvio server") {
		t.Errorf("%v", err)
	}
}

func TestMetadataComesBackAfterALostConnection(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newFake(t, 1)
		var down atomic.Bool
		f.dialled = func(string) error {
			if down.Load() {
				return errors.New("down")
			}
			return nil
		}
		c, _ := f.connect()
		if n, err := c.Partitions(t.Context(), "t"); err != nil || n != 1 {
			t.Fatalf("%d, %v", n, err)
		}
		down.Store(true)
		f.closeAll(func(c *fakeConn) bool { return c.address == "sc:1" })
		synctest.Wait()
		f.setTopic("t", 3)
		f.setTopic("new", 1)
		if n, err := c.Partitions(t.Context(), "t"); err != nil || n != 1 {
			t.Errorf("what is known stays known: %d, %v", n, err)
		}
		time.AfterFunc(10*time.Second, func() { down.Store(false) })
		if n, err := c.Partitions(t.Context(), "new"); err != nil || n != 1 { // waits
			t.Errorf("%d, %v", n, err)
		}
		if n, err := c.Partitions(t.Context(), "t"); err != nil || n != 3 {
			t.Errorf("%d, %v", n, err)
		}
		if _, err := c.Partitions(t.Context(), "never"); !errors.Is(err, fluvio.ErrTopicNotFound) {
			t.Errorf("%v", err)
		}
	})
}

func TestALookupWaitsForTheBudgetAndNoLonger(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newFake(t, 2)
		f.remove(protocol.KindPartition, "t-1")
		f.setLeader(0, 99) // no such SPU
		c, _ := f.connect()
		for partition, says := range []string{"no known address", "not there yet"} {
			began := time.Now()
			_, err := c.Offsets(t.Context(), "t", uint32(partition))
			if !errors.Is(err, fluvio.ErrUnavailable) || !strings.Contains(err.Error(), says) || time.Since(began) != time.Minute {
				t.Errorf("%v after %v", err, time.Since(began))
			}
		}
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		if _, err := c.Offsets(ctx, "t", 0); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("%v", err)
		}
	})
}

func TestAnEmptyClusterIsBelievedAfterAWhile(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newFake(t, 1)
		f.remove(protocol.KindTopic, "t")
		c, _ := f.connect()
		time.AfterFunc(time.Second, func() { f.setTopic("late", 1) })
		if _, err := c.Partitions(t.Context(), "late"); err != nil {
			t.Error(err)
		}
		f.remove(protocol.KindTopic, "late")
		f.closeAll(func(c *fakeConn) bool { return c.address == "sc:1" })
		synctest.Wait()
		began := time.Now()
		if _, err := c.Partitions(t.Context(), "never"); !errors.Is(err, fluvio.ErrTopicNotFound) || time.Since(began) > 10*time.Second {
			t.Errorf("%v after %v", err, time.Since(began))
		}
	})
}

// TestTriesToConnectAreShared has many partitions use one connection to an SPU that cannot be reached.
func TestTriesToConnectAreShared(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newFake(t, 20)
		dial := func(ctx context.Context, network, address string) (net.Conn, error) {
			if address == "sc:1" {
				return f.dial(ctx, network, address)
			}
			<-ctx.Done() // nobody there
			return nil, context.Cause(ctx)
		}
		c, _ := f.connect(fluvio.WithDialer(dial), fluvio.WithRetryBudget(30*time.Second))
		p := newProducer(t, c, fluvio.WithLane("one"))
		began := time.Now()
		for n := range uint32(20) {
			mustProduce(t, p, n, "v")
		}
		if err := p.Flush(t.Context()); !errors.Is(err, fluvio.ErrUnavailable) || errors.Is(err, fluvio.ErrAmbiguous) {
			t.Errorf("%v", err)
		}
		if took := time.Since(began); took > 2*time.Minute {
			t.Errorf("gave up after %v", took)
		}
	})
}

func TestOffsetsAreTriedAgainAndChecked(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newFake(t, 1)
		n := 0
		f.spu = func(c *fakeConn, h protocol.RequestHeader, req protocol.Request) bool {
			n++
			switch n {
			case 1:
				return false
			case 2:
				c.answer(h, &protocol.FetchOffsetsResponse{Topics: []protocol.FetchOffsetsTopicResponse{{
					Name: "t", Partitions: []protocol.FetchOffsetsPartitionResponse{{ErrorCode: protocol.ErrorCodePartitionNotLeader.Code()}},
				}}})
			case 3:
				c.offsets(h, req.(*protocol.FetchOffsetsRequest), 3, 8)
			default:
				c.answer(h, &protocol.FetchOffsetsResponse{})
			}
			return true
		}
		c, _ := f.connect()
		if at, err := c.Offsets(t.Context(), "t", 0); err != nil || at.Earliest != 3 || at.Next != 8 {
			t.Errorf("%+v, %v", at, err)
		}
		if _, err := c.Offsets(t.Context(), "t", 0); !errors.Is(err, protocol.ErrMalformed) {
			t.Errorf("%v", err)
		}
	})
}

// TestTLSNamesEveryServer checks the names that servers are asked for, and that certificates count.
func TestTLSNamesEveryServer(t *testing.T) {
	cert := certificate(t, "fluvio.test", "spu-1.fluvio.test", "sc", "spu")
	stranger := certificate(t, "elsewhere.test")
	roots := x509.NewCertPool()
	roots.AddCert(cert.Leaf)
	for name, tc := range map[string]struct {
		serve tls.Certificate
		conf  *tls.Config
		names []string // in the order of connections
		fails bool
	}{
		"domain":         {serve: cert, conf: &tls.Config{RootCAs: roots, ServerName: "fluvio.test"}, names: []string{"fluvio.test", "spu-1.fluvio.test"}},
		"hosts":          {serve: cert, conf: &tls.Config{RootCAs: roots}, names: []string{"sc", "spu"}},
		"anonymous":      {serve: stranger, conf: &tls.Config{InsecureSkipVerify: true}, names: []string{"sc", "spu"}},
		"another's name": {serve: stranger, conf: &tls.Config{RootCAs: roots, ServerName: "fluvio.test"}, names: []string{"fluvio.test"}, fails: true},
	} {
		t.Run(name, func(t *testing.T) {
			f := newFake(t, 1)
			f.spu = func(c *fakeConn, h protocol.RequestHeader, req protocol.Request) bool {
				c.offsets(h, req.(*protocol.FetchOffsetsRequest), 0, 1)
				return true
			}
			var mu sync.Mutex
			var names []string
			dial := func(_ context.Context, _, address string) (net.Conn, error) {
				here, there := net.Pipe()
				f.accept(tls.Server(there, &tls.Config{GetCertificate: func(hello *tls.ClientHelloInfo) (*tls.Certificate, error) {
					mu.Lock()
					defer mu.Unlock()
					names = append(names, hello.ServerName)
					return &tc.serve, nil
				}}), address)
				return here, nil
			}
			c, err := fluvio.Connect(soon(t), fluvio.WithEndpoint("sc:1"), fluvio.WithDialer(dial), fluvio.WithTLS(tc.conf))
			if err == nil {
				_, err = c.Offsets(soon(t), "t", 0)
				c.Close()
			}
			f.closeAll(func(*fakeConn) bool { return true })
			f.running.Wait()
			if (err != nil) != tc.fails {
				t.Errorf("%v", err)
			}
			if !slices.Equal(names, tc.names) {
				t.Errorf("asked for %q", names)
			}
		})
	}
}

func certificate(t *testing.T, names ...string) tls.Certificate {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{SerialNumber: big.NewInt(1), DNSNames: names, NotAfter: time.Now().Add(time.Hour), IsCA: true, BasicConstraintsValid: true}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		t.Fatal(err)
	}
	leaf, err := x509.ParseCertificate(der)
	if err != nil {
		t.Fatal(err)
	}
	return tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key, Leaf: leaf}
}

func ExampleConnect() {
	client, err := fluvio.Connect(context.Background(), fluvio.WithEndpoint("127.0.0.1:9003"), fluvio.WithRetryBudget(5*time.Second))
	if errors.Is(err, fluvio.ErrUnavailable) {
		fmt.Println("is there a cluster? `weir broker` starts one")
		return
	}
	if err != nil {
		fmt.Println(err)
		return
	}
	defer client.Close()
	fmt.Println("connected to Fluvio", client.PlatformVersion())
}

func TestChangesThatAreNotAnsweredAreAmbiguousAndQuestionsAreAskedAgain(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newFake(t, 1)
		lists := 0
		f.spu = func(c *fakeConn, h protocol.RequestHeader, req protocol.Request) bool { // the SC's other requests, too
			if _, ok := req.(*protocol.ListRequest); ok {
				if lists++; lists == 1 {
					return false
				}
				c.answer(h, &protocol.ListResponse{Kind: protocol.KindTopic})
				return true
			}
			return false
		}
		c, _ := f.connect()
		a := admin.New(c)
		if err := a.CreateTopic(t.Context(), "x", admin.TopicConfig{}); !errors.Is(err, fluvio.ErrAmbiguous) || !strings.Contains(err.Error(), "'x'") {
			t.Errorf("%v", err)
		}
		if topics, err := a.Topics(t.Context()); err != nil || len(topics) != 0 || lists != 2 {
			t.Errorf("%v, %v, asked %d times", topics, err, lists)
		}
	})
}

// garble answers a request with what can't be decoded.
func (c *fakeConn) garble(h protocol.RequestHeader) {
	c.writing.Lock()
	defer c.writing.Unlock()
	c.Write(append(binary.BigEndian.AppendUint32([]byte{0, 0, 0, 6}, uint32(h.CorrelationID)), 0xff, 0))
}

// TestAnAnswerThatCannotBeReadEndsOneQuestionAlone: what was asked beside it, on the connection that ends, is asked again, and what was to
// be changed may have been.
func TestAnAnswerThatCannotBeReadEndsOneQuestionAlone(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newFake(t, 1)
		var lists, changes int
		f.spu = func(c *fakeConn, h protocol.RequestHeader, req protocol.Request) bool { // the SC's other requests, too
			switch req.(type) {
			case *protocol.ListRequest:
				switch lists++; lists {
				case 1: // no answer yet
				case 2:
					c.garble(h)
				default:
					c.answer(h, &protocol.ListResponse{Kind: protocol.KindTopic})
				}
			default:
				if changes++; changes == 2 {
					c.garble(h)
				}
			}
			return true
		}
		c, _ := f.connect()
		a := admin.New(c)
		var running sync.WaitGroup
		running.Go(func() {
			if err := a.DeleteTopic(t.Context(), "x"); !errors.Is(err, fluvio.ErrAmbiguous) {
				t.Errorf("a change beside it: %v", err)
			}
		})
		running.Go(func() {
			if _, err := a.Topics(t.Context()); err != nil {
				t.Errorf("a question beside it: %v", err)
			}
		})
		synctest.Wait()
		if _, err := a.Topics(t.Context()); !errors.Is(err, protocol.ErrMalformed) {
			t.Errorf("%v", err)
		}
		running.Wait()
		if err := a.DeleteTopic(t.Context(), "x"); !errors.Is(err, fluvio.ErrAmbiguous) || !errors.Is(err, protocol.ErrMalformed) {
			t.Errorf("a change: %v", err)
		}
		if lists != 3 || changes != 2 {
			t.Errorf("%d questions, %d changes", lists, changes)
		}
	})
}

// TestLookingForALeaderTakesNoMoreThanTheBudgetHasLeft has most of the budget spent when the leader is not known any more.
func TestLookingForALeaderTakesNoMoreThanTheBudgetHasLeft(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newFake(t, 1)
		f.spu = func(c *fakeConn, h protocol.RequestHeader, req protocol.Request) bool {
			time.Sleep(15 * time.Second)
			f.remove(protocol.KindPartition, "t-0")
			return false
		}
		c, _ := f.connect(fluvio.WithRetryBudget(20 * time.Second))
		began := time.Now()
		if _, err := c.Offsets(t.Context(), "t", 0); !errors.Is(err, fluvio.ErrUnavailable) || !strings.Contains(err.Error(), "not there yet") {
			t.Errorf("%v", err)
		}
		if took := time.Since(began); took > 21*time.Second {
			t.Errorf("gave up after %v", took)
		}
	})
}

// TestTheBudgetBoundsAnAttempt has a server that accepts and never answers.
func TestTheBudgetBoundsAnAttempt(t *testing.T) {
	for budget, most := range map[time.Duration]time.Duration{
		100 * time.Millisecond: time.Second, 2 * time.Second: 2 * time.Second, 15 * time.Second: 16 * time.Second,
	} {
		synctest.Test(t, func(t *testing.T) {
			var ends []net.Conn
			began := time.Now()
			_, err := fluvio.Connect(t.Context(), fluvio.WithEndpoint("sc:1"), fluvio.WithRetryBudget(budget),
				fluvio.WithDialer(func(context.Context, string, string) (net.Conn, error) {
					here, there := net.Pipe()
					ends = append(ends, there)
					go io.Copy(io.Discard, there)
					return here, nil
				}))
			took := time.Since(began)
			if !errors.Is(err, fluvio.ErrUnavailable) || took > most || !strings.Contains(err.Error(), fmt.Sprintf("gave up after %v", took)) {
				t.Errorf("budget %v, %v: %v", budget, took, err)
			}
			for _, c := range ends {
				c.Close()
			}
		})
	}
}
