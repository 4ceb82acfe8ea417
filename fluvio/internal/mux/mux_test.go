package mux_test

import (
	"context"
	"encoding/binary"
	"errors"
	"io"
	"net"
	"slices"
	"strings"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/weir-stream/weir/fluvio/internal/mux"
	"github.com/weir-stream/weir/fluvio/internal/wire"
	"github.com/weir-stream/weir/fluvio/protocol"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// server is the other end of a connection, played by the test.
type server struct {
	t    *testing.T
	nc   net.Conn
	role protocol.Server
}

// read returns the next request; nil when the connection has ended.
func (s *server) read() (protocol.RequestHeader, protocol.Request) {
	frame, err := wire.ReadFrame(s.nc, nil, 1<<20)
	if err != nil {
		return protocol.RequestHeader{}, nil
	}
	header, req, err := protocol.DecodeRequest(s.role, frame)
	if err != nil {
		s.t.Errorf("server: %v", err)
	}
	return header, req
}

func (s *server) answer(h protocol.RequestHeader, resp protocol.Message) {
	s.nc.Write(protocol.AppendResponse(nil, h.CorrelationID, h.APIVersion, resp))
}

// offers are what current servers advertise.
var offers = map[protocol.Server]*protocol.ApiVersionsResponse{
	protocol.SC: {PlatformVersion: "0.18.1", APIKeys: []protocol.ApiVersionKey{
		{APIKey: 1001, MinVersion: 9, MaxVersion: 19}, {APIKey: 1002, MinVersion: 1, MaxVersion: 19},
		{APIKey: 1003, MinVersion: 15, MaxVersion: 19}, {APIKey: 1004, MinVersion: 15, MaxVersion: 19},
	}},
	protocol.SPU: {PlatformVersion: "0.0.0", APIKeys: []protocol.ApiVersionKey{
		{APIKey: 0, MinVersion: 0, MaxVersion: 25}, {APIKey: 1, MinVersion: 0, MaxVersion: 25},
		{APIKey: 1002, MinVersion: 25, MaxVersion: 25}, {APIKey: 1003, MinVersion: 0, MaxVersion: 25},
		{APIKey: 1005, MinVersion: 0, MaxVersion: 0},
	}},
}

// open connects to a server that offers something and then does what script says.
func open(t *testing.T, role protocol.Server, offer *protocol.ApiVersionsResponse, script func(*server)) (*mux.Conn, error) {
	t.Helper()
	here, there := net.Pipe()
	s := &server{t, there, role}
	done := make(chan struct{})
	go func() {
		defer close(done)
		defer there.Close()
		header, req := s.read()
		if _, ok := req.(*protocol.ApiVersionsRequest); !ok || header.APIVersion != 2 {
			t.Errorf("first request is %T at version %d", req, header.APIVersion)
			return
		}
		s.answer(header, offer)
		if script != nil {
			script(s)
		}
	}()
	c, err := mux.Open(t.Context(), here, mux.Config{Server: role, ClientID: "test", MaxFrame: 1 << 20})
	t.Cleanup(func() {
		if c != nil {
			c.Close()
		}
		<-done
	})
	return c, err
}

func mustOpen(t *testing.T, role protocol.Server, script func(*server)) *mux.Conn {
	t.Helper()
	c, err := open(t, role, offers[role], script)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func offsetsRequest(topic string) *protocol.FetchOffsetsRequest {
	return &protocol.FetchOffsetsRequest{Topics: []protocol.FetchOffsetsTopic{{Name: topic}}}
}

func offsetsResponse(topic string) *protocol.FetchOffsetsResponse {
	return &protocol.FetchOffsetsResponse{Topics: []protocol.FetchOffsetsTopicResponse{{Name: topic}}}
}

func TestAnswersFindTheirRequestsInAnyOrder(t *testing.T) {
	c := mustOpen(t, protocol.SPU, func(s *server) {
		h1, r1 := s.read()
		h2, r2 := s.read()
		if h1.ClientID != "test" || h1.APIVersion != 25 {
			t.Errorf("header %+v", h1)
		}
		s.answer(h2, offsetsResponse(r2.(*protocol.FetchOffsetsRequest).Topics[0].Name))
		s.answer(h1, offsetsResponse(r1.(*protocol.FetchOffsetsRequest).Topics[0].Name))
	})
	errs := make(chan error, 2)
	for _, topic := range []string{"a", "b"} {
		go func() {
			var resp protocol.FetchOffsetsResponse
			err := c.Call(t.Context(), offsetsRequest(topic), &resp)
			if err == nil && resp.Topics[0].Name != topic {
				err = errors.New("answer of " + resp.Topics[0].Name)
			}
			errs <- err
		}()
	}
	for range 2 {
		if err := <-errs; err != nil {
			t.Error(err)
		}
	}
}

func TestTheEndOfAConnectionFailsEverythingAndSaysWhatWasSent(t *testing.T) {
	c := mustOpen(t, protocol.SPU, func(s *server) {
		s.read()
		s.read()
		// and closes without an answer
	})
	stream, err := c.Stream(t.Context(), &protocol.StreamFetchRequest{Topic: "t"}, 1, 1<<20)
	if err != nil {
		t.Fatal(err)
	}
	var resp protocol.FetchOffsetsResponse
	err = c.Call(t.Context(), offsetsRequest("t"), &resp)
	if !mux.Sent(err) || !errors.Is(err, io.ErrUnexpectedEOF) || !strings.Contains(err.Error(), "FetchOffsets") {
		t.Errorf("call: %v", err)
	}
	if err := stream.Recv(t.Context(), new(protocol.StreamFetchResponse)); !errors.Is(err, io.ErrUnexpectedEOF) {
		t.Errorf("stream: %v", err)
	}
	err = c.Call(t.Context(), offsetsRequest("t"), &resp)
	if err == nil || mux.Sent(err) || !errors.Is(err, io.ErrUnexpectedEOF) {
		t.Errorf("later call: %v", err)
	}
	<-c.Done()
}

func TestAContextEndsACallAndItsLateAnswerIsDropped(t *testing.T) {
	ctx, cancel := context.WithCancelCause(t.Context())
	enough, late := errors.New("enough"), make(chan struct{})
	c := mustOpen(t, protocol.SPU, func(s *server) {
		h, _ := s.read()
		cancel(enough)
		<-late
		s.answer(h, offsetsResponse("late"))
		h, _ = s.read()
		s.answer(h, offsetsResponse("b"))
	})
	var resp protocol.FetchOffsetsResponse
	if err := c.Call(ctx, offsetsRequest("a"), &resp); !errors.Is(err, enough) || !mux.Sent(err) {
		t.Errorf("cancelled call: %v", err)
	}
	close(late)
	if err := c.Call(t.Context(), offsetsRequest("b"), &resp); err != nil || resp.Topics[0].Name != "b" {
		t.Errorf("%v, %+v", err, resp)
	}
}

func TestAContextEndsAWriteThatNobodyReads(t *testing.T) {
	stop := make(chan struct{})
	c := mustOpen(t, protocol.SPU, func(*server) { <-stop })
	defer close(stop)
	ctx, cancel := context.WithTimeout(t.Context(), time.Millisecond)
	defer cancel()
	err := c.Call(ctx, offsetsRequest("a"), new(protocol.FetchOffsetsResponse))
	if !errors.Is(err, context.DeadlineExceeded) || mux.Sent(err) {
		t.Errorf("%v", err)
	}
	<-c.Done() // half a frame can't be taken back
}

func TestStreamsDoNotBlockEachOther(t *testing.T) {
	c := mustOpen(t, protocol.SC, func(s *server) {
		var headers []protocol.RequestHeader
		for range 2 {
			h, _ := s.read()
			headers = append(headers, h)
		}
		for epoch := range int64(100) {
			s.answer(headers[0], &protocol.WatchResponse{Kind: protocol.KindTopic, Epoch: epoch})
		}
		s.answer(headers[1], &protocol.WatchResponse{Kind: protocol.KindSpu, Epoch: 7})
		s.read()
	})
	first, err := c.Stream(t.Context(), &protocol.WatchRequest{Kind: protocol.KindTopic}, 100, 1<<20)
	if err != nil {
		t.Fatal(err)
	}
	second, err := c.Stream(t.Context(), &protocol.WatchRequest{Kind: protocol.KindSpu}, 1, 1<<20)
	if err != nil {
		t.Fatal(err)
	}
	var resp protocol.WatchResponse
	if err := second.Recv(t.Context(), &resp); err != nil || resp.Epoch != 7 {
		t.Errorf("%v, %+v", err, resp)
	}
	for epoch := range int64(100) {
		if err := first.Recv(t.Context(), &resp); err != nil || resp.Epoch != epoch {
			t.Fatalf("%v, %+v", err, resp)
		}
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := first.Recv(ctx, &resp); !errors.Is(err, context.Canceled) {
		t.Error(err)
	}
}

func TestAServerThatIgnoresFlowControlLosesTheConnection(t *testing.T) {
	chunk := &protocol.StreamFetchResponse{Topic: "t", StreamID: 1, Partition: protocol.FetchPartitionResponse{Records: make([]byte, 1000)}}
	for name, limit := range map[string]struct{ answers, bytes int }{"by number": {2, 1 << 20}, "by size": {100, 2500}} {
		t.Run(name, func(t *testing.T) {
			c := mustOpen(t, protocol.SPU, func(s *server) {
				h, _ := s.read()
				for range 3 {
					s.answer(h, chunk)
				}
				s.read()
			})
			stream, err := c.Stream(t.Context(), &protocol.StreamFetchRequest{Topic: "t"}, limit.answers, limit.bytes)
			if err != nil {
				t.Fatal(err)
			}
			<-c.Done()
			var resp protocol.StreamFetchResponse
			for range 2 { // what came within the limit is there
				if err := stream.Recv(t.Context(), &resp); err != nil {
					t.Fatal(err)
				}
			}
			if err := stream.Recv(t.Context(), &resp); !errors.Is(err, mux.ErrOverrun) {
				t.Errorf("%v", err)
			}
		})
	}
}

func TestChunksKeepTheirOwnMemory(t *testing.T) {
	c := mustOpen(t, protocol.SPU, func(s *server) {
		h, _ := s.read()
		for i := range 2 {
			records := slices.Repeat([]byte{byte(i + 1)}, 100_000)
			s.answer(h, &protocol.StreamFetchResponse{Partition: protocol.FetchPartitionResponse{Records: records}})
		}
		s.read()
	})
	stream, err := c.Stream(t.Context(), &protocol.StreamFetchRequest{}, 2, 1<<20)
	if err != nil {
		t.Fatal(err)
	}
	var one, two protocol.StreamFetchResponse
	if err := errors.Join(stream.Recv(t.Context(), &one), stream.Recv(t.Context(), &two)); err != nil {
		t.Fatal(err)
	}
	if one.Partition.Records[99_999] != 1 || two.Partition.Records[0] != 2 {
		t.Error("chunks share memory")
	}
}

func TestPostedRequestsAreAnsweredInPassing(t *testing.T) {
	c := mustOpen(t, protocol.SPU, func(s *server) {
		h, _ := s.read()
		s.answer(h, &protocol.UpdateOffsetsResponse{Status: []protocol.OffsetUpdateStatus{
			{SessionID: 3, ErrorCode: protocol.ErrorCodeFetchSessionNotFoud.Code()},
		}})
	})
	got := make(chan protocol.UpdateOffsetsResponse, 1)
	err := c.Post(t.Context(), &protocol.UpdateOffsetsRequest{}, func(body []byte, version int16) {
		var resp protocol.UpdateOffsetsResponse
		if err := protocol.DecodeResponse(body, version, &resp); err != nil {
			t.Error(err)
		}
		got <- resp
	})
	if err != nil {
		t.Fatal(err)
	}
	if resp := <-got; resp.Status[0].SessionID != 3 {
		t.Errorf("%+v", resp)
	}
}

// scattered is a produce request in parts.
type scattered struct{ protocol.ProduceRequest }

func (*scattered) Scatter(head []byte, _ int16) ([]byte, [][]byte, []byte) {
	head = append(head, 0, 0, 1, 0, 0, 5, 220, 0, 0, 0, 1, 0, 1, 't', 0, 0, 0, 1, 0, 0, 0, 9, 0, 0, 0, 6)
	return head, [][]byte{[]byte("bat"), []byte("ch!")}, make([]byte, 4)
}

func TestScatteredRequestsArriveInOnePiece(t *testing.T) {
	c := mustOpen(t, protocol.SPU, func(s *server) {
		h, req := s.read()
		produce, ok := req.(*protocol.ProduceRequest)
		if !ok || string(produce.Topics[0].Partitions[0].Records) != "batch!" || produce.Topics[0].Partitions[0].PartitionIndex != 9 {
			t.Errorf("%+v", req)
		}
		s.answer(h, &protocol.ProduceResponse{ThrottleTimeMs: 5})
	})
	var resp protocol.ProduceResponse
	if err := c.Call(t.Context(), new(scattered), &resp); err != nil || resp.ThrottleTimeMs != 5 {
		t.Errorf("%v, %+v", err, resp)
	}
}

func TestBadAnswersEndTheConnection(t *testing.T) {
	length := func(n uint32) []byte { return binary.BigEndian.AppendUint32(nil, n) }
	for name, tc := range map[string]struct {
		bytes []byte
		want  error
	}{
		"too large":            {append(length(1<<20+1), make([]byte, 4)...), wire.ErrFrameTooLarge},
		"no room for an id":    {append(length(3), make([]byte, 4)...), nil},
		"negative":             {append(length(1<<31), make([]byte, 4)...), nil},
		"ends within its head": {length(100), io.ErrUnexpectedEOF},
		"ends within its body": {append(length(100), 0, 0, 0, 2, 1, 2, 3), io.ErrUnexpectedEOF},
		"can't be decoded":     {append(length(6), 0, 0, 0, 2, 0xff, 0), protocol.ErrMalformed},
	} {
		t.Run(name, func(t *testing.T) {
			c := mustOpen(t, protocol.SPU, func(s *server) {
				s.read()
				s.nc.Write(tc.bytes)
			})
			err := c.Call(t.Context(), offsetsRequest("t"), new(protocol.FetchOffsetsResponse))
			if !mux.Sent(err) || tc.want != nil && !errors.Is(err, tc.want) {
				t.Errorf("%v", err)
			}
			<-c.Done()
		})
	}
}

// TestWhatIsWrongForOneIsNoReasonForOthers: the others' requests may be sent again, whatever ended the connection.
func TestWhatIsWrongForOneIsNoReasonForOthers(t *testing.T) {
	bad := []byte{0, 0, 0, 6, 0, 0, 0, 3, 0xff, 0} // correlation id 3
	enough, half := errors.New("enough"), make(chan struct{})
	for name, tc := range map[string]struct {
		script func(s *server)
		spoil  func(ctx context.Context, c *mux.Conn) error // who has the trouble
		want   error
	}{
		"an answer that can't be decoded": {
			func(s *server) {
				s.read()
				s.nc.Write(bad)
			},
			func(ctx context.Context, c *mux.Conn) error {
				return c.Call(ctx, offsetsRequest("spoilt"), new(protocol.FetchOffsetsResponse))
			}, protocol.ErrMalformed,
		},
		"one of a stream": {
			func(s *server) {
				s.read()
				s.nc.Write(bad)
			},
			func(ctx context.Context, c *mux.Conn) error {
				stream, err := c.Stream(ctx, &protocol.StreamFetchRequest{Topic: "t"}, 1, 1<<20)
				if err != nil {
					return err
				}
				return stream.Recv(ctx, new(protocol.StreamFetchResponse))
			}, protocol.ErrMalformed,
		},
		"half a request": {
			func(s *server) { s.nc.Read(make([]byte, 1)); close(half) },
			func(ctx context.Context, c *mux.Conn) error {
				ctx, cancel := context.WithCancelCause(ctx)
				go func() { <-half; cancel(enough) }()
				return c.Call(ctx, offsetsRequest("half"), new(protocol.FetchOffsetsResponse))
			}, enough,
		},
	} {
		t.Run(name, func(t *testing.T) {
			waits := make(chan struct{})
			end := make(chan struct{})
			c := mustOpen(t, protocol.SPU, func(s *server) {
				s.read()
				close(waits)
				tc.script(s)
				<-end
			})
			defer close(end)
			other := make(chan error)
			go func() { other <- c.Call(t.Context(), offsetsRequest("other"), new(protocol.FetchOffsetsResponse)) }()
			<-waits
			if err := tc.spoil(t.Context(), c); !errors.Is(err, tc.want) {
				t.Errorf("%v", err)
			}
			if err := <-other; !mux.Sent(err) || errors.Is(err, tc.want) || !strings.Contains(err.Error(), tc.want.Error()) {
				t.Errorf("another one's: %v", err)
			}
		})
	}
}

func TestAnythingButAFluvioServerFailsTheHandshake(t *testing.T) {
	for name, reply := range map[string]string{
		"closes":      "",
		"speaks http": "HTTP/1.1 400 Bad Request\r\nConnection: close\r\n\r\n",
	} {
		t.Run(name, func(t *testing.T) {
			here, there := net.Pipe()
			go func() {
				wire.ReadFrame(there, nil, 1<<20)
				there.Write([]byte(reply))
				there.Close()
			}()
			_, err := mux.Open(t.Context(), here, mux.Config{Server: protocol.SC, MaxFrame: 1 << 20})
			if !errors.Is(err, mux.ErrHandshake) {
				t.Errorf("%v", err)
			}
		})
	}
}

func TestTheHandshakeEndsWithItsContext(t *testing.T) {
	here, there := net.Pipe()
	defer there.Close()
	ctx, cancel := context.WithTimeout(t.Context(), time.Millisecond)
	defer cancel()
	if _, err := mux.Open(ctx, here, mux.Config{Server: protocol.SC, MaxFrame: 1 << 20}); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("%v", err)
	}
}

func TestClosingIsIdempotentAndSaysSo(t *testing.T) {
	c := mustOpen(t, protocol.SC, nil)
	c.Close()
	c.Close()
	if err := c.Call(t.Context(), &protocol.ListRequest{Kind: protocol.KindTopic}, new(protocol.ListResponse)); err == nil || mux.Sent(err) {
		t.Error(err)
	}
}
