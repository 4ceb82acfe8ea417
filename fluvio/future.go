package fluvio

import "context"

// RecordMetadata says where a record was written. With WithSmartModules the offset is approximate, see Delivery.
type RecordMetadata struct {
	Partition uint32
	Offset    int64 // -1 with an error
}

// Future is the fate of one record, from Send. It is safe for concurrent use.
type Future struct {
	done chan struct{}
	meta RecordMetadata // these two are set before done is closed
	err  error
}

// Done is closed when the fate is known.
func (f *Future) Done() <-chan struct{} { return f.done }

// Wait waits for the record's fate: its offset, or a *ProduceError about this one record. If ctx ends before, the error is ctx's and
// nothing is decided: Wait may be called again. Waiting hurries nothing: with WithLinger the record's batch takes its time.
func (f *Future) Wait(ctx context.Context) (RecordMetadata, error) {
	select {
	case <-f.done:
		return f.meta, f.err
	default:
	}
	select {
	case <-f.done:
		return f.meta, f.err
	case <-ctx.Done():
		return RecordMetadata{Offset: -1}, context.Cause(ctx)
	}
}

func (f *Future) settle(meta RecordMetadata, err error) {
	f.meta, f.err = meta, err
	close(f.done)
}

// callback is who ProduceFunc was called for.
type callback func(RecordMetadata, error)

func (f callback) settle(meta RecordMetadata, err error) { f(meta, err) }

// settler wants to know what becomes of a record.
type settler interface{ settle(RecordMetadata, error) }

// waiting is a settler of a record in a batch.
type waiting struct {
	settler settler
	index   int   // of the record in its batch
	number  int64 // of the record in the producer
}

// waitingCost is what a settler takes, in bytes, as counted against WithMaxBuffered.
const waitingCost = 192

// Send appends a record as Produce does, and returns a Future for it. It costs some memory for each record, which counts as 192
// bytes more against WithMaxBuffered; who only wants to know that everything is written calls Produce and Flush.
func (p *Producer) Send(ctx context.Context, r Record) (*Future, error) {
	return p.SendTo(ctx, p.choose(r), r)
}

// SendTo appends a record to a partition as ProduceTo does, and returns a Future for it.
func (p *Producer) SendTo(ctx context.Context, partition uint32, r Record) (*Future, error) {
	f := &Future{done: make(chan struct{})}
	if err := p.produce(ctx, partition, r, f); err != nil {
		return nil, err
	}
	return f, nil
}

// ProduceFunc appends a record as Produce does, and has f called, once, when its fate is known: with its offset, or with a
// *ProduceError about this one record. If ProduceFunc returns an error f is not called. For one partition the calls come in order and one
// at a time, for several concurrently. While f runs the partition sends nothing; f must not call Produce, Flush or Close of its
// producer. A call counts as 192 bytes against WithMaxBuffered until it was made.
func (p *Producer) ProduceFunc(ctx context.Context, r Record, f func(RecordMetadata, error)) error {
	if f == nil {
		return p.Produce(ctx, r)
	}
	return p.produce(ctx, p.choose(r), r, callback(f))
}
