package broker

import (
	"encoding/binary"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/weir-stream/weir/fluvio/internal/wire"
	"github.com/weir-stream/weir/fluvio/protocol"
	"github.com/weir-stream/weir/fluvio/record"
)

func (c *client) watchOf(kind protocol.ObjectKind) int32 {
	c.t.Helper()
	return c.send(&protocol.WatchRequest{Kind: kind})
}

// told waits for the next message of a watch and describes it.
func (c *client) told(id int32) string {
	c.t.Helper()
	m := c.decode(&protocol.WatchRequest{}, 19, c.receive(id)).(*protocol.WatchResponse)
	var out []string
	for _, o := range m.All {
		out = append(out, o.Name)
	}
	for _, o := range m.Changes {
		out = append(out, map[protocol.ChangeType]string{protocol.ChangeTypeUpdate: "+", protocol.ChangeTypeDelete: "-"}[o.Type]+o.Object.Name)
		if o.Object.Spec == nil || o.Object.Status == nil {
			c.t.Errorf("%s is incomplete", o.Object.Name)
		}
	}
	return strings.Join(out, " ")
}

func TestWatchTellsEverythingThenChanges(t *testing.T) {
	b := start(t, Config{})
	c := dial(t, b.SC())
	topics, partitions, spus := c.watchOf(protocol.KindTopic), c.watchOf(protocol.KindPartition), c.watchOf(protocol.KindSpu)
	modules := c.watchOf(protocol.KindSmartModule)
	expect := func(id int32, want string) {
		t.Helper()
		if got := c.told(id); got != want {
			t.Errorf("told %q, want %q", got, want)
		}
	}
	expect(topics, consumerOffsetTopic)
	expect(partitions, consumerOffsetTopic+"-0")
	expect(spus, spuName)
	create(t, b, "b", topicSpec(2))
	expect(topics, "+b")
	expect(partitions, "+b-0 +b-1")
	create(t, b, "a", topicSpec(1))
	expect(topics, "+a")
	expect(partitions, "+a-0")
	remove(t, b, "b")
	expect(partitions, "-b-0 -b-1")
	expect(topics, "-b")
	again := c.watchOf(protocol.KindTopic)
	expect(again, "a "+consumerOffsetTopic)
	if len(c.got[modules]) != 0 {
		t.Error("an empty kind was told; clients ignore that and wait on")
	}
	for _, kind := range []protocol.ObjectKind{protocol.KindCustomSpu, protocol.KindMirror, "nonsense"} {
		c := dial(t, b.SC())
		c.watchOf(kind)
		c.closed()
	}
}

// A client that sees its topic created looks for it, on any connection, and takes "not there" for an answer at once.
func TestWatchersKnowBeforeTheCreatorDoes(t *testing.T) {
	b := start(t, Config{})
	creator, other := dial(t, b.SC()), dial(t, b.SC())
	for _, c := range []*client{creator, other} {
		c.told(c.watchOf(protocol.KindTopic))
		c.told(c.watchOf(protocol.KindPartition))
	}
	for i := range 20 {
		name := fmt.Sprint("t", i)
		sent := time.Now()
		id := creator.send(&protocol.CreateRequest{Kind: protocol.KindTopic, Name: name, Spec: topicSpec(1)})
		var frames []int32
		for len(frames) == 0 || frames[len(frames)-1] != id {
			frame, err := wire.ReadFrame(creator.nc, nil, 1<<20)
			if err != nil {
				t.Fatal(err)
			}
			frames = append(frames, int32(binary.BigEndian.Uint32(frame)))
		}
		if took := time.Since(sent); took < watcherReads {
			t.Errorf("watchers had no time to read: answered after %v", took)
		}
		if len(frames) != 3 {
			t.Fatalf("frames before the status: %v", frames)
		}
		if got := other.told(1) + other.told(2); got != "+"+name+"+"+name+"-0" {
			t.Fatalf("the other connection was told %q", got)
		}
	}
}

// However a feed changes and however rarely a watcher looks, what it was told adds up to what there is.
func TestDifferencesAddUp(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		f := newFeed()
		objects := map[string]*object{}
		known := map[string]protocol.Metadata{}
		told := &snapshot{}
		t.Repeat(map[string]func(*rapid.T){
			"change": func(t *rapid.T) {
				name := rapid.SampledFrom([]string{"a", "b", "c", "d"}).Draw(t, "name")
				version := uint32(rapid.IntRange(1, 1000).Draw(t, "version"))
				if rapid.Bool().Draw(t, "delete") {
					delete(objects, name)
				} else {
					objects[name] = &object{name: name, metadata: func() protocol.Metadata {
						return protocol.Metadata{Name: name, Spec: topicSpec(version), Status: &protocol.TopicStatus{}}
					}}
				}
				var all []*object
				for _, o := range objects {
					all = append(all, o)
				}
				f.publish(all)
			},
			"look": func(t *rapid.T) {
				now, _ := f.current()
				if m := message(&protocol.WatchRequest{Kind: protocol.KindTopic}, told, now); m != nil {
					if len(m.All)+len(m.Changes) == 0 {
						t.Fatal("a message without content")
					}
					fold(known, m)
				}
				told = now
				if len(known) != len(objects) {
					t.Fatalf("knows %d of %d objects", len(known), len(objects))
				}
				for name, o := range objects {
					if asJSON(known[name]) != asJSON(o.metadata()) {
						t.Fatalf("%s is out of date", name)
					}
				}
			},
		})
	})
}

func TestCreateTopicChecks(t *testing.T) {
	b := start(t, Config{MaxPartitions: 10})
	create(t, b, "there", topicSpec(1))
	seconds, segment, partition := uint32(9), uint32(1023), uint64(2047)
	large := uint64(1 << 20)
	with := func(f func(*protocol.TopicSpec)) *protocol.TopicSpec { s := topicSpec(1); f(s); return s }
	assigned := func(maps ...protocol.PartitionMap) *protocol.TopicSpec {
		return with(func(s *protocol.TopicSpec) {
			s.Replicas = protocol.ReplicaSpec{Tag: protocol.ReplicaSpecAssigned, Value: &protocol.AssignedReplicas{Partitions: maps}}
		})
	}
	retention := with(func(s *protocol.TopicSpec) {
		s.CleanupPolicy = &protocol.CleanupPolicy{Tag: protocol.CleanupPolicySegment, Value: &protocol.SegmentPolicy{TimeInSeconds: seconds}}
	})
	storage := func(c protocol.TopicStorageConfig) *protocol.TopicSpec {
		return with(func(s *protocol.TopicSpec) { s.Storage = &c })
	}
	for _, tc := range []struct {
		why, topic string
		spec       *protocol.TopicSpec
		want       protocol.ErrorCodeTag
		message    string
	}{
		{"upper case", "Upper", topicSpec(1), protocol.ErrorCodeTopicInvalidName, "Invalid topic name: 'Upper'"},
		{"dash in front", "-x", topicSpec(1), protocol.ErrorCodeTopicInvalidName, "Invalid topic name"},
		{"dash behind", "x-", topicSpec(1), protocol.ErrorCodeTopicInvalidName, "Invalid topic name"},
		{"path", "../x", topicSpec(1), protocol.ErrorCodeTopicInvalidName, "Invalid topic name"},
		{"empty", "", topicSpec(1), protocol.ErrorCodeTopicInvalidName, "Invalid topic name"},
		{"64 bytes", strings.Repeat("x", 64), topicSpec(1), protocol.ErrorCodeTopicInvalidName, "Invalid topic name"},
		{"63 bytes", strings.Repeat("x", 63), topicSpec(1), protocol.ErrorCodeNone, ""},
		{"exists, before its settings are looked at", "there", retention, protocol.ErrorCodeTopicAlreadyExists, "Topic 'there' already exists"},
		{"retention", "t", retention, protocol.ErrorCodeTopicInvalidConfiguration, "retention"},
		{"segment size", "t", storage(protocol.TopicStorageConfig{SegmentSize: &segment}), protocol.ErrorCodeTopicInvalidConfiguration, "segment_size"},
		{"partition size", "t", storage(protocol.TopicStorageConfig{MaxPartitionSize: &partition}), protocol.ErrorCodeTopicInvalidConfiguration, "max_partition_size"},
		{"partition below default segment", "t", storage(protocol.TopicStorageConfig{MaxPartitionSize: &large}), protocol.ErrorCodeTopicInvalidConfiguration, "less than segment_size"},
		{"deduplication", "t", with(func(s *protocol.TopicSpec) { s.Deduplication = &protocol.Deduplication{} }), protocol.ErrorCodeDeduplicationSmartModuleNotLoaded, ""},
		{"no partitions", "t", topicSpec(0), protocol.ErrorCodeTopicError, "at least one partition"},
		{"too many partitions", "t", topicSpec(1 << 31), protocol.ErrorCodeTopicError, "at most 10"},
		{"assigned out of order", "t", assigned(protocol.PartitionMap{ID: 1, Replicas: []int32{spuID}}), protocol.ErrorCodeTopicError, "in order"},
		{"assigned to another SPU", "t", assigned(protocol.PartitionMap{Replicas: []int32{7}}), protocol.ErrorCodeTopicError, "there is only 5001"},
		{"assigned", "assigned", assigned(protocol.PartitionMap{Replicas: []int32{spuID}}, protocol.PartitionMap{ID: 1, Replicas: []int32{spuID}}), protocol.ErrorCodeNone, ""},
		{"mirror", "t", with(func(s *protocol.TopicSpec) { s.Replicas = protocol.ReplicaSpec{Tag: protocol.ReplicaSpecMirror} }), protocol.ErrorCodeTopicError, "mirror"},
	} {
		t.Run(tc.why, func(t *testing.T) {
			for _, dry := range []bool{true, false} {
				s := call[*protocol.Status](dial(t, b.SC()), &protocol.CreateRequest{Kind: protocol.KindTopic, Name: tc.topic, Spec: tc.spec, DryRun: dry})
				message := ""
				if s.ErrorMessage != nil {
					message = *s.ErrorMessage
				}
				if s.ErrorCode.Tag != tc.want || !strings.Contains(message, tc.message) || s.Name != tc.topic {
					t.Errorf("dry run %v: got %q %v %q", dry, s.Name, s.ErrorCode, message)
				}
				if made := b.cluster.topic(tc.topic) != nil; tc.topic != "there" && made != (tc.want == 0 && !dry) {
					t.Errorf("dry run %v: topic made: %v", dry, made)
				}
			}
		})
	}
}

func TestTooManyReplicasLeaveATopicThatIsNotProvisioned(t *testing.T) {
	dir := t.TempDir()
	b := start(t, Config{Dir: dir})
	spec := topicSpec(2)
	spec.Replicas.Value.(*protocol.ComputedReplicas).ReplicationFactor = 3
	c := dial(t, b.SC())
	s := call[*protocol.Status](c, &protocol.CreateRequest{Kind: protocol.KindTopic, Name: "r3", Spec: spec})
	if s.ErrorCode.Tag != protocol.ErrorCodeTopicNotProvisioned || *s.ErrorMessage != "only 0 out of 2 provisioned" {
		t.Errorf("got %v", s.ErrorCode)
	}
	for range 2 {
		list := call[*protocol.ListResponse](dial(t, b.SC()), &protocol.ListRequest{Kind: protocol.KindTopic})
		if st := list.Objects[0].Status.(*protocol.TopicStatus); st.Resolution != protocol.TopicResolutionInsufficientResources || len(st.ReplicaMap) != 0 {
			t.Errorf("status %+v", st)
		}
		if p := dial(t, b.SPU()).produce("r3", 0, batchOf(t, record.None, "x"))[0]; p.ErrorCode.Tag != protocol.ErrorCodeNotLeaderForPartition {
			t.Errorf("produce: %v", p.ErrorCode)
		}
		stop(t, b)
		b = start(t, Config{Dir: dir})
	}
	remove(t, b, "r3")
}

func TestLists(t *testing.T) {
	b := start(t, Config{PublicHost: "example.test"})
	create(t, b, "foo", topicSpec(2))
	create(t, b, "foobar", topicSpec(1))
	create(t, b, "baz", topicSpec(1))
	c := dial(t, b.SC())
	for _, tc := range []struct {
		req  protocol.ListRequest
		want string
	}{
		{protocol.ListRequest{Kind: protocol.KindTopic}, "baz foo foobar"},
		{protocol.ListRequest{Kind: protocol.KindTopic, System: true}, "consumer-offset"},
		{protocol.ListRequest{Kind: protocol.KindTopic, NameFilters: []protocol.ListFilter{{Name: "foo"}}}, "foo foobar"},
		{protocol.ListRequest{Kind: protocol.KindTopic, NameFilters: []protocol.ListFilter{{Name: "az"}, {Name: "bar"}}}, "baz foobar"},
		{protocol.ListRequest{Kind: protocol.KindTopic, NameFilters: []protocol.ListFilter{{Name: "offset"}}}, ""},
		{protocol.ListRequest{Kind: protocol.KindPartition, NameFilters: []protocol.ListFilter{{Name: "ignored"}}}, "baz-0 foo-0 foo-1 foobar-0"},
		{protocol.ListRequest{Kind: protocol.KindPartition, System: true}, "consumer-offset-0"},
		{protocol.ListRequest{Kind: protocol.KindSpu}, spuName},
		{protocol.ListRequest{Kind: protocol.KindCustomSpu, NameFilters: []protocol.ListFilter{{Name: "nosuch"}}}, ""},
		{protocol.ListRequest{Kind: protocol.KindCustomSpu}, spuName},
		{protocol.ListRequest{Kind: protocol.KindSpuGroup}, ""},
		{protocol.ListRequest{Kind: protocol.KindMirror}, ""},
		{protocol.ListRequest{Kind: protocol.KindSmartModule, Summary: true}, ""},
	} {
		var got []string
		for _, o := range call[*protocol.ListResponse](c, &tc.req).Objects {
			got = append(got, o.Name)
			if s, ok := o.Spec.(*protocol.CustomSpuSpec); ok && *s.PublicEndpoint.Ingress[0].Hostname != "example.test" {
				t.Errorf("SPU at %+v", s.PublicEndpoint)
			}
		}
		if strings.Join(got, " ") != tc.want {
			t.Errorf("%+v: got %v, want %s", tc.req, got, tc.want)
		}
	}
	c.send(&protocol.ListRequest{Kind: "nonsense"})
	c.closed()
}

func TestDeleteChecks(t *testing.T) {
	b := start(t, Config{})
	c := dial(t, b.SC())
	del := func(kind protocol.ObjectKind, name string, force bool) *protocol.Status {
		return call[*protocol.Status](c, &protocol.DeleteRequest{Kind: kind, Object: protocol.ObjectKey{Name: name}, Force: force})
	}
	if s := del(protocol.KindTopic, "nosuch", false); !errors.Is(s.ErrorCode, protocol.ErrorCodeTopicNotFound) || *s.ErrorMessage != "not found" {
		t.Errorf("%+v", s)
	}
	if s := del(protocol.KindTopic, consumerOffsetTopic, false); !errors.Is(s.ErrorCode, protocol.ErrorCodeSystemSpecDeletionAttempt) || s.ErrorMessage != nil {
		t.Errorf("%+v", s)
	}
	if s := del(protocol.KindTopic, consumerOffsetTopic, true); s.ErrorCode.Tag != 0 {
		t.Errorf("%+v", s)
	}
	if s := del(protocol.KindCustomSpu, spuName, true); s.ErrorCode.Tag != protocol.ErrorCodeInvalidDeleteRequest {
		t.Errorf("%+v", s)
	}
	if s := del("nonsense", "x", true); s.ErrorCode.Tag != protocol.ErrorCodeOther || s.Name != "delete error" {
		t.Errorf("%+v", s)
	}
}

func TestUnknownKindsAreRefusedByName(t *testing.T) {
	b := start(t, Config{})
	c := dial(t, b.SC())
	if s := call[*protocol.Status](c, &protocol.CreateRequest{Kind: "nonsense", Unknown: []byte{1, 2, 3}}); s.Name != "create error" || s.ErrorCode.Error() != protocol.OtherError("unknown admin object type").Error() {
		t.Errorf("%+v", s)
	}
	if s := call[*protocol.Status](c, &protocol.CreateRequest{Kind: protocol.KindTableFormat, Name: "tf"}); s.Name != "tf" || s.ErrorCode.Tag != protocol.ErrorCodeInvalidCreateRequest {
		t.Errorf("%+v", s)
	}
}

func TestAddPartitions(t *testing.T) {
	dir := t.TempDir()
	b := start(t, Config{Dir: dir, MaxPartitions: 5})
	create(t, b, "t", topicSpec(1))
	dial(t, b.SPU()).mustProduce("t", 0, batchOf(t, record.None, "kept"))
	c := dial(t, b.SC())
	topics := c.watchOf(protocol.KindTopic)
	partitions := c.watchOf(protocol.KindPartition)
	c.told(topics)
	c.told(partitions)
	update := func(kind protocol.ObjectKind, name string, action *protocol.UpdateTopicAction, want protocol.ErrorCodeTag) {
		t.Helper()
		if s := call[*protocol.Status](c, &protocol.UpdateRequest{Kind: kind, Object: protocol.ObjectKey{Name: name}, Action: action}); s.ErrorCode.Tag != want {
			t.Errorf("got %v", s.ErrorCode)
		}
	}
	two := &protocol.UpdateTopicAction{Tag: protocol.UpdateTopicActionAddPartition, Value: &protocol.AddPartition{Count: 2}}
	mirror := &protocol.UpdateTopicAction{Tag: protocol.UpdateTopicActionAddMirror, Value: &protocol.AddMirror{RemoteCluster: "far"}}
	update(protocol.KindTopic, "t", two, protocol.ErrorCodeNone)
	if got := c.told(topics) + " " + c.told(partitions); got != "+t +t-1 +t-2" {
		t.Errorf("told %q", got)
	}
	update(protocol.KindTopic, "t", two, protocol.ErrorCodeTopicError)
	update(protocol.KindTopic, "nosuch", two, protocol.ErrorCodeTopicNotFound)
	update(protocol.KindTopic, "t", mirror, protocol.ErrorCodeTopicInvalidReplicaType)
	update(protocol.KindSpu, "t", two, protocol.ErrorCodeOther)
	update("nonsense", "t", two, protocol.ErrorCodeOther)
	dial(t, b.SPU()).mustProduce("t", 2, batchOf(t, record.None, "new"))
	stop(t, b)
	b = start(t, Config{Dir: dir})
	if got := dial(t, b.SPU()).from("t", 0, 0).values(1); got[0] != "kept" {
		t.Errorf("got %q", got)
	}
	if got := dial(t, b.SPU()).from("t", 2, 0).values(1); got[0] != "new" {
		t.Errorf("got %q", got)
	}
}

func TestVersions(t *testing.T) {
	b := start(t, Config{})
	for _, bad := range []string{"", "x", "1.2", "1.2.x"} {
		c := dial(t, b.SC())
		c.send(&protocol.ApiVersionsRequest{ClientVersion: bad})
		c.closed()
	}
	sc := call[*protocol.ApiVersionsResponse](dial(t, b.SC()), &protocol.ApiVersionsRequest{ClientVersion: "0.50.2-dev+x"})
	spu := call[*protocol.ApiVersionsResponse](dial(t, b.SPU()), &protocol.ApiVersionsRequest{})
	if sc.PlatformVersion != "0.18.1" || spu.PlatformVersion != "0.0.0" || !slices.Equal(sc.APIKeys, scVersionTable) || !slices.Equal(spu.APIKeys, spuVersionTable) {
		t.Errorf("%+v, %+v", sc, spu)
	}
}
