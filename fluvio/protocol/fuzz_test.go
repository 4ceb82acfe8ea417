package protocol

import (
	"cmp"
	"fmt"
	"reflect"
	"slices"
	"testing"

	"github.com/weir-stream/weir/fluvio/internal/wire"
)

// seedsPerMessage is how many vectors of a message become seeds, at most: the shortest, which show most per byte.
const seedsPerMessage = 8

// seeds calls each with some vectors of every request, or response, of the registry.
func seeds(f *testing.F, direction string, each func(api API, v vector)) {
	byMessage := map[string][]vector{}
	for _, vectors := range readVectors(f) {
		for _, v := range vectors {
			byMessage[v.what] = append(byMessage[v.what], v)
		}
	}
	for _, api := range apis {
		vectors := byMessage[fmt.Sprintf("%v %s %s", api.Server, api.Name, direction)]
		if len(vectors) == 0 {
			f.Fatalf("no seed for %v %s", api.Server, api.Name)
		}
		slices.SortStableFunc(vectors, func(a, b vector) int { return cmp.Compare(len(a.raw), len(b.raw)) })
		for _, v := range vectors[:min(len(vectors), seedsPerMessage)] {
			each(api, v)
		}
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

// FuzzDecodeRequest decodes frames of any bytes, of either server: all requests of the registry.
func FuzzDecodeRequest(f *testing.F) {
	seeds(f, "request", func(api API, v vector) {
		header := RequestHeader{APIKey: api.Key, APIVersion: v.last, CorrelationID: 7, ClientID: "c"}
		f.Add(uint8(api.Server), append(header.AppendTo(nil, 0), v.raw...))
	})
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

// FuzzDecodeResponse decodes bodies of any bytes, as answers to all requests of the registry.
func FuzzDecodeResponse(f *testing.F) {
	seeds(f, "response", func(api API, v vector) { f.Add(uint8(api.Server), api.Key, v.last, v.raw) })
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
