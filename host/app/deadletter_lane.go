package app

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"fmt"
	hashing "hash"
	"io"
	"math"

	"github.com/weir-stream/weir/fluvio"
	"github.com/weir-stream/weir/fluvio/admin"
	"github.com/weir-stream/weir/fluvio/record"
	"github.com/weir-stream/weir/internal/fault"
)

// laneName is a lane of a replay: what goes from one partition of letters to one topic. A partition is a log, so what is chosen of it
// keeps its order and only grows at its end; with a writer id for each lane, the ordinal of a letter among those of its lane that go to the
// same partition is the same in every run of the same replay.
type laneName struct {
	partition uint32 // of the topic of dead letters
	target    string
}

type replayLane struct {
	laneName
	writer     int64
	partitions int // of the target
	parts      map[uint32]*replayPart
}

// replayPart is what of a lane goes to one partition of its target.
type replayPart struct {
	partition uint32
	letters   int64 // chosen
	behind    int64 // whatever was sent of it is at this offset or later, unless the topic was made anew since the letters' time
	position  int64 // of the next letter, in a reading

	found  int64 // of the letters, the first ones, are there
	digest []byte
}

// open returns a lane, made if there is none.
func (r *replay) open(ctx context.Context, name laneName) (*replayLane, error) {
	if lane, ok := r.lanes[name]; ok {
		return lane, nil
	}
	partitions, known := r.partitions[name.target]
	if !known {
		if name.target == r.c.Topic {
			return nil, fault.Inputf("that is the topic of dead letters itself")
		}
		if len(r.partitions) >= mostTargets {
			return nil, fault.Inputf("the letters go to more than %d topics", mostTargets)
		}
		var err error
		if partitions, err = r.client.Partitions(ctx, name.target); err != nil {
			return nil, err
		}
		if partitions == 0 {
			return nil, fault.Environmentf("topic %s has no partitions yet", name.target)
		}
		if err := r.ordinary(ctx, name.target); err != nil {
			return nil, err
		}
		r.partitions[name.target] = partitions
	}
	lane := &replayLane{laneName: name, partitions: partitions, parts: map[uint32]*replayPart{}}
	r.lanes[name] = lane
	return lane, nil
}

// ordinary refuses topics that the cluster keeps for itself. A letter names any topic that whoever wrote it likes.
func (r *replay) ordinary(ctx context.Context, topic string) error {
	t, err := admin.New(r.client).Topic(ctx, topic)
	if err == nil && t.Config.System {
		err = fault.Inputf("%w %s: the cluster keeps it for itself, and letters are not sent there", admin.ErrSystemTopic, topic)
	}
	return err
}

// part is where a letter goes: the partition with the number that it came from, counted round where there are fewer.
func (l *replayLane) part(f *found) *replayPart { return l.at(f.Partition % uint32(l.partitions)) }

func (l *replayLane) at(partition uint32) *replayPart {
	p, ok := l.parts[partition]
	if !ok {
		p = &replayPart{partition: partition}
		l.parts[partition] = p
	}
	return p
}

// begin notes the first letter of what goes back to where it came from: nothing that was sent is before its own record.
func (p *replayPart) begin(f *found) {
	if f.Partition == p.partition && f.Offset < math.MaxInt64 {
		p.behind = f.Offset + 1
	}
}

func (l *replayLane) rewind() {
	for _, p := range l.parts {
		p.position = 0
	}
}

// next are the ordinals to go on with, by partition.
func (l *replayLane) next() []int64 {
	next := make([]int64, l.partitions)
	for _, p := range l.parts {
		next[p.partition] = p.found
	}
	return next
}

// writerOf is the writer id of a lane: the same for the same replay, in any process.
func writerOf(id, topic string, name laneName) int64 {
	h := sha256.New()
	for _, part := range []string{"weir deadletter replay", id, topic, fmt.Sprint(name.partition), name.target} {
		fmt.Fprintf(h, "%d:%s", len(part), part)
	}
	return int64(binary.BigEndian.Uint64(h.Sum(nil)) & math.MaxInt64)
}

// lookBack finds what was written under the replay's id before, and makes sure that it is what is chosen now.
func (r *replay) lookBack(ctx context.Context) error {
	for _, lane := range r.lanes {
		if r.c.To != "" {
			for p := range uint32(lane.partitions) {
				lane.at(p)
			}
		}
		for _, part := range lane.parts {
			if err := r.find(ctx, lane, part); err != nil {
				return fmt.Errorf("topic %s partition %d: %w", lane.target, part.partition, classed(err))
			}
			if part.found > part.letters {
				return r.changed(lane, part)
			}
		}
	}
	return r.compare(ctx)
}

func (r *replay) changed(lane *replayLane, part *replayPart) error {
	return fault.Inputf("--replay-id %s: the %d records that it has written to topic %s partition %d are not the first %d letters chosen now: "+
		"the choice is another one, or the topic has lost letters; choose as before, or send all with another id",
		r.c.ID, part.found, lane.target, part.partition, part.found)
}

// find reads how far a part was sent.
func (r *replay) find(ctx context.Context, lane *replayLane, part *replayPart) error {
	at, err := r.client.Offsets(ctx, lane.target, part.partition)
	if err != nil {
		return err
	}
	from := min(max(part.behind, at.Earliest), at.Next)
	next, end, err := r.client.SequenceEnd(ctx, lane.target, part.partition, lane.writer, 0, from)
	if from > at.Earliest && (errors.Is(err, fluvio.ErrSequence) || err == nil && next == 0) {
		// Its first record is not there: before it, if the topic was made anew since, or nowhere.
		from = at.Earliest
		next, end, err = r.client.SequenceEnd(ctx, lane.target, part.partition, lane.writer, 0, from)
	}
	if errors.Is(err, fluvio.ErrSequence) {
		return fault.Inputf("--replay-id %s: %w: some of what it has written is gone; letters can only be sent with another id now", r.c.ID, err)
	}
	if err != nil || next == 0 {
		return err
	}
	part.found, part.digest, err = r.written(ctx, lane, part.partition, from, end)
	return err
}

// written digests the records of a lane that a partition has, each once.
func (r *replay) written(ctx context.Context, lane *replayLane, partition uint32, from, end int64) (n int64, digest []byte, err error) {
	log, err := r.client.Consumer(ctx, lane.target, partition, fluvio.At(from), fluvio.WithUntil(end), fluvio.WithIsolation(fluvio.ReadUncommitted))
	if err != nil {
		return 0, nil, err
	}
	defer log.Close()
	h, inflate := sha256.New(), new(record.Decompressor)
	for {
		b, err := log.PollBatch(ctx)
		if errors.Is(err, io.EOF) {
			return n, h.Sum(nil), nil
		}
		if err != nil {
			return 0, nil, err
		}
		s, ok := b.Sequence()
		if !ok || s.Writer != lane.writer || s.Ordinal+b.RecordCount() <= n {
			continue
		}
		if n, err = digestBatch(h, inflate, b, s.Ordinal, n); err != nil {
			return 0, nil, err
		}
	}
}

// digestBatch digests the records of a batch from ordinal n on, and returns the ordinal behind it.
func digestBatch(h hashing.Hash, inflate *record.Decompressor, b fluvio.Batch, ordinal, n int64) (int64, error) {
	payload, err := inflate.Payload(b)
	if err != nil {
		return 0, fmt.Errorf("offset %d: %w", b.BaseOffset(), err)
	}
	records := record.Walk(b, payload)
	for ; records.Next(); ordinal++ {
		if ordinal == n {
			digestValue(h, records.Value)
			n++
		}
	}
	return n, records.Err()
}

// digestValue adds a value, of which nothing runs into the next one.
func digestValue(h hashing.Hash, value []byte) {
	var size [8]byte
	binary.BigEndian.PutUint64(size[:], uint64(len(value)))
	h.Write(size[:]) // a hash never fails
	h.Write(value)
}

// compare reads the letters and looks whether the first ones are what is there.
func (r *replay) compare(ctx context.Context) error {
	digests := map[*replayPart]hashing.Hash{}
	return r.each(ctx, func(f *found, lane *replayLane, part *replayPart) error {
		if part.position >= part.found {
			return nil
		}
		h, ok := digests[part]
		if !ok {
			h = sha256.New()
			digests[part] = h
		}
		digestValue(h, f.Value)
		if part.position+1 == part.found && !bytes.Equal(h.Sum(nil), part.digest) {
			return r.changed(lane, part)
		}
		return nil
	})
}
