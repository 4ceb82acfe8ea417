package admin_test

import (
	"cmp"
	"context"
	"encoding/hex"
	"encoding/json"
	"maps"
	"net"
	"os"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/weir-stream/weir/fluvio"
	"github.com/weir-stream/weir/fluvio/admin"
	"github.com/weir-stream/weir/fluvio/internal/wire"
	"github.com/weir-stream/weir/fluvio/protocol"
)

// fake is an SC played by the test, for what the embedded broker does not do.
type fake struct {
	t        testing.TB
	listener net.Listener

	mu      sync.Mutex
	answers func(req protocol.Request) protocol.Message // to any request but watches and lists
	last    protocol.Request                            // the last such request
	silent  bool                                        // it says nothing of a kind without objects, where a real SC sends an empty answer
	objects map[protocol.ObjectKind]map[string]protocol.Metadata
	conns   map[*fakeConn]bool
	running sync.WaitGroup
}

// fakeConn is the SC's end of a connection.
type fakeConn struct {
	net.Conn
	*fake
	watches map[protocol.ObjectKind]protocol.RequestHeader
	writing sync.Mutex
}

func newFake(t testing.TB) (context.Context, *fake, *admin.Admin) {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	f := &fake{t: t, listener: listener, objects: map[protocol.ObjectKind]map[string]protocol.Metadata{}, conns: map[*fakeConn]bool{}}
	f.running.Go(f.accept)
	t.Cleanup(func() {
		f.listener.Close()
		f.drop()
		f.running.Wait()
	})
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
	t.Cleanup(cancel)
	c, err := fluvio.Connect(ctx, fluvio.WithEndpoint(listener.Addr().String()))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Close() })
	return ctx, f, admin.New(c)
}

func (f *fake) accept() {
	for {
		nc, err := f.listener.Accept()
		if err != nil {
			return
		}
		c := &fakeConn{Conn: nc, fake: f, watches: map[protocol.ObjectKind]protocol.RequestHeader{}}
		f.mu.Lock()
		f.conns[c] = true
		f.mu.Unlock()
		f.running.Go(c.run)
	}
}

// serve says what to answer to requests other than watches and lists.
func (f *fake) serve(answers func(req protocol.Request) protocol.Message) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.answers = answers
}

// sent is the last request that was neither a watch nor a list, and forgets it.
func (f *fake) sent() protocol.Request {
	f.mu.Lock()
	defer f.mu.Unlock()
	defer func() { f.last = nil }()
	return f.last
}

// agree answers every request with success.
func agree(protocol.Request) protocol.Message { return &protocol.Status{} }

// quiet makes it say nothing of a kind without objects.
func (f *fake) quiet() {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.silent = true
}

// drop closes all connections.
func (f *fake) drop() {
	f.mu.Lock()
	defer f.mu.Unlock()
	for c := range f.conns {
		c.Close()
	}
}

// set creates or changes objects and tells all that watch.
func (f *fake) set(kind protocol.ObjectKind, objects ...protocol.Metadata) {
	f.change(kind, true, objects, nil)
}

// remove deletes an object and tells all that watch.
func (f *fake) remove(kind protocol.ObjectKind, name string) {
	f.change(kind, true, nil, []string{name})
}

func (f *fake) change(kind protocol.ObjectKind, tell bool, objects []protocol.Metadata, gone []string) {
	f.mu.Lock()
	defer f.mu.Unlock()
	resp := &protocol.WatchResponse{Kind: kind}
	for _, object := range objects {
		if f.objects[kind] == nil {
			f.objects[kind] = map[string]protocol.Metadata{}
		}
		f.objects[kind][object.Name] = object
		resp.Changes = append(resp.Changes, protocol.MetadataChange{Type: protocol.ChangeTypeUpdate, Object: object})
	}
	for _, name := range gone {
		resp.Changes = append(resp.Changes, protocol.MetadataChange{Type: protocol.ChangeTypeDelete, Object: protocol.Metadata{Name: name}})
		delete(f.objects[kind], name)
	}
	for c := range f.conns {
		if h, ok := c.watches[kind]; ok && tell {
			c.answer(h, resp)
		}
	}
}

// all returns the objects of a kind, in no order that a client may rely on.
func (f *fake) all(kind protocol.ObjectKind) []protocol.Metadata {
	return slices.SortedFunc(maps.Values(f.objects[kind]), func(a, b protocol.Metadata) int { return -cmp.Compare(a.Name, b.Name) })
}

func (c *fakeConn) run() {
	defer func() {
		c.Close()
		c.mu.Lock()
		defer c.mu.Unlock()
		delete(c.conns, c)
	}()
	for {
		frame, err := wire.ReadFrame(c, nil, 64<<20)
		if err != nil {
			return
		}
		h, req, err := protocol.DecodeRequest(protocol.SC, frame)
		if err != nil {
			c.t.Errorf("request: %v", err)
			return
		}
		switch req := req.(type) {
		case *protocol.ApiVersionsRequest:
			c.answer(h, versions())
		case *protocol.WatchRequest:
			c.watch(h, req)
		case *protocol.ListRequest:
			c.list(h, req)
		default:
			c.mu.Lock()
			answers := c.answers
			c.last = req
			c.mu.Unlock()
			c.answer(h, answers(req))
		}
	}
}

func (c *fakeConn) watch(h protocol.RequestHeader, req *protocol.WatchRequest) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.watches[req.Kind] = h
	if all := c.all(req.Kind); len(all) > 0 || !c.silent {
		c.answer(h, &protocol.WatchResponse{Kind: req.Kind, All: all})
	}
}

// list applies the filters of SmartModules as a real SC does.
func (c *fakeConn) list(h protocol.RequestHeader, req *protocol.ListRequest) {
	c.mu.Lock()
	defer c.mu.Unlock()
	resp := &protocol.ListResponse{Kind: req.Kind}
	for _, object := range c.all(req.Kind) {
		if spec, ok := object.Spec.(*protocol.SmartModuleSpec); ok {
			if len(req.NameFilters) > 0 && !strings.Contains(keyOf(object.Name, spec), req.NameFilters[0].Name) {
				continue
			}
			if req.Summary {
				object.Spec = &protocol.SmartModuleSpec{Meta: spec.Meta, Summary: &protocol.SmartModuleSummary{WasmLength: uint32(len(spec.Wasm.Payload))}}
			}
		}
		resp.Objects = append(resp.Objects, object)
	}
	c.answer(h, resp)
}

func keyOf(name string, spec *protocol.SmartModuleSpec) string {
	if spec.Meta == nil {
		return name
	}
	p := spec.Meta.Package
	return p.Group + "/" + p.Name + "@" + p.Version
}

func versions() *protocol.ApiVersionsResponse {
	resp := &protocol.ApiVersionsResponse{PlatformVersion: "0.18.1"}
	for _, api := range protocol.APIs(protocol.SC) {
		resp.APIKeys = append(resp.APIKeys, protocol.ApiVersionKey{APIKey: int16(api.Key), MinVersion: api.MinVersion, MaxVersion: api.MaxVersion})
	}
	return resp
}

func (c *fakeConn) answer(h protocol.RequestHeader, resp protocol.Message) {
	c.writing.Lock()
	defer c.writing.Unlock()
	c.Write(protocol.AppendResponse(nil, h.CorrelationID, h.APIVersion, resp))
}

// recorded returns the first request of a kind that Fluvio's own command line sent in a recorded conversation.
func recorded[T protocol.Request](t *testing.T, conversation string) (found T) {
	t.Helper()
	text, err := os.ReadFile("../protocol/testdata/conversations/" + conversation + ".jsonl")
	if err != nil {
		t.Fatal(err)
	}
	for line := range strings.Lines(string(text)) {
		var entry struct{ Server, Dir, Hex string }
		if err := json.Unmarshal([]byte(line), &entry); err != nil {
			t.Fatal(err)
		}
		if entry.Server != "sc" || entry.Dir != "request" {
			continue
		}
		frame, err := hex.DecodeString(entry.Hex)
		if err != nil {
			t.Fatal(err)
		}
		_, req, err := protocol.DecodeRequest(protocol.SC, frame[4:])
		if err != nil {
			t.Fatal(err)
		}
		if req, ok := req.(T); ok {
			return req
		}
	}
	t.Fatalf("%s holds no such request", conversation)
	return found
}
