// Package broker is an embedded Fluvio-compatible cluster: one SC and one SPU in this process, on TCP, with a durable log.
//
// Official clients work against it as against a cluster of one SPU. It is for where there is no cluster: tests, a laptop,
// the buffer on an edge box. What it keeps is a folder:
//
//	LOCK                                   held while a broker runs on the folder
//	topics.json                            topics and their settings
//	topics/NAME.ID/PARTITION/*.log         record batches, see package commitlog
//	topics/NAME.ID/PARTITION/consumers.json  stored consumer offsets
//	smartmodules/NAME.sm                   a SmartModule, with its checksum
//
// An acknowledged record survives the death of the process at any moment; what power loss takes is up to [Flush].
//
// # Reading order
//
// Open (broker.go) puts it together: cluster.go holds the topics, topics.json (catalog.go) and what watchers see (feed.go);
// server.go accepts connections, conn.go serves one. Each request has a file: sc_*.go for the SC's, spu_*.go for the SPU's. What is counted is in
// counters.go, and stats.go shows it.
//
// # What differs from a cluster
//
//   - Producer sequences are known to the partitions, see package commitlog: a repetition is answered and not stored, a gap refused
//     (Other, "weir.sequence expected=ORDINAL"). Upstream stores what comes.
//   - A connection can claim a writer (ClaimWriter, a request of weir's own that ApiVersions lists). Nobody else's batches of that writer
//     are taken then (Other, "weir.sequence claim needed"), whenever they were sent; so what the claimant reads of the writer is final. See fence.go.
//   - There is one SPU, so a partition's high watermark is the end of its log, and more than one replica cannot be had.
//   - A batch with a wrong CRC-32C, a truncated one, or one whose record count does not match its offsets is refused
//     (Other, with a text). Upstream stores them.
//   - A chunk of a stream always ends with a whole batch, however small max_bytes is. Upstream cuts in the middle.
//   - SmartModules are stored, listed, watched and deleted, and not run: what invokes one, and a topic with deduplication, is refused.
//   - Table formats, mirrors and groups of SPUs can be listed (there are none) and not created; mirroring closes its connection.
//   - TLS ends in the broker itself, on the same ports. A client certificate, where one is asked for, opens everything: there are no roles.
//
// # Limits
//
// Nothing that a peer sends makes the broker hold more memory than the limits in [Config] say: lengths and counts are checked before memory is taken,
// large things wait until there is room, chunks and requests do not take each other's, and a peer that holds memory and moves slower than
// it may, or much slower than it could while others wait, is closed. Whatever is wrong on one connection closes that one.
//
// # Locks
//
// cluster.admin is taken before cluster.mu, feed.mu, smartModules.mu, fence.mu and a log's own; fence.mu before a log's own; conn.chunking before a
// budget's bytes are waited for, and both before conn.wmu. A request's bytes of Broker.requests are held when bytes of Broker.chunks are waited
// for, never the other way round. Nothing is called with cluster.mu, feed.mu, smartModules.mu or a budget's mu held. See also package commitlog.
package broker
