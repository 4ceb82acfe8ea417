package broker

import (
	"encoding/binary"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/weir-stream/weir/fluvio/internal/wire"
	"github.com/weir-stream/weir/fluvio/protocol"
	"github.com/weir-stream/weir/fluvio/record"
)

// official is how an official client speaks: the crate 0.50 and the command line at SPU version 25, the Python client at 24. Some requests go out at that version
// though no server offers them at it.
type official struct {
	name    string
	version string // of the fluvio-socket crate
	spu     int16
}

var officials = []official{{"crate 0.50", "0.50.1", 25}, {"python 0.21", "0.15.2", 24}}

// at sends a request at a version and returns its answer.
func at[R protocol.Message](c *client, version int16, req protocol.Request) R {
	c.t.Helper()
	id := c.next
	c.next++
	c.write(protocol.AppendRequest(nil, protocol.RequestHeader{APIVersion: version, CorrelationID: id, ClientID: "dummy"}, req))
	return c.decode(req, version, c.receive(id)).(R)
}

// scConnect is what every official client does first: ApiVersions, then three watches on the same connection; times says how often.
func (o official) scConnect(t *testing.T, b *Broker, times int) (c *client, watches []int32) {
	t.Helper()
	c = dial(t, b.SC())
	v := at[*protocol.ApiVersionsResponse](c, 2, &protocol.ApiVersionsRequest{ClientVersion: o.version, ClientOS: "linux", ClientArch: "x86_64"})
	var keys []int16
	for _, k := range v.APIKeys {
		keys = append(keys, int16(k.APIKey))
		if k.MaxVersion < 19 || k.MinVersion > 15 { // its window is 17 to 19, of lists and watches 15 to 19
			t.Errorf("key %d: versions %d to %d", k.APIKey, k.MinVersion, k.MaxVersion)
		}
	}
	if !slices.Equal(keys, []int16{1001, 1002, 1003, 1004, 1005, 1006}) {
		t.Errorf("keys %v", keys)
	}
	if !semver.MatchString(v.PlatformVersion) || strings.HasPrefix(v.PlatformVersion, "0.8") {
		t.Errorf("platform %q", v.PlatformVersion)
	}
	c.next = 1 // the first request after that has its number again
	for range times {
		for _, kind := range []protocol.ObjectKind{protocol.KindSpu, protocol.KindPartition, protocol.KindTopic} {
			id := c.watchOf(kind)
			m := c.decode(&protocol.WatchRequest{}, 19, c.receive(id)).(*protocol.WatchResponse)
			if len(m.All) == 0 || len(m.Changes) != 0 { // anything else is no first answer to them, and they wait a minute
				t.Errorf("watch of %s: %s", kind, asJSON(m))
			}
			watches = append(watches, id)
		}
	}
	return c, watches
}

func (o official) spuConnect(t *testing.T, b *Broker) *client {
	t.Helper()
	c := dial(t, b.SPU())
	v := at[*protocol.ApiVersionsResponse](c, 2, &protocol.ApiVersionsRequest{ClientVersion: o.version})
	if v.ErrorCode.Tag != 0 || v.PlatformVersion != "0.0.0" {
		t.Errorf("%s", asJSON(v))
	}
	c.next = 1
	return c
}

// TestOfficialClients goes through everything that official clients ask for, operation by operation, with the fields that matter to them.
func TestOfficialClients(t *testing.T) {
	for _, o := range officials {
		t.Run(o.name, func(t *testing.T) {
			b := start(t, Config{})
			t.Run("topics", func(t *testing.T) { o.topics(t, b) })
			t.Run("added partitions", func(t *testing.T) { o.addPartitions(t, b) })
			t.Run("partitions", func(t *testing.T) { o.partitions(t, b) })
			t.Run("SmartModules", func(t *testing.T) { o.smartModules(t, b) })
			t.Run("other lists", func(t *testing.T) { o.otherLists(t, b) })
			t.Run("produce", func(t *testing.T) { o.produce(t, b) })
			t.Run("consume", func(t *testing.T) { o.consume(t, b) })
			t.Run("consumers", func(t *testing.T) { o.consumers(t, b) })
			t.Run("system topic", func(t *testing.T) { o.systemTopic(t, b) })
		})
	}
}

// topic create, list, describe, delete
func (o official) topics(t *testing.T, b *Broker) {
	c, watches := o.scConnect(t, b, 2)
	s := at[*protocol.Status](c, 19, &protocol.CreateRequest{Kind: protocol.KindTopic, Name: "greetings", Spec: topicSpec(1)})
	if s.Name != "greetings" || s.ErrorCode.Tag != 0 || s.ErrorMessage != nil {
		t.Errorf("create: %s", asJSON(s))
	}
	for i, id := range watches { // each is told, each time on its own number
		if want := []string{"", "+greetings-0", "+greetings"}[i%3]; want != "" && c.told(id) != want {
			t.Errorf("watch %d was not told %s", id, want)
		}
	}
	for _, filters := range [][]protocol.ListFilter{nil, {{Name: "greetings"}}} {
		list := at[*protocol.ListResponse](c, 19, &protocol.ListRequest{Kind: protocol.KindTopic, NameFilters: filters})
		if len(list.Objects) != 1 || list.Objects[0].Status.(*protocol.TopicStatus).Resolution != protocol.TopicResolutionProvisioned {
			t.Errorf("list: %s", asJSON(list))
		}
	}
	if s := at[*protocol.Status](c, 19, &protocol.CreateRequest{Kind: protocol.KindTopic, Name: "greetings", Spec: topicSpec(1)}); s.ErrorCode.Tag != protocol.ErrorCodeTopicAlreadyExists {
		t.Errorf("create again: %v", s.ErrorCode)
	}
	if s := at[*protocol.Status](c, 19, &protocol.DeleteRequest{Kind: protocol.KindTopic, Object: protocol.ObjectKey{Name: "greetings"}}); s.ErrorCode.Tag != 0 {
		t.Errorf("delete: %v", s.ErrorCode)
	}
	for i, id := range watches {
		if want := []string{"", "-greetings-0", "-greetings"}[i%3]; want != "" && c.told(id) != want {
			t.Errorf("watch %d was not told %s", id, want)
		}
	}
}

// topic add-partition: List, Update, then a Watch until the topic has changed
func (o official) addPartitions(t *testing.T, b *Broker) {
	c, _ := o.scConnect(t, b, 1)
	at[*protocol.Status](c, 19, &protocol.CreateRequest{Kind: protocol.KindTopic, Name: "grows", Spec: topicSpec(1)})
	id := c.watchOf(protocol.KindTopic)
	c.told(id)
	s := at[*protocol.Status](c, 19, &protocol.UpdateRequest{Kind: protocol.KindTopic, Object: protocol.ObjectKey{Name: "grows"},
		Action: &protocol.UpdateTopicAction{Tag: protocol.UpdateTopicActionAddPartition, Value: &protocol.AddPartition{Count: 2}}})
	if s.ErrorCode.Tag != 0 {
		t.Fatal(s.ErrorCode)
	}
	m := c.decode(&protocol.WatchRequest{}, 19, c.receive(id)).(*protocol.WatchResponse)
	spec, status := m.Changes[0].Object.Spec.(*protocol.TopicSpec), m.Changes[0].Object.Status.(*protocol.TopicStatus)
	if spec.Replicas.Value.(*protocol.ComputedReplicas).Partitions != 3 || len(status.ReplicaMap) != 3 || status.Resolution != protocol.TopicResolutionProvisioned {
		t.Errorf("told %s", asJSON(m))
	}
}

// partition list
func (o official) partitions(t *testing.T, b *Broker) {
	o.spuConnect(t, b).mustProduce("grows", 1, batchOf(t, record.None, "a", "b"))
	c, _ := o.scConnect(t, b, 1)
	list := at[*protocol.ListResponse](c, 19, &protocol.ListRequest{Kind: protocol.KindPartition})
	i := slices.IndexFunc(list.Objects, func(m protocol.Metadata) bool { return m.Name == "grows-1" })
	spec, status := list.Objects[i].Spec.(*protocol.PartitionSpec), list.Objects[i].Status.(*protocol.PartitionStatus)
	if spec.Leader != spuID || !slices.Equal(spec.Replicas, []int32{spuID}) || status.Resolution != protocol.PartitionResolutionOnline ||
		status.Leader != (protocol.ReplicaStatus{Spu: spuID, HW: 2, LEO: 2}) || status.Size == 0 || status.BaseOffset != 0 {
		t.Errorf("%s", asJSON(list.Objects[i]))
	}
}

// smartmodule create, list, delete
func (o official) smartModules(t *testing.T, b *Broker) {
	c, _ := o.scConnect(t, b, 1)
	if s := at[*protocol.Status](c, 19, &protocol.CreateRequest{Kind: protocol.KindSmartModule, Name: "m", Spec: moduleSpec("gzip")}); s.ErrorCode.Tag != 0 {
		t.Errorf("create: %v", s.ErrorCode)
	}
	list := at[*protocol.ListResponse](c, 19, &protocol.ListRequest{Kind: protocol.KindSmartModule, Summary: true})
	if len(list.Objects) != 1 || describeModule(list.Objects[0]) != "m:4" {
		t.Errorf("list: %s", asJSON(list))
	}
	if s := at[*protocol.Status](c, 19, &protocol.DeleteRequest{Kind: protocol.KindSmartModule, Object: protocol.ObjectKey{Name: "m"}}); s.ErrorCode.Tag != 0 {
		t.Errorf("delete: %v", s.ErrorCode)
	}
}

// List Mirror before topic create --mirror and produce --mirror, List TableFormat before consume with tables, spu and spg list; and what cannot be made
func (o official) otherLists(t *testing.T, b *Broker) {
	c, _ := o.scConnect(t, b, 1)
	for kind, n := range map[protocol.ObjectKind]int{protocol.KindMirror: 0, protocol.KindTableFormat: 0, protocol.KindSpuGroup: 0,
		protocol.KindSpu: 1, protocol.KindCustomSpu: 1} {
		if list := at[*protocol.ListResponse](c, 19, &protocol.ListRequest{Kind: kind}); len(list.Objects) != n || list.Kind != kind {
			t.Errorf("%s: %s", kind, asJSON(list))
		}
	}
	for _, kind := range []protocol.ObjectKind{protocol.KindMirror, protocol.KindTableFormat, protocol.KindSpuGroup, protocol.KindCustomSpu} {
		s := at[*protocol.Status](c, 19, &protocol.CreateRequest{Kind: kind, Name: "x"})
		if s.Name != "x" || s.ErrorCode.Tag != protocol.ErrorCodeInvalidCreateRequest || s.ErrorMessage == nil {
			t.Errorf("create %s: %s", kind, asJSON(s))
		}
	}
	for kind, want := range map[protocol.ObjectKind]protocol.ErrorCodeTag{protocol.KindMirror: protocol.ErrorCodeMirrorNotFound,
		protocol.KindTableFormat: protocol.ErrorCodeTableFormatNotFound, protocol.KindSpuGroup: protocol.ErrorCodeInvalidDeleteRequest,
		protocol.KindCustomSpu: protocol.ErrorCodeInvalidDeleteRequest} {
		if s := at[*protocol.Status](c, 19, &protocol.DeleteRequest{Kind: kind, Object: protocol.ObjectKey{Name: "x"}}); s.ErrorCode.Tag != want {
			t.Errorf("delete %s: %v", kind, s.ErrorCode)
		}
	}
}

// produce: several entries for one partition in a request, answered by position; an empty request where nothing waited
func (o official) produce(t *testing.T, b *Broker) {
	c := o.spuConnect(t, b)
	req := produceRequest("grows", 0, batchOf(t, record.None, "a"), batchOf(t, record.Zstd, "b", "c"), []byte{})
	got := at[*protocol.ProduceResponse](c, o.spu, req).Responses[0].Partitions
	if len(got) != 3 || got[0].BaseOffset != 0 || got[1].BaseOffset != 1 || got[2].BaseOffset != 0 || got[2].ErrorCode.Tag != 0 {
		t.Errorf("%s", asJSON(got))
	}
	idle := at[*protocol.ProduceResponse](c, o.spu, &protocol.ProduceRequest{Topics: []protocol.ProduceTopic{{Name: "grows"}}})
	if len(idle.Responses) != 1 || idle.Responses[0].Name != "grows" || len(idle.Responses[0].Partitions) != 0 {
		t.Errorf("idle: %s", asJSON(idle))
	}
	if none := at[*protocol.ProduceResponse](c, o.spu, &protocol.ProduceRequest{}); len(none.Responses) != 0 {
		t.Errorf("nothing at all: %s", asJSON(none))
	}
}

// consume: FetchOffsets, StreamFetch, UpdateOffsets for each chunk
func (o official) consume(t *testing.T, b *Broker) {
	c := o.spuConnect(t, b)
	offsets := at[*protocol.FetchOffsetsResponse](c, o.spu, &protocol.FetchOffsetsRequest{
		Topics: []protocol.FetchOffsetsTopic{{Name: "grows", Partitions: []protocol.FetchOffsetsPartition{{}}}}}).Topics[0].Partitions[0]
	if offsets.ErrorCode.Tag != 0 || offsets.StartOffset != 0 || offsets.LastStableOffset != 3 {
		t.Errorf("offsets %s", asJSON(offsets))
	}
	req := &protocol.StreamFetchRequest{Topic: "grows", MaxBytes: 1_048_890, Isolation: protocol.IsolationReadUncommitted}
	chunk := at[*protocol.StreamFetchResponse](c, o.spu, req)
	first, _, err := record.Next(chunk.Partition.Records)
	if err != nil || chunk.StreamID != 1 || chunk.Topic != "grows" || chunk.Partition.ErrorCode.Tag != 0 || chunk.Partition.NextFilterOffset != 0 ||
		chunk.Partition.HighWatermark != 3 || first.BaseOffset() != 0 {
		t.Errorf("%v, %s", err, asJSON(chunk))
	}
	ack := at[*protocol.UpdateOffsetsResponse](c, 0, &protocol.UpdateOffsetsRequest{Offsets: []protocol.OffsetUpdate{{Offset: 3, SessionID: 1}}})
	if len(ack.Status) != 1 || ack.Status[0].SessionID != 1 || ack.Status[0].ErrorCode.Tag != 0 {
		t.Errorf("acknowledged %s", asJSON(ack))
	}
}

// consume with a consumer id, consumer list, consumer delete
func (o official) consumers(t *testing.T, b *Broker) {
	c := o.spuConnect(t, b)
	id, key := "mine", protocol.ReplicaKey{Topic: "grows"}
	stored := func(filter *protocol.ConsumerOffsetFilter) string {
		t.Helper()
		resp := at[*protocol.FetchConsumerOffsetsResponse](c, o.spu, &protocol.FetchConsumerOffsetsRequest{Filter: filter})
		out := resp.ErrorCode.Tag.String()
		for _, s := range resp.Consumers {
			out += fmt.Sprintf(" %s %s-%d %d", s.ConsumerID, s.ReplicaID.Topic, s.ReplicaID.Partition, s.Offset)
		}
		return out
	}
	mine := &protocol.ConsumerOffsetFilter{ReplicaID: &key, ConsumerID: &id}
	if got := stored(mine); got != "None" {
		t.Errorf("before: %s", got)
	}
	chunk := at[*protocol.StreamFetchResponse](c, o.spu, &protocol.StreamFetchRequest{Topic: "grows", MaxBytes: 1000, ConsumerID: &id})
	commit := at[*protocol.UpdateConsumerOffsetResponse](c, o.spu, &protocol.UpdateConsumerOffsetRequest{Offset: 1, SessionID: chunk.StreamID})
	if commit.ErrorCode.Tag != 0 || commit.Offset != 1 {
		t.Errorf("commit: %s", asJSON(commit))
	}
	if got := stored(mine) + "; " + stored(nil); got != "None mine grows-0 1; None mine grows-0 1" {
		t.Errorf("after: %s", got)
	}
	for range 2 { // a missing one can be deleted, too
		if r := at[*protocol.DeleteConsumerOffsetResponse](c, o.spu, &protocol.DeleteConsumerOffsetRequest{ReplicaID: key, ConsumerID: id}); r.ErrorCode.Tag != 0 {
			t.Errorf("delete: %v", r.ErrorCode)
		}
	}
	if got := stored(nil); got != "None" {
		t.Errorf("at the end: %s", got)
	}
}

// topic delete --system: refused with the code that makes the command line ask, then forced
func (o official) systemTopic(t *testing.T, b *Broker) {
	c, _ := o.scConnect(t, b, 1)
	for force, want := range []protocol.ErrorCodeTag{protocol.ErrorCodeSystemSpecDeletionAttempt, protocol.ErrorCodeNone} {
		s := at[*protocol.Status](c, 19, &protocol.DeleteRequest{Kind: protocol.KindTopic, Object: protocol.ObjectKey{Name: consumerOffsetTopic}, Force: force == 1})
		if s.ErrorCode.Tag != want {
			t.Errorf("force %d: %v", force, s.ErrorCode)
		}
	}
}

// What ordinary clients never send closes the connection, and only that one.
func TestWhatOfficialClientsNeverSend(t *testing.T) {
	b := start(t, Config{})
	classic := protocol.AppendRequest(nil, protocol.RequestHeader{APIVersion: 19, ClientID: "old"}, &protocol.ListRequest{Kind: protocol.KindTopic})
	binary.BigEndian.PutUint16(classic[wire.FrameHeader+2:], 10)
	for name, tc := range map[string]struct {
		addr  string
		frame []byte
	}{
		"mirroring":        {b.SC(), protocol.AppendRequest(nil, protocol.RequestHeader{APIVersion: 19}, &protocol.MirroringRequest{})},
		"start mirror":     {b.SPU(), protocol.AppendRequest(nil, protocol.RequestHeader{APIVersion: 25}, &protocol.StartMirrorRequest{})},
		"classic encoding": {b.SC(), classic},
	} {
		t.Run(name, func(t *testing.T) {
			c := dial(t, tc.addr)
			c.write(tc.frame)
			c.closed()
		})
	}
	probe(t, b)
}
