// Package broker is an embedded Fluvio-compatible cluster: one SC and one SPU in this process, on TCP, with a durable log.
//
// Official clients work against it as against a cluster of one SPU. It is the default where no cluster is configured,
// the test double, and the buffer on an edge box. What it keeps is a folder:
//
//	LOCK                                   held while a broker runs on the folder
//	topics.json                            topics and their settings
//	topics/NAME.ID/PARTITION/*.log         record batches, see package commitlog
//	topics/NAME.ID/PARTITION/consumers.json  stored consumer offsets
//
// An acknowledged record survives the death of the process at any moment; what power loss takes is up to [Flush].
//
// # Reading order
//
// Open (broker.go) puts it together: cluster.go holds the topics, topics.json (catalog.go) and what watchers see (feed.go);
// server.go accepts connections, conn.go serves one. Each request has a file: sc_*.go for the SC's, spu_*.go for the SPU's.
//
// # What differs from a cluster
//
//   - There is one SPU, so a partition's high watermark is the end of its log, and more than one replica cannot be had.
//   - A batch with a wrong CRC-32C, a truncated one, or one whose record count does not match its offsets is refused
//     (Other, with a text). Upstream stores them.
//   - A chunk of a stream always ends with a whole batch, however small max_bytes is. Upstream cuts in the middle.
//   - SmartModules, table formats, mirrors and groups of SPUs can be listed (there are none) and not created.
//
// # Locks
//
// cluster.admin is taken before cluster.mu, feed.mu and a log's own; conn.wmu before nothing. Nothing is called with cluster.mu or
// feed.mu held. See also package commitlog.
package broker
