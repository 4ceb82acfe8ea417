package broker

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"time"

	"github.com/weir-stream/weir/fluvio/protocol"
)

// consumerOffsetTopic is the system topic in which a real cluster keeps consumer offsets. Clients look for it, and a cluster in which no topic
// exists at all makes them wait a minute for every look-up, so there always is one (fluvio-sc/src/controllers/topics/controller.rs).
const consumerOffsetTopic = "consumer-offset"

// watcherPatience is how long a change waits for watchers on other connections to be told, before it is confirmed all the same.
const watcherPatience = 500 * time.Millisecond

// watcherReads is how long watchers are given to take in what they were told. Official clients do that in tasks of their own, and with less than
// this some of them, when the machine is busy, do not find the topic that they have just created on another connection. A real SC
// takes longer: it tells watchers first and then waits for SPUs to bring the partitions up.
const watcherReads = 50 * time.Millisecond

// cluster is the topics and SmartModules: on disk, in use, and as watchers see them.
type cluster struct {
	cfg     Config
	feeds   map[protocol.ObjectKind]*feed
	modules *smartModules

	// admin serialises changes. It is taken before mu.
	admin   sync.Mutex
	catalog catalog

	mu     sync.RWMutex
	topics map[string]*topic
}

// openCluster opens every topic and SmartModule in cfg.Dir and makes the system topic if it is missing. An error leaves nothing open.
func openCluster(cfg Config) (*cluster, error) {
	c := &cluster{cfg: cfg, topics: map[string]*topic{}, feeds: map[protocol.ObjectKind]*feed{}}
	for _, kind := range watchedKinds {
		c.feeds[kind] = newFeed()
	}
	if err := c.load(); err != nil {
		return nil, errors.Join(err, c.close())
	}
	if c.topic(consumerOffsetTopic) == nil {
		if err := c.createTopic(consumerOffsetTopic, consumerOffsetSpec()); err != nil {
			return nil, errors.Join(err, c.close())
		}
	}
	c.publish()
	c.publishModules()
	return c, nil
}

func (c *cluster) load() error {
	if err := os.MkdirAll(filepath.Join(c.cfg.Dir, topicsFolder), 0o755); err != nil {
		return err
	}
	var err error
	if c.modules, err = openSmartModules(c.cfg); err != nil {
		return err
	}
	if c.catalog, err = readCatalog(c.cfg.Dir); err != nil {
		return err
	}
	if err := c.finishDeletions(); err != nil {
		return err
	}
	c.tidyUnknown()
	for _, record := range c.catalog.Topics {
		if _, err := os.Stat(filepath.Join(c.cfg.Dir, record.folder())); err != nil {
			return fmt.Errorf("the data of topic %s is missing, restore it from a copy or remove the topic from %s: %w",
				record.Name, filepath.Join(c.cfg.Dir, catalogFile), err)
		}
		t, err := openTopic(c.cfg, record)
		if err != nil {
			return err
		}
		c.topics[record.Name] = t
	}
	return nil
}

// finishDeletions removes the folders of topics that are marked as deleted, and then their entries from memory; the file follows with
// the next change.
func (c *cluster) finishDeletions() error {
	for _, record := range c.catalog.Topics {
		if record.Deleted {
			if err := os.RemoveAll(filepath.Join(c.cfg.Dir, record.folder())); err != nil {
				return fmt.Errorf("finish the deletion of topic %s: %w", record.Name, err)
			}
		}
	}
	c.catalog.Topics = slices.DeleteFunc(c.catalog.Topics, func(r topicRecord) bool { return r.Deleted })
	return nil
}

// tidyUnknown removes empty folders that a crash in the middle of a creation left. Data that nobody asked to delete is only reported.
func (c *cluster) tidyUnknown() {
	known := map[string]bool{}
	for _, record := range c.catalog.Topics {
		known[filepath.Base(record.folder())] = true
	}
	folders, _ := os.ReadDir(filepath.Join(c.cfg.Dir, topicsFolder))
	for _, f := range folders {
		if path := filepath.Join(c.cfg.Dir, topicsFolder, f.Name()); !known[f.Name()] && !(isEmpty(path) && os.RemoveAll(path) == nil) {
			c.cfg.Logger.Warn("this folder belongs to no topic and is ignored", "folder", path)
		}
	}
}

// isEmpty tells whether a folder holds nothing but empty folders and files.
func isEmpty(path string) bool {
	empty := true
	err := filepath.WalkDir(path, func(_ string, e os.DirEntry, err error) error {
		if err != nil || e.IsDir() {
			return err
		}
		info, err := e.Info()
		empty = empty && err == nil && info.Size() == 0
		return err
	})
	return err == nil && empty
}

// topic returns a topic, or nil.
func (c *cluster) topic(name string) *topic {
	c.mu.RLock()
	defer c.mu.RUnlock()
	return c.topics[name]
}

// partition returns a partition, or nil.
func (c *cluster) partition(topic string, id uint32) *partition {
	t := c.topic(topic)
	if t == nil || uint64(id) >= uint64(len(t.partitions)) {
		return nil
	}
	return t.partitions[id]
}

// partitions returns all partitions, by topic and number.
func (c *cluster) partitions() []*partition {
	c.mu.RLock()
	defer c.mu.RUnlock()
	var all []*partition
	for _, name := range sortedKeys(c.topics) {
		all = append(all, c.topics[name].partitions...)
	}
	return all
}

// createTopic stores and publishes a topic whose spec has been checked. The caller holds admin, or nobody else is there yet.
func (c *cluster) createTopic(name string, spec *protocol.TopicSpec) error {
	record := newTopicRecord(name, newTopicID(), spec)
	if err := createTopicFolder(c.cfg.Dir, record); err != nil {
		return errors.Join(err, os.RemoveAll(filepath.Join(c.cfg.Dir, record.folder())))
	}
	t, err := openTopic(c.cfg, record)
	if err != nil {
		return errors.Join(err, os.RemoveAll(filepath.Join(c.cfg.Dir, record.folder())))
	}
	if err = syncTopicFolder(c.cfg.Dir, t); err != nil {
		return errors.Join(err, t.close(), os.RemoveAll(filepath.Join(c.cfg.Dir, record.folder())))
	}
	if err = c.store(append(slices.Clone(c.catalog.Topics), record)); err != nil {
		return errors.Join(err, t.close()) // the folder stays in case the catalog names it; otherwise the next start removes it
	}
	c.replace(name, t)
	return nil
}

// deleteTopic forgets a topic and removes its data. Its streams end. The caller holds admin.
func (c *cluster) deleteTopic(t *topic) error {
	marked := slices.Clone(c.catalog.Topics)
	for i := range marked {
		marked[i].Deleted = marked[i].Deleted || marked[i].ID == t.record.ID
	}
	if err := c.store(marked); err != nil {
		return err
	}
	c.replace(t.record.Name, nil)
	close(t.gone)
	// From here on the topic is deleted; what is left over goes at the next start.
	err := errors.Join(t.close(), os.RemoveAll(filepath.Join(c.cfg.Dir, t.record.folder())))
	if err != nil {
		c.cfg.Logger.Warn("the data of a deleted topic is removed at the next start", "topic", t.record.Name, "error", err)
		return nil
	}
	c.catalog.Topics = slices.DeleteFunc(c.catalog.Topics, func(r topicRecord) bool { return r.ID == t.record.ID })
	return nil
}

// addPartitions gives a topic n partitions in all. The caller holds admin.
func (c *cluster) addPartitions(old *topic, n uint32) error {
	record := old.record
	record.Partitions = n
	if err := createPartitionFolders(c.cfg.Dir, record, old.record.Partitions); err != nil {
		return err
	}
	t := &topic{record: record, partitions: slices.Clone(old.partitions), gone: old.gone}
	closeNew := func() error { return (&topic{partitions: t.partitions[len(old.partitions):]}).close() }
	if err := t.openPartitions(c.cfg, n); err != nil {
		return errors.Join(err, closeNew())
	}
	topics := slices.Clone(c.catalog.Topics)
	for i := range topics {
		if topics[i].ID == record.ID {
			topics[i] = record
		}
	}
	err := syncTopicFolder(c.cfg.Dir, t)
	if err == nil {
		err = c.store(topics)
	}
	if err != nil {
		return errors.Join(err, closeNew())
	}
	c.replace(record.Name, t)
	return nil
}

// store makes topics the catalog, on disk first. If that fails the one before is put back, as far as that can be done: the new one may be in place though
// it could not be forced, and what is refused now must not be found at the next start.
func (c *cluster) store(topics []topicRecord) error {
	next := catalog{Version: catalogVersion, Topics: topics}
	if err := next.write(c.cfg); err != nil {
		if e := c.catalog.write(c.cfg); e != nil {
			c.cfg.Logger.Warn("a change of the topics was refused, and may be there after the next start", "error", e)
		}
		return err
	}
	c.catalog = next
	return nil
}

// replace puts a topic into use, or with nil out of it, and publishes the change.
func (c *cluster) replace(name string, t *topic) {
	c.mu.Lock()
	if delete(c.topics, name); t != nil {
		c.topics[name] = t
	}
	c.mu.Unlock()
	c.publish()
}

// publish shows watchers the topics and partitions as they are. Objects that stay the same keep their identity, so that only
// changes are told.
func (c *cluster) publish() {
	known := map[string]*object{}
	for _, kind := range []protocol.ObjectKind{protocol.KindTopic, protocol.KindPartition} {
		now, _ := c.feeds[kind].current()
		for _, o := range now.objects {
			known[string(kind)+o.name] = o
		}
	}
	var topics, partitions []*object
	c.mu.RLock()
	for _, t := range c.topics {
		topics = append(topics, keep(known, protocol.KindTopic, &object{name: t.record.Name, owner: t, metadata: t.metadata}))
		for _, p := range t.partitions {
			record := t.record
			partitions = append(partitions, keep(known, protocol.KindPartition,
				&object{name: p.name(), owner: p, metadata: func() protocol.Metadata { return p.metadata(record) }}))
		}
	}
	c.mu.RUnlock()
	// Partitions first: who sees a topic looks for its partitions at once.
	c.feeds[protocol.KindPartition].publish(partitions)
	c.feeds[protocol.KindTopic].publish(topics)
}

// keep returns the object that is already known for the same owner, or the new one.
func keep(known map[string]*object, kind protocol.ObjectKind, o *object) *object {
	if old := known[string(kind)+o.name]; old != nil && old.owner == o.owner {
		return old
	}
	return o
}

// awaitWatchers waits until every watcher of these kinds has been told what is published, but not for a stalled one.
// After that a client that asks on another connection finds the change (a missing object is "not found" at once there).
func (c *cluster) awaitWatchers(ctx context.Context, kinds ...protocol.ObjectKind) {
	ctx, cancel := context.WithTimeout(ctx, watcherPatience)
	defer cancel()
	watched := false
	for _, kind := range kinds {
		c.feeds[kind].await(ctx)
		watched = watched || c.feeds[kind].watched()
	}
	if !watched {
		return
	}
	select {
	case <-time.After(watcherReads):
	case <-ctx.Done():
	}
}

// close closes every topic. Reads and appends fail from then on.
func (c *cluster) close() error {
	c.admin.Lock() // and so topics stays as it is
	defer c.admin.Unlock()
	var err error
	for _, t := range c.topics {
		err = errors.Join(err, t.close())
	}
	return err
}

func newTopicID() string {
	var b [8]byte
	_, _ = rand.Read(b[:]) // never fails (crypto/rand)
	return hex.EncodeToString(b[:])
}

func sortedKeys[V any](m map[string]V) []string {
	keys := make([]string, 0, len(m))
	for k := range m {
		keys = append(keys, k)
	}
	slices.Sort(keys)
	return keys
}
