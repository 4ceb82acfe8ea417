package broker

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"

	"github.com/weir-stream/weir/fluvio/broker/internal/commitlog"
	"github.com/weir-stream/weir/fluvio/protocol"
)

// topic is a topic in use. It never changes; one with more partitions is another topic that shares the old ones.
type topic struct {
	record     topicRecord
	partitions []*partition
	gone       chan struct{} // closed when the topic is deleted
}

// partition is a partition in use.
type partition struct {
	topic       string
	id          uint32
	compression protocol.CompressionAlgorithm
	log         *commitlog.Log
	fence       *fence
	consumers   *consumers
	gone        <-chan struct{} // the topic's
}

// createTopicFolder makes the folder of a new topic with all its partitions.
func createTopicFolder(dataDir string, t topicRecord) error {
	if err := os.Mkdir(filepath.Join(dataDir, t.folder()), 0o755); err != nil {
		return fmt.Errorf("create topic %s: %w", t.Name, err)
	}
	return createPartitionFolders(dataDir, t, 0)
}

// createPartitionFolders makes the folders of partitions from first on.
func createPartitionFolders(dataDir string, t topicRecord, first uint32) error {
	if !t.provisioned() {
		return nil
	}
	for p := first; p < t.Partitions; p++ {
		if err := os.MkdirAll(partitionDir(dataDir, t, p), 0o755); err != nil {
			return fmt.Errorf("create partition %s-%d: %w", t.Name, p, err)
		}
	}
	return nil
}

func partitionDir(dataDir string, t topicRecord, p uint32) string {
	return filepath.Join(dataDir, t.folder(), strconv.FormatUint(uint64(p), 10))
}

// syncTopicFolder forces the topic's folders to the disk, so that a topic that is in the catalog is never missing after a loss of power.
func syncTopicFolder(dataDir string, t *topic) error {
	dirs := []string{filepath.Join(dataDir, topicsFolder), filepath.Join(dataDir, t.record.folder())}
	for _, p := range t.partitions {
		dirs = append(dirs, partitionDir(dataDir, t.record, p.id))
	}
	for _, dir := range dirs {
		if err := commitlog.SyncDir(dir); err != nil {
			return err
		}
	}
	return nil
}

// openTopic opens the partitions of a topic whose folders are there.
func openTopic(cfg Config, record topicRecord) (*topic, error) {
	t := &topic{record: record, gone: make(chan struct{})}
	if err := t.openPartitions(cfg, record.Partitions); err != nil {
		return nil, errors.Join(err, t.close())
	}
	return t, nil
}

// openPartitions opens those that are missing of the first n.
func (t *topic) openPartitions(cfg Config, n uint32) error {
	if !t.record.provisioned() {
		return nil
	}
	for id := uint32(len(t.partitions)); id < n; id++ {
		p, err := openPartition(cfg, t.record, id, t.gone)
		if err != nil {
			return fmt.Errorf("partition %s-%d: %w", t.record.Name, id, err)
		}
		t.partitions = append(t.partitions, p)
	}
	return nil
}

func openPartition(cfg Config, t topicRecord, id uint32, gone <-chan struct{}) (*partition, error) {
	dir := partitionDir(cfg.Dir, t, id)
	offsets, err := openConsumers(dir, cfg.Now)
	if err != nil {
		return nil, err
	}
	log, err := commitlog.Open(dir, cfg.logConfig(t))
	if err != nil {
		return nil, err
	}
	return &partition{topic: t.Name, id: id, compression: t.compression(), log: log, fence: newFence(cfg), consumers: offsets, gone: gone}, nil
}

// close syncs and closes the logs.
func (t *topic) close() error {
	var all error
	for _, p := range t.partitions {
		p.fence.close()
		if err := p.log.Close(); err != nil {
			all = errors.Join(all, fmt.Errorf("close partition %s-%d: %w", p.topic, p.id, err))
		}
	}
	return all
}

// metadata is the topic as clients see it.
func (t *topic) metadata() protocol.Metadata {
	status := &protocol.TopicStatus{Resolution: protocol.TopicResolutionProvisioned, ReplicaMap: map[uint32][]int32{}}
	if !t.record.provisioned() {
		status.Resolution = protocol.TopicResolutionInsufficientResources
	}
	for _, p := range t.partitions {
		status.ReplicaMap[p.id] = []int32{spuID}
	}
	return protocol.Metadata{Name: t.record.Name, Spec: t.record.spec(), Status: status}
}

// name is the partition's name among objects.
func (p *partition) name() string { return p.topic + "-" + strconv.FormatUint(uint64(p.id), 10) }

// metadata is the partition as clients see it.
func (p *partition) metadata(t topicRecord) protocol.Metadata {
	start, end := p.log.Bounds()
	return protocol.Metadata{
		Name: p.name(),
		Spec: &protocol.PartitionSpec{
			Leader:          spuID,
			Replicas:        []int32{spuID},
			CleanupPolicy:   t.cleanupPolicy(),
			Storage:         t.storageConfig(),
			CompressionType: t.compression(),
			System:          t.System,
		},
		Status: &protocol.PartitionStatus{
			Resolution: protocol.PartitionResolutionOnline,
			Leader:     protocol.ReplicaStatus{Spu: spuID, HW: end, LEO: end},
			Size:       p.log.Size(),
			BaseOffset: start,
		},
	}
}
