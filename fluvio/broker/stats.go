package broker

import (
	"maps"
	"slices"

	"github.com/weir-stream/weir/fluvio/protocol"
)

// Stats is what a broker holds at a moment, and what it has done since it was opened. It belongs to the caller.
type Stats struct {
	SC, SPU ServerStats
	// In is the batches that were stored, Repeated those of producer sequences that came again and were acknowledged without being stored again, and
	// Out those that were sent to consumers, each time.
	In, Repeated, Out RecordStats
	// Fsyncs is how often a segment was forced to the disk.
	Fsyncs uint64
	// RequestBytes and ChunkBytes are what requests, and chunks and large answers, hold in memory. Each is at most MaxInFlightBytes.
	RequestBytes, ChunkBytes, MaxInFlightBytes int
	// Waiting is how many requests, chunks and answers wait for others to free memory.
	Waiting int
	// SmartModules is how many there are, and SmartModuleBytes the size of their code as it was sent.
	SmartModules     int
	SmartModuleBytes int64
	// Partitions of all topics, by topic and number.
	Partitions []PartitionStats
}

// ServerStats is what one of the two servers does.
type ServerStats struct {
	Connections int    // open now
	Accepted    uint64 // connections so far, those included that were refused
	Streams     int    // streams and watches running now
	// BytesIn and BytesOut are those of whole frames; TLS adds its own.
	BytesIn, BytesOut uint64
	Requests          []RequestStats // by name and outcome; all of them, also where the count is 0
	Errors            []ReasonStats  // error codes in answers, by name
	// Closed is the connections that the broker closed, by reason: disconnected (the peer vanished), frame_length, frame_too_large, held_up_others,
	// malformed, panic, stalled, tls, too_many_connections, too_many_streams, unknown_request, unsupported_version.
	Closed []ReasonStats
}

// RequestStats counts one kind of request with one outcome.
type RequestStats struct {
	Name    string // such as Produce
	Outcome string // ok; error: the answer has an error code; closed: no answer, the connection was closed
	Count   uint64
}

// ReasonStats counts what happened for one reason. There are few different ones.
type ReasonStats struct {
	Reason string
	Count  uint64
}

// RecordStats counts record batches.
type RecordStats struct {
	Records, Batches uint64
	Bytes            uint64 // of batches as they are stored
}

// PartitionStats is a partition.
type PartitionStats struct {
	Topic      string
	Partition  uint32
	Start, End int64 // the first offset that there is, and the next to be given
	Bytes      int64 // on the disk
	Consumers  []ConsumerStats
}

// ConsumerStats is a stored consumer offset.
type ConsumerStats struct {
	ID     string
	Offset int64 // of the last record processed
}

// Stats returns what the broker holds and has done. It may be called at any time, also after Close.
func (b *Broker) Stats() Stats {
	s := Stats{
		SC:               b.counters.servers[protocol.SC].stats(protocol.SC),
		SPU:              b.counters.servers[protocol.SPU].stats(protocol.SPU),
		In:               b.counters.in.stats(),
		Repeated:         b.counters.repeated.stats(),
		Out:              b.counters.out.stats(),
		Fsyncs:           b.counters.fsyncs.Load(),
		MaxInFlightBytes: b.cfg.MaxInFlightBytes,
	}
	var waitingRequests, waitingChunks int
	s.RequestBytes, waitingRequests = b.requests.usage()
	s.ChunkBytes, waitingChunks = b.chunks.usage()
	s.Waiting = waitingRequests + waitingChunks
	s.SmartModules, s.SmartModuleBytes = b.cluster.modules.totals()
	for _, p := range b.cluster.partitions() {
		s.Partitions = append(s.Partitions, p.stats())
	}
	return s
}

func (p *partition) stats() PartitionStats {
	s := PartitionStats{Topic: p.topic, Partition: p.id, Bytes: p.log.Size()}
	s.Start, s.End = p.log.Bounds()
	for _, id := range p.consumers.ids() {
		if e, ok := p.consumers.get(id); ok {
			s.Consumers = append(s.Consumers, ConsumerStats{ID: id, Offset: e.Offset})
		}
	}
	return s
}

func (c *serverCounters) stats(server protocol.Server) ServerStats {
	s := ServerStats{
		Connections: int(c.open.Load()),
		Accepted:    c.accepted.Load(),
		Streams:     int(c.streams.Load()),
		BytesIn:     c.bytesIn.Load(),
		BytesOut:    c.bytesOut.Load(),
	}
	for _, api := range protocol.APIs(server) {
		for o := range outcomes {
			s.Requests = append(s.Requests, RequestStats{Name: api.Name, Outcome: o.String(), Count: c.requests[api.Key][o].Load()})
		}
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, tag := range slices.Sorted(maps.Keys(c.codes)) {
		s.Errors = append(s.Errors, ReasonStats{Reason: tag.String(), Count: c.codes[tag]})
	}
	for _, reason := range slices.Sorted(maps.Keys(c.closed)) {
		s.Closed = append(s.Closed, ReasonStats{Reason: reason, Count: c.closed[reason]})
	}
	return s
}
