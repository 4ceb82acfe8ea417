package broker

import (
	"bufio"
	"bytes"
	"cmp"
	"encoding/binary"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/weir-stream/weir/fluvio/protocol"
	"github.com/weir-stream/weir/fluvio/record"
)

// conversations holds what official clients and a real cluster said to each other, one file a scenario, in the order in which they
// were recorded: each scenario relies on what the ones before it created.
const conversations = "../protocol/testdata/conversations"

// wanted is where this broker answers otherwise than the recorded cluster, and why.
var wanted = []struct {
	file, request string // request is the name of its type
	why           string
	check         func(ours, theirs protocol.Message) error
}{
	{"01-spu-register.jsonl", "Create", "the SPU is built in: it is there without being registered, and no other can be",
		statusIs(protocol.ErrorCodeInvalidCreateRequest)},
	{"13-topic-create-too-many-replicas.jsonl", "Create", "no answer was recorded: the cluster waits 90 s for more SPUs, here none can come",
		statusIs(protocol.ErrorCodeTopicNotProvisioned)},
	{"52-consume-bad-smartmodule.jsonl", "StreamFetch", "SmartModules are not run, so the text is not about what is wrong with this one",
		func(ours, theirs protocol.Message) error {
			o, t := ours.(*protocol.StreamFetchResponse), theirs.(*protocol.StreamFetchResponse)
			if text := o.Partition.ErrorCode.Value.(*protocol.ErrorText); text.Text != notRun {
				return fmt.Errorf("text %q", text.Text)
			}
			o.Partition.ErrorCode.Value = t.Partition.ErrorCode.Value
			if !reflect.DeepEqual(o, t) {
				return fmt.Errorf("ours %s, theirs %s", asJSON(o), asJSON(t))
			}
			return nil
		}},
	{"36-consume-max-bytes-small.jsonl", "StreamFetch", "the cluster cuts chunks in the middle of a batch",
		func(ours, theirs protocol.Message) error {
			o, t := ours.(*protocol.StreamFetchResponse).Partition.Records, theirs.(*protocol.StreamFetchResponse).Partition.Records
			if len(o) >= len(t) || !bytes.HasPrefix(t, o) {
				return fmt.Errorf("%d bytes, the cluster sent %d", len(o), len(t))
			}
			return wholeBatches(o)
		}},
}

func statusIs(tag protocol.ErrorCodeTag) func(ours, _ protocol.Message) error {
	return func(ours, _ protocol.Message) error { return codeIs(ours.(*protocol.Status).ErrorCode, tag) }
}

func codeIs(code protocol.ErrorCode, tag protocol.ErrorCodeTag) error {
	if code.Tag != tag {
		return fmt.Errorf("code %v, want %v", code.Tag, tag)
	}
	return nil
}

func wholeBatches(set []byte) error {
	for len(set) > 0 {
		_, rest, err := record.Next(set)
		if err != nil {
			return err
		}
		set = rest
	}
	return nil
}

type recordedFrame struct {
	Conn   int    `json:"conn"`
	Server string `json:"server"`
	Dir    string `json:"dir"`
	Hex    string `json:"hex"`
}

func (f recordedFrame) bytes(t testing.TB) []byte {
	b, err := hex.DecodeString(f.Hex)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// replayConn is one recorded connection, played against the broker. It outlives a file where the recorded client did.
type replayConn struct {
	*client
	server   protocol.Server
	recorded map[int32][][]byte // bodies of recorded responses not yet asked for
	watches  []*replayWatch
	streams  []*replayStream
}

type replayWatch struct {
	id     int32
	kind   protocol.ObjectKind
	theirs map[string]protocol.Metadata // as a client would know it
	ours   map[string]protocol.Metadata
}

// replayStream is a running stream of which more may come. Answers to its id are the stream's from then on.
type replayStream struct {
	id  int32
	req protocol.Request
}

// TestRecordedConversations plays every recorded request to one broker and compares its answers with the recorded ones.
func TestRecordedConversations(t *testing.T) {
	b := start(t, Config{})
	files, err := filepath.Glob(filepath.Join(conversations, "*.jsonl"))
	if err != nil || len(files) < 40 {
		t.Fatalf("%d recorded conversations, %v", len(files), err)
	}
	all, conns, scenes := t, map[int]*replayConn{}, map[string][]recordedFrame{}
	for _, path := range files {
		scenes[path] = readFrames(t, path)
	}
	// Files are in order but for those of one number; connections were numbered as they were made.
	slices.SortStableFunc(files, func(a, b string) int {
		return cmp.Or(strings.Compare(filepath.Base(a)[:2], filepath.Base(b)[:2]), scenes[a][0].Conn-scenes[b][0].Conn)
	})
	for _, path := range files {
		name := filepath.Base(path)
		if strings.HasPrefix(name, "70-") {
			continue // TestRawErrors
		}
		t.Run(name, func(t *testing.T) {
			frames := scenes[path]
			for _, f := range frames {
				c := conns[f.Conn]
				if c == nil {
					c = newReplayConn(all, b, f)
					conns[f.Conn] = c
				}
				c.t = t
				if f.Dir == "response" {
					body := f.bytes(t)[4:]
					id := int32(binary.BigEndian.Uint32(body))
					c.recorded[id] = append(c.recorded[id], body[4:])
				}
			}
			seen := map[string]bool{}
			for _, f := range frames {
				if f.Dir == "request" {
					seen[conns[f.Conn].play(name, f.bytes(t))] = true
				}
			}
			for _, f := range frames {
				conns[f.Conn].compareRest(name)
			}
			for _, w := range wanted {
				if w.file == name && !seen[w.request] {
					t.Errorf("the table has a difference for %s, which does not occur", w.request)
				}
			}
		})
	}
}

func readFrames(t testing.TB, path string) []recordedFrame {
	t.Helper()
	f, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	var frames []recordedFrame
	lines := bufio.NewScanner(f)
	lines.Buffer(nil, 16<<20)
	for lines.Scan() {
		var r recordedFrame
		if err := json.Unmarshal(lines.Bytes(), &r); err != nil {
			t.Fatal(err)
		}
		frames = append(frames, r)
	}
	if err := lines.Err(); err != nil {
		t.Fatal(err)
	}
	return frames
}

func newReplayConn(t testing.TB, b *Broker, f recordedFrame) *replayConn {
	server, addr := protocol.SC, b.SC()
	if f.Server == "spu" {
		server, addr = protocol.SPU, b.SPU()
	}
	return &replayConn{client: dial(t, addr), server: server, recorded: map[int32][][]byte{}}
}

// play sends one recorded request and compares the first answer, if it has one. It returns the name of the request.
func (c *replayConn) play(file string, request []byte) string {
	c.t.Helper()
	h, req, err := protocol.DecodeRequest(c.server, request[4:])
	if err != nil {
		c.t.Fatal(err)
	}
	api, _ := protocol.Lookup(c.server, h.APIKey)
	c.write(request)
	if w, ok := req.(*protocol.WatchRequest); ok {
		c.watches = append(c.watches, &replayWatch{id: h.CorrelationID, kind: w.Kind,
			theirs: map[string]protocol.Metadata{}, ours: map[string]protocol.Metadata{}})
		return api.Name
	}
	theirs := req.NewResponse()
	bodies := c.recorded[h.CorrelationID]
	if len(bodies) > 0 {
		c.recorded[h.CorrelationID] = bodies[1:]
		if err := protocol.DecodeResponse(bodies[0], h.APIVersion, theirs); err != nil {
			c.t.Fatal(err)
		}
	}
	difference := slices.IndexFunc(wanted, func(w struct {
		file, request, why string
		check              func(ours, theirs protocol.Message) error
	}) bool {
		return w.file == file && w.request == api.Name
	})
	if len(bodies) == 0 && difference < 0 {
		return api.Name // the recorded client left before it was answered
	}
	ours := c.decode(req, h.APIVersion, c.receive(h.CorrelationID))
	if difference >= 0 {
		if err := wanted[difference].check(ours, theirs); err != nil {
			c.t.Errorf("%s: %v", api.Name, err)
		}
	} else {
		c.compare(api.Name, ours, theirs)
	}
	if _, ok := req.(*protocol.StreamFetchRequest); ok && ours.(*protocol.StreamFetchResponse).Partition.ErrorCode.Tag == 0 {
		c.streams = append(c.streams, &replayStream{h.CorrelationID, req})
	}
	return api.Name
}

// compareRest compares what came beside the answers: later chunks of streams, and what watches add up to.
func (c *replayConn) compareRest(file string) {
	c.t.Helper()
	for _, s := range c.streams {
		for _, body := range c.recorded[s.id] {
			version := int16(25)
			theirs := c.decode(s.req, version, body)
			c.compare("a later chunk", c.decode(s.req, version, c.receive(s.id)), theirs)
		}
		delete(c.recorded, s.id)
	}
	for _, w := range c.watches {
		for _, body := range c.recorded[w.id] {
			fold(w.theirs, c.decode(&protocol.WatchRequest{}, 19, body).(*protocol.WatchResponse))
		}
		answered := len(c.recorded[w.id]) > 0
		delete(c.recorded, w.id)
		if !answered || file == "01-spu-register.jsonl" {
			continue // an SC without an SPU has nothing to compare with
		}
		for !sameObjects(w.ours, w.theirs) {
			// Ours says the same in fewer messages; if it never does, receive ends the test.
			fold(w.ours, c.decode(&protocol.WatchRequest{}, 19, c.receive(w.id)).(*protocol.WatchResponse))
		}
	}
}

// fold applies a watch message as clients do.
func fold(known map[string]protocol.Metadata, m *protocol.WatchResponse) {
	if len(m.All) > 0 {
		clear(known)
	}
	for _, o := range m.All {
		known[o.Name] = o
	}
	for _, o := range m.Changes {
		if known[o.Object.Name] = o.Object; o.Type == protocol.ChangeTypeDelete {
			delete(known, o.Object.Name)
		}
	}
}

func sameObjects(a, b map[string]protocol.Metadata) bool {
	return reflect.DeepEqual(normalizeObjects(a), normalizeObjects(b))
}

func normalizeObjects(m map[string]protocol.Metadata) map[string]protocol.Metadata {
	out := map[string]protocol.Metadata{}
	for name, o := range m {
		out[name] = normalizeObject(o)
	}
	return out
}

func (c *replayConn) compare(what string, ours, theirs protocol.Message) {
	c.t.Helper()
	normalize(ours)
	normalize(theirs)
	if !reflect.DeepEqual(ours, theirs) {
		c.t.Errorf("%s differs\nours   %s\ntheirs %s", what, asJSON(ours), asJSON(theirs))
	}
}

func asJSON(v any) string {
	b, err := json.Marshal(v)
	if err != nil {
		return fmt.Sprintf("%+v", v)
	}
	return string(b)
}

// normalize evens out what may differ: addresses, times, epochs, the order of lists, and how fresh an SC's idea of offsets is.
func normalize(m protocol.Message) {
	switch m := m.(type) {
	case *protocol.ApiVersionsResponse:
		if m.PlatformVersion != "0.0.0" {
			m.PlatformVersion = ""
		}
		m.APIKeys = slices.DeleteFunc(m.APIKeys, func(k protocol.ApiVersionKey) bool { return k.APIKey == int16(protocol.KeyClaimWriter) }) // weir's own
	case *protocol.ListResponse:
		for i := range m.Objects {
			m.Objects[i] = normalizeObject(m.Objects[i])
		}
		slices.SortFunc(m.Objects, func(a, b protocol.Metadata) int { return strings.Compare(a.Name, b.Name) })
	case *protocol.FetchConsumerOffsetsResponse:
		for i := range m.Consumers {
			m.Consumers[i].ModifiedTime = 0
		}
	}
}

func normalizeObject(o protocol.Metadata) protocol.Metadata {
	if s, ok := o.Spec.(*protocol.SpuSpec); ok {
		o.Spec = &protocol.SpuSpec{ID: s.ID, SpuType: s.SpuType}
	}
	if s, ok := o.Status.(*protocol.PartitionStatus); ok {
		status := *s
		status.Leader.HW, status.Leader.LEO, status.Size = 0, 0, 0
		o.Status = &status
	}
	if s, ok := o.Status.(*protocol.TopicStatus); ok && len(s.ReplicaMap) == 0 {
		status := *s
		status.ReplicaMap = nil
		o.Status = &status
	}
	return o
}
