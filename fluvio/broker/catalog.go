package broker

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/weir-stream/weir/fluvio/protocol"
)

const (
	catalogVersion = 1
	catalogFile    = "topics.json"
	topicsFolder   = "topics"
)

// catalog is the contents of topics.json: the truth about which topics there are. A topic's folder carries a random id, so that a topic created
// under the name of a deleted one never meets its data.
//
// A topic is created folder first, then catalog; deleted by a mark in the catalog first, then folder, then the entry. So a crash in
// between leaves either an empty folder that nobody knows, or a marked entry whose folder Open removes.
type catalog struct {
	Version int           `json:"version"`
	Topics  []topicRecord `json:"topics"`
}

// topicRecord is what is kept of one topic.
type topicRecord struct {
	Name              string         `json:"name"`
	ID                string         `json:"id"`
	Deleted           bool           `json:"deleted,omitempty"`
	Partitions        uint32         `json:"partitions"`
	ReplicationFactor uint32         `json:"replication_factor"`
	IgnoreRack        bool           `json:"ignore_rack,omitempty"`
	Assigned          bool           `json:"assigned,omitempty"` // partitions were placed by the client, each on our SPU
	RetentionSeconds  *uint32        `json:"retention_seconds,omitempty"`
	Storage           *storageRecord `json:"storage,omitempty"`
	Compression       string         `json:"compression"`
	System            bool           `json:"system,omitempty"`
}

type storageRecord struct {
	SegmentBytes      *uint32 `json:"segment_bytes,omitempty"`
	MaxPartitionBytes *uint64 `json:"max_partition_bytes,omitempty"`
}

// folder is the topic's folder in the data folder.
func (t topicRecord) folder() string { return filepath.Join(topicsFolder, t.Name+"."+t.ID) }

// provisioned tells whether the topic has partitions: one SPU cannot hold several replicas.
func (t topicRecord) provisioned() bool { return t.ReplicationFactor <= 1 }

func (t topicRecord) compression() protocol.CompressionAlgorithm {
	algorithm, _ := parseCompression(t.Compression)
	return algorithm
}

// readCatalog loads topics.json from dir. Without one the folder must hold no topics, but for what a first start leaves that was killed before
// it wrote the file: the system topic, without records.
func readCatalog(dir string) (catalog, error) {
	path := filepath.Join(dir, catalogFile)
	var c catalog
	found, err := readJSON(path, &c)
	switch {
	case err != nil:
		return c, err
	case !found:
		folders, _ := os.ReadDir(filepath.Join(dir, topicsFolder))
		for _, f := range folders {
			folder := filepath.Join(dir, topicsFolder, f.Name())
			if !strings.HasPrefix(f.Name(), consumerOffsetTopic+".") || !isEmpty(folder) {
				return c, fmt.Errorf("%s is missing, yet there is data in %s: restore the file from a copy, or start with another data folder",
					path, folder)
			}
		}
		return catalog{Version: catalogVersion}, nil
	case c.Version != catalogVersion:
		return c, fmt.Errorf("%s has version %d, this program reads version %d: use the program that wrote it", path, c.Version, catalogVersion)
	}
	return c, c.check(path)
}

func (c catalog) check(path string) error {
	names := map[string]bool{}
	for _, t := range c.Topics {
		_, known := parseCompression(t.Compression)
		switch {
		case !validTopicName(t.Name) || t.ID == "" || t.ID != filepath.Base(t.ID) || !known || t.Partitions == 0:
			return fmt.Errorf("%s is damaged at topic %q, restore it from a copy", path, t.Name)
		case names[t.Name] && !t.Deleted:
			return fmt.Errorf("%s is damaged: topic %q occurs twice, restore it from a copy", path, t.Name)
		}
		names[t.Name] = names[t.Name] || !t.Deleted
	}
	return nil
}

// write stores the catalog. After an error it may be in place all the same, not forced to the disk.
func (c catalog) write(cfg Config) error {
	if err := replaceJSON(filepath.Join(cfg.Dir, catalogFile), c); err != nil {
		return err
	}
	return cfg.syncDir(cfg.Dir)
}

// newTopicRecord takes from a checked spec what is to be kept.
func newTopicRecord(name, id string, spec *protocol.TopicSpec) topicRecord {
	t := topicRecord{Name: name, ID: id, Compression: spec.CompressionType.String(), System: spec.System}
	switch r := spec.Replicas.Value.(type) {
	case *protocol.ComputedReplicas:
		t.Partitions, t.ReplicationFactor, t.IgnoreRack = r.Partitions, r.ReplicationFactor, r.IgnoreRackAssignment
	case *protocol.AssignedReplicas:
		t.Partitions, t.ReplicationFactor, t.Assigned = uint32(len(r.Partitions)), 1, true
	}
	if p := spec.CleanupPolicy; p != nil {
		if s, ok := p.Value.(*protocol.SegmentPolicy); ok {
			t.RetentionSeconds = &s.TimeInSeconds
		}
	}
	if s := spec.Storage; s != nil {
		t.Storage = &storageRecord{SegmentBytes: s.SegmentSize, MaxPartitionBytes: s.MaxPartitionSize}
	}
	return t
}

// spec is the topic's spec as it was given.
func (t topicRecord) spec() *protocol.TopicSpec {
	spec := &protocol.TopicSpec{
		CleanupPolicy:   t.cleanupPolicy(),
		Storage:         t.storageConfig(),
		CompressionType: t.compression(),
		System:          t.System,
	}
	if !t.Assigned {
		spec.Replicas = protocol.ReplicaSpec{Tag: protocol.ReplicaSpecComputed, Value: &protocol.ComputedReplicas{
			Partitions: t.Partitions, ReplicationFactor: t.ReplicationFactor, IgnoreRackAssignment: t.IgnoreRack}}
		return spec
	}
	assigned := &protocol.AssignedReplicas{}
	for p := range t.Partitions {
		assigned.Partitions = append(assigned.Partitions, protocol.PartitionMap{ID: p, Replicas: []int32{spuID}})
	}
	spec.Replicas = protocol.ReplicaSpec{Tag: protocol.ReplicaSpecAssigned, Value: assigned}
	return spec
}

func (t topicRecord) cleanupPolicy() *protocol.CleanupPolicy {
	if t.RetentionSeconds == nil {
		return nil
	}
	return &protocol.CleanupPolicy{Tag: protocol.CleanupPolicySegment, Value: &protocol.SegmentPolicy{TimeInSeconds: *t.RetentionSeconds}}
}

func (t topicRecord) storageConfig() *protocol.TopicStorageConfig {
	if t.Storage == nil {
		return nil
	}
	return &protocol.TopicStorageConfig{SegmentSize: t.Storage.SegmentBytes, MaxPartitionSize: t.Storage.MaxPartitionBytes}
}

func parseCompression(name string) (protocol.CompressionAlgorithm, bool) {
	for a := protocol.CompressionAlgorithmNone; a <= protocol.CompressionAlgorithmZstd; a++ {
		if a.String() == name {
			return a, true
		}
	}
	return protocol.CompressionAlgorithmAny, false
}
