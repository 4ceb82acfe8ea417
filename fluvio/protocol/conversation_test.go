package protocol

import (
	"bufio"
	"bytes"
	"encoding/binary"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/weir-stream/weir/fluvio/internal/wire"
)

// frameLimit is above every recorded frame.
const frameLimit = 64 << 20

// recordedFrame is a line of a recorded conversation.
type recordedFrame struct {
	Conn   int    `json:"conn"`
	Server string `json:"server"`
	Dir    string `json:"dir"`
	Hex    string `json:"hex"`
}

// asked identifies requests in flight.
type asked struct {
	server      Server
	conn        int
	correlation int32
}

// question is what a response must be decoded by.
type question struct {
	api     API
	version int16
	req     Request
}

// conversation decodes the frames of one recording in order.
type conversation struct {
	t      *testing.T
	open   map[asked]question
	counts map[string]int
}

func serverNamed(t testing.TB, name string) Server {
	switch name {
	case "sc":
		return SC
	case "spu":
		return SPU
	}
	t.Fatalf("unknown server %q", name)
	return 0
}

// unframe takes the length off a single frame.
func unframe(t testing.TB, b []byte) []byte {
	t.Helper()
	r := bytes.NewReader(b)
	frame, err := wire.ReadFrame(r, nil, frameLimit)
	if err != nil || r.Len() > 0 {
		t.Fatalf("not one frame: %v, %d bytes left", err, r.Len())
	}
	return frame
}

func unhex(t testing.TB, s string) []byte {
	t.Helper()
	b, err := hex.DecodeString(s)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// request decodes a request, encodes it again and remembers it. The same
// correlation id may be used again: the latest request owns it.
func (c *conversation) request(server Server, conn int, raw []byte) {
	c.t.Helper()
	header, req, err := DecodeRequest(server, unframe(c.t, raw))
	if err != nil {
		c.t.Fatal(err)
	}
	if got := AppendRequest(nil, header, req); !bytes.Equal(got, raw) {
		c.t.Fatalf("%T encodes as\n%x, was\n%x", req, got, raw)
	}
	api, _ := Lookup(server, header.APIKey)
	c.open[asked{server, conn, header.CorrelationID}] = question{api, header.APIVersion, req}
	c.counts[fmt.Sprintf("%v %s v%d request", server, api.Name, header.APIVersion)]++
}

// response decodes a response by its request and encodes it again.
func (c *conversation) response(server Server, conn int, raw []byte) Message {
	c.t.Helper()
	correlation, body, err := SplitResponse(unframe(c.t, raw))
	if err != nil {
		c.t.Fatal(err)
	}
	q, ok := c.open[asked{server, conn, correlation}]
	if !ok {
		c.t.Fatalf("response to nothing: %x", raw)
	}
	resp := q.req.NewResponse()
	if err := DecodeResponse(body, q.version, resp); err != nil {
		c.t.Fatal(err)
	}
	if got := AppendResponse(nil, correlation, q.version, resp); !bytes.Equal(got, raw) {
		c.t.Fatalf("%T encodes as\n%x, was\n%x", resp, got, raw)
	}
	c.counts[fmt.Sprintf("%v %s v%d response", server, q.api.Name, q.version)]++
	return resp
}

func readLines(t testing.TB, path string, each func(line []byte)) {
	f, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	lines := bufio.NewScanner(f)
	lines.Buffer(nil, frameLimit)
	for lines.Scan() {
		each(lines.Bytes())
	}
	if lines.Err() != nil {
		t.Fatal(lines.Err())
	}
}

// recordings lists the recorded conversations between clients and servers.
func recordings(t testing.TB) []string {
	paths, err := filepath.Glob("testdata/conversations/*.jsonl")
	if err != nil || len(paths) == 0 {
		t.Fatal("no recordings", err)
	}
	return slices.DeleteFunc(paths, func(p string) bool { return strings.Contains(p, "raw-errors") })
}

// recordedCounts is how many frames of each message the recordings hold: no frame
// may go unnoticed.
var recordedCounts = map[string]int{
	"SC ApiVersions v2 request":             48,
	"SC ApiVersions v2 response":            48,
	"SC Create v19 request":                 8,
	"SC Create v19 response":                7,
	"SC Delete v19 request":                 4,
	"SC Delete v19 response":                4,
	"SC List v19 request":                   9,
	"SC List v19 response":                  9,
	"SC Watch v19 request":                  231,
	"SC Watch v19 response":                 263,
	"SPU ApiVersions v2 request":            26,
	"SPU ApiVersions v2 response":           26,
	"SPU DeleteConsumerOffset v25 request":  1,
	"SPU DeleteConsumerOffset v25 response": 1,
	"SPU FetchConsumerOffsets v25 request":  5,
	"SPU FetchConsumerOffsets v25 response": 5,
	"SPU FetchOffsets v24 request":          1,
	"SPU FetchOffsets v24 response":         1,
	"SPU FetchOffsets v25 request":          15,
	"SPU FetchOffsets v25 response":         15,
	"SPU Produce v24 request":               4,
	"SPU Produce v24 response":              4,
	"SPU Produce v25 request":               34,
	"SPU Produce v25 response":              34,
	"SPU StreamFetch v24 request":           1,
	"SPU StreamFetch v24 response":          2,
	"SPU StreamFetch v25 request":           15,
	"SPU StreamFetch v25 response":          15,
	"SPU UpdateConsumerOffset v25 request":  4,
	"SPU UpdateConsumerOffset v25 response": 4,
	"SPU UpdateOffsets v0 request":          10,
	"SPU UpdateOffsets v0 response":         10,
}

func TestRecordedConversationsSurviveDecodingAndEncoding(t *testing.T) {
	counts := map[string]int{}
	open := map[asked]question{} // across files: the Python client's connections last for several
	// One acknowledgement passed between the recordings of 62 and 63; its answer is there.
	ack, _ := Lookup(SPU, KeyUpdateOffsets)
	open[asked{SPU, 130, 7}] = question{ack, 0, ack.NewRequest()}
	frames := 0
	for _, path := range recordings(t) {
		t.Run(strings.TrimSuffix(filepath.Base(path), ".jsonl"), func(t *testing.T) {
			c := conversation{t, open, counts}
			readLines(t, path, func(line []byte) {
				var f recordedFrame
				if err := json.Unmarshal(line, &f); err != nil {
					t.Fatal(err)
				}
				frames++
				switch server, raw := serverNamed(t, f.Server), unhex(t, f.Hex); f.Dir {
				case "request":
					c.request(server, f.Conn, raw)
				case "response":
					c.response(server, f.Conn, raw)
				default:
					t.Fatalf("unknown direction %q", f.Dir)
				}
			})
		})
	}
	sum := 0
	for _, n := range counts {
		sum += n
	}
	if sum != frames {
		t.Errorf("%d frames recorded, %d decoded", frames, sum)
	}
	if !maps.Equal(counts, recordedCounts) {
		for _, name := range slices.Sorted(maps.Keys(counts)) {
			t.Logf("%q: %d,", name, counts[name])
		}
		t.Error("the frames above are not those expected")
	}
}

// rawCase is a line of the recording of changed requests.
type rawCase struct {
	Case      string   `json:"case"`
	Server    string   `json:"server"`
	Request   string   `json:"request"`
	Responses []string `json:"responses"`
}

// rawErrors is what reading the requests of the cases comes to that a real server
// answers by closing the connection.
var rawErrors = map[string]error{
	"unknown api key 999":                           ErrUnknownRequest,
	"sc: unknown key":                               ErrUnknownRequest,
	"produce, cut in the middle (length says less)": ErrMalformed,
	"length -1":                                     wire.ErrFrameNegative,
	"length 0":                                      wire.ErrFrameEmpty,
	"length 2^31-1 then nothing":                    wire.ErrFrameTooLarge,
	"sc: list with version 3":                       ErrUnsupportedVersion,
	"sc: text instead of a frame":                   wire.ErrFrameTooLarge,
}

func TestChangedRequestsAreDecodedOrRefusedAsByARealServer(t *testing.T) {
	refused := 0
	readLines(t, "testdata/conversations/70-raw-errors.jsonl", func(line []byte) {
		var c rawCase
		if err := json.Unmarshal(line, &c); err != nil {
			t.Fatal(err)
		}
		t.Run(c.Case, func(t *testing.T) {
			want := rawErrors[c.Case]
			if want != nil {
				refused++
			}
			server := serverNamed(t, c.Server)
			talk := conversation{t, map[asked]question{}, map[string]int{}}
			stream := bytes.NewReader(unhex(t, c.Request))
			for i := 0; stream.Len() > 0; i++ {
				frame, err := wire.ReadFrame(stream, nil, frameLimit)
				if err == nil {
					_, _, err = DecodeRequest(server, frame)
				}
				if !errors.Is(err, want) {
					t.Fatalf("got %v, want %v", err, want)
				}
				if want != nil {
					return
				}
				talk.request(server, 0, append(binary.BigEndian.AppendUint32(nil, uint32(len(frame))), frame...))
				if i >= len(c.Responses) {
					t.Fatal("no response recorded")
				}
				talk.response(server, 0, unhex(t, c.Responses[i]))
			}
		})
	})
	if refused != len(rawErrors) {
		t.Errorf("%d cases refused, want %d", refused, len(rawErrors))
	}
}
