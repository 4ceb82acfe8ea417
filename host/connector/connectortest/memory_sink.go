package connectortest

import (
	"context"
	"fmt"
	"hash/fnv"
	"slices"

	"github.com/weir-stream/weir/host/connector"
	"github.com/weir-stream/weir/internal/fault"
)

type memorySink struct {
	*memoryTopic
	config *memoryConfig
}

func (s *memorySink) Partitions() int { return s.count() }

func (s *memorySink) PartitionOf(key []byte, partitions int) uint32 {
	sum := fnv.New32a()
	_, _ = sum.Write(key) // a hash takes anything
	return sum.Sum32() % uint32(partitions)
}

func (s *memorySink) ExactlyOnce(context.Context) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.deduplicates {
		return fault.Inputf("topic %s deduplicates and can't carry producer sequences; write to another one", s.name)
	}
	return nil
}

func (s *memorySink) Open(_ context.Context, _ string, sequence *connector.Sequence) (connector.Writer, error) {
	w := &memoryWriter{memoryTopic: s.memoryTopic}
	if sequence != nil {
		w.sequence = &connector.Sequence{Writer: sequence.Writer, Next: slices.Clone(sequence.Next)}
	} else if s.config.delivery == connector.ExactlyOnce {
		return nil, fmt.Errorf("topic %s: exactly_once without a producer sequence", s.name)
	}
	return w, nil
}

func (s *memorySink) End(_ context.Context, partition uint32) (int64, error) {
	_, end, err := s.bounds(partition)
	return end, err
}

func (s *memorySink) SequenceEnd(ctx context.Context, partition uint32, writer, ordinal, from int64) (next, end int64, err error) {
	if err := s.wait(ctx, func() bool { return s.withheld == 0 }); err != nil {
		return ordinal, from, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if int(partition) >= len(s.partitions) {
		return ordinal, from, s.noPartition(partition)
	}
	p := s.partitions[partition]
	if from < p.first || from > p.end() {
		return ordinal, from, outOfRange(s.name, partition, from, p.first, p.end())
	}
	next = ordinal
	for _, r := range p.records[from-p.first:] {
		switch {
		case !r.sequenced || r.writer != writer || r.ordinal < next:
		case r.ordinal > next:
			return next, from, s.brokenSequence(partition, r.writer, r.ordinal, next)
		default:
			next++
		}
	}
	return next, p.end(), nil
}

func (t *memoryTopic) brokenSequence(partition uint32, writer, ordinal, expected int64) error {
	return fault.Inputf("%w: topic %s partition %d: writer %d has ordinal %d where %d was to come",
		connector.ErrSequence, t.name, partition, writer, ordinal, expected)
}

func (s *memorySink) Same() error { return s.config.memory.same(s.memoryTopic) }

func (s *memorySink) Close() error { return nil }

// memoryWriter holds what a stalled topic does not take yet.
type memoryWriter struct {
	*memoryTopic
	sequence *connector.Sequence // nil: none
	held     []held
	bytes    int
	failed   error
}

type held struct {
	partition uint32
	record    stored
}

func (w *memoryWriter) Write(ctx context.Context, partition uint32, m connector.Message) error {
	if int(partition) >= w.count() {
		return fault.Inputf("topic %s has no partition %d", w.name, partition)
	}
	m.Key, m.Value = slices.Clone(m.Key), slices.Clone(m.Value)
	if err := w.wait(ctx, func() bool { return w.stalls == 0 || w.bytes < memoryLimit }); err != nil {
		return err
	}
	w.held = append(w.held, held{partition, w.number(partition, m)})
	w.bytes += len(m.Key) + len(m.Value)
	w.change(w.settle)
	return w.failed
}

// number gives a record the next ordinal of its partition.
func (w *memoryWriter) number(partition uint32, m connector.Message) stored {
	s := w.sequence
	if s == nil {
		return stored{Message: m}
	}
	for len(s.Next) <= int(partition) {
		s.Next = append(s.Next, 0)
	}
	s.Next[partition]++
	return stored{Message: m, sequenced: true, writer: s.Writer, ordinal: s.Next[partition] - 1}
}

// settle puts what is held into the topic unless that is stalled. The topic is locked.
func (w *memoryWriter) settle() {
	if w.stalls > 0 || w.failed != nil {
		return
	}
	for _, h := range w.held {
		if w.failed = w.append(h.partition, h.record); w.failed != nil {
			break
		}
	}
	w.held, w.bytes = nil, 0
}

// append puts a record into the log, unless its ordinal is there.
func (t *memoryTopic) append(partition uint32, r stored) error {
	p := t.partitions[partition]
	if r.sequenced {
		switch expected := p.expect(&r); {
		case r.ordinal < expected:
			return nil
		case r.ordinal > expected:
			return t.brokenSequence(partition, r.writer, r.ordinal, expected)
		}
		p.writers = append(p.writers, memorySequence{r.writer, r.ordinal + 1})
		if t.mostWriters > 0 {
			p.writers = p.writers[max(len(p.writers)-t.mostWriters, 0):]
		}
	}
	r.Offset = p.end()
	p.records = append(p.records, r)
	return nil
}

// expect is the ordinal that the record's writer is to go on with. If that is the record's the writer is taken out, to be put
// behind the others.
func (p *memoryPartition) expect(r *stored) int64 {
	i := slices.IndexFunc(p.writers, func(s memorySequence) bool { return s.writer == r.writer })
	if i < 0 {
		return r.ordinal
	}
	expected := p.writers[i].next
	if expected == r.ordinal {
		p.writers = slices.Delete(p.writers, i, i+1)
	}
	return expected
}

func (w *memoryWriter) Flush(ctx context.Context) error {
	if err := w.wait(ctx, func() bool { return w.stalls == 0 && (w.withheld == 0 || w.failed != nil) }); err != nil {
		return fmt.Errorf("records to topic %s are not confirmed: %w", w.name, err)
	}
	w.change(w.settle)
	return w.failed
}

func (w *memoryWriter) Lost() int64 { return 0 }

func (w *memoryWriter) Close() error { return nil }
