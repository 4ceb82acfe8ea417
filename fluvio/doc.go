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
// not acknowledged, and which of them may have been written all the same (ErrAmbiguous).
//
// [WithSequence] makes that exactly once, up to a request of a lost connection that a cluster appends late: batches are numbered, and after any
// outcome that is not known the producer reads the log, from the last record that was acknowledged on, and sends only what is not there. It
// costs nothing while nothing goes wrong. Another process goes on where one died with [Client.SequenceEnd]. The embedded broker appends nothing late:
// there a writer belongs to one connection at a time, and who was taken over from fails with [ErrFenced]. WithDeliverySemantic(AtMostOnce)
// is the other way: nothing is sent twice, what was lost is counted.
//
// To learn the fate of single records use [Producer.Send], which returns a [Future], or [Producer.ProduceFunc]; of batches,
// [WithOnDelivery]. Produce itself allocates nothing for a record.
//
// Records go to the partition of their key's hash, as with official clients, or without a key to all in turn: see [WithPartitioner], and
// [Producer.ProduceTo] for a partition of one's own choice. [Producer.ProduceBatch] forwards batches that were not decoded.
//
// # Consuming
//
//	consumer, err := client.Consumer(ctx, "flights", 0, fluvio.Beginning())
//	for {
//		records, err := consumer.Poll(ctx)
//		…
//	}
//
// A [Consumer] reads one partition from an offset on: [At], [Beginning], [End], [FromBeginning], [FromEnd]. It returns every record once,
// in order, whatever happens to connections and leaders. SPUs cut what they send at a number of bytes, anywhere; the consumer keeps
// whole batches, asks again from the end of the last one, and asks for more at a time where a batch is larger than that. Checksums
// are verified.
//
// A [TopicConsumer] reads all partitions of a topic, or some ([WithPartitions]), each in order, in turn, and those that are added while
// it runs from their beginning:
//
//	consumer, err := client.TopicConsumer(ctx, "flights", fluvio.Beginning(), fluvio.WithUntilEnd())
//	for record, err := range consumer.Records(ctx) {
//		…
//	}
//
// Both end at [WithUntilEnd], a Consumer also at an offset, [WithUntil]: Poll returns io.EOF then, and a loop over Records just ends,
// without an error. They end with ErrTopicNotFound when the topic is deleted, and otherwise only with an error that trying again does not
// help against.
//
// Reading ahead is bounded, by WithMaxQueued for a Consumer and by [WithMaxMemory], 64 MiB, for all partitions of a TopicConsumer
// together: an SPU sends a chunk only when it is asked to, so a slow reader makes it wait.
//
// Poll, as everything here that waits, ends with its context; it can be called again then. It returns slices of what was received,
// without copying, and allocates nothing for each record. What it returns is valid for as long as anyone holds it, which is work for the
// garbage collector; with [WithReusedMemory] it is valid until the next call, which is faster.
//
// [Consumer.PollBatch] returns batches as they are in the log, [Consumer.Records] is an iterator.
//
// A writer that can't know if it has written may write again. Where it numbers its batches (WithSequence), [WithDropStale] leaves out
// what came before; [Consumer.Seen] is what has to be kept with a position to go on with that elsewhere.
//
// # Stored offsets
//
// With a name, [WithConsumerID], a consumer starts behind what it last stored, and [Consumer.Commit] stores that everything that was
// returned is processed; [WithAutoCommit] does so in the background. Between the two, records may come again after a crash, but none is
// missed. The offset is one for each name and partition; [Client.ConsumerOffsets] lists them, [Client.DeleteConsumerOffset] forgets one.
// Names are no groups: consumers do not share partitions out, and two of one name overwrite each other's offset.
//
// # SmartModules
//
// [WithSmartModules] has the cluster run SmartModules, by the name that they were given there or sent along, over what a consumer reads
// or a producer writes:
//
//	consumer, err := client.TopicConsumer(ctx, "flights", fluvio.End(), fluvio.WithSmartModules(
//		fluvio.SmartModule{Name: "infinyon/regex-filter@0.1.0", Params: map[string]string{"regex": "JFK"}},
//		fluvio.SmartModule{Wasm: program, Lookback: &fluvio.Lookback{Last: 10}},
//	))
//
// Records that come out of them are numbered one by one; see [WithSmartModules] for what their offsets mean.
//
// # Connections
//
// The metadata has a connection to the SC, and admin requests have another one. Every consumer has its own to its SPU. Producers share
// a few to each SPU (WithProduceConnections), a partition, or a lane (WithLane), always using the same one. Dead peers are noticed
// within half a minute; connections are made again with growing pauses.
//
// # Errors and time
//
// Every method that waits takes a context and returns its error. All retrying happens inside, within the budget of WithRetryBudget, which
// bounds single attempts, too: an error that comes out is final, and wraps one of the Err values, or holds a protocol.ErrorCode from the
// cluster.
//
// # Versions
//
// Platforms 0.11.10 to 0.18 are spoken with, that is, versions 15 to 19 of the SC's messages and 23 to 25 of the SPUs'. Anything
// else is ErrVersion.
package fluvio
