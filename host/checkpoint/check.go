package checkpoint

import (
	"encoding/hex"
	"errors"
	"fmt"
	"math"
	"strings"
	"unicode/utf8"
)

// What a checkpoint may hold. A consumer remembers as many writers and gaps (fluvio.WithDropStale).
const (
	maxSinks  = 1024
	maxSeen   = 1024
	maxBeyond = 64
	maxSum    = 64
	maxEpoch  = math.MaxInt64
	// maxOrdinal is the highest next ordinal: the header fields that carry ordinals have 47 bits.
	maxOrdinal = 1 << 47
)

// laneID says which lane a checkpoint must be of. An empty topic is any.
type laneID struct {
	pipeline, topic string
	partition       uint32
}

// check tells whether c, read from a file, can be the lane's. Errors wrap ErrDamaged, but for that of another topic.
func (id laneID) check(c *Checkpoint) error {
	if c.Pipeline != id.pipeline || c.Partition != id.partition {
		return fmt.Errorf("%w: it names pipeline %q partition %d", ErrDamaged, c.Pipeline, c.Partition)
	}
	if err := c.valid(); err != nil {
		return fmt.Errorf("%w: %w", ErrDamaged, err)
	}
	if id.topic != "" && c.Topic != id.topic {
		return fmt.Errorf("pipeline %q was reading topic %q and now reads %q; give the pipeline another name or the run another state folder",
			id.pipeline, c.Topic, id.topic)
	}
	return nil
}

// valid tells whether c is one that a lane can go on from.
func (c *Checkpoint) valid() error {
	switch {
	case !utf8.ValidString(c.Pipeline + c.Topic):
		return errors.New("the name of its pipeline or topic is not UTF-8")
	case c.Epoch > maxEpoch:
		return fmt.Errorf("epoch %d", c.Epoch)
	case c.Next < 0:
		return fmt.Errorf("next offset %d", c.Next)
	case c.SourcePartitions < 0 || int64(c.SourcePartitions) > math.MaxUint32:
		return fmt.Errorf("%d source partitions", c.SourcePartitions)
	case c.Plan != "" && !isHash(c.Plan):
		return fmt.Errorf("plan %q is no SHA-256 in hex", c.Plan)
	case c.SeenAt != nil && *c.SeenAt < 0:
		return fmt.Errorf("what was seen belongs to offset %d", *c.SeenAt)
	case c.Read != nil && (c.Read.Offset < 0 || len(c.Read.Sum) > maxSum || !utf8.ValidString(c.Read.Sum)):
		return fmt.Errorf("record read %+v", *c.Read)
	case len(c.Sinks) > maxSinks:
		return fmt.Errorf("%d sinks, at most %d can be kept", len(c.Sinks), maxSinks)
	case len(c.Seen) > maxSeen:
		return fmt.Errorf("%d writers seen, at most %d can be kept", len(c.Seen), maxSeen)
	}
	for name, s := range c.Sinks {
		if err := s.valid(); err != nil {
			return fmt.Errorf("%s: %w", name, err)
		}
		if !utf8.ValidString(name + s.Topic) {
			return fmt.Errorf("%q: a name that is not UTF-8", name)
		}
	}
	for i := range c.Seen {
		if err := c.Seen[i].valid(); err != nil {
			return fmt.Errorf("writer %d: %w", c.Seen[i].Writer, err)
		}
	}
	return nil
}

func (s *Sink) valid() error {
	want := s.Partitions
	if s.Writer == 0 {
		want = 0
	}
	switch {
	case s.Count < 0:
		return fmt.Errorf("%d records", s.Count)
	case s.Partitions < 0 || int64(s.Partitions) > math.MaxUint32:
		return fmt.Errorf("%d partitions", s.Partitions)
	case s.Writer < 0:
		return fmt.Errorf("writer id %d", s.Writer)
	case len(s.Ordinals) != want || len(s.Positions) != want:
		return fmt.Errorf("%d ordinals and %d positions for %d partitions of writer %d", len(s.Ordinals), len(s.Positions), s.Partitions, s.Writer)
	}
	for p, ordinal := range s.Ordinals {
		if ordinal < 0 || ordinal > maxOrdinal || s.Positions[p] < 0 {
			return fmt.Errorf("partition %d: ordinal %d from position %d", p, ordinal, s.Positions[p])
		}
	}
	return nil
}

func (w *SeenWriter) valid() error {
	if len(w.Beyond) > maxBeyond {
		return fmt.Errorf("%d gaps in what was seen, at most %d can be kept", len(w.Beyond), maxBeyond)
	}
	end := w.Next
	for _, s := range w.Beyond {
		if s.From <= end || s.To <= s.From {
			return fmt.Errorf("ordinals %d to %d seen after %d", s.From, s.To, end)
		}
		end = s.To
	}
	return nil
}

// isHash tells whether s is a SHA-256 as PutBlob returns it, and so a safe part of a file name.
func isHash(s string) bool {
	_, err := hex.DecodeString(s)
	return err == nil && len(s) == 64 && s == strings.ToLower(s)
}

// writers are the writer ids of a checkpoint, by sink.
func (c *Checkpoint) writers() map[string]int64 {
	ids := make(map[string]int64, len(c.Sinks))
	for name, s := range c.Sinks {
		if s.Writer != 0 {
			ids[name] = s.Writer
		}
	}
	return ids
}
