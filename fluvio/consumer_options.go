package fluvio

import (
	"fmt"
	"math"
)

// ConsumerOption changes how a Consumer works.
type ConsumerOption interface{ applyConsumer(*consumerSettings) }

type consumerOption func(*consumerSettings)

func (o consumerOption) applyConsumer(s *consumerSettings) { o(s) }

// consumerSettings; see the options.
type consumerSettings struct {
	maxBytes  int
	maxBatch  int
	maxQueued int
	isolation Isolation
	until     int64
}

// answerHead is more than an answer has in front of its records, in bytes: an error may carry a record.
const answerHead = 4 << 10

// WithMaxBytes says how many bytes of batches the SPU may send at a time; 1 MiB by default, at least 1 KiB. It is no limit for a
// single batch, see WithMaxBatch.
func WithMaxBytes(n int) ConsumerOption {
	return consumerOption(func(s *consumerSettings) { s.maxBytes = n })
}

// WithMaxBatch bounds a single batch, in bytes, compressed and decompressed; 64 MiB by default. An SPU cuts what it sends at
// WithMaxBytes; where that leaves no whole batch the consumer asks for more, up to this (and WithMaxFrame). Beyond, and for a batch
// that decompresses to more, it fails with ErrBatchTooLarge.
func WithMaxBatch(bytes int) ConsumerOption {
	return consumerOption(func(s *consumerSettings) { s.maxBatch = bytes })
}

// WithMaxQueued bounds what is received ahead of Poll, in bytes; twice WithMaxBytes and a little by default: one chunk that is being read, and
// the next. The SPU is asked for another chunk only while there is room for it, or nothing is left. A chunk that is larger than
// WithMaxBytes, because its batch is, comes on top.
func WithMaxQueued(bytes int) ConsumerOption {
	return consumerOption(func(s *consumerSettings) { s.maxQueued = bytes })
}

// WithUntil makes the consumer return io.EOF when everything before that offset has been returned.
func WithUntil(offset int64) ConsumerOption {
	return consumerOption(func(s *consumerSettings) { s.until = offset })
}

// newConsumerSettings applies options to the defaults and checks.
func newConsumerSettings(opts []ConsumerOption, maxFrame int) (consumerSettings, error) {
	s := consumerSettings{maxBytes: 1 << 20, maxBatch: 64 << 20, until: math.MaxInt64}
	for _, o := range opts {
		o.applyConsumer(&s)
	}
	if s.maxQueued == 0 {
		s.maxQueued = 2 * (min(s.maxBytes, math.MaxInt32) + chunkCost)
	}
	switch {
	case s.maxBytes < 1<<10 || s.maxBytes > maxFrame-answerHead:
		return s, fmt.Errorf("%d bytes at a time: want %d to %d, what a frame may have (WithMaxFrame)", s.maxBytes, 1<<10, maxFrame-answerHead)
	case s.maxBatch < 1<<10:
		return s, fmt.Errorf("batches of %d bytes: want at least %d", s.maxBatch, 1<<10)
	case s.maxQueued < 0:
		return s, fmt.Errorf("%d queued bytes: want more than 0", s.maxQueued)
	}
	return s, nil
}
