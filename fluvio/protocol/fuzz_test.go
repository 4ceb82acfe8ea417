package protocol

import (
	"encoding/json"
	"reflect"
	"testing"

	"github.com/weir-stream/weir/fluvio/internal/wire"
)

// seedFrames calls seed with the first recorded frame of every message: requests
// whole, and bodies of responses with the request that they answer.
func seedFrames(f *testing.F, request func(server Server, frame []byte), response func(api API, version int16, body []byte)) {
	open := map[asked]question{}
	type family struct {
		server  Server
		key     uint16
		request bool
	}
	seen := map[family]bool{}
	first := func(server Server, key uint16, request bool) bool {
		was := seen[family{server, key, request}]
		seen[family{server, key, request}] = true
		return !was
	}
	for _, path := range recordings(f) {
		readLines(f, path, func(line []byte) {
			var rec recordedFrame
			if err := json.Unmarshal(line, &rec); err != nil {
				f.Fatal(err)
			}
			server, frame := serverNamed(f, rec.Server), unframe(f, unhex(f, rec.Hex))
			if rec.Dir == "request" {
				header, req, err := DecodeRequest(server, frame)
				if err != nil {
					f.Fatal(err)
				}
				api, _ := Lookup(server, header.APIKey)
				open[asked{server, rec.Conn, header.CorrelationID}] = question{api, header.APIVersion, req}
				if first(server, header.APIKey, true) {
					request(server, frame)
				}
				return
			}
			correlation, body, _ := SplitResponse(frame)
			q, ok := open[asked{server, rec.Conn, correlation}]
			if ok && first(server, q.api.Key, false) {
				response(q.api, q.version, body)
			}
		})
	}
}

// checkStable encodes a decoded message and decodes it again: nothing changes.
func checkStable(t *testing.T, m Message, version int16) {
	t.Helper()
	raw := m.AppendTo(nil, version)
	again := reflect.New(reflect.TypeOf(m).Elem()).Interface().(Message)
	r := wire.NewReader(raw)
	again.ReadFrom(r, version)
	if r.Err() != nil || r.Len() > 0 {
		t.Fatalf("%T v%d: %v, %d bytes left of its own encoding", m, version, r.Err(), r.Len())
	}
	if !reflect.DeepEqual(m, again) {
		t.Fatalf("%T v%d: decoded\n%#v\nthen\n%#v", m, version, m, again)
	}
}

func FuzzDecodeRequest(f *testing.F) {
	seedFrames(f,
		func(server Server, frame []byte) { f.Add(uint8(server), frame) },
		func(API, int16, []byte) {})
	f.Fuzz(func(t *testing.T, server uint8, frame []byte) {
		header, req, err := DecodeRequest(Server(server%2), frame)
		if err != nil {
			return
		}
		checkStable(t, req, header.APIVersion)
		whole := AppendRequest(nil, header, req)
		if _, _, err := DecodeRequest(Server(server%2), whole[wire.FrameHeader:]); err != nil {
			t.Fatal(err)
		}
	})
}

func FuzzDecodeResponse(f *testing.F) {
	seedFrames(f,
		func(Server, []byte) {},
		func(api API, version int16, body []byte) { f.Add(uint8(api.Server), api.Key, version, body) })
	f.Fuzz(func(t *testing.T, server uint8, key uint16, version int16, body []byte) {
		api, ok := Lookup(Server(server%2), key)
		if !ok {
			return
		}
		resp := api.NewRequest().NewResponse()
		if DecodeResponse(body, version, resp) == nil {
			checkStable(t, resp, version)
		}
	})
}
