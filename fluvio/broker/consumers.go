package broker

import (
	"errors"
	"fmt"
	"path/filepath"
	"slices"
	"sync"
	"time"
)

const (
	consumersFile    = "consumers.json"
	consumersVersion = 1
	// maxConsumers bounds the stored consumers of one partition, and maxConsumerID the length of their ids, because each change
	// rewrites them all.
	maxConsumers  = 10_000
	maxConsumerID = 255
)

// consumers is the stored consumer offsets of one partition. They live in the partition's folder, so they go with it.
type consumers struct {
	path string
	now  func() time.Time

	mu      sync.Mutex
	entries map[string]consumerEntry
}

// consumerEntry is how far a consumer has come.
type consumerEntry struct {
	Offset   int64 `json:"offset"`   // of the last record processed
	Modified int64 `json:"modified"` // seconds since 1970
}

type consumersContents struct {
	Version   int                      `json:"version"`
	Consumers map[string]consumerEntry `json:"consumers"`
}

func openConsumers(partitionDir string, now func() time.Time) (*consumers, error) {
	c := &consumers{path: filepath.Join(partitionDir, consumersFile), now: now}
	var contents consumersContents
	found, err := readJSON(c.path, &contents)
	if err != nil {
		return nil, err
	}
	if found && contents.Version != consumersVersion {
		return nil, fmt.Errorf("%s has version %d, this program reads version %d: use the program that wrote it", c.path, contents.Version, consumersVersion)
	}
	if c.entries = contents.Consumers; c.entries == nil {
		c.entries = map[string]consumerEntry{}
	}
	return c, nil
}

// get returns the entry of a consumer.
func (c *consumers) get(id string) (consumerEntry, bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	e, ok := c.entries[id]
	return e, ok
}

// ids returns who has an entry, in order.
func (c *consumers) ids() []string {
	c.mu.Lock()
	defer c.mu.Unlock()
	ids := make([]string, 0, len(c.entries))
	for id := range c.entries {
		ids = append(ids, id)
	}
	slices.Sort(ids)
	return ids
}

// set stores an offset. When it returns nil the offset is on the disk.
func (c *consumers) set(id string, offset int64) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	old, had := c.entries[id]
	if len(id) > maxConsumerID {
		return fmt.Errorf("consumer id of %d bytes, at most %d are allowed", len(id), maxConsumerID)
	}
	if !had && len(c.entries) >= maxConsumers {
		return fmt.Errorf("the partition has %d stored consumers, no more are allowed: delete some", len(c.entries))
	}
	c.entries[id] = consumerEntry{Offset: offset, Modified: c.now().Unix()}
	return c.writeOr(func() {
		if delete(c.entries, id); had {
			c.entries[id] = old
		}
	})
}

// remove forgets a consumer. That there is none is no error.
func (c *consumers) remove(id string) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	old, had := c.entries[id]
	if !had {
		return nil
	}
	delete(c.entries, id)
	return c.writeOr(func() { c.entries[id] = old })
}

// writeOr stores the entries, or takes the change back. The caller holds mu.
func (c *consumers) writeOr(undo func()) error {
	err := writeJSON(c.path, consumersContents{Version: consumersVersion, Consumers: c.entries})
	if err != nil {
		undo()
		return errors.Join(errors.New("cannot store the consumer offset"), err)
	}
	return nil
}
