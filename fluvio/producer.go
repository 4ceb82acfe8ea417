package fluvio

import (
	"context"
	"errors"
	"fmt"
	"hash/fnv"
	"sync"
	"sync/atomic"
	"time"

	"github.com/weir-stream/weir/fluvio/protocol"
	"github.com/weir-stream/weir/fluvio/record"
)

// Record is one record. A producer looks at Key, Value and Timestamp; a consumer fills in Offset too. Key is nil for none, which is
// not the same as an empty one. Timestamp is in milliseconds since 1970.
type Record = record.Record

// recordCost is what a record takes beside key and value, in bytes, as counted against WithMaxBuffered. No record takes more in a
// batch: four varints of up to five bytes, one of ten, and three bytes.
const recordCost = 33

// Producer appends records to a topic. Make one with Client.Producer. It is safe for concurrent use; records that one goroutine
// produces to one partition keep their order, whatever happens.
//
// Records are collected in batches, and each partition sends one request at a time. What can't be sent now is tried again, in order,
// until it is acknowledged or the retry budget is spent: every record that was accepted is written at least once, or the producer
// fails; see WithSequence for exactly once, and AtMostOnce. After its first failure, a *ProduceError, it accepts nothing more and returns
// that error from then on; what it had accepted for other partitions is still written. A record that is refused at once, because it is too
// large (ErrRecordTooLarge) or for a partition that there is not (ErrPartitionNotFound), is no failure of the producer: it goes on.
//
// Of a topic it uses up to 65,536 partitions.
type Producer struct {
	client      *Client
	topic       string
	settings    producerSettings
	compression protocol.CompressionAlgorithm // what the topic takes
	codec       Compression                   // of its own batches
	maxBatch    int                           // bytes of a batch
	maxOpen     int                           // bytes of one before it is compressed
	probe       *record.Builder               // stays empty; tells sizes
	invocations []protocol.SmartModuleInvocation
	spare       sync.Pool // of *batchSet, empty

	budget   budget
	progress signal       // batches were acknowledged or failed
	numbers  atomic.Int64 // records accepted
	lost     atomic.Int64 // records
	failure  atomic.Pointer[ProduceError]
	closing  atomic.Bool

	life context.Context // what the writers run in; ends with Close and with the client
	end  context.CancelCauseFunc

	running sync.WaitGroup
	growing sync.Mutex
	writers atomic.Pointer[[]*writer] // one for each partition; replaced by a longer one when there are more
}

// Producer makes a producer for a topic. The error wraps ErrTopicNotFound, ErrPartitionNotFound for a topic without any, ErrCompression,
// ErrSequence for a sequenced producer of a topic that deduplicates, ErrUnavailable or ErrClosed, or says which option is wrong.
func (c *Client) Producer(ctx context.Context, topic string, opts ...ProducerOption) (*Producer, error) {
	s, err := newProducerSettings(opts)
	if err != nil {
		return nil, fmt.Errorf("producer: %w", err)
	}
	t, err := c.topic(ctx, topic)
	if err != nil {
		return nil, err
	}
	if t.partitions == 0 {
		return nil, fmt.Errorf("%w: topic '%s' has none", ErrPartitionNotFound, topic)
	}
	invocations, err := s.smartModules.invocations()
	if err != nil {
		return nil, fmt.Errorf("producer: %w", err)
	}
	if t.deduplicates && s.sequence != nil {
		return nil, fmt.Errorf("%w: topic '%s' deduplicates, which makes batches anew: leave WithSequence out", ErrSequence, topic)
	}
	codec, err := s.codec(topic, t.compression)
	if err != nil {
		return nil, err
	}
	largest := largestRequest
	if t.segment > 0 {
		largest = min(largest, t.segment)
	}
	maxOpen := min(s.maxRequest, openSize(largest, codec))
	s.batchSize = min(s.batchSize, maxOpen)
	probe, err := record.NewBuilder(NoCompression, 0)
	if err != nil {
		return nil, err
	}
	p := &Producer{
		client: c, topic: topic, settings: s, compression: t.compression, codec: codec,
		maxBatch: min(s.maxRequest, largest), maxOpen: maxOpen, probe: probe,
		invocations: invocations, budget: budget{most: int64(s.maxBuffered)},
	}
	p.spare.New = func() any { return new(batchSet) }
	p.life, p.end = context.WithCancelCause(c.life)
	p.writers.Store(new([]*writer))
	p.grow(t.partitions)
	return p, nil
}

// openSize is how large a batch may be before it is compressed to be no larger than that afterwards: what can't be compressed grows, by
// less than 8 bytes in 64 KiB and the frame around it.
func openSize(largest int, codec Compression) int {
	if codec == NoCompression {
		return largest
	}
	return largest - largest>>12 - 64
}

// grow makes writers for new partitions.
func (p *Producer) grow(partitions uint32) {
	p.growing.Lock()
	defer p.growing.Unlock()
	old := *p.writers.Load()
	partitions = min(partitions, mostPartitions)
	if int(partitions) <= len(old) {
		return
	}
	writers := append(make([]*writer, 0, partitions), old...)
	for n := uint32(len(old)); n < partitions; n++ {
		writers = append(writers, newWriter(p, n, p.slot(n)))
	}
	p.writers.Store(&writers)
}

// slot is which of the pooled connections a partition uses.
func (p *Producer) slot(partition uint32) int {
	n := partition
	if p.settings.lane != "" {
		h := fnv.New32a()
		h.Write([]byte(p.settings.lane))
		n = h.Sum32()
	}
	return int(int64(n) % int64(p.client.produceConns))
}

// Partitions is the number of partitions that Produce chooses from. It grows when the topic does.
func (p *Producer) Partitions() int { return len(*p.writers.Load()) }

// Produce appends a record to the partition that the partitioner chooses. It copies the record; one without a timestamp gets the
// time. It returns when the record is buffered, and waits while the buffer is full: see Flush, Send, ProduceFunc and WithOnDelivery for
// what becomes of it.
//
// The error is a *RecordTooLargeError, after which the producer works as before; the producer's failure, a *ProduceError; ErrClosed;
// or ctx's if it ended while Produce waited for room: where there is room a context that has ended is not looked at. With an error the
// record was not accepted and will not be written.
func (p *Producer) Produce(ctx context.Context, r Record) error {
	return p.produce(ctx, p.choose(r), r, nil)
}

// ProduceTo appends a record to a partition, as Produce does. A partition that the topic does not have is ErrPartitionNotFound.
func (p *Producer) ProduceTo(ctx context.Context, partition uint32, r Record) error {
	return p.produce(ctx, partition, r, nil)
}

// choose asks the partitioner.
func (p *Producer) choose(r Record) uint32 {
	return p.settings.partitioner.Partition(r, p.Partitions())
}

// produce appends a record. Who, who wants to know what becomes of it, may be nil.
func (p *Producer) produce(ctx context.Context, partition uint32, r Record, who settler) error {
	w, err := p.writer(partition)
	if err != nil {
		return err
	}
	if r.Timestamp <= 0 {
		r.Timestamp = time.Now().UnixMilli()
	}
	cost := int64(len(r.Key)) + int64(len(r.Value)) + recordCost
	if cost > int64(p.maxOpen-p.probe.Size()) {
		if size := p.probe.Size() + p.probe.SizeOf(r.Timestamp, r.Key, r.Value); size > p.maxOpen {
			return &RecordTooLargeError{Size: size, Limit: p.maxOpen}
		}
	}
	if who != nil {
		cost += waitingCost
	}
	if err := p.budget.take(ctx, cost, p.life.Done(), p.hurry); err != nil {
		return err
	}
	if err := w.append(&r, cost, who); err != nil {
		p.budget.release(cost)
		return err
	}
	return nil
}

func (p *Producer) writer(partition uint32) (*writer, error) {
	if writers := *p.writers.Load(); int64(partition) < int64(len(writers)) {
		return writers[partition], nil
	}
	p.grow(p.client.meta.count(p.topic))
	writers := *p.writers.Load()
	if int64(partition) >= int64(len(writers)) {
		return nil, fmt.Errorf("%w: %d of topic '%s', which has %d", ErrPartitionNotFound, partition, p.topic, len(writers))
	}
	return writers[partition], nil
}

// refused is why no record is accepted any more, or nil.
func (p *Producer) refused() error {
	if failure := p.failure.Load(); failure != nil {
		return failure
	}
	if p.closing.Load() {
		return ErrClosed
	}
	return ended(p.life)
}

// hurry has every partition send what it has.
func (p *Producer) hurry() {
	for _, w := range *p.writers.Load() {
		w.hurryUp()
	}
}

// Flush sends what is buffered, without lingering, and waits until everything that was accepted before is acknowledged. The error is
// the producer's failure, a *ProduceError, or ctx's, after which the records are sent all the same. An AtMostOnce producer's Flush waits
// until everything is acknowledged or lost; losses are no error of it, see Lost. After Close there is nothing to wait for: it returns nil, or
// the failure if there was one.
func (p *Producer) Flush(ctx context.Context) error {
	type target struct {
		writer *writer
		index  int64
	}
	var targets []target
	for _, w := range *p.writers.Load() {
		targets = append(targets, target{w, w.hurryUp()})
	}
	for _, t := range targets {
		for {
			progress := p.progress.wait()
			if t.writer.settled(t.index) {
				break
			}
			select {
			case <-progress:
			case <-ctx.Done():
				return context.Cause(ctx)
			}
		}
	}
	if failure := p.failure.Load(); failure != nil {
		return failure
	}
	return nil
}

// Acknowledged tells how many of this producer's records for a partition are acknowledged, and the offset after the last of them, -1
// if there is none.
func (p *Producer) Acknowledged(partition uint32) (records, next int64) {
	writers := *p.writers.Load()
	if int64(partition) >= int64(len(writers)) {
		return 0, -1
	}
	return writers[partition].acknowledged()
}

// Close flushes and ends the producer; it accepts no records any more. If ctx ends before everything is acknowledged, the rest is given
// up: the error is then ctx's together with a *ProduceError for the first partition that had something left, and WithOnDelivery and
// futures tell of all. Otherwise the error is Flush's. With ctx ended beforehand it gives up at once what is not acknowledged. A second
// Close returns ErrClosed.
func (p *Producer) Close(ctx context.Context) error {
	if p.closing.Swap(true) {
		return ErrClosed
	}
	err := p.Flush(ctx)
	p.end(ErrClosed)
	p.running.Wait()
	if failure := p.failure.Load(); failure != nil && !errors.Is(err, failure) {
		return errors.Join(err, failure)
	}
	return err
}
