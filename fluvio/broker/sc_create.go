package broker

import (
	"context"
	"fmt"

	"github.com/weir-stream/weir/fluvio/protocol"
)

// create answers Create (key 1001).
func (c *cluster) create(ctx context.Context, req *protocol.CreateRequest) *protocol.Status {
	if !req.Kind.Known() {
		return (&refusal{code: protocol.OtherError("unknown admin object type")}).status("create error")
	}
	switch spec := req.Spec.(type) {
	case *protocol.TopicSpec:
		r := c.tryCreate(req.Name, spec, req.DryRun)
		// The answer comes after the watch updates, on every connection: a client that asks for the new topic on another one must find it.
		c.awaitWatchers(ctx, protocol.KindPartition, protocol.KindTopic)
		return r.status(req.Name)
	case *protocol.SmartModuleSpec:
		return c.createModule(ctx, req, spec)
	}
	return refuse(protocol.ErrorCodeInvalidCreateRequest, "the embedded broker has one SPU, topics and SmartModules; a %s cannot be created", req.Kind).status(req.Name)
}

// tryCreate checks and creates a topic; the order of checks is upstream's (fluvio-sc/src/services/public_api/topic/create.rs).
func (c *cluster) tryCreate(name string, spec *protocol.TopicSpec, dryRun bool) *refusal {
	c.admin.Lock()
	defer c.admin.Unlock()
	if !validTopicName(name) {
		return refuse(protocol.ErrorCodeTopicInvalidName, "Invalid topic name: '%s'. Use 1 to 63 of a to z, 0 to 9 and '-', and no '-' at either end", name)
	}
	if c.topic(name) != nil {
		return refuse(protocol.ErrorCodeTopicAlreadyExists, "Topic '%s' already exists", name)
	}
	if r := checkSettings(spec); r != nil {
		return r
	}
	if d := spec.Deduplication; d != nil {
		return c.refuseDeduplication(d.Filter.Transform.Uses)
	}
	partitions, replicas, r := checkReplicas(spec)
	if r != nil {
		return r
	}
	if r := c.checkRoom(partitions); r != nil || dryRun {
		return r
	}
	if err := c.createTopic(name, spec); err != nil {
		c.cfg.Logger.Error("cannot create a topic", "topic", name, "error", err)
		return refuse(protocol.ErrorCodeTopicError, "cannot store the topic: %v", err)
	}
	if replicas > 1 {
		// Upstream waits 90 s for more SPUs before it says so. Here none can come.
		return refuse(protocol.ErrorCodeTopicNotProvisioned, "only 0 out of %d provisioned", partitions)
	}
	return nil
}

// validTopicName allows what upstream does, but for the empty name, which no client could use. A valid name is good for a folder.
func validTopicName(name string) bool {
	valid := len(name) > 0 && len(name) <= 63 && name[0] != '-' && name[len(name)-1] != '-'
	for i := range len(name) {
		b := name[i]
		valid = valid && (b >= 'a' && b <= 'z' || b >= '0' && b <= '9' || b == '-')
	}
	return valid
}

// refuseDeduplication is the answer to a topic with deduplication, which is done by a SmartModule. The status bears that one's name.
func (c *cluster) refuseDeduplication(module string) *refusal {
	key, err := parsePackageKey(module)
	if err != nil {
		return &refusal{name: module, message: err.Error(), code: protocol.ErrorCode{
			Tag: protocol.ErrorCodeDeduplicationSmartModuleNameInvalid, Value: &protocol.ErrorText{Text: err.Error()}}}
	}
	r := refuse(protocol.ErrorCodeDeduplicationSmartModuleNotLoaded, "deduplication needs the SmartModule '%s': %s", module, notRun)
	if !c.modules.has(key.object()) {
		r.message = fmt.Sprintf("deduplication needs the SmartModule '%s', which is not there; and %s", module, notRun)
	}
	r.name = module
	return r
}

// checkSettings checks retention and sizes.
func checkSettings(spec *protocol.TopicSpec) *refusal {
	const code = protocol.ErrorCodeTopicInvalidConfiguration
	if p := spec.CleanupPolicy; p != nil {
		if s, ok := p.Value.(*protocol.SegmentPolicy); ok && s.TimeInSeconds < 10 {
			return refuse(code, "retention_time %d is less than 10 seconds", s.TimeInSeconds)
		}
	}
	if s := spec.Storage; s != nil {
		segment := uint64(1 << 30)
		if s.SegmentSize != nil {
			if segment = uint64(*s.SegmentSize); segment < 1024 {
				return refuse(code, "segment_size %d is less than 1024 bytes", segment)
			}
		}
		if s.MaxPartitionSize != nil {
			if *s.MaxPartitionSize < 2048 {
				return refuse(code, "max_partition_size %d is less than 2048 bytes", *s.MaxPartitionSize)
			}
			if *s.MaxPartitionSize < segment {
				return refuse(code, "max_partition_size %d is less than segment_size %d", *s.MaxPartitionSize, segment)
			}
		}
	}
	return nil
}

// checkReplicas checks where partitions are to be and returns how many there are, of how many replicas each.
func checkReplicas(spec *protocol.TopicSpec) (partitions, replicas uint32, r *refusal) {
	const code = protocol.ErrorCodeTopicError
	switch v := spec.Replicas.Value.(type) {
	case *protocol.ComputedReplicas:
		if v.Partitions == 0 {
			return 0, 0, refuse(code, "a topic needs at least one partition")
		}
		if v.ReplicationFactor == 0 {
			return 0, 0, refuse(code, "a topic needs a replication factor of at least 1")
		}
		return v.Partitions, v.ReplicationFactor, nil
	case *protocol.AssignedReplicas:
		if len(v.Partitions) == 0 {
			return 0, 0, refuse(code, "a topic needs at least one partition")
		}
		for i, p := range v.Partitions {
			if p.ID != uint32(i) {
				return 0, 0, refuse(code, "partition ids must be 0, 1, 2 and so on in order, got %d as number %d", p.ID, i)
			}
			if len(p.Replicas) != 1 || p.Replicas[0] != spuID {
				return 0, 0, refuse(code, "partition %d is assigned to SPUs %v; there is only %d", p.ID, p.Replicas, spuID)
			}
		}
		return uint32(len(v.Partitions)), 1, nil
	}
	return 0, 0, refuse(code, "the embedded broker has no mirror topics")
}

// checkRoom checks that n more partitions are allowed. The caller holds admin.
func (c *cluster) checkRoom(n uint32) *refusal {
	total := uint64(n)
	for _, t := range c.catalog.Topics {
		if !t.Deleted {
			total += uint64(t.Partitions)
		}
	}
	if total > uint64(c.cfg.MaxPartitions) {
		return refuse(protocol.ErrorCodeTopicError, "with %d more there were %d partitions, at most %d are allowed", n, total, c.cfg.MaxPartitions)
	}
	return nil
}

// consumerOffsetSpec is how a real SC makes the system topic.
func consumerOffsetSpec() *protocol.TopicSpec {
	segment, partition := uint32(512_000_000), uint64(2_048_000_000)
	return &protocol.TopicSpec{
		Replicas: protocol.ReplicaSpec{Tag: protocol.ReplicaSpecComputed,
			Value: &protocol.ComputedReplicas{Partitions: 1, ReplicationFactor: 1}},
		CleanupPolicy: &protocol.CleanupPolicy{Tag: protocol.CleanupPolicySegment,
			Value: &protocol.SegmentPolicy{TimeInSeconds: 604_800}},
		Storage:         &protocol.TopicStorageConfig{SegmentSize: &segment, MaxPartitionSize: &partition},
		CompressionType: protocol.CompressionAlgorithmAny,
		System:          true,
	}
}
