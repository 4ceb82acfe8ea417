package connectortest

import (
	"context"
	"io"

	"github.com/weir-stream/weir/host/connector"
	"github.com/weir-stream/weir/internal/fault"
)

type memorySource struct {
	*memoryTopic
	config *memoryConfig
}

func (s *memorySource) Topic() string { return s.name }

func (s *memorySource) Same() error { return s.config.memory.same(s.memoryTopic) }

func (s *memorySource) Partitions() (list []uint32) {
	for p := range s.count() {
		list = append(list, uint32(p))
	}
	return list
}

func (s *memorySource) Start(ctx context.Context, partition uint32) (int64, error) {
	if s.config.latest {
		return s.End(ctx, partition)
	}
	return s.Earliest(ctx, partition)
}

func (s *memorySource) Earliest(_ context.Context, partition uint32) (int64, error) {
	earliest, _, err := s.bounds(partition)
	return earliest, err
}

func (s *memorySource) End(_ context.Context, partition uint32) (int64, error) {
	_, end, err := s.bounds(partition)
	return end, err
}

func (s *memorySource) Open(_ context.Context, partition uint32, offset, until int64, seen []connector.SeenWriter) (connector.Reader, error) {
	earliest, end, err := s.bounds(partition)
	if err != nil {
		return nil, err
	}
	if offset < earliest || offset > end {
		return nil, outOfRange(s.name, partition, offset, earliest, end)
	}
	r := &memoryReader{memorySource: s, partition: partition, next: offset, from: offset, until: until}
	if !s.config.keepStale {
		r.now, r.before = newSeen(seen), newSeen(seen)
	}
	return r, nil
}

func (s *memorySource) Close() error { return nil }

func outOfRange(topic string, partition uint32, offset, earliest, end int64) error {
	return fault.InputError(&connector.OutOfRangeError{Topic: topic, Partition: partition, Offset: offset, Earliest: earliest, End: end})
}

type memoryReader struct {
	*memorySource
	partition uint32
	next      int64
	until     int64
	stale     int64

	now    *seen // nil where nothing is left out
	from   int64 // next before the last Read
	before *seen // now as it was then
}

// memoryRead is how many records a Read looks at.
const memoryRead = 100

func (r *memoryReader) Read(ctx context.Context) (messages []connector.Message, err error) {
	for len(messages) == 0 {
		if r.until >= 0 && r.next >= r.until {
			return nil, io.EOF
		}
		var all []stored
		waiting := r.wait(ctx, func() bool {
			all, err = r.look()
			return len(all) > 0 || err != nil
		})
		if waiting != nil {
			return nil, waiting
		}
		if err != nil {
			return nil, err
		}
		r.from, r.before = r.next, r.now.clone()
		for i := range all {
			if fresh := r.now.add(&all[i]); !fresh {
				r.stale++
				continue
			}
			messages = append(messages, all[i].Message)
		}
		r.next += int64(len(all))
	}
	return messages, nil
}

// look returns what comes next, if anything is there. The topic is locked.
func (r *memoryReader) look() ([]stored, error) {
	p := r.partitions[r.partition]
	end := r.visible(p, r.config.uncommitted)
	if r.next < p.first {
		return nil, outOfRange(r.name, r.partition, r.next, p.first, end)
	}
	if r.until >= 0 {
		end = min(end, r.until)
	}
	end = min(end, r.next+memoryRead)
	if end <= r.next {
		return nil, nil
	}
	return p.records[r.next-p.first : end-p.first], nil // what is stored does not change
}

func (r *memoryReader) Buffered() bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	all, err := r.look()
	return len(all) > 0 || err != nil || r.until >= 0 && r.next >= r.until
}

func (r *memoryReader) Seen(next int64) []connector.SeenWriter {
	if r.now == nil {
		return nil
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	state, p := r.before.clone(), r.partitions[r.partition]
	for offset := max(r.from, p.first); offset < min(next, r.next); offset++ {
		state.add(&p.records[offset-p.first])
	}
	return state.writers
}

func (r *memoryReader) Stale() int64 { return r.stale }

func (r *memoryReader) Commit(_ context.Context, next int64) error {
	r.change(func() { r.partitions[r.partition].committed = next })
	return nil
}

func (r *memoryReader) Close() error { return nil }
