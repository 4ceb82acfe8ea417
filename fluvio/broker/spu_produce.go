package broker

import (
	"errors"
	"fmt"

	"github.com/weir-stream/weir/fluvio/broker/internal/commitlog"
	"github.com/weir-stream/weir/fluvio/protocol"
	"github.com/weir-stream/weir/fluvio/record"
)

// maxEntries bounds the entries of one Produce. Official producers send one for each batch that waits, at most a hundred.
const maxEntries = 1 << 16

const (
	// freeEntries is up to how many entries nothing is reserved for the answer.
	freeEntries = 64
	// answeredSize is how much memory an entry takes beside its records, decoded and answered with an error code and its text, in bytes. An
	// entry itself may have 9.
	answeredSize = 640
)

// sequenceRefused is the text of Other for a set that does not continue its producer sequence; weir's producers look for it.
const sequenceRefused = "weir.sequence expected=%d"

// produce answers Produce (key 0): one outcome for each entry, in the request's order, for clients match them by position. There is one
// replica, so what is written is committed, and both isolations are answered at once.
func (c *conn) produce(h protocol.RequestHeader, req *protocol.ProduceRequest) error {
	if req.TimeoutMs < 0 {
		return fmt.Errorf("%w: produce with a timeout of %d ms", protocol.ErrMalformed, req.TimeoutMs)
	}
	entries := len(req.Topics)
	for _, t := range req.Topics {
		entries += len(t.Partitions)
	}
	if entries > maxEntries {
		return fmt.Errorf("%w: produce with %d entries, limit %d", protocol.ErrMalformed, entries, maxEntries)
	}
	if entries > freeEntries {
		release, err := c.reserve(c.b.chunks, entries*answeredSize)
		if err != nil {
			return err
		}
		defer release()
	}
	resp := &protocol.ProduceResponse{Responses: make([]protocol.ProduceTopicResponse, len(req.Topics))}
	for i, t := range req.Topics {
		outcomes := make([]protocol.ProducePartitionResponse, len(t.Partitions))
		for j, p := range t.Partitions {
			base, code := c.produceEntry(t.Name, p, req.SmartModules)
			outcomes[j] = protocol.ProducePartitionResponse{PartitionIndex: p.PartitionIndex, ErrorCode: code, BaseOffset: base}
		}
		resp.Responses[i] = protocol.ProduceTopicResponse{Name: t.Name, Partitions: outcomes}
	}
	return c.reply(h, resp)
}

// produceEntry appends one entry; the order of checks is upstream's (fluvio-spu/src/services/public/produce_handler.rs).
func (c *conn) produceEntry(topic string, entry protocol.ProducePartition, modules protocol.SmartModuleInvocations) (base int64, code protocol.ErrorCode) {
	p := c.b.cluster.partition(topic, entry.PartitionIndex)
	if p == nil {
		return 0, protocol.ErrorCodeNotLeaderForPartition.Code()
	}
	if len(modules) > 0 {
		return 0, c.b.cluster.refuseModules(modules)
	}
	if len(entry.Records) == 0 {
		return 0, protocol.ErrorCode{}
	}
	if !compressedAs(p.compression, entry.Records) {
		return 0, protocol.ErrorCodeCompressionError.Code()
	}
	base, repeated, err := c.append(p, entry.Records)
	if err != nil {
		return 0, c.appendError(p, err)
	}
	if repeated {
		c.b.counters.repeated.add(entry.Records)
	} else {
		c.b.counters.in.add(entry.Records)
	}
	return base, protocol.ErrorCode{}
}

// codecOf is the codec that a topic's compression asks for.
var codecOf = map[protocol.CompressionAlgorithm]record.Codec{
	protocol.CompressionAlgorithmNone:   record.None,
	protocol.CompressionAlgorithmGzip:   record.Gzip,
	protocol.CompressionAlgorithmSnappy: record.Snappy,
	protocol.CompressionAlgorithmLz4:    record.LZ4,
	protocol.CompressionAlgorithmZstd:   record.Zstd,
}

// compressedAs reports whether every batch is compressed as the topic asks, or for Any with a codec that consumers know.
// It leaves broken batches to the log.
func compressedAs(want protocol.CompressionAlgorithm, set []byte) bool {
	codec, fixed := codecOf[want]
	for {
		b, rest, err := record.Next(set)
		if err != nil {
			return true
		}
		if fixed && b.Codec() != codec || b.Codec() > record.Zstd {
			return false
		}
		set = rest
	}
}

// appendError is what a producer is told when its batches were not stored.
func (c *conn) appendError(p *partition, err error) protocol.ErrorCode {
	var sequence *commitlog.SequenceError
	switch {
	case errors.Is(err, errClaimNeeded):
		c.log.Debug("refused batches of a writer that another connection owns", "partition", p.name())
		return protocol.OtherError(claimNeeded)
	case errors.As(err, &sequence):
		c.log.Debug("refused a producer sequence", "partition", p.name(), "error", err)
		return protocol.OtherError(fmt.Sprintf(sequenceRefused, sequence.Expected))
	case errors.Is(err, commitlog.ErrCorruptBatch):
		// Upstream has no code for it because it checks less. Other is the one whose text every client shows.
		c.log.Debug("refused a record batch", "partition", p.name(), "error", err)
		return protocol.OtherError(err.Error())
	case errors.Is(err, commitlog.ErrBatchTooLarge):
		return protocol.ErrorCodeMessageTooLarge.Code()
	case errors.Is(err, commitlog.ErrClosed):
		return protocol.ErrorCodeNotLeaderForPartition.Code() // deleted meanwhile
	case errors.Is(err, commitlog.ErrFailed):
		return protocol.ErrorCodePartitionShortCircuited.Code()
	}
	c.log.Error("cannot store records", "partition", p.name(), "error", err)
	if commitlog.IsDiskFull(err) {
		return protocol.ErrorCode{Tag: protocol.ErrorCodePartitionFull, Value: &protocol.ReplicaKey{Topic: p.topic, Partition: p.id}}
	}
	return protocol.ErrorCodeStorageError.Code()
}
