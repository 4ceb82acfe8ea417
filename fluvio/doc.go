// Package fluvio is a client for Fluvio, the distributed streaming platform: it appends records to topics and reads them back.
//
// A cluster has one Stream Controller (SC), which knows what topics there are, and Streaming Processing Units (SPUs), which hold
// their partitions. A client is told the SC's address and finds the rest:
//
//	client, err := fluvio.Connect(ctx, fluvio.WithEndpoint("127.0.0.1:9003"))
//
// Without options the cluster is that of the current profile of Fluvio's own command line, see package config. Topics are created
// with package admin; package broker is a cluster in this process, for tests and small machines.
//
// # Producing
//
//	producer, err := client.Producer(ctx, "flights")
//	err = producer.Produce(ctx, fluvio.Record{Key: key, Value: value})   // buffered
//	err = producer.Flush(ctx)                                            // everything acknowledged
//	err = producer.Close(ctx)
//
// Records are collected in batches, one open batch for each partition. A partition has one request in flight; when it is answered the
// next one takes all that has come meanwhile. So a quiet partition sends at once and a busy one sends much at a time; WithLinger
// waits for more. WithMaxBuffered bounds the memory: Produce waits while it is used up.
//
// Every accepted record is written at least once, in order within its partition. A lost connection, a request without an answer and
// a partition that has moved are tried again, the same records first, for as long as the retry budget lasts; a record may be there
// twice afterwards. When nothing helps any more the producer fails: the *ProduceError says which records of which partition are
// not confirmed, and if they may have been written all the same (ErrAmbiguous).
//
// # Consuming
//
//	consumer, err := client.Consumer(ctx, "flights", 0, fluvio.Beginning())
//	for {
//		records, err := consumer.Poll(ctx)
//		…
//	}
//
// A consumer reads one partition from an offset on: At, Beginning, End, FromBeginning, FromEnd. It returns every record once, in
// order, whatever happens to connections and leaders. SPUs cut what they send at a number of bytes, anywhere; the consumer keeps
// whole batches, asks again from the end of the last one, and asks for more at a time where a batch is larger than that. Checksums
// are verified.
//
// Reading ahead is bounded by WithMaxQueued: an SPU sends a chunk only when it is asked to, so a slow reader makes it wait.
//
// Poll returns slices of what was received, without copying, and allocates nothing for each record. [Consumer.PollBatch] returns batches as
// they are in the log, [Consumer.Records] is an iterator.
//
// # Connections
//
// The metadata has a connection to the SC, and admin requests have another one. Every consumer has its own to its SPU. Producers share
// a few to each SPU (WithProduceConnections), a partition, or a lane (WithLane), always using the same one. Dead peers are noticed
// within half a minute; connections are made again with growing pauses.
//
// # Errors and time
//
// Every method that waits takes a context and returns its error. All retrying happens inside, within the budget of
// WithRetryBudget: an error that comes out is final, and wraps one of the Err values, or holds a protocol.ErrorCode from the cluster.
//
// # Versions
//
// Platforms 0.11.10 to 0.18 are spoken with, that is, versions 15 to 19 of the SC's messages and 23 to 25 of the SPUs'. Anything
// else is ErrVersion.
package fluvio
