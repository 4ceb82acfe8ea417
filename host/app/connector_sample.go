package app

import (
	"context"
	"io"
	"sync/atomic"

	"github.com/weir-stream/weir/host/connector"
)

// sample is a source's configuration of which so many records are read, the oldest of each partition, and nothing is
// committed. Its dead letters stay here.
type sample struct {
	connector.Config
	ends       *localEnds
	records    int64        // that are read at most, as many of each partition
	partitions atomic.Int32 // that the source has
	opened     atomic.Int32 // of those, how many can be read
}

// share is how many records are read of a partition.
func (s *sample) share(partition uint32) int64 {
	n := int64(max(s.partitions.Load(), 1))
	share := s.records / n
	if int64(partition) < s.records%n {
		share++
	}
	return share
}

func (s *sample) DeadLetters(string, connector.Delivery) (connector.Config, error) {
	return &localEnd{localEnds: s.ends, role: connector.RoleSink, letters: true}, nil
}

func (s *sample) OpenSource(ctx context.Context, env connector.Env) (connector.Source, error) {
	source, err := s.Config.OpenSource(ctx, env)
	if err != nil {
		return nil, err
	}
	s.partitions.Store(int32(len(source.Partitions())))
	return sampleSource{source, s}, nil
}

type sampleSource struct {
	connector.Source
	sample *sample
}

// Start is where the oldest record lies, wherever a pipeline would begin: the sample is of what is there.
func (s sampleSource) Start(ctx context.Context, partition uint32) (int64, error) {
	return s.Earliest(ctx, partition)
}

func (s sampleSource) Open(ctx context.Context, partition uint32, offset, until int64, seen []connector.SeenWriter) (connector.Reader, error) {
	r, err := s.Source.Open(ctx, partition, offset, until, seen)
	if err != nil {
		return nil, err
	}
	s.sample.opened.Add(1)
	return &sampleReader{r, s.sample.share(partition)}, nil
}

type sampleReader struct {
	connector.Reader
	left int64
}

// Read ends as if the partition did, once there is enough.
func (r *sampleReader) Read(ctx context.Context) ([]connector.Message, error) {
	if r.left == 0 {
		return nil, io.EOF
	}
	messages, err := r.Reader.Read(ctx)
	messages = messages[:min(int64(len(messages)), r.left)]
	r.left -= int64(len(messages))
	return messages, err
}

// Buffered tells that the end is at hand, too.
func (r *sampleReader) Buffered() bool { return r.left == 0 || r.Reader.Buffered() }

// Commit leaves stored offsets alone.
func (r *sampleReader) Commit(context.Context, int64) error { return nil }
