package protocol

import (
	"bytes"
	"encoding/binary"
	"errors"
	"runtime"
	"testing"

	"github.com/weir-stream/weir/fluvio/internal/wire"
)

func TestRequestsThatCannotBeDecodedAreToldApart(t *testing.T) {
	header := func(key uint16, version int16, body ...byte) []byte {
		h := RequestHeader{APIKey: key, APIVersion: version, CorrelationID: 9}
		return append(h.AppendTo(nil, 0), body...)
	}
	for _, c := range []struct {
		name   string
		server Server
		frame  []byte
		want   error
	}{
		{"no header", SC, []byte{0, 18}, ErrMalformed},
		{"unknown key", SC, header(999, 0), ErrUnknownRequest},
		{"the SC's key at the SPU", SPU, header(KeyWatch, 19), ErrUnknownRequest},
		{"version too old", SC, header(KeyList, 14), ErrUnsupportedVersion},
		{"negative version", SPU, header(KeyProduce, -1), ErrUnsupportedVersion},
		{"body cut", SPU, header(KeyUpdateOffsets, 0, 0, 0, 0, 1), ErrMalformed},
		{"newer version than known", SPU, header(KeyUpdateOffsets, 30, 0, 0, 0, 0), nil},
		{"bytes left over", SPU, header(KeyUpdateOffsets, 0, 0, 0, 0, 0, 77), nil},
	} {
		h, req, err := DecodeRequest(c.server, c.frame)
		if !errors.Is(err, c.want) || (req == nil) != (err != nil) {
			t.Errorf("%s: %v, %v; want %v", c.name, req, err, c.want)
		}
		if len(c.frame) > 2 && h.CorrelationID != 9 {
			t.Errorf("%s: header is lost", c.name)
		}
	}
	if _, _, err := SplitResponse([]byte{1, 2, 3}); !errors.Is(err, ErrMalformed) {
		t.Errorf("short response: %v", err)
	}
}

func TestProduceWithoutSmartModulesFieldIsRead(t *testing.T) {
	var req ProduceRequest
	raw := req.AppendTo(nil, 7)
	r := wire.NewReader(raw[:len(raw)-4])
	req.ReadFrom(r, 7)
	if r.Err() != nil || req.SmartModules != nil {
		t.Error(r.Err(), req.SmartModules)
	}
}

func TestUnknownObjectKindKeepsItsBytes(t *testing.T) {
	raw := wire.AppendBytes(wire.AppendString(nil, "Novelty"), []byte("inner"))
	var req CreateRequest
	r := wire.NewReader(raw)
	req.ReadFrom(r, 19)
	if r.Err() != nil || req.Kind != "Novelty" || req.Kind.Known() || string(req.Unknown) != "inner" {
		t.Fatalf("%v %+v", r.Err(), req)
	}
	if again := req.AppendTo(nil, 19); !bytes.Equal(again, raw) {
		t.Errorf("%x, want %x", again, raw)
	}
}

func TestTypedBodyMayNotReachBeyondItsLength(t *testing.T) {
	raw := (&WatchRequest{Kind: KindTopic, Epoch: 1}).AppendTo(nil, 19)
	raw[len("..Topic")+3]-- // the summary flag is now outside
	r := wire.NewReader(raw)
	new(WatchRequest).ReadFrom(r, 19)
	if !errors.Is(r.Err(), wire.ErrShort) {
		t.Error(r.Err())
	}
}

// TestWordsOnTheWireAreChecked covers the places where Fluvio tells variants apart by words.
func TestWordsOnTheWireAreChecked(t *testing.T) {
	id := (&DeleteRequest{Kind: KindCustomSpu, Object: ObjectKey{ID: 7, ByID: true}}).AppendTo(nil, 19)
	label := (&MirroringRequest{Connect: MirrorConnect{RemoteID: "edge"}}).AppendTo(nil, 19)
	for _, c := range []struct {
		m        Message
		raw      []byte
		old, new string
	}{
		{new(DeleteRequest), id, "Id", "ID"},
		{new(MirroringRequest), label, "MirroringConnect", "MirroringCompact"},
	} {
		r := wire.NewReader(c.raw)
		if c.m.ReadFrom(r, 19); r.Err() != nil {
			t.Errorf("%T: %v", c.m, r.Err())
		}
		r = wire.NewReader(bytes.Replace(c.raw, []byte(c.old), []byte(c.new), 1))
		if c.m.ReadFrom(r, 19); !errors.Is(r.Err(), wire.ErrInvalid) {
			t.Errorf("%T with %s: %v", c.m, c.new, r.Err())
		}
	}
}

func TestMissingPayloadsAreSentAsZero(t *testing.T) {
	spec := ReplicaSpec{Tag: ReplicaSpecComputed}
	want := (&ReplicaSpec{ReplicaSpecComputed, &ComputedReplicas{}}).AppendTo(nil, 19)
	wrong := ReplicaSpec{ReplicaSpecComputed, &AssignedReplicas{}}
	typedNil := ReplicaSpec{ReplicaSpecComputed, (*ComputedReplicas)(nil)}
	for _, s := range []ReplicaSpec{spec, wrong, typedNil} {
		if got := s.AppendTo(nil, 19); !bytes.Equal(got, want) {
			t.Errorf("%+v: %x, want %x", s, got, want)
		}
	}
	empty := Metadata{Name: "t"}
	full := Metadata{Name: "t", Spec: &TopicSpec{}, Status: &TopicStatus{}}
	if !bytes.Equal(empty.appendTo(nil, 19, KindTopic), full.appendTo(nil, 19, KindTopic)) {
		t.Error("a missing spec and status are not sent as zero")
	}
}

func TestEmptyListIsNotAMissingList(t *testing.T) {
	for _, columns := range [][]TableColumn{nil, {}} {
		in := TableFormatSpec{Columns: columns}
		var out TableFormatSpec
		out.ReadFrom(wire.NewReader(in.AppendTo(nil, 19)), 19)
		if (out.Columns == nil) != (columns == nil) {
			t.Errorf("%#v became %#v", columns, out.Columns)
		}
	}
}

func TestStreamFetchHeadIsTheFrameWithoutItsRecords(t *testing.T) {
	resp := StreamFetchResponse{Topic: "t", StreamID: 3, Partition: FetchPartitionResponse{
		ErrorCode: OtherError("x"), HighWatermark: 8, Records: bytes.Repeat([]byte{7}, 1000)}}
	whole := AppendResponse([]byte("before"), 5, 25, &resp)
	head := AppendStreamFetchHead([]byte("before"), 5, 25, &resp, len(resp.Partition.Records))
	if got := append(head, resp.Partition.Records...); !bytes.Equal(got, whole) {
		t.Errorf("%x\nwant\n%x", got[:80], whole[:80])
	}
	if len(resp.Partition.Records) != 1000 {
		t.Error("the response was changed")
	}
}

func TestRecordSetsAliasTheFrame(t *testing.T) {
	resp := StreamFetchResponse{Partition: FetchPartitionResponse{Records: []byte{1, 2, 3}}}
	body := resp.AppendTo(nil, 25)
	if err := DecodeResponse(body, 25, &resp); err != nil {
		t.Fatal(err)
	}
	body[len(body)-1] = 9
	if resp.Partition.Records[2] != 9 {
		t.Error("copied")
	}
	if cap(resp.Partition.Records) != 3 {
		t.Error("an append to the record set would write into the frame")
	}
}

// TestLyingCountsDoNotAllocate decodes lists that announce what the frame cannot
// hold, and the largest that it can.
func TestLyingCountsDoNotAllocate(t *testing.T) {
	const size = 1 << 20
	frame := make([]byte, size)
	for _, api := range apis {
		for _, count := range []uint32{1<<31 - 1, size, size / 8} {
			binary.BigEndian.PutUint32(frame, count)
			resp := api.NewRequest().NewResponse()
			var before, after runtime.MemStats
			runtime.ReadMemStats(&before)
			_ = DecodeResponse(frame, api.MaxVersion, resp)
			runtime.ReadMemStats(&after)
			if got := after.TotalAlloc - before.TotalAlloc; got > 16*size {
				t.Errorf("%T: %d bytes for a frame of %d", resp, got, size)
			}
		}
	}
}

func TestLookupGoesByServer(t *testing.T) {
	sc, _ := Lookup(SC, 1003)
	spu, _ := Lookup(SPU, 1003)
	if sc.Name != "List" || spu.Name != "StreamFetch" {
		t.Error(sc.Name, spu.Name)
	}
	if len(APIs(SC))+len(APIs(SPU)) != len(apis) {
		t.Error("requests of no server")
	}
	for _, api := range apis {
		req := api.NewRequest()
		if req.Key() != api.Key || req.MinVersion() != api.MinVersion || req.MaxVersion() != api.MaxVersion {
			t.Errorf("%s: the table and the request differ", api.Name)
		}
	}
}
